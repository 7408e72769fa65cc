"""Labels of whole images, and data sets seen through an augmentation."""

import numpy as np
import pytest

from minifcn.data import VOID, Augmented, Batches, Preprocessing, Scenes, compose, crop, dominant

IMAGE = np.zeros((2, 3, 3), np.uint8)


@pytest.mark.parametrize(
    "label, background, other",
    [
        ([[0, 0, 0], [0, 2, 1]], VOID, 0),  # two objects of one size; more than half is class 0
        ([[0, 0, 2], [0, 2, 1]], 2, VOID),  # two of three object pixels; 0 has exactly half
        ([[0, 0, 0], [0, 0, 1]], 1, 0),
        ([[0, 0, 0], [0, 0, 0]], VOID, 0),
        ([[VOID, VOID, VOID], [VOID, 0, 2]], 2, VOID),
        ([[VOID] * 3] * 2, VOID, VOID),
    ],
)
def test_the_class_of_more_than_half_of_the_labelled_pixels(label, background, other):
    label = np.array(label, np.uint8)
    for first, expected in (("background", background), ("sky", other)):
        image, found = dominant((first, "cat", "dog"))(IMAGE, label, None)
        assert image is IMAGE and found.shape == () and found.dtype == np.uint8 and found == expected


def test_a_view_is_the_same_at_every_look_and_differs_from_pair_to_pair():
    scenes = Scenes(size=32, count=4)
    view = Augmented(scenes, crop(16), seed=3)
    assert len(view) == 4 and view.classes == scenes.classes and view.mean == scenes.mean
    places = []
    for number in range(4):
        image, label = view[number]
        np.testing.assert_array_equal(image, view[number][0])
        whole, marks = scenes[number]
        found = [
            (top, left)
            for top in range(17)
            for left in range(17)
            if (whole[top : top + 16, left : left + 16] == image).all()
            and (marks[top : top + 16, left : left + 16] == label).all()
        ]
        assert len(found) == 1
        places += found
    assert len(set(places)) > 1
    assert any((view[n][0] != Augmented(scenes, crop(16), seed=4)[n][0]).any() for n in range(4))


def test_a_batch_of_labels_of_whole_images_has_one_for_each():
    scenes = Scenes(size=32, count=3)
    batches = Batches(scenes, 3, Preprocessing((0, 0, 0), (1, 1, 1)), compose(crop(16), dominant(scenes.classes)))
    [(images, labels, order)] = batches.epoch(0)
    assert images.shape == (3, 3, 16, 16) and labels.shape == (3,) and labels.dtype == np.uint8
    assert sorted(order) == [0, 1, 2]
