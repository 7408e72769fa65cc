"""Weights files: what is written comes back, and nothing else is taken for one."""

import errno
import json
import os
import pickle
import random
import zipfile

import numpy as np
import pytest
import tiny

from minifcn.errors import InputError
from minifcn.weights.loading import load_model
from minifcn.weights.npz import load_arrays, save_arrays
from minifcn.weights.tensors import read_about, read_tensors

ABOUT = {"model": "fcn32s", "settings": {"width": 0.5}, "data": "straße"}
ABOUT |= {"preprocessing": {"mean": [1, 2.5, 3], "std": [4, 5, 6], "channels": "RGB"}}
ABOUT |= {"classes": ["a", "b"], "palette": [[0, 0, 0], [1, 2, 3]], "more": None}
ARRAYS = {"conv.weight": np.arange(6, dtype=np.float32).reshape(2, 3), "conv.bias": np.array([0.1, -2.0])}


class Mkdir:
    """Makes a folder when unpickled: a stand-in for any code that a pickle can run."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


def full_disk(*_, **__):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def refused(path, read=load_model):
    """The error's message: one line that names the file."""
    with pytest.raises(InputError) as error:
        read(path)
    message = str(error.value)
    assert str(path) in message and "\n" not in message
    return message


def written(path, **entries):
    np.savez(path, **entries)
    return path


def test_arrays_and_about_come_back(tmp_path):
    save_arrays(tmp_path / "w.npz", ARRAYS, ABOUT)
    arrays, about = load_arrays(tmp_path / "w.npz")
    assert about == ABOUT and list(arrays) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(arrays[name], array)
    assert [p.name for p in tmp_path.iterdir()] == ["w.npz"]


def test_any_numpy_reads_the_file_without_pickle(tmp_path):
    save_arrays(tmp_path / "w.npz", ARRAYS, ABOUT)
    with np.load(tmp_path / "w.npz", allow_pickle=False) as file:
        assert sorted(file.files) == ["about", "conv.bias", "conv.weight"]
        assert json.loads(str(file["about"])) == {"format": 1, **ABOUT}


def test_files_from_before_there_was_a_format_are_read_as_before(tmp_path):
    path = written(tmp_path / "w.npz", about=np.array(json.dumps(ABOUT)), **ARRAYS)
    arrays, about = load_arrays(path)
    assert about == ABOUT and list(arrays) == list(ARRAYS)


@pytest.mark.parametrize(
    "number, words",
    [
        (2, "written by a newer minifcn: its format is 2, this version reads 1: upgrade minifcn"),
        (99, "written by a newer minifcn"),
        ("1", "its format is '1', expected a number"),
        (None, "its format is None, expected a number"),
        (True, "its format is True, expected a number"),
        (0, "its format is 0, expected a number from 1"),
        (-1, "its format is -1, expected a number from 1"),
    ],
)
def test_another_format_is_refused(tmp_path, number, words):
    path = written(tmp_path / "w.npz", about=np.array(json.dumps({"format": number, **ABOUT})), **ARRAYS)
    for read in (load_arrays, load_model):
        assert words in refused(path, read)


@pytest.mark.parametrize(
    "change, words",
    [
        ({"model": []}, "model is [], expected a text"),
        ({"settings": None}, "settings is None, expected an object"),
        ({"preprocessing": [1]}, "preprocessing is [1], expected an object"),
        ({"data": 3}, "data is 3, expected a text"),
        ({"classes": "ab"}, "classes is 'ab', expected a list"),
        ({"palette": None}, "palette is None, expected a list"),
        ({"classes": ["a"]}, "it has 1 classes, but 2 colours in palette"),
    ],
)
def test_what_is_told_of_another_type_is_refused(tmp_path, change, words):
    save_arrays(tmp_path / "w.npz", ARRAYS, ABOUT | change)
    for read in (load_arrays, load_model):
        assert words in refused(tmp_path / "w.npz", read)


