"""Files to be written: none left half done."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from minifcn.errors import InputError


def check_folder(path: Path) -> None:
    """InputError where `path` can be no folder, because there is a file in its place or above it."""
    file = next((place for place in (path, *path.parents) if place.exists() and not place.is_dir()), None)
    if file:
        raise InputError(f"--out {path}: {file} is a file; name a folder")


def write_whole(path: str | Path, write: Callable[[IO[bytes]], Any], ready: Callable[[], Any] = lambda: None) -> None:
    """Let `write(file)` write a binary file that replaces `path` only once every byte is on the disk.

    ready  is called between the two
    Raises InputError where it cannot, with what was there before untouched.
    """
    path = Path(path)
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        unfinished.unlink(missing_ok=True)
        with open(unfinished, "xb") as file:  # a new file, never one that a link there leads to
            write(file)
            file.flush()
            os.fsync(file.fileno())
        ready()
        os.replace(unfinished, path)
    except BaseException as error:  # Ctrl-C, too
        unfinished.unlink(missing_ok=True)
        if not isinstance(error, OSError):
            raise
        raise InputError(
            f"{path} could not be written: {error.strerror}; what was there before is untouched"
        ) from error
