"""What stands beside weights: each entry that is not what it must be is named, with what was found and expected."""

import json

import numpy as np
import pytest
import tiny

from minifcn.errors import InputError
from minifcn.training.trainer import Trainer
from minifcn.weights.about import check_told, from_json, to_json
from minifcn.weights.loading import load_any
from minifcn.weights.npz import load_arrays, save_arrays

ROWS = [
    {"epoch": n, "loss": 1.5, "val_loss": float("nan"), "lr": 0.1, "images_per_second": 8, "mean_iu": 0.5}
    for n in (1, 2)
]
PROGRESS = {"epoch": 2, "batch": 1, "step": 9, "loss": 0.5, "losses": 1, "best": 0.5, "history": ROWS}
CODING = {"classes": ["a", "b"], "values": [0, 7], "void": [255], "colours": False}
ABOUT = {"model": "fcn8s", "settings": {"n_class": 2, "padding": "same", "image_size": None}, "data": "folder"}
ABOUT |= {"preprocessing": {"mean": [1, 2.5, 3], "std": [4, 5, 6], "channels": "BGR"}, "classes": ["a", "b"]}
ABOUT |= {"palette": [[0, 0, 0], [255, 0, 0]], "title": "FCN-8s", "size": "64x48", "progress": PROGRESS}
ABOUT |= {"told": {"coding": CODING, "val_share": 0.2, "split_seed": -3}, "scores": ROWS[0]}


def changed(path, value):
    """ABOUT with another value at `path`, as "progress.history.0.loss"; a value that is `...` is taken out."""
    about = json.loads(json.dumps(ABOUT))
    *places, last = (int(part) if part.isdecimal() else part for part in path.split("."))
    inner = about
    for place in places:
        inner = inner[place]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    return about


def test_what_is_written_is_read():
    assert str(from_json(to_json(ABOUT))) == str(ABOUT)  # NaN is not equal to itself
    assert from_json(to_json(ABOUT | {"mood": {"of": ["a newer version"]}}))["mood"] == {"of": ["a newer version"]}


@pytest.mark.parametrize(
    "path, value, words",
    [
        ("model", [], "model is [], expected a text"),
        ("settings.depth", 3, "settings has the entry 'depth', expected none but n_class, width"),
        ("settings.width", 10**400, "settings.width is 1000"),
        ("settings.fc_channels", -1, "settings.fc_channels is -1, expected a whole number from 1"),
        ("settings.padding", "wide", "settings.padding is 'wide', expected a whole number"),
        ("settings.n_class", 3, "it has 2 classes, but settings.n_class is 3"),
        ("preprocessing.mean", [1, 2], "preprocessing.mean is a list of 2, expected 3"),
        ("preprocessing.mean.1", 10**4000, "preprocessing.mean[1] is 1000"),
        ("preprocessing.std.2", 0, "preprocessing.std[2] is 0, expected a finite number above 0"),
        ("preprocessing.channels", "rgb", "preprocessing.channels is 'rgb', expected 'RGB' or 'BGR'"),
        ("preprocessing.std", ..., "preprocessing.std is missing"),
        ("classes.1", 7, "classes[1] is 7, expected a text"),
        ("classes", [], "classes is a list of 0, expected 1 to"),
        ("palette", [[0, 0, 0]] * 300, "it has 2 classes, but 300 colours"),
        ("palette.0.2", -1, "palette[0][2] is -1, expected a whole number from 0 to 255"),
        ("palette.1", [0, 0], "palette[1] is a list of 2, expected 3"),
        ("title", {}, "title is {}, expected a text"),
        ("size", "large", "size 'large' is none, expected 640"),
        ("size", 64, "size is 64, expected a text"),
        ("told.lists", {}, "told has the entry 'lists'"),
        ("told.coding.values", [0], "told.coding has 2 classes, but 1 values"),
        ("told.coding.values.1", 65_536, "told.coding.values[1] is 65536, expected a whole number from 0 to 65535"),
        ("told.coding.void.0", -1, "told.coding.void[0] is -1"),
        ("told.val_share", "half", "told.val_share is 'half', expected a number"),
        ("scores.loss", "low", "scores.loss is 'low', expected a finite number"),
        ("progress.epoch", -1, "progress.epoch is -1, expected a whole number from 0"),
        ("progress.step", 1.5, "progress.step is 1.5, expected a whole number"),
        ("progress.loss", float("nan"), "progress.loss is nan, expected a finite number"),
        ("progress.best", 2, "progress.best is 2, expected a number from -1 to 1"),
        ("progress.mood", 2, "progress has the entry 'mood'"),
        ("progress.history", 5, "progress.history is 5, expected a list"),
        ("progress.history", ROWS[:1], "progress.epoch is 2, but progress.history has 1 epochs"),
        ("progress.history.1.mean_iu", ..., "progress.history[1] is no line of epoch 2"),
        ("progress.history.0.epoch", 2, "progress.history[0] is no line of epoch 1"),
        ("progress.history.0.loss", None, "progress.history[0].loss is None, expected a finite number"),
    ],
)
def test_an_entry_that_is_something_else_is_named(path, value, words):
    with pytest.raises(InputError) as error:
        from_json(json.dumps(changed(path, value)))
    assert f"what it says of itself (about): {words}" in str(error.value) and len(str(error.value)) < 500


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"a":' * 30 + "1" + "}" * 30, '{"model": ' + "9" * 5000 + "}", "[]", "7", "null"]
)
def test_a_line_that_is_no_such_json_is_refused(text):
    with pytest.raises(InputError, match=r"what it says of itself \(about\): it"):
        from_json(text)


def test_a_coding_in_colours_has_larger_values():
    check_told({"coding": CODING | {"colours": True, "values": [0, (1 << 24) - 1]}}, "told")
    with pytest.raises(InputError, match=r"told\.coding\.values\[1\] is 16777216"):
        check_told({"coding": CODING | {"colours": True, "values": [0, 1 << 24]}}, "told")


def test_what_a_training_writes_of_every_kind_of_run_is_admitted(tmp_path):
    root = tiny.camvid_folder(tmp_path / "data")
    run = tiny.trainer(tmp_path / "run", data="camvid", root=str(root), size="24", epochs=2, crop=16)
    run.run(tiny.Silent())
    for path in (run.folder.last, run.folder.best):
        assert load_arrays(path)[1]["size"] == "24"
    assert Trainer(run.settings, tmp_path / "run", resume=True).progress == run.progress


def test_every_format_names_the_entry(tmp_path):
    tiny.save_network(tmp_path / "w.npz")
    arrays, about = load_arrays(tmp_path / "w.npz")
    save_arrays(tmp_path / "bad.npz", arrays, about | {"palette": [[0, 0, -7]] * len(about["classes"])})
    with pytest.raises(InputError, match=r"^weights .*bad\.npz: .*palette\[0\]\[2\] is -7, expected a whole number"):
        load_any(tmp_path / "bad.npz")
    from safetensors.numpy import save_file

    save_file(arrays, tmp_path / "bad.safetensors", {"minifcn": json.dumps(about | {"title": 5, "more": np.pi})})
    with pytest.raises(InputError, match=r"^weights .*bad\.safetensors: .*title is 5, expected a text"):
        load_any(tmp_path / "bad.safetensors")
