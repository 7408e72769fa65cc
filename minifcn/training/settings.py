"""What a training is made of: a table that holds all there is to know of each setting.

The command line, its help, the checks, --explain, what weights of --init hand over and what a network's constructor
takes are all read from here: a new setting is one more field.
"""

import dataclasses
import re
import shlex
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, ClassVar, NamedTuple

from minifcn.data import DATA_SETS
from minifcn.data.reading.splitting import VAL_SHARE
from minifcn.data.resizing import size_text
from minifcn.errors import InputError
from minifcn.models import BACKBONES, MODELS
from minifcn.models.fcn import UPSAMPLING, UPSAMPLING_KERNELS
from minifcn.optim import SCHEDULES
from minifcn.text import brief

TOLD = ("classes", "values", "void", "val_share", "split_seed")  # of one's own pictures: `minifcn.data.Options`
GROUPS = ("data", "network", "optimisation", "run")
TRAIN, TRAININGS, FCNS = ("train",), ("train", "pretrain"), ("train", "summary")
Bound = tuple[Callable[[Any], bool], str]  # whether a value keeps it, and what is expected
MOST = 1_000_000  # pixels, channels, images: NumPy does not say of every larger number that memory is not enough
SHOWN_MOST = 10 * MOST  # images that an epoch shows only to have its steps: their order is drawn before the first
FARTHEST = 10**18  # what whole numbers stay below
SIZE: Bound = (lambda n: not isinstance(n, int) or n <= MOST, f"at most {MOST}")
COUNT: Bound = (lambda n: 1 <= n <= MOST, f"1 to {MOST}")
WIDTH: Bound = (lambda x: x <= 1000, "at most 1000, 1 for the published channels")


class About(NamedTuple):
    """What is known of a setting besides its type and its default."""

    help: str  # what it is, in a few words
    metavar: str | None = None  # what stands for its value beside them
    group: str = ""  # of GROUPS, under which --help shows it; "network": those that the network's constructor takes
    otherwise: str | None = None  # what holds where it is None, in words
    choices: Iterable[str] | None = None  # the values it may have, None for any of its type
    bound: Bound | None = None  # kept by its values, where neither networks, data sets nor SGD check them
    parse: Callable[[str], Any] | None = None  # makes a value of what is typed, where its type alone does not
    commands: tuple[str, ...] = TRAININGS  # that have it as an option
    inherited: tuple[str, ...] = ()  # from whose weights --init takes it over: a "classifier"'s, an "fcn"'s


def setting(default: Any, *known: Any, **more: Any) -> Any:
    """A setting: its default and, in its field's metadata, `About` it."""
    return dataclasses.field(default=default, metadata={"about": About(*known, **more)})


def pixels_or_same(text: str) -> int | str:
    """ "100" -> 100; "same" stays."""
    if text != "same" and not re.fullmatch(r"\d{1,18}", text, re.ASCII):
        raise ArgumentTypeError(f"{text!r} is neither a number of pixels, as 100, nor same")
    return text if text == "same" else int(text)


in_data, in_network, in_optimisation, in_run = (partial(setting, group=group) for group in GROUPS)
source = partial(in_data, commands=(*TRAININGS, "evaluate", "data"))
trunk = partial(in_network, commands=(*TRAININGS, "summary"), inherited=("classifier", "fcn"))
of_fcn = partial(in_network, commands=FCNS, inherited=("fcn",))
EPOCH_STEPS = "steps an epoch has at least: few images are shown several times in it"
INIT = (
    "start from these weights, by name: a classifier's (minifcn pretrain, torchvision's .pth), or an FCN-32s' for "
    "FCN-16s, an FCN-16s' for FCN-8s"
)
BACKBONE, PUBLISHED = "the classifier that an fcn32s, 16s or 8s is built upon", "the published one"
IMAGE_SIZE = "side of the images that the backbone classifies, which gives fc6 its kernel"
PADDING, KERNELS = "100: the paper's; same: economical", "one for each pair of classes, or for each class"
CLASSES, VALUES = "names of the classes, in the order of their numbers", "the number of each class in masks"
SIZES = "bring images to N pixels on their longer side, or to WxH"
SAMPLE: Bound = (lambda p: 0 < p <= 1, "a probability above 0, 1 for every pixel")


