"""What a run's folder says of its run: which one it is, and with which settings.

A record is {"id": one of each run's own, "settings": {...}, "own": how it took a folder of one's own (`Trainer.own`)
or None}. It stands in every checkpoint, with the weights that it is of, and in config.json, to be read.
"""

import json
from pathlib import Path
from typing import Any

from minifcn.backend.files import write_whole
from minifcn.errors import InputError
from minifcn.weights.about import FORMAT, check_format
from minifcn.weights.npz import load_about

OWN, RUN = "own", "run"  # names in config.json; the latter in last.npz, too
ID = "id"
CHANGEABLE = {"epochs", "root", "init"}  # settings that a resumed run may have otherwise; init moves with its folder


class Recorded:
    """The record of the run in the folder `path`. Raises InputError where it cannot be read.

    record  of the run that is begun or gone on with here
    """

    def __init__(self, path: Path):
        self.path, self.last, self.config = path, path / "last.npz", path / "config.json"
        self.record: dict[str, Any] = {}

    def told(self) -> dict[str, Any]:
        """The record of the run in this folder, for whoever goes on with it: that of its checkpoint.

        config.json may differ in what a resumed run may change (CHANGEABLE), and then holds. Of a run that has no
        checkpoint, or an older version's, it tells all.
        """
        kept, config = self.kept(), self._config()
        if not config and not kept:
            raise InputError(f"--resume: {self.path} holds no run (no config.json); leave --resume out to start one")
        if kept and (not config or config[ID] != kept[ID]):  # it is still that of the run before
            return kept
        if kept:
            ours, theirs = config["settings"], kept["settings"]
            for name in sorted((ours.keys() | theirs.keys()) - CHANGEABLE):
                if ours.get(name) != theirs.get(name):
                    differ = f"{self.config} says {name} {ours.get(name)!r}, {self.last} {theirs.get(name)!r}"
                    raise InputError(f"--resume: {differ}: put it back, or remove config.json")
        return config

    def kept(self) -> dict[str, Any] | None:
        """The record in last.npz; None where there is none."""
        run = load_about(self.last).get(RUN) if self.last.exists() else None
        return run if isinstance(run, dict) and run.keys() >= {ID, "settings", OWN} else None

    def run_id(self) -> str | None:
        """Which run the folder holds; None for none, and for one of an older version."""
        kept = self.kept()
        return kept[ID] if kept else self.config_id()

    def config_id(self) -> str | None:
        """Which run config.json is of."""
        return (self._config() or {}).get(ID)

    def saved_settings(self) -> dict:
        """The settings of the run in this folder."""
        return self.told()["settings"]

    def saved_own(self) -> dict | None:
        """How the run took a folder of one's own, None where it had none."""
        return self.told()[OWN]

    def write_settings(self, settings: dict, own: dict | None = None) -> None:
        """Write config.json, and from now on those settings into checkpoints; own: as a record has it."""
        self.record = self.record | {"settings": settings, OWN: own}
        named = {"format": FORMAT} | settings | ({OWN: own} if own else {}) | {RUN: self.record.get(ID)}
        text = json.dumps(named, indent=2) + "\n"
        write_whole(self.config, lambda file: file.write(text.encode()))

    def goes_on(self) -> str:
        """A way to go on with the run that is in the folder, in words: there may be none."""
        try:
            self.told()
            return "--resume to go on with it, "
        except InputError:
            return ""

    def _config(self):
        """The record in config.json; None where there is none."""
        if not self.config.is_file():
            return None
        instead = f"; {self.last} holds them, too: remove {self.config.name} to go on with it" * bool(self.kept())
        try:
            config = json.loads(self.config.read_text("utf-8"))
        except ValueError as error:
            raise InputError(f"--resume: {self.config} is no JSON ({error}){instead}") from error
        if not isinstance(config, dict):
            raise InputError(f"--resume: {self.config} holds no settings, but {config!r}{instead}")
        check_format(config.pop("format", FORMAT), f"--resume: {self.config}")
        own, run = config.pop(OWN, None), config.pop(RUN, None)
        return {ID: run, "settings": config, OWN: own}


def id_in(path: Path) -> str | None:
    """Which run's a file of weights is; None where nobody knows."""
    try:
        return load_about(path).get(RUN, {}).get(ID)
    except InputError:
        return None


def check_goes_on(saved: dict[str, Any], settings: Any) -> None:
    """InputError where `Settings` are not those that a run was saved with, but for the CHANGEABLE."""
    given = json.loads(json.dumps(vars(settings)))
    for name in sorted(saved.keys() & given.keys() - CHANGEABLE):
        if saved[name] != given[name]:
            differ = f"{name} {given[name]!r} differs from the run's {saved[name]!r}"
            raise InputError(f"--resume: {differ}: give the run's own, or start a new run")
