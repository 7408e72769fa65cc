"""What a look at a data set counts, and data that no network learns from."""

import numpy as np
import pytest
import tiny
from looked_at import Pairs, clean
from PIL import Image

from minifcn.data import VOID, Augmented, CamVid, dominant
from minifcn.data.looking.inspection import check_learnable, inspect
from minifcn.errors import Caution, InputError


def pair(*rows, colour=0):
    label = np.array(rows, np.uint8)
    return np.full((*label.shape, 3), colour, np.uint8), label


def test_pixels_pictures_sizes_and_colours_are_counted():
    train = Pairs([pair([0, 1, 1, 255], colour=10), pair([1, 1], [1, 1], colour=30), pair([0, 0], colour=60)])
    steps = []
    seen = inspect({"train": train, "val": Pairs([pair([2])])}, steps.append)
    assert seen.pixels("train")[[0, 1, 2, VOID]].tolist() == [3, 6, 0, 1]
    assert seen.images("train")[[0, 1, 2, VOID]].tolist() == [2, 2, 0, 1]
    assert seen.sizes("train") == {(1, 4): 1, (2, 2): 1, (1, 2): 1}
    assert seen.colour("train").tolist() == [28, 28, 28]  # (4 * 10 + 4 * 30 + 2 * 60) / 10
    assert seen.pixels("val")[2] == 1
    assert steps == [1, 1, 1, 1]
    assert [look.name for look in seen.looks["train"]] == ["n0", "n1", "n2"]


class Counting(Pairs):
    """Counts the pairs that are read."""

    def __init__(self, pairs, **how):
        super().__init__(pairs, **how)
        self.read = []

    def load(self, index):
        self.read.append(index)
        return super().load(index)


def test_learnable_data_are_known_by_a_glance():
    training, validation = Counting(clean(500)), Counting(clean(500))
    check_learnable(training, validation)
    assert len(training.read) + len(validation.read) == 2


def test_a_class_that_one_label_alone_shows_is_enough():
    training = Counting([pair([0, 0])] * 99 + [pair([0, 2])])
    check_learnable(training, Pairs(clean(2)))
    assert len(set(training.read)) == len(training.read) <= 100


@pytest.mark.parametrize(
    ("training", "validation", "words"),
    [
        (
            [pair([0, 0])] * 9,
            None,
            "every pixel of 9 labels of pairs is 'background': there is nothing to tell",
        ),
        ([pair([1, 255])] * 2, None, "every pixel of 2 labels of pairs is 'leaf' or void: there is nothing"),
        ([pair([0, 255])] * 2, None, "'background' or void (255), as in masks of 0 and 255"),
        ([pair([255, 255])] * 2, None, "every pixel of 2 labels of pairs is void (255)"),
        (None, [pair([255, 255])] * 3, "every pixel of the 3 labels that validate is void (255)"),
    ],
)
def test_what_cannot_be_learned_is_refused(training, validation, words):
    with pytest.raises(InputError) as refused:
        check_learnable(Pairs(training or clean(2)), Pairs(validation or clean(2)))
    assert words in str(refused.value)


def test_a_network_of_one_class_is_refused_with_the_reason():
    with pytest.raises(InputError, match=r"one class, 'leaf': its softmax is exp\(x\) / exp\(x\) = 1 whatever"):
        check_learnable(Pairs([pair([0])], classes=("leaf",)), Pairs([pair([0])], classes=("leaf",)))


def test_a_validation_of_one_class_is_cautioned_of():
    with pytest.warns(Caution, match="every labelled pixel that validates is 'background'"):
        check_learnable(Pairs(clean(2)), Pairs([pair([0, 255])]))


def test_more_classes_than_labels_tell_apart_are_refused():
    many = Pairs(clean(2), classes=tuple(map(str, range(299))))
    with pytest.raises(InputError, match="pairs has 299 classes; labels of 8 bits tell at most 255 apart"):
        check_learnable(many, many)


def test_a_picture_that_trains_and_validates_is_cautioned_of(tmp_path):
    scenes, lists = tiny.camvid_folder(tmp_path), ("train.txt", "val.txt")
    (scenes / lists[1]).write_text((scenes / lists[0]).read_text().splitlines()[0])
    with pytest.warns(Caution, match=r"1 picture trains and validates, .*\.png first: val's figures flatter"):
        check_learnable(CamVid(scenes), CamVid(scenes, "val"))


def test_labels_of_whole_images_are_looked_at_as_well():
    whole = Augmented(Pairs([pair([0, 1]), pair([0, 2])]), dominant(("background", "leaf", "stone")))
    check_learnable(whole, whole)
    with pytest.raises(InputError, match="'leaf'"):
        check_learnable(Augmented(Pairs([pair([0, 1])]), dominant(("background", "leaf", "stone"))), whole)


def test_two_tone_masks_disguised_as_camvid_are_refused_and_told_where_they_belong(tmp_path):
    root = tiny.camvid_folder(tmp_path)
    for path in root.glob("*annot/*.png"):
        label = np.asarray(Image.open(path))
        Image.fromarray(np.where(label == 0, 0, 255).astype(np.uint8)).save(path)
    with pytest.raises(InputError, match=r"'sky' or void .*--data folder reads two-tone masks as background"):
        check_learnable(CamVid(root), CamVid(root, "val"))
