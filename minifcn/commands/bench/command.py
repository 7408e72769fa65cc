"""The command `bench`: limits, sections, memory; tables, a CSV file and a picture."""

import os
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from rich.progress import Progress, SpinnerColumn, TextColumn

from minifcn.backend import gpu_status
from minifcn.backend.parallel import thread_count
from minifcn.commands.bench.cases import SECTIONS
from minifcn.commands.bench.machine import measure_limits
from minifcn.commands.bench.memory import measure_memory
from minifcn.commands.bench.peers import allow_tf32
from minifcn.commands.bench.report import bench_files, roofline_points, write_csv
from minifcn.commands.bench.tables import show_legend, show_limits, show_memory, show_section
from minifcn.commands.bench.timing import measure
from minifcn.commands.terminal import console
from minifcn.errors import InputError
from minifcn.pictures.roofline import save_roofline

ALL = (*SECTIONS, "memory")
TF32 = "CUPY_TF32"  # CuPy reads this variable once, so that on and off take a process each


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"{', '.join(ALL)}; default: all")
    parser.add_argument("--out", metavar="DIR", help="write bench.csv and roofline.png")
    parser.add_argument("--overwrite", action="store_true", help="replace those files")


def run(options: Namespace) -> None:
    """Time whole networks, convolutions and other layers beside PyTorch on the same cores, and measure peak memory.

    Each figure is a ratio within this run. All sections take some minutes.
    """
    print(options.device_reason)
    run_bench(options.device, options.sections or ALL, options.out, options.overwrite)


def run_bench(device: str, sections: Sequence[str], out: str | None = None, overwrite: bool = False) -> None:
    """Measure the `sections` (of ALL) on "cpu" or "gpu", print them, and write both files to the folder `out`.

    On a GPU all is measured twice, without TF32 and with it. Raises InputError for an unknown section, and where a file
    is in the way.
    """
    if unknown := [name for name in sections if name not in ALL]:
        raise InputError(f"bench: section {unknown[0]!r} is none of {', '.join(ALL)}")
    if device == "gpu" and list(sections) == ["memory"]:
        raise InputError("bench memory: only the CPU's is measured; leave --device gpu or the section out")
    tf32 = device == "gpu" and os.environ.get(TF32) == "1"
    if out is not None:
        suffixes = ["-tf32"] if tf32 else ["", "-tf32"] if device == "gpu" else [""]  # both, before minutes are spent
        files, *_ = bench_files(out, overwrite, suffixes)
    if device == "gpu":
        allow_tf32(tf32)
    name = gpu_status().reason + (", TF32" if tf32 else ", no TF32") if device == "gpu" else "CPU"
    threads = thread_count()
    limits, timed = measure_limits(device), {}
    for section in (name for name in SECTIONS if name in sections):
        timed[section] = _timed(section, device)
        limits = limits.or_better(measure_limits(device))
        show_section(section, timed[section], limits)
    show_limits(name, threads, limits)
    memory = measure_memory() if "memory" in sections and device == "cpu" else []
    if memory:
        show_memory(memory)
    show_legend(device, sections)
    if out is not None:
        write_csv(files[0], name, threads, limits, timed, memory)
        written, points = [files[0]], [row for section in ("layers", "parts") for row in timed.get(section, ())]
        if any(row.case.bytes for row in points):
            title = f"{name}, {threads} threads, float32"
            save_roofline(files[1], title, limits.product, limits.copy, roofline_points(points))
            written.append(files[1])
        print(f"wrote {' and '.join(map(str, written))}")
    if device == "gpu" and not tf32:
        _again_with_tf32(sections, out, overwrite)


def _timed(section, device):
    """[Measured] of a section's cases, with a line that says which is under way."""
    results = []
    columns = SpinnerColumn(), TextColumn("{task.description}")
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(section)
        for case in SECTIONS[section]():
            progress.update(task, description=f"{section}: {case.name}")
            results.append(measure(case, device))
    return results


def _again_with_tf32(sections, out, overwrite):
    command = [sys.executable, "-m", "minifcn", "bench", *sections, "--device", "gpu"]
    command += ["--out", str(out)] * (out is not None) + ["--overwrite"] * overwrite
    if subprocess.run(command, env=os.environ | {TF32: "1"}).returncode:
        raise InputError("bench: the second run, with TF32, did not end; what the first one measured stands above")
