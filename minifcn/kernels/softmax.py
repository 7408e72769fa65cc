"""The loss of each pixel and its gradient. The plain functions are `softmax_loss` and `_grad` in layers/loss.py."""

from minifcn.backend import Array, array_module
from minifcn.kernels.launch import launch

TWINS = ("softmax_loss", "softmax_loss_grad")

FORWARD = """
extern "C" __global__ void softmax_loss(
    const REAL* scores, REAL* softmax,        // (images, classes, pixels)
    const LABEL* target, const REAL* weights, REAL* loss,           // (images, pixels)
    INDEX images, INDEX classes, INDEX pixels)
{
    INDEX pixel = (INDEX)blockIdx.x * blockDim.x + threadIdx.x;
    if (pixel >= pixels) return;
    for (INDEX image = blockIdx.y; image < images; image += gridDim.y) {
        const REAL* score = scores + image * classes * pixels + pixel;  // of class c: score[c * pixels]
        REAL* share = softmax + image * classes * pixels + pixel;
        INDEX place = image * pixels + pixel;
        REAL most = score[0], total = 0, chosen = 0;
        for (INDEX c = 1; c < classes; c++)
            if (score[c * pixels] > most) most = score[c * pixels];
        for (INDEX c = 0; c < classes; c++) {
            REAL shifted = score[c * pixels] - most;
            if (c == target[place]) chosen = shifted;
            share[c * pixels] = exp(shifted);
            total += share[c * pixels];
        }
        for (INDEX c = 0; c < classes; c++)
            share[c * pixels] /= total;
        loss[place] = (log(total) - chosen) * weights[place];
    }
}
"""

BACKWARD = """
extern "C" __global__ void softmax_loss_grad(
    const REAL* softmax, REAL* dscores,       // (images, classes, pixels)
    const LABEL* target, const REAL* scale,   // (images, pixels)
    INDEX images, INDEX classes, INDEX pixels)
{
    INDEX pixel = (INDEX)blockIdx.x * blockDim.x + threadIdx.x;
    if (pixel >= pixels) return;
    for (INDEX image = blockIdx.y; image < images; image += gridDim.y) {
        INDEX place = image * pixels + pixel;
        for (INDEX c = 0; c < classes; c++) {
            INDEX entry = (image * classes + c) * pixels + pixel;
            REAL gradient = softmax[entry] * scale[place];
            dscores[entry] = c == target[place] ? gradient - scale[place] : gradient;
        }
    }
}
"""


def softmax_loss(scores: Array, target: Array, weights: Array) -> tuple[Array, Array]:
    """softmax = exp(scores - max) / total; loss = (log(total) - (scores - max)[target]) * weights: to rounding.

    A thread for each pixel goes through its classes. The classes of a pixel lie far apart; but at each class all
    threads read side by side, which is what counts.
    """
    xp = array_module(scores)
    softmax, loss = xp.empty(scores.shape, scores.dtype), xp.empty(weights.shape, weights.dtype)
    scores, target, weights = map(xp.ascontiguousarray, (scores, target, weights))  # a copy only where there are gaps
    n, c, pixels = scores.shape
    arrays = scores, softmax, target, weights, loss
    launch(FORWARD, "softmax_loss", n, pixels, *arrays, n, c, pixels, LABEL=target.dtype)
    return softmax, loss


def softmax_loss_grad(softmax: Array, target: Array, scale: Array) -> Array:
    """dscores = scale * softmax, less scale where the class is the target: the same bits."""
    xp = array_module(softmax)
    dscores = xp.empty(softmax.shape, softmax.dtype)
    softmax, target, scale = map(xp.ascontiguousarray, (softmax, target, scale.astype(softmax.dtype, copy=False)))
    n, c, pixels = softmax.shape
    launch(BACKWARD, "softmax_loss_grad", n, pixels, softmax, dscores, target, scale, n, c, pixels, LABEL=target.dtype)
    return dscores
