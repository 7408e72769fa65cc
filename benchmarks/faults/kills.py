"""Kills small trainings at every file operation and at random moments, and looks whether a run is lost or mixed.

    python benchmarks/faults/kills.py                          # all of it, some minutes
    python benchmarks/faults/kills.py overwrite --most 20      # one part, 20 trials of each kind

    random       killed after random seconds, again and again, until it is done
    operations   killed before each operation on a file of its folder: open, replace, remove, lock, fsync ...
    overwrite    the same while a run takes the place of another, whole or half done
    stages       the same with runs in stages (train --stages), old or new or both
    two          two trainings in one folder, and one who reads its weights all the time; one of them is killed, or none
    full         a disk that fills up while a run takes the place of another (a file system of its own; else a limit)

After each, `--resume` must lead to the bits of one of both runs, undisturbed, with not a file too many; and whoever is
refused must be told in one line, with exit code 2. Needs Linux or macOS. Exits with 1 where any trial failed.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy is imported; networks this small gain nothing by more
sys.path.insert(0, str(Path(__file__).parents[2]))

from killing import CPU, TRAINING, Child, digest, run, smaller
from rich.console import Console
from rich.table import Table

from minifcn.errors import InputError
from minifcn.weights.npz import load_arrays

FIRST = ["train", "--model", "fcn8s", *TRAINING, "--epochs", "2", "--seed", "1"]
LONG = ["train", "--model", "fcn8s", *TRAINING, "--epochs", "8", "--seed", "1"]
SECOND = ["train", "--model", "fcn8s", *TRAINING, "--epochs", "2", "--seed", "2", "--lr", "0.03"]
STAGES = ["train", "--model", "fcn16s", "--stages", *TRAINING, "--epochs", "1", "--seed"]
MEGABYTE = 1 << 20
REFUSED = 2  # exit code


class Campaign:
    """The runs that are killed, in folders below `place`, and what they are undisturbed."""

    def __init__(self, place: Path, most: int | None, dice: random.Random):
        self.place, self.most, self.dice = place, most, dice
        self.run = place / "run"  # always by the same name, which settings may hold
        self.results: dict[str, str | None] = {}
        self.seconds = 0.0

    def undisturbed(self, options: list[str]) -> str | None:
        """The digest of a run that nobody disturbs."""
        key = " ".join(options)
        if key not in self.results:
            self.empty()
            begun = time.monotonic()
            ended = run(*options, "--out", self.run, folder=self.run)
            self.seconds = time.monotonic() - begun
            assert ended.code == 0, ended.said
            self.results[key] = digest(self.run)
        return self.results[key]

    def empty(self, old: Path | None = None) -> None:
        """Make the run's folder a copy of `old`, or none at all."""
        shutil.rmtree(self.run, ignore_errors=True)
        if old:
            shutil.copytree(old, self.run)

    def old(self, name: str, options: list[str], kill: int | None = None) -> Path:
        """A folder with a run, whole or half done, that another one may replace."""
        self.empty()
        run(*options, "--out", self.run, folder=self.run, kill=kill)
        assert (self.run / "config.json").exists()
        kept = self.place / name
        shutil.copytree(self.run, kept)
        return kept

    def resumed(self, *wanted: list[str], begin: list[str] | None = None) -> str:
        """Go on with what is in the folder -> what is wrong with the result, if anything.

        wanted  the options of the runs that it may be; begin: of one to begin where there is nothing yet
        """
        ended = run("train", "--out", self.run, "--resume", *CPU, folder=self.run)
        if ended.code == REFUSED and begin and "holds no run" in ended.said:
            ended = run(*begin, "--out", self.run, folder=self.run)
        if ended.code:
            return f"exit code {ended.code}: {ended.said.strip()}"
        return "" if digest(self.run) in map(self.undisturbed_digest, wanted) else "neither of both runs"

    def undisturbed_digest(self, options: list[str]) -> str | None:
        return self.results[" ".join(options)]

    def replacing(self, options: list[str]) -> list[object]:
        """A command that trains in the folder, whatever is there."""
        return [*options, "--overwrite", "--out", self.run]

    def points(self, count: int) -> list[int]:
        """Which of `count` operations to kill before: all, or so many at random."""
        if self.most is None or count <= self.most:
            return list(range(count))
        return sorted(self.dice.sample(range(count), self.most))

    def operations(self, options: list[str], old: Path | None = None) -> list[int]:
        """The operations of a command on the folder, to be killed before."""
        self.empty(old)
        return self.points(run(*options, "--out", self.run, folder=self.run).operations)


