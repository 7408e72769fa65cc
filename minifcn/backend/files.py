"""Files to be written: none left half done."""

import glob
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


def unfinished(path: Path) -> Path:
    """What this process calls a file while it writes it: no other one writes to that, or takes it for the file."""
    return path.with_name(f".{path.name}.{os.getpid()}.unfinished")


def write_whole(path: str | Path, write: Callable[[IO[bytes]], Any]) -> None:
    """Let `write(file)` write a binary file that replaces `path` only once every byte is on the disk.

    Raises InputError where it cannot, with what was there before untouched.
    """
    path = Path(path)
    half = unfinished(path)
    try:
        with open(half, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(half, path)
    except BaseException as error:  # Ctrl-C, too
        half.unlink(missing_ok=True)
        if not isinstance(error, OSError):
            raise
        raise InputError(
            f"{path} could not be written: {error.strerror}; what was there before is untouched"
        ) from error


def remove_unfinished(path: Path) -> None:
    """Remove what processes that were killed as they wrote `path` have left. None may be writing it now."""
    for half in path.parent.glob(f".{glob.escape(path.name)}.*unfinished"):
        half.unlink(missing_ok=True)
