"""A sheet of pictures with their masks laid over. Lengths are pixels."""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from minifcn.backend.files import write_whole
from minifcn.data import VOID
from minifcn.data.inspection import Inspection
from minifcn.data.looking import Look
from minifcn.data.resizing import resize_image, resize_label
from minifcn.data.suspicions import Suspicion
from minifcn.errors import InputError
from minifcn.pictures.colours import VERMILLION, VOID_COLOUR
from minifcn.pictures.figures import DPI
from minifcn.pictures.fonts import readable, write
from minifcn.pictures.legends import class_legend
from minifcn.pictures.runs import colorize

BOX = 220, 200  # width and height in which a picture is shown
MARGIN, GAP, LINE = 12, 6, 15  # LINE: of a pair's name, and of its mark
ACROSS = 2  # pairs in a row


class Shown(NamedTuple):
    """A pair on a sheet: its name, image uint8 (H, W, 3), label uint8 (H, W), and what is suspicious of it, or ""."""

    name: str
    image: np.ndarray
    label: np.ndarray
    mark: str = ""


def worth_showing(inspection: Inspection, found: Sequence[Suspicion], count: int = 12) -> list[tuple[Look, str]]:
    """Pairs for a sheet, (which, what is suspicious of it or ""): first suspicious ones.

    Of each kind a row in turn; the others are spread over the splits.
    """
    chosen: dict[tuple[str, int], tuple[Look, str]] = {}
    kinds = [[(look, one.kind) for look in one.looks if not look.error] for one in found]
    turns = range(0, max(map(len, kinds), default=0), ACROSS)
    suspicious = [item for turn in turns for kind in kinds for item in kind[turn : turn + ACROSS]]  # twins side by side
    splits = [inspection.read(split) for split in inspection.looks]
    share = max(1, count // len(splits))
    spread = [look for looks in splits for look in looks[:: -(-len(looks) // share) or 1]]
    for look, mark in [*suspicious, *((look, "") for look in [*spread, *inspection.all] if not look.error)]:
        if len(chosen) < count:
            chosen.setdefault((look.split, look.index), (look, mark))
    return list(chosen.values())


def overlaid(image: np.ndarray, label: np.ndarray, classes: Sequence[str], palette: ArrayLike) -> np.ndarray:
    """A label's colours over its image, half and half -> uint8 (H, W, 3); what is background stays as it is."""
    mixed = (image.astype(np.uint16) + colorize(label, palette) + 1) // 2
    clear = label == (list(classes).index("background") if "background" in classes else VOID + 1)
    return np.where(clear[:, :, None], image, mixed).astype(np.uint8)


def save_sheet(path: str | Path, pairs: Iterable[Shown], classes: Sequence[str], palette: ArrayLike) -> None:
    """Write a picture: of each pair its image and the label laid over it; below, the classes that occur.

    classes   the n_class names; palette: their (n_class, 3) uint8 RGB colours
    Small images are enlarged by a whole factor, large ones shrunk. InputError where there are no pairs.
    """
    pairs = [_shrunk(pair) for pair in pairs]
    if not pairs:
        raise InputError("save_sheet: there are no pairs to draw, give at least one")
    across = min(ACROSS, len(pairs))
    pair_width = 2 * BOX[0] + GAP
    width = 2 * MARGIN + across * pair_width + (across - 1) * 3 * GAP
    rows = [pairs[start : start + across] for start in range(0, len(pairs), across)]
    heads = [LINE * (2 if any(pair.mark for pair in row) else 1) for row in rows]
    heights = [head + max(_shown_size(pair.label.shape)[0] for pair in row) for head, row in zip(heads, rows)]

    figure = Figure((width / DPI, 1), DPI)  # its height comes with that of the legend
    numbers = sorted({int(number) for pair in pairs for number in np.unique(pair.label)} - {VOID})
    colours = [*np.asarray(palette, np.uint8).reshape(-1, 3)[numbers], VOID_COLOUR]
    texts, fonts = readable([*classes, "void"])
    legend = class_legend(figure, [texts[n] for n in [*numbers, -1]], fonts, colours, width - 2 * MARGIN)
    extent = legend.get_window_extent()
    width = max(width, math.ceil(extent.width) + 2 * MARGIN)
    height = sum(heights) + 2 * GAP * len(rows) + math.ceil(extent.height) + 2 * MARGIN
    figure.set_size_inches(width / DPI, height / DPI)
    legend.set_bbox_to_anchor((MARGIN / width, MARGIN / height), transform=figure.transFigure)

    names, fonts = readable([pair.name for pair in pairs], "picture")
    top = MARGIN
    for number, pair in enumerate(pairs):
        row, column = divmod(number, across)
        left = MARGIN + column * (pair_width + 3 * GAP)
        for line, words in enumerate((names[number], pair.mark)):
            text = figure.text(left / width, 1 - (top + line * LINE) / height, "", size=8, va="top")
            write(text, words, fonts)
            text.set_color(VERMILLION if line else "black")
        for picture in (pair.image, overlaid(pair.image, pair.label, classes, palette)):
            shown = _shown_size(picture.shape)
            box = (left / width, 1 - (top + heads[row] + shown[0]) / height, shown[1] / width, shown[0] / height)
            axes = figure.add_axes(box)
            axes.imshow(picture, aspect="auto", interpolation="nearest")
            axes.set_axis_off()
            left += shown[1] + GAP
        if column == across - 1:
            top += heights[row] + 2 * GAP
    write_whole(path, lambda file: figure.savefig(file, dpi=DPI, format="png"))


def _shrunk(pair):
    """A pair no larger than it is shown: a dozen large photos would take much memory."""
    shape = _shown_size(pair.label.shape)
    if shape[0] >= pair.label.shape[0]:
        return pair
    return pair._replace(image=resize_image(pair.image, shape), label=resize_label(pair.label, shape))


def _shown_size(shape):
    """(height, width) in which a picture of (H, W) is shown in BOX."""
    scale = min(BOX[0] / shape[1], BOX[1] / shape[0])
    scale = math.floor(scale) if scale >= 1 else scale
    return max(1, round(scale * shape[0])), max(1, round(scale * shape[1]))
