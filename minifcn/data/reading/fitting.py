"""A label laid over its photo, whichever way the camera was held."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from minifcn.data.reading.photos import Photo, turned
from minifcn.errors import InputError, caution

FAR = 100_000  # pixels: no picture has points beyond; drawing programs go astray there, or never end


def fitted(label: np.ndarray, photo: Photo, what: str) -> np.ndarray:
    """The label (h, w) of a photo, turned with it where it lies as the photo's pixels do in the file.

    A camera held sideways stores the pixels as they came and a note (EXIF) how to turn them. Tools that heed the note
    leave upright masks, others leave masks that need the same turn; the sides tell which. Where both would fit, the
    label is taken for upright, with a caution. InputError where neither does; `what` names the label.
    """
    upright, stored = photo.pixels.shape[:2], photo.stored_size
    given = f"{what} is {size_in_words(label.shape)} (width x height)"
    if photo.orientation == 1 or (label.shape == upright and upright != stored):
        if label.shape != upright:
            swapped = ": its sides are swapped, turn it by 90 degrees" * (label.shape == upright[::-1])
            raise InputError(f"{given}, expected {size_in_words(upright)} as its image{swapped}")
        return label
    if label.shape == upright:
        note = f"its photo is to be turned (EXIF orientation {photo.orientation}) and the mask fits either way"
        caution(f"{what}: {note}: taken for upright; look at it (minifcn data --out)", "orientation")
        return label
    if label.shape == stored:
        return np.array(turned(Image.fromarray(label), photo.orientation))
    sizes = f"expected {size_in_words(upright)}, as its photo upright, or {size_in_words(stored)}, as it is stored"
    raise InputError(f"{given}, {sizes}: find the mask that belongs to it")


def size_in_words(shape: Sequence[int]) -> str:
    """(height, width) as WIDTHxHEIGHT."""
    return f"{shape[1]}x{shape[0]}"


def drawn_on(size: tuple[Any, Any], photo: Photo, what: str) -> tuple[int, int]:
    """(height, width) that an outline's points are told on: as told where these are sizes, else its photo's.

    InputError where the photo has that size neither upright nor as it is stored; `what` names the label.
    """
    upright = photo.pixels.shape[0], photo.pixels.shape[1]
    if not all(isinstance(side, int) and side > 0 for side in size):
        return upright
    if size not in (upright, photo.stored_size):
        drawn, its = size_in_words(size), size_in_words(upright)
        raise InputError(f"{what} is drawn on {drawn} (width x height), but its picture is {its}: draw it anew")
    return size
