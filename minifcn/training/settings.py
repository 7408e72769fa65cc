"""What a training is made of: a table that holds all there is to know of each setting.

The command line, its help, the checks, --explain, what weights of --init hand over and what a network's constructor
takes are all read from here: a new setting is one more field.
"""

import dataclasses
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from minifcn.data import DATA_SETS
from minifcn.errors import InputError
from minifcn.models import BACKBONES, MODELS
from minifcn.models.fcn import UPSAMPLING, UPSAMPLING_KERNELS
from minifcn.optim import SCHEDULES

GROUPS = DATA, NETWORK, OPTIMISATION, RUN = "data", "network", "optimisation", "run"
TRAIN, TRAININGS = ("train",), ("train", "pretrain")
SUMMARY, ALL, WITH_DATA = ("train", "summary"), (*TRAININGS, "summary"), (*TRAININGS, "evaluate")
FCNS, ANY = ("fcn",), ("classifier", "fcn")

Bound = tuple[Callable[[Any], bool], str]  # whether a value is within it, and what is expected
POSITIVE: Bound = (lambda n: n >= 1, "at least 1")
NOT_NEGATIVE: Bound = (lambda n: n >= 0, "0 or more")
PROBABILITY: Bound = (lambda p: 0 < p <= 1, "a probability above 0, 1 for every pixel")
SIDE: Bound = (lambda n: n >= 1, "at least 1 pixel each way")


def setting(
    default: Any,
    group: str,
    help: str,
    metavar: str | None = None,
    *,
    otherwise: str | None = None,
    choices: Iterable[str] | None = None,
    bound: Bound | None = None,
    parse: Callable[[str], Any] | None = None,
    commands: tuple[str, ...] = TRAININGS,
    inherited: tuple[str, ...] = (),
) -> Any:
    """A setting's default, and in its field's metadata what else is known of it.

    group      one of GROUPS, under which --help shows it; NETWORK: an argument of the network's constructor
    help       what it is, in a few words; metavar: what stands for its value beside them
    otherwise  what holds where it is None, in words
    choices    the values it may have, None for any of its type
    bound      that its values keep, where nobody else checks them: networks, data sets and SGD check their own
    parse      makes a value of what is typed, where its type alone does not
    commands   that have it as an option
    inherited  from whose weights --init takes it over: a "classifier"'s, an "fcn"'s
    """
    known = {
        "help": help,
        "metavar": metavar,
        "otherwise": otherwise,
        "choices": choices,
        "bound": bound,
        "parse": parse,
    }
    return dataclasses.field(
        default=default, metadata=known | {"group": group, "commands": commands, "inherited": inherited}
    )


def pixels_or_same(text: str) -> int | str:
    """ "100" -> 100; "same" stays."""
    if text != "same" and not text.isdecimal():
        raise ArgumentTypeError(f"{text!r} is neither a number of pixels, as 100, nor same")
    return text if text == "same" else int(text)


INIT = (
    "start from these weights, by name: a classifier's (minifcn pretrain, torchvision's .pth), or an FCN-32s' for "
    "FCN-16s, an FCN-16s' for FCN-8s"
)
BACKBONE = "the classifier that an fcn32s, 16s or 8s is built upon"
IMAGE_SIZE = "side of the images that the backbone classifies, which gives fc6 its kernel"
FREEZE = "layers that do not learn, as 'conv*' 'fc*'"
KERNELS = "one for each pair of classes, or for each class"


