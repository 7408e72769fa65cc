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

import numpy as np

from minifcn.alternatives import sample_pixels
from minifcn.backend import array_module, to_device
from minifcn.data import VOID, Batches, Preprocessing, class_weights, compose, crop, jitter, mirror, open_dataset
from minifcn.errors import InputError
from minifcn.layers import SoftmaxCrossEntropy
from minifcn.metrics import FIGURES
from minifcn.models import MODELS
from minifcn.optim import SGD, schedule
from minifcn.pictures.runs import save_learning_curve, save_predictions
from minifcn.training.evaluation import caution_of_one_class, evaluate, picture_indices, predict_image
from minifcn.training.freezing import freeze
from minifcn.training.run_folder import CURVE, PREDICTIONS, Progress, RunFolder
from minifcn.weights.loading import start_from
from minifcn.weights.npz import save_arrays

SAVE_SECONDS = 300  # an epoch longer than this is saved on the way


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

    best_figure = "mean_iu"  # of the epoch whose weights are kept as the best

    def __init__(self, settings, out, device="cpu", resume=False, overwrite=False, datasets=None):
        self.settings, self.device, self.folder = settings, device, RunFolder(out)
        settings.check()
        self.training, self.validation = datasets or (self.open_data(split) for split in ("train", "val"))
        self.model = self.make_model()
        freeze(self.model, settings.freeze)
        self.prepare_model()
        self.model.to(device)
        self.optimizer = SGD(self.model.parameters(), settings.lr, settings.momentum, settings.weight_decay)

        self.transplant = None  # what was taken over from settings.init
        self.preprocessing = Preprocessing(self.training.mean, self.training.std)
        self.progress, about = self.folder.restore(self.model, self.optimizer) if resume else (Progress(), None)
        if settings.init and about is None:
            self.transplant, about = start_from(self.model, settings.init)
        if about is not None:  # the weights know images only as they were shown to them
            self.preprocessing = Preprocessing.from_dict(about["preprocessing"])

        weights = class_weights(self.training) if settings.class_balance else None
        self.criterion = SoftmaxCrossEntropy(VOID, weights, settings.loss)
        augmentation = self.make_augmentation()
        self.batches = Batches(self.training, settings.batch_size, self.preprocessing, augmentation, seed=settings.seed)
        steps_per_epoch = -(-len(self.batches) // settings.accumulate)
        self.lr_at = schedule(settings.schedule, settings.lr, settings.epochs * steps_per_epoch)
        self.stop_asked = False
        self.begun = resume  # whether the folder is this run's
        if not resume:
            self.folder.check(overwrite)

    def open_data(self, split):
        """The data set that the settings name."""
        return open_dataset(self.settings.data, self.settings.root, split)

    def make_model(self):
        """The network that the settings describe, for the classes of the data."""
        settings = self.settings
        return MODELS[settings.model](self.training.n_class, seed=settings.seed, **settings.network())

    def prepare_model(self):
        """Save the network what work and memory training does not need."""
        self.model.train_only()
        if self.settings.recompute:
            self.model.recompute_maps()

    def make_augmentation(self):
        """What is done to a pair of the training data before it is seen."""
        chosen = [mirror] if self.settings.mirror else []
        if self.settings.jitter:
            chosen.append(jitter(self.settings.jitter))
        if self.settings.crop is not None:
            chosen.append(crop(self.settings.crop))
        return compose(*chosen)

    def title(self):
        """The network as the paper's tables name it: FCN-32s-fixed is the one whose score layer alone learns."""
        learning = {name.partition(".")[0] for name, p in self.model.named_parameters() if p.trainable}
        return self.model.title + ("-fixed" if self.settings.freeze and learning == {"score_fr"} else "")

    @property
    def about(self):
        """What travels with the weights: all that is needed to use them."""
        return {
            "title": self.title(),
            "model": self.settings.model,
            "settings": self.model.settings,
            "preprocessing": self.preprocessing.to_dict(),
            "data": self.training.name,
            "classes": list(self.training.classes),
            "palette": self.training.palette.tolist(),
        }

    def run(self, watch):
        """Train to the end; `watch` (a `commands.terminal.Watch`) is told. Ctrl-C saves and raises Stopped."""
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
        if self.settings.sample < 1:
            rng = np.random.default_rng([self.settings.seed, progress.step])
            group = [(images, sample_pixels(labels, self.settings.sample, rng)) for images, labels in group]
        labelled = [(images, labels) for images, labels in group if (labels != VOID).any()]
        for images, labels in labelled:
            scores = model(to_device(images, self.device))
            loss, dscores = self.learn(scores, to_device(labels, self.device), 1 / len(labelled))
            model.backward(dscores)
            progress.loss += loss
            progress.losses += 1
        if labelled:
            self.optimizer.step()
        progress.step += 1
        progress.batch += len(group)
        if not self.begun:  # only now: what is wrong with data or network shows in the first step, and costs no old run
            self.folder.start(dataclasses.asdict(self.settings))
            self.begun = True

    def figures(self, confusion):
        """{name: value} of the paper's four figures, columns of the history."""
        return {name: getattr(confusion, name) for name in FIGURES}

    def learn(self, scores, labels, share):
        """(loss per pixel, dL/dscores) of one batch, whose gradient counts by `share`."""
        loss = self.criterion(scores, labels)
        if not math.isfinite(loss):
            raise self._diverged(f"the loss is {loss}")
        pixels = int((labels != VOID).sum()) if self.settings.loss == "sum" else 1
        return loss / pixels, self.criterion.backward() * share

    def _validate(self, watch, images_per_second):
        """Measure, note and save at an epoch's end; returns the epoch's row of the history."""
        progress = self.progress
        watch.begin("validation", len(self.validation))
        confusion, loss = evaluate(self.model, self.validation, self.preprocessing, self.device, watch.advance)
        if not math.isfinite(loss):
            raise self._diverged(f"the validation loss is {loss}")
        if progress.epoch + 1 == self.settings.epochs:
            caution_of_one_class(self.title(), confusion, self.validation)
        row = {
            "epoch": progress.epoch + 1,
            "loss": progress.loss / progress.losses,
            "val_loss": loss,
            **self.figures(confusion),
            "lr": self.lr_at(progress.step - 1),
            "images_per_second": images_per_second,
        }
        progress.history.append(row)
        if row[self.best_figure] > progress.best:
            progress.best = row[self.best_figure]
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
        self.draw()

    def draw(self):
        """Write a picture of predictions."""
        self.model.eval()
        rows = []
        for index in picture_indices(self.validation):
            image, truth = self.validation[index]
            rows.append(
                (image, truth, {self.title(): predict_image(self.model, image, self.preprocessing, self.device)})
            )
        save_predictions(self.folder.path / PREDICTIONS, rows, self.training.classes, self.training.palette)

    def _stopped(self):
        command, folder = self.settings.command, shlex.quote(str(self.folder.path))
        return Stopped(f"stopped and saved; go on with: python -m minifcn {command} --out {folder} --resume")

    def _diverged(self, what):
        lr = self.optimizer.lr
        return InputError(
            f"{what} at step {self.progress.step + 1} (epoch {self.progress.epoch + 1}), learning rate {lr:g}: "
            f"training diverged; start again with a lower --lr, {self.settings.lr / 10:g} say"
            + (f"; the last good checkpoint stays in {self.folder.last}" if self.folder.last.exists() else "")
        )
