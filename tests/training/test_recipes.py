"""Trainings by name: numbers of the papers and of the one for few images, and what they come to."""

import dataclasses
import json
from argparse import ArgumentParser

import pytest
import tiny

from minifcn.commands import train
from minifcn.errors import InputError
from minifcn.training.recipes import RECIPES, per_pixel, recipe
from minifcn.training.settings import Settings
from minifcn.training.starting import small_by_itself


def settings(*args, **kwargs):
    return Settings(**{name: value.value for name, value in recipe(*args, **kwargs).items()})


@pytest.mark.parametrize(
    "name, model, lr",
    [
        ("fcn-alexnet-2015", "fcn-alexnet", 1e-3),
        ("fcn-vgg16-2015", "fcn32s", 1e-4),
        ("fcn-vgg16-2015", "fcn-vgg16", 1e-4),
        ("fcn-vgg16-2015", "fcn16s", 1e-6),
        ("fcn-vgg16-2015", "fcn8s", 1e-8),
        ("fcn-googlenet-2015", "fcn-googlenet", 5e-5),
    ],
)
def test_the_papers(name, model, lr):
    """CVPR 2015, section 4.3."""
    made = settings(name, model)
    assert made == settings(name, model) and (made.model, made.lr, made.momentum) == (model, lr, 0.9)
    assert made.batch_size * made.accumulate == 20 and made.loss == "mean" and made.weight_decay in (5e-4, 2e-4)
    assert (made.schedule, made.mirror, made.padding, made.width) == ("fixed", False, 100, 1)
    assert (made.sample, made.class_balance, made.crop) == (1, False, None)


@pytest.mark.parametrize(
    "model, at_once, lr",
    [("fcn32s", False, 1e-10), ("fcn-vgg16", False, 1e-10), ("fcn16s", False, 1e-12), ("fcn8s", False, 1e-14)],
)
def test_heavy(model, at_once, lr):
    made = settings("heavy", model, at_once)
    assert (made.lr, made.momentum, made.weight_decay, made.loss) == (lr, 0.99, 5e-4, "sum")
    assert (made.batch_size, made.accumulate) == (1, 1)
    assert 8498 * (made.epochs - 1) < 100_000 <= 8498 * made.epochs


