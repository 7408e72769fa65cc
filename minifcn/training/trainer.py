"""A training from its settings to its best weights: `fit`, epoch by epoch, validated and saved so that nothing is lost.

A run that was stopped, however, and resumed ends with the same weights as one that never was: the order of images and
their augmentation depend on the settings and the epoch alone, a step on the settings and its number (`fit`).

Several processes train as one does: each holds the whole network and computes its share of every step's images. Rank 0
alone owns the folder, and shows what happens.
"""

import dataclasses
import math
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import Any

from minifcn.backend import Array, array_module
from minifcn.checks import instance, shown
from minifcn.data import Batches, Dataset, Preprocessing, class_weights, open_splits
from minifcn.data.looking.inspection import check_learnable
from minifcn.data.transforms import Augmentation, compose, crop, jitter, mirror
from minifcn.errors import InputError
from minifcn.machines import ALONE, Group
from minifcn.machines.exchange import Exchange
from minifcn.machines.together import in_first
from minifcn.metrics import FIGURES, ConfusionMatrix
from minifcn.models import MODELS
from minifcn.optim import SGD, Schedule, schedule
from minifcn.training.alike import check_alike
from minifcn.training.cautions import Cautions, less_of, nothing_counts
from minifcn.training.criterion import PixelLoss
from minifcn.training.evaluation import evaluate
from minifcn.training.fit import Diverged, fit
from minifcn.training.freezing import freeze
from minifcn.training.record import check_goes_on
from minifcn.training.run_folder import Progress, RunFolder
from minifcn.training.settings import Settings
from minifcn.training.stopping import Stopped, on_ctrl_c
from minifcn.training.watch import Watch
from minifcn.weights.loading import start_from

SAVE_SECONDS = 300  # an epoch longer than this is saved on the way


