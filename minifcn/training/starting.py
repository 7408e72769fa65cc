"""What a training is made of: recipe, weights to start from, the run to go on with, and what the command line gives."""

import dataclasses
from argparse import Namespace
from os import PathLike
from typing import Any, TypeVar

from minifcn.errors import InputError, caution
from minifcn.models import BACKBONES
from minifcn.optim import check_sgd
from minifcn.training.recipes import RATES, SMALL, recipe
from minifcn.training.run_folder import RunFolder
from minifcn.training.settings import TOLD, Settings, typed, without_fc
from minifcn.weights.loading import load_weights

AnySettings = TypeVar("AnySettings", bound=Settings)
FEW = 100  # training images
NEWER = {*TOLD, "size", "epoch_steps"}  # settings that runs of 0.1.0 do not have
SKIP_NETS = ("fcn32s", "fcn16s", "fcn8s")  # on any backbone


def starting_settings(
    options: Namespace, kind: type[AnySettings], saved: dict[str, Any] | None = None
) -> tuple[AnySettings, dict[str, str]]:
    """(Settings of a kind, {setting: where it comes from}). Raises InputError for what does not go together.

    What is given holds over what the weights of --init bring along to an FCN, and that over the recipe.
    saved  the settings of the run to go on with, None: those of the run in its folder
    """
    given = {f.name: getattr(options, f.name) for f in dataclasses.fields(kind) if hasattr(options, f.name)}
    name, explain = (getattr(options, key, None) for key in ("recipe", "explain"))  # of `train` alone
    if options.out is None and (options.resume or not explain):
        raise InputError("--out is missing: name a folder for the run")
    if options.resume and options.overwrite:
        raise InputError("--resume and --overwrite exclude each other: go on with the run, or replace it")
    if options.resume and name:
        raise InputError("--resume goes on with the run's own settings: leave --recipe out")
    if options.resume:
        saved = RunFolder(options.out).saved_settings() if saved is None else saved
        settings = resumed_settings(options.out, saved, kind, given)
        sources = dict.fromkeys(vars(settings), "the run's own")
    else:
        published = recipe(name, given.get("model"), given.get("at_once", False)) if name else {}
        values = {key: value.value for key, value in published.items()}
        inherited = _inherited(values | given) if "init" in given and kind is Settings else {}
        check_backbone((values | given).get("model", kind.model), given, inherited.get("backbone"))
        settings = kind(**values | inherited | given)
        sources = {key: value.source for key, value in published.items()}
        sources |= dict.fromkeys(inherited, "of the weights of --init") | dict.fromkeys(given, "given")
    if name not in (None, SMALL) and "init" not in given:
        why = "the published training starts from pretrained weights, and its learning rate is for them"
        caution(f"--recipe {name} without --init: {why}")
    settings.check()
    check_sgd(settings.lr, settings.momentum, settings.weight_decay)
    return settings, sources


def small_by_itself(options: Namespace, images: int) -> bool:
    """Whether a training of so few images is to follow the recipe "small", though nobody asked for a recipe: where
    nothing is given that the recipe would set, and it is for the network.
    """
    own, model = recipe(SMALL), getattr(options, "model", None)
    asked = options.resume or options.recipe or any(hasattr(options, name) for name in own if name != "model")
    return images < FEW and not asked and (model is None or model in RATES[SMALL])


def check_backbone(model: str, given: dict[str, Any], inherited: str | None = None) -> None:
    """InputError for a setting given of which a network leaves no choice: an FCN, on the backbone that is given or
    else inherited, or a classifier.
    """
    if "backbone" in given and model not in SKIP_NETS:
        raise InputError(f"--backbone {given['backbone']}: {model} has its own: leave it out, or take fcn32s")
    if "fc_channels" in given and without_fc(model, given.get("backbone", inherited)):
        raise InputError(f"--fc-channels {given['fc_channels']}: GoogLeNet has neither fc6 nor fc7: leave it out")


def _inherited(given):
    """Settings of the network that the weights given with --init were trained with."""
    path, model = given["init"], given.get("model", Settings.model)
    _, about = load_weights(path)
    source, saved = about["model"], about["settings"]
    kind = "classifier" if source in list(BACKBONES) else "fcn"
    names = [field.name for field in dataclasses.fields(Settings) if kind in field.metadata["about"].inherited]
    inherited = {name: saved[name] for name in names if name in saved}  # the defaults are what held before a choice
    backbone = source if kind == "classifier" else inherited.get("backbone", "vgg16")
    if model not in SKIP_NETS and not str(backbone).startswith(model.removeprefix("fcn-")):
        raise InputError(f"--init {path} has {backbone}'s weights, --model {model} is another network: use fcn32s")
    if model not in ("fcn16s", "fcn8s"):
        inherited.pop("at_once", None)  # it scales the pools of skips
    return inherited | {"backbone": backbone}


def resumed_settings(
    out: str | PathLike, saved: dict[str, Any], kind: type[AnySettings], given: dict[str, Any]
) -> AnySettings:
    """The settings of the run in `out` that was saved with these; those given again must not differ, but the data may
    have moved, and the number of epochs may be another. Settings that are newer than the run have their defaults, which
    are what held before.
    """
    names = {field.name for field in dataclasses.fields(kind)}
    if others := (names ^ set(saved)) - NEWER:
        differ = f"its config.json and this command differ in {', '.join(sorted(others))}"
        raise InputError(f"--resume: {out} is a run of another command, or of another version: {differ}")
    try:
        before = kind(**saved)
        before.check()
        check_sgd(before.lr, before.momentum, before.weight_decay)
    except InputError as error:
        raise InputError(f"--resume: {RunFolder(out).tellers}: {error}") from error
    for name, value in given.items():
        old = getattr(before, name)
        if name not in ("root", "epochs") and value != old:
            own = "has none" if old is None else f"has {typed(name, old)}"
            raise InputError(
                f"--resume: {typed(name, value)} is given, the run {own}: leave it out, or start a new run"
            )
    return kind(**saved | given)
