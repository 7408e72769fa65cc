"""Trainings by name, the published ones and one for few pictures, and what their numbers mean for one pixel.

The paper's: Long, Shelhamer, Darrell, CVPR 2015, section 4.3, and table 1 for the epochs. "heavy" is that of the
reference networks the authors released afterwards: one image a step with a high momentum, the loss a sum over its
pixels. "small" is no published one: it is for some dozens of pictures, from nothing, on a CPU (benchmarks/small.py).
"""

from typing import Any, NamedTuple

from minifcn.errors import InputError
from minifcn.training.settings import Settings

PIXELS = 500 * 375  # of most PASCAL VOC images
PAPER, REFERENCE = "CVPR 2015, section 4.3", "the authors' reference networks"
SMALL, MEASURED = "small", "measured (benchmarks/small.py)"


class Value(NamedTuple):
    """One setting of a recipe, and where it comes from."""

    value: Any
    source: str


def _of(source, **values):
    return {name: Value(value, source) for name, value in values.items()}


_FULL = (  # the paper's networks, as they are built
    _of("the published channels", width=1.0, fc_channels=4096)
    | _of("the published networks", padding=100, upsampling_kernels="full")
    | _of("the published networks: bilinear, learning rate times 0", upsampling="fixed")
    | _of(f"{PAPER}: kept where the classifier had it", dropout=0.5)
    | _of(f"{PAPER}: mirroring and jitter brought nothing to speak of", mirror=False)
    | _of(PAPER, schedule="fixed")
)
_PAPER = (
    _FULL
    | _of("images differ in size, so one at a time ...", batch_size=1)
    | _of(f"{PAPER}: ... and minibatches of 20 images", accumulate=20)
    | _of(PAPER, momentum=0.9)
    | _of(f"{PAPER}: 5e-4 or 2e-4", weight_decay=5e-4)
    | _of("over the pixels of an image", loss="mean")
    | _of("CVPR 2015, table 1: at least 175 epochs", epochs=175)
)
_HEAVY = (
    _FULL
    | _of(REFERENCE, batch_size=1, accumulate=1, momentum=0.99, weight_decay=5e-4, loss="sum")
    | _of(f"{REFERENCE}: 100,000 steps over 8498 images", epochs=12)
)
_ALEXNET = (  # where the authors' AlexNet differs
    _HEAVY
    | _of(f"{REFERENCE}: AlexNet's", accumulate=20, momentum=0.9, loss="mean")
    | _of(f"{REFERENCE}: 100,000 steps of 20 of 8498 images", epochs=236)
)
_SMALL = (  # in all else the defaults: a narrow network, bilinear upsampling, mirrored images
    _of(f"{MEASURED}: many steps, of one image each", batch_size=1, epoch_steps=100)
    | _of("2000 steps or some more: minutes on two cores", epochs=20)
    | _of(f"{MEASURED}: finds rare classes, and these soon", class_balance=True)
)
RATES = {  # learning rate of each of a recipe's networks, the one it is for first
    "fcn-vgg16-2015": {"fcn32s": 1e-4, "fcn-vgg16": 1e-4, "fcn16s": 1e-6, "fcn8s": 1e-8},
    "fcn-alexnet-2015": {"fcn-alexnet": 1e-3},
    "fcn-googlenet-2015": {"fcn-googlenet": 5e-5},
    "heavy": {"fcn32s": 1e-10, "fcn-vgg16": 1e-10, "fcn16s": 1e-12, "fcn8s": 1e-14, "fcn-alexnet": 1e-4},
    SMALL: {"fcn8s": 0.01, "fcn16s": 0.01, "fcn32s": 0.01},
}
RECIPES = tuple(RATES)


def recipe(name: str, model: str | None = None, at_once: bool = False) -> dict[str, Value]:
    """{setting: Value} of a recipe, for one of its networks.

    model    None: the first network that the recipe is for
    at_once  "heavy" for FCN-8s: all skips at once, at FCN-32s' learning rate
    Raises InputError for another name, and for a network that the recipe is not for.
    """
    if name not in RECIPES:
        raise InputError(f"--recipe {name!r} is none of {', '.join(RECIPES)}")
    rates = RATES[name]
    model = model or next(iter(rates))
    if model not in rates:
        raise InputError(f"--recipe {name} is for {', '.join(rates)}; --model {model} was given")
    if name == SMALL:
        values, lr = _SMALL, _of(f"{MEASURED}: at 0.02 only the commonest class is found for long", lr=rates[model])
    elif name == "heavy":
        values, at_once = _ALEXNET if model == "fcn-alexnet" else _HEAVY, at_once and model == "fcn8s"
        lr = _of(f"{REFERENCE}: at-once", lr=rates["fcn32s"]) if at_once else _of(REFERENCE, lr=rates[model])
    else:
        skip = model in ("fcn16s", "fcn8s")
        lr = _of("CVPR 2015, section 4.2: 100 times lower for a skip" if skip else PAPER, lr=rates[model])
        values = _PAPER
    if model == "fcn-googlenet":
        values = values | _of("the published classifier's", dropout=0.4)
        del values["fc_channels"]
    return _of("the recipe's", model=model) | lr | values


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
