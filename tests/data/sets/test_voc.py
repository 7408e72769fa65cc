import numpy as np
import pytest
from PIL import Image

from minifcn.data import Voc
from minifcn.errors import InputError

LABEL = np.arange(48, dtype=np.uint8).reshape(6, 8) % 21
LABEL[0] = 255


@pytest.fixture
def year(tmp_path, save):
    """VOCdevkit/VOC2011 with two pairs, "one" to train and "two" to validate."""
    folder = tmp_path / "VOCdevkit" / "VOC2011"
    for split, name in (("train", "one"), ("val", "two")):
        save(np.full((6, 8, 3), 90), folder / "JPEGImages" / f"{name}.jpg")
        save(LABEL, folder / "SegmentationClass" / f"{name}.png")
        lists = folder / "ImageSets" / "Segmentation"
        lists.mkdir(parents=True, exist_ok=True)
        (lists / f"{split}.txt").write_text(f"{name}\n")
    (lists / "trainval.txt").write_text("one\ntwo\n")
    return folder


def test_root_may_be_the_year_or_a_folder_above_it(year):
    for root in (year, year.parent, year.parent.parent):
        assert Voc(root).pairs[0][0].stem == "one"


def test_the_later_year_is_taken_where_both_are_there(year, save):
    later = year.with_name("VOC2012")
    save(np.full((6, 8, 3), 90), later / "JPEGImages" / "three.jpg")
    save(LABEL, later / "SegmentationClass" / "three.png")
    (later / "ImageSets" / "Segmentation").mkdir(parents=True)
    (later / "ImageSets" / "Segmentation" / "train.txt").write_text("three\n")
    assert Voc(year.parent).pairs[0][0].stem == "three"
    assert Voc(year).pairs[0][0].stem == "one"


def test_splits_are_those_of_the_lists(year):
    names = {
        split: [d.pairs[i][0].stem for i in range(len(d))]
        for split in ("train", "val", "trainval")
        for d in [Voc(year, split)]
    }
    assert names == {"train": ["one"], "val": ["two"], "trainval": ["one", "two"]}


def test_pair_is_image_and_indices(year):
    image, label = Voc(year)[0]
    np.testing.assert_array_equal(label, LABEL)
    assert (image.shape, image.dtype, label.dtype) == ((6, 8, 3), np.uint8, np.uint8)
    assert abs(image.astype(int) - 90).max() < 4  # as JPEG keeps it


def test_a_missing_file_is_named_with_list_and_line(year):
    (year / "JPEGImages" / "two.jpg").unlink()
    with pytest.raises(InputError, match=r"trainval\.txt line 2: .*two\.jpg is not there"):
        Voc(year, "trainval")


def test_a_line_of_two_names_is_one_with_a_blank(year):
    (year / "ImageSets" / "Segmentation" / "train.txt").write_text("one\none 1\n")
    with pytest.raises(InputError, match=r"train\.txt line 2: .*one 1\.jpg is not there"):
        Voc(year)


@pytest.mark.parametrize("name", ["two words.JPG", "사진.jpeg", "[x].png", "a.b.tif"])
def test_pictures_have_any_suffix_and_any_name(year, save, name):
    save(np.full((6, 8, 3), 90), year / "JPEGImages" / name)
    stem = name.rpartition(".")[0]
    save(LABEL, year / "SegmentationClass" / f"{stem}.PNG")
    (year / "ImageSets" / "Segmentation" / "train.txt").write_text(f"{stem}\n", "utf-8")
    dataset = Voc(year)
    assert (dataset.pairs[0][0].name, dataset.names) == (name, [stem])
    np.testing.assert_array_equal(dataset[0][1], LABEL)


def test_a_label_outside_the_classes_is_named(year, save):
    save(np.where(LABEL == 7, 21, LABEL), year / "SegmentationClass" / "one.png")
    with pytest.raises(InputError, match=r"one\.png holds the label 21, expected 0 to 20 or void \(255\)"):
        Voc(year)[0]


def test_a_folder_without_voc_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(
        InputError, match=r"has no ImageSets/Segmentation, expected VOCdevkit or the VOC2011 or VOC2012"
    ):
        Voc(tmp_path)


def test_an_unknown_split_is_answered_with_those_there_are(year):
    with pytest.raises(InputError, match=r"split 'test': .* \(train, trainval, val\)"):
        Voc(year, "test")


def test_real_pairs_have_their_classes_and_colours(voc_root):
    dataset = Voc(voc_root, "trainval")
    names = [dataset.pairs[i][0].stem for i in range(len(dataset))]
    image, label = dataset[names.index("2011_000003")]
    assert (image.shape, label.shape) == ((338, 500, 3), (338, 500))
    assert {dataset.classes[n] for n in np.unique(label[label != 255])} == {"background", "bottle", "person"}
    with Image.open(dataset.pairs[names.index("2011_000003")][1]) as picture:
        np.testing.assert_array_equal(np.array(picture.getpalette()).reshape(-1, 3)[:21], dataset.palette)
