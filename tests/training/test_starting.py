"""What a training takes over from the weights that it starts from, as --explain tells it."""

import dataclasses
import re

import pytest
import tiny

from minifcn.errors import InputError
from minifcn.training.settings import Settings
from minifcn.training.starting import resumed_settings
from minifcn.weights.npz import load_arrays, save_arrays


@pytest.fixture
def explained(capsys, tmp_path, monkeypatch):
    """What --explain says of a training from these weights: lines of "--option value source"."""
    monkeypatch.setenv("COLUMNS", "300")  # the file's path, too, is in a table's cell

    def explain(path, model):
        assert tiny.command("train", "--init", path, "--model", model, "--explain") == 0
        return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]

    return explain


def test_a_network_s_settings_come_with_its_weights(explained, tmp_path):
    path = tmp_path / "w.npz"
    tiny.save_network(
        path, "fcn16s", backbone="vgg11", upsampling="learned", upsampling_kernels="per-class", dropout=0.3
    )
    said = explained(path, "fcn8s")
    for setting in (
        *("--backbone vgg11", "--width 0.0625", "--fc-channels 8", "--image-size 224", "--padding same"),
        *("--upsampling learned", "--upsampling-kernels per-class", "--at-once no"),
    ):
        assert f"{setting} of the weights of --init" in said
    assert "--dropout 0.1 the default here" in said


def test_scaled_pools_are_handed_over_only_where_there_are_skips(explained, tmp_path):
    path = tmp_path / "w.npz"
    tiny.save_network(path, "fcn8s", at_once=True)
    assert "--at-once yes of the weights of --init" in explained(path, "fcn16s")
    assert "--at-once no the default here" in explained(path, "fcn32s")


def test_what_weights_from_before_a_choice_do_not_say_is_as_it_was_then(explained, tmp_path):
    path = tmp_path / "w.npz"
    tiny.save_network(path)
    arrays, about = load_arrays(path)
    older = ("n_class", "width", "fc_channels", "padding", "dropout", "upsampling")
    save_arrays(path, arrays, about | {"settings": {name: about["settings"][name] for name in older}})
    said = explained(path, "fcn8s")
    assert "--backbone vgg16 of the weights of --init" in said and "--width 0.0625 of the weights of --init" in said
    assert "--upsampling-kernels full the default here" in said and "--at-once no the default here" in said


@pytest.mark.parametrize("settings", [None, [1], "fcn32s"])
def test_settings_that_are_none_are_refused(capsys, tmp_path, settings):
    path = tmp_path / "w.npz"
    tiny.save_network(path)
    arrays, about = load_arrays(path)
    save_arrays(path, arrays, about | {"settings": settings})
    assert tiny.command("train", "--init", path, "--explain") == 2
    err = capsys.readouterr().err
    assert err.startswith(f"minifcn: error: weights {path}: what it says of itself (about): settings is ")
    assert f"{settings!r}, expected an object" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "given, words",
    [
        ({"lr": 0.5}, "--lr 0.5 is given, the run has --lr 0.25: leave it out"),
        ({"mirror": False}, "--no-mirror is given, the run has --mirror"),
        ({"init": "w.npz"}, "--init w.npz is given, the run has none"),
        ({"lr": 0.25, "epochs": 9, "root": "moved"}, None),
    ],
)
def test_a_run_goes_on_with_its_own_settings(tmp_path, given, words):
    saved = dataclasses.asdict(Settings(lr=0.25))
    if words is None:
        assert resumed_settings(tmp_path, saved, Settings, given) == Settings(**saved | given)
        return
    with pytest.raises(InputError, match=f"--resume: {words}"):
        resumed_settings(tmp_path, saved, Settings, given)


@pytest.mark.parametrize("files", [("config.json",), ("last.npz",), ("last.npz", "config.json"), ()])
def test_settings_that_cannot_be_are_said_to_be_of_the_files_that_are_there(tmp_path, files):
    for name in files:
        (tmp_path / name).touch()
    there = " and ".join(str(tmp_path / name) for name in files) or str(tmp_path)
    with pytest.raises(InputError, match=f"^--resume: {re.escape(there)}: SGD: lr is -1, "):
        resumed_settings(tmp_path, dataclasses.asdict(Settings(lr=-1)), Settings, {})
