"""Which algorithm is chosen for which shape, and what is refused."""

import numpy as np
import pytest

from minifcn.convolution.algorithms import choose
from minifcn.errors import InputError

PLAIN = ((1, 1), (1, 1), (1, 1), 1)  # stride, padding, dilation, groups


@pytest.mark.parametrize(
    "x, weight, how, chosen",
    [
        ((1, 64, 698, 698), (64, 64, 3, 3), PLAIN, "winograd"),
        ((1, 3, 500, 500), (64, 3, 3, 3), PLAIN, "im2col"),  # few channels
        ((1, 512, 16, 16), (512, 512, 3, 3), PLAIN, "im2col"),  # 16 tiles
        ((1, 512, 20, 20), (512, 512, 3, 3), PLAIN, "winograd"),  # 25 tiles, and 6.6 million pairs of channels
        ((8, 64, 12, 12), (64, 64, 3, 3), PLAIN, "im2col"),  # 72 tiles, but only 0.3 million
        ((8, 128, 12, 12), (128, 128, 3, 3), PLAIN, "winograd"),
        ((8, 8, 48, 48), (8, 8, 3, 3), PLAIN, "winograd"),  # 0.07 million, but 1152 tiles
        ((8, 4, 48, 48), (8, 4, 3, 3), PLAIN, "im2col"),  # few channels
        ((1, 64, 698, 698), (64, 64, 3, 5), PLAIN, "im2col"),
        ((1, 64, 698, 698), (64, 64, 1, 1), PLAIN, "im2col"),
        ((1, 64, 698, 698), (64, 64, 3, 3), ((2, 1), (1, 1), (1, 1), 1), "im2col"),
        ((1, 64, 698, 698), (64, 64, 3, 3), ((1, 1), (1, 1), (1, 2), 1), "im2col"),
        ((1, 64, 698, 698), (64, 32, 3, 3), ((1, 1), (1, 1), (1, 1), 2), "im2col"),
    ],
)
def test_auto(x, weight, how, chosen):
    x = np.broadcast_to(np.float32(0), x)
    assert choose("auto", x, weight, *how) == chosen
    assert choose("auto", np.broadcast_to(np.float16(0), x.shape), weight, *how) == "im2col"


@pytest.mark.parametrize("name", ["loops", "im2col", "winograd"])
def test_what_is_asked_for_is_taken(name):
    assert choose(name, np.zeros((1, 1, 3, 3)), (1, 1, 3, 3), *PLAIN) == name


@pytest.mark.parametrize(
    "weight, how, given",
    [
        ((4, 4, 3, 2), PLAIN, "given 3x2"),
        ((4, 4, 3, 3), ((2, 2), (1, 1), (1, 1), 1), r"stride \(2, 2\)"),
        ((4, 4, 3, 3), ((1, 1), (1, 1), (2, 2), 1), r"dilation \(2, 2\)"),
        ((4, 2, 3, 3), ((1, 1), (1, 1), (1, 1), 2), "groups 2"),
    ],
)
def test_winograd_where_it_does_not_apply(weight, how, given):
    with pytest.raises(InputError, match=f"algorithm winograd is for 3x3 kernels.*{given}.*use auto"):
        choose("winograd", np.zeros((1, 4, 20, 20)), weight, *how)
