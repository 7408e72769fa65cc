"""The arithmetic of windows that slide: output sizes, receptive fields, strides, and where a map lies on the image.

All numbers concern one axis; a layer has one `Window` for its rows and one for its columns.
Dumoulin and Visin 2016, "A guide to convolution arithmetic for deep learning", sections 2-5, gives the sizes.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, NamedTuple

from minifcn.checks import Pair, check_fits, pair, whole
from minifcn.errors import InputError

Setting = int | Pair  # one number for both


def told_size(name: str, given: Any, size: Pair, possible: list[range]) -> Pair:
    """(H, W) from the output_size of a call: (H, W), a number for both, or (N, C, H, W), as PyTorch takes it too.

    Raises InputError unless it is one of the `possible` ones, a range for each axis, naming the layer `name` and what
    can come of its input's `size`.
    """
    if isinstance(given, (tuple, list)) and len(given) == 4:
        given = given[2:]
    wanted = pair(given, "output_size", 1)
    if any(n not in sizes for n, sizes in zip(wanted, possible)):
        spans = ["no" if not s else f"{s[0]} to {s[-1]}" if len(s) > 1 else f"{s[0]}" for s in possible]
        raise InputError(
            f"{name}: output_size {wanted[0]}x{wanted[1]} cannot be: {size[0]}x{size[1]} pixels become {spans[0]} rows "
            f"and {spans[1]} columns"
        )
    return wanted


@dataclass(frozen=True)
class Window:
    """A window of `kernel` taps, `dilation` apart, that moves by `stride` over `padding` + input + `padding`.

    ceil        the last window may hang over the end (pooling's ceil mode), if it starts before it
    transposed  the way back: the input's pixels are spread, `stride` apart, over the output
    end         pixels of padding more after the input than before it
    """

    kernel: int
    stride: int = 1
    padding: int = 0
    dilation: int = 1
    ceil: bool = False
    transposed: bool = False
    output_padding: int = 0
    end: int = 0

    @property
    def reach(self) -> int:
        """Pixels from the window's first tap to its last, both counted."""
        return self.dilation * (self.kernel - 1) + 1

    def output_size(self, size: int) -> int:
        """How many pixels come out of `size`. Raises InputError where the window does not fit or nothing is left."""
        if size < 1:
            raise InputError(f"the input has {size} pixels along an axis: use a larger image")
        if self.transposed:
            out = self._spread(size) + self.output_padding
            if out < 1:
                raise InputError(f"padding {self.padding} cuts the whole output away: {size} -> {out} pixels")
            return out
        padded = size + 2 * self.padding + self.end
        room = padded - self.reach
        out = (-(-room // self.stride) if self.ceil else room // self.stride) + 1
        if self.ceil and (out - 1) * self.stride >= size + self.padding:
            out -= 1  # the last window would see nothing but padding
        if out < 1:
            raise InputError(
                f"the kernel reaches over {self.reach} pixels, but the padded input has only "
                f"{padded} (input {size}, padding {self.padding}): use a larger image or more padding"
            )
        return out

    def possible_sizes(self, size: int) -> range:
        """The sizes of which the convolution makes `size`, as a range: what the way back can lead to."""
        least = self._spread(size)
        return range(max(1, least), least + self.stride)

    def _spread(self, size):
        """The pixels that `size` windows, a stride apart, reach over, less the padding."""
        return (size - 1) * self.stride - 2 * self.padding + self.reach

    def valid(self, tap: int, size: int, out: int) -> tuple[slice, slice]:
        """Which outputs find tap number `tap` inside the input, not in the padding.

        Returns (outputs, inputs), two slices of equal length: output o reads input o*stride - padding + tap*dilation.
        """
        offset = tap * self.dilation - self.padding
        first = max(0, -(offset // self.stride))
        last = max(first, min(out, (size - 1 - offset) // self.stride + 1))
        start = first * self.stride + offset
        return slice(first, last), slice(start, start + (last - first) * self.stride, self.stride)


class How(NamedTuple):
    """How a kernel goes over its input: four settings that travel together, the first three as (rows, columns)."""

    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)
    groups: int = 1

    @classmethod
    def of(cls, stride: Setting = 1, padding: Setting = 0, dilation: Setting = 1, groups: int = 1) -> "How":
        """The same from what a user gives. Raises InputError where a setting makes no sense."""
        pairs = pair(stride, "stride", 1), pair(padding, "padding"), pair(dilation, "dilation", 1)
        return cls(*pairs, whole(groups, "groups", 1))

    def windows(self, kernel_size: Pair) -> tuple[Window, ...]:
        """The windows of a kernel, along rows and columns."""
        return tuple(Window(*axis) for axis in zip(kernel_size, self.stride, self.padding, self.dilation))

    def output_size(self, input_size: Pair, kernel_size: Pair) -> Pair:
        """(oh, ow) of a convolution over (H, W). Raises InputError where the kernel is larger than the padded input."""
        return map_size(self.windows(kernel_size), input_size)


def map_size(windows: Iterable[Window], input_size: Pair) -> Pair:
    """(oh, ow) that windows along rows and columns make of (H, W). Raises InputError where that is no size of a map."""
    oh, ow = (window.output_size(n) for window, n in zip(windows, input_size))
    check_fits("the output", (oh, ow))
    return oh, ow


def tap_dtype(kernel_size: Pair) -> str:
    """The smallest dtype that numbers the taps of a kernel."""
    return "uint8" if kernel_size[0] * kernel_size[1] <= 256 else "int32"


@dataclass(frozen=True)
class Place:
    """Where a map's pixels lie on the image, along one axis, in image pixels.

    size             pixels of the map
    pitch            from one pixel's centre to the next ("stride" of the map)
    start            centre of pixel 0; image pixel 0 has its centre at 0
    receptive_field  how many image pixels one pixel of the map looks at
    """

    size: int
    pitch: Fraction = Fraction(1)
    start: Fraction = Fraction(0)
    receptive_field: int = 1

    def after(self, window: Window) -> "Place":
        """The place of the map that `window` makes of this one."""
        size = window.output_size(self.size)
        # The centre of the first window, in pixels of the denser of the two maps.
        middle = Fraction(window.reach - 1, 2) - window.padding
        if window.transposed:
            pitch = self.pitch / window.stride
            seen = -(-window.reach // window.stride)  # input pixels that one output pixel can draw on
            return Place(size, pitch, self.start - middle * pitch, self.receptive_field + int((seen - 1) * self.pitch))
        field = self.receptive_field + int((window.reach - 1) * self.pitch)
        return Place(size, self.pitch * window.stride, self.start + middle * self.pitch, field)

    def cropped(self, offset: int, size: int) -> "Place":
        """The place of `size` pixels from pixel `offset` on. Raises InputError where they are not all there."""
        if offset < 0 or offset + size > self.size:
            raise InputError(f"a crop of {size} pixels from {offset} on does not lie inside a map of {self.size}")
        return Place(size, self.pitch, self.start + offset * self.pitch, self.receptive_field)

    def padded(self, before: int, after: int) -> "Place":
        """The place of the map with so many pixels more on either side."""
        return replace(self, size=before + self.size + after, start=self.start - before * self.pitch)

    def offset_of(self, other: "Place") -> int:
        """The pixel of this map that lies where pixel 0 of `other` does: the crop that lays the two over each other.

        Negative where `other` begins first. Raises InputError where their pixels fall between each other.
        """
        offset = (other.start - self.start) / self.pitch
        if self.pitch != other.pitch or offset.denominator != 1:
            apart = f"pitches {self.pitch} and {other.pitch}, {float(offset)} pixels apart"
            raise InputError(f"the maps do not align: {apart}")
        return int(offset)


def chain(size: int, windows: Iterable[Window]) -> list[Place]:
    """The `Place`s of an image of `size` pixels after each of `windows`, the image's own first."""
    places = [Place(size)]
    for window in windows:
        places.append(places[-1].after(window))
    return places
