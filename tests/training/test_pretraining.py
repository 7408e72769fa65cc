"""Pretraining: a classifier of whole images, and what becomes of it in an FCN."""

import json
import math
import warnings

import numpy as np
import pytest
import tiny

from minifcn.data import VOID
from minifcn.errors import Caution, InputError
from minifcn.layers import SoftmaxCrossEntropy
from minifcn.models import BACKBONES
from minifcn.pictures.runs import draw_run
from minifcn.training.fit import fit
from minifcn.training.pretraining import AuxiliaryLoss, Pretrainer, PretrainSettings
from minifcn.weights.loading import load_weights

SMALL = {"width": 1 / 16, "fc_channels": 8, "crop": 32, "batch_size": 4, "epochs": 1, "dropout": 0.0, "mirror": False}
COMMAND = ["pretrain", "--width", 1 / 16, "--fc-channels", 8, "--batch-size", 2, "--crop", 32, "--device", "cpu"]


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch):
    tiny.draw_nothing(monkeypatch)


def pretrainer(out, datasets=None, **settings):
    return Pretrainer(PretrainSettings(**SMALL | settings), out, datasets=datasets or tiny.scenes(8, 4))


def test_it_learns_the_class_of_the_whole_image(tmp_path):
    run = pretrainer(tmp_path / "run", epochs=30, lr=0.02, schedule="fixed", batch_size=8)
    assert not run.model.head.named["fc8"].weight.data.any()  # from equal scores
    watch = tiny.Silent()
    run.run(watch)
    assert watch.rows[0]["loss"] == pytest.approx(np.log(7), rel=1e-3)
    assert watch.rows[-1]["loss"] < 0.5 * np.log(7)
    assert watch.rows[0].keys() == {
        *("epoch", "loss", "val_loss", "accuracy", "mean_accuracy", "lr", "images_per_second"),
    }
    best = max(row["accuracy"] for row in watch.rows)
    _, about = load_weights(run.folder.best)
    assert about["scores"]["accuracy"] == best and about["model"] == "vgg16"
    draw_run(run)  # and no predictions: there is nothing to see
    assert tiny.listing(tmp_path / "run").keys() == {
        *("config.json", "history.csv", "last.npz", "best.npz", "learning_curve.png", "confusion.png"),
    }


def test_nothing_is_drawn_before_weights_may_be_loaded(tmp_path):
    model = pretrainer(tmp_path / "run", freeze=["fc8"]).model
    assert [name for name, parameter in model.named_parameters() if not parameter.waits] == ["fc8.weight"]
    assert not model.named["fc8"].weight.trainable


def test_scenes_have_one_object_each(tmp_path):
    run = Pretrainer(PretrainSettings(**SMALL), tmp_path / "run")
    for number in range(5):
        _, label = run.training[number]
        assert len(np.unique(label[(label != 0) & (label != VOID)])) == 1


def test_it_sees_crops_each_with_one_label(tmp_path):
    run = pretrainer(tmp_path / "run", crop=16)
    images, labels, _ = next(iter(run.batches.epoch(0)))
    assert images.shape == (4, 3, 16, 16) and labels.shape == (4,)
    image, label = run.validation[0]
    assert image.shape == (16, 16, 3) and label.shape == ()
    assert run.model.image_size == 16


def test_one_class_of_objects_is_refused_and_one_that_always_dominates_cautioned_of(tmp_path):
    training, validation = tiny.scenes(4, 2)
    ground = np.zeros((32, 32), np.uint8)
    ground[:8] = 1  # smaller than what is no object
    training.load = lambda index: (np.zeros((32, 32, 3), np.uint8), ground)
    training.classes = ("background", "leaf")
    with pytest.raises(InputError, match="scenes has one class of objects, 'leaf', which then dominates every image"):
        pretrainer(tmp_path / "run", datasets=(training, validation))
    training.classes = ("ground", "leaf")
    dominates = r"in all 4 crops of 32x32 pixels of scenes that train 'ground' dominates: "
    with pytest.warns(Caution, match=f"{dominates}its figures tell nothing; name the first class 'background'"):
        pretrainer(tmp_path / "run", datasets=(training, training))


