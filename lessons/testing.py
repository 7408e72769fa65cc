"""Exercises against their checks: not begun, right, or wrong and why."""

import importlib.util
import traceback
from typing import NamedTuple

from lessons.hints import Wrong
from lessons.lesson import in_clone
from minifcn.errors import InputError


class Verdict(NamedTuple):
    """Of an exercise: "right", "not begun", or "wrong" with a hint."""

    name: str
    state: str
    hint: str = ""


def verdicts(lesson, answers):
    """[Verdict] of the functions in the file `answers`, in the checks' order.

    Raises InputError where the file does not even run.
    """
    checks = checks_of(lesson)
    try:
        given = load(answers)
    except Exception as error:
        why = _in_words(error, answers)
        raise InputError(f"{in_clone(answers)} does not run: {why}") from error
    return [
        verdict(name, check, getattr(given, name, None), answers)
        for name, check in checks.items()
    ]


def verdict(name, check, answer, path):
    """The Verdict of a check on one function, from the file `path`."""
    if answer is None:
        hint = f"there is no function {name} in {in_clone(path)}"
        return Verdict(name, "wrong", hint)
    calls = []

    def recorded(*arguments):
        calls.append(arguments)
        return answer(*arguments)

    try:
        check(recorded)
    except NotImplementedError:
        return Verdict(name, "not begun")
    except Wrong as error:
        return Verdict(name, "wrong", str(error))
    except Exception as error:
        words = _in_words(error, path)
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


def _in_words(error, path):
    """An unexpected exception, and the last line of the file that led to it."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f.lineno for f in frames if f.filename == str(path)]
    if isinstance(error, SyntaxError) and error.filename == str(path):
        lines = [error.lineno]
    where = f" in line {lines[-1]}" if lines else ""
    return f"{type(error).__name__}{where}: {error}"
