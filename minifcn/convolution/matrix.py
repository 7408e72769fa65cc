"""The convolution as one matrix, C.

A convolution is linear in its input, so it is a matrix: row (o, y, x) of C holds kernel o where the window of output
pixel (y, x) lies on the input, and zeros elsewhere. C @ vec(input) is the convolution; C^T carries an output back to
the input's size: the transposed convolution (slides "Convolution vs Transposed Convolution").
"""

import numpy as np

from minifcn.backend import array_module
from minifcn.convolution.geometry import Window, conv_output_size, conv_pairs, pair
from minifcn.errors import InputError

LIMIT = 64 << 20  # bytes


def conv_matrix(weight, input_size, stride=1, padding=0, dilation=1, groups=1, limit=LIMIT):
    """The matrix of the convolution with weight (O, C/groups, kh, kw) over C channels of input_size (H, W).

    Returns C with shape (O*oh*ow, C*H*W), in the weight's dtype: `C @ x.ravel()` is the convolution of one image x,
    `C.T @ y.ravel()` its transpose. Raises InputError for a matrix of more than `limit` bytes (None: no limit), and
    where the kernel is larger than the padded input.
    """
    kernel_size, stride, padding, dilation = conv_pairs(weight.shape[2:], stride, padding, dilation)
    size = pair(input_size, "input_size", 1)
    (o, c), (h, w) = weight.shape[:2], size
    if groups < 1 or o % groups:
        raise InputError(f"a weight of shape {tuple(weight.shape)} does not divide into {groups} groups")
    oh, ow = conv_output_size(size, kernel_size, stride, padding, dilation)
    needed = conv_matrix_bytes(weight, size, (oh, ow), groups)
    if limit is not None and needed > limit:
        raise InputError(
            f"the convolution matrix {o * oh * ow} x {c * groups * h * w} takes {needed / 2**20:,.1f} MiB, more than "
            f"the limit of {limit / 2**20:,.1f} MiB: use a smaller input, or limit=None"
        )
    axes = [Window(*axis) for axis in zip(kernel_size, stride, padding, dilation)]
    xp = array_module(weight)
    rows, i, input_rows = xp.asarray(_meetings(axes[0], h, oh))
    cols, j, input_cols = xp.asarray(_meetings(axes[1], w, ow))
    matrix = xp.zeros((groups, o // groups, oh, ow, groups, c, h, w), dtype=weight.dtype)  # 8 axes, G twice
    for g in range(groups):
        # The row of each (output row, tap i) pair against the column of each (output column, tap j) pair.
        kernels = weight[g * (o // groups) : (g + 1) * (o // groups)][:, :, i[:, None], j]  # (O/G, C/G, pairs, pairs)
        matrix[g][:, rows[:, None], cols, g, :, input_rows[:, None], input_cols] = kernels.transpose(
            2, 3, 0, 1
        )  # (row pairs, column pairs, O/G, C/G)
    return matrix.reshape(o * oh * ow, groups * c * h * w)  # (O*oh*ow, C*H*W)


def conv_matrix_bytes(weight, input_size, output_size, groups):
    """What `conv_matrix` would take, in bytes."""
    o, c = weight.shape[:2]
    (h, w), (oh, ow) = input_size, output_size
    return o * oh * ow * c * groups * h * w * weight.dtype.itemsize


def _meetings(window, size, out):
    """All (output, tap, input) triples along one axis where an output reads an input, as three index arrays."""
    triples = []
    for tap in range(window.kernel):
        outputs, inputs = window.valid(tap, size, out)
        triples += [(o, tap, i) for o, i in zip(range(*outputs.indices(out)), range(*inputs.indices(size)))]
    return np.array(triples, dtype=np.intp).reshape(-1, 3).T
