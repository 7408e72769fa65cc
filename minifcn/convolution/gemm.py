"""Convolution as im2col + matrix product, band by band, with its two gradients.

    y = W x      every window a column, one product for all           conv2d
    dx = W^T dy  the columns' gradient, added back to the windows     conv2d_grad_input   (a transposed convolution)
    dW = dy x^T  the same columns once more                           conv2d_grad_weight

The columns of a whole layer are kh*kw times as large as its input and fit no cache. So the work goes in bands of output
rows whose columns do: they are made, multiplied and forgotten while still in the cache.

Shapes: x (N, C, H, W), weight (O, C/groups, kh, kw), y (N, O, oh, ow). Settings as in PyTorch, each a number or a pair.
"""

import math

from minifcn.backend import array_module
from minifcn.convolution.checks import check_channels, check_numbers, check_output, check_same_kind
from minifcn.convolution.geometry import conv_output_size, conv_pairs, pair
from minifcn.convolution.im2col import add_to_windows, pad, part, windows
from minifcn.errors import InputError
from minifcn.parallel import run_all, scratch

BAND_BYTES = 1 << 20  # columns of a band: about one core's L2 cache
LANES = 4  # independent sums of the weight gradient, whatever the number of cores, so that results do not depend on it
LANE_BYTES = 1 << 24  # a larger weight (fc6: 411 MB) is summed in one lane: each lane holds a gradient of its own


