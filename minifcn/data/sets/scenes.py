"""Generated scenes: objects told apart by their form, in colours and textures that tell nothing.

A scene is a function of (seed, split, number, size) alone, the same on every machine: it is drawn in whole numbers
from NumPy's random integers. Thin ladders, rings and stars, objects in front of others and small ones are there to
tell fine predictions from coarse ones.
"""

import numpy as np
from PIL import Image, ImageFilter

from minifcn.checks import check_fits, flag, shown, whole
from minifcn.data.dataset import VOID, Dataset, Sample, voc_palette
from minifcn.data.sets import forms
from minifcn.data.sets.textures import COLOURS, GROUNDS, clouds, colour, textured
from minifcn.errors import InputError

FORMS = (forms.disc, forms.square, forms.triangle, forms.ring, forms.star, forms.ladder)  # classes 1, 2, ...

# How hard the scenes are.
OBJECTS = (1, 4)  # fewest and most in 96x96 pixels; larger scenes hold more, by their area
SIZES = (32, 84)  # smallest and largest across, in pixels; small ones are the more frequent
TILT = 4  # most steps of 5 degrees that an object leans to either side
FLATTEN = 4  # most sixteenths by which an object is flattened
NOISE = 6  # largest change of a pixel's value by noise
SHADE = 32  # largest darkening by light and shade, in 256ths
BORDER = 1  # width in pixels of the void around objects

COUNTS = {"train": 2000, "val": 200, "test": 200}  # of each split
MEMORY = 1 << 28  # bytes of scenes that are kept once drawn


class Scenes(Dataset):
    """`count` scenes of `size` x `size` pixels; the splits "train", "val", "test" have no scene in common.

    With `dominant` each scene has one object, at least half as wide as the scene: for classifiers of whole images.
    Nothing is on disk: a scene is drawn when first asked for (some 2 ms at 96 x 96), and kept for the next epoch if all
    of them need no more than `MEMORY`.
    InputError for an unknown split, a size below 16, a count below 1, a seed below 0.
    """

    name = "scenes"
    classes = ("background", *(form.__name__ for form in FORMS))
    palette = voc_palette(len(classes))
    mean = (175.0, 169.0, 168.0)  # of the first 300 scenes, rounded
    std = (55.0, 53.0, 53.0)

    def __init__(
        self, split: str = "train", size: int = 96, count: int | None = None, seed: int = 0, dominant: bool = False
    ):
        if not isinstance(split, str) or split not in COUNTS:
            raise InputError(f"scenes: split is {shown(split)}, expected one of {', '.join(COUNTS)}")
        self.split, self.dominant = split, flag(dominant, "scenes: dominant")
        self.size, self.seed = whole(size, "scenes: size", 16), whole(seed, "scenes: seed", most=None)
        self.count = whole(COUNTS[split] if count is None else count, "scenes: count", 1)
        check_fits("scenes: an image", (self.size, self.size, 3))
        self._kept: dict[int, Sample] = {}  # by index

    def __len__(self) -> int:
        return self.count

    def load(self, index: int) -> Sample:
        pair = self._kept.get(index)
        if pair is None:
            rng = np.random.default_rng([self.seed, list(COUNTS).index(self.split), index])
            pair = draw_scene(rng, self.size, self.dominant)
            if self.count * sum(array.nbytes for array in pair) <= MEMORY:
                self._kept[index] = pair
        image, label = pair
        return image.copy(), label.copy()  # whoever writes to them spoils no later epoch


def draw_scene(rng: np.random.Generator, size: int, dominant: bool = False) -> Sample:
    """One scene: image uint8 (size, size, 3) and label uint8 (size, size)."""
    places = np.arange(size, dtype=np.int32)
    image = textured(rng, colour(rng, GROUNDS), places[:, None], places)  # (size, size, 3) int32
    label = np.zeros((size, size), dtype=np.uint8)
    for cy, cx, radius in _place(rng, size) if dominant else _places(rng, size):
        _draw_object(rng, image, label, cy, cx, radius)
    image = _soften(image)
    image = image * (256 - SHADE * clouds(rng, size)[:, :, None] // 256) >> 8
    image += rng.integers(-NOISE, NOISE + 1, size=image.shape, dtype=np.int8)
    return image.clip(0, 255).astype(np.uint8), label


def _places(rng, size):
    """Centres and radii (cy, cx, radius) of a scene's objects in pixels, the largest and rearmost first."""
    smallest, largest = min(SIZES[0], size // 2), min(SIZES[1], size * 2 // 3)
    count = max(rng.integers(OBJECTS[0], OBJECTS[1] + 1) * size * size // 96**2, 1)
    radii = rng.integers(smallest, largest + 1, size=(count, 2)).min(axis=1) // 2
    places = []
    for radius in sorted(radii.tolist(), reverse=True):
        # Of three random places the one with most room, so that objects overlap in part and seldom wholly.
        low, high = radius * 3 // 4, size - radius * 3 // 4
        candidates = rng.integers(low, max(high, low + 1), size=(3, 2)).tolist()
        places.append((*max(candidates, key=lambda centre: _room(*centre, radius, places)), radius))
    return places


def _place(rng, size):
    """[Centre and radius (cy, cx, radius)] of an object that fills much of its scene and lies in it, but for tips."""
    radius = int(rng.integers(size // 4, size * 7 // 16 + 1))
    return [(*rng.integers(radius, size - radius + 1, size=2).tolist(), radius)]


def _room(cy, cx, radius, places):
    """Pixels between an object and the nearest of those at `places`; negative where they overlap."""
    return min((max(abs(cy - y), abs(cx - x)) - radius - r for y, x, r in places), default=0)


def _draw_object(rng, image, label, cy, cx, radius):
    """Draws one object of a random class, in a random colour, over image and label."""
    number = int(rng.integers(1, len(FORMS) + 1))
    turn = int(rng.integers(-TILT, TILT + 1))
    flat = int(rng.integers(FLATTEN + 1))
    reach = radius * 3 // 2 + 4  # beyond any form's farthest point, the border and the shadow
    window = np.s_[max(cy - reach, 0) : cy + reach, max(cx - reach, 0) : cx + reach]
    pixels, marks = image[window], label[window]
    y, x = (np.arange(n, dtype=np.int32) for n in marks.shape)
    y, x = y[:, None] + max(-reach, -cy), x + max(-reach, -cx)  # (h, 1) and (w,), 0 at the centre
    c, s = forms.cosine(turn), forms.sine(turn)
    u, v = c * x + s * y, (c * y - s * x) * 16 // (16 - flat)  # (h, w) in 1/UNIT px
    inside = FORMS[number - 1](u, v, radius * forms.UNIT)

    shadow = inside[:-2, :-2]
    pixels[2:, 2:][shadow] = pixels[2:, 2:][shadow] * 5 // 8
    rows, columns = np.nonzero(inside)
    pixels[rows, columns] = textured(rng, colour(rng, COLOURS), y[rows, 0], x[columns])
    around = Image.fromarray(inside.astype(np.uint8)).filter(ImageFilter.MaxFilter(2 * BORDER + 1))
    marks[np.asarray(around) > 0] = VOID
    marks[inside] = number


def _soften(image):
    """Each pixel averaged with its neighbours, by weights 1 2 1 down and across: edges as a camera sees them."""
    padded = np.pad(image, ((1, 1), (1, 1), (0, 0)), mode="edge")
    rows = padded[:-2] + 2 * padded[1:-1] + padded[2:]
    return rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:] >> 4
