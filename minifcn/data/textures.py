"""Colours and textures of generated scenes, drawn at random whatever they cover. Whole numbers throughout."""

import numpy as np
from PIL import Image

from minifcn.data.forms import TURNS, UNIT, cosine, sine

COLOURS = np.array(
    [
        *([232, 221, 203], [214, 90, 49], [236, 179, 62], [86, 133, 83], [57, 92, 142], [140, 83, 136]),
        *([66, 153, 160], [196, 70, 92], [150, 182, 108], [122, 90, 68], [60, 64, 78], [190, 195, 204]),
        *([236, 150, 132], [112, 172, 216], [176, 152, 204], [44, 88, 80]),
    ],
    dtype=np.int32,
)


def colour(rng, unlike=None):
    """A colour (3,), integers 0..255; well apart from the colour `unlike` where one is given."""
    candidates = COLOURS[rng.integers(len(COLOURS), size=4)] + rng.integers(-16, 17, size=(4, 3), dtype=np.int32)
    if unlike is None:
        return candidates[0]
    return candidates[abs(candidates - unlike).sum(axis=1).argmax()]


def textured(rng, first, y, x):
    """Colours (..., 3) of the pixels at y, x (integers that broadcast to ...): `first`, with a second one's texture."""
    change = rng.integers(-48, 49, size=3, dtype=np.int32)
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


def clouds(rng, size):
    """Light and shade, smooth over some 16 pixels: integers 0..255, int32 (size, size)."""
    n = size // 16 + 2
    coarse = Image.fromarray(rng.integers(256, size=(n, n), dtype=np.uint8))
    smooth = coarse.resize((n * 16, n * 16), Image.Resampling.BILINEAR)  # its weights, n/32, are exact
    return np.asarray(smooth)[8 : 8 + size, 8 : 8 + size].astype(np.int32)
