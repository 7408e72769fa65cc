"""Every reader of files on files made wrong: python benchmarks/faults/readers.py --trials 100000

Each trial takes a valid file of one kind, changes it (`mutating`), and reads it in a process with a limit of memory and
of time (`watched`). Whatever is in a file, reading it gives what it holds or one line that says what is wrong. Counted
is what must never be: code that ran, a reader that hung or crashed, more than 2 GiB of memory asked for, and any other
error. Exit code 1 where one was. `--trial N` reads the file of one trial here, and leaves it in ./trial. Needs Linux;
MATLAB's and COCO's files take part where SciPy and pycocotools are installed.
"""

import argparse
import contextlib
import os
import random
import shutil
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from mutating import CANARY, mutant
from samples import samples
from watched import watched

from minifcn.errors import InputError
from minifcn.text import CONTROL

WRONG = ("executed", "hung", "crashed", "memory", "raw")
LONGEST = 2000  # letters of a line that says what is wrong
MOST = 3000  # letters of a traceback
EVENTS = ("pickle.find_class", "os.system", "subprocess.Popen", "os.posix_spawn", "os.exec", "shutil.rmtree")


class Campaign:
    """The trials of a seed: which file each takes, what is made of it, and what reading it came to."""

    def __init__(self, seed: int, folder: Path):
        self.seed, self.folder, self.samples = seed, folder, samples()
        self.contents = [sample.files[sample.target] for sample in self.samples]
        self.ran = False

    def sample(self, number: int):
        return self.samples[number % len(self.samples)]

    def read(self, number: int, root: Path) -> None:
        """Read what trial `number` makes wrong, the whole file where it is below 0; `root` has what belongs to it."""
        sample = self.sample(number)
        rng = random.Random(f"{self.seed}/{number}")
        content = sample.files[sample.target]
        if number >= 0:
            content = mutant(content, sample.kind, rng, self.contents)
        for path, held in (sample.files | {sample.target: content}).items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            if path == sample.target or not (root / path).exists():
                (root / path).write_bytes(held)
        sample.read(root)

    def __call__(self, number: int) -> tuple[str, str]:
        """(what it came to, in words what happened), in a process of its own."""
        root = self.folder / str(os.getpid())
        if not root.exists():
            root.mkdir()
            os.chdir(root)
            warnings.simplefilter("ignore")
            sys.addaudithook(self._heard)
        place = root / str(number % len(self.samples))
        outcome, what = self._outcome(number, place)
        if number < 0 and outcome != "read":
            return "raw", f"the file is whole\n{what}"
        if Path(CANARY).exists() or (place / CANARY).exists() or self.ran:
            shutil.rmtree(CANARY, ignore_errors=True)
            self.ran = False
            return "executed", what
        return outcome, what

    def _outcome(self, number, place):
        try:
            self.read(number, place)
        except Exception as error:
            what = "".join(traceback.format_exception(error))
            if _short_of_memory(error):
                return "memory", what
            if isinstance(error, InputError):
                line = str(error)
                return ("raw" if CONTROL.search(line) or len(line) > LONGEST else "refused"), what
            return ("refused" if isinstance(error, OSError) and error.strerror else "raw"), what
        return "read", ""

    def _heard(self, event, _):
        if event in EVENTS:
            self.ran = True


def _short_of_memory(error):
    """Whether memory was short, in this error or in one that it follows from."""
    while error is not None:
        if isinstance(error, MemoryError):
            return True
        error = error.__cause__ or error.__context__
    return False


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--shown", type=int, default=5, help="what went wrong that is shown at most")
    parser.add_argument("--trial", type=int, help="read the file of this trial alone")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        campaign = Campaign(options.seed, Path(folder))
        if options.trial is not None:
            campaign.read(options.trial, Path("trial"))
            return 0
        counts: dict[str, Counter] = {sample.name: Counter() for sample in campaign.samples}
        shown = 0
        for number, result in watched(campaign, range(-len(counts), options.trials), options.processes):
            outcome, what = (result, "") if isinstance(result, str) else result
            name = campaign.sample(number).name
            counts[name][outcome] += number >= 0 or outcome in WRONG
            if outcome in WRONG and shown < options.shown:
                shown += 1
                print(f"trial {number}, {name}: {outcome}\n{what[-MOST:]}", file=sys.stderr)
    columns = ("read", "refused", *WRONG)
    print(f"{'':16} {'mutants':>8}", *(f"{column:>8}" for column in columns))
    whole = sum(counts.values(), Counter())
    for name, found in [*counts.items(), ("all", whole)]:
        print(f"{name:16} {found.total():8}", *(f"{found[column]:8}" for column in columns))
    return int(any(whole[wrong] for wrong in WRONG))


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        sys.exit(main())
