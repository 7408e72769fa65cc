"""Zeros around a map: another number of them on each side, which convolutions and pooling have not."""

from minifcn.backend import Array, array_module
from minifcn.checks import check_fits
from minifcn.convolution.checks import check_floats, check_gradient
from minifcn.convolution.geometry import Place, whole
from minifcn.errors import InputError
from minifcn.layers.layer import Layer
from minifcn.layers.unbatched import one_image_too


@one_image_too
class ZeroPad2d(Layer):
    """y = x with zeros around it.

    forward   x (N, C, H, W)  -> y (N, C, top + H + bottom, left + W + right)
    backward  dL/dy           -> dL/dx (N, C, H, W): the part of dL/dy that lies over x

    padding  (left, right, top, bottom), in PyTorch's order, or one number for all
    Raises InputError for other paddings, and for x that is not (N, C, H, W) of floats.
    """

    fresh = True

    def __init__(self, padding: int | tuple[int, int, int, int]) -> None:
        given = padding if isinstance(padding, (tuple, list)) else (padding,) * 4
        if len(given) != 4:
            raise InputError(f"ZeroPad2d: padding is {padding}; expected a number or (left, right, top, bottom)")
        self.left, self.right, self.top, self.bottom = (whole(n, "ZeroPad2d: padding") for n in given)

    def forward(self, x: Array) -> Array:
        check_floats(self, x)
        n, c, h, w = x.shape
        check_fits("ZeroPad2d: the output", (n, c, self.top + h + self.bottom, self.left + w + self.right))
        y = array_module(x).pad(x, ((0, 0), (0, 0), (self.top, self.bottom), (self.left, self.right)))
        self.keep(x.shape[2:], y.shape)
        return y

    def backward(self, dy: Array) -> Array:
        (h, w), shape = self.kept()
        check_gradient(self, dy, shape)
        return dy[:, :, self.top : self.top + h, self.left : self.left + w].copy()  # (N, C, H, W)

    def output_place(self, axis: int, place: Place) -> Place:
        return place.padded(*((self.top, self.bottom), (self.left, self.right))[axis])

    def __repr__(self) -> str:
        return f"ZeroPad2d({(self.left, self.right, self.top, self.bottom)})"
