"""An image made a network's input, and the classes of its pixels."""

import json

import numpy as np
import pytest

from minifcn.data import Preprocessing, predict_image
from minifcn.errors import InputError

H, W = 40, 30
IMAGE = np.random.default_rng(0).integers(256, size=(H, W, 3), dtype=np.uint8)


def test_preprocessing_subtracts_the_mean_and_divides_by_the_deviation():
    image = IMAGE.copy()
    image[1, 2] = 9, 109, 209
    x = Preprocessing((10, 20, 30), (1, 2, 4))(image)
    assert (x.dtype, x.shape, x.flags.c_contiguous) == (np.float32, (3, H, W), True)
    np.testing.assert_array_equal(x[:, 1, 2], [9 - 10, (109 - 20) / 2, (209 - 30) / 4])


def test_bgr_turns_the_channels_round_with_their_own_mean_and_deviation():
    rgb = Preprocessing((10, 20, 30), (1, 2, 4))(IMAGE)
    bgr = Preprocessing((10, 20, 30), (1, 2, 4), channels="BGR")(IMAGE)
    np.testing.assert_array_equal(bgr, rgb[::-1])
    assert bgr.flags.c_contiguous


def test_preprocessing_travels_as_json():
    preprocessing = Preprocessing(np.array([1.5, 2.25, 3.0]), (4, 5, 6), channels="BGR")
    assert Preprocessing.from_dict(json.loads(json.dumps(preprocessing.to_dict()))) == preprocessing


def test_red_green_blue_where_nothing_tells_the_order():
    assert Preprocessing.from_dict({"mean": (1, 2, 3), "std": (4, 5, 6)}) == Preprocessing((1, 2, 3), (4, 5, 6), "RGB")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"mean": (1, 2), "std": (1, 1, 1)}, r"mean is \(1, 2\), expected three finite numbers"),
        ({"mean": (1, 2, np.nan), "std": (1, 1, 1)}, "mean is .*, expected three finite numbers"),
        ({"mean": "abc", "std": (1, 1, 1)}, "mean is 'abc', expected three finite numbers"),
        ({"mean": 3, "std": (1, 1, 1)}, "mean is 3, expected three finite numbers"),
        ({"mean": (1, 2, 3), "std": (1, 0, 1)}, r"std is \(1.0, 0.0, 1.0\), expected three numbers above 0"),
        ({"mean": (1, 2, 3), "std": (1, 1, 1), "channels": "GBR"}, "channels is 'GBR', expected 'RGB' or 'BGR'"),
        ({"mean": (1, 2, 3)}, "is not a dict of mean, std and channels"),
        ({"mean": (1, 2, 3), "std": (1, 1, 1), "gamma": 2}, "is not a dict of mean, std and channels"),
        ([1, 2, 3], "is not a dict of mean, std and channels"),
        ({"mean": [10**400, 1, 1], "std": (1, 1, 1)}, "mean is .10000.*000, 1, 1., expected three finite numbers"),
    ],
)
def test_bad_settings_are_named(values, message):
    with pytest.raises(InputError, match=message):
        Preprocessing.from_dict(values)


@pytest.mark.parametrize("image", [IMAGE.astype(np.float32), IMAGE[:, :, 0], np.dstack([IMAGE, IMAGE])])
def test_anything_but_an_rgb_image_of_bytes_is_refused(image):
    with pytest.raises(InputError, match=r"preprocessing: image is .*, expected uint8 \(H, W, 3\) in RGB"):
        Preprocessing((0, 0, 0), (1, 1, 1))(image)


@pytest.mark.parametrize("channels", ["RGB", "BGR"])
def test_one_image_is_predicted_with_the_preprocessing_given(channels):
    def first_channel_names_the_class(x):  # (1, 3, H, W) -> scores (1, 3, H, W)
        return (x[:, :1] == np.arange(3).reshape(1, -1, 1, 1)).astype(np.float32)

    image = np.zeros((2, 5, 3), dtype=np.uint8)
    image[..., 0], image[..., 2] = 10, 20
    label = predict_image(first_channel_names_the_class, image, Preprocessing((8, 8, 8), (2, 2, 12), channels))
    assert label.shape == (2, 5) and label.dtype == np.uint8
    assert (label == 1).all()  # (10 - 8) / 2 in red, (20 - 8) / 12 in blue
