"""The colours of all pictures, which the colour-blind tell apart.

Curves and marks have Okabe and Ito's, void is light grey. In pictures of a convolution a kernel's entries go from dark
to bright in reading order (viridis), everything else is pale, and what a step is about has a vermillion frame.
"""

from functools import lru_cache

import numpy as np
from matplotlib import colormaps
from numpy.typing import ArrayLike
from PIL import Image, ImageColor

Colour = tuple[int, ...]
BLUE, VERMILLION, GREEN, BLACK = "#0072B2", "#D55E00", "#009E73", "#000000"  # Okabe and Ito's
VOID_COLOUR = (232, 232, 232)
WHITE, INK, GREY, LINE, FAINT = (255,) * 3, (32,) * 3, (100,) * 3, (150,) * 3, (220,) * 3
NOW = ImageColor.getrgb(VERMILLION)
FILLS = {  # of a map's cells, by their kind
    "empty": WHITE,
    "pixel": (204, 224, 242),
    "zero": (252, 226, 170),
    "padding": WHITE,
    "unseen": (236, 216, 240),
    "cut": FAINT,
}


def colour_table(palette: ArrayLike) -> np.ndarray:
    """The colour of each value of a label, (256, 3) uint8: the classes' in the palette, void's for any other."""
    colours = np.full((256, 3), VOID_COLOUR, np.uint8)
    colours[: len(np.asarray(palette))] = palette
    return colours


@lru_cache
def entry_colours(count: int) -> np.ndarray:
    """The colours of a kernel's entries 1..count, after white for a zero: (count + 1, 3) uint8."""
    colours = colormaps["viridis"](np.linspace(0, 1, count))[:, :3]
    return np.vstack([WHITE, np.round(255 * colours)]).astype(np.uint8)


def ink_on(colour: Colour) -> Colour:
    """White or dark, whichever is easier to read on it."""
    return INK if np.dot(colour, (0.299, 0.587, 0.114)) > 120 else WHITE


@lru_cache
def palette(count: int) -> Image.Image:
    """A palette picture for kernels of `count` entries: every colour, and the blends at the rims of letters on it."""
    pairs: list[tuple[Colour, Colour]] = [(fill, ink) for fill in FILLS.values() for ink in (INK, GREY)]
    pairs += [(WHITE, NOW), (WHITE, LINE)]
    pairs += [(tuple(colour), ink_on(colour)) for colour in entry_colours(count)[1:].tolist()]
    blends = {tuple(round(a + (b - a) * part / 3) for a, b in zip(*pair)) for pair in pairs for part in range(3)}
    colours = sorted(blends | {INK, GREY, LINE, NOW})
    image = Image.new("P", (1, 1))
    image.putpalette([value for colour in colours for value in colour])
    return image
