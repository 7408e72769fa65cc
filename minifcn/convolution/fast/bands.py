"""Convolution as im2col + matrix product, band by band, with its two gradients.

    y = W x + b  every window a column, one product for all           conv2d
    dx = W^T dy  the columns' gradient, added back to the windows     conv2d_grad_input   (a transposed convolution)
    dW = dy x^T  the same columns once more                           conv2d_grad_weight

The columns of a whole layer are kh*kw times as large as its input and fit no cache. So the work goes in bands of output
rows whose columns do: they are made, multiplied and forgotten while still in the cache. Several bands are worked on
at a time; where there is only one, its channels are.

Shapes: x (N, C, H, W), weight (O, C/groups, kh, kw), y (N, O, oh, ow). Settings as in PyTorch, each a number or a pair.
"""

import math

from minifcn.backend import array_module
from minifcn.backend.parallel import PARTS, bands, cut, room, run_all, scratch
from minifcn.convolution.checks import check_bias, check_channels, check_numbers, check_output, check_same_kind
from minifcn.convolution.geometry import conv_output_size, conv_pairs, pair
from minifcn.convolution.im2col import add_to_windows, pad, part, windows
from minifcn.errors import InputError

BAND_BYTES = 1 << 20  # columns of a band: about one core's L2 cache
BAND_PIXELS = 256  # but as much as the weights that they are multiplied with, up to so many columns
WORTH_PARTS = 1 << 23  # multiplications of a single band that is cut: fewer are done before a second thread has begun
LANES = 4  # independent sums of the weight gradient, whatever the number of cores, so that results do not depend on it
LANE_BYTES = 1 << 22  # a larger weight gradient (fc6: 411 MB) has one lane: each lane holds a gradient of its own


