"""im2col: every window becomes a column. The plain function is `columns_of` in convolution/textbook.py."""

from minifcn.backend import Array, array_module
from minifcn.convolution.geometry import How, Pair
from minifcn.kernels.launch import launch, steps

TWINS = ("columns_of",)

SOURCE = """
extern "C" __global__ void im2col(
    const REAL* x, REAL* columns,             // (images, channels, h, w) -> (channels*kh*kw, images*oh*ow)
    INDEX images, INDEX channels, INDEX oh, INDEX ow,
    INDEX kh, INDEX kw, INDEX sh, INDEX sw, INDEX dh, INDEX dw,     // kernel, stride, dilation
    INDEX xn, INDEX xc, INDEX xh, INDEX xw)   // the way in x from an image, channel, row, column to the next
{
    INDEX pixel = (INDEX)blockIdx.x * blockDim.x + threadIdx.x;     // of the output
    if (pixel >= oh * ow) return;
    INDEX top = pixel / ow * sh, left = pixel % ow * sw;            // where its window begins
    for (INDEX plane = blockIdx.y; plane < images * channels; plane += gridDim.y) {
        INDEX image = plane / channels, channel = plane % channels;
        const REAL* window = x + image * xn + channel * xc + top * xh + left * xw;
        INDEX place = image * oh * ow + pixel;                      // in each row of the columns
        for (INDEX i = 0; i < kh; i++)
            for (INDEX j = 0; j < kw; j++) {
                INDEX row = (channel * kh + i) * kw + j;
                columns[row * images * oh * ow + place] = window[i * dh * xh + j * dw * xw];
            }
    }
}
"""


def columns_of(x: Array, kernel_size: Pair, stride: Pair, dilation: Pair) -> Array:
    """columns = windows(x).transpose(1, 2, 3, 0, 4, 5): (N, C, h, w) -> (C*kh*kw, N*oh*ow), the same bits.

    A thread for each output pixel of a channel copies its window. Its neighbour's lies a stride further: both the reads
    and the writes of neighbouring threads are neighbours.
    """
    n, c, h, w = x.shape
    oh, ow = How(stride, dilation=dilation).output_size((h, w), kernel_size)
    columns = array_module(x).empty((c * kernel_size[0] * kernel_size[1], n * oh * ow), dtype=x.dtype)
    sizes = (n, c, oh, ow, *kernel_size, *stride, *dilation)
    launch(SOURCE, "im2col", n * c, oh * ow, x, columns, *sizes, *steps(x))
    return columns
