"""A whole image at once and patch by patch: the same scores."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minifcn.alternatives import dense, patch_by_patch
from minifcn.backend import to_device
from minifcn.errors import InputError
from minifcn.layers import Conv2d, MaxPool2d, ReLU, Sequential

from .drawing import conv, drawn, nets, row, two_step

BOTH = pytest.mark.parametrize("road", [dense, patch_by_patch])


@BOTH
def test_by_hand(road):
    # Differences 2 -1 3 0 5 -2, of pairs 2 3 5. A score sees 5 pixels; patches begin at pixels 0 and 2.
    np.testing.assert_array_equal(road(two_step(), row(0, 2, 1, 4, 4, 9, 7, 7)), row(32, 53))


@drawn(80)
@given(nets(), st.integers(1, 5))
def test_they_are_equal(case, batch):
    net, image = case
    scores = dense(net, image)
    np.testing.assert_array_equal(scores, net(image))
    found = patch_by_patch(net, image, batch)
    assert found.shape == scores.shape
    np.testing.assert_allclose(found, scores, rtol=0, atol=1e-10)


def test_patches_are_a_stride_apart_along_each_axis():
    net = [conv(1, stride=3)]
    np.testing.assert_array_equal(patch_by_patch(net, row(1, 2, 3, 4, 5, 6, 7, 8)), row(1, 4, 7))


@BOTH
def test_the_net_is_left_as_it_was(road):
    net = two_step()
    net(row(0, 2, 1, 4, 4))
    road(net, row(9, 9, 9, 0, 0))
    assert net.training
    net.backward(row(1))
    np.testing.assert_array_equal(net.named["3"].weight.grad, row(2, 3))


@BOTH
def test_on_the_device(road, device):
    net = Sequential(Conv2d(2, 3, 3, rng=np.random.default_rng(0)), ReLU(), MaxPool2d(2), Conv2d(3, 2, 2))
    image = np.random.default_rng(1).standard_normal((2, 2, 9, 8), "float32")
    expected = road(net, image)
    device.assert_same(road(net.to("gpu"), to_device(image, "gpu")), expected)


@BOTH
@pytest.mark.parametrize(
    "net, problem",
    [
        ([Conv2d(1, 1, 3, padding=1)], r"{}: layer 0 pads by \(1, 1\): set that to 0 and pad the image"),
        ([Conv2d(1, 1, 9)], "{}: the image has 8x8 pixels, a score sees 9x9: use a larger image"),
        ([Conv2d(1, 1, 1), ReLU(), 3], "{}: layer 2 is a int, expected Conv2d, ReLU or MaxPool2d"),
    ],
)
def test_what_is_refused(road, net, problem):
    with pytest.raises(InputError, match=problem.format(road.__name__)):
        road(net, np.zeros((1, 1, 8, 8), "float32"))


@pytest.mark.parametrize("batch", [0, 1.5])
def test_no_batch(batch):
    with pytest.raises(InputError, match="patch_by_patch: batch is"):
        patch_by_patch(two_step(), row(1, 2, 3, 4, 5), batch)
