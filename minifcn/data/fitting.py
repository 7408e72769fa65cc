"""A label laid over its photo, whichever way the camera was held."""

from typing import Any

import numpy as np
from PIL import Image

from minifcn.data.photos import Photo, turned
from minifcn.errors import InputError, caution


def fitted(label: np.ndarray, photo: Photo, what: str) -> np.ndarray:
    """The label (h, w) of a photo, turned with it where it lies as the photo's pixels do in the file.

    A camera held sideways stores the pixels as they came and a note (EXIF) how to turn them. Tools that heed the note
    leave upright masks, others leave masks that need the same turn; the sides tell which. Where both would fit, the
    label is taken for upright, with a caution. InputError where neither does; `what` names the label.
    """
    upright = photo.pixels.shape[:2]
    if photo.orientation == 1 or (label.shape == upright and upright != photo.stored_size):
        if label.shape != upright:
            raise InputError(f"{what} is {_size(label.shape)} (width x height), expected {_size(upright)} as its image")
        return label
    if label.shape == upright:
        note = f"its photo is to be turned (EXIF orientation {photo.orientation}) and the mask fits either way"
        caution(f"{what}: {note}: taken for upright; look at it with minifcn data")
        return label
    if label.shape == photo.stored_size:
        return np.array(turned(Image.fromarray(label), photo.orientation))
    sizes = f"expected {_size(upright)}, as its photo upright, or {_size(photo.stored_size)}, as it is stored"
    raise InputError(f"{what} is {_size(label.shape)} (width x height), {sizes}: find the mask that belongs to it")


def _size(shape):
    return f"{shape[1]}x{shape[0]}"


def drawn_on(size: tuple[Any, Any], photo: Photo) -> tuple[int, int]:
    """(height, width) that an outline's points are told on: as told where these are sizes, else its photo's."""
    if all(isinstance(side, int) and side > 0 for side in size):
        return size
    return photo.pixels.shape[0], photo.pixels.shape[1]
