"""Nodes of a network at which maps come together: a sum, a crop to another map's size, a concatenation."""

from minifcn.backend import array_module
from minifcn.convolution.geometry import pair
from minifcn.errors import InputError
from minifcn.layers.layer import Layer, check_gradient


class Sum(Layer):
    """y = a + b + ..., of maps that lie over each other.

    forward   maps (N, C, H, W) each  -> y, the same shape
    backward  dL/dy                   -> dL/dy for each of them, in arrays of their own
    """

    joins = True

    def forward(self, first, *others):
        y = first
        for other in others:
            y = y + other
        self.keep(len(others))
        return y

    def backward(self, dy):
        (others,) = self.kept()
        return dy, *(dy.copy() for _ in range(others))

    def output_place(self, axis, *places):
        return _lying_over(places)


class Concatenation(Layer):
    """y = [a, b, ...], joined along the channels, of maps that lie over each other.

    forward   maps (N, A, H, W), (N, B, H, W), ...  -> y (N, A + B + ..., H, W)
    backward  dL/dy, cut as y was joined            -> a part for each of them, in arrays of their own

    Raises InputError where the maps differ in more than the channels.
    """

    joins = True

    def forward(self, *maps):
        if len({(len(x), *x.shape[2:]) for x in maps}) > 1:
            raise InputError(f"Concatenation: maps of shapes {', '.join(str(x.shape) for x in maps)} cannot be joined")
        y = array_module(maps[0]).concatenate(maps, axis=1)
        self.keep(y.shape, [x.shape[1] for x in maps])
        return y

    def backward(self, dy):
        shape, channels = self.kept()
        check_gradient(self, dy, shape)
        parts, start = [], 0
        for count in channels:
            parts.append(array_module(dy).array(dy[:, start : start + count], order="C"))  # (N, count, H, W)
            start += count
        return tuple(parts)

    def output_place(self, axis, *places):
        return _lying_over(places)

    def output_channels(self, *counts):
        return sum(counts)


class Crop(Layer):
    """y = the part of x that lies over another map: from pixel `offset` on, (rows, columns), of the other's size.

    forward   x (N, C, H, W), other (N, K, h, w)  -> y (N, C, h, w)
    backward  dL/dy                               -> dL/dx (N, C, H, W), zeros around dL/dy; and None for the other

    Raises InputError where x ends before the other does.
    """

    joins = hands_on = True

    def __init__(self, offset: int | tuple[int, int] = 0) -> None:
        self.offset = pair(offset, "Crop: offset")

    def index(self, size: tuple[int, int]) -> tuple:
        """What is used of x, for another map of this size (h, w)."""
        return ..., *(slice(start, start + n) for start, n in zip(self.offset, size))

    def forward(self, x, other):
        y = x[self.index(other.shape[2:])]
        if y.shape[2:] != other.shape[2:]:
            raise InputError(f"Crop: from {self.offset} on, {tuple(x.shape)} does not cover {tuple(other.shape)}")
        self.keep(x.shape, y.shape)
        return array_module(x).ascontiguousarray(y)  # (N, C, h, w)

    def backward(self, dy):
        shape, cropped = self.kept()
        check_gradient(self, dy, cropped)
        dx = array_module(dy).zeros(shape, dtype=dy.dtype)
        dx[self.index(cropped[2:])] = dy
        return dx, None

    def output_place(self, axis, place, other):
        return _lying_over([place.cropped(self.offset[axis], other.size), other])

    def __repr__(self):
        return f"Crop({self.offset})"


def _lying_over(places):
    """The Place of what joins maps: of their receptive fields the largest. InputError where they lie elsewhere."""
    if len({(place.size, place.pitch, place.start) for place in places}) > 1:
        raise InputError(f"the maps do not lie over each other: {', '.join(map(str, places))}")
    return max(places, key=lambda place: place.receptive_field)