@dataclasses.dataclass
class Settings:
    """What a run is made of. The defaults train on a CPU; the paper's net is width 1, fc_channels 4096, padding 100."""

    command: ClassVar[str] = "train"

    data: str = source("scenes", "the data set (scenes are generated)", "NAME", choices=DATA_SETS)
    root: str | None = source(None, "the data set's folder", "DIR")
    classes: list | None = source(None, CLASSES, "NAME", otherwise="those of classes.txt, or by number")  # noqa: RUF009
    values: list | None = source(None, VALUES, "N", otherwise="0 1 2 ...", parse=int)  # noqa: RUF009
    void: int | None = source(None, "a number in masks that counts nowhere", "N", otherwise="255")
    val_share: float | None = source(None, "part of one's own pictures that validate", "P", otherwise=f"{VAL_SHARE}")
    split_seed: int | None = source(None, "decides which they are", "N", otherwise="0")
    size: str | None = source(
        None, SIZES, "N|WxH", otherwise="as they are, or as weights were trained", parse=size_text
    )
    mirror: bool = in_data(True, "show half of the images mirrored")
    crop: int | None = in_data(None, "train on random crops of N x N pixels", "N", bound=SIZE)
    jitter: int = in_data(0, "shift images by up to N pixels", "N", bound=SIZE)

    model: str = in_network("fcn32s", "the network", "NAME", choices=MODELS)
    backbone: str | None = of_fcn(None, BACKBONE, "NAME", choices=BACKBONES, otherwise="vgg16, or that of --init")
    width: float = trunk(0.25, "scales the trunk's channels", "X", bound=WIDTH)
    fc_channels: int = trunk(256, "channels of fc6 and fc7", "N", bound=SIZE)
    image_size: int | None = trunk(None, IMAGE_SIZE, "N", otherwise=PUBLISHED, bound=SIZE, commands=TRAIN)
    padding: int | str = of_fcn("same", PADDING, "100|same", bound=SIZE, parse=pixels_or_same)
    dropout: float = in_network(0.1, "after fc6 and fc7", "P")
    upsampling: str = of_fcn("fixed", "bilinear for good, or to begin with", "KIND", choices=UPSAMPLING)
    upsampling_kernels: str = of_fcn("full", KERNELS, "KIND", choices=UPSAMPLING_KERNELS)
    at_once: bool = of_fcn(False, "scale the pools, to train all skips at once", commands=TRAIN)

    init: str | None = in_optimisation(None, INIT, "WEIGHTS")
    freeze: list | None = in_optimisation(None, "layers that do not learn, as 'conv*' 'fc*'", "PATTERN")  # noqa: RUF009
    epochs: int = in_optimisation(30, "passes over the training images", "N", bound=COUNT)
    epoch_steps: int = in_optimisation(1, EPOCH_STEPS, "N", bound=COUNT)
    batch_size: int = in_optimisation(8, "images a batch", "N", bound=COUNT)
    accumulate: int = in_optimisation(1, "batches whose mean gradient makes one step", "N", bound=COUNT)
    lr: float = in_optimisation(0.02, "learning rate", "X", bound=(lambda lr: lr != 0, "above 0"))
    schedule: str = in_optimisation("polynomial", "of the learning rate", "NAME", choices=SCHEDULES)
    momentum: float = in_optimisation(0.9, "of SGD", "X")
    weight_decay: float = in_optimisation(5e-4, "of SGD, not for biases", "X")
    loss: str = in_optimisation("mean", "over the pixels of a batch", "KIND", choices=("mean", "sum"), commands=TRAIN)
    sample: float = in_optimisation(1.0, "count each pixel with this probability", "P", bound=SAMPLE, commands=TRAIN)
    class_balance: bool = in_optimisation(False, "let rare classes weigh more", commands=TRAIN)

    recompute: bool = in_run(False, "compute maps twice to keep fewer in memory", commands=TRAIN)
    seed: int = in_run(0, "of everything random", "N", bound=(lambda n: n >= 0, "0 or more"))

    def check(self) -> None:
        """InputError for what is no setting at all: a config.json may hold anything."""
        for field in dataclasses.fields(self):
            value: Any = getattr(self, field.name)
            kind: Any = int | float if field.type is float else field.type
            choices, bound = field.metadata["about"].choices, field.metadata["about"].bound
            if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
                raise InputError(f"{option(field.name)} is {brief(value)}; expected {getattr(kind, '__name__', kind)}")
            if choices and value is not None and value not in choices:
                raise InputError(f"{option(field.name)} {brief(value)} is none of {', '.join(choices)}")
            if bound and not bound[0](value):
                raise InputError(f"{option(field.name)} is {brief(value)}; expected {bound[1]}")
            each = int if field.name == "values" else str  # of a list
            if isinstance(value, list) and (odd := [item for item in value if type(item) is not each]):
                raise InputError(f"{option(field.name)} has {brief(odd[0])} in it; expected {each.__name__}")
            if isinstance(value, int) and abs(value) >= FARTHEST:
                raise InputError(f"{option(field.name)} is {brief(value)}; expected a number of 18 digits at most")
        if (self.epoch_steps - 1) * self.batch_size * self.accumulate > SHOWN_MOST:
            step = f"--batch-size {self.batch_size} x --accumulate {self.accumulate} images"
            most = f"expected at most {SHOWN_MOST} images an epoch"
            raise InputError(f"--epoch-steps {self.epoch_steps}, of {step}: {most}")

    def of_data(self) -> dict[str, Any]:
        """{name: value} of what is told of one's own pictures."""
        return {name: getattr(self, name) for name in TOLD if getattr(self, name) is not None}

    def network(self) -> dict[str, Any]:
        """{name: value} for the constructor of the network `model`, which has a default of its own for what is None."""
        names = [field.name for field in settings_of(type(self)) if field.metadata["about"].group == "network"]
        return {name: getattr(self, name) for name in names if name != "model" and getattr(self, name) is not None}


