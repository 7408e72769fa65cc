"""The command `train`, and what it shares with `pretrain`."""

import dataclasses
import math
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from minifcn.commands.following import follow, take_small
from minifcn.commands.options import add_settings, sharing
from minifcn.commands.stages import new_stages, old_stages, run_stages
from minifcn.commands.streams import say
from minifcn.commands.tables import console, new_table
from minifcn.errors import InputError
from minifcn.machines.together import in_first
from minifcn.training.recipes import PIXELS, RECIPES, per_pixel
from minifcn.training.settings import Settings, option, shown, without_fc
from minifcn.training.stages import Staged, staged_run
from minifcn.training.starting import starting_settings
from minifcn.training.trainer import Trainer


def add_arguments(parser: ArgumentParser) -> None:
    run = add_run(parser, Settings)
    help = f"a published training, or one for few images; what is given beside it holds: {', '.join(RECIPES)}"
    run.add_argument("--recipe", choices=RECIPES, metavar="NAME", help=help)
    help = "for fcn8s or fcn16s: an fcn32s first, then each from the one before; --epochs is the first one's"
    run.add_argument("--stages", action="store_true", help=help)
    run.add_argument("--explain", action="store_true", help="say what each setting is, whence, and for a pixel; stop")


def run(options: Namespace) -> None:
    """Train one network. Ctrl-C saves the run and says how to go on; --resume goes on."""
    staged, every, sources = in_first(options.group, lambda: _asked(options))
    for settings in every:  # the first has decided, but the data may lie elsewhere on this machine
        settings.root = getattr(options, "root", settings.root)
    if options.explain:
        explain(every[0], sources)
        for settings in every[1:]:
            print(f"then {settings.model} from its weights: {settings.epochs} epochs, --lr {settings.lr:g}")
    elif staged:
        print(options.device_reason)
        run_stages(options, staged, every)
        name_files(options)
    else:
        run_training(Trainer, every[0], options)


def _asked(options: Namespace) -> tuple[Staged | None, list[Settings], Mapping[str, str]]:
    """(the run in stages or None, the settings of each training, where the first one's come from)."""
    staged = staged_run(options.out) if options.resume and options.out else None
    if staged:
        return staged, old_stages(options, staged), {}
    if options.stages and options.resume:
        raise InputError(f"--resume --stages: {options.out} holds no run in stages: leave --stages out")
    if options.stages:
        return new_stages(options)
    settings, sources = starting_settings(options, Settings)
    return None, [settings], sources


def add_run(parser: ArgumentParser, kind: type[Settings]) -> Any:
    """Add the settings of a training, and its folder; returns the group of options about the run."""
    parser.usage = f"{parser.prog} --out DIR [option ...]"
    run = add_settings(parser, kind)["run"]
    run.add_argument("--out", metavar="DIR", help="the run's folder")
    run.add_argument("--resume", action="store_true", help="go on with the run in DIR, with its settings")
    run.add_argument("--overwrite", action="store_true", help="replace the run in DIR")
    run.add_argument("--verbose", action="store_true", help="a line a class each epoch, not only at the end")
    run.add_argument("--tensorboard", action="store_true", help="write the curves and pictures for TensorBoard, too")
    help = "between processes gradients travel in half the bytes, and are rounded to 3 figures"
    run.add_argument("--wire", choices=["float16"], help=help)
    return run


def run_training(kind: type[Trainer], settings: Settings, options: Namespace) -> None:
    """Train, as a `Trainer` of this kind does, and name the files it leaves."""
    print(options.device_reason)
    how = {"overwrite": options.overwrite} | sharing(options)
    trainer = kind(settings, options.out, options.device, options.resume, **how)
    if kind is Trainer and take_small(options, trainer):
        settings, _ = in_first(options.group, lambda: starting_settings(options, Settings))
        trainer = kind(settings, options.out, options.device, datasets=(trainer.training, trainer.validation), **how)
    if options.resume and not trainer.progress.step:
        say(f"{options.out} has no checkpoint: the run starts from its beginning")
    follow(trainer, options.verbose, options.tensorboard)
    name_files(options)


def name_files(options: Namespace) -> None:
    """Say what a run left in its folder, which the first of several processes has."""
    if options.group.rank == 0:
        folder = Path(options.out)
        names = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
        say(f"in {folder}:", ", ".join(names))


def explain(settings: Settings, sources: Mapping[str, str]) -> None:
    """The settings of a training, where each comes from, and what the learning rate means for one pixel."""
    table = new_table("what this training is made of", "setting", "value", "source")
    table.columns[0].no_wrap, table.columns[2].no_wrap = True, False
    for column in table.columns[1:]:
        column.justify = "left"
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