def test_heavy_at_once_and_alexnet():
    assert settings("heavy", "fcn8s", at_once=True).lr == 1e-10
    made = settings("heavy", "fcn-alexnet")
    assert (made.lr, made.momentum, made.accumulate, made.loss) == (1e-4, 0.9, 20, "mean")
    steps_per_epoch = -(-8498 // 20)
    assert steps_per_epoch * (made.epochs - 1) < 100_000 <= steps_per_epoch * made.epochs


@pytest.mark.parametrize("model", ["fcn8s", "fcn16s", "fcn32s"])
def test_small(model):
    """2000 steps of one image each, in all else the defaults."""
    assert settings("small").model == "fcn8s"
    steps = {"epochs": 20, "epoch_steps": 100, "batch_size": 1}
    assert settings("small", model) == Settings(model=model, lr=0.01, class_balance=True, **steps)


def test_each_number_names_its_source():
    for name in RECIPES:
        assert all(value.source for value in recipe(name).values())


def test_what_the_rates_mean_for_a_pixel():
    """1e-10 for the sum with momentum 0.99 is 1.9e-3 for the mean over 500x375 pixels without."""
    share, mean_rate, long_run = per_pixel(settings("heavy"))
    assert share == pytest.approx(1e-10)
    assert mean_rate == pytest.approx(1.875e-5) and long_run == pytest.approx(1.875e-3)
    share, mean_rate, long_run = per_pixel(settings("fcn-vgg16-2015"))
    assert share == pytest.approx(1e-4 / 187_500 / 20)
    assert mean_rate == pytest.approx(1e-4) and long_run == pytest.approx(1e-3)


@pytest.mark.parametrize(
    "given, share, mean_rate",
    [
        ({"loss": "sum"}, 1 / 5, 3 * 187_500 / 4),
        ({"loss": "mean"}, 4 / (3 * 187_500) / 5, 1),
    ],
)
def test_what_batches_and_samples_mean_for_a_pixel(given, share, mean_rate):
    """Three images, a quarter of whose pixels count, five times a step: a pixel that counts has its share of those."""
    found = per_pixel(Settings(lr=1, momentum=0, batch_size=3, accumulate=5, sample=0.25, **given))
    assert found == pytest.approx((share, mean_rate, mean_rate))


def test_recipes_that_cannot_be():
    with pytest.raises(InputError, match="--recipe 'light' is none of fcn-vgg16-2015"):
        recipe("light")
    with pytest.raises(InputError, match="--recipe fcn-alexnet-2015 is for fcn-alexnet; --model fcn8s was given"):
        recipe("fcn-alexnet-2015", "fcn8s")


def test_explain_prints_and_trains_nothing(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert tiny.command("train", "--recipe", "heavy", "--momentum", 0.9, "--explain") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "--lr 1e-10 the authors' reference networks" in said and "--momentum 0.9 given" in said
    assert "A pixel of an image of 500x375 (187,500 pixels) has a share of 1e-10 in it." in said
    assert "momentum 0.9 makes 0.00019 of it" in said and "570,848" in said
    assert tiny.listing(tmp_path) == {}


def test_what_is_given_holds_over_weights_and_these_over_the_recipe(tmp_path, monkeypatch):
    tiny.draw_nothing(monkeypatch)
    tiny.save_network(tmp_path / "32s.npz")
    data = ["--data", "camvid", "--root", tiny.camvid_folder(tmp_path / "data")]
    options = ["--recipe", "heavy", "--init", tmp_path / "32s.npz", "--epochs", 1, "--out", tmp_path / "run"]
    assert tiny.command("train", *data, *options, "--device", "cpu") == 0
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert (config["lr"], config["momentum"], config["loss"], config["epochs"]) == (1e-10, 0.99, "sum", 1)
    assert (config["width"], config["fc_channels"], config["padding"]) == (1 / 16, 8, "same")


def test_a_run_is_resumed_without_a_recipe(capsys, tmp_path):
    assert tiny.command("train", "--recipe", "heavy", "--resume", "--out", tmp_path) == 2
    assert "leave --recipe out" in capsys.readouterr().err


def test_explain_tells_a_runs_own_settings(capsys, tmp_path):
    settings = Settings(lr=0.125, freeze=["conv*"])
    (tmp_path / "config.json").write_text(json.dumps(dataclasses.asdict(settings)))
    assert tiny.command("train", "--resume", "--out", tmp_path, "--explain") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "--lr 0.125 the run's own" in said and "--freeze conv* the run's own" in said and "default" not in said


def test_explain_needs_a_run_to_resume(capsys):
    assert tiny.command("train", "--resume", "--explain") == 2
    assert capsys.readouterr().err == "minifcn: error: --out is missing: name a folder for the run\n"


def test_a_recipe_without_pretrained_weights_is_cautioned_of(capsys, tmp_path):
    tiny.save_network(tmp_path / "w.npz")
    caution = "minifcn: caution: --recipe heavy without --init: the published training starts from pretrained weights"
    start = ["--init", tmp_path / "w.npz"]
    for name, init, cautioned in (("heavy", [], True), ("heavy", start, False), ("small", [], False)):
        assert tiny.command("train", "--recipe", name, *init, "--explain") == 0
        assert (caution in capsys.readouterr().err) == cautioned


def test_a_recipes_network_has_its_own_backbone(capsys):
    assert tiny.command("train", "--recipe", "fcn-alexnet-2015", "--backbone", "vgg16", "--explain") == 2
    assert "--backbone vgg16: fcn-alexnet has its own" in capsys.readouterr().err


@pytest.mark.parametrize(
    "given, images, follows",
    [
        ([], 99, True),
        ([], 100, False),
        (["--model", "fcn16s", "--width", 0.5], 5, True),
        (["--model", "fcn-alexnet"], 5, False),
        (["--epochs", 3], 5, False),
        (["--lr", 0.1], 5, False),
        (["--recipe", "heavy"], 5, False),
        (["--resume"], 5, False),
    ],
)
def test_few_images_are_trained_on_by_the_recipe_for_them_where_nothing_else_is_asked_for(given, images, follows):
    parser = ArgumentParser()
    train.add_arguments(parser)
    options = parser.parse_args([str(word) for word in given])
    assert small_by_itself(options, images) == follows


def test_the_command_says_that_it_follows_the_recipe(capsys, tmp_path, monkeypatch):
    trained = []
    monkeypatch.setattr(train, "follow", lambda trainer, *_: trained.append(trainer) or trainer.folder.path.mkdir())
    data = ["--data", "camvid", "--root", tiny.camvid_folder(tmp_path / "data"), "--device", "cpu"]
    assert tiny.command("train", *data, "--width", 0.125, "--out", tmp_path / "run") == 0
    assert "5 training images are few: --recipe small is taken" in capsys.readouterr().out
    [trainer] = trained
    made = trainer.settings
    assert (made.model, made.width, made.lr, made.class_balance) == ("fcn8s", 0.125, 0.01, True)
    assert len(trainer.batches) == 100 and trainer.batches.passes == 20  # of five images
