"""Lesson 16's exercises. Write each, then: python -m lessons test 16"""

import numpy as np


def attainable(operations, moved, peak, bandwidth):
    """How many operations a second a layer may reach, by the roofline.

    operations   of the layer in all; moved: bytes in and out in all
    peak         operations a second; bandwidth: bytes a second

    attainable(100, 50, 1000, 200) is 400.
    """
    raise NotImplementedError


def f23(d, g):
    """Winograd's F(2, 3): two outputs of a kernel of three.

    d   four pixels; g: three weights. They may be floats, or objects that
        count how often a pixel and a weight are multiplied: four times.
    Returns (y0, y1). Halving is no such product: write `/ 2`.
    """
    raise NotImplementedError


def in_bands(x, weight, padding, rows, convolve):
    """A convolution, a band of output rows at a time.

    x          an image, (h, w); weight: a kernel, (kh, kw)
    padding    rows and columns of zeros around the image
    rows       output rows of a band; the last band may have fewer
    convolve   convolve(part, weight) -> the convolution of a part, without
               padding. Call it once for each band, with no more rows of the
               padded image than that band's windows see.
    Returns y, (h + 2*padding - kh + 1, w + 2*padding - kw + 1).
    """
    raise NotImplementedError


def gather(columns, row, col, stride):
    """What one thread of a gathering col2im adds up: all that comes to a pixel.

    columns    (kh, kw, oh, ow): columns[i, j, y, x] belongs to tap (i, j) of
               the window that begins at row y * stride, column x * stride
    row, col   of the pixel; no padding, no dilation
    Returns a number: 0 where no window sees the pixel.
    """
    raise NotImplementedError
