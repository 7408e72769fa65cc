"""The figures of a run as a CSV file, and its roofline as a picture."""

import csv
import tempfile
from datetime import date
from pathlib import Path

from matplotlib.figure import Figure

from minifcn.errors import InputError
from minifcn.pictures.runs import BLACK, BLUE, DPI, VERMILLION

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
        if path.is_dir():
            raise InputError(f"{path} is a folder: name another --out")
        if path.exists() and not overwrite:
            raise InputError(f"{path} exists: give --overwrite to replace it, or another --out")
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


def write_roofline(path, title, limits, results):
    """Draw the rates of [Measured] against the FLOP they have for each byte, below the machine's two roofs."""
    figure = Figure(figsize=(900 / DPI, 560 / DPI), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    points = {  # competitor -> [(name, FLOP for each byte, GFLOP/s)]
        competitor: [
            (m.case.name, m.case.flops / m.case.bytes, m.case.flops / m.seconds[competitor] / 1e9)
            for m in results
            if m.rate and competitor in m.seconds
        ]
        for competitor in ("minifcn", "PyTorch")
    }
    left, right = min(x for _, x, _ in points["minifcn"]) / 2, max(x for _, x, _ in points["minifcn"]) * 4
    roof = [left, limits.product / limits.copy, right]
    axes.plot(roof, [min(limits.product, limits.copy * x) / 1e9 for x in roof], color=BLACK, linewidth=1.5, zorder=1)
    for (competitor, some), mark, colour in zip(points.items(), "ox", (BLUE, VERMILLION)):
        if some:
            _, x, y = zip(*some)
            axes.plot(x, y, mark, color=colour, label=competitor)
    axes.set(xscale="log", yscale="log", xlim=(left, right))
    axes.set_xlabel("FLOP of the definition for each byte that goes in and out")
    axes.set_ylabel("GFLOP/s")
    axes.set_title(title, loc="left", size=11)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="0.92")
    axes.legend(
        frameon=False,
        loc="lower right",
        title="roofs: copying, and the matrix product;\nabove them: fewer products, or cached",
    )
    figure.draw_without_rendering()  # gives the axes their place
    _name_points(axes, points["minifcn"])
    figure.savefig(path, dpi=DPI)


def _name_points(axes, named):
    """Write the names of minifcn's points, [(name, x, y)], right of the axes in their order, a thin line to each.

    Points with one number of FLOP for each byte share a name, without its number, beside them.
    """
    columns = {}
    for name, x, y in named:
        columns.setdefault(round(x, 3), []).append((y, name, x))
    alone = sorted(some[0] for some in columns.values() if len(some) == 1)
    for some in (some for some in columns.values() if len(some) > 1):
        y, name, x = max(some)
        axes.annotate(name.rstrip("_0123456789"), (x, y), (8, -4), textcoords="offset points", size=9)
    line = 16 / axes.get_window_extent().height
    lowest = 0
    for rank, (y, name, x) in enumerate(alone):
        at = axes.transAxes.inverted().transform(axes.transData.transform((x, y)))[1]
        at = max(lowest, min(at, 1 - line * (len(alone) - 1 - rank)))
        lead = {"arrowstyle": "-", "color": "0.7", "linewidth": 0.6, "shrinkB": 4}
        axes.annotate(name, (x, y), (1.03, at), textcoords=axes.transAxes, size=9, va="center", arrowprops=lead)
        lowest = at + line
