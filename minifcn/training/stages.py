"""The paper's way to FCN-8s: FCN-32s first, FCN-16s from its weights, FCN-8s from those (section 4.2).

A run in stages is a folder for the last network, and in it one for each before: RUN/fcn32s, RUN/fcn16s, RUN. All are
runs like any other, and all get their config.json as the first one begins: what is still to do stands there.
"""

import contextlib
import dataclasses
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

from minifcn.errors import InputError
from minifcn.text import brief
from minifcn.training.record import ID, OWN
from minifcn.training.run_folder import RunFolder
from minifcn.training.settings import Settings

LATER, INSTEAD = "later", "instead"  # names in the first stage's checkpoint
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

    def saved_settings(self) -> list[dict]:
        """Those of each stage of the run that is there."""
        if plan := _cut_off(self.folders[0]):
            return [self.folders[0].saved_settings(), *plan[LATER]]
        return [folder.saved_settings() for folder in self.folders]

    def tidy(self) -> None:
        """As of a RunFolder, for all of them: those of stages that are done are not taken any more."""
        for folder in self.folders:
            if folder.path.is_dir():
                with folder.lock:
                    folder.tidy()

    @property
    def under_way(self) -> int:
        """The number of the stage to go on with: the last one that saved anything."""
        run = self.folders[0].run_id()
        there = (folder.last.exists() and folder.run_id() == run for folder in self.folders)
        return max((number for number, saved in enumerate(there) if saved), default=0)


class FirstFolder(RunFolder):
    """The first stage's folder: as its run begins, those of the others are made as well.

    Its checkpoints say what they become: `LATER`, the settings of each, and `INSTEAD`, the run that is replaced. So the
    first of them decides for all folders at once.
    """

    def __init__(self, staged: Staged, settings: list[Settings]):
        super().__init__(staged.folders[0].path)
        self.later = list(zip(staged.folders, settings))[1:]

    def check(self, overwrite: bool) -> None:
        for folder, _ in reversed(self.later):
            folder.check(overwrite)
        super().check(overwrite)

    def start(self, settings: dict, own: dict | None = None) -> None:
        super().start(settings, own)
        instead = None
        with contextlib.suppress(InputError):  # a damaged one can be replaced
            instead = self.later[-1][0].run_id()
        self.record |= {LATER: [dataclasses.asdict(later) for _, later in self.later], INSTEAD: instead}

    def clear(self) -> None:
        for folder, settings in self.later:
            folder.record = {ID: self.record[ID]}
            folder.path.mkdir(parents=True, exist_ok=True)
            folder.last.unlink(missing_ok=True)
            folder.clear()
            folder.write_settings(dataclasses.asdict(settings), self.record[OWN])
        super().clear()


def staged_run(out: str | PathLike) -> Staged | None:
    """The stages of the run in `out`, None where it has none."""
    whole, first = RunFolder(out), RunFolder(Path(out) / NAMES[0])
    if (plan := _cut_off(first)) and whole.run_id() in (plan[ID], plan[INSTEAD]):
        return Staged(out, plan[LATER][-1]["model"])
    if not whole.config.is_file():
        return None
    settings = whole.saved_settings()
    model, init = settings.get("model"), settings.get("init")
    if model not in NAMES[1:] or not isinstance(init, str):
        return None
    staged = Staged(out, model)
    before = staged.folders[-2].best
    alike = {folder.run_id() for folder in staged.folders} == {whole.run_id()}
    if Path(init).parts[-2:] != before.parts[-2:] or not alike:
        return None
    return staged


def _cut_off(first):
    """What the checkpoint in the first stage's folder says of the others, where they are not yet made so; else None."""
    plan = first.kept()
    if not plan or LATER not in plan or first.config_id() == plan[ID]:
        return None
    models = [later.get("model") for later in plan[LATER]]
    if models != NAMES[1 : len(models) + 1] or INSTEAD not in plan:
        what = f"its run is followed by {brief(models)}, expected {' and '.join(NAMES[1:])}"
        raise InputError(f"--resume: {first.last}: {what}: it is damaged")
    return plan
