"""The nodes at which maps come together: they are added, laid one behind the other, or cropped to each other."""

from collections.abc import Callable
from itertools import accumulate

from minifcn.backend import Array, array_module
from minifcn.convolution.checks import check_any_floats, check_floats, check_gradient, check_same_kind
from minifcn.convolution.geometry import Pair, Place, Setting, pair
from minifcn.errors import InputError
from minifcn.layers.layer import Layer


class Join(Layer):
    """Base: several maps that lie over each other, pixel by pixel, become one; `backward` gives a gradient for each."""

    joins = True

    def check(self, maps: tuple[Array, ...], check_one: Callable = check_floats) -> None:
        """InputError unless these are maps that `check_one` lets pass, one at least, of one dtype and on one device."""
        title = type(self).__name__
        if not maps:
            raise InputError(f"{title}: no maps were given, expected one at least")
        for x in maps:
            check_one(self, x)
            check_same_kind(f"{title}: a map", x, "the first is", maps[0])

    def output_place(self, axis: int, *places: Place) -> Place:
        """Their common place, with the largest receptive field. Raises InputError where they lie elsewhere."""
        if len({(place.size, place.pitch, place.start) for place in places}) > 1:
            raise InputError(f"the maps do not lie over each other: {', '.join(map(str, places))}")
        return max(places, key=lambda place: place.receptive_field)


class Sum(Join):
    """y = a + b + ..., of maps that lie over each other.

    forward   maps (N, C, H, W) each  -> y, the same shape
    backward  dL/dy                   -> dL/dy for each of them, in arrays of their own

    Raises InputError where their shapes differ.
    """

    fresh = True

    def forward(self, first: Array, *others: Array) -> Array:
        self.check((first, *others), check_any_floats)
        if any(x.shape != first.shape for x in others):
            shapes = ", ".join(str(x.shape) for x in (first, *others))
            raise InputError(f"Sum: maps of shapes {shapes} cannot be added")
        self.keep(first.shape, 1 + len(others))
        return sum(others, start=first) if others else first.copy()

    def backward(self, dy: Array) -> tuple:
        shape, count = self.kept()
        check_gradient(self, dy, shape)
        return tuple(dy.copy() for _ in range(count))


class Concatenation(Join):
    """y = [a, b, ...], joined along the channels, of maps that lie over each other.

    forward   maps (N, A, H, W), (N, B, H, W), ...  -> y (N, A + B + ..., H, W)
    backward  dL/dy, cut as y was joined            -> a part for each of them, in arrays of their own

    Raises InputError where the maps differ in more than the channels.
    """

    fresh = True

    def forward(self, *maps: Array) -> Array:
        self.check(maps, check_any_floats)
        if min(x.ndim for x in maps) < 2 or len({(len(x), *x.shape[2:]) for x in maps}) > 1:
            raise InputError(f"Concatenation: maps of shapes {', '.join(str(x.shape) for x in maps)} cannot be joined")
        y = array_module(maps[0]).concatenate(maps, axis=1)
        self.keep(y.shape, [x.shape[1] for x in maps])
        return y

    def backward(self, dy: Array) -> tuple:
        shape, channels = self.kept()
        check_gradient(self, dy, shape)
        parts = zip(channels, accumulate(channels))
        return tuple(array_module(dy).array(dy[:, end - n : end], order="C") for n, end in parts)  # (N, n, H, W) each

    def output_channels(self, *counts: int) -> int:
        return sum(counts)


class Crop(Join):
    """y = the part of x that lies over another map: from pixel `offset` on, (rows, columns), of the other's size.

    forward   x (N, C, H, W), other (N, K, h, w)  -> y (N, C, h, w)
    backward  dL/dy                               -> dL/dx (N, C, H, W), zeros around dL/dy; and None for the other

    Raises InputError where x ends before the other does.
    """

    fresh = True

    def __init__(self, offset: Setting = 0) -> None:
        self.offset = pair(offset, "Crop: offset")

    def index(self, size: Pair) -> tuple:
        """What is used of x, for another map of this size (h, w)."""
        return ..., *(slice(start, start + n) for start, n in zip(self.offset, size))

    def forward(self, x: Array, other: Array) -> Array:
        self.check((x, other))
        y = x[self.index(other.shape[2:])]
        if y.shape[2:] != other.shape[2:]:
            raise InputError(f"Crop: from {self.offset} on, {tuple(x.shape)} does not cover {tuple(other.shape)}")
        self.keep(x.shape, y.shape)
        return y.copy()  # (N, C, h, w)

    def backward(self, dy: Array) -> tuple:
        shape, cropped = self.kept()
        check_gradient(self, dy, cropped)
        dx = array_module(dy).zeros(shape, dtype=dy.dtype)
        dx[self.index(cropped[2:])] = dy
        return dx, None

    def output_place(self, axis: int, *places: Place) -> Place:
        place, other = places
        return super().output_place(axis, place.cropped(self.offset[axis], other.size), other)

    def __repr__(self) -> str:
        return f"Crop({self.offset})"
