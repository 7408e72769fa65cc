"""The figures of a run: tables, a CSV file, and points of a roofline."""

import csv
import io
import statistics
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from minifcn.backend.files import write_whole
from minifcn.commands.bench import engines, peers
from minifcn.commands.bench.launches import Launches
from minifcn.commands.bench.machine import Limits
from minifcn.commands.bench.memory import Memory
from minifcn.commands.bench.timing import Measured
from minifcn.commands.main import check_free
from minifcn.commands.streams import say
from minifcn.commands.tables import console, new_table
from minifcn.errors import InputError

COLUMNS = ("date", "device", "threads", "product_gflops", "copy_gbytes", "section", "name", "unit")
INSTALL = {"PyTorch": "pip install -r requirements-test.txt"}
INSTALL |= {name: f"pip install onnx {package}" for name, (package, _) in engines.ENGINES.items()}
COMPETITORS = ("minifcn", "PyTorch", *engines.ENGINES, "textbook")


def show_limits(device: str, threads: int, limits: Limits) -> None:
    """What the machine can do."""
    print(f"{device}, {threads} threads: float32 matrix product {limits.product / 1e9:,.0f} GFLOP/s,")
    print(f"  copying {limits.copy / 1e9:,.1f} GB/s read and written")


def show_section(section: str, rounding: str, results: Sequence[Measured], limits: Limits) -> None:
    """A section's figures, as ratios to each competitor; which of them are bound by products, not by memory.

    rounding  of a GPU's products, for the title, or ""
    """
    others = [name for name in COMPETITORS[1:] if any(name in row.seconds for row in results)]
    bound = [row.case.flops > row.case.bytes * limits.product / limits.copy for row in results]
    moved = any(row.case.bytes for row in results)
    heads = [f"/ {name}" for name in others] + ["of peak"] * any(bound) + ["MB", "GB/s"] * moved
    table = new_table(", ".join(filter(None, (section, rounding))), "", "ms", *heads)
    for row, by_products in zip(results, bound):
        ratios = [f"{row.ratio(name):.2f}" if name in row.seconds else "" for name in others]
        seconds, size = row.seconds["minifcn"], row.case.bytes
        share = [f"{row.rate / limits.product:.2f}" if by_products else ""] * any(bound)
        through = [f"{size / 1e6:.1f}", f"{size / seconds / 1e9:.1f}"] if size else []
        table.add_row(row.case.name, f"{1e3 * seconds:.2f}", *ratios, *share, *through)
    if section == "layers":
        table.add_section()
        means = [statistics.geometric_mean(row.ratio(name) for row in results) for name in others]
        table.add_row("geometric mean", "", *(f"{mean:.2f}" for mean in means))
    console.print(table)


def show_memory(rows: Sequence[Memory]) -> None:
    """Peak memory."""
    others = [name for name in rows[0].peak if name != "minifcn"]
    ratios = [f"/ {name}" for name in others]
    table = new_table("memory", "", "MB", *ratios, "MB added", *ratios)
    for row in rows:
        cells = []
        for numbers in (row.peak, row.added):
            mine = numbers["minifcn"]
            cells += [f"{mine / 1e6:,.0f}", *(f"{mine / numbers[name]:.2f}" for name in others)]
        table.add_row(row.name, *cells)
    console.print(table)
    print("MB: the whole process at its peak; MB added: since network and libraries were there")


def show_launches(counted: dict[str, dict[str, Launches]]) -> None:
    """What a call of each case gives the GPU, by competitor; nothing where nobody could tell."""
    if not counted:
        print("launches were not counted: that takes PyTorch with a CUPTI that works")
        return
    competitors = list(dict.fromkeys(name for row in counted.values() for name in row))
    heads = [f"{what}, {name}" for name in competitors for what in ("launches", "ms")]
    table = new_table("launches", "", *heads)
    for name, row in counted.items():
        some = [row.get(competitor) for competitor in competitors]
        cells = [(f"{one.launches}", f"{1e3 * one.seconds:.2f}") if one else ("", "") for one in some]
        table.add_row(name, *(cell for pair in cells for cell in pair))
    console.print(table)
    print("launches: kernels, copies and fillings that the GPU was given in one call")
    print("ms: how long it was busy with them; what a call took longer, it waited for the host")


def show_legend(device: str, sections: Sequence[str]) -> None:
    """What the columns of these sections mean."""
    textbook, absent = "layers" in sections and device == "cpu", _absent(device, sections)
    if set(sections) != {"memory"}:
        by = ", by the GPU's own clock" if device == "gpu" else ""
        print(f"ms: one call, the median of interleaved samples{by}")
        if textbook or not all(absent.values()):
            print("/: minifcn's time over the other's, below 1 it is faster")
    if textbook:
        print("textbook: the columns of a whole layer and one product,")
        print("  as DeZero and Chainer compute a convolution")
    if "small" in sections:
        print("small: FCN-8s of a quarter of the channels, 256 in fc6 and fc7, padding same,")
        print("  21 classes; upsampling is fixed where it is not said to be learned")
    if {"networks", "small", "layers"} & set(sections):
        print("of peak: the definition's multiplications and additions in that time,")
        print("  over the matrix product's rate")
    if "layers" in sections or "parts" in sections:
        print("MB: what the definition reads and writes; GB/s: in that time")
    for name, why in absent.items():
        if why:
            say(f"{name} was not measured: {why}; {INSTALL[name]}")


def _absent(device, sections):
    """{competitor: why it was not measured, "" where it was} of all that these sections may have."""
    why = {"PyTorch": peers.missing(device)}
    if device == "cpu" and {"networks", "small"} & set(sections):
        why |= {name: engines.missing(name) for name in engines.ENGINES}
    return why


def bench_files(out: str | Path, overwrite: bool, suffixes: Sequence[str] = ("",)) -> list[tuple[Path, Path]]:
    """[(CSV file, picture)] in the folder `out`, which is made if need be: a pair for each suffix of their names.

    Raises InputError where one is there and not to be replaced, or where none can be written.
    """
    folder = Path(out)
    pairs = [(folder / f"bench{suffix}.csv", folder / f"roofline{suffix}.png") for suffix in suffixes]
    make_room(folder, [path.name for pair in pairs for path in pair], overwrite)
    return pairs


def make_room(folder: Path, names: Sequence[str], overwrite: bool) -> None:
    """Make the folder for files of these names, as `bench_files` does it."""
    for name in names:
        check_free(folder / name, overwrite)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):  # now, not after minutes of measuring
            pass
    except OSError as error:
        raise InputError(f"--out {folder} cannot be written ({error.strerror}); name another folder") from error


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
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow((*COLUMNS, *COMPETITORS))
    for *what, values in rows:
        writer.writerow((*about, *what, *(f"{values[n]:.4g}" if n in values else "" for n in COMPETITORS)))
    write_whole(path, lambda file: file.write(text.getvalue().encode()))


def roofline_points(
    results: list[Measured], competitors: Sequence[str] = ("minifcn", "PyTorch")
) -> dict[str, list[tuple[str, float, float]]]:
    """{competitor: [(name, FLOP for each byte, FLOP/s)]} of those whose FLOP and bytes were counted."""
    points: dict[str, list] = {name: [] for name in competitors}
    for case, seconds in (row for row in results if row.case.bytes):
        for name in points.keys() & seconds.keys():
            points[name].append((case.name, case.flops / case.bytes, case.flops / seconds[name]))
    return points
