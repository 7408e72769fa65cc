"""What every lesson needs: minifcn, figures, and PyTorch where it is installed.

A lesson runs with its own folder on Python's path, as a script, as a notebook
and in `python -m lessons`; so it finds this file, and importing this file lets
it find the clone's minifcn, whether that is installed or not.
"""

import os
import sys
import webbrowser
from pathlib import Path
from shutil import get_terminal_size
from textwrap import fill

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))  # the clone, where minifcn is

from lessons.display import output, save_strip, strip_of  # noqa: E402
from minifcn.pictures.colours import BLUE  # noqa: E402
from minifcn.pictures.figures import DPI  # noqa: E402

FIGURES = HERE / "figures"


def new_figure(width, height):
    """An empty figure of so many pixels, which lays its parts out by itself."""
    size = width / DPI, height / DPI
    figure = Figure(figsize=size, dpi=DPI, layout="constrained")
    figure.get_layout_engine().set(w_pad=0.1, h_pad=0.1)
    return figure


def draw_maps(maps, form="g", cell=44):
    """Arrays side by side: {title: (H, W)} -> (Figure, [its axes]).

    A title may have several lines. Each number gets a cell of so many pixels.
    form   of the numbers, such as ".1f"; "" leaves them out
    """
    margin, gap, line = 16, 28, 18
    head = line * max(title.count("\n") + 1 for title in maps) + 8
    widths = [
        max(cell * values.shape[1], *(8 * len(t) for t in title.split("\n")), 1)
        for title, values in maps.items()
    ]
    tallest = cell * max(len(values) for values in maps.values())
    width = 2 * margin + sum(widths) + gap * (len(maps) - 1)
    height = 2 * margin + head + tallest
    figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI)
    left = margin
    for (title, values), room in zip(maps.items(), widths):
        rows, cols = values.shape
        start = left + (room - cell * cols) / 2
        bottom = margin + tallest - cell * rows
        box = start / width, bottom / height
        size = cell * cols / width, cell * rows / height
        draw_map(figure.add_axes((*box, *size)), values, title, form)
        left += room + gap
    return figure, figure.axes


def draw_map(axes, values, title, form="g"):
    """Draw an array (H, W) as cells with their numbers in them.

    They are orange above 0, purple below, and white for 0.
    form   of the numbers, such as ".1f"; "" leaves them out
    """
    values = np.asarray(values)
    most = 2 * abs(values).max() or 1.0  # pale: black numbers stand on it
    axes.imshow(values, cmap="PuOr_r", vmin=-most, vmax=most)
    for (row, col), value in np.ndenumerate(values):
        if form:
            text = f"{value:{form}}"
            axes.text(col, row, text, ha="center", va="center", size=10)
    axes.set_xticks(np.arange(values.shape[1] + 1) - 0.5, [])
    axes.set_yticks(np.arange(values.shape[0] + 1) - 0.5, [])
    axes.tick_params(length=0)
    axes.grid(color="0.6", linewidth=0.6)
    axes.set_title(title, size=11)


def frame(axes, top, left, height, width, colour=BLUE):
    """Frame cells of a map, from row `top` and column `left` on."""
    corner = left - 0.5, top - 0.5
    style = {"edgecolor": colour, "linewidth": 3, "zorder": 3}
    box = Rectangle(corner, width, height, fill=False, clip_on=False, **style)
    axes.add_patch(box)


def show(figure, name, alt):
    """Save a figure in lessons/figures/, and show it.

    In a notebook it appears below the cell, else in a browser where the output
    goes to a terminal and there is a screen; its path is printed, and `alt`.
    figure   a matplotlib Figure, or a function that writes one to a path
    name     its file's name, such as "07_spread": .png, unless it ends in .gif
    alt      what is to be seen, in a sentence or two, for whoever does not see
    """
    path = FIGURES / (name if name.endswith(".gif") else f"{name}.png")
    FIGURES.mkdir(exist_ok=True)
    if callable(figure):
        figure(path)
    else:
        figure.savefig(path, dpi=DPI)
    if path.suffix == ".gif":
        save_strip(path)
    if _in_notebook():
        from IPython.display import display

        display(output(path, alt), raw=True)
        return
    print(f"figure: {_short(path)}")
    if path.suffix == ".gif":
        print(f"  stills of it: {_short(strip_of(path))}")
    width = max(20, min(80, get_terminal_size().columns) - 2)
    print(fill(alt, width, initial_indent="  ", subsequent_indent="  "))
    if _on_screen():
        webbrowser.open(path.as_uri())  # shows animations, too


def check(number):
    """Tell which of a lesson's exercises are right, and what is wrong if not.

    In a notebook: it takes the functions that cells before it have defined.
    """
    from lessons.lesson import lesson  # not needed by those who only read
    from lessons.testing import verdicts_of_cells

    names = sys._getframe(1).f_globals
    print(*verdicts_of_cells(lesson(str(number)), names), sep="\n")


def pytorch():
    """PyTorch, to compare with; None, and a line, where it is not installed."""
    try:
        import torch
    except ImportError:
        print("PyTorch is not installed: the comparison with it is left out")
        return None
    return torch


def _in_notebook():
    ipython = sys.modules.get("IPython")
    shell = ipython and ipython.get_ipython()
    return bool(shell) and hasattr(shell, "kernel")


def _on_screen():
    """Whether somebody watches, at a terminal and a screen."""
    screen = (
        sys.platform in ("win32", "darwin")
        or os.environ.get("DISPLAY")
        or os.environ.get("WAYLAND_DISPLAY")
    )
    return bool(screen) and sys.stdout.isatty()


def _short(path):
    """The path from the current folder, where it lies below."""
    return (
        path.relative_to(Path.cwd())
        if path.is_relative_to(Path.cwd())
        else path
    )
