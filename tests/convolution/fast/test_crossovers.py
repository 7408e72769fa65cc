"""Which of the fast ways is chosen for which shape."""

import numpy as np
import pytest

from minifcn.convolution.fast.crossovers import fastest
from minifcn.convolution.geometry import How

PLAIN = How()


@pytest.mark.parametrize(
    "images, size, weight, how, chosen",
    [
        (1, (698, 698), (64, 64, 3, 3), PLAIN, "winograd"),
        (1, (500, 500), (64, 3, 3, 3), PLAIN, "im2col"),  # few channels
        (1, (14, 14), (512, 512, 3, 3), PLAIN, "im2col"),  # 16 tiles
        (1, (18, 18), (512, 512, 3, 3), PLAIN, "winograd"),  # 25 tiles, and 6.6 million pairs of channels
        (8, (10, 10), (64, 64, 3, 3), PLAIN, "im2col"),  # 72 tiles, but only 0.3 million
        (8, (10, 10), (128, 128, 3, 3), PLAIN, "winograd"),
        (8, (96, 96), (16, 16, 3, 3), PLAIN, "winograd"),  # 4608 tiles, 1.2 million
        (2, (96, 96), (16, 16, 3, 3), PLAIN, "im2col"),  # 1152 tiles, but only 0.3 million
        (8, (96, 96), (15, 64, 3, 3), PLAIN, "im2col"),  # few channels
        (8, (96, 96), (64, 15, 3, 3), PLAIN, "im2col"),
        (1, (698, 698), (64, 64, 3, 5), PLAIN, "im2col"),
        (1, (698, 698), (64, 64, 1, 1), PLAIN, "im2col"),
        (1, (698, 698), (64, 64, 3, 3), How(stride=(2, 1)), "im2col"),
        (1, (698, 698), (64, 64, 3, 3), How(dilation=(1, 2)), "im2col"),
        (1, (698, 698), (64, 32, 3, 3), How(groups=2), "im2col"),
    ],
)
def test_auto(images, size, weight, how, chosen):
    assert fastest(np.empty(images, "float32"), size, weight, how) == chosen
    assert fastest(np.empty(images, "float64"), size, weight, how) == chosen
    assert fastest(np.empty(images, "float16"), size, weight, how) == "im2col"
