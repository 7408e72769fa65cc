"""The one exception that stands for bad input, and the one warning."""

import warnings

from minifcn.text import one_line

_BEGIN, _END = 1500, 400  # letters of a message that are shown: a file may give names of any length


class InputError(ValueError):
    """What was given, what was expected and what to do, in one line, whatever names and texts of files are in it.

    The command line prints the message alone and exits with code 2; in Python it is a `ValueError`.
    """

    def __init__(self, message: str):
        super().__init__(_of_a_line(message))


class TooLarge(InputError, MemoryError):
    """An array that fits no memory: bad input in Python; a command names those of its options that ask for it."""


class Caution(UserWarning):
    """Something that is allowed and is seldom meant. The command line prints one line and goes on.

    kind  what it has in common with those of other files, of which the command line tells the first alone; or ""
    """

    def __init__(self, message: str, kind: str = ""):
        super().__init__(_of_a_line(message))
        self.kind = kind


def caution(message: str, kind: str = "") -> None:
    """Warn of it, once a place, through Python's `warnings`; kind: as `Caution` has it."""
    warnings.warn(Caution(message, kind), stacklevel=3)


def _of_a_line(message: str) -> str:
    line = one_line(message)
    return line if len(line) <= _BEGIN + _END else f"{line[:_BEGIN]} ... {line[-_END:]}"