@pytest.mark.parametrize("name", ["fcn32s", "fcn16s", "fcn8s"])
def test_a_network_comes_back_ready_for_use(tmp_path, name):
    saved = tiny.save_network(tmp_path / "w.npz", name, upsampling="learned", dropout=0.3)
    model, about = load_model(tmp_path / "w.npz")
    assert type(model) is type(saved) and model.settings == saved.settings and not model.training
    images = np.random.default_rng(0).standard_normal((1, 3, 33, 20)).astype(np.float32)
    scores = model(images)
    assert np.ptp(scores) > 0
    np.testing.assert_array_equal(scores, saved(images))
    assert about["preprocessing"] == {"mean": [120, 110, 100], "std": [60, 50, 40], "channels": "RGB"}


def test_a_checkpoint_is_a_weights_file_too(tmp_path):
    trainer = tiny.trainer(tmp_path / "run")
    trainer.run(tiny.Silent())
    model, _ = load_model(trainer.folder.last)
    for name, array in trainer.model.state_dict().items():
        np.testing.assert_array_equal(model.state_dict()[name], array)


def test_a_file_cut_anywhere_is_refused(tmp_path):
    path = tmp_path / "w.npz"
    save_arrays(path, ARRAYS, ABOUT)
    whole = path.read_bytes()
    for length in [0, 1, 3, 4, 5, 50, len(whole) // 2, len(whole) - 30, len(whole) - 1]:
        path.write_bytes(whole[:length])
        refused(path, load_arrays)


def test_a_damaged_file_is_refused_or_read_but_never_a_traceback(tmp_path):
    path = tmp_path / "w.npz"
    save_arrays(path, ARRAYS, ABOUT)
    whole = path.read_bytes()
    dice = random.Random(1)
    refusals = 0
    for _ in range(400):
        damaged = bytearray(whole)
        for _ in range(dice.choice([1, 2, 8])):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        path.write_bytes(damaged)
        try:
            load_arrays(path)
        except InputError:
            refusals += 1
    assert refusals > 200  # the check sums find nearly all


def test_a_pickle_is_not_run(tmp_path):
    trap = Mkdir(tmp_path / "trap")
    path = tmp_path / "w.npz"
    path.write_bytes(pickle.dumps(trap))
    assert "pickle" in refused(path)
    boxed = np.array([trap], dtype=object)
    with open(path, "wb") as file:
        np.save(file, boxed)
    assert "pickle" in refused(path)
    about = np.array(json.dumps(ABOUT))
    assert "pickle" in refused(written(path, about=about, weight=boxed))
    assert "pickle" in refused(written(path, about=boxed, weight=np.zeros(3)))
    assert not (tmp_path / "trap").exists()


@pytest.mark.parametrize("how", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_other_ways_of_packing_are_refused(tmp_path, how):
    plain, path = tmp_path / "plain.npz", tmp_path / "w.npz"
    np.savez(plain, weight=np.zeros(3))
    with zipfile.ZipFile(plain) as one, zipfile.ZipFile(path, "w", how) as other:
        other.writestr("weight.npy", one.read("weight.npy"))
    assert "its entry weight is packed as NumPy packs none" in refused(path, read_tensors)


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "w.npz"
    path.write_text("dear diary\n" * 100)
    refused(path)
    with open(path, "wb") as file:
        np.save(file, np.zeros(3))
    refused(path)
    assert "of no network known here" in refused(written(path, weight=np.zeros(3)))
    assert "about" in refused(written(path, about=np.array("dear diary")))
    refused(tmp_path)
    assert "no such file" in refused(tmp_path / "nowhere.npz")


@pytest.mark.parametrize("about", [[1], "fcn8s", 5, None, {}, {"model": "resnet"}, {"model": "fcn8s"}])
def test_json_that_describes_no_network_is_refused(tmp_path, about):
    refused(written(tmp_path / "w.npz", about=np.array(json.dumps(about))))


@pytest.mark.parametrize("lost", ["model", "settings", "preprocessing", "data", "classes", "palette"])
def test_nothing_that_is_needed_may_be_missing(tmp_path, lost):
    tiny.save_network(tmp_path / "w.npz")
    arrays, about = load_arrays(tmp_path / "w.npz")
    del about[lost]
    save_arrays(tmp_path / "w.npz", arrays, about)
    assert lost in refused(tmp_path / "w.npz")


def test_settings_that_the_network_does_not_know_are_refused(tmp_path):
    tiny.save_network(tmp_path / "w.npz")
    arrays, about = load_arrays(tmp_path / "w.npz")
    about["settings"]["depth"] = 3
    save_arrays(tmp_path / "w.npz", arrays, about)
    assert "depth" in refused(tmp_path / "w.npz")


def test_weights_of_another_network_name_what_is_missing_and_what_is_unknown(tmp_path):
    tiny.save_network(tmp_path / "w.npz", "fcn16s")
    arrays, about = load_arrays(tmp_path / "w.npz")
    save_arrays(tmp_path / "w.npz", arrays, about | {"model": "fcn8s"})
    assert "score_pool3.weight" in refused(tmp_path / "w.npz")
    save_arrays(tmp_path / "w.npz", arrays | {"conv9.weight": np.zeros(3)}, about)
    assert "conv9.weight" in refused(tmp_path / "w.npz")


def test_weights_of_another_width_name_the_key_and_both_shapes(tmp_path):
    tiny.save_network(tmp_path / "w.npz")
    arrays, about = load_arrays(tmp_path / "w.npz")
    about["settings"]["width"] = 1 / 8
    save_arrays(tmp_path / "w.npz", arrays, about)
    message = refused(tmp_path / "w.npz")
    assert "conv1_1.weight" in message and "(4, 3, 3, 3)" in message and "(8, 3, 3, 3)" in message


@pytest.mark.parametrize("when", ["write", "sync"])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, when):
    path = tmp_path / "w.npz"
    save_arrays(path, ARRAYS, ABOUT)
    before = tiny.listing(tmp_path)
    if when == "write":
        monkeypatch.setattr(np.lib.format, "write_array", full_disk)
    else:
        monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(InputError, match="No space left"):
        save_arrays(path, {"other": np.zeros(1000)}, {})
    assert tiny.listing(tmp_path) == before


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(InputError, match=r"nowhere/w\.npz could not be written"):
        save_arrays(tmp_path / "nowhere" / "w.npz", ARRAYS, ABOUT)


def rewritten(path, **entries):
    """The file with bytes in place of some entries, or beside them."""
    with zipfile.ZipFile(path) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (held | entries).items():
            archive.writestr(name, content)
    return path


def header(descr="'<f4'", shape="(3,)", version=1):
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".ljust(117).encode() + b"\n"
    return b"\x93NUMPY" + bytes([version, 0]) + len(text).to_bytes(2 * version, "little") + text


@pytest.mark.parametrize(
    "content, words",
    [
        (b"plain bytes", "its entry odd is no array, expected an .npz of arrays alone"),
        (b"", "its entry odd is no array"),
        (header(version=3) + bytes(12), "its entry odd is no array"),
        (header("'|O'", "()") + pickle.dumps(1), "its entry odd holds objects; they could run any code"),
        (header() + bytes(11), "its entry odd has float32 (3,) but 11 bytes of numbers: it is damaged"),
        (header() + bytes(13), "but 13 bytes of numbers"),
        (header(shape="(1000000000000,)"), "float32 (1000000000000,) but 0 bytes of numbers"),
        (header(shape="(-2, -2)") + bytes(16), "but 16 bytes of numbers"),
        (header("'<U1'", "()") + b"a\0\0\0", "its entry odd is an array of <U1, expected numbers"),
        (header("'<M8[s]'") + bytes(24), "its entry odd is an array of datetime64[s], expected numbers"),
        (header("[('a', '<f4')]") + bytes(12), "its entry odd is an array of [('a', '<f4')], expected numbers"),
    ],
)
def test_an_entry_that_is_no_array_of_its_size_is_named(tmp_path, content, words):
    tiny.save_network(tmp_path / "w.npz")
    rewritten(tmp_path / "w.npz", **{"odd.npy": content})
    for read in (load_arrays, load_model, read_tensors):
        assert words in refused(tmp_path / "w.npz", read)
    rewritten(tmp_path / "w.npz", **{"odd.npy": b"", "odd": content})  # whatever it is called
    refused(tmp_path / "w.npz")


def test_about_is_one_text(tmp_path):
    for about, words in (
        (np.array(["a", "b"]), "expected one text"),
        (np.zeros(3), "array of float64, expected a text"),
    ):
        assert words in refused(written(tmp_path / "w.npz", about=about), load_arrays)
    assert "no entry about" in refused(written(tmp_path / "w.npz", weight=np.zeros(3)), load_arrays)


def test_sizes_that_a_file_cannot_hold_are_refused(tmp_path):
    tiny.save_network(tmp_path / "w.npz")
    content = bytearray((tmp_path / "w.npz").read_bytes())
    place = content.index(b"PK\x01\x02") + 24  # in the directory, where the first entry's size stands
    content[place : place + 4] = (3 << 30).to_bytes(4, "little")
    (tmp_path / "w.npz").write_bytes(content)
    for read in (load_arrays, load_model, read_about):
        assert "its entries are said to have 32" in refused(tmp_path / "w.npz", read)


def test_what_is_no_file_is_called_what_it_is(tmp_path):
    (tmp_path / "last.npz").mkdir()
    os.mkfifo(tmp_path / "pipe.npz")  # nobody writes into it: to open it would wait for good
    (tmp_path / "one.npz").write_bytes(b"7")
    (tmp_path / "none.npz").write_bytes(b"")
    for read in (load_arrays, load_model, read_about):
        assert "last.npz: it is a folder; expected a file" in refused(tmp_path / "last.npz", read)
        assert "pipe.npz: it is a pipe or a device" in refused(tmp_path / "pipe.npz", read)
        assert "it is empty" in refused(tmp_path / "none.npz", read)
        refused(tmp_path / "one.npz", read)
    assert "its 1 bytes are no .npz" in refused(tmp_path / "one.npz", load_arrays)
    refused_path = tmp_path / "a\nminifcn: error: forged"
    with pytest.raises(InputError) as error:
        load_model(refused_path)
    assert r"a\nminifcn: error: forged: there is no such file" in str(error.value) and "\n" not in str(error.value)


def test_names_of_entries_are_told_without_what_moves_the_cursor(tmp_path):
    tiny.save_network(tmp_path / "w.npz")
    rewritten(tmp_path / "w.npz", **{"a\x1b[2J\nminifcn: error: forged.npy": b"plain"})
    assert r"its entry a\x1b[2J\nminifcn: error: forged is no array" in refused(tmp_path / "w.npz")


@pytest.mark.parametrize(
    "arrays, problem",
    [
        ({"a": np.array([None])}, "a is object, expected an array of real numbers"),
        ({"a": np.ones(2) * 1j}, "a is complex128, expected an array of real numbers"),
        ({"a": [1.0]}, "a is a list, expected an array of real numbers"),
        ([np.ones(2)], "arrays is .*, expected {name: array}"),
    ],
)
def test_what_is_no_array_is_not_written(tmp_path, arrays, problem):
    with pytest.raises(InputError, match=f"^save_arrays: {problem}"):
        save_arrays(tmp_path / "w.npz", arrays, ABOUT)
    assert not list(tmp_path.iterdir())
