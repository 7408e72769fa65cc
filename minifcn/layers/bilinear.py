"""Bilinear interpolation as a transposed convolution (Long et al. 2015, section 3.3).

Every pixel spreads a tent over its surroundings: 1 at its own place, down to 0 where the next pixel lies. Between two
pixels the two tents that overlap sum to 1: that is linear interpolation. Beyond the last pixel there is nothing to
overlap with, so there the sum falls off to 0, as if the map went on with zeros. Interpolation (PyTorch's
`interpolate(..., mode="bilinear", align_corners=False)`, and `Upsample` here) goes on with the last pixel instead. So
the two differ in the outermost factor // 2 pixels on each side, and nowhere else.
"""

import numpy as np

from minifcn.backend import Array
from minifcn.checks import check_fits, float_dtype, whole
from minifcn.errors import InputError
from minifcn.layers.conv_transpose import ConvTranspose2d


def bilinear_weight(channels: int, kernel_size: int, groups: int = 1, dtype: str = "float32") -> Array:
    """Weights (channels, channels/groups, k, k) that make ConvTranspose2d interpolate each channel.

    With a stride of s the kernel has 2s or 2s - 1 taps, so kernel_size tells the stride, (k + 1) // 2. With as many
    groups as channels there is one kernel for each; with 1, one for each pair, 0 but for a channel with itself.
    Raises InputError where a number is below 1 or the groups do not divide the channels.
    """
    for name, value in (("channels", channels), ("kernel_size", kernel_size), ("groups", groups)):
        whole(value, f"bilinear_weight: {name}", 1)
    check_fits("bilinear_weight: the weight", (channels, channels // groups, kernel_size, kernel_size))
    if channels % groups:
        raise InputError(f"bilinear_weight: {channels} channels do not divide into {groups} groups")
    factor = (kernel_size + 1) // 2
    tent = 1 - np.abs(np.arange(kernel_size) - (kernel_size - 1) / 2) / factor  # (k,)
    shape = channels, channels // groups, kernel_size, kernel_size
    weight = np.zeros(shape, float_dtype(dtype, "bilinear_weight: dtype"))
    every = np.arange(channels)
    weight[every, every % (channels // groups)] = np.outer(tent, tent)
    return weight


def bilinear_upsampling(channels: int, factor: int, dtype: str = "float32") -> ConvTranspose2d:
    """A ConvTranspose2d that interpolates (N, C, H, W) -> (N, C, H*factor, W*factor).

    One kernel for each channel, of 2*factor taps for an even factor and 2*factor - 1 for an odd one: then the kernel's
    middle falls on the pixel's. Raises InputError for a factor that is no whole number above 0.
    """
    factor = whole(factor, "factor", 1)
    kernel_size, padding = 2 * factor - factor % 2, factor // 2
    layer = ConvTranspose2d(channels, channels, kernel_size, factor, padding, groups=channels, bias=False)
    layer.weight.data = bilinear_weight(channels, kernel_size, channels, dtype)
    return layer
