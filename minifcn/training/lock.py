"""One process at a time in a folder: a lock that ends with its process, however that ends."""

import contextlib
import os
import socket
import sys
from pathlib import Path

from minifcn.errors import InputError, caution

TIMES = 100  # that the file may vanish, as others leave, before it is had


class Lock:
    """This process's right to a folder: a locked file in it, which says who has it, and is there as long as that.

    `take` may be called again by who has it; each call is followed by a `release`: in a `with`, both are. Whoever is
    killed has it no more.
    """

    def __init__(self, folder: Path):
        self.folder, self.path = folder, folder / ".lock"
        self.taken = 0  # times
        self.file: int | None = None
        self.made: list[Path] = []  # folders, for this

    def take(self) -> None:
        """Have the folder, which is made where there is none. InputError where another process has it."""
        if not self.taken:
            try:
                self.made = [place for place in (self.folder, *self.folder.parents) if not place.exists()]
                self.file = next(file for _ in range(TIMES) if (file := self._try()) is not None)
            except (OSError, StopIteration) as error:
                why = getattr(error, "strerror", None) or "others take it again and again"
                raise InputError(f"--out {self.folder} cannot be written: {why}; name another folder") from error
            with contextlib.suppress(OSError):  # a full disk: nobody is told who it is, no more
                os.ftruncate(self.file, 0)
                os.write(self.file, f"process {os.getpid()} on {socket.gethostname()}".encode())
        self.taken += 1

    def release(self) -> None:
        """Leave the folder to others, without a trace if nothing else was done in it."""
        self.taken -= 1
        if not self.taken and self.file is not None:
            with contextlib.suppress(OSError):  # Windows keeps what is open
                self.path.unlink()
            os.close(self.file)
            self.file = None
            with contextlib.suppress(OSError):  # something is in it
                for place in self.made:
                    place.rmdir()

    def __enter__(self) -> None:
        self.take()

    def __exit__(self, *_: object) -> None:
        self.release()

    def _try(self):
        """The locked file; None where whoever had it removed it, or the folder, on the way here."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
            had = False
            try:
                self._lock(file)
                had = os.path.samestat(os.fstat(file), os.stat(self.path))
            finally:
                if not had:
                    os.close(file)
            return file if had else None
        return None

    def _lock(self, file):
        try:
            _lock(file)
        except (BlockingIOError, PermissionError):
            who = os.read(file, 1000).decode(errors="replace") or "another process"
            ways = "wait until it ends, or name another folder"
            raise InputError(f"--out {self.folder} is in use: {who} trains there; {ways}") from None
        except OSError as error:
            what = f"{self.folder}: this file system has no locks ({error.strerror})"
            caution(f"{what}: see to it that no other process trains there")


if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> None:
        os.lseek(file, 1 << 20, os.SEEK_SET)  # beyond what it says: none reads what is locked there
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        os.lseek(file, 0, os.SEEK_SET)

else:
    import fcntl

    def _lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
