"""One line of a command: run in a process of its own, and how it ends judged."""

import contextlib
import io
import os
import resource
import signal
import stat
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from minifcn.commands.main import main

SECONDS, GRACE = 6.0, 20.0  # until Ctrl-C, and from then on
ADDRESSES, RESIDENT = 4 << 30, 2 << 30  # bytes a process may ask for, and may have used
SAID = ("minifcn: caution: ", "minifcn: failed: ")  # before what is no error
FAULTS = ("traceback", "exit code", "error lines", "stray output", "hang", "memory", "files")


class Ended(NamedTuple):
    """How a command ended."""

    code: int  # below 0: by that signal
    out: str
    err: str
    resident: int  # bytes, at most
    waited: bool  # whether it did nothing, and waited for what does not come
    seconds: float


def options_of(words: Sequence[str]) -> dict[str, list[str]]:
    """{option: its values}, "" for those before the first."""
    given: dict[str, list[str]] = {}
    name = ""
    for word in words:
        name = word if word.startswith("--") else name
        given.setdefault(name, [])
        if not word.startswith("--"):
            given[name].append(word)
    return given


def run(arguments: Sequence[str], folder: Path, encoding: str) -> Ended:
    """Run a line in a child, in the folder `cwd` beside what it is run upon."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        begun, child = time.monotonic(), os.fork()
        if not child:
            _be_the_command(arguments, folder, encoding, out, err)
        status, used, waited = _wait(child)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode(encoding, "backslashreplace"))
    code = os.waitstatus_to_exitcode(status)
    return Ended(code, *texts, used.ru_maxrss * 1024, waited, time.monotonic() - begun)


def _be_the_command(arguments, folder, encoding, out, err):
    """What `python -m minifcn` does, in a forked child that never returns."""
    code = 70
    try:
        os.setsid()
        os.chdir(folder / "cwd")
        nothing = os.open(os.devnull, os.O_RDONLY)
        for number, file in ((0, nothing), (1, out.fileno()), (2, err.fileno())):
            os.dup2(file, number)
        sys.stdout, sys.stderr = (io.TextIOWrapper(io.FileIO(n, "w", closefd=False), encoding) for n in (1, 2))
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.signal(signal.SIGINT, signal.default_int_handler)
        code = main(list(arguments))
    except SystemExit as stop:
        code = stop.code or 0
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _wait(child):
    """(status, what it used, whether it only waited) of a child, which gets Ctrl-C and in the end no mercy."""
    waited, asked, begun = False, False, time.monotonic()
    while True:
        found, status, used = os.wait4(child, os.WNOHANG)
        if found:
            return status, used, waited
        passed = time.monotonic() - begun
        if passed > SECONDS and not asked:
            before = _worked(child)
            time.sleep(1)
            waited, asked = before is not None and _worked(child) == before, True
            os.kill(child, signal.SIGINT)
        elif passed > SECONDS + GRACE:
            os.kill(child, signal.SIGKILL)
            waited = True
        time.sleep(0.01)


def _worked(process):
    """Ticks of a core that it has had; None where the system does not tell as Linux does."""
    try:
        return sum(map(int, Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]))
    except OSError:
        return None


def judge(arguments: Sequence[str], ended: Ended, changed: Sequence[str]) -> list[str]:
    """The FAULTS of how a line ended."""
    spoken = ended.err.splitlines()
    errors = [line for line in spoken if line.startswith("minifcn: ") and not line.startswith(SAID)]
    everything = ended.out + ended.err
    found = {
        "traceback": "Traceback (most recent call last)" in everything,
        "exit code": ended.code not in (0, 1, 2, 130) or (ended.code == 1 and arguments[0] != "bench"),
        "error lines": len(errors) != (ended.code in (2, 130)),
        "stray output": any(not line.startswith("minifcn: ") for line in spoken) or not _plain(everything),
        "hang": ended.waited or (ended.code == 130 and not ended.out),  # what works says first what it does
        "memory": (ended.code == 2 and ended.resident > RESIDENT)
        or ("not enough memory" in ended.err and "--" not in ended.err),
        "files": bool(changed),
    }
    return [name for name in FAULTS if found[name]]


def _plain(text):
    """Whether a terminal shows all of it, and does nothing else."""
    return all(letter.isprintable() or letter == "\n" for letter in text)


def _means(name, *options):
    """Whether a word stands for one of these options, whole or shortened, with its value behind it or not."""
    short = name.partition("=")[0]
    return len(short) > 3 and any(option.startswith(short) for option in options)


def changes(arguments: Sequence[str], folder: Path, before: dict, after: dict) -> list[str]:
    """What is otherwise, of {path: what is there} before and after, though the line did not ask for it."""
    given = options_of(arguments[1:])
    asked = [value for name in given if _means(name, "--out", "--picture") for value in given[name]]
    asked += [name.partition("=")[2] for name in given if _means(name, "--out", "--picture") and "=" in name]
    own = [os.path.realpath(folder / "cwd" / place) for place in (*asked, "runs")]
    beside = [place[: -len(".png")] + "_" for place in own if place.endswith(".png")]  # as X_view.png
    replaces = any(_means(name, "--overwrite", "--resume", "--picture") for name in given)

    def wanted(path):
        real = os.path.realpath(folder / path)
        if path in before and not replaces:
            return False
        if any(real.startswith(place) for place in beside):
            return True
        return any(os.path.commonpath([real, place]) in (place, real * (path not in before)) for place in own)

    return sorted(
        path
        for path in {*before, *after}
        if before.get(path) != after.get(path) and (not wanted(path) or path.endswith(".unfinished"))
    )


def listing(folder: Path) -> dict[str, tuple]:
    """{path: what tells whether it is the same} of all below a folder."""
    found = {}
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = os.path.join(place, name)
            status = os.lstat(path)
            told = (status.st_size, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else ()
            found[os.path.relpath(path, folder)] = status.st_mode, *told
    return found
