"""What a run is made of."""

import dataclasses
from fnmatch import fnmatchcase

from minifcn.errors import InputError

LOSSES = ("mean", "sum")
# Settings that the network's constructor takes.
NETWORK = (
    *("width", "fc_channels", "padding", "dropout", "upsampling", "upsampling_kernels", "backbone", "at_once"),
    "image_size",
)


@dataclasses.dataclass
class Settings:
    """What a run is made of. The defaults train on a CPU; the paper's net is width 1, fc_channels 4096, padding 100."""

    model: str = "fcn32s"
    data: str = "scenes"
    root: str | None = None
    init: str | None = None  # weights to start from, by name: a classifier's, or a coarser net's for its skips
    freeze: list | None = None  # patterns of names of layers or parameters that do not learn
    epochs: int = 30
    batch_size: int = 8
    accumulate: int = 1  # batches whose gradients are averaged for one step
    lr: float = 0.02
    schedule: str = "polynomial"
    momentum: float = 0.9
    weight_decay: float = 5e-4
    loss: str = "mean"  # over the pixels of a batch; or their "sum", as in the authors' later nets
    sample: float = 1.0  # the probability with which a pixel counts in the loss
    class_balance: bool = False  # rare classes weigh more in the loss
    backbone: str | None = None  # the model's own: VGG16, but for fcn-alexnet and fcn-googlenet
    at_once: bool = False
    width: float = 0.25
    fc_channels: int = 256
    image_size: int | None = None  # that the backbone was a classifier of: the published one
    padding: int | str = "same"
    dropout: float = 0.1
    upsampling: str = "fixed"
    upsampling_kernels: str = "full"
    mirror: bool = True
    crop: int | None = None
    jitter: int = 0
    recompute: bool = False  # less memory for more time: of the network's maps keep only every pool's
    seed: int = 0

    def check(self, models):
        """InputError for what is no setting at all; `models` are the names that "model" can be."""
        for field in dataclasses.fields(self):  # a config.json may hold anything
            value, kind = getattr(self, field.name), int | float if field.type is float else field.type
            if not isinstance(value, kind):
                raise InputError(f"{option(field.name)} is {value!r}; expected {getattr(kind, '__name__', kind)}")
        for name in ("epochs", "batch_size", "accumulate"):
            if getattr(self, name) < 1:
                raise InputError(f"{option(name)} is {getattr(self, name)}; expected at least 1")
        if self.seed < 0:
            raise InputError(f"--seed is {self.seed}; expected 0 or more")
        if not 0 < self.sample <= 1:
            raise InputError(f"--sample is {self.sample}; expected a probability above 0, 1 for every pixel")
        for name, value, known in (("model", self.model, models), ("loss", self.loss, LOSSES)):
            if value not in known:
                raise InputError(f"--{name} {value!r} is none of {', '.join(known)}")


def option(name):
    """A setting as the command line calls it."""
    return "--" + name.replace("_", "-")


def freeze(model, patterns):
    """Let no parameter learn whose name, or whose layer's, fits one of the patterns ("conv*", "fc6", "*.bias").

    Raises InputError for a pattern that fits none, and where nothing is left to learn.
    """
    parameters = model.named_parameters()
    layers = list(dict.fromkeys(_layer(name) for name, _ in parameters))
    for pattern in patterns or ():
        fitting = [p for name, p in parameters if fnmatchcase(name, pattern) or fnmatchcase(_layer(name), pattern)]
        if not fitting:
            raise InputError(f"--freeze {pattern!r} fits no layer: they are {', '.join(layers)}")
        for parameter in fitting:
            parameter.trainable = False
    if patterns and not any(parameter.trainable for parameter in model.parameters()):
        raise InputError(f"--freeze {' '.join(patterns)}: nothing is left to learn")


def _layer(name):
    return name.rpartition(".")[0]
