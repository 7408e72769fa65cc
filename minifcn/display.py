"""What the terminal shows: progress bars, tables and single lines, all through rich."""

import math

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

console = Console(highlight=False)


def say(text):
    """One line, wrapped at the terminal's width."""
    console.print(text, markup=False)


def files(folder):
    """Name the files of a folder."""
    say(f"in {folder}: " + ", ".join(sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))))


def describe_run(trainer):
    """What is about to happen, in three lines."""
    settings, progress = trainer.settings, trainer.progress
    parameters = sum(parameter.data.size for parameter in trainer.model.parameters())
    say(f"{trainer.model!r}: {parameters:,} parameters")
    say(
        f"{trainer.training.name}: {len(trainer.training)} training and {len(trainer.validation)} validation images, "
        f"{trainer.training.n_class} classes"
    )
    if trainer.copied:
        say(f"{len(trainer.copied)} arrays taken over from {settings.init}")
    if progress.step:
        say(f"going on after step {progress.step}, epoch {progress.epoch + 1} of {settings.epochs}")


class Watch:
    """Progress of a training: a bar with the loss, images/s and time left, and a line for every finished epoch."""

    def __enter__(self):
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("{task.fields[speed]}{task.fields[loss]}"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self.task = None
        self.progress.start()
        return self

    def __exit__(self, *_):
        self.progress.stop()

    def begin(self, what, total):
        """Start a bar of `total` images."""
        if self.task is not None:
            self.progress.remove_task(self.task)
        self.task = self.progress.add_task(what, total=total, loss="", speed="")

    def advance(self, images, loss=None):
        """`images` more are done; `loss` per pixel so far."""
        self.progress.advance(self.task, images)
        speed = self.progress.tasks[-1].speed
        self.progress.update(
            self.task,
            loss="" if loss is None else f", loss {loss:.4f}",
            speed="" if not speed else f"{speed:.1f} images/s",
        )

    def epoch(self, row, epochs):
        """Print a finished epoch's row of the history."""
        self.progress.console.print(
            f"epoch {row['epoch']:3d}/{epochs}  loss {row['loss']:.4f}  validation: loss {row['val_loss']:.4f}, "
            f"mean IU {row['mean_iu']:.3f}, pixel acc. {row['pixel_accuracy']:.3f}  "
            f"{row['images_per_second']:.1f} images/s"
        )


def results(rows, dataset):
    """The paper's table: rows of (name, ConfusionMatrix), figures in percent; below it each class's IU."""
    table = Table(title=f"{dataset.name}, {len(dataset)} images")
    table.add_column("")
    for name in ("pixel acc.", "mean acc.", "mean IU", "f.w. IU"):
        table.add_column(name, justify="right")
    for name, confusion in rows:
        figures = (
            confusion.pixel_accuracy,
            confusion.mean_accuracy,
            confusion.mean_iu,
            confusion.frequency_weighted_iu,
        )
        table.add_row(name, *(f"{100 * figure:.1f}" for figure in figures))
    console.print(table)
    classes = Table(title="IU of each class")
    classes.add_column("class")
    for name, _ in rows:
        classes.add_column(name, justify="right")
    for number, label in enumerate(dataset.classes):
        ius = [confusion.iu_per_class[number] for _, confusion in rows]
        classes.add_row(label, *("-" if math.isnan(iu) else f"{100 * iu:.1f}" for iu in ius))
    console.print(classes)


def summary(rows, image_size):
    """A network's layers: `rows` of `models.summary`."""
    table = Table(
        title=f"image {image_size[1]}x{image_size[0]}", caption="multiply-adds in millions; sizes are rows x columns"
    )
    table.add_column("layer")
    table.add_column("kind")
    for name in ("output", "parameters", "mult.-adds", "receptive field", "stride"):
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(
            row.name,
            row.kind,
            "x".join(map(str, row.output)),
            f"{row.parameters:,}" if row.parameters else "",
            f"{row.multiply_adds / 1e6:,.1f}" if row.multiply_adds else "",
            f"{row.receptive_field}",
            f"{row.stride}",
        )
    table.add_section()
    parameters, multiply_adds = sum(row.parameters for row in rows), sum(row.multiply_adds for row in rows)
    table.add_row("total", "", "", f"{parameters:,}", f"{multiply_adds / 1e6:,.1f}", "", "")
    console.print(table)


def checks(reports):
    """The gradient check's table: (name, Report) of every layer."""
    table = Table(title="hand-written against numerical gradients, float64")
    table.add_column("layer")
    for name in ("largest relative error", "entries compared", "kinks left out"):
        table.add_column(name, justify="right")
    table.add_column("")
    for name, report in reports:
        verdict = "[green]ok[/green]" if report.ok() else "[red]WRONG[/red]"
        table.add_row(name, f"{report.error:.1e}", f"{report.compared}", f"{report.kinks}", verdict)
    console.print(table)
