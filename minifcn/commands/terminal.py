"""What several commands show: single lines, tables and progress bars, all through rich."""

import math
from argparse import Namespace
from collections.abc import Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from minifcn.backend import resolve_device
from minifcn.data import Dataset
from minifcn.metrics import FIGURES, ConfusionMatrix

console = Console(highlight=False)
EPOCH_FIGURES = ("mean_iu", "pixel_accuracy", "accuracy")  # of a finished epoch, as far as it has them


def say(text: str) -> None:
    """One line; the terminal wraps it, a file gets it whole."""
    console.print(text, markup=False, soft_wrap=True)


def device_of(options: Namespace) -> str:
    """The device asked for; says in one line which it is and why."""
    device, reason = resolve_device(options.device)
    say(reason)
    return device


class Watch:
    """Progress of a training: a bar with the loss, images/s and time left, and a line for every finished epoch."""

    def __enter__(self) -> "Watch":
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("{task.fields[speed]}{task.fields[loss]}"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self.task: TaskID | None = None
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    def begin(self, what: str, total: int) -> None:
        """Start a bar of `total` images."""
        if self.task is not None:
            self.progress.remove_task(self.task)
        self.task = self.progress.add_task(what, total=total, loss="", speed="")

    def advance(self, images: int, loss: float | None = None) -> None:
        """`images` more are done; `loss` per pixel so far."""
        assert self.task is not None, "begin comes first"
        self.progress.advance(self.task, images)
        speed = self.progress.tasks[-1].speed
        self.progress.update(
            self.task,
            loss="" if loss is None else f", loss {loss:.4f}",
            speed="" if not speed else f"{speed:.1f} images/s",
        )

    def epoch(self, row: dict[str, Any], epochs: int) -> None:
        """Print a finished epoch's row of the history."""
        say(
            f"epoch {row['epoch']:3d}/{epochs}  loss {row['loss']:.4f}  validation: loss {row['val_loss']:.4f}, "
            + ", ".join(f"{FIGURES.get(name, name)} {row[name]:.3f}" for name in EPOCH_FIGURES if name in row)
            + f"  {row['images_per_second']:.1f} images/s"
        )


def results(rows: Sequence[tuple[str, ConfusionMatrix]], dataset: Dataset) -> None:
    """The paper's table: rows of (name, ConfusionMatrix), figures in percent; below it each class's IU."""
    table = new_table(f"{dataset.name}, {len(dataset)} images, percent", "", *FIGURES.values())
    for name, confusion in rows:
        table.add_row(name, *(_percent(getattr(confusion, figure)) for figure in FIGURES))
    console.print(table)
    table = new_table("IU of each class, percent", "class", *(name for name, _ in rows))
    for number, label in enumerate(dataset.classes):
        table.add_row(label, *(_percent(confusion.iu_per_class[number]) for _, confusion in rows))
    console.print(table)


def new_table(title: str, first: str, *others: str) -> Table:
    """A rich table with a left-aligned first column and right-aligned others, narrow enough for 80 columns."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column(first, no_wrap=True)
    for name in others:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _percent(value: float) -> str:
    return "-" if math.isnan(value) else f"{100 * value:.1f}"
