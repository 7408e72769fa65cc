"""A label map over its photograph."""

import numpy as np
from PIL import Image

from minifcn.pictures.overlay import lay_over, save_overlay

PALETTE = np.uint8([[0, 0, 0], [200, 0, 100], [0, 250, 0]])


def test_a_region_is_half_its_colour_its_outline_all_and_background_none():
    image = np.full((9, 9, 3), (100, 50, 255), np.uint8)
    label = np.zeros((9, 9), np.uint8)
    label[2:7, 2:7] = 1
    found = lay_over(image, label, PALETTE, clear=[0])
    np.testing.assert_array_equal(found[4, 4], [150, 25, 178])  # (100 + 200) / 2, (50 + 0) / 2, 177.5 to the even
    np.testing.assert_array_equal(found[2, 4], [200, 0, 100])  # the outline
    np.testing.assert_array_equal(found[3:6, 3:6].reshape(9, 3), [[150, 25, 178]] * 9)
    np.testing.assert_array_equal(found[1, 4], image[1, 4])
    assert (found == image)[label == 0].all()
    np.testing.assert_array_equal(lay_over(image, label, PALETTE)[0, 0], [50, 25, 128])  # a class like any other
    assert (image == (100, 50, 255)).all()


def test_outlines_of_large_photos_are_wider():
    label = np.zeros((3, 3200), np.uint8)
    label[:, 1600:] = 2
    found = lay_over(np.zeros((3, 3200, 3), np.uint8), label, PALETTE)
    assert ((found == PALETTE[2]).all(axis=2).sum(axis=1) == 4).all()


def test_the_file_is_the_photo_in_its_size_and_a_legend_of_what_occurs(tmp_path):
    label = np.zeros((60, 400), np.uint8)
    label[:, 200:] = 2
    image = np.full((60, 400, 3), 90, np.uint8)
    for names in (["bg", "absent " * 9, "leaf $x^2$"], ["bg", "a", "leaf"]):
        save_overlay(tmp_path / "o.jpg", image, label, names, ["50.0 %"] * 3, PALETTE, clear=[0])
    with Image.open(tmp_path / "o.jpg") as picture:
        found = np.asarray(picture).astype(int)
    assert found.shape[1] == 400 and found.shape[0] > 60 + 10  # one line of names: the absent one's is not there
    assert abs(found[:60, :190] - 90).max() < 8 and abs(found[5:55, 230:] - (45, 170, 45)).max() < 8
    greens = (found[60:, :, 1] - found[60:, :, 0] > 150).sum()
    assert 30 < greens < 1000 and (found[-2:] > 240).all()


def test_a_legend_wider_than_its_photo_is_whole(tmp_path):
    image, label = np.zeros((10, 12, 3), np.uint8), np.ones((10, 12), np.uint8)
    save_overlay(tmp_path / "o.jpg", image, label, ["a", "quite a long"], ["", "name"], PALETTE)
    with Image.open(tmp_path / "o.jpg") as picture:
        found = np.asarray(picture)
    assert found.shape[1] > 100 and (found[:, -4:] > 240).all()
