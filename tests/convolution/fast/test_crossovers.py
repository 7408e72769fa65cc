"""Which of the fast ways is chosen for which shape."""

import numpy as np
import pytest

from minifcn.convolution.fast.crossovers import fastest, fastest_transposed
from minifcn.convolution.geometry import How
from minifcn.layers import bilinear_weight

PLAIN = How()


@pytest.mark.parametrize(
    "size, weight, how, chosen",
    [
        ((698, 698), (64, 64, 3, 3), PLAIN, "winograd"),
        ((500, 500), (64, 3, 3, 3), PLAIN, "im2col"),  # few channels
        ((6, 6), (512, 512, 3, 3), PLAIN, "im2col"),  # a single tile
        ((14, 14), (512, 512, 3, 3), PLAIN, "winograd"),
        ((12, 12), (64, 124, 3, 3), PLAIN, "im2col"),  # 4 tiles, 31,744 in all
        ((12, 12), (64, 126, 3, 3), PLAIN, "winograd"),  # 32,256
        ((48, 48), (32, 32, 3, 3), PLAIN, "winograd"),
        ((96, 96), (16, 16, 3, 3), PLAIN, "winograd"),
        ((48, 48), (16, 31, 3, 3), PLAIN, "mec"),  # 64 tiles, 31,744
        ((48, 48), (31, 16, 3, 3), PLAIN, "mec"),
        ((48, 48), (16, 32, 3, 3), PLAIN, "winograd"),  # 32,768
        ((240, 240), (64, 15, 3, 3), PLAIN, "mec"),  # fewer
        ((96, 96), (8, 16, 3, 3), PLAIN, "mec"),
        ((96, 96), (16, 7, 3, 3), PLAIN, "im2col"),  # fewer still
        ((45, 45), (16, 16, 3, 3), PLAIN, "im2col"),  # 32,400 entries
        ((46, 46), (16, 16, 3, 3), PLAIN, "mec"),  # 33,856, and 16,384 in tiles
        ((698, 698), (64, 64, 3, 5), PLAIN, "mec"),
        ((60, 60), (128, 512, 5, 5), PLAIN, "mec"),
        ((60, 60), (512, 129, 5, 5), PLAIN, "im2col"),  # many channels: copies are little beside the products
        ((698, 698), (64, 64, 1, 1), PLAIN, "im2col"),
        ((698, 698), (64, 64, 3, 3), How(stride=(2, 1)), "im2col"),
        ((698, 698), (64, 64, 3, 3), How(dilation=(1, 2)), "mec"),
        ((698, 698), (64, 32, 3, 3), How(groups=2), "im2col"),
    ],
)
def test_auto(size, weight, how, chosen):
    for images in (1, 8):  # a batch is cut differently on each number of machines
        assert fastest(np.empty(images, "float32"), size, weight, how) == chosen
        assert fastest(np.empty(images, "float64"), size, weight, how) == chosen
        assert fastest(np.empty(images, "float16"), size, weight, how) == "im2col"


@pytest.mark.parametrize(
    "x, weight, how, chosen",
    [  # x (N, I, h, w), weight (I, O/groups, kh, kw)
        ((8, 21, 12, 12), (21, 21, 16, 16), How.of(8), "phases"),  # upscore8 of 96x96 pixels
        ((1, 21, 16, 16), (21, 21, 64, 64), How.of(32), "phases"),  # FCN-32s' of 500x500
        ((1, 21, 16, 16), (21, 21, 63, 63), How.of(32), "phases"),
        ((1, 21, 16, 16), (21, 1, 64, 64), How.of(32, groups=21), "phases"),
        ((1, 21, 16, 16), (21, 21, 4, 4), How.of(2), "phases"),
        ((8, 21, 3, 3), (21, 21, 4, 4), How.of(2), "im2col"),  # 72 pixels, of which the kernels need 105
        ((8, 21, 3, 3), (21, 1, 4, 4), How.of(2, groups=21), "phases"),  # and here 5
        ((8, 4, 6, 6), (4, 4, 4, 4), How.of(2), "im2col"),  # little to do in each image: 2,304 entries
        ((4, 32, 32, 32), (32, 64, 4, 4), How.of(2), "phases"),
        ((4, 64, 32, 32), (64, 3, 4, 4), How.of(2), "im2col"),  # many channels to few
        ((4, 32, 32, 32), (32, 32, 2, 2), How.of(2), "im2col"),  # nothing overlaps
        ((4, 32, 32, 32), (32, 32, 3, 3), How.of(2), "im2col"),  # 7 zeros to 9 numbers
        ((4, 32, 32, 32), (32, 32, 7, 7), How.of(4), "phases"),  # 15 to 49
        ((4, 32, 32, 32), (32, 32, 4, 4), How.of((1, 2)), "im2col"),
        ((4, 32, 32, 32), (32, 32, 4, 4), How.of(2, dilation=2), "im2col"),
        ((4, 64, 48, 48), (64, 64, 3, 3), How.of(padding=1), "winograd"),  # without a stride as any convolution
    ],
)
def test_auto_of_a_transposed_convolution(x, weight, how, chosen):
    drawn = np.random.default_rng(0).standard_normal(weight, "float32")
    assert fastest_transposed(np.empty(x, "float32"), drawn, how) == chosen
    assert fastest_transposed(np.empty(x, "float64"), drawn.astype("float64"), how) == chosen
    if chosen == "phases":
        assert fastest_transposed(np.empty(x, "float16"), drawn.astype("float16"), how) == "im2col"


@pytest.mark.parametrize("groups", [1, 21])
@pytest.mark.parametrize("images, size, kernel_size, stride", [(8, 12, 16, 8), (8, 3, 4, 2), (1, 16, 63, 32)])
def test_auto_of_bilinear_upsampling(images, size, kernel_size, stride, groups):
    x, weight = np.empty((images, 21, size, size), "float32"), bilinear_weight(21, kernel_size, groups)
    assert fastest_transposed(x, weight, How.of(stride, groups=groups)) == "separable"
    assert fastest_transposed(x[:1, :, :2, :1], weight[:, :, :4, :4], How.of(2, groups=groups)) == "im2col"  # little
    weight[-1, 0, 0, 0] += 1
    assert fastest_transposed(x, weight, How.of(stride, groups=groups)) != "separable"
