"""The convolution as one matrix, C.

A convolution is linear in its input, so it is a matrix: row (o, y, x) of C holds kernel o where the window of output
pixel (y, x) lies on the input, and zeros elsewhere. C @ vec(input) is the convolution; C^T carries an output back to
the input's size: the transposed convolution (slides "Convolution vs Transposed Convolution").
"""

import math

from minifcn.backend import Array, array_module
from minifcn.backend.memory import in_bytes
from minifcn.backend.parallel import run_all
from minifcn.convolution.checks import check_weight
from minifcn.convolution.geometry import How, Pair, Setting, pair
from minifcn.errors import InputError

LIMIT = 64 << 20  # bytes


def conv_matrix(
    weight: Array,
    input_size: Setting,
    stride: Setting = 1,
    padding: Setting = 0,
    dilation: Setting = 1,
    groups: int = 1,
    limit: int | None = LIMIT,
) -> Array:
    """C, of the convolution with weight (O, C/groups, kh, kw) over C channels of input_size (H, W): (O*oh*ow, C*H*W).

    In the weight's dtype; `C @ x.ravel()` is the convolution of one image x, `C.T @ y.ravel()` its transpose. Raises
    InputError for a matrix of more than `limit` bytes (None: no limit), where the kernel is larger than the padded
    input, and where the weight is no array of numbers with four axes.
    """
    how = How.of(stride, padding, dilation, groups)
    check_weight(weight, groups)
    (o, c, *kernel_size), (h, w) = weight.shape, pair(input_size, "input_size", 1)
    oh, ow = how.output_size((h, w), kernel_size)
    needed = conv_matrix_bytes(weight, (h, w), how)
    if limit is not None and needed > limit:
        raise InputError(
            f"the convolution matrix {o * oh * ow} x {c * groups * h * w} takes {in_bytes(needed)}, more than "
            f"the limit of {in_bytes(limit)}: use a smaller input (or conv_matrix with limit=None, "
            "a layer with algorithm='textbook')"
        )
    kernels = weight.reshape(groups, o // groups, c, *kernel_size)  # (G, O/G, C/G, kh, kw)
    matrix = array_module(weight).zeros((o * oh * ow, groups * c * h * w), dtype=weight.dtype)
    for i, j, entries in _taps(matrix, weight.shape, (h, w), (oh, ow), how):
        entries[...] = kernels[..., i, j, None, None]
    return matrix  # (O*oh*ow, C*H*W)


def conv2d(x: Array, weight: Array, how: How, bias: Array = None) -> Array:
    """y = C x + b: x (N, C, H, W), weight (O, C/groups, kh, kw), bias (O,) -> y (N, O, oh, ow)."""
    matrix = conv_matrix(weight, x.shape[2:], *how)  # C (O*oh*ow, C*H*W)
    y = _product(x.reshape(len(x), matrix.shape[1]), matrix.T)  # C x for every image, as the row x^T C^T
    y = y.reshape(len(x), len(weight), *how.output_size(x.shape[2:], weight.shape[2:]))  # (N, O, oh, ow)
    return y if bias is None else y + bias.reshape(1, -1, 1, 1)


def conv2d_grad_input(dy: Array, weight: Array, input_size: Pair, how: How) -> Array:
    """dx = C^T dy, the transposed convolution: dy (N, O, oh, ow) -> dx (N, C, H, W) with (H, W) = input_size."""
    matrix = conv_matrix(weight, input_size, *how)  # C (O*oh*ow, C*H*W)
    dx = _product(dy.reshape(len(dy), len(matrix)), matrix)  # C^T dy for every image, as the row dy^T C
    return dx.reshape(len(dy), weight.shape[1] * how.groups, *input_size)  # (N, C, H, W)


def conv2d_grad_weight(dy: Array, x: Array, kernel_size: Pair, how: How) -> Array:
    """dC = dy x^T; each kernel entry gathers where it stands in C: dy (N, O, oh, ow), x (N, C, H, W) -> dW."""
    (n, o, *output_size), (_, c, *input_size) = dy.shape, x.shape
    shape, groups = (o, c // how.groups, *kernel_size), how.groups
    dy, x = dy.reshape(n, math.prod(dy.shape[1:])), x.reshape(n, math.prod(x.shape[1:]))  # (N, O*oh*ow), (N, C*H*W)
    matrix = _product(dy.T, x)  # dC (O*oh*ow, C*H*W)
    dw = array_module(x).empty((groups, o // groups, *shape[1:]), dtype=x.dtype)
    for i, j, entries in _taps(matrix, shape, input_size, output_size, how):
        dw[..., i, j] = entries.sum(axis=(3, 4))  # (G, O/G, C/G)
    return dw.reshape(shape)  # (O, C/G, kh, kw)


def _product(a, b):
    """a @ b, by one thread of BLAS as all products of layers: a second one is not worth its start."""
    return run_all(array_module(a).matmul, [(a, b)], array_module(a))[0]


def conv_matrix_bytes(weight: Array, input_size: Pair, how: How) -> int:
    """What `conv_matrix` would take, in bytes."""
    o, c, *kernel_size = weight.shape
    pixels = math.prod(input_size) * math.prod(how.output_size(input_size, kernel_size))
    return o * c * how.groups * pixels * weight.dtype.itemsize


def _taps(matrix, weight_shape, input_size, output_size, how):
    """Where C holds kernel entry (i, j): (i, j, a view (G, O/G, C/G, y, x)) for each, y and x over output pixels."""
    (o, c, *kernel_size), (h, w), (oh, ow) = weight_shape, input_size, output_size
    rows, cols = how.windows(kernel_size)
    as_strided = array_module(matrix).lib.stride_tricks.as_strided
    matrix = matrix.reshape(how.groups, o // how.groups, oh, ow, how.groups, c, h, w)  # 8 axes, G twice
    for i in range(rows.kernel):
        out_rows, in_rows = rows.valid(i, h, oh)
        for j in range(cols.kernel):
            out_cols, in_cols = cols.valid(j, w, ow)
            block = matrix[:, :, out_rows, out_cols, :, :, in_rows, in_cols]  # (G, O/G, y, x, G, C/G, y, x)
            g, o, y, x, _, c, _, _ = block.shape
            bg, bo, by, bx, bg2, bc, by2, bx2 = block.strides
            # Its diagonals, where group, row and column of the output are those of the input.
            yield i, j, as_strided(block, (g, o, c, y, x), (bg + bg2, bo, bc, by + by2, bx + bx2))
