"""What the pictures are made of: texts, cells, maps and matrices. Lengths are pixels, from the upper left corner."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from matplotlib import get_data_path
from PIL import Image, ImageDraw, ImageFont

from minifcn.pictures.colours import FAINT, FILLS, GREY, INK, LINE, NOW, WHITE, Colour, entry_colours, ink_on, palette
from minifcn.pictures.sliding import KINDS, Step

WIDEST, MARGIN, GAP = 1200, 24, 36
HEAD, AXIS = 44, 20  # above a block, for its two lines; beside a matrix, for its axes
NAMED, LINED = 18, 8  # a matrix's cells of this side hold texts, and have lines between them
DASHED = ("padding", "unseen")  # kinds of cells that lie outside the input


@lru_cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which comes with matplotlib, at this height."""
    path = Path(get_data_path(), "fonts/ttf/DejaVuSans.ttf")
    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)


def width_of(text: str, size: int) -> int:
    """How wide a text is."""
    return round(font(size).getlength(text))


def fitting(texts: Iterable[str], side: int) -> int:
    """The largest size of letters with which each of the texts fits a cell of this side."""
    texts = list(texts)
    return next((size for size in range(15, 9, -1) if max(width_of(text, size) for text in texts) <= side - 4), 9)


def head_width(head: Sequence[str]) -> int:
    """How wide the two lines above a block are."""
    return max(width_of(head[0], 16), width_of(head[1], 12))


def legend_width(kinds: Iterable[str]) -> int:
    """How wide the legend of these kinds of cells is."""
    return sum(width_of(KINDS[kind], 13) + 48 for kind in kinds)


