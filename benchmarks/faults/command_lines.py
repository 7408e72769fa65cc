"""Command lines that nobody should write, to every command: does each end as it should?

python benchmarks/faults/command_lines.py [--trials 450] [--seed 0]

They are drawn from the options that the commands themselves declare: a line that would work, with values that are
valid, on the border or absurd in place of some of its own; with files that are missing, of the wrong kind, cut or
strangely named; with options that do not go together. Each runs in a process of its own, with 4 GiB of address space.
After some seconds it gets Ctrl-C, since some of them would work for minutes. What counts as a fault is in `judge`.
"""

import argparse
import contextlib
import io
import os
import random
import resource
import shlex
import shutil
import signal
import stat
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[2]))

from command_values import absurd, values_for
from command_workspace import ODD, make_inputs, make_odd

from minifcn.commands.main import COMMANDS, add_command, main
from minifcn.commands.tables import console, new_table

SECONDS, GRACE = 6.0, 20.0  # until Ctrl-C, and from then on
ADDRESSES, RESIDENT = 4 << 30, 2 << 30  # bytes a process may ask for, and may have used
TINY = "--width 0.0625 --fc-channels 8 --batch-size 2 --epochs 1 --out {w}/new"
DATA, OWN = "--data camvid --root {w}/data", "--data folder --root {w}/own"
WORKING = {  # a line that works, and how often it is drawn
    "train": (f"train {DATA} --model fcn8s {TINY}", 10),
    "pretrain": (f"pretrain {DATA} --model vgg11 --crop 32 {TINY}", 6),
    "predict": ("predict {w}/photos/a.png --weights {w}/8s.npz --out {w}/new", 6),
    "evaluate": (f"evaluate {DATA} --weights {{w}}/8s.npz", 6),
    "data": (f"data {DATA}", 5),
    "export": ("export --weights {w}/8s.npz --out {w}/new.pth", 4),
    "summary": ("summary fcn8s --width 0.0625", 4),
    "arithmetic": ("arithmetic --input 5 --kernel 3", 4),
    "demo": ("demo --epochs 1 --out {w}/new", 1),
    "bench": ("bench small --out {w}/new", 1),
    "check": ("check", 1),
}
FAULTS = ("traceback", "exit code", "error lines", "stray output", "hang", "memory", "files")


class Ended(NamedTuple):
    """How a command ended."""

    code: int  # below 0: by that signal
    out: str
    err: str
    resident: int  # bytes, at most
    waited: bool  # whether it did nothing, and waited for what does not come
    seconds: float


def draw(rng: random.Random, command: str) -> list[str]:
    """A line for a command, {w} standing for the folder that it is run upon."""
    line = WORKING[command][0]
    if rng.random() < 0.3:
        line = line.replace(DATA, OWN)
    given = _options(line.split()[1:])
    parser = argparse.ArgumentParser(add_help=False)
    add_command(parser, command)
    actions = [action for action in parser._actions if action.dest != "device" or rng.random() < 0.1]
    for action in rng.sample(actions, min(len(actions), rng.choice([1, 1, 2, 2, 3]))):
        name = rng.choice(action.option_strings) if action.option_strings else ""
        given[name] = values_for(action, command, rng)
    if rng.random() < 0.15:
        absurd(given, rng)
    words = [value for values in [given.pop("", [])] for value in values]
    for name, values in given.items():
        joined = len(values) == 1 and (values[0].startswith("-") or rng.random() < 0.2)
        words += [f"{name}={values[0]}"] if joined else [name, *values]
    return [command, *words]


def _options(words):
    """{option: its values}, "" for those before the first."""
    given, name = {}, ""
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


SAID = ("minifcn: caution: ", "minifcn: failed: ")  # before what is no error


def _plain(text):
    """Whether a terminal shows all of it, and does nothing else."""
    return all(letter.isprintable() or letter == "\n" for letter in text)


def changes(arguments: Sequence[str], folder: Path, before: dict, after: dict) -> list[str]:
    """What is otherwise, of {path: what is there} before and after, though the line did not ask for it."""
    given = _options(arguments[1:])
    asked = [value for name, values in given.items() if name.startswith(("--out", "--pic")) for value in values]
    asked += [name.partition("=")[2] for name in given if name.startswith(("--out=", "--pic"))]
    own = [os.path.realpath(folder / "cwd" / place) for place in (*asked, "runs")]
    beside = [place[: -len(".png")] + "_" for place in own if place.endswith(".png")]  # as X_view.png
    replaces = any(name.startswith(("--overwrite", "--resume", "--pic")) for name in given)

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


class Campaign:
    """Lines run one after the other upon a folder, which is put right again where one changed it."""

    def __init__(self, folder: Path, seed: int = 0):
        self.pristine, self.folder, self.rng = folder / "pristine", folder / "w", random.Random(seed)
        make_inputs(self.pristine)
        self._put_right()

    def trial(self, command: str) -> tuple[list[str], Ended, list[str]]:
        """(a line that is drawn, how it ended, its faults)."""
        line = [word.replace("{w}", str(self.folder)) for word in draw(self.rng, command)]
        ended = run(line, self.folder, self.rng.choice(["utf-8", "utf-8", "ascii"]))
        after = listing(self.folder)
        found = judge(line, ended, changes(line, self.folder, self.before, after))
        if after != self.before:
            self._put_right()
        return line, ended, found

    def trials(self, count: int) -> Iterator[tuple[list[str], Ended, list[str]]]:
        """So many, of each command in its turn."""
        turns = [name for name, (_, often) in WORKING.items() for _ in range(often)]
        random.Random(0).shuffle(turns)
        for number in range(count):
            yield self.trial(turns[number % len(turns)])

    def _put_right(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.pristine, self.folder)
        make_odd(self.folder / ODD)
        (self.folder / "cwd").mkdir()
        self.before = listing(self.folder)


def run_all() -> int:
    """Run the campaign; 1 where a line ended as none should."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--trials", type=int, default=450)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    codes, faults = Counter(), Counter()
    with tempfile.TemporaryDirectory() as folder:
        for line, ended, found in Campaign(Path(folder).resolve(), options.seed).trials(options.trials):
            codes[line[0], ended.code] += 1
            faults.update((line[0], fault) for fault in found)
            faults[line[0], "any"] += bool(found)
            if found:
                print(f"{', '.join(found)}: {ascii(shlex.join(line))[1:-1]}")
                print(f"    {ended.code} after {ended.seconds:.0f} s: {ended.err[-2000:]!a}", flush=True)
    table = new_table("lines by how they ended", "command", "lines", "0", "2", "130", "other", *FAULTS)
    for name in COMMANDS:
        ends = [codes[name, code] for code in (0, 2, 130)]
        total = sum(count for (command, _), count in codes.items() if command == name)
        table.add_row(name, *map(str, (total, *ends, total - sum(ends), *(faults[name, fault] for fault in FAULTS))))
    console.print(table)
    wrong = sum(count for (_, fault), count in faults.items() if fault == "any")
    print(f"{options.trials} lines, seed {options.seed}: {wrong} with a fault")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(run_all())
