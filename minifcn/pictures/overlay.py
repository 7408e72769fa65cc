"""A label map laid over its photograph."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from numpy.typing import ArrayLike
from PIL import Image

from minifcn.backend.files import write_whole
from minifcn.pictures.colours import WHITE, colour_table
from minifcn.pictures.figures import new_figure
from minifcn.pictures.fonts import readable
from minifcn.pictures.legends import class_legend, place_below

OPACITY = 0.5  # of a region; its outline has 1
OUTLINE = 800  # an outline is a pixel wide for so many of the photo's longer side
LETTERS = 55  # of the legend: points for so many pixels of the photo's width, but no less than
SMALLEST = 9


def lay_over(image: np.ndarray, label: np.ndarray, palette: ArrayLike, clear: Sequence[int] = ()) -> np.ndarray:
    """A photo with each region half in its class's colour, in a thin outline of that colour.

    image    uint8 (H, W, 3); label: uint8 (H, W), 255 for void; palette: uint8 (n_class, 3)
    clear    classes that leave the photo as it is
    Returns uint8 (H, W, 3).
    """
    colours = colour_table(palette)
    opacity = np.full(256, OPACITY, np.float32)
    opacity[list(clear)] = 0
    shown = opacity[label]  # (H, W)
    shown[_rims(label, max(1, round(max(label.shape) / OUTLINE))) & (shown > 0)] = 1
    mixed = np.empty_like(image)
    for channel in range(3):  # one at a time: photos are large
        below = image[..., channel].astype(np.float32)
        mixed[..., channel] = np.rint(below + shown * (colours[label, channel] - below))
    return mixed


def save_overlay(
    path: Path,
    image: np.ndarray,
    label: np.ndarray,
    classes: Sequence[str],
    notes: Sequence[str],
    palette: ArrayLike,
    clear: Sequence[int] = (),
) -> None:
    """Write a photo with its label map over it as a JPEG, in its own size; below it the classes that occur.

    notes  what the legend says of each class, behind its name
    """
    there = np.flatnonzero(np.bincount(label.ravel(), minlength=len(classes))).tolist()
    colours = [WHITE if number in clear else tuple(np.asarray(palette)[number]) for number in there]
    picture = Image.fromarray(lay_over(image, label, palette, clear))
    names, fonts = readable([*classes, "void"])  # as views have them: so there is one caution, not two
    legend = _legend([f"{names[number]} {notes[number]}" for number in there], fonts, colours, picture.width)
    whole = Image.new("RGB", (max(picture.width, legend.width), picture.height + legend.height), WHITE)
    whole.paste(picture)
    whole.paste(legend, (0, picture.height))
    # Colours at full resolution: JPEG would else smear the outlines, and red letters.
    write_whole(path, lambda file: whole.save(file, "JPEG", quality=92, subsampling=0))


def _rims(label, pixels):
    """Where another class lies so many pixels to the left, right, above or below, (H, W) of bool."""
    rims = np.zeros(label.shape, bool)
    for here, there in ((np.s_[pixels:], np.s_[:-pixels]), (np.s_[:, pixels:], np.s_[:, :-pixels])):
        other = label[here] != label[there]
        rims[here] |= other
        rims[there] |= other
    return rims


def _legend(names, fonts, colours, width):
    """A white strip with the classes' names in colours, as wide as the photo or wider."""
    size = max(SMALLEST, width / LETTERS)
    margin = math.ceil(size)
    figure = new_figure(width, 1)
    legend = class_legend(figure, names, fonts, colours, width - 2 * margin, size)
    place_below(figure, legend, width, margin, margin)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy())
