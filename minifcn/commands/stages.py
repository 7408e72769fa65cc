"""`train --stages`: one network after the other, each from the one before."""

import argparse
import shlex
import warnings
from argparse import Namespace
from typing import Any

from minifcn.commands.following import follow, take_small
from minifcn.commands.options import sharing
from minifcn.commands.streams import say
from minifcn.commands.terminal import print_results
from minifcn.errors import Caution, InputError
from minifcn.machines.together import in_first
from minifcn.pictures.runs import save_predictions
from minifcn.training.evaluation import compare
from minifcn.training.recipes import recipe
from minifcn.training.run_folder import SIDE_BY_SIDE
from minifcn.training.settings import Settings
from minifcn.training.stages import NAMES, FirstFolder, Staged
from minifcn.training.starting import resumed_settings, starting_settings
from minifcn.training.stopping import Stopped
from minifcn.training.trainer import Trainer


def new_stages(options: Namespace) -> tuple[Staged, list[Settings], dict[str, str]]:
    """(the stages that are asked for, the settings of each, where the first one's come from).

    Raises InputError for what does not go together.
    """
    if getattr(options, "at_once", False):
        raise InputError("--stages trains one skip after the other, --at-once all of them: leave one of the two out")
    staged = Staged(options.out or "", getattr(options, "model", Settings.model))
    first, sources = starting_settings(argparse.Namespace(**vars(options) | {"model": NAMES[0]}), Settings)
    rates = {}
    if options.recipe and not hasattr(options, "lr"):
        rates = {stage.name: recipe(options.recipe, stage.name)["lr"].value for stage in staged.stages}
    return staged, staged.settings(first, rates), sources


def old_stages(options: Namespace, staged: Staged) -> list[Settings]:
    """The settings of each stage of a run to go on with. Raises InputError where those given are others."""
    saved = staged.saved_settings()
    last, _ = starting_settings(options, Settings, saved[-1])  # what is given is compared with the whole run's
    moved = {"root": options.root} if hasattr(options, "root") else {}
    every = [resumed_settings(folder.path, own, Settings, moved) for folder, own in zip(staged.folders, saved)]
    for settings, before in zip(every[1:], staged.folders):  # from where it lies now
        settings.init = str(before.best)
    if staged.under_way < len(every) - 1 and last.epochs != every[-1].epochs:
        what = f"--epochs {last.epochs}: {options.out} is still at {staged.stages[staged.under_way].name}"
        raise InputError(f"{what}: go on without --epochs first, and give it once the last stage is under way")
    every[-1].epochs = last.epochs
    return every


def run_stages(options: Namespace, staged: Staged, every: list[Settings]) -> None:
    """Train the stages that are left, then compare all of them; the folder of the last is this run's all the time."""
    whole, group = staged.folders[-1], options.group
    in_first(group, whole.lock.take)
    try:
        in_first(group, staged.tidy)
        _run_stages(options, staged, every)
    finally:
        if group.rank == 0:
            whole.lock.release()


def _run_stages(options, staged, every):
    datasets, group, whole = None, options.group, staged.folders[-1]
    for number in range(staged.under_way if options.resume else 0, len(every)):
        settings, folder = every[number], staged.folders[number]
        say(f"stage {number + 1} of {len(every)}, in {folder.path}")
        begins = number == 0 and not options.resume
        where = folder if number else FirstFolder(staged, every)
        try:
            how: dict[str, Any] = {"overwrite": begins and options.overwrite} | sharing(options)
            trainer = Trainer(settings, where, options.device, not begins, datasets=datasets, **how)
            if begins and take_small(options, trainer):
                _, every, _ = in_first(group, lambda: new_stages(options))
                datasets = trainer.training, trainer.validation
                trainer = Trainer(every[0], FirstFolder(staged, every), options.device, datasets=datasets, **how)
            follow(trainer, options.verbose or None, options.tensorboard)
        except KeyboardInterrupt as stop:
            if begins and not str(stop):  # nothing is saved; an old run may still be there
                raise
            saved = "stopped and saved" if isinstance(stop, Stopped) else "stopped"
            command = f"python -m minifcn train --out {shlex.quote(str(options.out))} --resume"
            raise Stopped(f"{saved}; go on with: {command}") from None
        datasets = trainer.training, trainer.validation

    validation = trainer.validation
    picture = whole.path / SIDE_BY_SIDE
    if in_first(group, lambda: not picture.exists() or picture.stat().st_mtime < whole.last.stat().st_mtime):
        with warnings.catch_warnings():  # each stage has told its own
            warnings.simplefilter("ignore", Caution)
            results, rows = compare([folder.best for folder in staged.folders], validation, options.device, group)
        print_results(results, validation)
        if group.rank == 0:
            save_predictions(picture, rows, validation.classes, validation.palette)
