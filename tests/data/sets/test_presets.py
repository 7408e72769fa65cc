"""Cityscapes and ADE20K, on small files in their published form."""

import shutil

import numpy as np
import pytest

from minifcn.data import open_dataset
from minifcn.errors import InputError

TOWNS = {"train": "aachen", "val": "lindau", "test": "berlin"}


@pytest.fixture
def cityscapes(tmp_path, save):
    """One frame a split; masks of all 34 numbers, colours and instances beside them as in the archive."""
    ids = np.arange(34, dtype=np.uint8).reshape(2, 17)
    for split, town in TOWNS.items():
        frame = f"{town}_000000_000019"
        save(np.full((2, 17, 3), 90), tmp_path / "leftImg8bit" / split / town / f"{frame}_leftImg8bit.png")
        fine = tmp_path / "gtFine" / split / town
        save(ids, fine / f"{frame}_gtFine_labelIds.png")
        save(np.zeros((2, 17, 3)), fine / f"{frame}_gtFine_color.png")
        save(ids, fine / f"{frame}_gtFine_instanceIds.png")
    return tmp_path


def test_cityscapes_is_scored_on_nineteen_classes(cityscapes):
    dataset = open_dataset("cityscapes", cityscapes, "val")
    assert list(dataset.names) == ["val/lindau/lindau_000000_000019"]
    assert len(dataset.with_split("all")) == 2  # the labels of its test set are not public
    label = dataset[0][1].ravel()
    assert len(dataset.classes) == 19
    told = {number: dataset.classes[label[number]] for number in (7, 11, 26, 33)}
    assert told == {7: "road", 11: "building", 26: "car", 33: "bicycle"}
    assert (label[[0, 1, 2, 3, 4, 5, 6, 9, 10, 14, 15, 16, 18, 29, 30]] == 255).all()
    np.testing.assert_array_equal(dataset.palette[[0, 18]], [[128, 64, 128], [119, 11, 32]])


def test_cityscapes_of_the_classes_own_numbers(cityscapes, save):
    for path in cityscapes.rglob("*_labelIds.png"):
        save([[0, 18, 255]], path.with_name(path.name.replace("labelIds", "labelTrainIds")))
        path.unlink()
    for path in cityscapes.rglob("*_leftImg8bit.png"):
        save(np.full((1, 3, 3), 90), path)
    np.testing.assert_array_equal(open_dataset("cityscapes", cityscapes)[0][1], [[0, 18, 255]])


def test_a_frame_without_a_mask_is_named(cityscapes, save):
    save(np.full((2, 17, 3), 90), cityscapes / "leftImg8bit" / "train" / "aachen" / "aachen_1_2_leftImg8bit.png")
    notes = "\n".join(open_dataset("cityscapes", cityscapes).notes)
    assert "1 picture without a mask, left out: leftImg8bit/train/aachen/aachen_1_2_leftImg8bit.png" in notes


@pytest.fixture
def ade20k(tmp_path, save):
    for part, name in (("training", "ADE_train_00000001"), ("validation", "ADE_val_00000001")):
        save(np.full((2, 3, 3), 90), tmp_path / "ADEChallengeData2016" / "images" / part / f"{name}.jpg")
        save([[0, 1, 2], [150, 0, 3]], tmp_path / "ADEChallengeData2016" / "annotations" / part / f"{name}.png")
    return tmp_path / "ADEChallengeData2016"


def test_ade20k_numbers_its_classes_from_one(ade20k):
    lines = ["Idx\tRatio\tTrain\tVal\tName", "1\t0.1576\t11664\t1172\twall", "22 \t0.0074\t709\t75\twater"]
    lines += ["2\t0.1072\t6046\t612\tbuilding, edifice", "150\t0.0002\t421\t56\tflag"]
    (ade20k / "objectInfo150.txt").write_text("\n".join(lines))
    for root in (ade20k, ade20k.parent):
        dataset = open_dataset("ade20k", root, "val")
        np.testing.assert_array_equal(dataset[0][1], [[255, 0, 1], [149, 255, 2]])
    assert [dataset.classes[n] for n in (0, 1, 2, 21, 149)] == ["wall", "building", "class 3", "water", "flag"]
    assert (len(dataset), len(dataset.classes)) == (1, 150)


def test_ade20k_without_names_has_numbers(ade20k):
    assert open_dataset("ade20k", ade20k).classes[:2] == ("class 1", "class 2")


@pytest.mark.parametrize("line", ["2 building", "<html>"])
def test_ade20k_names_a_line_without_a_name(ade20k, line):
    (ade20k / "objectInfo150.txt").write_text(f"Idx\tRatio\tName\n{line}\n")
    with pytest.raises(InputError, match=r"objectInfo150\.txt line 2: '.*' has no number and names between tabs"):
        open_dataset("ade20k", ade20k)


def test_published_splits_are_not_made_up(ade20k):
    shutil.rmtree(ade20k / "annotations" / "validation")
    with pytest.raises(InputError, match="ade20k has no split 'val', only train, all: add its pictures"):
        open_dataset("ade20k", ade20k, "val")


def test_cityscapes_without_its_masks_is_named(cityscapes):
    shutil.rmtree(cityscapes / "gtFine")
    with pytest.raises(InputError, match=r"has 2 pictures, none with a mask, expected .*gtFine/ side by side"):
        open_dataset("cityscapes", cityscapes)


def test_a_mask_in_colours_is_named(ade20k, save):
    save(np.full((2, 3, 3), (1, 2, 3)), ade20k / "annotations" / "training" / "ADE_train_00000001.png")
    with pytest.raises(InputError, match=r"ADE_train_00000001\.png is in colours, expected the numbers 1, 2, "):
        open_dataset("ade20k", ade20k)[0]


def test_published_sets_take_nothing_that_is_told(ade20k):
    with pytest.raises(InputError, match=r"classes: data set 'ade20k' has its own"):
        open_dataset("ade20k", ade20k, classes=["a", "b"])
    assert open_dataset("ade20k", ade20k).told == {}


@pytest.mark.parametrize(("name", "holds"), [("cityscapes", "leftImg8bit"), ("ade20k", "annotations/training")])
def test_a_folder_of_something_else_is_named(name, holds, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=rf"has no {holds}, expected .*: check --root"):
        open_dataset(name, tmp_path)
