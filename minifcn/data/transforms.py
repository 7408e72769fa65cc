"""Making a network's input of an image, and random changes of a pair that leave its meaning alone."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from minifcn.data.dataset import VOID, Sample
from minifcn.errors import InputError, caution

IMAGENET_BGR = (104.00699, 116.66877, 122.67892)  # the mean colour as Caffe's nets write it


@dataclass(frozen=True)
class Preprocessing:
    """(image - mean) / std, channel by channel, in the order of channels that the network takes.

    mean, std  three numbers each, always for R, G, B and in the units of the image (0..255)
    channels   "RGB" or "BGR": the order of the result's channels

    Travels with the weights as plain numbers (`to_dict`, `from_dict`), so that no other can be used with
    them. InputError where a number is missing or not finite, or a deviation is not above 0.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    channels: str = "RGB"

    def __post_init__(self):
        object.__setattr__(self, "mean", _three_numbers("mean", self.mean))
        object.__setattr__(self, "std", _three_numbers("std", self.std))
        if min(self.std) <= 0:
            raise InputError(f"preprocessing: std is {self.std}, expected three numbers above 0")
        if all(abs(mean - known) < 1 for mean, known in zip(self.mean, IMAGENET_BGR)):
            caution(
                f"preprocessing: mean {self.mean} is ImageNet's in the order B, G, R; expected R, G, B, whatever "
                f"channels is: {self.mean[::-1]}"
            )
        if self.channels not in ("RGB", "BGR"):
            raise InputError(f"preprocessing: channels is {self.channels!r}, expected 'RGB' or 'BGR'")

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """An image, uint8 (H, W, 3) in RGB, as the network's input, float32 (3, H, W)."""
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            raise InputError(f"preprocessing: image is {image.dtype} {image.shape}, expected uint8 (H, W, 3) in RGB")
        x = (image - np.array(self.mean, np.float32)) / np.array(self.std, np.float32)  # (H, W, 3)
        if self.channels == "BGR":
            x = x[:, :, ::-1]
        return np.ascontiguousarray(x.transpose(2, 0, 1))  # (3, H, W)

    def to_dict(self) -> dict:
        """Plain lists, numbers and text, fit for JSON."""
        return {"mean": list(self.mean), "std": list(self.std), "channels": self.channels}

    @classmethod
    def from_dict(cls, values: dict) -> "Preprocessing":
        """The Preprocessing that `to_dict` gave these values. InputError where they are others."""
        try:
            return cls(**values)
        except TypeError:
            raise InputError(f"preprocessing: {values!r} is not a dict of mean, std and channels") from None


def _three_numbers(name, values):
    """Three finite numbers as a tuple of floats, else InputError."""
    try:
        numbers = tuple(float(value) for value in values)
    except (TypeError, ValueError):
        numbers = ()
    if len(numbers) != 3 or not np.isfinite(numbers).all():
        raise InputError(f"preprocessing: {name} is {values!r}, expected three finite numbers for R, G, B")
    return numbers


# An augmentation makes a new pair of (image uint8 (H, W, 3), label uint8 (H, W), rng).
# Where a pair is made larger, the image repeats its edge pixels and the label is void there.
Augmentation = Callable[[np.ndarray, np.ndarray, np.random.Generator], Sample]


def mirror(image: np.ndarray, label: np.ndarray, rng: np.random.Generator) -> Sample:
    """Left and right swapped, one time in two."""
    if rng.integers(2):
        return image[:, ::-1], label[:, ::-1]
    return image, label


def crop(size: int | tuple[int, int]) -> Augmentation:
    """An augmentation: a window of size (height, width), or of a number's both ways, at a random place.

    A pair that is smaller than that is filled up at its bottom and right.
    """
    height, width = np.broadcast_to(size, 2)
    if min(height, width) < 1:
        raise InputError(f"crop: size is {size}, expected at least 1 pixel each way")

    def random_crop(image, label, rng):
        h, w = label.shape
        image, label = _grow(image, label, (0, max(height - h, 0)), (0, max(width - w, 0)))
        return _window(image, label, height, width, rng)

    return random_crop


def jitter(pixels: int) -> Augmentation:
    """An augmentation: the pair moved by up to `pixels` each way, its size kept."""
    if pixels < 0:
        raise InputError(f"jitter: {pixels} pixels were given, expected 0 or more")

    def random_shift(image, label, rng):
        grown = _grow(image, label, (pixels, pixels), (pixels, pixels))
        return _window(*grown, *label.shape, rng)

    return random_shift


def compose(*augmentations: Augmentation) -> Augmentation:
    """One augmentation that applies several in turn."""

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
    image = np.pad(image, (rows, columns, (0, 0)), mode="edge")
    return image, np.pad(label, (rows, columns), constant_values=VOID)
