"""Outlines of instances in COCO's form, made into pixels by pycocotools."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from minifcn.data.reading.fitting import FAR
from minifcn.errors import InputError
from minifcn.text import brief


def need_pycocotools() -> Any:
    """Its part that draws. InputError where it is not installed."""
    try:
        from pycocotools import mask
    except ImportError:
        need = "COCO's outlines are drawn by pycocotools, which is not installed"
        raise InputError(f"{need}: pip install 'minifcn[coco]', or pycocotools") from None
    return mask


def inside(annotation: Mapping[str, Any], size: tuple[int, int], what: str) -> np.ndarray:
    """The pixels of an annotation, bool (height, width): in its polygons or runs (RLE), else in its box.

    InputError, naming `what`, for what cannot be drawn on a picture of that size.
    """
    draw, told = need_pycocotools(), annotation.get("segmentation")
    try:
        if isinstance(told, Mapping):
            return draw.decode(draw.frPyObjects({"size": list(size), "counts": _runs(told, size)}, *size)).astype(bool)
        outlines = map(_points, told if isinstance(told, list) else [told]) if told else [_box(annotation)]
        outlines = [outline for outline in outlines if len(outline) >= 6]  # fewer than three points hold nothing
        if not outlines:
            return np.zeros(size, bool)
        return draw.decode(draw.merge(draw.frPyObjects(outlines, *size))).astype(bool)
    except Exception as error:  # pycocotools has no kind of its own
        raise InputError(f"{what} cannot be drawn on {size[1]}x{size[0]} pixels ({error}): export it anew") from error


def _box(annotation):
    """The outline of a box [left, top, width, height]."""
    box = _points(annotation.get("bbox") or [])
    if len(box) != 4:
        raise ValueError("it has neither an outline nor a box of four numbers")
    left, top, width, height = box
    return [left, top, left + width, top, left + width, top + height, left, top + height]


def _points(told):
    """An outline [x, y, x, y ...], checked: at other values pycocotools fails, or never ends."""
    if not isinstance(told, list) or len(told) % 2 or not all(isinstance(value, (int, float)) for value in told):
        raise ValueError("its outline is no list of numbers, two a point")
    if not all(abs(value) < FAR for value in told):
        raise ValueError("its outline has a point where no picture reaches")
    return told


def _runs(told, size):
    """The lengths of runs down the columns, outside and inside in turn, checked: at others pycocotools crashes."""
    lengths = told.get("counts")
    if told.get("size") != list(size):
        raise ValueError(f"its runs are of {brief(told.get('size'))}, height and width")
    if isinstance(lengths, str):
        lengths = _lengths(lengths)
    if not isinstance(lengths, list) or not all(isinstance(length, int) and length >= 0 for length in lengths):
        raise ValueError("its runs are no list of whole numbers")
    if sum(lengths) != size[0] * size[1]:
        raise ValueError("its runs do not fill them")
    return lengths


def _lengths(text):
    """The lengths in COCO's string of them.

    Each number is a few characters of six bits, 48 added: five of the number, the lowest first, and one that says
    whether it goes on; the highest of the last five is its sign. From the fourth on they are differences to the last
    but one (maskApi.c of pycocotools, rleFrString).
    """
    lengths = []
    number = shift = 0
    for byte in text.encode():
        bits = byte - 48
        if not 0 <= bits < 64:
            raise ValueError("its string of runs holds other characters")
        number |= (bits & 31) << shift
        shift += 5
        if not bits & 32:
            number -= (bits & 16) << shift - 4
            lengths.append(number + (lengths[-2] if len(lengths) > 2 else 0))
            number = shift = 0
    return lengths