def _again(name: str, default: Any, **changes: Any) -> Any:
    """A setting of `Settings` with another default, and what else differs."""
    about = Settings.__dataclass_fields__[name].metadata["about"]
    return dataclasses.field(default=default, metadata={"about": about._replace(**changes)})


@dataclasses.dataclass
class PretrainSettings(Settings):
    """What a pretraining is made of. Settings of whole-image scores only; `crop` is the classifier's image size."""

    command: ClassVar[str] = "pretrain"

    model: str = _again("model", "vgg16", choices=BACKBONES)
    crop: int = _again("crop", 96, help="side of the random crops, and of the classifier's images", bound=COUNT)
    lr: float = _again("lr", 0.006)
    auxiliary: bool = in_network(False, "train GoogLeNet's auxiliary classifiers too", commands=("pretrain",))

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
    return [field for field in dataclasses.fields(kind) if command in field.metadata["about"].commands]


def option(name: str) -> str:
    """A setting as the command line calls it."""
    return "--" + name.replace("_", "-")


def typed(name: str, value: Any) -> str:
    """A setting with its value as somebody types it: "--crop 320", "--no-mirror"."""
    if isinstance(value, bool):
        return option(name) if value else option(f"no_{name}")
    values = value if isinstance(value, list) else [value]
    return " ".join([option(name), *(shlex.quote(shown(one)) for one in values)])


def shown(value: Any) -> str:
    """A setting's value in words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return (
        " ".join(map(str, value))
        if isinstance(value, list)
        else f"{value:g}"
        if isinstance(value, float)
        else str(value)
    )


def without_fc(model: str, backbone: str | None = None) -> bool:
    """Whether a network, on that backbone, has neither fc6 nor fc7, and so no fc_channels: GoogLeNet."""
    return "googlenet" in (model.removeprefix("fcn-"), backbone)
