"""The command `bench`: limits, sections, memory; tables, a CSV file and a picture."""

from argparse import ArgumentParser, Namespace
from itertools import zip_longest

from rich.progress import Progress, SpinnerColumn, TextColumn

from minifcn.backend.parallel import thread_count
from minifcn.commands.bench import report
from minifcn.commands.bench.gpu import allow_tf32, check_rounding, has_tf32
from minifcn.commands.bench.gpu import name as gpu_name
from minifcn.commands.bench.launches import count
from minifcn.commands.bench.machine import measure_limits
from minifcn.commands.bench.memory import measure_memory
from minifcn.commands.bench.prove import prove
from minifcn.commands.bench.sections import SECTIONS
from minifcn.commands.bench.timing import measure
from minifcn.commands.streams import say
from minifcn.commands.tables import console
from minifcn.errors import InputError
from minifcn.pictures.roofline import save_roofline

ALL = (*SECTIONS, "memory")


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"{', '.join(ALL)}; default: all")
    parser.add_argument("--out", metavar="DIR", help="write bench.csv and roofline.png there")
    parser.add_argument("--overwrite", action="store_true", help="replace those files")
    prove = "on a GPU: check that all is right, then how quick, and write gpu.md, gpu.csv and rooflines into --out"
    parser.add_argument("--prove", action="store_true", help=prove)


def run(options: Namespace) -> None:
    """Time networks, convolutions and other layers beside PyTorch on the same cores, and measure peak memory.

    ONNX Runtime and OpenVINO, where they are installed, run the networks' forward passes, too. Each figure is a ratio
    within this run. All sections take some minutes, the section small less than two. On a GPU all is measured twice,
    without TF32 and with it, and launches are counted. --prove shows on a GPU in nine minutes that all is right there,
    and how quick; exit code 1 if a check fails.
    """
    device, sections, out, gpu = options.device, options.sections or ALL, options.out, options.device == "gpu"
    if gpu:
        check_rounding()
    if options.prove:
        return prove(options)
    if unknown := [name for name in sections if name not in ALL]:
        raise InputError(f"bench: section {unknown[0]!r} is none of {', '.join(ALL)}")
    if gpu and list(sections) == ["memory"]:
        raise InputError("bench memory: only the CPU's is measured; leave --device gpu or the section out")
    roundings = ("no TF32", "TF32") if gpu and has_tf32() else ("no TF32",) if gpu else ("",)
    files = [] if out is None else report.bench_files(out, options.overwrite, ["", "-tf32"][: len(roundings)])
    print(options.device_reason)
    written: list[str] = []
    for rounding, pair in zip_longest(roundings, files):
        if gpu:
            allow_tf32(rounding == "TF32")
        written += _measure(device, rounding, sections, pair)
    if gpu:
        if "TF32" not in roundings:
            print("TF32 was not measured, this GPU has none: compute capability 8.0 and more have")
        # After all times: the profiler that counts may slow down what comes later.
        counted = dict(row for section in SECTIONS if section in sections for row in _followed(section, _launches))
        report.show_launches({name: launches for name, launches in counted.items() if launches})
    report.show_legend(device, sections)
    if written:
        say("wrote", " and ".join(written))


def _measure(device, rounding, sections, files):
    """Measure the sections on a device, print them and write the two files, if any -> those written."""
    name = f"{gpu_name()}, {rounding}" if device == "gpu" else "CPU"
    threads, limits, timed = thread_count(), measure_limits(device), {}
    for section in (section for section in SECTIONS if section in sections):
        timed[section] = _followed(section, lambda case: measure(case, device))
        limits = limits.or_better(measure_limits(device))
        report.show_section(section, rounding, timed[section], limits)
    report.show_limits(name, threads, limits)
    memory = measure_memory() if "memory" in sections and device == "cpu" else []
    if memory:
        report.show_memory(memory)
    if not files:
        return []
    csv, roofline = files
    report.write_csv(csv, name, threads, limits, timed, memory)
    points = report.roofline_points([row for rows in timed.values() for row in rows])
    if not points["minifcn"]:
        return [str(csv)]
    save_roofline(roofline, f"{name}, {threads} threads, float32", limits.product, limits.copy, points)
    return [str(csv), str(roofline)]


def _launches(case):
    """(name of the case, {competitor: Launches})."""
    counted = {name: count(function) for name, function in case.make("gpu").items()}
    return case.name, {name: launches for name, launches in counted.items() if launches}


def _followed(section, work):
    """[work(case)] of a section's cases, with a line that says which is under way."""
    results, columns = [], (SpinnerColumn("line"), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(section)
        for case in SECTIONS[section]():
            progress.update(task, description=f"{section}: {case.name}")
            results.append(work(case))
    return results
