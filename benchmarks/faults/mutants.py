"""Planted faults, and whether the tests notice: python benchmarks/faults/mutants.py [--trials 300] [ROOM ...]

Each trial changes one place of one file, in a copy of the repository: a comparison, an operator, a number, a condition,
a statement that is left out. Then the tests of that room alone run, the file's own first, until one fails. A trial in
which none fails is a survivor, and printed as a line to look at: it changes nothing, or a test is missing.
"""

import argparse
import ast
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[2]
ROOMS = ("convolution", "layers", "models", "training", "optim.py", "metrics.py")
LIMIT = 240  # seconds of a processor: a mutant that goes on for ever has been noticed
SWAPS = {
    ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">", ast.Eq: "!=", ast.NotEq: "==",
    ast.Is: "is not", ast.IsNot: "is", ast.In: "not in", ast.NotIn: "in",
    ast.Add: "-", ast.Sub: "+", ast.Mult: "//", ast.FloorDiv: "*", ast.Div: "*", ast.Mod: "*", ast.Pow: "*",
    ast.MatMult: "*", ast.And: "or", ast.Or: "and", ast.BitAnd: "|", ast.BitOr: "&",
}  # fmt: skip


class Mutant(NamedTuple):
    """A change of one file: the bytes from start to stop become others."""

    path: Path  # from the repository's root
    start: int
    stop: int
    line: int
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {' '.join(self.before.split())} -> {self.after}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rooms", nargs="*", metavar="ROOM", help=f"of {', '.join(ROOMS)}; default: all")
    parser.add_argument("--trials", type=int, default=300, help="in all rooms together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    options = parser.parse_args()
    if unknown := set(options.rooms) - set(ROOMS):
        parser.error(f"no such room: {', '.join(unknown)}; there are {', '.join(ROOMS)}")
    places = [mutant for room in options.rooms or ROOMS for mutant in mutants_of_room(room)]
    drawn = random.Random(options.seed).sample(places, min(options.trials, len(places)))
    with tempfile.TemporaryDirectory() as folder:
        noticed = try_all(drawn, [copy_of_project(Path(folder) / str(job)) for job in range(options.jobs)])
    survivors = [mutant for mutant in drawn if not noticed[mutant]]
    Console().print(table_of(drawn, survivors))
    return int(bool(survivors))


def mutants_of_room(room: str) -> list[Mutant]:
    """All places of a room, a file or a folder of them."""
    path = ROOT / "minifcn" / room
    files = [path] if path.suffix else sorted(path.rglob("*.py"))
    return [mutant for file in files for mutant in mutants_of(file.read_text(), file.relative_to(ROOT))]


def mutants_of(source: str, path: Path) -> list[Mutant]:
    """All places of a file. Texts, type hints and what raises or words an error are left as they are."""
    text = source.encode()
    lines = [0, *(number + 1 for number, byte in enumerate(text) if byte == ord("\n"))]  # where each begins
    found = []

    def begin(node):
        return lines[node.lineno - 1] + node.col_offset

    def end(node):
        return lines[node.end_lineno - 1] + node.end_col_offset

    def change(start, stop, after):
        found.append(Mutant(path, start, stop, text[:start].count(b"\n") + 1, text[start:stop].decode(), after))

    def swap(left, operator, right):
        if type(operator) in SWAPS and not set(b"()#") & set(text[end(left) : begin(right)]):
            change(end(left), begin(right), f" {SWAPS[type(operator)]} ")

    for node in walk(ast.parse(source)):
        match node:
            case ast.BinOp():
                swap(node.left, node.op, node.right)
            case ast.BoolOp():
                for left, right in zip(node.values, node.values[1:]):
                    swap(left, node.op, right)
            case ast.Compare():
                for left, operator, right in zip([node.left, *node.comparators], node.ops, node.comparators):
                    swap(left, operator, right)
            case ast.UnaryOp(op=ast.Not()):
                change(begin(node), begin(node) + len("not"), "")
            case ast.UnaryOp(op=ast.USub()):
                change(begin(node), begin(node) + len("-"), "")
            case ast.Constant(value=bool()):
                change(begin(node), end(node), str(not node.value))
            case ast.Constant(value=int() | float()):
                change(begin(node), end(node), repr(node.value + 1))
            case ast.If() | ast.IfExp() | ast.While():
                change(begin(node.test), end(node.test), "False")
            case ast.AugAssign() | ast.Expr(value=ast.Call()):
                change(begin(node), end(node), "pass")
            case ast.Return(value=ast.expr() as value) if ast.unparse(value) != "None":
                change(begin(node), end(node), "return None")
    return found


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes below this one that may be changed."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not isinstance(child, (ast.Raise, ast.JoinedStr)):
                yield child
                yield from walk(child)


def copy_of_project(folder: Path) -> Path:
    """What the tests need, in a folder of its own."""
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns("runs", ".git", ".venv", "__pycache__", ".*_cache"))
    return folder


def try_all(drawn: list[Mutant], folders: list[Path]) -> dict[Mutant, bool]:
    """Whether each was noticed; one at a time in each folder."""
    free = SimpleQueue()
    for folder in folders:
        free.put(folder)

    def one(mutant):
        folder = free.get()
        try:
            return is_noticed(mutant, folder)
        finally:
            free.put(folder)

    noticed, console = {}, Console(stderr=True)
    with ThreadPoolExecutor(len(folders)) as pool, console.status("") as status:
        for number, (mutant, seen) in enumerate(zip(drawn, pool.map(one, drawn)), 1):
            noticed[mutant] = seen
            if not seen:
                console.print(f"survived: {mutant}", soft_wrap=True, highlight=False, markup=False)
            status.update(f"{number} of {len(drawn)}, {list(noticed.values()).count(False)} survived")
    return noticed


def is_noticed(mutant: Mutant, folder: Path) -> bool:
    """Whether a test of its room fails, or does not end, with the change."""
    file = folder / mutant.path
    original = file.read_bytes()
    file.write_bytes(original[: mutant.start] + mutant.after.encode() + original[mutant.stop :])
    try:
        return any(not passes(tests, folder) for tests in tests_of(mutant.path, folder))
    finally:
        file.write_bytes(original)


def tests_of(path: Path, folder: Path) -> list[Path]:
    """The file's own tests, which have its name in whatever room, then all of its own room."""
    own = sorted((folder / "tests").rglob(f"test_{path.stem}*.py"))
    room = folder / "tests" / path.parts[1]
    return [*own, room] if room.is_dir() else own


def passes(tests: Path, folder: Path) -> bool:
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", "-p", "no:cacheprovider", str(tests)]
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        run = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            capture_output=True,
            timeout=5 * LIMIT,  # one that waits for ever uses no processor
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (LIMIT, LIMIT)),
        )
    except subprocess.TimeoutExpired:
        return False
    return run.returncode == 0


def table_of(drawn: list[Mutant], survivors: list[Mutant]) -> Table:
    table = Table("file", "faults", "noticed", title=f"{len(drawn)} planted faults, {len(survivors)} not noticed")
    missed = Counter(mutant.path for mutant in survivors)
    for path, count in sorted(Counter(mutant.path for mutant in drawn).items()):
        table.add_row(str(path), str(count), f"{(count - missed[path]) / count:.2f}")
    return table


if __name__ == "__main__":
    sys.exit(main())
