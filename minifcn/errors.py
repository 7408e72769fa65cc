"""The one exception that stands for bad input."""


class InputError(ValueError):
    """What was given, what was expected and what to do, in one line.

    The command line prints the message alone and exits with code 2; in Python it is a `ValueError`.
    """
