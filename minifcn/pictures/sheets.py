"""A sheet of pictures with their masks laid over. Lengths are pixels."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from minifcn.data import VOID
from minifcn.data.looking.inspection import Inspection
from minifcn.data.looking.look import Look
from minifcn.data.looking.suspicions import Suspicion
from minifcn.data.resizing import resize_image, resize_label
from minifcn.errors import InputError
from minifcn.pictures.colours import VERMILLION, VOID_COLOUR, WHITE
from minifcn.pictures.figures import DPI, new_figure, save
from minifcn.pictures.fonts import readable, write
from minifcn.pictures.legends import class_legend, place_below
from minifcn.pictures.overlay import lay_over

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


def save_sheet(path: str | Path, pairs: Iterable[Shown], classes: Sequence[str], palette: ArrayLike) -> None:
    """Write a picture: of each pair its image and the label laid over it; below, the classes that occur.

    classes   the n_class names; palette: their (n_class, 3) uint8 RGB colours
    Small images are enlarged by a whole factor, large ones shrunk. InputError where there are no pairs.
    """
    pairs = [_sized(pair) for pair in pairs]
    if not pairs:
        raise InputError("save_sheet: there are no pairs to draw, give at least one")
    across = min(ACROSS, len(pairs))
    pair_width = 2 * BOX[0] + GAP
    width = 2 * MARGIN + across * pair_width + (across - 1) * 3 * GAP
    rows = [pairs[start : start + across] for start in range(0, len(pairs), across)]
    heads = [LINE * (2 if any(pair.mark for pair in row) else 1) for row in rows]
    heights = [head + max(len(pair.label) for pair in row) for head, row in zip(heads, rows)]

    figure = new_figure(width, DPI)  # its height comes with that of the legend
    numbers = sorted({int(number) for pair in pairs for number in np.unique(pair.label)} - {VOID})
    clear = [number for number in numbers if classes[number] == "background"]
    colours = [WHITE if number in clear else tuple(np.asarray(palette)[number]) for number in numbers] + [VOID_COLOUR]
    texts, fonts = readable([*classes, "void"])
    legend = class_legend(figure, [texts[n] for n in [*numbers, -1]], fonts, colours, width - 2 * MARGIN)
    above = MARGIN + sum(heights) + 2 * GAP * len(rows)
    width, height = place_below(figure, legend, width, above, MARGIN)

    names, fonts = readable([pair.name for pair in pairs], "picture")
    top = MARGIN
    for number, pair in enumerate(pairs):
        row, column = divmod(number, across)
        left = MARGIN + column * (pair_width + 3 * GAP)
        for line, words in enumerate((names[number], pair.mark)):
            text = figure.text(left / width, 1 - (top + line * LINE) / height, "", size=8, va="top")
            write(text, words, fonts)
            text.set_color(VERMILLION if line else "black")
        for picture in (pair.image, lay_over(pair.image, pair.label, palette, clear)):
            high, wide, _ = picture.shape
            axes = figure.add_axes((left / width, 1 - (top + heads[row] + high) / height, wide / width, high / height))
            axes.imshow(picture, aspect="auto", interpolation="nearest")
            axes.set_axis_off()
            left += wide + GAP
        if column == across - 1:
            top += heights[row] + 2 * GAP
    save(figure, path)


def _sized(pair):
    """A pair in the size in which it is shown in BOX, so that a dozen large photos take little memory."""
    height, width = pair.label.shape
    scale = min(BOX[0] / width, BOX[1] / height)
    if scale >= 1:
        image, label = (np.repeat(np.repeat(a, int(scale), 0), int(scale), 1) for a in (pair.image, pair.label))
    else:
        shape = max(1, round(scale * height)), max(1, round(scale * width))
        image, label = resize_image(pair.image, shape), resize_label(pair.label, shape)
    return pair._replace(image=image, label=label)
