"""Opening a file of weights, and one clear line for whatever is wrong with it."""

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from minifcn.checks import check_path
from minifcn.errors import InputError
from minifcn.text import one_line

_LONGEST = 400  # letters of what is told


@contextmanager
def open_weights(path: str | Path) -> Iterator[BinaryIO]:
    """The file, open for reading bytes. Every error within becomes an InputError of one line that names it."""
    check_path(path, "weights")
    try:
        _check_file(Path(path))
        with open(path, "rb") as file:
            try:
                yield file
            except Exception as error:
                raise InputError(f"weights {path}: {_why(error)[:_LONGEST]}") from error
    except FileNotFoundError:
        raise InputError(f"weights {path}: there is no such file") from None
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        why = getattr(error, "strerror", None) or error  # ValueError: a null character in the path
        raise InputError(f"weights {path}: cannot be read: {why}") from error


def beginning(file: BinaryIO) -> bytes:
    """The first bytes of an open file, which is then at its start again."""
    file.seek(0)
    first = file.read(64)
    file.seek(0)
    return first


def _check_file(path):
    """InputError for what can be opened and is no file: reading a pipe might wait for good."""
    kind = path.stat().st_mode
    if stat.S_ISDIR(kind):
        what = "expected a file" if path.suffix else f"name a file, as {path / 'best.npz'}"  # none is called last.npz
        raise InputError(f"weights {path}: it is a folder; {what}")
    if not stat.S_ISREG(kind):
        raise InputError(f"weights {path}: it is a pipe or a device; name a file")


def _why(error):
    """What is wrong with a file, in words; a damaged one raises whatever the damage leads to."""
    if isinstance(error, InputError):
        return str(error)
    if isinstance(error, MemoryError):
        return "it asks for more memory than there is: it is damaged, or too large for this machine"
    said = one_line(" ".join(str(error)[:_LONGEST].split())) or type(error).__name__
    return f"the file is damaged or cut short, a download that broke off say ({said}); take another copy"
