"""What training on several machines gives: a model with your own numbers, and a measurement on this one.

    python benchmarks/machines.py --net full --step 7.6 --bandwidth 1    # seconds of a step on one host, Gbit/s
    python benchmarks/machines.py --net small                            # a step measured here
    python benchmarks/machines.py --measure                              # needs mpiexec: the extra [mpi]

Of n hosts each sends and receives 2 (n - 1) / n times the bytes of all gradients in a step, in two rounds of n - 1
messages for each bucket; the switch between them is taken to let all do so at once. Some of it may be hidden behind
the rest of the backward pass. Two ways of using n hosts:

    the batch grows    each host keeps its batch: n times the images a step, and so n times fewer steps an epoch
    the batch stays    each host gets its share: the same training, n times as fast at best, until a share is one image

--measure: images a second of one process that uses all cores, beside one process a core, of the same batch.
"""

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).parents[1]))

from minifcn import FCN8s
from minifcn.machines.exchange import Exchange, buckets
from minifcn.machines.starting import cores, join
from minifcn.optim import SGD, fixed
from minifcn.training.fit import fit

HOSTS = (1, 2, 3, 4, 8, 16, 32, 64, 128, 256)
SMALL = {"n_class": 21, "width": 0.25, "fc_channels": 256, "padding": "same"}
NETS = {  # settings, images of a step, pixels across
    "small": (SMALL, 8, 96),
    "mid": (SMALL, 4, 240),
    "full": ({"n_class": 21}, 1, 500),
}
ROUNDS, STEPS = 5, 6  # of --measure: how often each is started, and steps that are timed then


class Costs(NamedTuple):
    """What a step costs."""

    step: float  # seconds of a step on one host
    images: int  # of that step
    size: int  # bytes of all gradients
    rounds: int  # buckets that they travel in
    bandwidth: float  # bytes a second, in and out at the same time
    message: float  # seconds that a message takes besides
    hidden: float  # share of the step's computation that an exchange can go on beside

    def exchange(self, n: int) -> float:
        """Seconds in which n hosts sum their gradients."""
        return 2 * (n - 1) / n * self.size / self.bandwidth + 2 * (n - 1) * self.rounds * self.message

    def seconds(self, n: int, share: float) -> float:
        """Of a step of n hosts, each of which computes this share of the one host's step."""
        compute = share * self.step
        return compute + max(0.0, self.exchange(n) - self.hidden * compute)


def main():
    options = parse()
    if options.rank:
        return time_steps(options.rank, options.threads)
    return measure() if options.measure else model(options)


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    help = "8 images of 96x96, 4 of 240x240, or the paper's FCN-8s and one of 500x500; default: small"
    parser.add_argument("--net", choices=NETS, default="small", help=help)
    parser.add_argument("--step", type=float, metavar="S", help="seconds of a step on one host; default: measured here")
    parser.add_argument("--images", type=int, metavar="N", help="of that step, beside --step; default: the net's own")
    parser.add_argument("--bandwidth", type=float, default=1, metavar="G", help="Gbit/s of each host; default: 1")
    parser.add_argument("--message", type=float, default=2e-5, metavar="S", help="seconds a message; default: 2e-5")
    help = "share of a step's computation beside which gradients travel; default: 0"
    parser.add_argument("--hidden", type=float, default=0, metavar="P", help=help)
    parser.add_argument("--float16", action="store_true", help="gradients travel in half the bytes")
    parser.add_argument("--hosts", type=int, nargs="+", default=HOSTS, metavar="N", help="default: 1 to 256")
    parser.add_argument("--measure", action="store_true", help="images/s of one process a core, on this machine")
    parser.add_argument("--rank", choices=NETS, help=argparse.SUPPRESS)
    parser.add_argument("--threads", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


def model(options):
    """Print the table of what n hosts give."""
    settings, images, _ = NETS[options.net]
    parameters = [p for p in reversed(FCN8s(**settings).parameters()) if p.trainable]
    size = sum(p.size for p in parameters) * (2 if options.float16 else 4)
    step = options.step or timed(options.net, 3)
    rate = options.bandwidth * 1e9 / 8
    costs = Costs(step, options.images or images, size, len(buckets(parameters)), rate, options.message, options.hidden)
    images = f"{costs.images} image{'s' * (costs.images > 1)}"
    what = f"{images} in {step:.3g} s on one host; {size / 1e6:.1f} MB of gradients"
    how = f"{options.bandwidth:g} Gbit/s, {options.hidden:.0%} of the computation hides the exchange"
    heads = "hosts", "exchange, s", "batch grows: images/s", "of linear", "batch stays: images/s", "of linear"
    table = table_of(f"{options.net} net: {what}\n{how}", *heads)
    alone = costs.images / step
    for n in options.hosts:
        grows = n * costs.images / costs.seconds(n, 1)
        cells = [figure(grows), f"{grows / (n * alone):.2f}", "-", "-"]
        if n <= costs.images:
            stays = costs.images / costs.seconds(n, -(-costs.images // n) / costs.images)  # the largest share counts
            cells[2:] = figure(stays), f"{stays / (n * alone):.2f}"
        table.add_row(str(n), f"{costs.exchange(n):.3g}", *cells)
    Console(width=110).print(table)
    print("-: more hosts than images: some have nothing to do")


def measure():
    """Print images a second of one process with a thread a core beside one process a core."""
    count = len(cores())
    ways = {f"1 process x {count} threads": (1, count), f"{count} processes x 1 thread": (count, 1)}
    table = table_of(f"images/s of training steps on {count} cores, medians of {ROUNDS} turns", "net", *ways, "ratio")
    for net in ("small", "mid"):
        taken = [[in_processes(net, *way) for way in ways.values()] for _ in range(ROUNDS)]
        one, several = (NETS[net][1] / statistics.median(seconds) for seconds in zip(*taken))
        table.add_row(net, f"{one:.2f}", f"{several:.2f}", f"{several / one:.2f}")
    Console(width=110).print(table)


def table_of(title, *heads):
    table = Table(title=title)
    for head in heads:
        table.add_column(head, justify="right")
    return table


def figure(number):
    return f"{number:.3g}" if number < 100 else f"{number:.0f}"


def in_processes(net, processes, threads):
    """Seconds of a step, in so many processes of so many threads each."""
    command = [sys.executable, __file__, "--rank", net, "--threads", str(threads)]
    if processes > 1:
        command = [str(Path(sys.executable).with_name("mpiexec")), "-n", str(processes), *command]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def time_steps(net, threads):
    """One of the processes: the first prints the seconds of a step."""
    group = join()
    with threadpool_limits(threads):
        seconds = timed(net, STEPS, group)
    if group.rank == 0:
        print(seconds)


def timed(net, steps, group=None):
    """The median seconds of so many training steps, after two that are not counted; of a group, a shared one."""
    settings, count, size = NETS[net]
    rng = np.random.default_rng(0)
    images = rng.standard_normal((count, 3, size, size), "float32")
    labels = rng.integers(settings["n_class"], size=(count, size, size)).astype(np.uint8)
    network = FCN8s(**settings).train_only()
    optimizer = SGD(network.parameters(), 1e-10)
    exchange = Exchange(network.parameters(), group) if group else None
    mine = group.share(count) if group else slice(None)
    batches = [(images[mine], labels[mine])] * (steps + 2)
    moments = [time.perf_counter() for _ in fit(network, batches, optimizer, fixed(1e-10), exchange=exchange)]
    return statistics.median(np.diff(moments)[1:])


if __name__ == "__main__":
    main()
