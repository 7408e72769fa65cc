"""The published trainings by name, and what their numbers mean for one pixel.

The paper's: Long, Shelhamer, Darrell, CVPR 2015, section 4.3, and table 1 for the epochs. "heavy" is that of the
reference networks the authors released afterwards: one image a step with a high momentum, the loss a sum over its
pixels.
"""

from typing import Any, NamedTuple

from minifcn.errors import InputError
from minifcn.training.settings import Settings

PIXELS = 500 * 375  # of most PASCAL VOC images
PAPER, REFERENCE = "CVPR 2015, section 4.3", "the authors' reference networks"


class Value(NamedTuple):
    """One setting of a recipe, and where it comes from."""

    value: Any
    source: str


_FULL = {  # the paper's networks, as they are built
    "width": Value(1.0, "the published channels"),
    "fc_channels": Value(4096, "the published channels"),
    "padding": Value(100, "the published networks"),
    "dropout": Value(0.5, f"{PAPER}: kept where the classifier had it"),
    "upsampling": Value("fixed", "the published networks: bilinear, learning rate times 0"),
    "upsampling_kernels": Value("full", "the published networks"),
    "schedule": Value("fixed", PAPER),
    "mirror": Value(False, f"{PAPER}: mirroring and jitter brought nothing to speak of"),
}
_PAPER = _FULL | {
    "batch_size": Value(1, "images differ in size, so one at a time ..."),
    "accumulate": Value(20, f"{PAPER}: ... and minibatches of 20 images"),
    "momentum": Value(0.9, PAPER),
    "weight_decay": Value(5e-4, f"{PAPER}: 5e-4 or 2e-4"),
    "loss": Value("mean", "over the pixels of an image"),
    "epochs": Value(175, "CVPR 2015, table 1: at least 175 epochs"),
}
_HEAVY = _FULL | {
    "batch_size": Value(1, REFERENCE),
    "accumulate": Value(1, REFERENCE),
    "momentum": Value(0.99, REFERENCE),
    "weight_decay": Value(5e-4, REFERENCE),
    "loss": Value("sum", REFERENCE),
    "epochs": Value(12, f"{REFERENCE}: 100,000 steps over 8498 images"),
}
_ALEXNET = {  # where the authors' AlexNet differs
    "accumulate": Value(20, f"{REFERENCE}: AlexNet's"),
    "momentum": Value(0.9, f"{REFERENCE}: AlexNet's"),
    "loss": Value("mean", f"{REFERENCE}: AlexNet's"),
    "epochs": Value(236, f"{REFERENCE}: 100,000 steps of 20 of 8498 images"),
}
_RATES = {  # learning rate of each of a recipe's networks, the one it is for first
    "fcn-vgg16-2015": {"fcn32s": 1e-4, "fcn-vgg16": 1e-4, "fcn16s": 1e-6, "fcn8s": 1e-8},
    "fcn-alexnet-2015": {"fcn-alexnet": 1e-3},
    "fcn-googlenet-2015": {"fcn-googlenet": 5e-5},
    "heavy": {"fcn32s": 1e-10, "fcn-vgg16": 1e-10, "fcn16s": 1e-12, "fcn8s": 1e-14, "fcn-alexnet": 1e-4},
}
RECIPES = tuple(_RATES)


def recipe(name: str, model: str | None = None, at_once: bool = False) -> dict[str, Value]:
    """{setting: Value} of a recipe, for one of its networks.

    name     one of RECIPES
    model    None: the first network that the recipe is for
    at_once  "heavy" for FCN-8s: all skips at once, at FCN-32s' learning rate

    Raises InputError for another name, and for a network that the recipe is not for.
    """
    if name not in RECIPES:
        raise InputError(f"--recipe {name!r} is none of {', '.join(RECIPES)}")
    rates = _RATES[name]
    model = model or next(iter(rates))
    if model not in rates:
        raise InputError(f"--recipe {name} is for {', '.join(rates)}; --model {model} was given")
    values, rate = (_HEAVY, Value(rates[model], REFERENCE)) if name == "heavy" else (_PAPER, Value(rates[model], PAPER))
    if name == "heavy" and model == "fcn-alexnet":
        values = values | _ALEXNET
    if name == "heavy" and model == "fcn8s" and at_once:
        rate = Value(rates["fcn32s"], f"{REFERENCE}: at-once")
    if name != "heavy" and model in ("fcn16s", "fcn8s"):
        rate = Value(rates[model], "CVPR 2015, section 4.2: 100 times lower for a skip")
    if model == "fcn-googlenet":
        values = {key: value for key, value in values.items() if key != "fc_channels"}
        values |= {"dropout": Value(0.4, "the published classifier's")}
    return {"model": Value(model, "the recipe's"), "lr": rate, **values}


def per_pixel(settings: Settings) -> tuple[float, float, float]:
    """What a learning rate comes to for a pixel of an image of 500x375 -> (share, mean_rate, in_the_long_run).

    share            the learning rate times the pixel's share of a step's loss, if it counts there
    mean_rate        the learning rate that does the same with a loss that is a mean over pixels
    in_the_long_run  mean_rate / (1 - momentum): how far a gradient that stays the same moves a weight by each step
    """
    counted = PIXELS * settings.batch_size * settings.sample  # pixels of a batch
    mean_rate = settings.lr * (counted if settings.loss == "sum" else 1)
    share = mean_rate / (counted * settings.accumulate)
    return share, mean_rate, mean_rate / (1 - settings.momentum)
