"""A bias and the rectifier after it, in one pass. The plain function is `bias_relu` in layers/elementwise.py."""

from minifcn.backend import Array
from minifcn.kernels.launch import launch, steps

TWINS = ("bias_relu",)

SOURCE = """
extern "C" __global__ void bias_relu(
    REAL* y, const REAL* bias,  // (images, channels, h, w), (channels)
    INDEX images, INDEX channels, INDEX h, INDEX w,
    INDEX yn, INDEX yc, INDEX yh, INDEX yw,  // from one to the next in y,
    INDEX step)                              // and in bias
{
    INDEX pixel = (INDEX)blockIdx.x * blockDim.x + threadIdx.x;
    if (pixel >= h * w) return;
    INDEX row = pixel / w, col = pixel % w, planes = images * channels;
    for (INDEX plane = blockIdx.y; plane < planes; plane += gridDim.y) {
        INDEX image = plane / channels, channel = plane % channels;
        REAL* place = y + image * yn + channel * yc + row * yh + col * yw;
        REAL sum = *place + bias[channel * step];
        *place = sum <= 0 ? 0 : sum;  // a nan stays
    }
}
"""


def bias_relu(y: Array, bias: Array) -> Array:
    """y += bias, a number for each channel; y = maximum(y, 0): in y's place. The same bits.

    A thread for each pixel. The bias alone would read and write all of y, and so would the rectifier: here y comes and
    goes once.
    """
    n, c, h, w = y.shape
    launch(SOURCE, "bias_relu", n * c, h * w, y, bias, *y.shape, *steps(y), *steps(bias))
    return y
