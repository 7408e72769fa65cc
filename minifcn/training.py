"""Training: batches in, one SGD step each, validation after every epoch, and everything saved so that nothing is lost.

A step depends on the settings and the step's number alone (the order of images, their augmentation and the dropout
masks are all drawn from them), so a run that was stopped, however, and resumed ends with the same weights as one that
never was.
"""

import dataclasses
import math
import shlex
import signal
import time

from minifcn.backend import array_module, to_device
from minifcn.checkpoint import CURVE, PREDICTIONS, Progress, RunFolder
from minifcn.data import VOID, Batches, Preprocessing, compose, crop, jitter, mirror, open_dataset
from minifcn.errors import InputError
from minifcn.evaluation import evaluate, picture_indices, predict_image
from minifcn.layers import SoftmaxCrossEntropy
from minifcn.models import MODELS
from minifcn.optim import SGD, schedule
from minifcn.plots import save_learning_curve, save_predictions
from minifcn.weights import load_arrays, save_arrays

SAVE_SECONDS = 300  # an epoch longer than this is saved on the way
# Settings that the network's constructor takes.
NETWORK = ("width", "fc_channels", "padding", "dropout", "upsampling", "upsampling_kernels", "backbone", "at_once")


@dataclasses.dataclass
class Settings:
    """What a run is made of. The defaults train on a CPU; the paper's net is width 1, fc_channels 4096, padding 100."""

    model: str = "fcn32s"
    data: str = "scenes"
    root: str | None = None
    init: str | None = None  # weights to start from, by name: a coarser net's, for its skips
    epochs: int = 30
    batch_size: int = 8
    accumulate: int = 1  # batches whose gradients are averaged for one step
    lr: float = 0.02
    schedule: str = "polynomial"
    momentum: float = 0.9
    weight_decay: float = 5e-4
    backbone: str | None = None  # the model's own: VGG16, but for fcn-alexnet and fcn-googlenet
    at_once: bool = False
    width: float = 0.25
    fc_channels: int = 256
    padding: int | str = "same"
    dropout: float = 0.1
    upsampling: str = "fixed"
    upsampling_kernels: str = "full"
    mirror: bool = True
    crop: int | None = None
    jitter: int = 0
    recompute: bool = False  # less memory for more time: of the network's maps keep only every pool's
    seed: int = 0


class Stopped(KeyboardInterrupt):
    """Ctrl-C was pressed; the run is saved, and the message says how to go on."""


