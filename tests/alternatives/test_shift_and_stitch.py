"""Scores at every pixel from shifted images: by hand, and each the net's answer to its own pixels."""

import numpy as np
import pytest
from hypothesis import given

from minifcn.alternatives import multiply_adds, rarefied, receptive_field, shift_and_stitch, total_stride
from minifcn.alternatives.shift_and_stitch import shifts
from minifcn.backend import to_device, to_host
from minifcn.errors import InputError
from minifcn.layers import AvgPool2d, Conv2d, MaxPool2d, ReLU, Sequential

from .drawing import conv, drawn, nets, row, two_step

IMAGE = row(0, 2, 1, 4, 4, 9, 7, 8)


def test_two_shifts_by_hand():
    # Differences 2 -1 3 0 5 -2 1, rectified 2 0 3 0 5 0 1.
    # No shift: the largest of (2 0), (3 0), (5 0): 2 3 5, and 2 + 30 = 32, 3 + 50 = 53.
    # By 1: of (0 3), (0 5), (0 1): 3 5 1, and 3 + 50 = 53, 5 + 10 = 15.
    np.testing.assert_array_equal(two_step()(IMAGE), row(32, 53))
    np.testing.assert_array_equal(two_step()(IMAGE[..., 1:]), row(53, 15))
    np.testing.assert_array_equal(shift_and_stitch(two_step(), IMAGE), row(32, 53, 53, 15))


def test_a_list_of_layers_and_columns_by_hand():
    pool = MaxPool2d((3, 1), (2, 1))
    image = np.array([5.0, 1, 2, 0, 7, 3]).reshape(1, 1, 6, 1)
    np.testing.assert_array_equal(shift_and_stitch([pool], image).ravel(), [5, 2, 7, 7])


@drawn(60)
@given(nets())
def test_each_score_is_the_net_s_answer_to_its_own_pixels(case):
    net, image = case
    (rows, cols), (h, w) = receptive_field(net), image.shape[2:]
    stitched = shift_and_stitch(net, image)
    assert stitched.shape[2:] == (h - rows + 1, w - cols + 1)
    for i, j in np.ndindex(*stitched.shape[2:]):
        answer = net(image[:, :, i : i + rows, j : j + cols].copy())
        np.testing.assert_allclose(stitched[:, :, i : i + 1, j : j + 1], answer, rtol=0, atol=1e-10)


@drawn(40)
@given(nets())
def test_every_f_th_score_is_that_of_the_whole_image(case):
    net, image = case
    f, g = total_stride(net)
    np.testing.assert_allclose(shift_and_stitch(net, image)[:, :, ::f, ::g], net(image), rtol=0, atol=1e-10)


def test_field_stride_and_work_by_hand():
    net = [Conv2d(3, 4, (3, 5), (2, 1)), ReLU(), MaxPool2d(2), Conv2d(4, 6, 3, dilation=2, groups=2)]
    assert total_stride(net) == (4, 2)
    assert receptive_field(net) == (3 + 2 * 1 + 4 * 4, 5 + 1 * 1 + 2 * 4)
    # 21x15 pixels -> 10x11 -> 5x5 -> 1x1
    assert multiply_adds(net, (21, 15)) == 10 * 11 * 4 * 3 * 15 + 1 * 1 * 6 * 2 * 9


def test_why_padding_is_refused():
    # Without the stride the scores of 1 2 3 4 are 210 321 432 43. Shifted by 1 the image has a 0 where its 1 was.
    padded = Conv2d(1, 1, (1, 3), padding=(0, 1), bias=False).astype("float64")
    padded.weight.data[...] = row(1, 10, 100)
    net, image = Sequential(padded, conv(1, stride=2)), row(1, 2, 3, 4)
    np.testing.assert_array_equal(rarefied(net)(image), row(210, 321, 432, 43))
    np.testing.assert_array_equal(net(image), row(210, 432))
    np.testing.assert_array_equal(net(image[..., 1:]), row(320, 43))


def test_an_image_with_room_for_fewer_scores_than_shifts():
    net = [conv(1, 1, stride=3)]
    assert shifts(net, (1, 3)) == [(0, 0), (0, 1)]
    np.testing.assert_array_equal(shift_and_stitch(net, row(1, 2, 4)), row(3, 6))


def test_the_net_is_left_as_it_was():
    net = two_step()
    net(IMAGE)
    shift_and_stitch(net, 9 * IMAGE)
    assert net.training
    net.backward(row(1, 100))  # of the first call: x's gradient
    # d/d weights (a, b) of 32 = (2 + 30) and of 53, from the winning differences x[1] - x[0], x[3] - x[2], x[5] - x[4]:
    # 1 (a: 0 + 10 * 1, b: 2 + 10 * 4) + 100 (a: 1 + 10 * 4, b: 4 + 10 * 9)
    np.testing.assert_array_equal(net.named["0"].weight.grad, row(10 + 4100, 42 + 9400))


def test_on_the_device(device):
    net = Sequential(Conv2d(2, 3, 3, rng=np.random.default_rng(0)), ReLU(), MaxPool2d(2), Conv2d(3, 2, 2))
    image = np.random.default_rng(1).standard_normal((1, 2, 9, 8), "float32")
    expected = shift_and_stitch(net, image)
    device.assert_same(shift_and_stitch(net.to("gpu"), to_device(image, "gpu")), expected)
    assert to_host(net.named["0"].weight.data).shape == (3, 2, 3, 3)


@pytest.mark.parametrize(
    "net, problem",
    [
        (Conv2d(1, 1, 1), "the net is a Conv2d, expected a Sequential or a list"),
        ([Conv2d(1, 1, 1), AvgPool2d(2)], "layer 1 is a AvgPool2d, expected"),
        ([Conv2d(1, 1, 1), Sequential()], "layer 1 is a Sequential, expected"),
        ([MaxPool2d(2, ceil_mode=True)], "layer 0 pools in ceil mode"),
        ([MaxPool2d(2, return_indices=True)], "layer 0 returns indices"),
        ([ReLU(inplace=True)], "layer 0 overwrites the input, which is the caller's: use ReLU"),
        (Sequential({"a": Conv2d(1, 1, 3, padding=(0, 1))}), r"layer a pads by \(0, 1\): .* pad the image"),
        ([MaxPool2d(3, 2, padding=1)], r"layer 0 pads by \(1, 1\)"),
        ([Conv2d(1, 1, (5, 9))], "the image has 8x8 pixels, a score sees 5x9: use a larger image"),
        ([Conv2d(2, 1, 1)], "input has 1 channels, this layer takes 2"),
    ],
)
def test_what_is_refused(net, problem):
    with pytest.raises(InputError, match=problem) as error:
        shift_and_stitch(net, np.zeros((1, 1, 8, 8), "float32"))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("image", [[1.0], np.zeros((1, 8, 8)), np.zeros((1, 1, 8, 8), int)])
def test_no_image(image):
    with pytest.raises(InputError, match=r"image (is|has)"):
        shift_and_stitch(two_step(), image)
