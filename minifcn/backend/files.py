"""Files to be written: none replaced unasked, none left half done."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from minifcn.errors import InputError


def check_free(path: Path, overwrite: bool) -> None:
    """InputError where a command cannot write to `path`, or would replace what is there unasked."""
    if path.is_dir():
        raise InputError(f"{path} is a folder: name another --out")
    if path.exists() and not overwrite:
        raise InputError(f"{path} exists: give --overwrite to replace it, or another --out")


def write_whole(path: str | Path, write: Callable[[IO[bytes]], Any]) -> None:
    """Let `write(file)` write a binary file that replaces `path` only once every byte is on the disk.

    Raises InputError where it cannot, with what was there before untouched.
    """
    path = Path(path)
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        with open(unfinished, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise InputError(
            f"{path} could not be written: {error.strerror}; what was there before is untouched"
        ) from error
