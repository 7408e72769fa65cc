"""The command `train`, and what it shares with `pretrain` and the demo: a run's options, and following a training."""

import dataclasses
import math
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from typing import Any

from minifcn.commands.options import add_settings
from minifcn.commands.terminal import Bar, console, new_table
from minifcn.pictures.runs import draw_run
from minifcn.training.recipes import PIXELS, RECIPES, SMALL, per_pixel
from minifcn.training.settings import Settings, option, shown, without_fc
from minifcn.training.starting import small_by_itself, starting_settings
from minifcn.training.trainer import Trainer


def add_arguments(parser: ArgumentParser) -> None:
    run = add_run(parser, Settings)
    help = f"a published training, or one for few images; what is given beside it holds: {', '.join(RECIPES)}"
    run.add_argument("--recipe", choices=RECIPES, metavar="NAME", help=help)
    run.add_argument("--explain", action="store_true", help="say what each setting is, whence, and for a pixel; stop")


def run(options: Namespace) -> None:
    """Train one network. Ctrl-C saves the run and says how to go on; --resume goes on."""
    settings, sources = starting_settings(options, Settings)
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
    print(options.device_reason)
    trainer = kind(settings, options.out, options.device, options.resume, options.overwrite)
    if kind is Trainer and small_by_itself(options, len(trainer.training)):
        few = f"{len(trainer.training)} training images are few"
        print(f"{few}: --recipe {SMALL} is taken; --epochs, say, leaves it out")
        options.recipe, datasets = SMALL, (trainer.training, trainer.validation)
        settings, _ = starting_settings(options, Settings)
        trainer = kind(settings, options.out, options.device, overwrite=options.overwrite, datasets=datasets)
    follow(trainer)
    folder = trainer.folder.path
    names = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    print(f"in {folder}:", ", ".join(names))


def follow(trainer: Trainer) -> None:
    """Train to the end and draw what became of it; the terminal shows what is about to happen, and then what does."""
    describe(trainer)
    bar = Bar()
    with bar:
        trainer.run(bar)
    draw_run(trainer)


def describe(trainer: Trainer) -> None:
    """What is about to happen, a line each."""
    settings, progress, report = trainer.settings, trainer.progress, trainer.transplant
    parameters = sum(parameter.size for parameter in trainer.model.parameters())
    words = f"{trainer.model!r}: {parameters:,} parameters"
    console.print(words, markup=False, soft_wrap=not console.is_terminal)  # a file gets it in one line
    images = f"{len(trainer.training)} training and {len(trainer.validation)} validation images"
    print(f"{trainer.training.name}: {images}, {trainer.training.n_class} classes")
    if trainer.batches.passes > 1:
        print(f"each is shown {trainer.batches.passes} times an epoch, for --epoch-steps {settings.epoch_steps}")
    if report:
        print(f"from {settings.init}: {len(report.copied)} arrays copied, {len(report.reshaped)} reshaped")
        kinds = {"reshaped": report.reshaped, "left as they were": report.left, "not used": report.unused}
        for kind, names in kinds.items():
            if names:
                print(f"  {kind}: {', '.join(names)}")
        way = trainer.preprocessing
        mean, std = (", ".join(f"{value:g}" for value in three) for three in (way.mean, way.std))
        print(f"images go in as in its training: {way.channels},")
        print(f"  less the mean ({mean} of R, G, B), over ({std})")
    if settings.freeze:
        learning = sum(p.size for p in trainer.model.parameters() if p.trainable)
        print(f"frozen: {' '.join(settings.freeze)}; {learning:,} parameters learn")
    if progress.epoch == settings.epochs:
        print(f"nothing is left to train: {progress.epoch} of {settings.epochs} epochs are done")
    elif progress.step:
        print(f"going on after step {progress.step}, epoch {progress.epoch + 1} of {settings.epochs}")


def explain(settings: Settings, sources: Mapping[str, str]) -> None:
    """The settings of a training, where each comes from, and what the learning rate means for one pixel."""
    table = new_table("what this training is made of", "setting", "value", "source")
    for column in table.columns[1:]:
        column.justify, column.no_wrap = "left", False
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        unused = field.name == "fc_channels" and without_fc(settings.model, settings.backbone)
        if value is not None and not unused:
            table.add_row(option(field.name), shown(value), sources.get(field.name, "the default here"))
    console.print(table)
    share, mean_rate, long_run = per_pixel(settings)
    size = f"A pixel of an image of 500x375 ({PIXELS:,} pixels)"
    print(f"A step moves a weight by {settings.lr:g} x the gradient of the loss, a {settings.loss} over pixels.")
    print(f"{size} has a share of {share:.2g} in it.")
    print(f"With the loss a mean over pixels, a learning rate of {mean_rate:.2g} would do the same;")
    print(f"momentum {settings.momentum:g} makes {long_run:.2g} of it for a gradient that stays.")
    if settings.loss == "sum":
        print(f"The summed loss begins near {PIXELS * math.log(21):,.0f} = {PIXELS:,} x log 21 with VOC's 21 classes,")
        print(f"{math.log(21):.2f} for each pixel. The loss that is shown here is that for each pixel.")