def at_random(campaign: Campaign) -> Iterator[str]:
    campaign.undisturbed(FIRST)
    for _ in range(campaign.most or 100):
        campaign.empty()
        for _ in range(3):
            again = ["train", "--resume", *CPU] if (campaign.run / "last.npz").exists() else FIRST
            child = Child(*again, "--out", campaign.run, folder=campaign.run)
            child.end(after=campaign.dice.uniform(0, campaign.seconds))
        yield campaign.resumed(FIRST, begin=FIRST)


def at_operations(campaign: Campaign) -> Iterator[str]:
    campaign.undisturbed(FIRST)
    for kill in campaign.operations(FIRST):
        campaign.empty()
        code = run(*FIRST, "--out", campaign.run, folder=campaign.run, kill=kill).code
        yield f"not killed: exit code {code}" if code != -9 else campaign.resumed(FIRST, begin=FIRST)


def while_replaced(campaign: Campaign) -> Iterator[str]:
    yield from replaced(campaign, (("whole", FIRST, None), ("half done", FIRST, 50)), SECOND)


def in_stages(campaign: Campaign) -> Iterator[str]:
    one, other = [*STAGES, "1"], [*STAGES, "2"]
    yield from replaced(campaign, (("stages", one, None), ("half of them", one, 150), ("plain", FIRST, None)), other)
    yield from replaced(campaign, (("before plain", one, None),), FIRST)


def replaced(campaign, olds, new):
    for name, options, kill in olds:
        wanted = options, new
        for one in wanted:
            campaign.undisturbed(one)
        old = campaign.old(name, options, kill)
        replacing = [*new, "--overwrite"]
        clean = old if "--stages" not in options or "--stages" in new else None  # else the old stages' folders stay
        for kill in campaign.operations(replacing, old):
            campaign.empty(old)
            code = run(*replacing, "--out", campaign.run, folder=campaign.run, kill=kill).code
            if clean is None:
                yield f"not killed: exit code {code}" if code != -9 else beside_stages(campaign, *wanted)
            else:
                yield f"not killed: exit code {code}" if code != -9 else campaign.resumed(*wanted)


def beside_stages(campaign, stages, new):
    """The same where a plain run replaces the last of several stages: the others' folders stay beside it."""
    ended = run("train", "--out", campaign.run, "--resume", *CPU, folder=campaign.run)
    if ended.code:
        return f"exit code {ended.code}: {ended.said.strip()}"
    if digest(campaign.run) == campaign.undisturbed_digest(stages):
        return ""
    for name in ("fcn32s", "fcn16s"):
        shutil.rmtree(campaign.run / name, ignore_errors=True)
    return "" if digest(campaign.run) == campaign.undisturbed_digest(new) else "neither of both runs"


def two_at_once(campaign: Campaign) -> Iterator[str]:
    for one in (LONG, SECOND):
        campaign.undisturbed(one)
    for number in range(campaign.most or 40):
        at_once, killed = number % 2 == 0, number % 4 > 1
        campaign.empty()
        campaign.run.mkdir()
        reader = Child(campaign.run, folder=campaign.run, work=read_all_the_time)
        first = Child(*campaign.replacing(LONG), folder=campaign.run)
        while not (at_once or (campaign.run / "last.npz").exists()):
            time.sleep(0.01)
        second = Child(*campaign.replacing(SECOND), folder=campaign.run)
        if killed:
            first_ended = first.end(after=campaign.dice.uniform(0, campaign.seconds))
            second_ended, beside = second.end(), False
        else:
            second_ended = second.end()
            beside = not at_once and not first.ended()
            first_ended = first.end()
        (campaign.run / "enough").touch()
        seen = reader.end()
        (campaign.run / "enough").unlink()
        both, codes = (first_ended, second_ended), (first_ended.code, second_ended.code)
        if seen.code:
            yield f"the reader: {seen.said.strip()}"
        elif beside and not told(second_ended):
            yield f"the second trained beside the first: exit code {second_ended.code}: {second_ended.said.strip()}"
        elif any(ended.code not in (0, -9) and not told(ended) for ended in both) or not (killed or 0 in codes):
            yield f"exit codes {codes}: {both[0].said}{both[1].said}"
        else:
            yield campaign.resumed(LONG, SECOND, begin=LONG)


