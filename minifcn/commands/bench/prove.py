"""`bench --prove`: everything that there is to show on a GPU, in order of importance, within nine minutes."""

import sys
import time
from argparse import Namespace
from math import isnan
from pathlib import Path

from minifcn.backend import gpu_status
from minifcn.commands.bench import gpu, report, right, trainings, twins
from minifcn.commands.bench.account import CUT_OFF, Table, reason, verdict, write
from minifcn.commands.bench.quick import FASTER, GOALS, SCORES, Quick
from minifcn.commands.streams import say
from minifcn.commands.tables import console
from minifcn.errors import InputError
from minifcn.pictures.roofline import save_roofline

SECONDS = 480  # nothing is begun after these: nine minutes with what is under way then
PICTURES = {"no TF32": "gpu_roofline.png", "TF32": "gpu_roofline_tf32.png"}
ADVICE = "Which should be the default"
ERROR = "An error is the largest difference over the largest number."
MARK = ""  # stands on top of the account: tests rehearse it without a GPU


def prove(options: Namespace) -> None:
    """Check, measure and write DIR/gpu.md, gpu.csv and rooflines, anew after each table; exit code 1 if a check fails.

    Raises InputError without a GPU, without --out, and where files are in the way.
    """
    if options.sections:
        raise InputError(f"bench --prove goes through all of its own sections: leave {options.sections[0]!r} out")
    if options.device != "gpu":
        raise InputError(f"bench --prove needs a GPU, but {gpu_status().reason}; with one, give --device gpu")
    if options.out is None:
        raise InputError("bench --prove writes gpu.md, gpu.csv and rooflines: name a folder for them with --out")
    folder = Path(options.out)
    report.make_room(folder, ("gpu.md", "gpu.csv", *PICTURES.values()), options.overwrite)
    print(options.device_reason)
    end = time.monotonic() + SECONDS
    quick = Quick(lambda: end - time.monotonic())
    tables = _first_tables(quick)
    _work_through(tables, folder, quick, tables)
    wrong = _wrong_kernels(tables[-1])
    for name in wrong:
        twins.leave_out(name)
    if twins.names():
        quick.ways["kernels"] = True
    rest = _tables(quick, tables[-1])
    pictures = _work_through(rest, folder, quick, [*tables, *rest])
    say(verdict([*tables, *rest]))
    say(f"in {folder}: {', '.join(['gpu.md', 'gpu.csv', *pictures])}")
    if not all(right for table in (*tables, *rest) for _, right in table.checks):
        sys.exit(1)


def _work_through(tables, folder, quick, known):
    """Fill these tables and write the account of all that are known after each -> {picture: what it shows}."""
    pictures = {}
    for table in tables:
        if quick.left() > 0 or table.title == ADVICE:  # which takes no time
            _fill(table, quick)
            table.show()
        pictures |= _rooflines(folder, quick)
        write(folder, quick.name, MARK, known, pictures)
    return pictures


def _wrong_kernels(table):
    """The names of those that may not take part in what follows: what is not known to be right."""
    right = {row[0] for row in table.rows if row[-1] is True}
    return [name for name in twins.names() if name not in right or table.title in table.broken]


def _fill(table, quick):
    """Let a table have its rows, as many as there is time for; what goes wrong ends that table alone."""
    table.ended = ""
    try:
        gpu.release()
        gpu.allow_tf32(False)  # whatever the table before, or the environment, has left
        with console.status(table.title, spinner="line"):
            for name, cells in table.fill():
                if quick.left() <= 0 and table.title != ADVICE:
                    table.ended = CUT_OFF
                    break
                table.add(name, cells)
    except Exception as error:  # before a row, or between two
        table.ended = reason(error)
        table.broken.append(table.title)


def _rooflines(folder, quick):
    """Draw those whose layers are measured -> {file's name: what it shows}."""
    drawn = {}
    competitors = sorted(quick.competitors, key=("plain", "PyTorch", "kernels").index)  # colours as elsewhere
    for rounding, rows in quick.measured.items():
        points, limits = report.roofline_points(rows, competitors), quick.limits.get(rounding)
        if limits and points["plain"] and not isnan(limits.product):
            title = f"{quick.name}, float32, {rounding}"
            save_roofline(folder / PICTURES[rounding], title, limits.product, quick.copy, points)
            drawn[PICTURES[rounding]] = f"A roofline of {title}: the layers of FCN-8s below what the GPU can do"
    return drawn


