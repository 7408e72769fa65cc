"""The figures of a run as a CSV file, and as points of a roofline."""

import csv
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from minifcn.commands.bench.machine import Limits
from minifcn.commands.bench.memory import Memory
from minifcn.commands.bench.timing import Measured
from minifcn.commands.main import check_free
from minifcn.errors import InputError

COLUMNS = ("date", "device", "threads", "product_gflops", "copy_gbytes", "section", "name", "unit")
COMPETITORS = ("minifcn", "PyTorch", "textbook")


def bench_files(out: str | Path, overwrite: bool, suffixes: Sequence[str] = ("",)) -> list[tuple[Path, Path]]:
    """[(CSV file, picture)] in the folder `out`, which is made if need be: a pair for each suffix of their names.

    Raises InputError where one is there and not to be replaced, or where none can be written.
    """
    folder = Path(out)
    pairs = [(folder / f"bench{suffix}.csv", folder / f"roofline{suffix}.png") for suffix in suffixes]
    for path in (path for pair in pairs for path in pair):
        check_free(path, overwrite)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):  # now, not after minutes of measuring
            pass
    except OSError as error:
        raise InputError(f"--out {out} cannot be written ({error.strerror}); name another folder") from error
    return pairs


def write_csv(
    path: Path, device: str, threads: int, limits: Limits, timed: dict[str, list[Measured]], memory: list[Memory]
) -> None:
    """Write a row a figure: milliseconds of what was timed, by section, and megabytes.

    device is its name; all rows carry the machine's own limits in this run.
    """
    rows: list[tuple[str, str, str, dict[str, float]]] = []  # section, name, unit, {competitor: figure}
    for section, results in timed.items():
        rows += [(section, row.case.name, "ms", {name: 1e3 * s for name, s in row.seconds.items()}) for row in results]
    for row in memory:
        for unit, values in (("MB at the peak", row.peak), ("MB more than before", row.added)):
            rows.append(("memory", row.name, unit, {name: value / 1e6 for name, value in values.items()}))
    about = (date.today(), device, threads, f"{limits.product / 1e9:.1f}", f"{limits.copy / 1e9:.1f}")
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow((*COLUMNS, *COMPETITORS))
        for *what, values in rows:
            writer.writerow((*about, *what, *(f"{values[n]:.4g}" if n in values else "" for n in COMPETITORS)))


def roofline_points(results: list[Measured]) -> dict[str, list[tuple[str, float, float]]]:
    """{competitor: [(name, FLOP for each byte, FLOP/s)]} of those whose FLOP and bytes were counted."""
    points: dict[str, list] = {"minifcn": [], "PyTorch": []}
    for case, seconds in (row for row in results if row.case.bytes):
        for name in points.keys() & seconds.keys():
            points[name].append((case.name, case.flops / case.bytes, case.flops / seconds[name]))
    return points
