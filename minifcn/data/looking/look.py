"""What is seen of one pair of a data set that is looked at."""

import hashlib
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from minifcn.data.dataset import Dataset
from minifcn.data.looking.agreement import agreement
from minifcn.data.reading.noise import slopes
from minifcn.data.reading.photos import read_header
from minifcn.errors import InputError

SIDE = 24  # pixels of a thumbnail: fewer do not tell neighbouring frames of a film apart
LABELS = 256  # of 8 bits, void among them


@dataclass(frozen=True, eq=False)
class Look:
    """A pair, and what is seen of it.

    split, index, name  which it is; its number is its name where the data set has none
    error        why it cannot be read; then nothing below is known but mode and orientation
    size         (height, width) of image and label
    mode         Pillow's name for the colours of the image's file, "" where that is not known
    orientation  that its EXIF tells, 1 is upright
    pixels       int64 (256,): of each label
    colour       float64 (3,): mean R, G, B
    digest       of the image's pixels
    thumbnail    uint8 (SIDE * SIDE,): the image in grey
    agreement    with edges, of the label put in each of `WAYS` (`agreement`)
    slopes       share of border pixels as smoothing leaves them (`noise.slopes`)
    """

    split: str
    index: int
    name: str
    error: str = ""
    size: tuple[int, int] = (0, 0)
    mode: str = ""
    orientation: int = 1
    pixels: np.ndarray = field(default_factory=lambda: np.zeros(LABELS, np.int64))
    colour: np.ndarray = field(default_factory=lambda: np.zeros(3))
    digest: bytes = b""
    thumbnail: np.ndarray = field(default_factory=lambda: np.zeros(SIDE * SIDE, np.uint8))
    agreement: np.ndarray = field(default_factory=lambda: np.full(8, np.nan))
    slopes: float = 0.0


def look_at(dataset: Dataset, split: str, index: int) -> Look:
    """Read a pair and see what it is; what is wrong with its files is part of it."""
    name = str(dataset.names[index]) if dataset.names else str(index)
    path = dataset.picture(index)
    mode, orientation = read_header(path) if path else ("", 1)
    try:
        image, label = dataset[index]
    except InputError as error:
        return Look(split, index, name, str(error), mode=mode, orientation=orientation)
    small = Image.fromarray(image).convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
    return Look(
        *(split, index, name),
        size=label.shape[:2],
        mode=mode,
        orientation=orientation,
        pixels=np.bincount(label.ravel(), minlength=LABELS),
        colour=image.reshape(-1, 3).mean(axis=0),
        digest=hashlib.sha1(np.ascontiguousarray(image).data).digest() + str(image.shape).encode(),
        thumbnail=np.asarray(small).ravel(),
        agreement=agreement(image, label),
        slopes=slopes(label),
    )