class Trainer:
    """One run in its folder `out`.

    resume    go on with the run in it; overwrite: replace it
    datasets  (training, validation) instead of those that the settings name
    group     the processes that train together, each of which makes a Trainer of the same settings
    wire      how gradients travel between them: see `Exchange`
    Raises InputError for anything wrong with settings, data, weights or folder, before anything is overwritten.
    """

    networks: Mapping[str, Callable[..., Any]] = MODELS  # of which the settings name one
    figures = tuple(zip(FIGURES, FIGURES))  # columns of the history, and what they are of a ConfusionMatrix
    best_figure = "mean_iu"  # the column that tells the best epoch, whose weights are kept

    def __init__(
        self,
        settings: Settings,
        out: str | PathLike | RunFolder,
        device: str = "cpu",
        resume: bool = False,
        overwrite: bool = False,
        datasets: tuple[Dataset, Dataset] | None = None,
        group: Group = ALONE,
        wire: str | None = None,
    ):
        instance(settings, "Trainer: settings", Settings, "Settings")
        if datasets is not None and (not isinstance(datasets, (tuple, list)) or len(datasets) != 2):
            raise InputError(f"Trainer: datasets is {shown(datasets)}, expected (training, validation)")
        self.settings, self.device, self.group = settings, device, group
        self.folder = out if isinstance(out, RunFolder) else RunFolder(out)
        settings.check()
        self.saved = in_first(group, self.folder.saved_settings) if resume else {}  # what config.json says
        check_goes_on(self.saved, settings)
        own = in_first(group, self.folder.saved_own) if resume else None
        self.training, self.validation = datasets or self.open_data(own)
        check_alike(group, settings, self.training, self.validation)
        if not resume:
            in_first(group, lambda: check_learnable(self.training, self.validation))
        self.model = self.make_model().to(device)
        self.optimizer = SGD(self.model.parameters(), settings.lr, settings.momentum, settings.weight_decay)

        self.transplant, self.origin = None, ""  # what was taken over from settings.init, and whose that is
        self.progress, about = self.folder.restore(self.model, self.optimizer, group) if resume else (Progress(), None)
        in_first(group, lambda: self.folder.check_best(self.progress))
        noted = self.progress.history[0] if self.progress.history else dict(self.figures)
        if lost := [column for column, _ in self.figures if column not in noted]:
            raise InputError(f"--resume: {self.folder.last}: its history has no {lost[0]}: it is of another training")
        if settings.init and about is None:
            self.transplant, about = start_from(self.model, settings.init, group)
            self.origin = about["data"]
        if about is not None:  # the weights know images only as they were shown to them
            self.preprocessing = Preprocessing.from_dict(about["preprocessing"])
        else:
            self.preprocessing = in_first(group, lambda: Preprocessing(self.training.mean, self.training.std))

        self.exchange = Exchange(self.model.parameters(), group, wire)
        self.criterion = self.make_criterion(class_weights(self.training, group) if settings.class_balance else None)
        augmentation = self.make_augmentation()
        before_last = (settings.epoch_steps - 1) * settings.accumulate * settings.batch_size  # images before that step
        self.batches = Batches(self.training, settings.batch_size, self.preprocessing, augmentation, seed=settings.seed)
        self.batches.passes = before_last // len(self.training) + 1
        self.batches.group, self.batches.accumulate = group, settings.accumulate
        if self.progress.batch > len(self.batches):
            far = f"{self.folder.last} is after batch {self.progress.batch} of an epoch, which has {len(self.batches)}"
            raise InputError(f"--resume: {far}: bring back the images of the run, or start a new one")
        self.steps_per_epoch = -(-len(self.batches) // settings.accumulate)
        self.lr_at = self.make_schedule(settings.epochs)
        self.stop_asked = False  # looked at after every step: a step is never cut in half
        self.begun, self.overwrite = resume, overwrite  # the first: whether the folder is this run's
        self.kept = in_first(group, self.folder.last.exists)  # whether it holds a checkpoint
        self.noted = 0  # steps of the optimizer that `progress` knows of
        self.confusion = ConfusionMatrix(self.training.n_class)  # of the last validation
        self.accuracies: list[float] = []  # and the pixel accuracy of each of its images
        if not resume:
            in_first(group, lambda: self.folder.check(overwrite))
        if settings.epochs < (done := self.progress.epoch + bool(self.progress.batch)):
            raise InputError(f"--resume: --epochs is {settings.epochs}, but epoch {done} is begun: give {done} or more")

    def open_data(self, own: dict | None = None) -> Sequence[Dataset]:
        """(training, validation) of the data set that the settings name; own: as the run that goes on took it."""
        settings = self.settings
        if own and settings.data == "scenes":
            raise InputError("--resume: the run's data sets were given in Python: go on there, with these datasets")
        more = {**own["told"], "lists": own["splits"]} if own else settings.of_data()
        return open_splits(settings.data, settings.root, size=settings.size, **more)

    def own(self) -> dict | None:
        """How a folder of one's own was taken: what opens it alike, and which of its pairs train and validate."""
        splits = {"train": list(self.training.names), "val": list(self.validation.names)}
        return {"told": dict(self.training.told), "splits": splits} if self.training.told else None

    def make_model(self) -> Any:
        """The network that the settings describe, for the classes of the data; it does no more than training needs."""
        settings = self.settings
        model = self.networks[settings.model](self.training.n_class, seed=settings.seed, **settings.network())
        freeze(model, settings.freeze)
        model.train_only()
        return model.recompute_maps() if settings.recompute else model

    def make_criterion(self, weights: Array | None) -> PixelLoss:
        """The loss, with these weights of the classes."""
        return PixelLoss(self.settings.loss, weights)

    def make_schedule(self, epochs: int) -> Schedule:
        """The learning rate of each step of a run of so many epochs."""
        return schedule(self.settings.schedule, self.settings.lr, epochs * self.steps_per_epoch)

    def make_augmentation(self) -> Augmentation:
        """What is done to a pair of the training data before it is seen."""
        chosen: list[Augmentation] = [mirror] if self.settings.mirror else []
        if self.settings.jitter:
            chosen.append(jitter(self.settings.jitter))
        if self.settings.crop is not None:
            chosen.append(crop(self.settings.crop))
        return compose(*chosen)

    def title(self) -> str:
        """The network as the paper's tables name it: FCN-32s-fixed is the one whose score layer alone learns."""
        learning = {name.partition(".")[0] for name, p in self.model.named_parameters() if p.trainable}
        return self.model.title + ("-fixed" if self.settings.freeze and learning == {"score_fr"} else "")

    @property
    def about(self) -> dict:
        """What travels with the weights: all that is needed to use them."""
        return {
            "title": self.title(),
            "model": self.settings.model,
            "settings": self.model.settings,
            "preprocessing": self.preprocessing.to_dict(),
            "data": self.training.name,
            "classes": list(self.training.classes),
            "palette": self.training.palette.tolist(),
            "size": self.settings.size,
            "told": dict(self.training.told),
        }

    def run(self, watch: Watch | None = None) -> None:
        """Train to the end, from any thread; `watch` is told, in rank 0.

        Ctrl-C, or `stop()` from anywhere, saves after the step under way and raises Stopped; `run()` then goes on.
        Meanwhile the folder is this run's alone: InputError where another process trains there.
        """
        in_first(self.group, lambda: self.folder.take(self.begun, self.overwrite))
        try:
            self._run((watch if self.group.rank == 0 else None) or Watch())
        finally:
            if self.group.rank == 0:
                self.folder.release()

    def _run(self, watch):
        """Train, and save what there is where that ends early."""
        try:
            with on_ctrl_c(self.stop):
                self._epochs(watch)
        except Diverged as error:
            good = f"; the last good checkpoint stays in {self.folder.last}" if self.kept else ""
            lower = f"start again with {less_of(self.settings, self.batch_pixels())}"
            epoch = min(self.progress.epoch + 1, self.settings.epochs)
            raise InputError(f"{error}, in epoch {epoch}; {lower}{good}") from error
        except InputError as error:  # a picture that cannot be read, say, costs nothing that was trained
            if not self.begun or self.noted != self.optimizer.steps:
                raise
            self.save()
            raise InputError(f"{error}; what is trained is saved: mend this, and --resume goes on") from error
        if self.group.rank == 0:
            self.folder.write_history(self.progress.history)
        self.model.eval()

    @property
    def done(self) -> bool:
        """Whether no epoch is left to train."""
        return self.progress.epoch >= self.settings.epochs

    def batch_pixels(self) -> int:
        """Pixels of a batch, about: images may differ in size."""
        pixels = self.training[0][1].size
        side = self.settings.crop
        counted = self.settings.batch_size * self.settings.sample
        return max(1, round(counted * (min(side**2, pixels) if side else pixels)))

    def validate(self, advance: Callable | None = None, group: Group = ALONE) -> float:
        """Measure the network on the validation images -> their loss a pixel; `confusion` and `accuracies` are new.

        group  the processes that call this together, and share the images out
        """
        self.accuracies = []
        how = (self.model, self.validation, self.preprocessing, self.device, advance, self.accuracies, group)
        self.confusion, loss = evaluate(*how)
        return loss

    def _epochs(self, watch):
        how = (self.training.classes, self.steps_per_epoch, in_first(self.group, self.batch_pixels))
        cautions = Cautions(self.title(), self.settings, *how)
        try:
            while not self.done:
                images_per_second = self._train(watch)
                self._validate(watch, images_per_second)
                cautions.look(self.confusion, self.progress.history, self.best_figure)
        except KeyboardInterrupt as interrupt:  # Stopped; or any other, as from a watch
            alone = self.stop_asked or self.group.size > 1  # a second Ctrl-C does not wait; the others know of none
            at_once = alone and not isinstance(interrupt, Stopped)
            self.stop_asked = False
            if at_once or not self.begun or self.noted != self.optimizer.steps:  # the last: half a step is done
                raise
            self.save()
            command = f"python -m minifcn {self.settings.command} --out {shlex.quote(str(self.folder.path))} --resume"
            raise Stopped(f"stopped and saved; go on with: {command}") from None

    def stop(self) -> None:
        """Ask the run, which may be in another thread, to save and stop after the step under way."""
        self.stop_asked = True

    def _train(self, watch):
        """Train what is left of the epoch under way; returns its images a second."""
        settings, begin = self.settings, self.progress
        watch.begin(f"epoch {begin.epoch + 1}/{settings.epochs}", self.batches.samples)
        watch.advance(begin.batch * settings.batch_size)
        batches = self.batches.epoch(begin.epoch, start=begin.batch)
        how = {name: getattr(settings, name) for name in ("accumulate", "sample", "seed")}
        how |= {"device": self.device, "start": begin.step, "exchange": self.exchange, "stop": lambda: self.stop_asked}
        started = saved = time.monotonic()
        seen = 0
        for step in fit(self.model, batches, self.optimizer, self.lr_at, self.criterion, **how):
            self._note(step)
            seen += step.images
            watch.advance(step.images, self.progress.loss / max(1, self.progress.losses))
            if time.monotonic() - saved > SAVE_SECONDS:
                self.save()
                saved = time.monotonic()
        if not self.progress.losses:
            raise InputError(nothing_counts(settings, self.training.name))
        return seen / (time.monotonic() - started)

    def _note(self, step):
        """Move on by a step that is done."""
        progress = self.progress
        place = {"step": step.number + 1, "batch": progress.batch + step.batches}
        losses = {"loss": sum(step.losses, progress.loss), "losses": progress.losses + len(step.losses)}
        self.progress = dataclasses.replace(progress, **place, **losses)
        self.noted = self.optimizer.steps
        settings = dataclasses.asdict(self.settings)
        if not self.begun:  # only now: what is wrong with data or network shows in the first step, and costs no old run
            in_first(self.group, lambda: self.folder.start(settings, self.own()))
        elif settings != self.saved:  # more epochs, say: told before any checkpoint that follows from them
            in_first(self.group, lambda: self.folder.write_settings(settings, self.own()))
        if not (self.begun and self.kept):  # the first checkpoint comes before all else that a run leaves
            self.save()
        self.begun, self.saved = True, settings

    def _validate(self, watch, images_per_second):
        """Measure, note and save at an epoch's end."""
        progress = self.progress
        watch.begin("validation", len(self.validation))
        loss = self.validate(watch.advance, self.group)
        if not math.isfinite(loss):
            raise self._diverged(f"the validation loss is {loss}")
        row = {
            "epoch": progress.epoch + 1,
            "loss": progress.loss / progress.losses,
            "val_loss": loss,
            **{column: getattr(self.confusion, name) for column, name in self.figures},
            "lr": self.lr_at(progress.step - 1),
            "images_per_second": images_per_second,
        }
        best = max(progress.best, row[self.best_figure])
        if best > progress.best and self.group.rank == 0:
            self.folder.save_best(self.model, self.about, row)
        self.progress = Progress(progress.epoch + 1, step=progress.step, best=best, history=[*progress.history, row])
        self.save()
        watch.epoch(row, self.settings.epochs)

    def save(self) -> None:
        """Write last.npz and the history. Weights that are not finite are never written over good ones."""
        if not all_finite([p.data for p in self.model.parameters()]):
            raise self._diverged("the weights are not finite")
        if self.group.rank == 0:
            self.folder.save(self.model, self.optimizer, self.about, self.progress)
            self.folder.write_history(self.progress.history)
        self.kept = True

    def _diverged(self, what):
        return Diverged(what, self.progress.step, self.optimizer)


def all_finite(arrays: Sequence[Array]) -> bool:
    """Whether all numbers in these arrays, of one device, are finite: it waits for a GPU once, not for each."""
    xp = array_module(arrays[0])
    finite = xp.empty(len(arrays), "bool")
    for i, array in enumerate(arrays):
        xp.isfinite(array).all(out=finite[i, ...])
    return bool(finite.all())
