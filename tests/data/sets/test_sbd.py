import sys

import numpy as np
import pytest

from minifcn.data import Voc, open_dataset
from minifcn.errors import InputError

LABEL = np.arange(48, dtype=np.uint8).reshape(6, 8) % 21
LABEL[0] = 255


@pytest.fixture
def root(tmp_path, save):
    """SBD of four pictures, one to three to train, and VOC 2011 whose val has two of these and two of its own."""
    scipy_io = pytest.importorskip("scipy.io")
    dataset = tmp_path / "benchmark_RELEASE" / "dataset"
    (dataset / "cls").mkdir(parents=True)
    for name in ("one", "two", "three", "four"):
        save(np.full((6, 8, 3), 90), dataset / "img" / f"{name}.jpg")
        # As SBD's own: a struct of the boundaries, the labels and the classes that occur.
        held = {"Boundaries": np.zeros((20, 1)), "Segmentation": LABEL, "CategoriesPresent": np.arange(1, 21)}
        scipy_io.savemat(dataset / "cls" / f"{name}.mat", {"GTcls": held}, do_compression=True)
    (dataset / "train.txt").write_text("one\ntwo\nthree\none\n")
    (dataset / "val.txt").write_text("four\n")
    voc = tmp_path / "VOCdevkit" / "VOC2011"
    lists = voc / "ImageSets" / "Segmentation"
    lists.mkdir(parents=True)
    for name in ("two", "three", "five", "six"):
        save(np.full((6, 8, 3), 90), voc / "JPEGImages" / f"{name}.jpg")
        save(np.full((6, 8), 7), voc / "SegmentationClass" / f"{name}.png")
    (lists / "val.txt").write_text("two\nfive\nthree\nsix\n")
    return tmp_path


def test_labels_are_those_of_the_matrix(root):
    for place in (root, root / "benchmark_RELEASE", root / "benchmark_RELEASE" / "dataset"):
        dataset = open_dataset("sbd", place, "val")
        assert list(dataset.names) == ["four"]
    image, label = dataset[0]
    np.testing.assert_array_equal(label, LABEL)
    assert (image.shape, label.dtype, dataset.classes, dataset.mean) == ((6, 8, 3), np.uint8, Voc.classes, Voc.mean)


def test_a_name_that_a_list_has_twice_is_one_pair(root):
    assert list(open_dataset("sbd", root).names) == ["one", "two", "three"]


def test_voc_validates_on_what_sbd_does_not_train_on(root):
    train, val = (open_dataset("voc-sbd", root, split) for split in ("train", "val"))
    assert (list(train.names), list(val.names)) == (["one", "two", "three"], ["five", "six"])
    np.testing.assert_array_equal(train[1][1], LABEL)  # SBD's label, not VOC's of that picture
    assert (val[0][1] == 7).all()
    notes = "\n".join(train.notes)
    assert "2 of the 4 pictures that VOC2011 validates on train: left out" in notes
    assert "3 train, 2 val" in notes


def test_both_splits_are_of_one_collection(root):
    train = open_dataset("voc-sbd", root)
    assert list(train.with_split("val").names) == ["five", "six"]
    assert train.told == {}


def test_a_missing_file_is_named_with_list_and_line(root):
    (root / "benchmark_RELEASE" / "dataset" / "img" / "two.jpg").unlink()
    with pytest.raises(InputError, match=r"train\.txt line 2: .*two\.jpg is not there, fetch it or drop the line"):
        open_dataset("sbd", root)


def test_a_list_in_any_encoding(root):
    (root / "benchmark_RELEASE" / "dataset" / "train.txt").write_text("one\ntwo\n", encoding="utf-16")
    assert list(open_dataset("sbd", root).names) == ["one", "two"]


def test_a_label_outside_the_classes_is_named(root):
    from scipy.io import savemat

    path = root / "benchmark_RELEASE" / "dataset" / "cls" / "four.mat"
    savemat(path, {"GTcls": {"Segmentation": np.full((6, 8), 21, np.uint8)}})
    with pytest.raises(InputError, match=r"four\.mat holds 21, expected 0 to 20 or 255 \(void\)"):
        open_dataset("sbd", root, "val")[0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<!DOCTYPE html>" * 20, r"four\.mat cannot be read as a file of MATLAB|four\.mat holds no GTcls"),
        (b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + b"\x89HDF\r\n\x1a\n", r"is of MATLAB's version 7\.3"),
    ],
)
def test_what_is_no_such_file_is_named(root, content, message):
    (root / "benchmark_RELEASE" / "dataset" / "cls" / "four.mat").write_bytes(content)
    with pytest.raises(InputError, match=message):
        open_dataset("sbd", root, "val")[0]


def test_without_scipy_the_extra_is_named_first(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy", None)
    monkeypatch.setitem(sys.modules, "scipy.io", None)
    for name in ("sbd", "voc-sbd", "siftflow", "pascal-context"):
        with pytest.raises(InputError, match=r"pip install 'minifcn\[sbd\]'"):
            open_dataset(name, tmp_path)


@pytest.mark.parametrize("name", ["sbd", "voc-sbd"])
def test_a_folder_of_something_else_is_named(name, tmp_path):
    pytest.importorskip("scipy")
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"has no cls, expected .*SBD's benchmark_RELEASE/dataset.*: check --root"):
        open_dataset(name, tmp_path)
