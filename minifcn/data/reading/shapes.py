"""The shapes that labelme draws (Wada, labelme), made into labels: the pixels that its own converter gives them."""

import base64
import io
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageDraw, UnidentifiedImageError

from minifcn.data.reading.fitting import FAR
from minifcn.data.reading.photos import decode
from minifcn.data.reading.unreadable import too_large
from minifcn.errors import InputError
from minifcn.text import brief

LINE_WIDTH = 10  # pixels, of lines
POINT_RADIUS = 5  # pixels, of single points
_POINTS = {"polygon": 3, "oriented_rectangle": 3, "rectangle": 2, "circle": 2, "line": 2, "linestrip": 2}  # at least
_POINTS |= {"point": 1, "points": 1, "mask": 2}


class Shape(NamedTuple):
    """Something drawn.

    kind    one of those above
    points  (x, y) in pixels
    what    names it in a message
    mask    the picture of a mask, PNG in base64
    """

    label: str
    kind: str
    points: tuple[tuple[float, float], ...]
    what: str
    mask: str | None = None


def read_shape(told: Any, what: str) -> Shape:
    """One shape as labelme's JSON tells it; `what` names it in an InputError."""
    if not isinstance(told, Mapping) or not isinstance(told.get("label"), str) or not told["label"].strip():
        raise InputError(f"{what} has no label, expected the name of a class: draw it anew")
    label = told["label"].strip()  # a blank too many makes no other class
    what += f" ('{label}')"
    kind = told.get("shape_type") or "polygon"
    if not isinstance(kind, str) or kind not in _POINTS:
        raise InputError(f"{what} is a {brief(kind)}, expected one of {', '.join(_POINTS)}: draw it as one")
    try:
        points = tuple((float(x), float(y)) for x, y in told["points"])
    except (KeyError, TypeError, ValueError, OverflowError):
        raise InputError(f"{what} has no list of points [x, y]: draw it anew") from None
    if far := [value for point in points for value in point if not abs(value) < FAR]:
        raise InputError(f"{what} has a point at {far[0]:g}, where no picture reaches: draw it anew")
    if len(points) < _POINTS[kind]:
        raise InputError(f"{what} is a {kind} of {len(points)}, expected {_POINTS[kind]} points at least: delete it")
    mask = told.get("mask")
    if kind == "mask" and not isinstance(mask, str):
        raise InputError(f"{what} is a mask without its picture: draw it anew")
    return Shape(label, kind, points, what, mask)


def draw(shapes: Sequence[Shape], labels: Mapping[str, int], size: tuple[int, int], background: int) -> np.ndarray:
    """Shapes drawn one over the other, as they come -> label uint8 (height, width); labels: of each name."""
    canvas = Image.new("L", (size[1], size[0]), background)
    pen = ImageDraw.Draw(canvas)
    for shape in shapes:
        _draw(canvas, pen, shape, labels[shape.label])
    return np.array(canvas)


def _draw(canvas, pen, shape, label):
    points, kind = list(shape.points), shape.kind
    if kind == "mask":
        _paste(canvas, shape, label)
    elif kind == "rectangle" and len(points) == 2:
        (left, right), (top, bottom) = (sorted(side) for side in zip(*points))
        pen.rectangle([left, top, right, bottom], fill=label, outline=label)
    elif kind == "circle":
        _disc(pen, points[0], math.dist(*points[:2]), label)
    elif kind in ("line", "linestrip"):
        pen.line(points, fill=label, width=LINE_WIDTH)
    elif kind in ("point", "points"):
        for point in points:
            _disc(pen, point, POINT_RADIUS, label)
    else:  # polygons, and rectangles told by their four corners
        pen.polygon(points, fill=label, outline=label)


def _disc(pen, centre, radius, label):
    x, y = centre
    pen.ellipse([x - radius, y - radius, x + radius, y + radius], fill=label, outline=label)


def _paste(canvas, shape, label):
    """A mask: a picture of its own, whose upper left pixel lies at the first corner of its box."""
    try:
        data = base64.b64decode(shape.mask)
        image, _ = decode(lambda: Image.open(io.BytesIO(data)))
        inside = np.array(image.convert("L")) > 0
    except UnidentifiedImageError:
        raise InputError(f"{shape.what} is a mask whose picture is none: draw it anew") from None
    except Image.DecompressionBombError as error:
        raise InputError(f"{shape.what} is a mask whose picture is {too_large(error)}") from error
    except Exception as error:  # whatever a damaged one leads to
        raise InputError(f"{shape.what} is a mask whose picture is damaged ({error}): draw it anew") from error
    left, top = (int(min(side)) for side in zip(*shape.points))
    canvas.paste(label, (left, top), Image.fromarray(inside))
