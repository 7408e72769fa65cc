"""Images and labels brought to another size, so that one still lies over the other.

A size is (N,), the longer side's pixels, the other in proportion; or (width, height). As text, in settings and beside
weights, it is "640" or "640x480".
"""

import re
from argparse import ArgumentTypeError

import numpy as np
from PIL import Image

from minifcn.backend.memory import check_room
from minifcn.checks import shown, whole
from minifcn.data.dataset import Dataset, Sample, View
from minifcn.errors import InputError

Size = tuple[int, ...]
LARGEST = 65_535  # pixels a side: JPEG has no more


def parse_size(text: str) -> Size:
    """ "640" -> (640,), the longer side; "640x480" -> (640, 480), width and height. InputError for anything else."""
    found = re.fullmatch(r"(\d{1,9})(?:[xX](\d{1,9}))?", str(text), re.ASCII)
    size = tuple(int(side) for side in found.groups() if side) if found else ()
    if not size or not 1 <= min(size) <= max(size) <= LARGEST:
        expected = f"640 (the longer side) or 640x480 (width x height), pixels from 1 to {LARGEST}"
        raise InputError(f"size {shown(text)} is none, expected {expected}")
    return size


def size_text(text: str) -> str:
    """The text of a size as settings and weights keep it, for an option of a command line."""
    try:
        return "x".join(map(str, parse_size(text)))
    except InputError as error:
        raise ArgumentTypeError(str(error)) from error  # argparse hides what other errors say


def resized(size: Size, shape: tuple[int, int]) -> tuple[int, int]:
    """(height, width) that an image of (height, width) is brought to: larger or smaller, at least 1 pixel each way."""
    if len(size) == 2:
        return size[1], size[0]
    longer = max(shape)
    height, width = (max(1, (2 * size[0] * side + longer) // (2 * longer)) for side in shape)  # to the nearest pixel
    return height, width


def resize_image(image: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """An image uint8 (H, W, 3) -> (*shape, 3), smoothly: each pixel weighs all that it covers, so nothing flickers."""
    return _resize(image, shape, Image.Resampling.BICUBIC)


def resize_label(label: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """A label uint8 (H, W) -> shape, each pixel the nearest one's class: there is no class between two others.

    Pixels' centres lie where `resize_image` has them.
    """
    return _resize(label, shape, Image.Resampling.NEAREST)


def _resize(array, shape, how):
    if array.shape[:2] == tuple(shape):
        return array
    height, width = shape
    held = 2 if array.ndim == 2 else 7  # bytes a pixel, once in Pillow's image, whose colours take 4, and once more
    check_room(held * height * width, f"an image of {width}x{height} pixels", "size")
    return np.array(Image.fromarray(array).resize((shape[1], shape[0]), how))


class Resized(View):
    """A data set with its images and labels brought to a size; `names` too, where the data set has names."""

    def __init__(self, dataset: Dataset, size: Size):
        super().__init__(dataset)
        sides = size if isinstance(size, tuple) and len(size) in (1, 2) else (None,)
        self.size = tuple(whole(side, f"Resized: a side of size {shown(size)}", 1) for side in sides)

    def load(self, index: int) -> Sample:
        image, label = self.dataset[index]
        shape = resized(self.size, label.shape)
        return resize_image(image, shape), resize_label(label, shape)