class Trainer:
    """One run in its folder.

    settings  a `Settings`
    out       the run's folder
    device    "cpu" or "gpu"
    resume    go on with the run in it; overwrite: replace it
    datasets  (training, validation) instead of those that the settings name
    Raises InputError for anything wrong with settings, data, weights or folder, before anything is overwritten.
    """

    def __init__(self, settings, out, device="cpu", resume=False, overwrite=False, datasets=None):
        self.settings, self.device, self.folder = settings, device, RunFolder(out)
        _check(settings)
        self.training, self.validation = datasets or (
            open_dataset(settings.data, settings.root, split) for split in ("train", "val")
        )
        network = {name: getattr(settings, name) for name in NETWORK if getattr(settings, name) is not None}
        self.model = MODELS[settings.model](self.training.n_class, seed=settings.seed, **network)
        self.model.train_only().to(device)
        if settings.recompute:
            self.model.recompute_maps()
        self.optimizer = SGD(self.model.parameters(), settings.lr, settings.momentum, settings.weight_decay)
        self.criterion = SoftmaxCrossEntropy()

        self.copied = []  # names of the arrays taken over from settings.init
        self.preprocessing = Preprocessing(self.training.mean, self.training.std)
        self.progress, about = self.folder.restore(self.model, self.optimizer) if resume else (Progress(), None)
        if settings.init and about is None:
            self.copied, about = self._start_from(settings.init)
        if about is not None:  # the weights know images only as they were shown to them
            self.preprocessing = Preprocessing.from_dict(about["preprocessing"])

        augmentation = _augmentation(settings)
        self.batches = Batches(self.training, settings.batch_size, self.preprocessing, augmentation, seed=settings.seed)
        steps_per_epoch = -(-len(self.batches) // settings.accumulate)
        self.lr_at = schedule(settings.schedule, settings.lr, settings.epochs * steps_per_epoch)
        self.stop_asked = False
        self.begun = resume  # whether the folder is this run's
        if not resume:
            self.folder.check(overwrite)

    @property
    def about(self):
        """What travels with the weights: all that is needed to use them."""
        return {
            "model": self.settings.model,
            "settings": self.model.settings,
            "preprocessing": self.preprocessing.to_dict(),
            "data": self.training.name,
            "classes": list(self.training.classes),
            "palette": self.training.palette.tolist(),
        }

    def run(self, watch):
        """Train to the end; `watch` (a `display.Watch`) is told. Ctrl-C saves and raises Stopped."""
        self.model.train()
        before = signal.signal(signal.SIGINT, self._ask_to_stop)
        try:
            while self.progress.epoch < self.settings.epochs:
                row = self._epoch(watch)
                watch.epoch(row, self.settings.epochs)
                if self.stop_asked and self.progress.epoch < self.settings.epochs:
                    raise self._stopped()
        finally:
            signal.signal(signal.SIGINT, before)
        self.finish()

    def _ask_to_stop(self, *_):
        self.stop_asked = True  # looked at after every step: a step is never cut in half
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a second Ctrl-C does not wait

    def _epoch(self, watch):
        progress, started, seen = self.progress, time.monotonic(), 0
        watch.begin(f"epoch {progress.epoch + 1}/{self.settings.epochs}", len(self.training))
        watch.advance(progress.batch * self.settings.batch_size)
        saved = time.monotonic()
        group = []
        for images, labels, _ in self.batches.epoch(progress.epoch, start=progress.batch):
            group.append((images, labels))
            seen += len(images)
            if len(group) == self.settings.accumulate or progress.batch + len(group) == len(self.batches):
                self._step(group)
                watch.advance(sum(len(images) for images, _ in group), loss=progress.loss / max(1, progress.losses))
                group = []
                if self.stop_asked:
                    self.save()
                    raise self._stopped()
                if time.monotonic() - saved > SAVE_SECONDS:
                    self.save()
                    saved = time.monotonic()
        seconds = time.monotonic() - started
        if not progress.losses:
            raise InputError(
                f"all labels of {self.training.name} are void ({VOID}): there is nothing to learn; check the labels"
            )
        return self._validate(watch, seen / seconds)

    def _step(self, group):
        """One optimizer step on the mean gradient of a group of batches."""
        progress, model = self.progress, self.model
        self.optimizer.lr = self.lr_at(progress.step)
        model.reseed([self.settings.seed, progress.step])
        model.zero_grad()
        labelled = [(images, labels) for images, labels in group if (labels != VOID).any()]
        for images, labels in labelled:
            scores = model(to_device(images, self.device))
            loss = self.criterion(scores, to_device(labels, self.device))
            if not math.isfinite(loss):
                raise self._diverged(f"the loss is {loss}")
            model.backward(self.criterion.backward() / len(labelled))
            progress.loss += loss
            progress.losses += 1
        if labelled:
            self.optimizer.step()
        progress.step += 1
        progress.batch += len(group)
        if not self.begun:  # only now: what is wrong with data or network shows in the first step, and costs no old run
            self.folder.start(dataclasses.asdict(self.settings))
            self.begun = True

    def _validate(self, watch, images_per_second):
        """Measure, note and save at an epoch's end; returns the epoch's row of the history."""
        progress = self.progress
        watch.begin("validation", len(self.validation))
        confusion, loss = evaluate(self.model, self.validation, self.preprocessing, self.device, watch.advance)
        if not math.isfinite(loss):
            raise self._diverged(f"the validation loss is {loss}")
        row = {
            "epoch": progress.epoch + 1,
            "loss": progress.loss / progress.losses,
            "val_loss": loss,
            "pixel_accuracy": confusion.pixel_accuracy,
            "mean_accuracy": confusion.mean_accuracy,
            "mean_iu": confusion.mean_iu,
            "frequency_weighted_iu": confusion.frequency_weighted_iu,
            "lr": self.lr_at(progress.step - 1),
            "images_per_second": images_per_second,
        }
        progress.history.append(row)
        if confusion.mean_iu > progress.best:
            progress.best = confusion.mean_iu
            save_arrays(self.folder.best, self.model.state_dict(), self.about | {"scores": row})
        progress.epoch, progress.batch, progress.loss, progress.losses = progress.epoch + 1, 0, 0.0, 0
        self.save()
        return row

    def save(self):
        """Write last.npz and the history. Weights that are not finite are never written over good ones."""
        if not all(bool(array_module(p.data).isfinite(p.data).all()) for p in self.model.parameters()):
            raise self._diverged("the weights are not finite")
        self.folder.save(self.model, self.optimizer, self.about, self.progress)
        self.folder.write_history(self.progress.history)

    def finish(self):
        """Write the history and the pictures."""
        self.folder.write_history(self.progress.history)
        save_learning_curve(self.folder.path / CURVE, self.progress.history)
        self.model.eval()
        rows = []
        for index in picture_indices(self.validation):
            image, truth = self.validation[index]
            rows.append(
                (image, truth, {self.model.title: predict_image(self.model, image, self.preprocessing, self.device)})
            )
        save_predictions(self.folder.path / PREDICTIONS, rows, self.training.classes, self.training.palette)

    def _start_from(self, path):
        """Copy all weights whose names the model has -> (those names, what the file says of the weights)."""
        arrays, about = load_arrays(path)
        try:
            copied = self.model.copy_from(arrays)
        except InputError as error:
            raise InputError(f"--init {path}: {error}") from error
        if not copied:
            raise InputError(f"--init {path}: none of its names is one of {type(self.model).__name__}'s")
        return copied, about

    def _stopped(self):
        folder = shlex.quote(str(self.folder.path))
        return Stopped(f"stopped and saved; go on with: python -m minifcn train --out {folder} --resume")

    def _diverged(self, what):
        lr = self.optimizer.lr
        return InputError(
            f"{what} at step {self.progress.step + 1} (epoch {self.progress.epoch + 1}), learning rate {lr:g}: "
            f"training diverged; start again with a lower --lr, {self.settings.lr / 10:g} say"
            + (f"; the last good checkpoint stays in {self.folder.last}" if self.folder.last.exists() else "")
        )


def _augmentation(settings):
    chosen = [mirror] if settings.mirror else []
    if settings.jitter:
        chosen.append(jitter(settings.jitter))
    if settings.crop is not None:
        chosen.append(crop(settings.crop))
    return compose(*chosen)


def _check(settings):
    for field in dataclasses.fields(Settings):  # a config.json may hold anything
        value, kind = getattr(settings, field.name), int | float if field.type is float else field.type
        if not isinstance(value, kind):
            raise InputError(
                f"--{field.name.replace('_', '-')} is {value!r}; expected {getattr(kind, '__name__', kind)}"
            )
    for name in ("epochs", "batch_size", "accumulate"):
        if getattr(settings, name) < 1:
            raise InputError(f"--{name.replace('_', '-')} is {getattr(settings, name)}; expected at least 1")
    if settings.seed < 0:
        raise InputError(f"--seed is {settings.seed}; expected 0 or more")
    if settings.model not in MODELS:
        raise InputError(f"--model {settings.model!r} is none of {', '.join(MODELS)}")
