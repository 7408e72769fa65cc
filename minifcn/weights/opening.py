"""Opening a file of weights, and one clear line for whatever is wrong with it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from minifcn.checks import check_path
from minifcn.errors import InputError


@contextmanager
def open_weights(path: str | Path) -> Iterator[BinaryIO]:
    """The file, open for reading bytes. Every error within becomes an InputError of one line that names it."""
    check_path(path, "weights")
    try:
        with open(path, "rb") as file:
            try:
                yield file
            except Exception as error:
                why = " ".join(str(error).split())[:400]
                if not isinstance(error, InputError):  # a damaged file raises whatever the damage leads to
                    what = "the file is damaged or cut short, a download that broke off say"
                    why = f"{what} ({why or type(error).__name__}); take another copy"
                raise InputError(f"weights {path}: {why}") from error
    except FileNotFoundError:
        raise InputError(f"weights {path}: there is no such file") from None
    except OSError as error:
        if Path(path).is_dir():
            raise InputError(f"weights {path}: it is a folder; name a file, as {Path(path) / 'best.npz'}") from None
        raise InputError(f"weights {path}: cannot be read: {error.strerror}") from error


def beginning(file: BinaryIO) -> bytes:
    """The first bytes of an open file, which is then at its start again."""
    file.seek(0)
    first = file.read(64)
    file.seek(0)
    return first
