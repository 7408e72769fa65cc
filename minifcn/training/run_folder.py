"""A run's folder: what a training leaves behind, and what it needs to go on.

config.json   the settings, as given, the number of this format, and how one's own pictures were taken
last.npz      weights, velocities, position in the run and history: everything that a resumed run starts from
best.npz      the weights with the best mean IU on the validation images
history.csv   a line an epoch
*.png         pictures
tensorboard/  the same curves and pictures for TensorBoard, where they were asked for
"""

import csv
import dataclasses
import io
import json
from collections.abc import Callable
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
from minifcn.weights.about import FORMAT, check_format, check_told, names, told
from minifcn.weights.npz import VELOCITY, load_arrays, save_arrays
from minifcn.weights.schema import LONGEST, anything, parse, table

OWN = "own"  # its name in config.json
own_folder = table({"told": told, "splits": table({"train": names, "val": names})})  # what that entry must be
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


class RunFolder:
    """The folder of one run. Raises InputError where it cannot be used as asked."""

    def __init__(self, path: str | PathLike):
        self.path = Path(path)
        self.last, self.best = self.path / "last.npz", self.path / "best.npz"
        self.config, self.history = self.path / "config.json", self.path / "history.csv"

    def check(self, overwrite: bool) -> None:
        """Raise InputError where a new run cannot have this folder: another run is there, and no `overwrite`."""
        check_folder(self.path)
        if not overwrite and (self.last.exists() or self.config.exists()):
            goes_on = "--resume to go on with it, " * self.config.exists()  # not after a kill while it was replaced
            ways = f"give {goes_on}--overwrite to replace it, or another folder"
            raise InputError(f"--out {self.path} holds another run: {ways}")

    def start(self, settings: dict, own: dict | None = None) -> None:
        """Make the folder, or take it from the run that is in it, for a new run with `settings` (a dict).

        own  kept with them: how the run took a folder of one's own (`Trainer.own`)
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            remove_unfinished(self.config)
            self.write_settings(settings, own, self.give_up)
            board = (self.path / BOARD).glob("events.out.tfevents.*")
            pictures = (self.path / name for name in (*PICTURES, SIDE_BY_SIDE))
            for old in (self.best, self.history, *pictures, *board):
                old.unlink(missing_ok=True)
        except OSError as error:
            raise InputError(f"--out {self.path} cannot be written: {error.strerror}; name another folder") from error

    def give_up(self) -> None:
        """Nobody goes on with the run that is in the folder from here on."""
        self.last.unlink(missing_ok=True)

    def write_settings(self, settings: dict, own: dict | None = None, ready: Callable[[], Any] = lambda: None) -> None:
        """Write config.json, as `start` does; `ready` is called just before it replaces what is there."""
        text = json.dumps({"format": FORMAT} | settings | ({OWN: own} if own else {}), indent=2) + "\n"
        write_whole(self.config, lambda file: file.write(text.encode()), ready)

    def check_run(self) -> None:
        """Raise InputError where there is no run in this folder to go on with."""
        if not self.config.is_file():
            raise InputError(f"--resume: {self.path} holds no run (no config.json); leave --resume out to start one")

    def saved_settings(self) -> dict:
        """The settings of the run in this folder."""
        settings = self._config()
        settings.pop(OWN, None)
        return settings

    def saved_own(self) -> dict | None:
        """How the run took a folder of one's own, None where it had none."""
        return self._config().get(OWN)

    def _config(self):
        self.check_run()
        with open(self.config, "rb") as file:
            content = file.read(LONGEST + 1)
        try:
            config = parse(content)
            table({}, others=anything)(config, "")
            check_format(config.pop("format", FORMAT))
            if config.get(OWN) is not None:
                own_folder(config[OWN], OWN)
                check_told(config[OWN]["told"], f"{OWN}.told")
        except InputError as error:
            raise InputError(f"--resume: {self.config}: {error}") from error
        return config

    def save(self, model: Layer, optimizer: SGD, about: dict, progress: Progress) -> None:
        """Write last.npz, whole or not at all."""
        velocities = zip(_velocity_names(model), map(to_host, optimizer.state_dict()["velocity"]), strict=True)
        arrays = model.state_dict() | dict(velocities)
        save_arrays(self.last, arrays, about | {"progress": dataclasses.asdict(progress)})

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

    def _read_last(self):
        """(arrays, about) of last.npz; ({}, None) where there is none."""
        for path in (self.last, self.best, self.config, self.history, *map(self.path.joinpath, PICTURES)):
            remove_unfinished(path)
        if not self.last.exists():
            return {}, None
        arrays, about = load_arrays(self.last)
        if "progress" not in about:
            raise InputError(f"--resume: {self.last} holds no position in a run; start a new one with --init")
        return arrays, about

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
