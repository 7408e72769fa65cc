"""PASCAL-Context, NYUDv2 and SIFT Flow, on small files in their published form."""

import numpy as np
import pytest

from minifcn.data import open_dataset
from minifcn.errors import InputError

io = pytest.importorskip("scipy.io")
OUTDOOR = "spatial_envelope_256x256_static_8outdoorcategories"


@pytest.fixture
def nyud(tmp_path, save):
    (tmp_path / "segmentation").mkdir()
    for number in (5001, 5002, 5003):
        save(np.full((6, 8, 3), 90), tmp_path / "data" / "images" / f"img_{number}.png")
        label = np.arange(48, dtype=np.uint8).reshape(6, 8) % 41
        io.savemat(tmp_path / "segmentation" / f"img_{number}.mat", {"segmentation": label})
    for split, names in (("train", "5001\n5002\n"), ("val", "5003\n")):
        (tmp_path / f"{split}.txt").write_text(names)
    return tmp_path


def test_nyud_numbers_its_classes_from_one(nyud):
    dataset = open_dataset("nyudv2", nyud, "val")
    label = dataset[0][1]
    assert (len(dataset.classes), dataset.classes[0], dataset.classes[39]) == (40, "wall", "other prop")
    assert [label[0, 0], label[0, 1], label[5, 0]] == [255, 0, 39]  # numbers 0, 1, 40
    assert (list(open_dataset("nyudv2", nyud).names), list(dataset.names)) == (["5001", "5002"], ["5003"])


def test_nyud_may_have_pictures_of_the_same_numbers(nyud, save):
    (nyud / "segmentation" / "img_5003.mat").unlink()
    save(np.full((6, 8), 5), nyud / "segmentation" / "img_5003.png")
    assert (open_dataset("nyudv2", nyud, "val")[0][1] == 4).all()


@pytest.fixture
def siftflow(tmp_path, save):
    (tmp_path / "SemanticLabels" / OUTDOOR).mkdir(parents=True)
    names = np.array([f"class {n}" for n in range(1, 34)], dtype=object)
    for name in ("coast_natu1", "coast_natu2", "street_par3"):
        save(np.full((6, 8, 3), 90), tmp_path / "Images" / OUTDOOR / f"{name}.jpg")
        label = np.arange(48, dtype=np.int16).reshape(6, 8) % 34
        io.savemat(tmp_path / "SemanticLabels" / OUTDOOR / f"{name}.mat", {"S": label, "names": names})
    save(np.full((6, 8, 3), 90), tmp_path / "Images" / OUTDOOR / "without_label.jpg")
    (tmp_path / "TestSet1.txt").write_text(f"{OUTDOOR}\\street_par3.jpg\n")
    return tmp_path


def test_siftflow_trains_on_all_but_its_test_set(siftflow):
    train, val = (open_dataset("siftflow", siftflow, split) for split in ("train", "val"))
    assert (list(train.names), list(val.names)) == (["coast_natu1", "coast_natu2"], ["street_par3"])
    label = val[0][1]
    assert (len(val.classes), val.classes[0], val.classes[32]) == (33, "awning", "window")
    assert [label[0, 0], label[0, 1], label[4, 1]] == [255, 0, 32]  # numbers 0, 1, 33


def test_siftflow_by_the_lists_of_the_fcn_authors(siftflow):
    (siftflow / "trainval.txt").write_text("coast_natu2\n")
    (siftflow / "test.txt").write_text("coast_natu1\n")
    assert list(open_dataset("siftflow", siftflow).names) == ["coast_natu2"]
    assert list(open_dataset("siftflow", siftflow, "val").names) == ["coast_natu1"]


@pytest.fixture
def context(tmp_path, save):
    """459 labels of which three are classes; one of them is called otherwise in the two lists."""
    names = {n: f"thing {n}" for n in range(1, 460)} | {2: "aeroplane", 416: "table", 350: "side walk"}
    (tmp_path / "labels.txt").write_text("".join(f"{number}: {name}\n" for number, name in names.items()))
    (tmp_path / "59_labels.txt").write_text("0: background\n1: aeroplane\n2: diningtable\n3: sidewalk\n")
    (tmp_path / "trainval").mkdir()
    voc = tmp_path / "VOCdevkit" / "VOC2010"
    (voc / "ImageSets" / "Main").mkdir(parents=True)
    label = np.array([[2, 416, 350], [459, 1, 2]], np.uint16)
    for name, split in (("2008_000002", "train"), ("2008_000003", "val")):
        save(np.full((2, 3, 3), 90), voc / "JPEGImages" / f"{name}.jpg")
        io.savemat(tmp_path / "trainval" / f"{name}.mat", {"LabelMap": label})
        (voc / "ImageSets" / "Main" / f"{split}.txt").write_text(f"{name}\n")
    return tmp_path


def test_context_keeps_its_classes_and_all_else_is_background(context):
    dataset = open_dataset("pascal-context", context, "val")
    assert (list(dataset.names), dataset.classes) == (
        ["2008_000003"],
        ("background", "aeroplane", "diningtable", "sidewalk"),
    )
    np.testing.assert_array_equal(dataset[0][1], [[1, 2, 3], [0, 0, 1]])


def test_context_names_a_class_that_no_label_is(context):
    (context / "59_labels.txt").write_text("1: aeroplane\n2: zeppelin\n")
    with pytest.raises(InputError, match=r"59_labels\.txt has 'zeppelin', which labels\.txt has not"):
        open_dataset("pascal-context", context)


@pytest.mark.parametrize(
    ("name", "told", "message"),
    [
        ("59_labels.txt", "1: aeroplane\n2: aeroplane\n", r"59_labels\.txt has 'aeroplane' twice"),
        ("59_labels.txt", "", r"59_labels\.txt is empty, expected lines as '416: table'"),
        ("labels.txt", "", r"labels\.txt is empty, expected lines as '416: table'"),
        ("labels.txt", "1000000000000: aeroplane\n", r"labels\.txt line 1: .* is no number and name"),
    ],
)
def test_context_names_a_list_that_is_none(context, name, told, message):
    (context / name).write_text(told)
    with pytest.raises(InputError, match=message):
        open_dataset("pascal-context", context)


def test_siftflow_asks_for_a_list_of_what_validates(siftflow):
    (siftflow / "TestSet1.txt").unlink()
    with pytest.raises(InputError, match=r"has no list of what validates \(val\.txt, test\.txt, TestSet1\.txt\)"):
        open_dataset("siftflow", siftflow)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nyudv2", r"has no segmentation, expected NYUDv2's data/images, segmentation and train\.txt"),
        ("siftflow", r"has no SemanticLabels, expected SIFT Flow's Images and SemanticLabels"),
        ("pascal-context", r"has no 59_labels\.txt, expected PASCAL-Context's trainval, labels\.txt"),
    ],
)
def test_a_folder_of_something_else_is_named(name, message, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=message):
        open_dataset(name, tmp_path)


@pytest.mark.parametrize("label", [np.zeros((0, 0)), np.full((6, 8), 2**40 + 5), np.full((6, 8), np.inf)])
def test_what_is_no_matrix_of_a_labels_numbers_is_named(nyud, label):
    io.savemat(nyud / "segmentation" / "img_5003.mat", {"segmentation": label})
    with pytest.raises(InputError, match=r"img_5003\.mat: segmentation is no matrix of whole numbers"):
        open_dataset("nyudv2", nyud, "val")[0]
