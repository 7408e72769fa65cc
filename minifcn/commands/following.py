"""Following a training in the terminal: what is about to happen, then what happens, and its pictures."""

import contextlib
from argparse import Namespace
from typing import Any

from minifcn.commands.streams import say
from minifcn.commands.terminal import Bar, print_classes, print_preprocessing
from minifcn.errors import caution
from minifcn.metrics import FIGURES
from minifcn.pictures.runs import draw_run
from minifcn.pictures.watching import Board, Pictures, pictures_are_old
from minifcn.training.needs import check_memory
from minifcn.training.recipes import SMALL
from minifcn.training.starting import small_by_itself
from minifcn.training.trainer import Trainer
from minifcn.training.watch import Watch, Watches


class ClassLines(Watch):
    """A line a class after the last epoch of a run, or after each; in the end the best epoch, if that was another."""

    def __init__(self, run: Trainer, every: bool):
        self.run, self.every = run, every

    def epoch(self, row: dict[str, Any], epochs: int) -> None:
        if self.every or row["epoch"] == epochs:
            print_classes(self.run.confusion, self.run.training.classes)
        figure = self.run.best_figure
        best = max(self.run.progress.history, key=lambda row: row[figure])
        if row["epoch"] == epochs and best is not row:
            words = f"epoch {best['epoch']}, {FIGURES.get(figure, figure)} {best[figure]:.3f}"
            print(f"best.npz has the weights of {words}; these lines and the pictures are of epoch {epochs}")


def follow(trainer: Trainer, verbose: bool | None = None, tensorboard: bool = False) -> None:
    """Train to the end and draw what becomes of it, epoch by epoch.

    verbose      a line a class after each epoch; False: after the last; None: never
    tensorboard  write curves and pictures for TensorBoard, too
    A run that is finished is left as it is; of its pictures only those are drawn that are missing. Of several processes
    the first shows and draws.
    """
    if not trainer.done:
        check_memory(trainer)
    if trainer.group.rank:
        trainer.run()
        return
    board = [Board(trainer)] if tensorboard else []
    describe(trainer)
    if trainer.done:
        trainer.run()
        if pictures_are_old(trainer):
            draw_run(trainer)
        return
    lines = [] if verbose is None else [ClassLines(trainer, verbose)]
    bar = Bar()
    with bar, contextlib.ExitStack() as afterwards:
        for one in board:
            afterwards.callback(one.close)
        trainer.run(Watches(bar, *lines, Pictures(trainer), *board))


def take_small(options: Namespace, trainer: Trainer) -> bool:
    """Take the recipe "small", and say so, where few images train and nobody asked for anything else."""
    images = len(trainer.training)
    if not small_by_itself(options, images):
        return False
    options.recipe = SMALL
    taken = f"--recipe {SMALL} is taken: many steps of one image each"
    say(f"{images} training images are few: {taken} (any option of its own, --epochs say, leaves it out)")
    return True


def describe(trainer: Trainer) -> None:
    """What is about to happen, a line each."""
    settings, progress, report = trainer.settings, trainer.progress, trainer.transplant
    parameters = sum(parameter.size for parameter in trainer.model.parameters())
    say(f"{trainer.title()}: {parameters:,} parameters")
    images = f"{len(trainer.training)} training and {len(trainer.validation)} validation images"
    say(f"{trainer.training.name}: {images}, {trainer.training.n_class} classes")
    for note in trainer.training.notes:
        say(f"  {note}")
    if (shared := settings.batch_size * settings.accumulate) < (size := trainer.group.size):
        few = f"{shared} image{'s' * (shared > 1)} a step for {size} processes"
        caution(f"{few}: some have nothing to do; give a larger --batch-size, or start fewer")
    if trainer.batches.passes > 1:
        print(f"each is shown {trainer.batches.passes} times an epoch, for --epoch-steps {settings.epoch_steps}")
    if report:
        say(f"from {settings.init}: {len(report.copied)} arrays copied, {len(report.reshaped)} reshaped")
        kinds = {"reshaped": report.reshaped, "left as they were": report.left, "not used": report.unused}
        for kind, names in kinds.items():
            if names:
                say(f"  {kind}: {', '.join(names)}")
        print_preprocessing("images go in as in its training:", trainer.preprocessing)
        if trainer.origin.endswith("of torchvision"):
            print("torchvision's poolings round down, these up: equal where sides divide by 32")
    if settings.freeze:
        learning = sum(p.size for p in trainer.model.parameters() if p.trainable)
        say(f"frozen: {' '.join(settings.freeze)}; {learning:,} parameters learn")
    if trainer.done:
        done = f"all {settings.epochs} epochs are done" if settings.epochs > 1 else "its one epoch is done"
        print(f"{done}; --epochs N, with a larger N, goes on")
        return
    before, now = trainer.saved.get("epochs", settings.epochs), settings.epochs
    if before != now:
        was, is_now = (trainer.make_schedule(epochs)(progress.step) for epochs in (before, now))
        print(
            f"epochs {before} -> {now}: learning rate {settings.schedule} over {now}, now {is_now:.3g} (was {was:.3g})"
        )
    if progress.step:
        print(f"going on after step {progress.step}, epoch {progress.epoch + 1} of {settings.epochs}")