@dataclasses.dataclass
class Settings:
    """What a run is made of. The defaults train on a CPU; the paper's net is width 1, fc_channels 4096, padding 100."""

    command: ClassVar[str] = "train"

    data: str = setting(
        "scenes", DATA, "the data set (scenes are generated)", "NAME", choices=DATA_SETS, commands=WITH_DATA
    )
    root: str | None = setting(None, DATA, "the data set's folder", "DIR", commands=WITH_DATA)
    mirror: bool = setting(True, DATA, "show half of the images mirrored")
    crop: int | None = setting(None, DATA, "train on random crops of N x N pixels", "N")
    jitter: int = setting(0, DATA, "shift images by up to N pixels", "N")

    model: str = setting("fcn32s", NETWORK, "the network", "NAME", choices=MODELS)
    backbone: str | None = setting(
        None,
        NETWORK,
        BACKBONE,
        "NAME",
        otherwise="vgg16, or that of --init",
        choices=BACKBONES,
        commands=SUMMARY,
        inherited=FCNS,
    )
    width: float = setting(0.25, NETWORK, "scales the trunk's channels", "X", commands=ALL, inherited=ANY)
    fc_channels: int = setting(256, NETWORK, "channels of fc6 and fc7", "N", commands=ALL, inherited=ANY)
    image_size: int | None = setting(
        None, NETWORK, IMAGE_SIZE, "N", otherwise="the published one", commands=TRAIN, inherited=ANY
    )
    padding: int | str = setting(
        "same",
        NETWORK,
        "100: the paper's; same: economical",
        "100|same",
        parse=pixels_or_same,
        commands=SUMMARY,
        inherited=FCNS,
    )
    dropout: float = setting(0.1, NETWORK, "after fc6 and fc7", "P")
    upsampling: str = setting(
        "fixed",
        NETWORK,
        "bilinear for good, or to begin with",
        "KIND",
        choices=UPSAMPLING,
        commands=SUMMARY,
        inherited=FCNS,
    )
    upsampling_kernels: str = setting(
        "full", NETWORK, KERNELS, "KIND", choices=UPSAMPLING_KERNELS, commands=SUMMARY, inherited=FCNS
    )
    at_once: bool = setting(
        False, NETWORK, "scale the pools, to train all skips at once", commands=TRAIN, inherited=FCNS
    )

    init: str | None = setting(None, OPTIMISATION, INIT, "WEIGHTS")
    freeze: list | None = setting(None, OPTIMISATION, FREEZE, "PATTERN")  # noqa: RUF009, for None
    epochs: int = setting(30, OPTIMISATION, "passes over the training images", "N", bound=POSITIVE)
    batch_size: int = setting(8, OPTIMISATION, "images a batch", "N", bound=POSITIVE)
    accumulate: int = setting(1, OPTIMISATION, "batches whose mean gradient makes one step", "N", bound=POSITIVE)
    lr: float = setting(0.02, OPTIMISATION, "learning rate", "X")
    schedule: str = setting("polynomial", OPTIMISATION, "of the learning rate", "NAME", choices=SCHEDULES)
    momentum: float = setting(0.9, OPTIMISATION, "of SGD", "X")
    weight_decay: float = setting(5e-4, OPTIMISATION, "of SGD, not for biases", "X")
    loss: str = setting(
        "mean", OPTIMISATION, "over the pixels of a batch", "KIND", choices=("mean", "sum"), commands=TRAIN
    )
    sample: float = setting(
        1.0, OPTIMISATION, "count each pixel with this probability", "P", bound=PROBABILITY, commands=TRAIN
    )
    class_balance: bool = setting(False, OPTIMISATION, "let rare classes weigh more", commands=TRAIN)

    recompute: bool = setting(False, RUN, "compute maps twice to keep fewer in memory", commands=TRAIN)
    seed: int = setting(0, RUN, "of everything random", "N", bound=NOT_NEGATIVE)

    def check(self) -> None:
        """InputError for what is no setting at all: a config.json may hold anything."""
        for field in dataclasses.fields(self):
            value, kind = getattr(self, field.name), int | float if field.type is float else field.type
            choices, bound = field.metadata["choices"], field.metadata["bound"]
            if not isinstance(value, kind):
                raise InputError(f"{option(field.name)} is {value!r}; expected {getattr(kind, '__name__', kind)}")
            if choices and value is not None and value not in choices:
                raise InputError(f"{option(field.name)} {value!r} is none of {', '.join(choices)}")
            if bound and not bound[0](value):
                raise InputError(f"{option(field.name)} is {value}; expected {bound[1]}")

    def network(self) -> dict[str, Any]:
        """{name: value} for the constructor of the network `model`, which has a default of its own for what is None."""
        names = [field.name for field in settings_of(type(self)) if field.metadata["group"] == NETWORK]
        values = {name: getattr(self, name) for name in names if name != "model"}
        return {name: value for name, value in values.items() if value is not None}


def _again(name: str, default: Any, **changes: Any) -> Any:
    """A setting of `Settings` with another default, and what else differs."""
    metadata = Settings.__dataclass_fields__[name].metadata
    return dataclasses.field(default=default, metadata=dict(metadata) | changes)


@dataclasses.dataclass
class PretrainSettings(Settings):
    """What a pretraining is made of. Settings of whole-image scores only; `crop` is the classifier's image size."""

    command: ClassVar[str] = "pretrain"

    model: str = _again("model", "vgg16", choices=BACKBONES)
    crop: int = _again("crop", 96, help="side of the random crops, and of the classifier's images", bound=SIDE)
    lr: float = _again("lr", 0.006)
    auxiliary: bool = setting(False, NETWORK, "train GoogLeNet's auxiliary classifiers too", commands=("pretrain",))

    def check(self) -> None:
        super().check()
        if self.auxiliary and self.model != "googlenet":
            raise InputError(f"--auxiliary: {self.model} has no auxiliary classifiers, only googlenet has")

    def network(self) -> dict[str, Any]:
        values = super().network() | {"image_size": self.crop}
        del values["fc_channels" if without_fc(self.model) else "auxiliary"]
        return values


def settings_of(kind: type[Settings], command: str | None = None) -> list[dataclasses.Field]:
    """The settings that are options of a command: the one that `kind` is for, or another."""
    command = command or kind.command
    return [field for field in dataclasses.fields(kind) if command in field.metadata["commands"]]


def option(name: str) -> str:
    """A setting as the command line calls it."""
    return "--" + name.replace("_", "-")


def without_fc(model: str, backbone: str | None = None) -> bool:
    """Whether a network, on that backbone, has neither fc6 nor fc7, and so no fc_channels: GoogLeNet."""
    return "googlenet" in (model.removeprefix("fcn-"), backbone)
