"""The command `train`, and what it shares with `pretrain` and the demo: a run's options, and following a training."""

import dataclasses
import math
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from typing import Any

from rich import box
from rich.table import Table

from minifcn.commands.options import add_settings
from minifcn.commands.terminal import Watch, console, device_of, say
from minifcn.models.transplant import Transplant
from minifcn.pictures.runs import draw_run
from minifcn.training.recipes import PIXELS, RECIPES, per_pixel
from minifcn.training.settings import Settings, option, without_fc
from minifcn.training.starting import training_settings
from minifcn.training.trainer import Trainer


def add_arguments(parser: ArgumentParser) -> None:
    run = add_run(parser, Settings)
    known = ", ".join(RECIPES)
    run.add_argument(
        "--recipe",
        choices=RECIPES,
        metavar="NAME",
        help=f"a published training; what is given beside it holds: {known}",
    )
    run.add_argument("--explain", action="store_true", help="say what each setting is, whence, and for a pixel; stop")


def run(options: Namespace) -> None:
    """Train one network. Ctrl-C saves the run and says how to go on; --resume goes on."""
    settings, sources = training_settings(options)
    if options.explain:
        explain(settings, sources)
    else:
        run_training(Trainer, settings, options)


def add_run(parser: ArgumentParser, kind: type[Settings]) -> Any:
    """Add the settings of a training, and its folder; returns the group of options about the run."""
    parser.usage = f"{parser.prog} --out DIR [option ...]"
    run = add_settings(parser, kind)["run"]
    run.add_argument("--out", metavar="DIR", help="the run's folder")
    run.add_argument("--resume", action="store_true", help="go on with the run in DIR, with its settings")
    run.add_argument("--overwrite", action="store_true", help="replace the run in DIR")
    return run


def run_training(kind: type[Trainer], settings: Settings, options: Namespace) -> None:
    """Train, as a `Trainer` of this kind does, and name the files it leaves."""
    device = device_of(options)
    trainer = kind(settings, options.out, device, options.resume, options.overwrite)
    follow(trainer)
    folder = trainer.folder.path
    say(f"in {folder}: " + ", ".join(sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))))


def follow(trainer: Trainer) -> None:
    """Train to the end and draw what became of it; the terminal shows what is about to happen, and then what does."""
    describe(trainer)
    with Watch() as watch:
        trainer.run(watch)
    draw_run(trainer)


def describe(trainer: Trainer) -> None:
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
        p = trainer.preprocessing
        mean, std = (", ".join(f"{value:g}" for value in three) for three in (p.mean, p.std))
        say(f"images go in as in its training: {p.channels}, less the mean ({mean} of R, G, B), over ({std})")
    if settings.freeze:
        frozen = sum(p.size for name, p in trainer.model.named_parameters() if not p.trainable)
        say(f"frozen: {' '.join(settings.freeze)}; {parameters - frozen:,} parameters learn")
    if progress.step:
        say(f"going on after step {progress.step}, epoch {progress.epoch + 1} of {settings.epochs}")


def _describe_transplant(report: Transplant, path: str) -> None:
    say(f"from {path}: {len(report.copied)} arrays copied, {len(report.reshaped)} reshaped")
    kinds = (("reshaped", report.reshaped), ("left as they were", report.left), ("not used", report.unused))
    for what, names in kinds:
        if names:
            say(f"  {what}: {', '.join(names)}")


def explain(settings: Settings, sources: Mapping[str, str]) -> None:
    """The settings of a training, where each comes from, and what the learning rate means for one pixel."""
    table = Table(title="what this training is made of", title_justify="left", box=box.SIMPLE_HEAD)
    for column in ("setting", "value", "source"):
        table.add_column(column)
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        unused = field.name == "fc_channels" and without_fc(settings.model, settings.backbone)
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


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)
