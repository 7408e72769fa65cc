"""A mask's pixels, and what they say: which value stands for which class."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from minifcn.data.dataset import VOID
from minifcn.data.reading.noise import refuse_noise
from minifcn.data.reading.photos import upright_mask
from minifcn.errors import InputError
from minifcn.text import brief

_STRANGER = 256  # in a table of labels: a value that stands for nothing


def read_mask(path: str | Path, colours: bool = False) -> np.ndarray:
    """The values in a mask's file: (H, W) of whole numbers, or uint8 (H, W, 3) of colours.

    Grey, palette (its indices), 1-bit (0 and 1) and 16-bit pictures hold numbers, as do pictures in RGB all of whose
    pixels are grey. colours=True: colours of all of them, a palette's too. What is wholly transparent is black.
    InputError for damaged files, and for pictures that can hold no numbers.
    """
    return mask_values(upright_mask(path), path, colours)


def mask_values(image: Image.Image, path: str | Path, colours: bool = False) -> np.ndarray:
    """The values of a mask that is open already, as `read_mask`."""
    if image.mode in ("CMYK", "YCbCr", "LAB", "HSV", "F"):
        expected = "expected class numbers (grey or palette) or colours (RGB): save it as PNG"
        raise InputError(f"{path} is a mask in mode {image.mode}, {expected}")
    if image.mode in ("L", "P", "1") or image.mode.startswith("I"):
        if colours and image.mode.startswith("I"):
            raise InputError(f"{path} is a mask of 16-bit numbers, expected colours, as its classes have")
        values = np.array(image.convert("RGB") if colours else image)
        return values.astype(np.uint8) if values.dtype == bool else values
    rgba = np.array(image.convert("RGBA"))  # (H, W, 4)
    pixels = rgba[..., :3] * (rgba[..., 3:] > 0).astype(np.uint8)
    grey = (pixels == pixels[..., :1]).all()
    return pixels[..., 0] if grey and not colours else pixels


def packed(mask: np.ndarray) -> np.ndarray:
    """A mask's values as one number each, (H, W): a colour is red * 65536 + green * 256 + blue."""
    if mask.ndim == 2:
        return mask
    red, green, blue = np.moveaxis(mask.astype(np.int32), -1, 0)
    return red << 16 | green << 8 | blue  # (H, W)


def in_words(value: int, colours: bool) -> str:
    """A packed value as it is told: "7", or "200 30 30"."""
    return f"{value >> 16} {value >> 8 & 255} {value & 255}" if colours else f"{value}"


@dataclass(frozen=True)
class Coding:
    """How the masks of a data set say what a pixel is.

    classes  the names, in the order of the labels 0, 1, ...
    values   of each class in the masks: numbers, or packed colours
    void     values that count nowhere
    colours  whether the masks are in colours

    Travels with the weights as plain lists (`to_dict`), so that others of the same kind are read alike.
    """

    classes: tuple[str, ...]
    values: tuple[int, ...]
    void: tuple[int, ...] = ()
    colours: bool = False

    def label(self, mask: np.ndarray, path: str | Path = "the mask") -> np.ndarray:
        """A mask as `read_mask` gives it -> its label, uint8 (H, W). InputError for a value that stands for nothing."""
        if mask.ndim == 3 and not self.colours:
            raise InputError(f"{path} is in colours, expected the numbers {self.expected()}: save it as the others are")
        values = packed(mask)
        label = self._table.take(np.where(values < 0, len(self._table), values), mode="clip")  # (H, W)
        strange = values[label == _STRANGER]
        if strange.size:
            refuse_noise(values, strange, path)
            given = f"{path} holds {'the colour ' if self.colours else ''}{in_words(int(strange.min()), self.colours)}"
            raise InputError(f"{given}, expected {self.expected()}: correct it, or tell what it stands for")
        return label.astype(np.uint8)

    def expected(self) -> str:
        """The values that a mask may hold, in a few words."""
        void = ", ".join(in_words(value, self.colours) for value in self.void)
        if self.values == tuple(range(len(self.values))) and not self.colours:
            known = f"0 to {len(self.values) - 1}"
        else:
            known = ", ".join(in_words(value, self.colours) for value in self.values[:12])
            known += ", ..." if len(self.values) > 12 else ""
        return f"{known} or {void} (void)" if void else known

    @functools.cached_property
    def _table(self):
        """The label of each value, and at its end that of larger ones."""
        table = np.full((1 << 24 if self.colours else 1 << 16) + 1, _STRANGER, np.uint16)
        table[list(self.void)] = VOID
        table[list(self.values)] = np.arange(len(self.values))
        return table

    def in_order(self, classes: Sequence[str]) -> "Coding":
        """The same with its classes in another order."""
        values = dict(zip(self.classes, self.values))
        return replace(self, classes=tuple(classes), values=tuple(values[name] for name in classes))

    def to_dict(self) -> dict[str, Any]:
        """Plain lists and values, fit for JSON."""
        lists = {"classes": list(self.classes), "values": list(self.values), "void": list(self.void)}
        return {**lists, "colours": self.colours}

    @classmethod
    def from_dict(cls, told: dict[str, Any]) -> "Coding":
        """The Coding that `to_dict` told. InputError where it is something else."""
        try:
            classes, values, void = (tuple(told[key]) for key in ("classes", "values", "void"))
            return cls(classes, values, void, bool(told["colours"]))
        except (KeyError, TypeError):
            raise InputError(f"masks: {brief(told)} does not tell classes, values, void and colours") from None
