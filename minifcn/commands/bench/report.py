"""The figures of a run as a CSV file, and as points of a roofline."""

import csv
import tempfile
from datetime import date
from pathlib import Path

from minifcn.commands.main import check_free
from minifcn.errors import InputError

FILES = ("bench.csv", "roofline.png")
COLUMNS = ("date", "device", "threads", "product_gflops", "copy_gbytes", "section", "name", "unit")
COMPETITORS = ("minifcn", "PyTorch", "textbook")


def bench_files(out, overwrite, suffixes=("",)):
    """[(CSV file, picture)] in the folder `out`, which is made if need be: a pair for each suffix of their names.

    Raises InputError where one is there and not to be replaced, or where none can be written.
    """
    folder = Path(out)
    pairs = [[folder / f"{Path(name).stem}{suffix}{Path(name).suffix}" for name in FILES] for suffix in suffixes]
    for path in (path for pair in pairs for path in pair):
        check_free(path, overwrite)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):  # now, not after minutes of measuring
            pass
    except OSError as error:
        raise InputError(f"--out {out} cannot be written ({error.strerror}); name another folder") from error
    return pairs


def write_csv(path, device, threads, limits, timed, memory):
    """Write a row a figure: milliseconds of `timed` {section: [Measured]}, megabytes of `memory` [Memory].

    device is its name; all rows carry the machine's own limits in this run.
    """
    about = (date.today(), device, threads, f"{limits.product / 1e9:.1f}", f"{limits.copy / 1e9:.1f}")
    rows = [
        (section, measured.case.name, "ms", {name: 1e3 * s for name, s in measured.seconds.items()})
        for section, results in timed.items()
        for measured in results
    ]
    for row in memory:
        added = {name: row.peak[name] - row.before[name] for name in row.peak}
        for unit, values in (("MB at the peak", row.peak), ("MB more than before", added)):
            rows.append(("memory", row.name, unit, {name: value / 1e6 for name, value in values.items()}))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow((*COLUMNS, *COMPETITORS))
        for *what, values in rows:
            writer.writerow((*about, *what, *(f"{values[n]:.4g}" if n in values else "" for n in COMPETITORS)))


def roofline_points(results):
    """{competitor: [(name, FLOP for each byte, FLOP/s)]} of the [Measured] whose FLOP were counted."""
    return {
        competitor: [
            (m.case.name, m.case.flops / m.case.bytes, m.case.flops / m.seconds[competitor])
            for m in results
            if m.rate and competitor in m.seconds
        ]
        for competitor in ("minifcn", "PyTorch")
    }