class Canvas:
    """A white picture to draw on; `entries` is the number of entries that its kernel has."""

    def __init__(self, width: int, height: int, entries: int):
        self.entries, self.image = entries, Image.new("RGB", (width, height), WHITE)
        self.draw = ImageDraw.Draw(self.image)

    def copy(self) -> "Canvas":
        """Another canvas with the same on it."""
        other = Canvas(*self.image.size, self.entries)
        other.image.paste(self.image)
        return other

    def finished(self) -> Image.Image:
        """The picture with a palette, the same for every picture of a kernel of this size."""
        return self.image.quantize(palette=palette(self.entries), dither=Image.Dither.NONE)

    def text(self, x: float, y: float, text: str, size: int = 14, colour: Colour = INK, anchor: str = "la") -> None:
        """A line of text; `anchor` as of Pillow: "la" puts its upper left corner at (x, y), "mm" its middle."""
        self.draw.text((x, y), text, colour, font(size), anchor)

    def head(self, x: int, y: int, name: str, more: str) -> None:
        """The two lines above a block."""
        self.text(x, y, name, 16)
        self.text(x, y + 21, more, 12, GREY)

    def cell(self, x: int, y: int, side: int, kind: str, text: str = "", size: int = 14, tab: float = 0.0) -> None:
        """A map's cell of this kind, a text in what `tab`, a part of its height, leaves."""
        self.draw.rectangle((x, y, x + side, y + side), FILLS[kind], None if kind in DASHED else LINE)
        if kind in DASHED:
            for d in range(0, side, 6):
                for edge in (0, side):
                    self.draw.line((x + d, y + edge, x + d + 2, y + edge), LINE)
                    self.draw.line((x + edge, y + d, x + edge, y + d + 2), LINE)
        if kind == "cut":
            self.draw.line((x, y, x + side, y + side), LINE)
        self._middle(x, y, side, side * (1 - tab), text, size, INK if kind == "pixel" else GREY)

    def entry(self, x: int, y: int, side: int, number: int, text: str, size: int, tab: float = 1.0) -> None:
        """A cell, or its lowest part `tab`, in the colour of the kernel's entry `number`, a text in it."""
        colour = tuple(entry_colours(self.entries)[number].tolist())
        height = int(side * tab)
        self.draw.rectangle((x + 1, y + side - height + 1, x + side - 1, y + side - 1), colour)
        self._middle(x, y + side - height, side, height, text, size, ink_on(colour))

    def _middle(self, x, y, width, height, text, size, colour):
        self.text(x + width / 2 + 0.5, y + height / 2 + 0.5, text, size, colour, "mm")

    def map(self, x: int, y: int, side: int, kinds: np.ndarray, texts: np.ndarray, tab: float = 0.0) -> None:
        """A map: kinds and texts (n, n)."""
        for dashed in (True, False):  # solid borders lie on top of dashed ones
            for (row, col), kind in np.ndenumerate(kinds):
                if (kind in DASHED) == dashed:
                    self.cell(x + col * side, y + row * side, side, str(kind), str(texts[row, col]), tab=tab)

    def window(self, x: int, y: int, side: int, step: Step, reach: int, texts: Sequence[str], tab: float = 1.0) -> None:
        """A Step's window on a map of these cells: a frame, and in it the kernel's entries, with these texts."""
        # Small letters go without grey rims: these would be much of what changes from frame to frame, and of a GIF.
        self.draw.fontmode = "1" if tab < 1 else "L"
        size = min(fitting(texts, side), int(side * tab) - 2)
        for product, text in zip(step.products, texts):
            row, col = product.cell
            self.entry(x + col * side, y + row * side, side, product.entry, text, size, tab)
        self.draw.fontmode = "L"
        self.frame(x + step.corner[1] * side, y + step.corner[0] * side, reach * side, reach * side)

    def kernel(self, x: int, y: int, side: int, entries: np.ndarray, texts: np.ndarray) -> None:
        """A kernel: entries (k, k) by number, texts (k, k)."""
        size = fitting(map(str, texts.flat), side)
        for (row, col), number in np.ndenumerate(entries):
            self.entry(x + col * side, y + row * side, side, number, str(texts[row, col]), size)

    def matrix(self, x: int, y: int, side: int, numbers: np.ndarray, texts: Sequence[str], axes: Sequence[str]) -> None:
        """C or its transpose: numbers (rows, columns) of the kernel's entries; their texts, where the cells take them.

        axes says what the rows and the columns are.
        """
        (rows, cols), (down, across) = numbers.shape, axes
        self.text(x, y - AXIS, across, 12, GREY)
        strip = Image.new("RGB", (width_of(down, 12), 16), WHITE)
        ImageDraw.Draw(strip).text((0, 0), down, GREY, font(12))
        self.image.paste(strip.transpose(Image.Transpose.ROTATE_90), (x - AXIS, y))
        colours = Image.fromarray(entry_colours(self.entries)[numbers])
        self.image.paste(colours.resize((cols * side, rows * side), Image.Resampling.NEAREST), (x, y))
        if side >= LINED:
            for row in range(1, rows):
                self.draw.line((x, y + row * side, x + cols * side, y + row * side), FAINT)
            for col in range(1, cols):
                self.draw.line((x + col * side, y, x + col * side, y + rows * side), FAINT)
        self.draw.rectangle((x - 1, y - 1, x + cols * side, y + rows * side), None, LINE)
        if side >= NAMED:
            size = fitting(texts, side)
            for (row, col), number in np.ndenumerate(numbers):
                ink = ink_on(entry_colours(self.entries)[number]) if number else LINE
                self._middle(x + col * side, y + row * side, side, side, texts[number], size, ink)

    def frame(self, x: int, y: int, width: int, height: int) -> None:
        """The frame around what a step is about."""
        self.draw.rectangle((x - 2, y - 2, x + width + 2, y + height + 2), None, NOW, 3)

    def legend(self, x: int, y: int, kinds: Iterable[str]) -> None:
        """What the kinds of cells are, in one line."""
        for kind in kinds:
            self.cell(x, y, 18, kind)
            self.text(x + 26, y + 9, KINDS[kind], 13, anchor="lm")
            x += width_of(KINDS[kind], 13) + 48
