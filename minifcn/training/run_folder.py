"""A run's folder: what a training leaves behind, and what it needs to go on.

last.npz      weights, velocities, position in the run, history and settings: everything that a resumed run starts from
config.json   the settings, to be read: as given, the number of this format, and how one's own pictures were taken
best.npz      the weights with the best mean IU on the validation images
history.csv   a line an epoch
*.png         pictures
tensorboard/  the same curves and pictures for TensorBoard, where they were asked for
.lock         who trains there, as long as that

Whose folder it is, last.npz alone says: another run's is replaced by the first checkpoint of a new one, in one stroke,
and what else is of that run goes after it, config.json last. A config.json of another run tells that this was cut off.
"""

import csv
import dataclasses
import io
import json
import uuid
from os import PathLike
from pathlib import Path
from typing import Any

from minifcn.backend import to_host
from minifcn.backend.files import check_folder, remove_unfinished, write_whole
from minifcn.errors import InputError
from minifcn.layers import Layer
from minifcn.machines import ALONE, Group
from minifcn.machines.together import in_first
from minifcn.optim import SGD
from minifcn.training.lock import Lock
from minifcn.training.record import ID, OWN, RUN, Recorded, id_in
from minifcn.weights.npz import VELOCITY, load_about, load_arrays, save_arrays

PICTURES = CURVE, PREDICTIONS, CONFUSION = "learning_curve.png", "predictions.png", "confusion.png"
SIDE_BY_SIDE = "stages.png"  # the networks of a run in stages
BOARD = "tensorboard"


@dataclasses.dataclass
class Progress:
    """How far a run has come. Everything else that a step depends on follows from the settings and these numbers."""

    epoch: int = 0  # the epoch under way
    batch: int = 0  # its batches that are done
    step: int = 0  # optimizer steps since the start
    loss: float = 0.0  # sum of the losses of this epoch's batches
    losses: int = 0  # how many they are
    best: float = -1.0  # best validation mean IU so far
    history: list = dataclasses.field(default_factory=list)  # a dict an epoch


