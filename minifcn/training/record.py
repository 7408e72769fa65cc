"""What a run's folder says of its run: which one it is, and with which settings.

A record is {"id": one of each run's own, "settings": {...}, "own": how it took a folder of one's own (`Trainer.own`)
or None}. It stands in every checkpoint, with the weights that it is of, and in config.json, to be read.
"""

import json
from pathlib import Path
from typing import Any

from minifcn.backend.files import write_whole
from minifcn.errors import InputError
from minifcn.text import brief, short
from minifcn.weights.about import FORMAT, check_format, check_told, own_folder
from minifcn.weights.about import settings as some_settings
from minifcn.weights.npz import load_about
from minifcn.weights.schema import LONGEST, optional, parse, text

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
                    said = f"{self.config} says {short(name)} {brief(ours.get(name))}"
                    differ = f"{said}, {self.last} {brief(theirs.get(name))}"
                    raise InputError(f"--resume: {differ}: put it back, or remove config.json")
        return config

    def kept(self) -> dict[str, Any] | None:
        """The record in last.npz; None where there is none."""
        run = load_about(self.last).get(RUN, {}) if self.last.exists() else {}
        return run if "settings" in run else None

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
        lines = json.dumps(named, indent=2) + "\n"
        write_whole(self.config, lambda file: file.write(lines.encode()))

    @property
    def tellers(self) -> str:
        """The files that say what the settings are."""
        return " and ".join(str(path) for path in (self.last, self.config) if path.exists()) or str(self.path)

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
        with open(self.config, "rb") as file:
            content = file.read(LONGEST + 1)
        try:
            config = parse(content)
            some_settings(config, "")
            check_format(config.pop("format", FORMAT))
            own, run = config.pop(OWN, None), config.pop(RUN, None)
            optional(text)(run, RUN)
            if own is not None:
                own_folder(own, OWN)
                check_told(own["told"], f"{OWN}.told")
        except InputError as error:
            raise InputError(f"--resume: {self.config}: {error}{instead}") from error
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
            differ = f"{name} {brief(given[name])} differs from the run's {brief(saved[name])}"
            raise InputError(f"--resume: {differ}: give the run's own, or start a new run")
