"""Exercises against their checks: not begun, right, or wrong and why."""

import importlib.util
import re
import traceback
from typing import NamedTuple

from lessons.hints import EMPTY, Wrong
from lessons.lesson import in_clone
from lessons.limit import Endless, within_limit
from minifcn.errors import InputError


class Verdict(NamedTuple):
    """Of an exercise: "right", "not begun", or "wrong" with a hint."""

    name: str
    state: str
    hint: str = ""

    def __str__(self):
        """A line: "transposed: wrong for stride 2; yours 1, expected 0"."""
        if self.hint.startswith(f"{self.state} "):
            return f"{self.name}: {self.hint}"
        return ": ".join(part for part in self if part)


def verdicts(lesson, answers):
    """[Verdict] of the functions in the file `answers`, in the checks' order.

    Raises InputError where the file does not even run.
    """
    try:
        given = vars(within_limit(lambda: load(answers)))
    except (Exception, SystemExit) as error:
        why = _in_words(error, str(answers))
        raise InputError(f"{in_clone(answers)} does not run: {why}") from error
    return [
        verdict(name, check, given.get(name), answers)
        for name, check in checks_of(lesson).items()
    ]


def verdicts_of_cells(lesson, names):
    """[Verdict] of the functions among {name: value}, a notebook's."""
    return [
        verdict(name, check, names.get(name))
        for name, check in checks_of(lesson).items()
    ]


def verdict(name, check, answer, path=None):
    """The Verdict of a check on one function.

    path   the file it comes from; None: a notebook's cell
    """
    if answer is None:
        where = f" in {in_clone(path)}" if path else ": run its cell first"
        return Verdict(name, "wrong", f"there is no function {name}{where}")
    code = getattr(answer, "__code__", None)
    file = str(path or (code and code.co_filename))
    calls = []

    def recorded(*arguments):
        calls.append(arguments)
        return answer(*arguments)

    try:
        within_limit(lambda: check(recorded))
    except NotImplementedError:
        return Verdict(name, "not begun")
    except Wrong as error:
        return Verdict(name, "wrong", str(error))
    except (Exception, SystemExit) as error:
        words = _in_words(error, file)
        given = "".join(
            f"; it was given {_listed(last)}" for last in calls[-1:]
        )
        return Verdict(name, "wrong", words + given)
    return Verdict(name, "right")


def checks_of(lesson):
    """{exercise's name: its check}, in the order of the file in checks/."""
    module = load(lesson.beside("checks"))

    def is_check(name, value):
        own = getattr(value, "__module__", None) == module.__name__
        return own and not name.startswith("_")

    return {n: value for n, value in vars(module).items() if is_check(n, value)}


def load(path):
    """The module of a file, such as 07_transposed.py, that `import` cannot."""
    name = f"{path.parent.name}_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _listed(arguments):
    """What a function was called with, in a line: arrays by their shapes."""
    return ", ".join(_described(value) for value in arguments) or "nothing"


def _described(value):
    if getattr(value, "shape", ()):
        return f"array {value.shape}"
    text = repr(value)
    return text if len(text) <= 40 else f"a {type(value).__name__}"


def _in_words(error, file):
    """An unexpected exception, and the last line of the file that led to it."""
    if isinstance(error, Endless):
        lines = [line for name, line in error.frames if name == file]
        where = f"; it was in line {lines[-1]}" if lines else ""
        return f"{error}{where}, perhaps in a loop without an end"
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f.lineno for f in frames if f.filename == file]
    if isinstance(error, SyntaxError) and error.filename == file:
        lines = [error.lineno]
    where = f" in line {lines[-1]}" if lines else ""
    if isinstance(error, SystemExit):
        return f"it ends Python{where}: return the result, without exit()"
    words = f"{type(error).__name__}{where}: {error}".removesuffix(": ")
    # An array without rows or columns, as NumPy writes its shape.
    no_pixels = isinstance(error, ValueError) and re.search(
        r"\((?:\d+,)*0[,)]", str(error)
    )
    return f"{words}; {EMPTY}" if no_pixels else words
