"""Legends of classes, in as many columns as there is room for. Lengths are pixels."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.patches import Patch

from minifcn.pictures.colours import Colour
from minifcn.pictures.figures import DPI
from minifcn.pictures.fonts import write


def class_legend(
    figure: Figure,
    names: Sequence[str],
    fonts: Sequence[str],
    colours: Sequence[Colour],
    width: float,
    size: float = 10,
) -> Legend:
    """A legend at the lower left, in as many columns as `width` pixels take, at least one.

    names, fonts  as `readable` gives them; size: of the letters
    """
    faces: Any = [np.asarray(colour) / 255 for colour in colours]
    patches = [Patch(facecolor=face, edgecolor="0.6", linewidth=0.05 * size) for face in faces]
    for columns in range(max(1, min(len(patches), int(width // 50))), 0, -1):  # narrower than 50 pixels is no column
        style = {"fontsize": size, "frameon": False, "borderpad": 0, "borderaxespad": 0, "columnspacing": 1.5}
        legend = figure.legend(patches, [" "] * len(patches), ncols=columns, loc="lower left", **style)
        for text, name in zip(legend.get_texts(), names, strict=True):
            write(text, name, fonts)
        if columns == 1 or legend.get_window_extent().width <= width:
            break
        legend.remove()
    return legend


def place_below(figure: Figure, legend: Legend, width: int, height: int, margin: int) -> tuple[int, int]:
    """Give a figure the size of a picture of width x height, wider where the legend is, and room for that below it.

    margin  beside and below the legend; returns the figure's (width, height)
    """
    extent = legend.get_window_extent()
    width, height = max(width, math.ceil(extent.width) + 2 * margin), height + math.ceil(extent.height) + margin
    figure.set_size_inches(width / DPI, height / DPI)
    legend.set_bbox_to_anchor((margin / width, margin / height), transform=figure.transFigure)
    return width, height
