"""The one exception that stands for bad input, and the one warning."""

import warnings


class InputError(ValueError):
    """What was given, what was expected and what to do, in one line.

    The command line prints the message alone and exits with code 2; in Python it is a `ValueError`.
    """


class Caution(UserWarning):
    """Something that is allowed and is seldom meant. The command line prints one line and goes on."""


def caution(message: str) -> None:
    """Warn of it, once a place, through Python's `warnings`."""
    warnings.warn(message, Caution, stacklevel=3)
