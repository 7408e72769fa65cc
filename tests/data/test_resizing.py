"""Pictures and their masks at another size."""

from argparse import ArgumentTypeError

import numpy as np
import pytest

from minifcn.data import Dataset
from minifcn.data.resizing import Resized, parse_size, resize_image, resize_label, resized, size_text
from minifcn.errors import InputError


def test_a_size_is_the_longer_side_or_width_and_height():
    assert parse_size("640") == (640,) and parse_size("640x480") == (640, 480)
    assert size_text("640") == "640" and size_text("0640X480") == "640x480"
    assert resized((640,), (480, 960)) == (320, 640) and resized((640,), (960, 480)) == (640, 320)
    assert resized((10,), (3, 4)) == (8, 10)  # 7.5, to the nearest and upwards
    assert resized((640, 480), (5, 5)) == (480, 640)  # height before width, as arrays have it
    assert resized((7,), (1000, 1)) == (7, 1)


@pytest.mark.parametrize(
    "text", ["", "0", "640x", "x480", "640x0", "-5", "6.5", "1e3", "640x480x3", "65536", "٣", "9" * 99]
)
def test_what_is_no_size_is_refused_in_one_line(text):
    said = r"size .* is none, expected 640 .* or 640x480 [^\n]*$"
    with pytest.raises(InputError, match=said):
        parse_size(text)
    with pytest.raises(ArgumentTypeError, match=said):
        size_text(text)


@pytest.mark.parametrize("shape", [(37, 91), (20, 33), (150, 211), (61, 64), (7, 9)])
def test_a_mask_lies_over_its_picture_to_half_a_pixel(shape):
    """An edge between black and white, at a known place: in both it comes to lie where the factor says."""
    height, width, edge = 61, 97, 40
    label = np.zeros((height, width), np.uint8)
    label[:, edge:] = 1
    picture, mask = resize_image(np.dstack([255 * label] * 3), shape), resize_label(label, shape)
    assert picture.shape == (*shape, 3) and mask.shape == shape and picture.dtype == mask.dtype == np.uint8
    there = edge * shape[1] / width
    assert abs((mask == 0).sum(axis=1) - there).max() <= 0.5
    assert abs((255 - picture[..., 0].astype(float)).sum(axis=1) / 255 - there).max() <= 0.2

    turned = resize_label(label.T, shape[::-1])
    np.testing.assert_array_equal(turned, mask.T)


def test_images_are_smoothed_and_masks_get_no_new_class():
    noise = np.random.default_rng(0).integers(0, 2, (90, 90), np.uint8)
    small = resize_image(np.dstack([noise * 255] * 3), (9, 9))
    assert abs(small.astype(float) - 127.5).max() < 60  # each is the mean of a hundred and more
    noise[noise == 1] = 255
    assert set(np.unique(resize_label(noise, (31, 47)))) == {0, 255}


def test_the_same_size_is_the_same_image():
    image = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    np.testing.assert_array_equal(resize_image(image, (5, 7)), image)


class Two(Dataset):
    name, classes, palette, mean, std, names = "two", ("a", "b"), np.eye(2, 3, dtype=np.uint8), (1,), (2,), ("x", "y")

    def __len__(self):
        return 2

    def load(self, index):
        return np.full((10 + 10 * index, 20, 3), 9, np.uint8), np.full((10 + 10 * index, 20), index, np.uint8)


def test_a_data_set_is_resized_pair_by_pair():
    whole, small = Two(), Resized(Two(), (10,))
    assert [[array.shape for array in small[i]] for i in range(2)] == [[(5, 10, 3), (5, 10)], [(10, 10, 3), (10, 10)]]
    assert (small[-1][1] == 1).all() and (small[0][0] == 9).all() and len(small) == 2 and small.n_class == 2
    for name in ("name", "classes", "palette", "mean", "std", "names"):
        assert getattr(small, name) is getattr(whole, name)
