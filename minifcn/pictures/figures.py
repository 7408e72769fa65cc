"""What figures of curves and marks have in common.

They are drawn with matplotlib's object interface (a Figure of its own, no pyplot), so that no window opens and no state
is left behind. A figure of DPI dots per inch is saved at that many: one of its pixels is one of the screen's at 100 %.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import LayoutEngine

from minifcn.backend.files import write_whole

DPI = 100


def new_figure(width: float, height: float, layout: LayoutEngine | None = None) -> Figure:
    """An empty figure of so many pixels; `layout` as of matplotlib."""
    return Figure(figsize=(width / DPI, height / DPI), dpi=DPI, layout=layout)


def save(figure: Figure, path: str | Path) -> None:
    """Write a figure as a PNG, whole or not at all: whoever looks meanwhile sees the old one."""
    write_whole(path, lambda file: figure.savefig(file, format="png", dpi=DPI))


def dress(axes: Axes, title: str, **grid: Any) -> None:
    """The look of all axes: the title on the left, no line above and on the right, a pale grid (as of matplotlib)."""
    axes.set_title(title, loc="left", size=11)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(**{"color": "0.9", **grid})


def heights_of_names(axes: Axes, values: Sequence[float]) -> Iterator[float]:
    """Where the names of points stand, right of the axes: at the points' own heights, but none on another.

    values  of the points, from the lowest up; heights are in parts of the axes' own, which are drawn already
    """
    line = 16 / axes.get_window_extent().height
    lowest = 0.0
    for rank, value in enumerate(values):
        at = axes.transAxes.inverted().transform(axes.transData.transform((axes.get_xlim()[0], value)))[1]
        at = max(lowest, min(at, 1 - line * (len(values) - 1 - rank)))
        yield at
        lowest = at + line