def told(ended):
    """Whether a process was refused as it should be."""
    return ended.code == REFUSED and ended.said.count("\n") == 1 and "is in use: process " in ended.said


def read_all_the_time(folder):
    """Read the weights in a folder until a file "enough" is there: 0 if all that was seen was whole."""
    while not (folder / "enough").exists():
        for name in ("last.npz", "best.npz"):
            try:
                load_arrays(folder / name)
            except InputError as error:
                if "there is no such file" not in str(error):
                    print(error, file=sys.stderr)
                    return 1
    return 0


def on_a_full_disk(campaign: Campaign) -> Iterator[str]:
    for one in (FIRST, SECOND):
        campaign.undisturbed(one)
    old = campaign.old("before the disk is full", FIRST)
    shares = [part / 16 for part in range(1, 40)]  # of what a run takes
    size = sum(path.stat().st_size for path in old.iterdir())
    disk = campaign.place / "run"
    shutil.rmtree(disk, ignore_errors=True)
    disk.mkdir()
    mounted = (
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64M", "none", disk], capture_output=True).returncode == 0
    )
    if not mounted:
        Console().print("full: no file system of its own can be made here: files are limited in size instead")
    try:
        for share in campaign.dice.sample(shares, min(campaign.most or len(shares), len(shares))):
            for path in disk.iterdir():
                path.unlink() if path.is_file() else shutil.rmtree(path)
            shutil.copytree(old, disk, dirs_exist_ok=True)
            free = int(share * size)
            if mounted:
                filler = disk / "filler"
                with open(filler, "wb") as file:
                    file.truncate()
                    file.write(b"\0" * (shutil.disk_usage(disk).free - free))
                ended = run(*campaign.replacing(SECOND), folder=campaign.run)
                filler.unlink()
            else:
                ended = run(*campaign.replacing(SECOND), folder=campaign.run, limit=free // 2)
            line = ended.said.splitlines()[-1:] or [""]
            if ended.code not in (0, REFUSED) or (ended.code and not line[0].startswith("minifcn: error: ")):
                yield f"exit code {ended.code}: {ended.said.strip()}"
            else:
                yield campaign.resumed(FIRST, SECOND)
    finally:
        if mounted:
            subprocess.run(["umount", disk], check=True)


PARTS: dict[str, Callable[[Campaign], Iterator[str]]] = {
    "random": at_random,
    "operations": at_operations,
    "overwrite": while_replaced,
    "stages": in_stages,
    "two": two_at_once,
    "full": on_a_full_disk,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"default: all; {', '.join(PARTS)}")
    parser.add_argument("--most", type=int, metavar="N", help="trials of each kind at most; default: every operation")
    parser.add_argument("--seed", type=int, metavar="N", help="of what is random; default: another each time")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"{', '.join(sorted(unknown))}: expected some of {', '.join(PARTS)}")
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(10**6)
    smaller()
    console = Console()
    table = Table(title=f"killed trainings (--seed {seed})")
    for name in ("part", "trials", "failures", "seconds"):
        table.add_column(name, justify="left" if name == "part" else "right")
    failures: list[str] = []
    for name in options.parts or PARTS:
        begun, wrong, trials = time.monotonic(), [], 0
        with tempfile.TemporaryDirectory() as place, console.status(name) as status:
            for what in PARTS[name](Campaign(Path(place), options.most, random.Random(seed))):
                trials += 1
                if what:
                    wrong.append(f"{name}, trial {trials}: {what}")
                status.update(f"{name}: {trials} trials, {len(wrong)} failures")
        table.add_row(name, str(trials), str(len(wrong)), f"{time.monotonic() - begun:.0f}")
        failures += wrong
    console.print(table)
    for line in failures:
        print(line)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
