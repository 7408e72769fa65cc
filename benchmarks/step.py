"""Where the time of a small network's training step goes: python benchmarks/step.py [--images 8] [--size 96]

FCN-8s at width 0.25, 21 classes, padding "same", in float32 on one thread: the processor time of each node forward and
backward, of the loss and of SGD, the least of some steps, in milliseconds and as a share of their sum.
"""

import argparse
import sys
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).parents[1]))

from minifcn.backend.parallel import hold
from minifcn.layers import SoftmaxCrossEntropy
from minifcn.models import FCN8s
from minifcn.optim import SGD

STEPS = 8


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=8)
    parser.add_argument("--size", type=int, default=96, help="pixels across")
    options = parser.parse_args()
    with threadpool_limits(1), hold():
        taken = measure(options.images, options.size)
    whole = sum(map(sum, taken.values()))
    title = f"{options.images} x {options.size}x{options.size}: {1000 * whole:.1f} milliseconds of one thread"
    table = Table("node", "forward", "backward", "share", title=title)
    for name, times in sorted(taken.items(), key=lambda item: -sum(item[1])):
        table.add_row(name, *(f"{1000 * seconds:.2f}" for seconds in times), f"{sum(times) / whole:.3f}")
    Console().print(table)


def measure(images, size):
    """{node: (seconds forward, backward)}, and those of the loss and of SGD."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((images, 3, size, size), dtype="float32")
    labels = rng.integers(0, 21, (images, size, size)).astype("uint8")
    net, criterion = FCN8s(21, width=0.25, fc_channels=256, padding="same").train_only(), SoftmaxCrossEntropy()
    optimizer = SGD(net.parameters(), 1e-9, 0.9, 5e-4)
    samples = defaultdict(lambda: ([], []))
    for name, layer in [*net.named.items(), ("loss", criterion)]:
        layer.forward = timed(layer.forward, samples[name][0])
        layer.backward = timed(layer.backward, samples[name][1])
    step = timed(optimizer.step, samples["SGD"][0])
    for _ in range(STEPS):
        criterion(net(x), labels)
        net.backward(criterion.backward())
        step()
        optimizer.zero_grad()
    return {name: [min(times[1:], default=0) for times in both] for name, both in samples.items()}


def timed(function, times):
    """The function, which notes the processor time of each call."""

    def call(*args):
        start = time.thread_time()
        result = function(*args)
        times.append(time.thread_time() - start)
        return result

    return call


if __name__ == "__main__":
    main()
