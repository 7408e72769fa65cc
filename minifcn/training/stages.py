"""The paper's way to FCN-8s: FCN-32s first, FCN-16s from its weights, FCN-8s from those (section 4.2).

A run in stages is a folder for the last network, and in it one for each before: RUN/fcn32s, RUN/fcn16s, RUN. All are
runs like any other, and all get their config.json as the first one begins: what is still to do stands there.
"""

import dataclasses
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

from minifcn.errors import InputError
from minifcn.training.run_folder import RunFolder
from minifcn.training.settings import Settings

FEWER = 1 / 3  # epochs of a net that starts from one that segments: the paper's took three days, then one and one


class Stage(NamedTuple):
    """One network of a training in several."""

    name: str  # and that of its folder
    init: str  # the name of the network whose best weights it starts from
    share: float  # of the epochs
    settings: dict[str, Any]  # its own


STAGES = (
    Stage("fcn32s", "", 1, {"model": "fcn32s"}),
    Stage("fcn16s", "fcn32s", FEWER, {"model": "fcn16s"}),
    Stage("fcn8s", "fcn16s", FEWER, {"model": "fcn8s"}),
)
NAMES = [stage.name for stage in STAGES]


def share_of(epochs: int, share: float) -> int:
    """A stage's epochs, at least one."""
    return max(1, round(share * epochs))


class Staged:
    """A run in stages in the folder `out`, up to the network `model`: `stages`, and the RunFolder of each.

    Raises InputError where `model` is no network to be trained in stages.
    """

    def __init__(self, out: str | PathLike, model: str):
        if model not in NAMES[1:]:
            raise InputError(f"--stages is for --model {' and '.join(NAMES[1:])}; --model is {model}")
        self.stages = STAGES[: NAMES.index(model) + 1]
        paths = [*(Path(out) / stage.name for stage in self.stages[:-1]), Path(out)]
        self.folders = [RunFolder(path) for path in paths]

    def settings(self, first: Settings, rates: Mapping[str, float]) -> list[Settings]:
        """Those of each stage, from the first one's; `rates` are the learning rates of networks that have their own."""
        every = [first]
        for stage, before in zip(self.stages[1:], self.folders):
            lr, epochs = rates.get(stage.name, first.lr), share_of(first.epochs, stage.share)
            every.append(dataclasses.replace(first, **stage.settings, init=str(before.best), epochs=epochs, lr=lr))
        return every

    @property
    def under_way(self) -> int:
        """The number of the stage to go on with: the last one that saved anything."""
        return max((number for number, folder in enumerate(self.folders) if folder.last.exists()), default=0)


class FirstFolder(RunFolder):
    """The first stage's folder: as its run begins, those of the others are made as well."""

    def __init__(self, staged: Staged, settings: list[Settings]):
        super().__init__(staged.folders[0].path)
        self.later = list(zip(staged.folders, settings))[1:]

    def check(self, overwrite: bool) -> None:
        for folder, _ in reversed(self.later):
            folder.check(overwrite)
        super().check(overwrite)

    def start(self, settings: dict, own: dict | None = None) -> None:
        super().start(settings, own)
        for folder, later in self.later:
            folder.start(dataclasses.asdict(later), own)

    def give_up(self) -> None:
        for folder, _ in reversed(self.later):  # wherever this is cut off, old and new stages are never one run
            folder.config.unlink(missing_ok=True)
        super().give_up()


def staged_run(out: str | PathLike) -> Staged | None:
    """The stages of the run in `out`, None where it has none."""
    whole = RunFolder(out)
    if not whole.config.is_file():
        return None
    settings = whole.saved_settings()
    model, init = settings.get("model"), settings.get("init")
    if model not in NAMES[1:] or not isinstance(init, str):
        return None
    staged = Staged(out, model)
    before = staged.folders[-2].best
    if Path(init).parts[-2:] != before.parts[-2:] or not all(folder.config.is_file() for folder in staged.folders):
        return None
    return staged
