"""A run's folder: what a training leaves behind, and what it needs to go on.

config.json   the settings, as given
last.npz      weights, velocities, position in the run and history: everything that a resumed run starts from
best.npz      the weights with the best mean IU on the validation images
history.csv   a line an epoch
*.png         pictures
"""

import csv
import dataclasses
import json
from pathlib import Path

from minifcn.backend import to_host
from minifcn.errors import InputError
from minifcn.weights import load_arrays, save_arrays

VELOCITY = "velocity/"


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

    def __init__(self, path):
        self.path = Path(path)
        self.last, self.best = self.path / "last.npz", self.path / "best.npz"
        self.config, self.history = self.path / "config.json", self.path / "history.csv"

    def start(self, settings, overwrite):
        """Make the folder for a new run with `settings` (a dict). Never touches another run unless `overwrite`."""
        if self.path.exists() and not self.path.is_dir():
            raise InputError(f"--out {self.path} is a file; name a folder")
        if not overwrite and (self.last.exists() or self.config.exists()):
            raise InputError(
                f"--out {self.path} holds another run: give --resume to go on with it, --overwrite to replace it, "
                "or another folder"
            )
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            for old in (self.last, self.best, self.history):
                old.unlink(missing_ok=True)
            self.config.write_text(json.dumps(settings, indent=2) + "\n")
        except OSError as error:
            raise InputError(f"--out {self.path} cannot be written: {error.strerror}; name another folder") from error

    def saved_settings(self):
        """The settings of the run in this folder."""
        if not self.config.is_file():
            raise InputError(
                f"--resume: {self.path} holds no run (no {self.config.name}); leave --resume out to start one"
            )
        try:
            return json.loads(self.config.read_text())
        except ValueError as error:
            raise InputError(f"--resume: {self.config} is no JSON ({error})") from error

    def save(self, model, optimizer, about, progress):
        """Write last.npz, whole or not at all."""
        names = [name for name, parameter in model.named_parameters() if parameter.trainable]
        velocity = optimizer.state_dict()["velocity"]
        arrays = {VELOCITY + name: to_host(v) for name, v in zip(names, velocity, strict=True)}
        save_arrays(self.last, model.state_dict() | arrays, about | {"progress": dataclasses.asdict(progress)})

    def restore(self, model, optimizer):
        """Put last.npz back into model and optimizer -> (Progress, what the file says of the weights).

        (a fresh Progress, None) where the run never came to save anything.
        """
        if not self.last.exists():
            return Progress(), None
        arrays, about = load_arrays(self.last)
        if "progress" not in about:
            raise InputError(f"--resume: {self.last} holds no position in a run; start a new one with --init")
        velocity = {name: arrays.pop(name) for name in list(arrays) if name.startswith(VELOCITY)}
        model.load_state_dict(arrays)
        names = [VELOCITY + name for name, parameter in model.named_parameters() if parameter.trainable]
        optimizer.load_state_dict({"velocity": [velocity[name] for name in names]})
        return Progress(**about["progress"]), about

    def write_history(self, rows):
        """Write history.csv: a line an epoch, columns by name."""
        if rows:
            with open(self.history, "w", newline="") as file:
                writer = csv.DictWriter(file, fieldnames=list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
