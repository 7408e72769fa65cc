"""What goes wrong in a training: said in one line when it shows, once a run, with advice that fits its settings."""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from minifcn.data import VOID
from minifcn.errors import caution
from minifcn.metrics import ConfusionMatrix
from minifcn.optim import decays_too_much
from minifcn.training.recipes import RATES, SMALL
from minifcn.training.settings import Settings, settings_of, typed

ALIKE = 3  # epochs with one and the same class everywhere, until it is said
FEW_STEPS = 1000  # a network from random weights seldom tells its classes apart before
RISES = 3  # of the training loss, epoch by epoch, until it is said; and by this share:
RISEN = 0.1
NO_BETTER = 5  # epochs without a better network, until it is called overfitting; and the validation loss has grown so:
GROWN = 1.5
FAR = 3  # times the usual learning rate, or a part of it: neither is seldom the reason
NAMED = 5  # classes in one line


class Cautions:
    """Looks on at one run.

    title            the network's name
    settings         the run's
    classes          the names of the classes
    steps_per_epoch  of the optimizer
    pixels           of a batch
    """

    def __init__(self, title: str, settings: Settings, classes: Sequence[str], steps_per_epoch: int, pixels: int):
        self.title, self.settings, self.classes = title, settings, classes
        self.steps_per_epoch, self.pixels = steps_per_epoch, pixels
        self.alike = 0  # epochs in a row with one class everywhere
        self.said: set[str] = set()

    def look(self, confusion: ConfusionMatrix, history: Sequence[Mapping[str, Any]], best_figure: str) -> None:
        """An epoch is validated: `confusion`, the run's history up to it, and the column that tells the best epoch."""
        last = len(history) == self.settings.epochs
        self._one_class(confusion, last)
        if last:
            self._never_found(confusion)
        self._rising([row["loss"] for row in history])
        self._overfitting(history, best_figure)

    def _say(self, what, line):
        if what not in self.said:
            self.said.add(what)
            caution(f"{self.title}: {line}")

    def _one_class(self, confusion, last):
        only = only_class(confusion)
        self.alike = 0 if only is None else self.alike + 1
        if only is None or not (last or self.alike >= ALIKE):
            return
        ways = self._longer() + self._other_lr()
        if self.settings.init is None:
            ways.append("start from pretrained weights (--init)")
        elif self.settings.freeze:
            ways.append("let more layers learn (--freeze)")
        if _shares(confusion)[only] > 0.5:
            ways += self._balance()
        when = f", {self.alike} epochs in a row" if self.alike > 1 else ""
        what = f"only {self.classes[only]!r} is predicted{when}: the network has learned nothing yet"
        self._say("one class", f"{what}; {_either(ways or ['train longer'])}")

    def _never_found(self, confusion):
        shares = _shares(confusion)
        never = [number for number in np.flatnonzero(shares) if not confusion.counts[number, number]]
        if not never or (only_class(confusion) is not None and self.alike <= ALIKE):  # that was said just now
            return
        named = ", ".join(f"{self.classes[number]!r} ({100 * shares[number]:.2g} %)" for number in never[:NAMED])
        more = f" and {len(never) - NAMED} more" if len(never) > NAMED else ""
        it = "it" if len(never) == 1 else "them"
        ways = self._balance() + self._longer() + [f"more images of {it}"]
        self._say("never found", f"never found, though the truth has {it}: {named}{more}; {_either(ways)}")

    def _rising(self, losses):
        rising = losses[-RISES - 1 :]
        rises = len(rising) > RISES and all(a < b for a, b in itertools.pairwise(rising))
        if rises and rising[-1] > (1 + RISEN) * min(losses):
            what = f"the training loss has risen for {RISES} epochs, from {rising[0]:.3g} to {rising[-1]:.3g}"
            self._say("rising", f"{what}; {lower_lr(self.settings, self.pixels)}")

    def _overfitting(self, history, best_figure):
        losses, figures = ([row[name] for row in history] for name in ("val_loss", best_figure))
        lowest, best = int(np.argmin(losses)), int(np.argmax(figures))
        since = len(history) - 1 - max(lowest, best)
        worse = losses[-1] > GROWN * losses[lowest] and history[-1]["loss"] < history[lowest]["loss"]
        if since < NO_BETTER or not worse:
            return
        unused = {"mirror": "--mirror", "jitter": "--jitter", "crop": "--crop"}
        ways = ["more images"] + [option for name, option in unused.items() if not getattr(self.settings, name)]
        fit = f"since epoch {lowest + 1} the validation loss has grown from {losses[lowest]:.3g} to {losses[-1]:.3g}"
        kept = f"best.npz keeps the weights of epoch {best + 1}"
        self._say("overfitting", f"{fit} while that of training falls: overfitting; {kept}; {_either(ways)} may help")

    def _longer(self):
        steps = self.settings.epochs * self.steps_per_epoch
        enough = math.ceil(FEW_STEPS / self.steps_per_epoch)
        has_small = self.settings.model in RATES[SMALL] and self.settings.command == "train"
        small = f"--recipe {SMALL} or " * has_small
        return [f"train longer ({steps} steps in all are few: {small}--epochs {enough})"] if steps < FEW_STEPS else []

    def _other_lr(self):
        usual, lr = usual_lr(self.settings, self.pixels), self.settings.lr
        if lr > FAR * usual:
            return [lower_lr(self.settings, self.pixels)]
        if lr < usual / FAR and self.settings.init is None:  # fine-tuning may be that slow
            return [f"a higher --lr ({usual:.2g} is usual)"]
        return []

    def _balance(self):
        offered = "class_balance" in [field.name for field in settings_of(type(self.settings))]
        return ["let rare classes weigh more (--class-balance)"] if offered and not self.settings.class_balance else []


