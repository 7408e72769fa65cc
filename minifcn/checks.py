"""What a setting may be, and what an array is. Each check raises InputError, in one line, for anything else.

`name` is what an error calls the value: "lr", or "Conv2d: groups".
"""

import operator
import os
from collections.abc import Callable, Iterable
from numbers import Real
from typing import Any

import numpy as np

from minifcn.errors import InputError, TooLarge

Pair = tuple[int, int]  # (rows, columns)
MOST = (1 << 31) - 1  # of a setting that counts something, such as pixels
ROOM = 1 << 40  # numbers in one array: there is no memory for more, and NumPy says it in three ways, by how many more
_LONGEST = 60  # characters of a value that an error repeats


def shown(value: Any) -> str:
    """A value as an error repeats it: in Python's words where they are few, else what it is."""
    text = repr(value)
    return text if len(text) <= _LONGEST and "\n" not in text else f"a {type(value).__name__}"


def whole(value: Any, name: str, least: int = 0, most: int | None = MOST) -> int:
    """The value as an int. Raises InputError where it is no whole number, or not in `least` .. `most`."""
    return _whole(value, (value,), name, least, most, "a whole number")[0]


def pair(value: Any, name: str = "value", least: int = 0) -> Pair:
    """An int, or two, as (rows, columns). Raises InputError where one is no whole number or below `least`."""
    both = value if isinstance(value, (tuple, list)) and len(value) == 2 else (value, value)
    return _whole(value, both, name, least, MOST, "a whole number or a pair of them")


def _whole(given, values, name, least, most, expected):
    try:
        numbers = tuple(operator.index(value) for value in values)
    except TypeError:
        numbers = ()
    if not numbers or any(isinstance(value, bool) for value in values):
        raise InputError(f"{name} is {shown(given)}; expected {expected}")
    if min(numbers) < least:
        raise InputError(f"{name} is {shown(given)}; expected at least {least}")
    if most is not None and max(numbers) > most:
        raise InputError(f"{name} is {shown(given)}; expected at most {most}")
    return numbers


def number(value: Any, name: str, fits: Callable[[Any], bool], expected: str) -> Any:
    """The value, a real number that `fits`; what is `expected` stands in the error. NaN should fit nothing."""
    if not isinstance(value, Real) or isinstance(value, bool) or not fits(value):
        raise InputError(f"{name} is {shown(value)}{expected}")
    return value


def flag(value: Any, name: str) -> bool:
    """The value as a bool; text, which would count as True whatever it says, is none."""
    if isinstance(value, (bool, np.bool_)) or (isinstance(value, int) and value in (0, 1)):
        return bool(value)
    raise InputError(f"{name} is {shown(value)}, expected True or False")


def one_of(value: Any, name: str, names: Iterable[str]) -> str:
    """The value, one of these texts; the error begins with `name`, as in "device"."""
    if not isinstance(value, str) or value not in names:
        raise InputError(f"{name} {shown(value)} is none of {', '.join(names)}")
    return value


def instance(value: Any, name: str, kind: type | tuple[type, ...], expected: str) -> Any:
    """The value, of this kind; `expected` says it in words, as in "a Layer"."""
    if not isinstance(value, kind):
        raise InputError(f"{name} is {shown(value)}, expected {expected}")
    return value


def function(value: Any, name: str, expected: str) -> Any:
    """The value, something to be called; `expected` says what, as in "a function of an image"."""
    if not callable(value):
        raise InputError(f"{name} is {shown(value)}, expected {expected}")
    return value


def check_seed(value: Any, name: str) -> Any:
    """The value, a seed as NumPy takes one: None, or whole numbers from 0 on."""
    for one in value if isinstance(value, (tuple, list)) else () if value is None else (value,):
        try:
            fits = operator.index(one) >= 0
        except TypeError:
            fits = False
        if not fits:
            raise InputError(f"{name} is {shown(value)}, expected a whole number, 0 or more")
    return value


def check_path(value: Any, name: str) -> None:
    """InputError unless it names a file: a number would be a file that the process has open, and be closed."""
    if not isinstance(value, (str, os.PathLike)):
        raise InputError(f"{name} is {shown(value)}, expected the path of a file")


def generator(value: Any, name: str) -> Any:
    """The value, a NumPy Generator or None."""
    if value is not None:
        instance(value, name, np.random.Generator, "a Generator, as numpy.random.default_rng(0) gives it, or None")
    return value


def float_dtype(value: Any, name: str) -> np.dtype:
    """The dtype of floats that this names."""
    try:
        dtype = None if value is None else np.dtype(value)
    except Exception:  # of many kinds, by what was given
        dtype = None
    if dtype is None or dtype.kind != "f":
        raise InputError(f"{name} is {shown(value)}, expected one of floats, such as 'float32'")
    return dtype


def is_array(value: Any) -> bool:
    """Whether it is an array such as NumPy's and CuPy's: PyTorch's tensors, lists and numbers are none."""
    return hasattr(value, "shape") and hasattr(getattr(value, "dtype", None), "kind")


def check_array(name: str, array: Any, kinds: str = "iuf", expected: str = "an array") -> None:
    """InputError unless it is an array, of real numbers; kinds "f" takes floats alone, "iu" integers.

    expected  says in an error which one, as in "an array (N, C, H, W)"
    """
    if not is_array(array):
        advice = ": use tensor.detach().numpy()" if type(array).__module__ == "torch" else ""
        raise InputError(f"{name} is a {type(array).__name__}, expected {expected}{advice}")
    if array.dtype.kind not in kinds:
        wanted = {"f": "floats: use astype('float32')", "iu": "integers"}.get(kinds, "real numbers")
        raise InputError(f"{name} is {array.dtype}, expected {wanted}")


def check_fits(name: str, shape: Iterable[int]) -> None:
    """TooLarge for an array with more than ROOM numbers; its sides are Python's ints, which do not overflow."""
    count = 1
    for side in shape:
        count *= side
    if count > ROOM:
        raise TooLarge(f"{name} would have the shape {shown(tuple(shape))}, more numbers than any memory holds")
