"""The figures of a run as a CSV file, and its roofline as a picture."""

import csv
from datetime import date
from pathlib import Path

from matplotlib.figure import Figure

from minifcn.errors import InputError
from minifcn.plots import BLACK, BLUE, DPI, VERMILLION

FILES = ("bench.csv", "roofline.png")
COLUMNS = ("date", "device", "threads", "product_gflops", "copy_gbytes", "section", "name", "unit")
COMPETITORS = ("minifcn", "PyTorch", "textbook")


def bench_files(out, overwrite, suffix=""):
    """(CSV file, picture) in the folder `out`. Raises InputError where one is there and not to be replaced."""
    folder = Path(out)
    for place in (folder, *folder.parents):
        if place.exists() and not place.is_dir():
            raise InputError(f"--out {out}: {place} is a file; name a folder")
    paths = [folder / f"{Path(name).stem}{suffix}{Path(name).suffix}" for name in FILES]
    for path in paths:
        if path.exists() and not overwrite:
            raise InputError(f"{path} exists: give --overwrite to replace it, or another --out")
    return paths


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
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow((*COLUMNS, *COMPETITORS))
        for *what, values in rows:
            writer.writerow((*about, *what, *(f"{values[n]:.4g}" if n in values else "" for n in COMPETITORS)))


def write_roofline(path, title, limits, results):
    """Draw the rates of [Measured] against the FLOP they have for each byte, below the machine's two roofs."""
    figure = Figure(figsize=(900 / DPI, 560 / DPI), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    shown = [measured for measured in results if measured.rate]
    left = min(measured.case.flops / measured.case.bytes for measured in shown) / 2
    right = max(measured.case.flops / measured.case.bytes for measured in shown) * 4
    ridge = limits.product / limits.copy
    roof = [left, ridge, right]
    axes.plot(roof, [min(limits.product, limits.copy * x) / 1e9 for x in roof], color=BLACK, linewidth=1.5)
    axes.text(right, 1.06 * limits.product / 1e9, "matrix product", ha="right", va="bottom", size=9)
    marks = {"minifcn": ("o", BLUE), "PyTorch": ("x", VERMILLION)}
    for name, (mark, colour) in marks.items():
        points = [m for m in shown if name in m.seconds]
        x = [m.case.flops / m.case.bytes for m in points]
        y = [m.case.flops / m.seconds[name] / 1e9 for m in points]
        if points:
            axes.plot(x, y, mark, color=colour, label=name)
        if name == "minifcn":
            for measured, place in zip(points, zip(x, y)):
                axes.annotate(measured.case.name, place, (5, 5), textcoords="offset points", size=8)
    axes.set(xscale="log", yscale="log", xlim=(left, right))
    axes.set_xlabel("FLOP of the definition for each byte that goes in and out")
    axes.set_ylabel("GFLOP/s")
    axes.set_title(title, loc="left", size=11)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="0.92")
    axes.legend(frameon=False, loc="lower right")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=DPI)
