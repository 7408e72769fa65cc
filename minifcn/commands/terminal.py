"""What the terminal shows: progress bars, tables and single lines, all through rich."""

import dataclasses
import math

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from minifcn.pictures import in_words
from minifcn.training.recipes import PIXELS, per_pixel
from minifcn.training.settings import option

console = Console(highlight=False)
EPOCH_FIGURES = {"mean_iu": "mean IU", "pixel_accuracy": "pixel acc.", "accuracy": "accuracy"}  # of a finished epoch


def say(text):
    """One line; the terminal wraps it, a file gets it whole."""
    console.print(text, markup=False, soft_wrap=True)


def files(folder):
    """Name the files of a folder."""
    say(f"in {folder}: " + ", ".join(sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))))


def describe_run(trainer):
    """What is about to happen, a line each."""
    settings, progress = trainer.settings, trainer.progress
    parameters = sum(parameter.size for parameter in trainer.model.parameters())
    say(f"{trainer.model!r}: {parameters:,} parameters")
    say(
        f"{trainer.training.name}: {len(trainer.training)} training and {len(trainer.validation)} validation images, "
        f"{trainer.training.n_class} classes"
    )
    if trainer.transplant:
        _describe_transplant(trainer.transplant, settings.init)
        say(f"images go in as in its training: {_in_words(trainer.preprocessing)}")
    if settings.freeze:
        frozen = sum(p.size for name, p in trainer.model.named_parameters() if not p.trainable)
        say(f"frozen: {' '.join(settings.freeze)}; {parameters - frozen:,} parameters learn")
    if progress.step:
        say(f"going on after step {progress.step}, epoch {progress.epoch + 1} of {settings.epochs}")


def explain(settings, sources):
    """The settings of a training, where each comes from, and what the learning rate means for one pixel."""
    table = Table(title="what this training is made of", title_justify="left", box=box.SIMPLE_HEAD)
    for column in ("setting", "value", "source"):
        table.add_column(column)
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        unused = field.name == "fc_channels" and "googlenet" in (settings.model + str(settings.backbone))
        if value is not None and not unused:
            table.add_row(option(field.name), _plain(value), sources.get(field.name, "the default here"))
    console.print(table)
    share, mean_rate, long_run = per_pixel(settings)
    size = f"A pixel of an image of 500x375 ({PIXELS:,} pixels)"
    say(f"A step moves a weight by {settings.lr:g} x the gradient of the loss, a {settings.loss} over pixels.")
    say(f"{size} has a share of {share:.2g} in it.")
    say(f"With the loss a mean over pixels, a learning rate of {mean_rate:.2g} would do the same;")
    say(f"momentum {settings.momentum:g} makes {long_run:.2g} of it for a gradient that stays.")
    if settings.loss == "sum":
        say(f"The summed loss begins near {PIXELS * math.log(21):,.0f} = {PIXELS:,} x log 21 with VOC's 21 classes,")
        say(f"{math.log(21):.2f} for each pixel. The loss that is shown here is that for each pixel.")


def _plain(value):
    if isinstance(value, list):
        return " ".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _describe_transplant(report, path):
    say(f"from {path}: {len(report.copied)} arrays copied, {len(report.reshaped)} reshaped")
    for what, names in (
        ("reshaped", report.reshaped),
        ("left as they were", report.left),
        ("not used", report.unused),
    ):
        if names:
            say(f"  {what}: {', '.join(names)}")


def _in_words(preprocessing):
    mean, std = (", ".join(f"{value:g}" for value in three) for three in (preprocessing.mean, preprocessing.std))
    return f"{preprocessing.channels}, less the mean ({mean} of R, G, B), over ({std})"


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
        say(
            f"epoch {row['epoch']:3d}/{epochs}  loss {row['loss']:.4f}  validation: loss {row['val_loss']:.4f}, "
            + ", ".join(f"{label} {row[name]:.3f}" for name, label in EPOCH_FIGURES.items() if name in row)
            + f"  {row['images_per_second']:.1f} images/s"
        )


def results(rows, dataset):
    """The paper's table: rows of (name, ConfusionMatrix), figures in percent; below it each class's IU."""
    figures = ("pixel_accuracy", "mean_accuracy", "mean_iu", "frequency_weighted_iu")
    table = new_table(
        f"{dataset.name}, {len(dataset)} images, percent", "", "pixel acc.", "mean acc.", "mean IU", "f.w. IU"
    )
    for name, confusion in rows:
        table.add_row(name, *(_percent(getattr(confusion, figure)) for figure in figures))
    console.print(table)
    table = new_table("IU of each class, percent", "class", *(name for name, _ in rows))
    for number, label in enumerate(dataset.classes):
        table.add_row(label, *(_percent(confusion.iu_per_class[number]) for _, confusion in rows))
    console.print(table)


