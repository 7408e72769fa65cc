"""col2im: every column goes back to its window. The plain function is `add_to_windows` in convolution/textbook.py."""

from minifcn.backend import Array
from minifcn.convolution.geometry import Pair
from minifcn.kernels.launch import launch, steps

TWINS = ("add_to_windows",)

SOURCE = """
extern "C" __global__ void col2im(
    REAL* x, const REAL* columns,             // (images, channels, h, w) += (images, channels, kh, kw, oh, ow)
    INDEX images, INDEX channels, INDEX h, INDEX w, INDEX kh, INDEX kw, INDEX oh, INDEX ow,
    INDEX sh, INDEX sw, INDEX dh, INDEX dw,                         // stride, dilation
    INDEX xn, INDEX xc, INDEX xh, INDEX xw,                         // the way from one to the next in x
    INDEX cn, INDEX cc, INDEX ci, INDEX cj, INDEX cy, INDEX cx)     // ... and in the columns
{
    INDEX pixel = (INDEX)blockIdx.x * blockDim.x + threadIdx.x;     // of x
    if (pixel >= h * w) return;
    INDEX row = pixel / w, col = pixel % w;
    for (INDEX plane = blockIdx.y; plane < images * channels; plane += gridDim.y) {
        INDEX image = plane / channels, channel = plane % channels;
        const REAL* from = columns + image * cn + channel * cc;
        REAL* to = x + image * xn + channel * xc + row * xh + col * xw;
        REAL total = *to;
        for (INDEX i = 0; i < kh; i++) {
            INDEX top = row - i * dh;                               // of the windows that see this row with tap i
            if (top < 0 || top % sh || top / sh >= oh) continue;
            for (INDEX j = 0; j < kw; j++) {
                INDEX left = col - j * dw;
                if (left < 0 || left % sw || left / sw >= ow) continue;
                total += from[i * ci + j * cj + top / sh * cy + left / sw * cx];
            }
        }
        *to = total;
    }
}
"""


def add_to_windows(x: Array, columns: Array, stride: Pair, dilation: Pair) -> None:
    """windows(x) += columns, (N, C, kh, kw, oh, ow), in place: the same bits.

    Windows overlap, so a thread for each window would write where others do. The way round it is to gather: a thread
    for each pixel of x looks for all that comes to it. Tap i of the window that begins at row `top` lies on row
    top + i*dh, so the pixel asks each tap whether a window begins i*dh rows above. The taps come in the plain
    function's order.
    """
    n, c, h, w = x.shape
    sizes = (*x.shape, *columns.shape[2:], *stride, *dilation)
    launch(SOURCE, "col2im", n * c, h * w, x, columns, *sizes, *steps(x), *steps(columns))
