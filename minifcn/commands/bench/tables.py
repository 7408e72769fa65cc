"""What the terminal shows of a run."""

import statistics

from minifcn.commands.bench.peers import pytorch
from minifcn.commands.terminal import console, new_table


def show_limits(device, threads, limits):
    """What the machine can do, as `machine.Limits`."""
    print(
        f"{device}, {threads} threads: float32 matrix product {limits.product / 1e9:,.0f} GFLOP/s, "
        f"copying {limits.copy / 1e9:,.1f} GB/s read and written"
    )


def show_section(section, results, limits):
    """The [Measured] of a section, as ratios to each competitor; which of them are bound by products, not by memory."""
    others = [name for name in results[0].seconds if name != "minifcn"]
    bound = [row.case.flops > row.case.bytes * limits.product / limits.copy for row in results]
    table = new_table(section, "", "ms", *(f"/ {name}" for name in others), *["of peak"] * any(bound))
    for row, by_products in zip(results, bound):
        ratios = [f"{row.ratio(name):.2f}" for name in others]
        share = [f"{row.rate / limits.product:.2f}"] if by_products else []
        table.add_row(row.case.name, f"{1e3 * row.seconds['minifcn']:.2f}", *ratios, *share)
    if section == "layers":
        table.add_section()
        means = [statistics.geometric_mean(row.ratio(name) for row in results) for name in others]
        table.add_row("geometric mean", "", *(f"{mean:.2f}" for mean in means))
    console.print(table)


def show_memory(rows):
    """Peak memory: rows of `memory.Memory`."""
    others = [name for name in rows[0].peak if name != "minifcn"]
    ratios = [f"/ {name}" for name in others]
    table = new_table("memory", "", "MB", *ratios, "MB added", *ratios)
    for row in rows:
        cells = []
        for numbers in (row.peak, {name: row.peak[name] - row.before[name] for name in row.peak}):
            mine = numbers["minifcn"]
            cells += [f"{mine / 1e6:,.0f}", *(f"{mine / numbers[name]:.2f}" for name in others)]
        table.add_row(row.name, *cells)
    console.print(table)
    print("MB: the whole process at its peak; MB added: since network and libraries were there")


def show_legend(device, sections):
    """What the columns of these sections mean."""
    if set(sections) != {"memory"}:
        ratios = pytorch(device) or "layers" in sections  # textbook's, too
        over = "; /: minifcn's time over the other's, below 1 it is faster" if ratios else ""
        print(f"ms: one call, the median of interleaved samples{over}")
    if "layers" in sections:
        print("textbook: the columns of a whole layer and one product, as DeZero and Chainer compute a convolution")
    if "layers" in sections or "networks" in sections:
        print("of peak: the definition's multiplications and additions in that time, over the matrix product's rate")
    if not pytorch(device):
        print("PyTorch was not measured, it is not installed for this device: pip install -r requirements-test.txt")
