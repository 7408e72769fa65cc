"""Max-pooling and its gradient. The plain functions are `max_pool` and `spread` in layers/pool.py."""

from minifcn.backend import Array, array_module
from minifcn.convolution.geometry import How, Pair, tap_dtype
from minifcn.kernels.launch import launch, steps

TWINS = ("max_pool", "spread")

FORWARD = """
extern "C" __global__ void max_pool(
    const REAL* x, REAL* y, TAP* winner,      // (images, channels, h, w) -> (images, channels, oh, ow), twice
    INDEX images, INDEX channels, INDEX h, INDEX w, INDEX oh, INDEX ow,
    INDEX kh, INDEX kw, INDEX sh, INDEX sw, INDEX ph, INDEX pw, INDEX dh, INDEX dw,
    INDEX xn, INDEX xc, INDEX xh, INDEX xw)   // the way in x from an image, channel, row, column to the next
{
    INDEX pixel = (INDEX)blockIdx.x * blockDim.x + threadIdx.x;     // of y
    if (pixel >= oh * ow) return;
    INDEX top = pixel / ow * sh - ph, left = pixel % ow * sw - pw;  // where its window begins
    for (INDEX plane = blockIdx.y; plane < images * channels; plane += gridDim.y) {
        const REAL* from = x + plane / channels * xn + plane % channels * xc;
        REAL best = -1 / (REAL)0;                                   // -inf
        TAP tap = 0;
        for (INDEX i = kh - 1; i >= 0; i--)                         // the last tap first: of equals the first one wins
            for (INDEX j = kw - 1; j >= 0; j--) {
                INDEX row = top + i * dh, col = left + j * dw;
                if (row < 0 || row >= h || col < 0 || col >= w) continue;
                REAL value = from[row * xh + col * xw];
                if (value >= best) tap = (TAP)(kh * kw - 1 - (i * kw + j));
                if (value >= best || value != value) best = value;  // a nan stays: nothing is >= a nan
            }
        y[plane * oh * ow + pixel] = best;
        if (winner) winner[plane * oh * ow + pixel] = tap;
    }
}
"""

BACKWARD = """
extern "C" __global__ void spread(
    const REAL* values, const TAP* winner,    // (images, channels, oh, ow) both
    REAL* planes,                             // (images, channels, h, w)
    INDEX images, INDEX channels, INDEX h, INDEX w, INDEX oh, INDEX ow,
    INDEX kh, INDEX kw, INDEX sh, INDEX sw, INDEX ph, INDEX pw, INDEX dh, INDEX dw,
    INDEX vn, INDEX vc, INDEX vh, INDEX vw,                         // the way from one to the next in values
    INDEX wn, INDEX wc, INDEX wh, INDEX ww)                         // ... and in winner
{
    INDEX pixel = (INDEX)blockIdx.x * blockDim.x + threadIdx.x;     // of planes
    if (pixel >= h * w) return;
    for (INDEX plane = blockIdx.y; plane < images * channels; plane += gridDim.y) {
        INDEX image = plane / channels, channel = plane % channels;
        const REAL* value = values + image * vn + channel * vc;
        const TAP* won = winner + image * wn + channel * wc;
        REAL total = 0;
        for (INDEX i = kh - 1; i >= 0; i--) {
            INDEX top = pixel / w + ph - i * dh;                    // of the window that sees this row with tap i,
            if (top < 0 || top % sh || top / sh >= oh) continue;    // counted from the padding's first
            for (INDEX j = kw - 1; j >= 0; j--) {
                INDEX left = pixel % w + pw - j * dw;
                if (left < 0 || left % sw || left / sw >= ow) continue;
                REAL chosen = won[top / sh * wh + left / sw * ww] == kh * kw - 1 - (i * kw + j);
                total += value[top / sh * vh + left / sw * vw] * chosen;
            }
        }
        planes[plane * h * w + pixel] = total;
    }
}
"""


def max_pool(x: Array, output_size: Pair, kernel_size: Pair, how: How, winners: bool) -> tuple[Array, Array | None]:
    """For each tap, the last first: winner = number where x >= y; y = maximum(y, x). The same bits and winners.

    A thread for each output pixel goes through its window.
    """
    xp, tap = array_module(x), tap_dtype(kernel_size)
    n, c = x.shape[:2]
    y = xp.empty((n, c, *output_size), dtype=x.dtype)
    winner = xp.empty(y.shape, dtype=tap) if winners else None
    sizes = *x.shape, *output_size, *kernel_size, *how.stride, *how.padding, *how.dilation
    launch(FORWARD, "max_pool", n * c, y.shape[2] * y.shape[3], x, y, winner, *sizes, *steps(x), TAP=tap)
    return y, winner


def spread(values: Array, winner: Array, size: Pair, kernel_size: Pair, how: How) -> Array:
    """For each tap: planes[its pixels] += values * (winner == number). The same bits.

    A thread for each pixel of the planes asks every window that sees it whether it is the winner there.
    """
    n, c, oh, ow = values.shape
    planes = array_module(values).empty((n, c, *size), dtype=values.dtype)
    sizes = n, c, *size, oh, ow, *kernel_size, *how.stride, *how.padding, *how.dilation
    arrays = values, winner, planes
    launch(
        BACKWARD, "spread", n * c, size[0] * size[1], *arrays, *sizes, *steps(values), *steps(winner), TAP=winner.dtype
    )
    return planes
