"""A confusion matrix as a picture. Lengths are pixels."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps

from minifcn.errors import InputError
from minifcn.metrics import ConfusionMatrix
from minifcn.pictures.figures import DPI, new_figure, save
from minifcn.pictures.fonts import readable

NUMBERED = 40  # classes up to which the cells have numbers
CELL, FEW = 46, 10  # the side of a cell of so few classes; with more of them cells shrink, to these at least:
SMALLEST = 24, 14  # with and without numbers
GAP, HEAD = 14, 52


def save_confusion(path: str | Path, confusion: ConfusionMatrix, classes: Sequence[str]) -> None:
    """Write a picture of a confusion matrix: a row for each class of the truth, its pixels by the class predicted.

    Each row is in percent of its pixels, so that the diagonal is each class's accuracy; empty where the truth has no
    pixel of the class. Up to 40 classes the cells have their numbers.
    Raises InputError for another number of names, or where the file cannot be written.
    """
    n = confusion.n_class
    if len(classes) != n:
        raise InputError(f"save_confusion: {len(classes)} names for {n} classes, give one for each")
    rows = confusion.counts.sum(axis=1, keepdims=True)
    percent = 100 * confusion.counts / np.where(rows > 0, rows, 1)
    cell = max(SMALLEST[n > NUMBERED], min(CELL, CELL * FEW // n))
    (*names, _), fonts = readable([*classes, "void"])  # as legends ask, so that a caution comes once
    style: dict[str, Any] = {"size": max(7, min(10, cell * 0.4)), "color": "0.1", "parse_math": False, "family": fonts}

    figure = new_figure(100, 100)
    labels = [figure.text(0, 0, name, **style) for name in names]
    room = GAP + math.ceil(max(label.get_window_extent().width for label in labels)) + GAP
    for label in labels:
        label.remove()
    side = n * cell
    width, height = room + max(side, 330) + GAP, HEAD + side + room
    figure.set_size_inches(width / DPI, height / DPI)
    axes = figure.add_axes((room / width, 1 - (HEAD + side) / height, side / width, side / height))
    axes.imshow(np.where(rows > 0, percent, np.nan), cmap="Blues", vmin=0, vmax=100, interpolation="nearest")
    axes.set_facecolor("0.94")
    axes.set_xticks(range(n), names, rotation=90, **style)
    axes.set_yticks(range(n), names, **style)
    axes.tick_params(length=0, pad=4)
    axes.spines[:].set_color("0.8")
    heading = ("confusion: percent of each class of the truth", "rows: truth, columns: prediction")
    for line, text in enumerate(heading):
        figure.text(GAP / width, 1 - (16 + 20 * line) / height, text, size=(11, 9)[line], va="center")
    if n <= NUMBERED:
        for row, column in zip(*np.nonzero(percent >= 0.5)):
            value = percent[row, column]
            dark = np.dot(colormaps["Blues"](value / 100)[:3], (0.299, 0.587, 0.114)) < 0.5
            how = style | {"color": "white" if dark else "0.1", "ha": "center", "va": "center"}
            axes.text(column, row, f"{value:.0f}", **how)
    save(figure, path)