class RunFolder(Recorded):
    """The folder of one run. Raises InputError where it cannot be used as asked."""

    def __init__(self, path: str | PathLike):
        super().__init__(Path(path))
        self.best, self.history = self.path / "best.npz", self.path / "history.csv"
        self.lock = Lock(self.path)
        self.fresh = False  # whether the run begun here has no checkpoint yet
        self.seen: Any = None  # what the checkpoint said when it was read or written here

    def check(self, overwrite: bool) -> None:
        """Raise InputError where a new run cannot have this folder: another run is there, and no `overwrite`."""
        check_folder(self.path)
        if not overwrite and (self.last.exists() or self.config.exists()):
            self.lock.take()  # if another process trains there now, that is what to tell
            self.lock.release()
            ways = f"give {self.goes_on()}--overwrite to replace it, or another folder"
            raise InputError(f"--out {self.path} holds another run: {ways}")

    def take(self, begun: bool, overwrite: bool = False) -> None:
        """Have the folder for this process alone, until `release`: for a new run, or for the one `begun`.

        Raises InputError where another process has it, or another training has saved there since this object looked.
        """
        self.lock.take()
        try:
            if not begun:
                self.check(overwrite)
            elif self._look() != self.seen:
                raise InputError(f"--out {self.path}: another training has saved there meanwhile; --resume goes on")
            elif self.config_id() != self.record[ID]:  # the run before was not yet gone when this one was killed
                self.settle()
            self.tidy()
        except BaseException:
            self.lock.release()
            raise

    def tidy(self) -> None:
        """Remove what a process that was killed left half written. It is for whoever has the folder."""
        for path in (self.last, self.best, self.config, self.history, *self.pictures()):
            remove_unfinished(path)

    def release(self) -> None:
        """Leave it to others."""
        self.lock.release()

    def start(self, settings: dict, own: dict | None = None) -> None:
        """Begin a new run with `settings` (a dict). Its first checkpoint replaces the run that may be in the folder."""
        self.record, self.fresh = {ID: uuid.uuid4().hex, "settings": settings, OWN: own}, True
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._unwritable(error) from error

    def settle(self) -> None:
        """Make the folder that of the run whose checkpoint is in it."""
        try:
            self.clear()
        except OSError as error:
            raise self._unwritable(error) from error
        self.write_settings(self.record["settings"], self.record[OWN])

    def clear(self) -> None:
        """Remove what the run before left, but last.npz and config.json."""
        board = (self.path / BOARD).glob("events.out.tfevents.*")
        own_best = self.best.exists() and id_in(self.best) == self.record[ID]
        for old in (*([] if own_best else [self.best]), self.history, *self.pictures(), *board):
            old.unlink(missing_ok=True)

    def pictures(self) -> list[Path]:
        """The pictures that a run may have."""
        return [self.path / name for name in (*PICTURES, SIDE_BY_SIDE)]

    def save(self, model: Layer, optimizer: SGD, about: dict, progress: Progress) -> None:
        """Write last.npz, whole or not at all. The first one of a run makes the folder its own."""
        velocities = zip(_velocity_names(model), map(to_host, optimizer.state_dict()["velocity"]), strict=True)
        arrays = model.state_dict() | dict(velocities)
        about = about | {"progress": dataclasses.asdict(progress), RUN: self.record}
        save_arrays(self.last, arrays, about)
        self.seen = _said(about)
        if self.fresh:
            self.settle()
            self.fresh = False

    def save_best(self, model: Layer, about: dict, scores: dict) -> None:
        """Write best.npz, whole or not at all; scores: its line of the history."""
        save_arrays(self.best, model.state_dict(), about | {"scores": scores, RUN: {ID: self.record[ID]}})

    def restore(self, model: Layer, optimizer: SGD, group: Group = ALONE) -> tuple[Progress, dict | None]:
        """Put last.npz back into model and optimizer -> (Progress, what the file says of the weights).

        (a fresh Progress, None) where the run never came to save anything. Of several processes rank 0 alone reads it.
        """
        arrays, about = in_first(group, self._read_last)
        if about is None:
            return Progress(), None
        velocity = {name: arrays.pop(name) for name in list(arrays) if name.startswith(VELOCITY)}
        try:
            model.load_state_dict(arrays)
            optimizer.load_state_dict({"velocity": [velocity[name] for name in _velocity_names(model)]})
            return Progress(**about["progress"]), about
        except (InputError, KeyError, TypeError) as error:
            raise InputError(f"--resume: {self.last} does not fit {self.config}: {error}") from error

    def check_best(self, progress: Progress) -> None:
        """Raise InputError where a run that has come so far has lost its best weights: no other epoch may beat them."""
        if progress.best > Progress.best and not self.best.is_file():
            lost = f"{self.path} has no {self.best.name}, the weights of its best epoch so far"
            raise InputError(f"--resume: {lost}: put it back, or go on with a copy of {self.last.name} in its place")

    def _read_last(self):
        """(arrays, about) of last.npz; ({}, None) where there is none, and the run has come no further."""
        self.record = self.told()
        if not self.last.exists():
            if found := [path.name for path in (self.best, self.history) if path.exists()]:
                lost = f"{self.path} has {' and '.join(found)}, but no last.npz, from which the run would go on"
                ways = f"put it back, start again with --overwrite, or elsewhere with --init {self.best}"
                raise InputError(f"--resume: {lost}: {ways}")
            return {}, None
        arrays, about = load_arrays(self.last)
        if "progress" not in about:
            raise InputError(f"--resume: {self.last} holds no position in a run; start a new one with --init")
        self.seen = _said(about)
        return arrays, about

    def _look(self):
        """What the checkpoint says now."""
        return _said(load_about(self.last)) if self.last.exists() else None

    def _unwritable(self, error):
        return InputError(f"--out {self.path} cannot be written: {error.strerror}; name another folder")

    def write_history(self, rows: list[dict]) -> None:
        """Write history.csv, where it does not say so already: a line an epoch, columns by name."""
        if rows:
            text = io.StringIO()
            writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
            data = text.getvalue().encode()
            if not (self.history.is_file() and self.history.read_bytes() == data):
                write_whole(self.history, lambda file: file.write(data))


def _velocity_names(model):
    return [VELOCITY + name for name, parameter in model.named_parameters() if parameter.trainable]


def _said(about):
    """What tells one checkpoint from another."""
    return json.dumps([about.get(RUN), about.get("progress")], sort_keys=True)
