"""Commands of minifcn in processes of their own, which end as they are told: at a file operation, or on a full disk.

A process is a fork of this one, in which all is imported but nothing computed yet: it starts in milliseconds.
"""

import contextlib
import csv
import hashlib
import json
import os
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from minifcn.commands.main import main
from minifcn.data.sets import scenes
from minifcn.pictures import runs as pictures
from minifcn.training import trainer
from minifcn.weights.npz import load_arrays

OPERATIONS = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "fcntl.flock"}  # audit events
CPU = ["--device", "cpu"]
TRAINING = [
    *CPU,
    "--width",
    "0.0625",
    "--fc-channels",
    "8",
    "--crop",
    "32",
    "--batch-size",
    "2",
    "--dropout",
    "0.3",
    "--jitter",
    "3",
]


class Ended(NamedTuple):
    """How a process ended."""

    code: int  # as the shell has it; -9 for a kill
    said: str  # on standard error
    operations: int  # on files below the folder that was watched


class Child:
    """`minifcn ARGUMENTS` in a process of its own, which has begun.

    folder  where its operations on files are counted
    kill    before which of them it is killed; None: none
    limit   bytes that a file of its own may have at most
    work    what to do instead of the command: a function of these arguments
    """

    def __init__(
        self,
        *arguments: object,
        folder: Path,
        kill: int | None = None,
        limit: int | None = None,
        work: Callable[..., int] | None = None,
    ):
        self.output = tempfile.TemporaryFile()  # noqa: SIM115
        self.counted = tempfile.TemporaryFile()  # noqa: SIM115
        self.pid = os.fork()
        if self.pid == 0:
            code = 70
            try:
                with open(os.devnull, "w") as nowhere:
                    os.dup2(nowhere.fileno(), 1)
                os.dup2(self.output.fileno(), 2)
                if limit:
                    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
                    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                watch(folder, self.counted.fileno(), kill)
                code = work(*arguments) if work else main([str(argument) for argument in arguments])
            finally:
                sys.stderr.flush()
                os._exit(code)

    def ended(self) -> bool:
        """Whether it has."""
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def end(self, after: float | None = None) -> Ended:
        """Wait until it ends, or kill it after so many seconds."""
        if after is not None:
            time.sleep(after)
            os.kill(self.pid, signal.SIGKILL)
        _, status = os.waitpid(self.pid, 0)
        said, operations = (read(file) for file in (self.output, self.counted))
        return Ended(os.waitstatus_to_exitcode(status), said, len(operations))


def read(file):
    """All of an open file, as text."""
    with file:
        file.seek(0)
        return file.read().decode()


def run(*arguments: object, folder: Path, **how: Any) -> Ended:
    """Run a command to its end."""
    return Child(*arguments, folder=folder, **how).end()


def watch(folder, counter, kill):
    """Write a byte for each operation on files below the folder to `counter`; end before the one of number `kill`."""
    inside, left = str(folder), [kill]

    def count():
        os.write(counter, b".")
        if left[0] is not None:
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def hook(event, arguments):
        if event in OPERATIONS and (isinstance(arguments[0], int) or str(arguments[0]).startswith(inside)):
            count()

    def fsync(file, real=os.fsync):
        if left[0] == 0:  # the worst that can be on the disk then
            with contextlib.suppress(OSError):
                os.ftruncate(file, os.fstat(file).st_size // 2)
        count()
        real(file)

    os.fsync = fsync
    sys.addaudithook(hook)


def smaller() -> None:
    """Make scenes few, trainings save after every step, and pictures none: for this process and its forks."""
    scenes.COUNTS.update(train=5, val=2, test=2)
    trainer.SAVE_SECONDS = 0
    for name in ("save_learning_curve", "save_predictions", "save_confusion"):
        setattr(pictures, name, lambda *_, **__: None)


def digest(folder: Path) -> str | None:
    """What a run in `folder` has come to, bit for bit but for its speed and name; None where there is none.

    Left out are folders of stages in which nothing was begun: hidden files of a process that was killed may be there.
    """
    if not (folder / "last.npz").exists():
        return None
    said = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        place = path if path.is_dir() else path.parent
        if all(file.name.startswith(".") for file in place.iterdir()):
            continue
        said.update(str(path.relative_to(folder)).encode())
        if path.suffix == ".npz":
            arrays, about = load_arrays(path)
            about["run"].pop("id")
            for more in ("later", "instead"):
                about["run"].pop(more, None)
            for row in (*about.get("progress", {}).get("history", []), about.get("scores", {})):
                row.pop("images_per_second", None)
            said.update(json.dumps(about, sort_keys=True).replace(str(folder), "").encode())
            for name in sorted(arrays):
                said.update(name.encode() + arrays[name].tobytes())
        elif path.suffix == ".csv":
            with open(path, newline="") as file:
                for row in csv.DictReader(file):
                    row.pop("images_per_second")
                    said.update(json.dumps(row).encode())
        elif path.suffix == ".json":
            config = json.loads(path.read_text())
            config.pop("run")
            said.update(json.dumps(config, sort_keys=True).replace(str(folder), "").encode())
        elif path.is_file():
            said.update(path.read_bytes())
    return said.hexdigest()
