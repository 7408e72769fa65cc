"""An image on its way: made a network's input, and the class of each of its pixels predicted."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from minifcn.backend import to_device, to_host
from minifcn.checks import check_array, function, shown
from minifcn.errors import InputError, caution
from minifcn.metrics import predicted_classes
from minifcn.text import brief

_IMAGENET_BGR = (104.00699, 116.66877, 122.67892)  # the mean colour as Caffe's nets write it


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
        for name, given in (("mean", self.mean), ("std", self.std)):
            try:
                numbers = tuple(float(value) for value in given)
            except (TypeError, ValueError, OverflowError):
                numbers = ()
            if len(numbers) != 3 or not np.isfinite(numbers).all():
                raise InputError(f"preprocessing: {name} is {brief(given)}, expected three finite numbers for R, G, B")
            object.__setattr__(self, name, numbers)
        if min(self.std) <= 0:
            raise InputError(f"preprocessing: std is {self.std}, expected three numbers above 0")
        if all(abs(mean - known) < 1 for mean, known in zip(self.mean, _IMAGENET_BGR)):
            expected = f"expected R, G, B, whatever channels is: {self.mean[::-1]}"
            caution(f"preprocessing: mean {self.mean} is ImageNet's in the order B, G, R; {expected}")
        if not isinstance(self.channels, str) or self.channels not in ("RGB", "BGR"):
            raise InputError(f"preprocessing: channels is {shown(self.channels)}, expected 'RGB' or 'BGR'")

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """An image, uint8 (H, W, 3) in RGB, as the network's input, float32 (3, H, W)."""
        check_array("preprocessing: image", image, expected="an array uint8 (H, W, 3) in RGB")
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
            raise InputError(f"preprocessing: {brief(values)} is not a dict of mean, std and channels") from None


def predict_image(model: Callable, image: np.ndarray, preprocessing: Preprocessing, device: str = "cpu") -> np.ndarray:
    """The class of every pixel of one image uint8 (H, W, 3) -> (H, W), uint8 up to 256 classes. The model evaluates."""
    function(model, "predict_image: model", "a network")
    function(preprocessing, "predict_image: preprocessing", "a Preprocessing")
    scores = model(to_device(preprocessing(image)[None], device))  # (1, n_class, H, W)
    return to_host(predicted_classes(scores)[0])