def only_class(confusion: ConfusionMatrix) -> int | None:
    """The class of all predictions, where the truth has several; else None."""
    actual, predicted = (confusion.counts.any(axis=axis) for axis in (1, 0))
    return int(predicted.argmax()) if actual.sum() > 1 and predicted.sum() == 1 else None


def usual_lr(settings: Settings, pixels: int) -> float:
    """The default learning rate, brought to these settings: a sum over the `pixels` of a batch, and a high momentum."""
    long_run = min(1.0, (1 - settings.momentum) / (1 - type(settings).momentum))
    return type(settings).lr * long_run / (pixels if settings.loss == "sum" else 1)


def nothing_counts(settings: Settings, name: str) -> str:
    """Why no pixel of a whole epoch counted: what leaves pixels out is to blame, where something was asked to."""
    given = {"sample": settings.sample != 1, "jitter": settings.jitter, "crop": settings.crop}
    left_out = [typed(key, getattr(settings, key)) for key, asked in given.items() if asked]
    if left_out:
        beyond = f"with {' '.join(left_out)} no labelled pixel of {name} was seen in an epoch"
        ways = {"sample": "a larger --sample", "jitter": "a smaller --jitter", "crop": "a larger --crop"}
        return f"{beyond}: there is nothing to learn; give {_either([way for key, way in ways.items() if given[key]])}"
    return f"all labels of {name} are void ({VOID}): there is nothing to learn; check the labels"


def less_of(settings: Settings, pixels: int) -> str:
    """Advice after a training that diverged, in words: less weight decay where that alone does it, or a lower --lr."""
    if decays_too_much(settings.lr, settings.momentum, settings.weight_decay):
        return f"a lower --weight-decay, {type(settings).weight_decay:g} is the default"
    return lower_lr(settings, pixels)


def lower_lr(settings: Settings, pixels: int) -> str:
    """Advice, in words: a tenth of the learning rate, or the usual one where even that is lower."""
    usual = usual_lr(settings, pixels)
    if settings.lr / 10 < usual:
        return f"a lower --lr, {settings.lr / 10:.2g} say"
    brought = [f"a sum over {pixels:,} pixels"] if settings.loss == "sum" else []
    brought += [f"momentum {settings.momentum:g}"] if settings.momentum > type(settings).momentum else []
    default = f"the default {type(settings).lr:g} brought to {' and '.join(brought)}" if brought else "the default"
    return f"a lower --lr: {usual:.2g}, {default}"


def _shares(confusion):
    """Each class's share of the counted pixels in the truth."""
    return confusion.counts.sum(axis=1) / max(1, confusion.counts.sum())


def _either(ways):
    """ "this, that, or another"."""
    return " or ".join([", ".join(ways[:-1]), ways[-1]] if ways[1:] else ways)
