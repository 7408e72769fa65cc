"""Windows <-> columns.

A convolution looks at one window of its input for every output pixel. im2col copies each window into a column, so that
one matrix product does them all; col2im is its transpose: it adds every column back to where its window was.
(Chellapilla, Puri, Simard 2006, "High Performance Convolutional Neural Networks for Document Processing".)
"""

from minifcn.backend import array_module
from minifcn.backend.parallel import scratch
from minifcn.convolution.checks import check_numbers
from minifcn.convolution.geometry import conv_output_size, conv_pairs, pair
from minifcn.errors import InputError


def pad(x, padding, value=0):
    """(N, C, H, W) -> (N, C, H + 2ph, W + 2pw), `value` around it; a negative padding crops. No copy for 0."""
    ph, pw = padding
    n, c, h, w = x.shape
    x = x[:, :, max(0, -ph) : h - max(0, -ph), max(0, -pw) : w - max(0, -pw)]
    ph, pw = max(0, ph), max(0, pw)
    if ph == pw == 0:
        return x
    h, w = x.shape[2:]
    padded = array_module(x).full((n, c, h + 2 * ph, w + 2 * pw), value, dtype=x.dtype)
    padded[:, :, ph : ph + h, pw : pw + w] = x
    return padded  # (N, C, H + 2ph, W + 2pw)


def part(x, images, top, height, left, width):
    """Some images' rows from `top` and columns from `left` on (n, C, height, width); outside x there are zeros.

    A view where all of it lies inside x, else a copy in scratch memory, which stays in the cache.
    """
    n, (c, h, w) = images.stop - images.start, x.shape[1:]
    if top >= 0 and left >= 0 and top + height <= h and left + width <= w:
        return x[images, :, top : top + height, left : left + width]
    copy = scratch("part", (n, c, height, width), x.dtype, array_module(x))
    rows = slice(max(0, -top), max(0, -top, min(height, h - top)))  # of the copy, those inside x
    cols = slice(max(0, -left), max(0, -left, min(width, w - left)))
    copy[:, :, : rows.start] = 0
    copy[:, :, rows.stop :] = 0
    copy[:, :, rows, : cols.start] = 0
    copy[:, :, rows, cols.stop :] = 0
    copy[:, :, rows, cols] = x[images, :, top + rows.start : top + rows.stop, left + cols.start : left + cols.stop]
    return copy


def windows(x, kernel_size, stride, dilation):
    """Every window of a padded x (N, C, H, W), as a view: (N, C, kh, kw, oh, ow). Writing to it writes to x."""
    (kh, kw), (sh, sw), (dh, dw) = kernel_size, stride, dilation
    n, c, h, w = x.shape
    oh = (h - dh * (kh - 1) - 1) // sh + 1
    ow = (w - dw * (kw - 1) - 1) // sw + 1
    bn, bc, bh, bw = x.strides
    return array_module(x).lib.stride_tricks.as_strided(
        x, (n, c, kh, kw, oh, ow), (bn, bc, bh * dh, bw * dw, bh * sh, bw * sw)
    )


def add_to_windows(x, columns, stride, dilation):
    """Add columns (N, C, kh, kw, oh, ow) to the windows of a padded x (N, C, H, W), in place.

    Windows overlap, so they cannot be added all at once. Taps less than a stride apart never meet, though: with
    dilation 1 a whole block of stride x stride taps goes at a time, else one tap.
    """
    kh, kw, oh, ow = columns.shape[2:]
    bh, bw = (s if d == 1 else 1 for s, d in zip(stride, dilation))
    for i in range(0, kh, bh):
        for j in range(0, kw, bw):
            block = columns[:, :, i : i + bh, j : j + bw]
            corner = x[:, :, i * dilation[0] :, j * dilation[1] :]
            views = windows(corner, block.shape[2:4], stride, (1, 1))[..., :oh, :ow]
            views += block


def im2col(x, kernel_size, stride=1, padding=0, dilation=1):
    """Copy every window of x into a column.

    x (N, C, H, W) -> columns (N, C*kh*kw, oh*ow), the layout of PyTorch's `unfold`; dtype kept.
    Raises InputError where the kernel is larger than the padded input.
    """
    check_numbers("x", x, "(N, C, H, W)")
    kernel_size, stride, padding, dilation = conv_pairs(kernel_size, stride, padding, dilation)
    n, c = x.shape[:2]
    oh, ow = conv_output_size(x.shape[2:], kernel_size, stride, padding, dilation)
    columns = windows(pad(x, padding), kernel_size, stride, dilation)  # (N, C, kh, kw, oh, ow)
    return (
        array_module(x).ascontiguousarray(columns).reshape(n, c * kernel_size[0] * kernel_size[1], oh * ow)
    )  # (N, C*kh*kw, oh*ow)


def col2im(columns, input_size, kernel_size, stride=1, padding=0, dilation=1):
    """Add every column back to its window: the transpose of `im2col`, PyTorch's `fold`.

    columns (N, C*kh*kw, oh*ow), input_size (H, W) -> x (N, C, H, W); dtype kept.
    Raises InputError where the kernel is larger than the padded input.
    """
    check_numbers("columns", columns, "(N, C*kh*kw, oh*ow)")
    kernel_size, stride, padding, dilation = conv_pairs(kernel_size, stride, padding, dilation)
    (kh, kw), (h, w), (ph, pw) = kernel_size, pair(input_size, "input_size", 1), padding
    oh, ow = conv_output_size((h, w), kernel_size, stride, padding, dilation)
    n, c = columns.shape[0], columns.shape[1] // (kh * kw)
    if columns.shape[1:] != (c * kh * kw, oh * ow):
        raise InputError(
            f"columns have shape {tuple(columns.shape)}, expected (N, C*{kh * kw}, {oh * ow}) for {h}x{w} pixels"
        )
    x = array_module(columns).zeros((n, c, h + 2 * ph, w + 2 * pw), dtype=columns.dtype)
    add_to_windows(x, columns.reshape(n, c, kh, kw, oh, ow), stride, dilation)
    return x[:, :, ph : ph + h, pw : pw + w]  # (N, C, H, W)
