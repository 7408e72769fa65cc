"""What a training and an evaluation show: bars, lines and tables."""

import math
from collections.abc import Sequence
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Column

from minifcn.commands.streams import errors_in_terminal, say
from minifcn.commands.tables import console, new_table
from minifcn.data import Dataset, Preprocessing
from minifcn.metrics import FIGURES, ConfusionMatrix
from minifcn.training.watch import Watch

NARROW = 64  # columns of a terminal that a bar takes, with its figures
EPOCH_FIGURES = ("mean_iu", "pixel_accuracy", "accuracy")  # of a finished epoch, as far as it has them


class Bar(Watch):
    """A training's bar, with loss, images/s and time left, shown in a terminal `with bar:`; a line for every epoch."""

    def __init__(self) -> None:
        columns: list[ProgressColumn] = [
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
        ]
        columns.append(TextColumn("{task.fields[news]}"))
        if console.width < NARROW:  # no bar, and as many lines as the figures take
            text = "{task.description} {task.completed:.0f}/{task.total:.0f}, {task.fields[news]}"
            columns = [TextColumn(text, table_column=Column(overflow="fold"))]
        how: dict[str, Any] = {"console": console, "transient": True, "redirect_stderr": errors_in_terminal()}
        self.shown = Progress(*columns, TimeRemainingColumn(), **how)
        self.task = self.shown.add_task("", visible=False)

    def __enter__(self) -> None:
        if console.is_terminal:  # elsewhere rich writes a line feed at its end
            self.shown.start()

    def __exit__(self, *_: object) -> None:
        self.shown.live.stop()

    def begin(self, what: str, images: int) -> None:
        self.shown.reset(self.task, description=what, total=images, visible=True, news="")

    def advance(self, images: int, loss: float | None = None) -> None:
        self.shown.advance(self.task, images)
        speed = self.shown.tasks[0].speed
        news = f"{speed:.1f} images/s" if speed else ""
        self.shown.update(self.task, news=news if loss is None else f"{news}, loss {loss:.4f}")

    def epoch(self, row: dict[str, Any], epochs: int) -> None:
        figures = (f", {FIGURES.get(name, name)} {row[name]:.3f}" for name in EPOCH_FIGURES if name in row)
        losses = f"loss {row['loss']:.3f}, val {row['val_loss']:.3f}"
        number = f"{row['epoch']:{len(str(epochs))}}/{epochs}"
        print(f"epoch {number}  {losses}{''.join(figures)}, {row['images_per_second']:.1f} img/s")


def print_classes(confusion: ConfusionMatrix, classes: Sequence[str]) -> None:
    """A line a class: its IU, and its share of the pixels in percent, in the truth and in the prediction."""
    total = max(1, confusion.counts.sum())
    truth, predicted = (100 * confusion.counts.sum(axis=axis) / total for axis in (1, 0))
    print("     IU  truth  found  (shares in %)")
    for number, name in enumerate(classes):
        iu = confusion.iu_per_class[number]
        figures = "    -" if math.isnan(iu) else f"{iu:5.3f}"
        say(f"  {figures}  {truth[number]:5.1f}  {predicted[number]:5.1f}  {name}")  # the name last: it may be long


def print_results(rows: Sequence[tuple[str, ConfusionMatrix]], dataset: Dataset) -> None:
    """The paper's table: rows of (name, ConfusionMatrix), figures in percent; below it each class's IU."""
    table = new_table(f"{dataset.name}, {len(dataset)} images, percent", "", *FIGURES.values())
    for name, confusion in rows:
        table.add_row(name, *(_percent(getattr(confusion, figure)) for figure in FIGURES))
    console.print(table)
    table = new_table("IU of each class, percent", "class", *(name for name, _ in rows))
    for number, label in enumerate(dataset.classes):
        table.add_row(label, *(_percent(confusion.iu_per_class[number]) for _, confusion in rows))
    console.print(table)


def print_preprocessing(before: str, way: Preprocessing) -> None:
    """What is done to an image before a network sees it, in a line that begins with `before`, and one more."""
    mean, std = (", ".join(f"{value:g}" for value in three) for three in (way.mean, way.std))
    print(f"{before} {way.channels},")
    print(f"  less the mean ({mean} of R, G, B), over ({std})")


def _percent(value):
    return "-" if math.isnan(value) else f"{100 * value:.1f}"