def conv2d(x, weight, stride=1, padding=0, dilation=1, groups=1):
    """Convolve x (N, C, H, W) with weight (O, C/groups, kh, kw) -> y (N, O, oh, ow), in their dtype.

    Raises InputError where axes, channels or dtypes do not match or the kernel is larger than the padded input.
    """
    check_channels(x, weight, groups)
    kernel_size, stride, padding, dilation = conv_pairs(weight.shape[2:], stride, padding, dilation)
    n, o = x.shape[0], weight.shape[0]
    oh, ow = conv_output_size(x.shape[2:], kernel_size, stride, padding, dilation)
    xp = array_module(x)
    w = weight.reshape(groups, o // groups, -1)  # (G, O/G, C/G*kh*kw)
    y = xp.empty((n, o, oh, ow), dtype=x.dtype)

    def convolve(images, rows):
        columns = _columns(x, images, rows, kernel_size, stride, padding, dilation, groups)  # (G, C/G*kh*kw, n*r*ow)
        band = y[images, :, rows]  # (n, O, r, ow)
        if len(band) == 1:
            xp.matmul(w, columns, out=band[0].reshape(groups, o // groups, -1))  # straight into y
        else:
            product = xp.matmul(w, columns, out=scratch("product", (*w.shape[:2], columns.shape[2]), x.dtype, xp))
            band[...] = product.reshape(o, len(band), -1, ow).transpose(1, 0, 2, 3)

    run_all(convolve, bands(n, oh, ow * w.shape[2] * groups * x.dtype.itemsize, weight.nbytes), xp)
    return y


def conv2d_grad_input(dy, weight, input_size, stride=1, padding=0, dilation=1, groups=1):
    """The gradient of conv2d's input: dy (N, O, oh, ow) -> dx (N, C, H, W) with (H, W) = input_size.

    As a layer of its own this is the transposed convolution.
    Raises InputError where axes or dtypes do not match, or where conv2d of `input_size` does not give dy's size.
    """
    check_output("dy", dy, weight, input_size, stride, padding, dilation, groups)
    kernel_size, stride, padding, dilation = conv_pairs(weight.shape[2:], stride, padding, dilation)
    (h, w), (oh, ow) = pair(input_size), dy.shape[2:]
    if stride == (1, 1) and 2 * h * w <= 3 * oh * ow:
        # Without a stride it is a convolution with the flipped kernel, which gathers and never adds twice.
        # Not where the output is much larger than dy: there most of its products would be with padding.
        full = tuple(d * (k - 1) - p for k, p, d in zip(kernel_size, padding, dilation))
        return conv2d(pad(dy, full), flipped(weight, groups), 1, 0, dilation, groups)

    xp = array_module(dy)
    n, c = dy.shape[0], weight.shape[1] * groups
    wt = weight.reshape(groups, weight.shape[0] // groups, -1).transpose(0, 2, 1)  # (G, C/G*kh*kw, O/G)
    dx = xp.zeros((n, c, h + 2 * padding[0], w + 2 * padding[1]), dtype=dy.dtype)

    def spread(image):
        for _, rows in bands(1, oh, wt.nbytes // wt.shape[2] * ow, weight.nbytes):
            band = dy[image : image + 1, :, rows]  # (1, O, r, ow)
            columns = wt @ band.reshape(groups, wt.shape[2], -1)  # (G, C/G*kh*kw, r*ow)
            target = dx[image : image + 1, :, rows.start * stride[0] :]
            columns = columns.reshape(1, c, *kernel_size, -1, ow)  # (1, C, kh, kw, r, ow)
            add_to_windows(target, columns, stride, dilation)

    run_all(spread, ((image,) for image in range(n)), xp)
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
    shape = (o, x.shape[1] // groups, *kernel_size)
    size = math.prod(shape) * x.dtype.itemsize
    pieces = bands(n, oh, ow * x.shape[1] * kernel_size[0] * kernel_size[1] * x.dtype.itemsize, size)
    lanes = LANES if size <= LANE_BYTES else 1

    def correlate(lane):
        total = None
        for images, rows in lane:
            columns = _columns(x, images, rows, kernel_size, stride, padding, dilation, groups)
            band = dy[images, :, rows].transpose(1, 0, 2, 3).reshape(groups, o // groups, -1)  # (G, O/G, n*r*ow)
            product = band @ columns.transpose(0, 2, 1)  # (G, O/G, C/G*kh*kw)
            total = product if total is None else xp.add(total, product, out=total)
        return total

    parts = run_all(correlate, ((pieces[lane::lanes],) for lane in range(min(lanes, len(pieces)))), xp)
    if not parts:  # a batch of no images
        return xp.zeros(shape, dtype=x.dtype)
    for other in parts[1:]:
        parts[0] += other
    return parts[0].reshape(shape)  # (O, C/groups, kh, kw)


def bands(images, rows, row_bytes, weight_bytes):
    """Cut `images` x `rows` of output into pieces whose columns fit a cache: [(slice of images, slice of rows)].

    The columns get as much room as the weights they are multiplied with, and `BAND_BYTES` at least: below that the
    product would read its weights more often than its columns.
    """
    fit = max(BAND_BYTES, weight_bytes) // row_bytes  # output rows whose columns fit
    if fit >= rows:
        step = max(1, min(fit // rows, -(-images // LANES)))
        return [(slice(i, min(i + step, images)), slice(0, rows)) for i in range(0, images, step)]
    step = -(-rows // -(-rows // max(1, fit)))  # as many bands as needed, of equal height
    return [(slice(i, i + 1), slice(r, min(r + step, rows))) for i in range(images) for r in range(0, rows, step)]


def _columns(x, images, rows, kernel_size, stride, padding, dilation, groups):
    """The columns (G, C/G*kh*kw, n*r*ow) of some images and output rows, in scratch memory; a view for a 1x1 kernel."""
    reach = [d * (k - 1) + 1 for k, d in zip(kernel_size, dilation)]
    height = (rows.stop - rows.start - 1) * stride[0] + reach[0]
    pixels = part(x, images, rows.start * stride[0] - padding[0], height, -padding[1], x.shape[3] + 2 * padding[1])
    views = windows(pixels, kernel_size, stride, dilation).transpose(1, 2, 3, 0, 4, 5)  # (C, kh, kw, n, r, ow)
    shape = groups, math.prod(views.shape[:3]) // groups, math.prod(views.shape[3:])
    if views.shape[1:4] == (1, 1, 1) and stride == (1, 1):
        return views.reshape(shape)
    columns = scratch("columns", views.shape, x.dtype, array_module(x))
    columns[...] = views
    return columns.reshape(shape)


def flipped(weight, groups):
    """weight (O, C/G, kh, kw) -> (C, O/G, kh, kw), each kernel flipped along both axes."""
    o, c, kh, kw = weight.shape
    kernels = weight[:, :, ::-1, ::-1].reshape(groups, o // groups, c, kh, kw).transpose(0, 2, 1, 3, 4)
    return kernels.reshape(groups * c, o // groups, kh, kw)  # (C, O/G, kh, kw)
