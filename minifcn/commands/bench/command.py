"""The command `bench`: limits, sections, memory; tables, a CSV file and a picture."""

import os
import subprocess
import sys
from argparse import ArgumentParser, Namespace

from rich.progress import Progress, SpinnerColumn, TextColumn

from minifcn.backend import gpu_status
from minifcn.backend.parallel import thread_count
from minifcn.commands.bench import report
from minifcn.commands.bench.cases import SECTIONS
from minifcn.commands.bench.machine import measure_limits
from minifcn.commands.bench.memory import measure_memory
from minifcn.commands.bench.peers import allow_tf32
from minifcn.commands.bench.timing import measure
from minifcn.commands.streams import say
from minifcn.commands.tables import console
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

    Each figure is a ratio within this run. All sections take some minutes. On a GPU all is measured twice, without
    TF32 and with it.
    """
    device, sections, out, gpu = options.device, options.sections or ALL, options.out, options.device == "gpu"
    if unknown := [name for name in sections if name not in ALL]:
        raise InputError(f"bench: section {unknown[0]!r} is none of {', '.join(ALL)}")
    if gpu and list(sections) == ["memory"]:
        raise InputError("bench memory: only the CPU's is measured; leave --device gpu or the section out")
    tf32 = gpu and os.environ.get(TF32) == "1"
    if out is not None:
        suffixes = ["-tf32"] if tf32 else ["", "-tf32"] if gpu else [""]  # both, before minutes are spent
        (csv, roofline), *_ = report.bench_files(out, options.overwrite, suffixes)
    print(options.device_reason)
    if gpu:
        allow_tf32(tf32)
    name = gpu_status().reason + (", TF32" if tf32 else ", no TF32") if gpu else "CPU"
    threads, limits, timed = thread_count(), measure_limits(device), {}
    for section in (name for name in SECTIONS if name in sections):
        timed[section] = _timed(section, device)
        limits = limits.or_better(measure_limits(device))
        report.show_section(section, timed[section], limits)
    report.show_limits(name, threads, limits)
    memory = measure_memory() if "memory" in sections and not gpu else []
    if memory:
        report.show_memory(memory)
    report.show_legend(device, sections)
    if out is not None:
        report.write_csv(csv, name, threads, limits, timed, memory)
        written, points = [str(csv)], report.roofline_points([row for rows in timed.values() for row in rows])
        if points["minifcn"]:
            save_roofline(roofline, f"{name}, {threads} threads, float32", limits.product, limits.copy, points)
            written.append(str(roofline))
        say("wrote", " and ".join(written))
    if gpu and not tf32:
        command = [sys.executable, "-m", "minifcn", "bench", *sections, "--device", "gpu"]
        command += ["--out", out] * (out is not None) + ["--overwrite"] * options.overwrite
        if subprocess.run(command, env=os.environ | {TF32: "1"}).returncode:
            raise InputError("bench: the second run, with TF32, did not end; what the first one measured stands above")


def _timed(section, device):
    """[Measured] of a section's cases, with a line that says which is under way."""
    results, columns = [], (SpinnerColumn("line"), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(section)
        for case in SECTIONS[section]():
            progress.update(task, description=f"{section}: {case.name}")
            results.append(measure(case, device))
    return results
