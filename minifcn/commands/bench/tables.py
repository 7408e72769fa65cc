"""What the terminal shows of a run."""

import statistics
from collections.abc import Sequence

from minifcn.commands.bench.machine import Limits
from minifcn.commands.bench.memory import Memory
from minifcn.commands.bench.peers import pytorch
from minifcn.commands.bench.timing import Measured
from minifcn.commands.terminal import console, new_table


def show_limits(device: str, threads: int, limits: Limits) -> None:
    """What the machine can do."""
    print(f"{device}, {threads} threads: float32 matrix product {limits.product / 1e9:,.0f} GFLOP/s,")
    print(f"  copying {limits.copy / 1e9:,.1f} GB/s read and written")


def show_section(section: str, results: Sequence[Measured], limits: Limits) -> None:
    """A section's figures, as ratios to each competitor; which of them are bound by products, not by memory."""
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


def show_legend(device: str, sections: Sequence[str]) -> None:
    """What the columns of these sections mean."""
    if set(sections) != {"memory"}:
        print("ms: one call, the median of interleaved samples")
        if pytorch(device) or "layers" in sections:  # the textbook's, too
            print("/: minifcn's time over the other's, below 1 it is faster")
    if "layers" in sections:
        print("textbook: the columns of a whole layer and one product,")
        print("  as DeZero and Chainer compute a convolution")
    if "layers" in sections or "networks" in sections:
        print("of peak: the definition's multiplications and additions in that time,")
        print("  over the matrix product's rate")
    if not pytorch(device):
        print("PyTorch was not measured, it is not installed for this device:")
        print("  pip install -r requirements-test.txt")
