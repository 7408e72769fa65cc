"""Shift-and-stitch: scores at every pixel from a net that has them only every f pixels (paper, section 3.2).

The trick is OverFeat's (Sermanet et al. 2014, arXiv 1312.6229, section 3.3). Shift the image by 0 .. f - 1 rows and as
many columns, run the net on each of the f x f images, and interlace what comes out. For f = 2 along one axis:

    pixels         0 1 2 3 4 5 6
    no shift       a   b   c        the scores that the net gives, every other pixel,
    shifted by 1     A   B   C      and those it gives on pixels 1 2 3 4 5 6
    interlaced     a A b B c C

The net stays as it was trained, but runs f x f times. `rarefied` gets the same scores for less. The paper takes
neither: it upsamples.

Borders. The paper shifts the image right and down, which fills up with zeros from the left and above. Here the image
moves left and up, and what leaves it is cut off: the same shifts, but no score ever sees a pixel that is not there. So
there is a score wherever the receptive field R fits, (H - R + 1) x (W - R + 1) in all; pad the image by R - 1 pixels in
all along each axis first to have one for every pixel. Padding inside the net, before its last stride, would lay zeros
along the edge of each shifted image, at another place each time, where the whole image has pixels: nets that pad are
refused.
"""

from minifcn.alternatives.nets import Net, dense_size, evaluating, total_stride, without_padding
from minifcn.backend import Array, array_module
from minifcn.convolution.geometry import Pair, Setting


def shift_and_stitch(net: Net, image: Array) -> Array:
    """Scores of a net without padding, of stride (f, g), at every pixel.

    net    Sequential or list of Conv2d, ReLU and MaxPool2d
    image  (N, C, H, W)
    -> scores (N, O, H - R + 1, W - S + 1), with the receptive field (R, S): pixel [i, j] is what the net says about the
    pixels [i : i + R, j : j + S]. The net is left as it was.

    Raises InputError for a net that pads or has other layers, and for an image smaller than the receptive field.
    """
    net = evaluating(net, image, "shift_and_stitch")
    f, g = total_stride(net)
    size = dense_size(net, image.shape[2:], "shift_and_stitch")
    stitched = None
    for i, j in shifts(net, image.shape[2:]):
        scores = net(image[:, :, i:, j:])  # at pixels i, i + f, i + 2f, ... and j, j + g, ... of the image
        if stitched is None:
            stitched = array_module(image).empty((*scores.shape[:2], *size), dtype=scores.dtype)
        stitched[:, :, i::f, j::g] = scores
    return stitched


def shifts(net: Net, size: Setting) -> list[Pair]:
    """(rows, columns) of every shift of an image of `size`: f x g, but for those that leave no room for a score."""
    net = without_padding(net, "shift_and_stitch")
    room = dense_size(net, size, "shift_and_stitch")
    rows, cols = (range(min(f, n)) for f, n in zip(total_stride(net), room))
    return [(i, j) for i in rows for j in cols]
