"""Colours and textures of generated scenes, drawn at random whatever they cover. Whole numbers throughout."""

import numpy as np
from PIL import Image

from minifcn.data.sets.forms import TURNS, UNIT, cosine, sine

# Pale grounds and strong colours for objects: what stands out is an object, but only its form says which.
GROUNDS = np.array(
    [
        *([225, 218, 205], [205, 214, 222], [214, 222, 205], [222, 208, 214]),
        *([190, 190, 195], [235, 235, 230], [200, 190, 175]),
    ],
    dtype=np.int32,
)
COLOURS = np.array(
    [
        *([200, 40, 40], [230, 120, 20], [40, 140, 60], [20, 110, 180], [110, 50, 150]),
        *([190, 50, 130], [20, 140, 140], [90, 60, 40], [40, 45, 60]),
    ],
    dtype=np.int32,
)
CHANGE = 24  # largest difference between a texture's two colours


def colour(rng: np.random.Generator, palette: np.ndarray) -> np.ndarray:
    """A colour (3,) near one of `palette` (n, 3), integers 0..255."""
    return palette[rng.integers(len(palette))] + rng.integers(-12, 13, size=3, dtype=np.int32)


def textured(rng: np.random.Generator, first: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Colours (..., 3) of the pixels at y, x (integers that broadcast to ...): `first`, with a second one's texture."""
    change = rng.integers(-CHANGE, CHANGE + 1, size=3, dtype=np.int32)
    turn, pitch, kind = (int(n) for n in rng.integers((0, 5, 0), (TURNS, 14, 4)))
    pitch *= UNIT
    c, s = cosine(turn), sine(turn)
    across, along = c * x + s * y, c * y - s * x  # in 1/UNIT px
    if kind == 0:  # shaded across
        mix = across // UNIT + 128 & 255
    elif kind == 1:  # stripes
        mix = (across // (pitch // 2) & 1) * 256
    elif kind == 2:  # checks
        mix = (across // pitch + along // pitch & 1) * 256
    else:  # dots
        a, b = across % pitch - pitch // 2, along % pitch - pitch // 2
        mix = (a * a + b * b < (pitch // 3) ** 2).astype(np.int32) * 256
    return first + (change * mix[..., None] >> 8)  # (..., 3)


def clouds(rng: np.random.Generator, size: int) -> np.ndarray:
    """Light and shade, smooth over some 16 pixels: integers 0..255, int32 (size, size)."""
    n = size // 16 + 2
    coarse = Image.fromarray(rng.integers(256, size=(n, n), dtype=np.uint8))
    smooth = coarse.resize((n * 16, n * 16), Image.Resampling.BILINEAR)  # its weights, n/32, are exact
    return np.asarray(smooth)[8 : 8 + size, 8 : 8 + size].astype(np.int32)