def summary(model, rows, image_size):
    """A network's layers: `rows` of `models.summary`, for an image of (H, W)."""
    title = f"{model.title}, image {image_size[1]}x{image_size[0]}"
    table = new_table(title, "layer", "output", "parameters", "mult-adds", "field", "stride")
    table.show_edge, table.collapse_padding = False, True  # GoogLeNet's names are long
    for row in rows:
        counts = (f"{row.parameters:,}", f"{row.multiply_adds / 1e6:,.1f}") if row.parameters else ("", "")
        table.add_row(row.name, "x".join(map(str, row.output)), *counts, f"{row.receptive_field}", f"{row.stride}")
    table.add_section()
    parameters, multiply_adds = sum(row.parameters for row in rows), sum(row.multiply_adds for row in rows)
    table.add_row("total", "", f"{parameters:,}", f"{multiply_adds / 1e6:,.1f}", "", "")
    console.print(table)
    say("\noutput: channels x rows x columns; mult-adds: in millions")
    say("field: receptive field; field and stride in image pixels")


def figures(model, figures, classifiers_field):
    """A network in a row of the paper's table, and what its columns mean: `Figures` of `models.summary`.

    classifiers_field  the receptive field of an FCN's classifier; None for a classifier
    """
    table = new_table("\nin the columns of the paper's table", "", "conv. layers", "parameters", "field", "max stride")
    counts = figures.conv_layers, f"{figures.parameters:,}", figures.receptive_field, figures.stride
    table.add_row(model.title, *map(str, counts))
    console.print(table)
    say("conv. layers: the most on any path from image to score")
    if classifiers_field is None:
        say("fully connected layers are shown, and counted, as convolutions")
        return
    say("parameters: without the upsampling; field: of a coarse score")
    if classifiers_field != figures.receptive_field:
        say(f"  ({classifiers_field} in the paper, which counts the average pooling that the FCN leaves out)")
    settings = model.settings
    learning = {"fixed": "bilinear for good", "learned": "bilinear to begin with, then learned"}
    kernels = {"full": "one for each pair of classes", "per-class": "one for each class"}
    for name, meaning in (("upsampling", learning), ("upsampling_kernels", kernels)):
        say(f"{name}: {settings[name]}, {meaning[settings[name]]}")
    if settings["upsampling_kernels"] == "full":
        say(f"  (between different classes 0{' at first' if settings['upsampling'] == 'learned' else ''})")


def arithmetic(cases):
    """One Relationship in words, or a table of several."""
    if len(cases) == 1:
        for line in in_words(cases[0], console.width):
            say(line)
        return
    table = new_table("the slides' seven cases", "case", "i", "k", "s", "p", "o", "zeros", "p'", "a", "o'", "guide")
    table.columns[0].no_wrap, table.collapse_padding = False, True  # for terminals of 60 columns
    for case in cases:
        numbers = (case.input, case.kernel, case.stride, case.padding, case.output)
        back = (case.zeros_between, case.transposed_padding, case.unseen, case.transposed_output)
        table.add_row(case.name, *map(str, numbers + back), "{}, {}".format(*case.numbers))
    console.print(table)
    say("convolution: i input, k kernel, s stride, p padding, o output, in pixels along one axis")
    say("its transpose, from o back to i: zeros between two pixels, p' padding, a zeros at the end, o' output")
    say("guide: the numbers of both relationships in Dumoulin and Visin, A guide to convolution arithmetic, 2016")


def checks(reports):
    """The gradient check's table: (name, Report) of every layer."""
    table = new_table("hand-written against numerical gradients, float64", "layer", "error", "entries", "kinks", "")
    for name, report in reports:
        verdict = "[green]ok[/green]" if report.ok() else "[red]WRONG[/red]"
        table.add_row(name, f"{report.error:.1e}", f"{report.compared}", f"{report.kinks}", verdict)
    console.print(table)
    say("error: largest relative error of all gradients; kinks: entries left out, where there is no gradient")


def new_table(title, first, *others):
    """A rich table with a left-aligned first column and right-aligned others, narrow enough for 80 columns."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column(first, no_wrap=True)
    for name in others:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _percent(value):
    return "-" if math.isnan(value) else f"{100 * value:.1f}"
