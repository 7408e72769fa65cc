"""Opening a file of weights, and one clear line for whatever is wrong with it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from minifcn.errors import InputError


def open_weights(path: str | Path) -> BinaryIO:
    """The file, open for reading bytes. Raises InputError where it cannot be opened."""
    try:
        return open(path, "rb")
    except FileNotFoundError:
        raise InputError(f"weights {path}: there is no such file") from None
    except OSError as error:
        raise InputError(f"weights {path}: cannot be read: {error.strerror}") from error


@contextmanager
def reading(path: str | Path) -> Iterator[None]:
    """Every error within becomes an InputError of one line that names the file."""
    try:
        yield
    except InputError as error:
        raise InputError(f"weights {path}: {_line(error)}") from error
    except Exception as error:  # a damaged file raises whatever the damage leads to
        why = _line(error) or type(error).__name__
        raise InputError(f"weights {path}: the file is damaged or cut short ({why}); take another copy") from error


def _line(error):
    return " ".join(str(error).split())[:400]


def beginning(file: BinaryIO) -> bytes:
    """The first bytes of an open file, which is then at its start again."""
    file.seek(0)
    first = file.read(32)
    file.seek(0)
    return first
