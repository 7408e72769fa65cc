"""What becomes of a case that others wrote: equal, wrong, or not expressible here, and why."""

import inspect
import re
from collections import Counter, defaultdict

import minifcn.layers
from minifcn.errors import InputError

# Arguments that not every layer knows, and the values that ask for what it does anyway.
WITHOUT = {
    "align_corners": (None, False),
    "antialias": (False,),
    "count_include_pad": (True,),
    "dilation": (1,),
    "divisor_override": (None,),
    "label_smoothing": (0.0,),
    "nesterov": (False,),
}

# Lines by which a layer may refuse what a case asks for, and what the table calls it. Any other refusal is wrong.
REFUSALS = {
    r"expected \(N, ": "other axes",
    r"this layer takes \(N, \d+\)": "other axes",
    r"do not fit scores": "other axes",
    r"padding is '(same|valid)'": "padding in words",
    r"is (\(\)|\(\d,\)); expected a whole number": "a setting of one number, or none, in a tuple",
    r"is more than half the kernel": "padding beyond half the kernel (PyTorch refuses it, too)",
    r"mode '[a-z-]+' is none of": "other interpolation",
    r"expected floats": "whole numbers",
    r"expected 0 <= p < 1": "dropout of everything",
    r"indices lie outside their windows": "indices from elsewhere than their windows",
    r"there is no pixel to take the mean over": "a mean over nothing (nan in PyTorch)",
    r"reaches over \d+ pixels": "a kernel larger than its input",
}


class Inexpressible(Exception):
    """No layer here can express the case; says why, in a few words."""


class Verdicts:
    """By operator: how many cases were equal, what was wrong with which, and why others cannot be expressed."""

    def __init__(self):
        self.equal, self.wrong, self.inexpressible = Counter(), defaultdict(list), defaultdict(Counter)

    def judge(self, operator, case, compare):
        """Count a case; `compare()` returns where all is equal, and raises otherwise."""
        try:
            compare()
        except Inexpressible as reason:
            self.inexpressible[operator][str(reason)] += 1
        except Exception as error:
            known = (words for line, words in REFUSALS.items() if re.search(line, str(error)))
            if isinstance(error, InputError) and (words := next(known, None)):
                self.inexpressible[operator][words] += 1
            else:
                self.wrong[operator].append(f"{case}: {type(error).__name__}: {str(error).strip()[:300]}")
        else:
            self.equal[operator] += 1

    def operators(self):
        """All that had a case, by name."""
        return sorted({*self.equal, *self.wrong, *self.inexpressible})

    def row(self, operator):
        """(cases, equal, wrong, not expressible) of an operator."""
        numbers = self.equal[operator], len(self.wrong[operator]), self.inexpressible[operator].total()
        return sum(numbers), *numbers


def layer(name):
    """The class of this name among the layers."""
    if not hasattr(minifcn.layers, name):
        raise Inexpressible(f"no {name}")
    return getattr(minifcn.layers, name)


def made(kind, *args, **settings):
    """kind(*args, **settings), without what its constructor does not know if it does just that anyway."""
    known = inspect.signature(kind).parameters
    one = kind(*args, **{name: value for name, value in settings.items() if name in known})
    for name, value in settings.items():
        if name not in known and value not in WITHOUT[name]:
            raise Inexpressible(f"no {name}")
    return one
