"""Command lines that nobody should write, to every command: does each end as it should?

python benchmarks/faults/command_lines.py [--trials 450] [--seed 0]

They are drawn from the options that the commands themselves declare: a line that would work, with values that are
valid, on the border or absurd in place of some of its own; with files that are missing, of the wrong kind, cut or
strangely named; with options that do not go together. Each runs in a process of its own, with 4 GiB of address space.
After some seconds it gets Ctrl-C, since some of them would work for minutes. What counts as a fault is in `judge`.
"""

import argparse
import random
import shlex
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from command_trial import FAULTS, Ended, changes, judge, listing, options_of, run
from command_values import absurd, values_for
from command_workspace import ODD, make_inputs, make_odd

from minifcn.commands.main import COMMANDS, add_command
from minifcn.commands.tables import console, new_table

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


def draw(rng: random.Random, command: str) -> list[str]:
    """A line for a command, {w} standing for the folder that it is run upon."""
    line = WORKING[command][0]
    if rng.random() < 0.3:
        line = line.replace(DATA, OWN)
    given = options_of(line.split()[1:])
    parser = argparse.ArgumentParser(add_help=False)
    add_command(parser, command)
    actions = [action for action in parser._actions if action.dest != "device" or rng.random() < 0.1]
    for action in rng.sample(actions, min(len(actions), rng.choice([1, 1, 2, 2, 3]))):
        name = rng.choice(action.option_strings) if action.option_strings else ""
        given[name] = values_for(action, rng)
    if rng.random() < 0.15:
        absurd(given, rng)
    words = [value for values in [given.pop("", [])] for value in values]
    for name, values in given.items():
        joined = len(values) == 1 and (values[0].startswith("-") or rng.random() < 0.2)
        words += [f"{name}={values[0]}"] if joined else [name, *values]
    return [command, *words]


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