def conv2d(x, weight, stride=1, padding=0, dilation=1, groups=1, bias=None):
    """Convolve x (N, C, H, W) with weight (O, C/groups, kh, kw), add bias (O,) -> y (N, O, oh, ow), in their dtype.

    Raises InputError where axes, channels or dtypes do not match or the kernel is larger than the padded input.
    """
    check_channels(x, weight, groups)
    check_bias(bias, weight)
    kernel_size, stride, padding, dilation = conv_pairs(weight.shape[2:], stride, padding, dilation)
    n, o = x.shape[0], weight.shape[0]
    oh, ow = conv_output_size(x.shape[2:], kernel_size, stride, padding, dilation)
    xp = array_module(x)
    w = weight.reshape(groups, o // groups, -1)  # (G, O/G, C/G*kh*kw)
    y = xp.empty((n, o, oh, ow), dtype=x.dtype)
    shift = None if bias is None else bias.reshape(groups, o // groups, 1)  # (G, O/G, 1)
    pieces = _column_bands(y.shape, w[..., 0, :].nbytes, w.nbytes, xp)
    parts = _parts(w.size * n * oh * ow) if len(pieces) == 1 else 1

    def convolve(images, rows):
        columns = _columns(x, images, rows, kernel_size, stride, padding, dilation, groups, parts)  # (G, C/G*kh*kw, t)
        band = y[images, :, rows]
        band = band.reshape(len(band), groups, -1, *band.shape[2:])  # (n, G, O/G, r, ow)

        def multiply(some):
            if len(band) == 1:
                product = xp.matmul(w[:, some], columns, out=band[0, :, some].reshape(groups, -1, columns.shape[2]))
            else:
                product = scratch("product", (*w[:, some].shape[:2], columns.shape[2]), x.dtype, xp)
                xp.matmul(w[:, some], columns, out=product)
            if shift is not None:
                product += shift[:, some]
            if len(band) > 1:
                band[:, :, some] = product.reshape(*product.shape[:2], len(band), -1, ow).transpose(2, 0, 1, 3, 4)

        run_all(multiply, cut(o // groups, parts), xp)

    run_all(convolve, pieces, xp)
    return y


def conv2d_grad_input(dy, weight, input_size, stride=1, padding=0, dilation=1, groups=1):
    """The gradient of conv2d's input: dy (N, O, oh, ow) -> dx (N, C, H, W) with (H, W) = input_size.

    As a layer of its own this is the transposed convolution.
    Raises InputError where axes or dtypes do not match, or where conv2d of `input_size` does not give dy's size.
    """
    check_output("dy", dy, weight, input_size, stride, padding, dilation, groups)
    kernel_size, stride, padding, dilation = conv_pairs(weight.shape[2:], stride, padding, dilation)
    (h, w), (n, o, oh, ow) = pair(input_size), dy.shape
    taps, c = math.prod(kernel_size), weight.shape[1] * groups
    gathered = weight.size + n * o * taps * h * w  # entries to copy: the flipped kernels, dy's windows
    scattered = n * c * taps * oh * ow  # entries to add, which costs twice as much
    if stride == (1, 1) and (taps == 1 or gathered <= 2 * scattered):
        # Without a stride it is a convolution with the flipped kernel, which gathers and never adds twice.
        full = [d * (k - 1) - p for k, p, d in zip(kernel_size, padding, dilation)]
        cropped = pad(dy, [min(0, p) for p in full])
        return conv2d(cropped, flipped(weight, groups), 1, tuple(max(0, p) for p in full), dilation, groups)

    xp = array_module(dy)
    wt = weight.reshape(groups, o // groups, -1).transpose(0, 2, 1)  # (G, C/G*kh*kw, O/G)
    dx = xp.zeros((n, c, h + 2 * padding[0], w + 2 * padding[1]), dtype=dy.dtype)
    reach = dilation[0] * (kernel_size[0] - 1) + 1
    overlap = -(-reach // stride[0]) - 1  # so many rows of windows further down still see a window's pixels
    pieces = _column_bands(dy.shape, wt[..., 0].nbytes, weight.nbytes, xp, least_rows=overlap)
    parts = _parts(weight.size * n * oh * ow) if len(pieces) == groups == 1 else 1

    def spread(images, rows):
        band = dy[images, :, rows].transpose(1, 0, 2, 3).reshape(groups, o // groups, -1)  # (G, O/G, t)
        first = rows.start * stride[0]

        def add(some):
            matrix = wt[:, some.start * taps : some.stop * taps]  # (G, c*kh*kw, O/G)
            columns = scratch("columns", (*matrix.shape[:2], band.shape[2]), dy.dtype, xp)
            xp.matmul(matrix, band, out=columns)
            target = dx[images, some.start * groups : some.stop * groups, first:]  # (n, G*c, ..., W)
            columns = columns.reshape(target.shape[1], *kernel_size, len(target), -1, ow).transpose(3, 0, 1, 2, 4, 5)
            add_to_windows(target, columns, stride, dilation)

        run_all(add, cut(c // groups, parts), xp)

    for turn in (pieces[::2], pieces[1::2]):  # neighbours overlap, so every other band at a time
        run_all(spread, turn, xp)
    return dx[:, :, padding[0] : padding[0] + h, padding[1] : padding[1] + w]  # (N, C, H, W)


def conv2d_grad_weight(dy, x, kernel_size, stride=1, padding=0, dilation=1, groups=1):
    """The gradient of conv2d's weight: dy (N, O, oh, ow), x (N, C, H, W) -> dW (O, C/groups, kh, kw).

    Raises InputError where axes or dtypes do not match, or where conv2d of x does not give dy's size.
    """
    check_numbers("dy", dy, "(N, O, oh, ow)")
    check_numbers("x", x, "(N, C, H, W)")
    check_same_kind("dy", dy, "x", x)
    kernel_size, stride, padding, dilation = conv_pairs(kernel_size, stride, padding, dilation)
    xp = array_module(x)
    n, o, oh, ow = dy.shape
    size_out = conv_output_size(x.shape[2:], kernel_size, stride, padding, dilation)
    if (len(x), *size_out) != (n, oh, ow):
        raise InputError(
            f"dy is {n} images of {oh}x{ow}, but the convolution of x gives {len(x)} of {size_out[0]}x{size_out[1]}"
        )
    c, taps = x.shape[1], math.prod(kernel_size)
    shape = groups, o // groups, c // groups * taps
    dw_bytes = math.prod(shape) * x.itemsize
    pieces = _column_bands(dy.shape, c * taps * x.itemsize, dw_bytes, xp)
    lanes = max(1, min(LANES, len(pieces))) if dw_bytes <= LANE_BYTES else 1
    parts = _parts(math.prod(shape) * n * oh * ow) if lanes == 1 else 1

    def correlate(lane):
        dw = xp.empty(shape, dtype=x.dtype) if lane else xp.zeros(shape, dtype=x.dtype)  # no lane: no images
        for number, (images, rows) in enumerate(lane):
            columns = _columns(x, images, rows, kernel_size, stride, padding, dilation, groups, parts)
            band = dy[images, :, rows].transpose(1, 0, 2, 3).reshape(groups, o // groups, -1)  # (G, O/G, t)

            def multiply(some, band=band, columns=columns, first=number == 0):
                add_product(band[:, some], columns.transpose(0, 2, 1), dw[:, some], first)

            run_all(multiply, cut(o // groups, parts), xp)
        return dw

    dw, *others = run_all(correlate, ((pieces[lane::lanes],) for lane in range(lanes)), xp)
    for other in others:
        dw += other
    return dw.reshape(o, c // groups, *kernel_size)


def add_product(a, b, out, first):
    """out += a @ b, or where it is the `first` to be added, out = a @ b."""
    xp = array_module(a)
    product = out if first else scratch("product", out.shape, out.dtype, xp)
    xp.matmul(a, b, out=product)
    if not first:
        out += product


def _column_bands(output_shape, column_bytes, weight_bytes, xp, least_rows=1):
    """The bands of an output (N, O, oh, ow) whose columns, of so many bytes each, have the room they should.

    No band but the last has less than least_rows.
    """
    n, _, oh, ow = output_shape
    row_bytes = ow * column_bytes
    most = max(room(BAND_BYTES, xp), min(weight_bytes, BAND_PIXELS * column_bytes))
    return bands(n, oh, row_bytes, max(most, 2 * least_rows * row_bytes))  # bands are half full at least


def flipped(weight, groups):
    """weight (O, C/G, kh, kw) -> (C, O/G, kh, kw), each kernel flipped along both axes."""
    o, c, kh, kw = weight.shape
    kernels = weight[:, :, ::-1, ::-1].reshape(groups, o // groups, c, kh, kw).transpose(0, 2, 1, 3, 4)
    return kernels.reshape(groups * c, o // groups, kh, kw)  # (C, O/G, kh, kw)


def _parts(multiplications):
    """Into how many parts to cut so much work."""
    return PARTS if multiplications >= WORTH_PARTS else 1


def _columns(x, images, rows, kernel_size, stride, padding, dilation, groups, parts):
    """The columns (G, C/G*kh*kw, n*r*ow) of some images and output rows, in scratch memory; a view for a 1x1 kernel."""
    xp, c = array_module(x), x.shape[1]
    top = rows.start * stride[0] - padding[0]
    height = (rows.stop - rows.start - 1) * stride[0] + dilation[0] * (kernel_size[0] - 1) + 1
    width = x.shape[3] + 2 * padding[1]

    def view(channels):
        pixels = part(x[:, channels], images, top, height, -padding[1], width)
        return windows(pixels, kernel_size, stride, dilation).transpose(1, 2, 3, 0, 4, 5)  # (C, kh, kw, n, r, ow)

    def copy(channels):
        columns[channels] = view(channels)

    if kernel_size == stride == (1, 1):
        columns = view(slice(0, c))
    else:
        ow = (width - dilation[1] * (kernel_size[1] - 1) - 1) // stride[1] + 1
        shape = c, *kernel_size, images.stop - images.start, rows.stop - rows.start, ow
        columns = scratch("columns", shape, x.dtype, xp)
        run_all(copy, cut(c, parts), xp)
    return columns.reshape(groups, math.prod(columns.shape[:3]) // groups, math.prod(columns.shape[3:]))