def _first_tables(quick):
    """The machine, and whether the kernels are right; those that are not take no part in what follows."""
    limits = ", ".join(f"{limit:g} in {dtype}" for dtype, limit in right.LIMITS.items())
    return [
        Table("The machine", "What all figures are of.", ("", "which"), gpu.facts),
        Table(
            "Its limits",
            "The fastest of several tries. A product of random 8192x8192 matrices; a copy of 1 GiB.",
            ("", "rate", "unit"),
            quick.machine,
        ),
        Table(
            "Kernels, each beside its plain function",
            "Plain: CuPy's array operations; kernels: by hand, with MINIFCN_KERNELS=1. "
            f"On {right.DRAWS} drawn shapes, in float32 on those of the full FCN-8s, too. {ERROR} Limits: {limits}. "
            "One that is not right is left out below."
            + " There is no minifcn/kernels/: all below is the plain way."
            * (not twins.names()),
            ("", *right.LIMITS, "right"),
            right.kernels_apart,
        ),
    ]


def _tables(quick, kernels):
    """All else, in order of importance."""
    ways, times = quick.ways, [f"{name} ms" for name in quick.competitors]
    ratios = [f"{way} / PyTorch" for way in ways]
    both = [f"{dtype} {way}" for way in ways for dtype in right.LIMITS]
    return [
        Table(
            "Layers and networks, GPU beside CPU",
            "Outputs and all gradients, with the same weights and dropout masks; errors and limits as above.",
            ("", *both, "right"),
            lambda: right.layers(ways),
        ),
        Table(
            "Gradients, by hand beside numerical",
            f"Both on the GPU, in float64. Limit: {right.GRADIENT:g}, as of `minifcn check`.",
            ("", *ways, "right"),
            lambda: right.gradients(ways),
        ),
        Table(
            "Trainings",
            f"A small FCN-8s on generated scenes. Limits of losses: {trainings.LIMITS['float64']:g} in float64, "
            f"{trainings.LIMITS['float32']:g} in float32, since every step starts from the rounding of all before it; "
            "of what must be the same bit for bit: 0.",
            ("", *ways, "right"),
            lambda: trainings.trainings(ways),
        ),
        Table(
            "The full FCN-8s, one image of 500x500",
            "Milliseconds of a call, by the GPU's clock, PyTorch with cuDNN in the same process and with the same "
            "rounding; the faster way's rate over the limit with that rounding, by the definition's operations. Goals, "
            f"without TF32: forward within {GOALS['forward']:g} times PyTorch's time, a training step within "
            f"{GOALS['training step']:g}; beyond them, 1.2.",
            ("", *times, *ratios, "rate / limit", "goal", "goal reached"),
            quick.network,
        ),
        Table(
            "Its scores beside PyTorch's",
            f"Without TF32. {ERROR} Limit: {SCORES:g}.",
            ("", *ways, "right"),
            quick.scores,
        ),
        Table(
            "Its memory",
            "Gigabytes that CuPy's pool, or PyTorch's, holds at the most: weights, gradients, maps and work space. The "
            "columns of a convolution take a quarter of what is free, and 2 GiB at the most.",
            ("", *quick.competitors),
            quick.memory,
        ),
        Table(
            "Each kernel beside CuPy's generic way",
            "On shapes of the full FCN-8s. MB: what the definition reads and writes; copy: the time that copying as "
            "much takes.",
            ("", "MB", "plain ms", "kernel ms", "kernel / plain", "copy / plain", "copy / kernel"),
            quick.each_kernel,
        ),
        Table(
            "Launches",
            "What the driver reports of one call (CUPTI, by PyTorch's profiler), and how long it was busy with it; "
            "busy: that over the time above, without TF32. In the rest it waits for the host. Right: no upload, and "
            "in a step at most one download, of the loss, for which the host waits. Without PyTorch nobody counts.",
            ("", "kernels", "uploads", "downloads", "copies", "fillings", "ms busy", "busy", "right"),
            quick.launched,
        ),
        Table(
            "The demo",
            "Seconds of `python -m minifcn demo --device gpu`, from its start to its end: with its imports, "
            "and with what has to be compiled that the parts above have not left in CuPy's cache.",
            ("", "s", "goal", "goal reached"),
            quick.demo,
        ),
        Table(
            "Layers of the full FCN-8s",
            "Forward and backward on one image of 500x500; as above, but with the profiler loaded that has counted.",
            ("", *times, *ratios, "rate / limit"),
            quick.layers,
        ),
        Table(
            ADVICE,
            f"A kernel is worth its lines if it is right and takes at most {FASTER:g} of the plain way's time. One "
            "that is not goes with its file in minifcn/kernels/, or its name in that file's TWINS; the rest is what "
            'all get once `kernels_wanted` in minifcn/backend/kernels.py takes "1" where the environment says nothing.',
            ("", "right", "kernel / plain", "take"),
            lambda: quick.advice({row[0]: row[-1] is True for row in kernels.rows}),
        ),
    ]
