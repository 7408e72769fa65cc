"""Outlines of instances in COCO's form, made into pixels by pycocotools."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from minifcn.errors import InputError


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
        if not told:
            left, top, width, height = annotation["bbox"]
            right, bottom = left + width, top + height
            told = [[left, top, right, top, right, bottom, left, bottom]]
        if isinstance(told, Mapping):
            return _of_runs(told, size, draw)
        outlines = [outline for outline in told if len(outline) >= 6]  # fewer than three points hold nothing
        if not outlines:
            return np.zeros(size, bool)
        return draw.decode(draw.merge(draw.frPyObjects(outlines, *size))).astype(bool)
    except Exception as error:  # pycocotools has no kind of its own
        raise InputError(f"{what} cannot be drawn on {size[1]}x{size[0]} pixels ({error}): export it anew") from error


def _of_runs(told, size, draw):
    """Runs down the columns, outside and inside in turn: a list of numbers, or COCO's string of them."""
    if list(told["size"]) != list(size):
        raise ValueError(f"it is of {told['size'][1]}x{told['size'][0]}")
    if isinstance(told["counts"], list):
        if sum(told["counts"]) != size[0] * size[1] or min(told["counts"]) < 0:
            raise ValueError("its runs do not fill them")
        return draw.decode(draw.frPyObjects(told, *size)).astype(bool)
    return draw.decode({"size": list(size), "counts": told["counts"].encode()}).astype(bool)
