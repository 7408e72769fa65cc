"""The convolution as one matrix, C.

A convolution is linear in its input, so it is a matrix: row (o, y, x) of C holds kernel o where the window of output
pixel (y, x) lies on the input, and zeros elsewhere. C @ vec(input) is the convolution; C^T carries an output back to
the input's size: the transposed convolution (slides "Convolution vs Transposed Convolution").
"""

from minifcn.backend import array_module
from minifcn.convolution.checks import check_weight
from minifcn.convolution.geometry import Window, conv_output_size, conv_pairs, pair
from minifcn.errors import InputError

LIMIT = 64 << 20  # bytes


def conv_matrix(weight, input_size, stride=1, padding=0, dilation=1, groups=1, limit=LIMIT):
    """The matrix of the convolution with weight (O, C/groups, kh, kw) over C channels of input_size (H, W).

    Returns C with shape (O*oh*ow, C*H*W), in the weight's dtype: `C @ x.ravel()` is the convolution of one image x,
    `C.T @ y.ravel()` its transpose. Raises InputError for a matrix of more than `limit` bytes (None: no limit), where
    the kernel is larger than the padded input, and where the weight is no array of numbers with four axes.
    """
    check_weight(weight, groups)
    kernel_size, stride, padding, dilation = conv_pairs(weight.shape[2:], stride, padding, dilation)
    (o, c), (h, w) = weight.shape[:2], pair(input_size, "input_size", 1)
    oh, ow = conv_output_size((h, w), kernel_size, stride, padding, dilation)
    needed = conv_matrix_bytes(weight, (h, w), (oh, ow), groups)
    if limit is not None and needed > limit:
        raise InputError(
            f"the convolution matrix {o * oh * ow} x {c * groups * h * w} takes {in_bytes(needed)}, more than "
            f"the limit of {in_bytes(limit)}: use a smaller input (or conv_matrix with limit=None, "
            "ConvTranspose2d with method='columns')"
        )
    xp = array_module(weight)
    rows, cols = (Window(*axis) for axis in zip(kernel_size, stride, padding, dilation))
    kernels = weight.reshape(groups, o // groups, c, *kernel_size)  # (G, O/G, C/G, kh, kw)
    matrix = xp.zeros((groups, o // groups, oh, ow, groups, c, h, w), dtype=weight.dtype)  # 8 axes, G twice
    for i in range(kernel_size[0]):
        out_rows, in_rows = rows.valid(i, h, oh)
        for j in range(kernel_size[1]):
            out_cols, in_cols = cols.valid(j, w, ow)
            block = matrix[:, :, out_rows, out_cols, :, :, in_rows, in_cols]  # outputs and inputs that tap (i, j) joins
            _diagonal(block)[...] = kernels[..., i, j, None, None]
    return matrix.reshape(o * oh * ow, groups * c * h * w)  # (O*oh*ow, C*H*W)


def conv_matrix_bytes(weight, input_size, output_size, groups):
    """What `conv_matrix` would take, in bytes."""
    o, c = weight.shape[:2]
    (h, w), (oh, ow) = input_size, output_size
    return o * oh * ow * c * groups * h * w * weight.dtype.itemsize


def in_bytes(count):
    """A number of bytes to read: "25.7 MiB"."""
    for unit in ("bytes", "KiB", "MiB"):
        if count < 1024:
            return f"{count:,.4g} {unit}"
        count /= 1024
    return f"{count:,.1f} GiB"


def _diagonal(block):
    """Where group, row and column of the output are those of the input, as a view to write to.

    block (G, O/G, y, x, G, C/G, y, x) -> (G, O/G, C/G, y, x)
    """
    groups, o, y, x, _, c, _, _ = block.shape
    bg, bo, by, bx, bg2, bc, by2, bx2 = block.strides
    return array_module(block).lib.stride_tricks.as_strided(
        block, (groups, o, c, y, x), (bg + bg2, bo, bc, by + by2, bx + bx2)
    )
