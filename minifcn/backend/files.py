"""Files to be written: none left half done."""

import contextlib
import functools
import glob
import io
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from minifcn.errors import InputError

LEFT = 3600  # seconds without a byte, after which nobody is writing an unfinished file any more


def check_folder(path: Path) -> None:
    """InputError where `path` can be no folder, because there is a file in its place or above it."""
    file = next((place for place in (path, *path.parents) if place.exists() and not place.is_dir()), None)
    if file:
        raise InputError(f"--out {path}: {file} is a file; name a folder")


def unfinished(path: Path) -> Path:
    """What this process calls a file while it writes it: no other one writes to that, or takes it for the file."""
    return path.with_name(f".{path.name[:50]}.{os.getpid()}.unfinished")  # 50: a name may have 255 bytes


def write_whole(path: str | Path, write: Callable[[IO[bytes]], Any]) -> None:
    """Let `write(file)` write a binary file that replaces `path` only once every byte is on the disk.

    Raises InputError where it cannot, with what was there before untouched.
    """
    path = Path(path)
    _sweep(path.parent)
    half = unfinished(path)
    try:
        half.unlink(missing_ok=True)
        with io.FileIO(half, "x") as disk, _Buffered(disk) as file:  # a new file, never one that a link there leads to
            write(file)
            file.flush()
            os.fsync(disk.fileno())
        os.replace(half, path)
    except BaseException as error:  # Ctrl-C, too
        with contextlib.suppress(OSError):  # it was never there
            half.unlink()
        if not isinstance(error, OSError):
            raise
        why = error.strerror or error  # Pillow's and NumPy's own have no number
        raise InputError(f"{path} could not be written: {why}; what was there before is untouched") from error


class _Buffered(io.BufferedWriter):
    """All bytes go through Python: Pillow, given the file's number, writes itself, and on a full disk cuts JPEGs short
    without a word.
    """

    def fileno(self) -> int:
        raise io.UnsupportedOperation("fileno")


def remove_unfinished(path: Path) -> None:
    """Remove what processes that were killed as they wrote `path` have left. None may be writing it now."""
    for half in path.parent.glob(f".{glob.escape(path.name[:50])}.*unfinished"):
        half.unlink(missing_ok=True)


@functools.lru_cache
def _sweep(folder):
    """Remove what killed processes left in a folder long ago; once a process, as to list many files takes its time."""
    for half in folder.glob(".*.unfinished"):
        with contextlib.suppress(OSError):  # another process was first
            if time.time() - half.stat().st_mtime > LEFT:
                half.unlink()