def test_where_several_objects_dominate_nothing_is_said(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pretrainer(tmp_path / "run", datasets=tiny.scenes(8, 4))


def test_crops_that_show_no_object_or_one_are_to_blame_themselves(tmp_path):
    training, validation = tiny.scenes(4, 2)
    label = np.full((32, 32), 255, np.uint8)
    label[0, :2] = 1, 2
    training.load = validation.load = lambda index: (np.zeros((32, 32, 3), np.uint8), label)
    nothing = "no object fills more than half of what is labelled in 4 crops of 1x1 pixels of scenes that train"
    with pytest.raises(InputError, match=f"{nothing}: give another --crop"):
        pretrainer(tmp_path / "run", (training, validation), crop=1)
    label[:] = 1
    label[31, 31] = 2
    with pytest.warns(Caution, match="in all 4 crops of 4x4 pixels .* give a larger --crop, or name the first class"):
        pretrainer(tmp_path / "run", (training, validation), crop=4)


def test_auxiliary_losses_count_less(tmp_path):
    """A step of GoogLeNet goes along the gradient of loss3 + 0.3 loss1 + 0.3 loss2."""
    settings = {"model": "googlenet", "crop": 80, "auxiliary": True, "momentum": 0.0, "weight_decay": 0.0}
    datasets = tiny.scenes(2, 1)
    run = pretrainer(tmp_path / "run", datasets, lr=0.1, schedule="fixed", **settings)
    twin = BACKBONES["googlenet"](**run.model.settings)
    twin.load_state_dict(run.model.state_dict())
    for layer in (twin, run.model):
        for inner in layer.layers():
            if hasattr(inner, "p"):
                inner.p = 0.0  # auxiliary classifiers drop out whatever the settings say
    before = twin.train().state_dict()
    images, labels, _ = next(iter(run.batches.epoch(0)))
    criteria = [SoftmaxCrossEntropy() for _ in range(3)]
    for scores, criterion in zip(twin(images), criteria, strict=True):
        criterion(scores, labels)
    twin.backward(tuple(c.backward() * share for c, share in zip(criteria, (1, np.float32(0.3), np.float32(0.3)))))
    next(fit(run.model, [(images, labels)], run.optimizer, run.lr_at, run.criterion))
    for name, parameter in twin.named_parameters():
        step = run.model.state_dict()[name] - before[name]
        np.testing.assert_allclose(step, -0.1 * parameter.grad, rtol=1e-3, atol=1e-6, err_msg=name)
    assert abs(twin.state_dict()["loss1/fc.weight"]).max() > 0


@pytest.mark.parametrize(
    "settings, kept",
    [
        ({"model": "vgg11"}, [f"pool{i}" for i in range(1, 6)]),
        ({"model": "googlenet", "crop": 80, "auxiliary": True}, [f"pool{i}/3x3_s2" for i in range(1, 5)]),
    ],
)
def test_recomputing_trains_the_same_network(tmp_path, settings, kept):
    settings = settings | {"dropout": 0.5, "epochs": 2}
    runs = [
        pretrainer(tmp_path / str(again), tiny.scenes(4, 1), recompute=again, **settings) for again in (False, True)
    ]
    for run in runs:
        run.run(tiny.Silent())
    assert runs[0].model.recompute is False and list(runs[1].model.recompute) == kept
    for one, other in zip(*(run.model.parameters() for run in runs), strict=True):
        np.testing.assert_array_equal(one.data, other.data)


@pytest.mark.parametrize("place", range(3))
def test_any_of_the_losses_that_is_not_finite_is_told(place):
    criterion, scores = AuxiliaryLoss(), [np.zeros((1, 4)) for _ in range(3)]
    assert criterion(tuple(scores), np.array([1]), 1) == pytest.approx(math.log(4))
    scores[place][0, 1] = np.nan
    assert math.isnan(criterion(tuple(scores), np.array([1]), 1))


def test_images_may_be_too_small_for_auxiliary_classifiers(tmp_path):
    with pytest.raises(InputError, match="64x64 pixels 4x4 are left at inception_4a"):
        pretrainer(tmp_path / "run", model="googlenet", crop=64, auxiliary=True)


def test_only_googlenet_has_auxiliary_classifiers(tmp_path):
    with pytest.raises(InputError, match="--auxiliary: vgg16 has no auxiliary"):
        pretrainer(tmp_path / "run", auxiliary=True)


@pytest.mark.parametrize(
    "model, side, freeze, learning",
    [
        ("vgg11", 32, ["conv*"], ["fc6", "fc7", "fc8"]),
        ("vgg11", 32, ["conv*", "fc6", "fc7"], ["fc8"]),
        ("alexnet", 64, ["conv1", "conv2", "fc7"], ["conv3", "conv4", "conv5", "fc6", "fc8"]),
        ("googlenet", 64, ["conv*", "inception*"], ["loss3/classifier"]),
    ],
)
def test_frozen_layers_keep_nothing_before_the_first_that_learns(tmp_path, model, side, freeze, learning):
    """What learns gets the gradients that it gets where everything is kept and computed."""
    datasets = tiny.scenes(4, 1)
    run = pretrainer(tmp_path / "run", datasets, model=model, crop=side, freeze=freeze)
    whole = BACKBONES[model](**run.model.settings)
    rng = np.random.default_rng(0)
    for ours, theirs in zip(run.model.parameters(), whole.parameters(), strict=True):
        theirs.data[...] = ours.data[...] = abs(rng.normal(0.05, 0.02, ours.data.shape))  # all ReLUs stay open
    images, dscores = rng.standard_normal((2, 3, side, side), "float32"), rng.standard_normal((2, 7), "float32")
    for network in (run.model.train(), whole.train()):
        network(images)
    kept = [name for name, layer in run.model.children() if layer._kept is not None]
    assert not set(kept) & {"conv1", "conv1_1", "conv2_1", "conv5_2", "conv1/7x7_s2", "inception_3a", "pool1"}
    assert run.model.backward(dscores) is None
    whole.backward(dscores)
    for (name, ours), theirs in zip(run.model.named_parameters(), whole.parameters(), strict=True):
        if name.rpartition(".")[0] in learning:
            np.testing.assert_allclose(ours.grad, theirs.grad, rtol=1e-5, atol=1e-7, err_msg=name)
            assert theirs.grad.any()
        else:
            assert ours._grad is None, name


@pytest.mark.parametrize("freeze", [["conv*"], ["conv*", "inception*", "loss3*"]])
def test_auxiliary_classifiers_learn_from_frozen_maps(tmp_path, freeze):
    run = pretrainer(tmp_path / "run", tiny.scenes(2, 1), model="googlenet", crop=80, auxiliary=True, freeze=freeze)
    before = run.model.state_dict()
    run.run(tiny.Silent())
    moved = {name for name, array in run.model.state_dict().items() if (array != before[name]).any()}
    assert {"loss1/classifier.weight", "loss2/classifier.weight"} <= moved
    assert not any(name.startswith(tuple(pattern.rstrip("*") for pattern in freeze)) for name in moved)


@pytest.mark.parametrize("model", ["vgg11", "alexnet", "googlenet"])
def test_an_fcn_starts_from_it(capsys, tmp_path, model):
    side = 32 if model == "vgg11" else 64
    common = [*COMMAND, "--epochs", 1, "--model", model, "--crop", side, "--lr", 0.001]
    if model == "googlenet":
        at = common.index("--fc-channels")
        del common[at : at + 2]
    data = ["--data", "camvid", "--root", tiny.camvid_folder(tmp_path / "data")]
    assert tiny.command(*common, *data, "--out", tmp_path / "classifier") == 0
    capsys.readouterr()
    start = tmp_path / "classifier" / "best.npz"
    train = ["train", *data, "--init", start, "--epochs", 1, "--batch-size", 2, "--device", "cpu", "--lr", 1e-6]
    assert tiny.command(*train, "--out", tmp_path / "fcn") == 0
    said = capsys.readouterr().out
    last = "loss3/classifier" if model == "googlenet" else "fc8"
    assert "reshaped" in said and f"not used: {last}.weight, {last}.bias" in said
    assert "left as they were: score_fr.weight, score_fr.bias, upscore.weight" in said
    config = json.loads((tmp_path / "fcn" / "config.json").read_text())
    assert config["backbone"] == model and config["image_size"] == side and config["width"] == 1 / 16
    before, _ = load_weights(start)
    after, _ = load_weights(tmp_path / "fcn" / "best.npz")
    first = next(iter(before))
    np.testing.assert_allclose(after[first], before[first], rtol=1e-3, atol=1e-5)  # at so low a rate


def test_fc_channels_are_refused_beside_the_weights_of_a_network_without_fc_layers(capsys, tmp_path):
    run = pretrainer(tmp_path / "run", tiny.scenes(2, 1), model="googlenet", crop=64)
    run.run(tiny.Silent())
    train = ["train", "--data", "camvid", "--root", tiny.camvid_folder(tmp_path / "data"), "--epochs", 1]
    train += ["--init", run.folder.best, "--fc-channels", 8, "--out", tmp_path / "fcn", "--device", "cpu"]
    assert tiny.command(*train) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "--fc-channels 8: GoogLeNet has neither fc6 nor fc7" in err
    assert not (tmp_path / "fcn").exists()


def test_a_classifier_gives_no_label_maps(capsys, tmp_path):
    run = pretrainer(tmp_path / "run")
    run.run(tiny.Silent())
    for command in (["evaluate"], ["predict", tmp_path / "a.png", "--out", tmp_path / "new"]):
        (tmp_path / "a.png").touch()
        assert tiny.command(*command, "--weights", run.folder.best, "--device", "cpu") == 2
        err = capsys.readouterr().err
        assert err.count("\n") == 1 and "VGG16 is a classifier" in err and f"--init {run.folder.best}" in err


def test_it_goes_on_and_says_how(capsys, tmp_path):
    run = pretrainer(tmp_path / "run", epochs=2)
    stopped = tiny.stop_after(1, run)
    assert f"python -m minifcn pretrain --out {tmp_path / 'run'} --resume" in str(stopped)
    again = Pretrainer(run.settings, tmp_path / "run", resume=True, datasets=tiny.scenes(8, 4))
    again.run(tiny.Silent())
    whole = pretrainer(tmp_path / "whole", epochs=2)
    whole.run(tiny.Silent())
    for name, array in whole.model.state_dict().items():
        np.testing.assert_array_equal(array, again.model.state_dict()[name], err_msg=name)


def test_neither_command_goes_on_with_the_others_run(capsys, tmp_path):
    pretrainer(tmp_path / "classifier").run(tiny.Silent())
    tiny.trainer(tmp_path / "fcn").run(tiny.Silent())
    capsys.readouterr()
    for command, folder in (("train", "classifier"), ("pretrain", "fcn")):
        assert tiny.command(command, "--out", tmp_path / folder, "--resume", "--device", "cpu") == 2
        err = capsys.readouterr().err
        assert err.count("\n") == 1 and "another command" in err and "auxiliary" in err


@pytest.mark.parametrize(
    "options, words",
    [
        (["--model", "resnet"], ["resnet", "vgg16"]),
        (["--crop", 0], ["--crop is 0", "1 to 1000000"]),
        (["--model", "alexnet", "--crop", 16], ["16x16 pixels", "larger images"]),
        (["--auxiliary"], ["--auxiliary", "googlenet"]),
        (["--model", "googlenet"], ["--fc-channels", "leave it out"]),
        (["--padding", 100], ["--padding"]),
        (["--freeze", "score_fr"], ["score_fr", "conv1_1"]),
        (["--init", "nowhere.npz"], ["nowhere.npz"]),
    ],
)
def test_a_pretraining_that_cannot_be(capsys, tmp_path, options, words):
    assert tiny.command(*COMMAND, "--out", tmp_path / "run", *options) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and err.startswith("minifcn: error:") and all(word in err for word in words)
    assert not (tmp_path / "run").exists()
