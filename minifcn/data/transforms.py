"""Random changes of a pair that leave its meaning alone."""

from collections.abc import Callable

import numpy as np

from minifcn.backend.memory import check_room
from minifcn.checks import check_array, function, instance, pair, whole
from minifcn.data.dataset import VOID, Sample
from minifcn.errors import InputError

# An augmentation makes a new pair of (image uint8 (H, W, 3), label uint8 (H, W), rng).
# Where a pair is made larger, the image repeats its edge pixels and the label is void there.
Augmentation = Callable[[np.ndarray, np.ndarray, np.random.Generator], Sample]


def check_pair(image: np.ndarray, label: np.ndarray, *rng: np.random.Generator) -> None:
    """InputError unless these are an image (H, W, 3) and its label (H, W), and where one is given, a Generator."""
    check_array("augmentation: image", image, expected="an array (H, W, 3)")
    check_array("augmentation: label", label, "iu", "an array of integers (H, W)")
    if image.ndim != 3 or image.shape[:2] != label.shape:
        shapes = f"image {image.shape} and label {label.shape}"
        raise InputError(f"augmentation: {shapes} do not fit each other, expected (H, W, 3) and (H, W)")
    for one in rng:
        instance(one, "augmentation: rng", np.random.Generator, "a Generator, as numpy.random.default_rng(0)")


def mirror(image: np.ndarray, label: np.ndarray, rng: np.random.Generator) -> Sample:
    """Left and right swapped, one time in two."""
    check_pair(image, label, rng)
    if rng.integers(2):
        return image[:, ::-1], label[:, ::-1]
    return image, label


def crop(size: int | tuple[int, int]) -> Augmentation:
    """An augmentation: a window of size (height, width), or of a number's both ways, at a random place.

    A pair that is smaller than that is filled up at its bottom and right.
    """
    height, width = pair(size, "crop: size", 1)

    def random_crop(image, label, rng):
        check_pair(image, label, rng)
        h, w = label.shape
        grown = _grow(image, label, (0, max(height - h, 0)), (0, max(width - w, 0)))
        return _window(*grown, height, width, rng)

    return random_crop


def jitter(pixels: int) -> Augmentation:
    """An augmentation: the pair moved by up to `pixels` each way, its size kept."""
    pixels = whole(pixels, "jitter: pixels")

    def random_shift(image, label, rng):
        check_pair(image, label, rng)
        grown = _grow(image, label, (pixels, pixels), (pixels, pixels))
        return _window(*grown, *label.shape, rng)

    return random_shift


def compose(*augmentations: Augmentation) -> Augmentation:
    """One augmentation that applies several in turn."""

    for augmentation in augmentations:
        function(augmentation, "compose: an augmentation", "a function of image, label and rng")

    def apply_all(image, label, rng):
        for augmentation in augmentations:
            image, label = augmentation(image, label, rng)
        return image, label

    return apply_all


def _window(image, label, height, width, rng):
    """height x width pixels of the pair, from a random place."""
    h, w = label.shape
    top, left = rng.integers(h - height + 1), rng.integers(w - width + 1)
    window = np.s_[top : top + height, left : left + width]
    return image[window], label[window]


def _grow(image, label, rows, columns):
    """The pair with (before, after) more rows and columns."""
    height, width = (side + sum(more) for side, more in zip(label.shape, (rows, columns)))
    check_room(4 * height * width, f"an image grown to {width}x{height} pixels", "crop", "jitter")
    image = np.pad(image, (rows, columns, (0, 0)), mode="edge")
    return image, np.pad(label, (rows, columns), constant_values=VOID)
