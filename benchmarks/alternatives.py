"""The alternatives, counted and measured: python benchmarks/alternatives.py

Multiply-adds from the windows' arithmetic, and medians of interleaved runs, of a VGG-like net without padding: three
blocks of two 3x3 convolutions and a pooling, a 3x3 layer in the place of fc6, scores of 21 classes; stride 8.
"""

import sys
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))

from minifcn import alternatives
from minifcn.backend.parallel import thread_count
from minifcn.commands.bench.timing import medians
from minifcn.layers import Conv2d, MaxPool2d, ReLU, Sequential

CLASSES = 21
CHANNELS = (16, 32, 64)  # of each block
SIZE = (140, 172)
RUNS = 3


def vgg_like(rng):
    layers, before = [], 3
    for channels in CHANNELS:
        for inputs in (before, channels):
            layers += [Conv2d(inputs, channels, 3, rng=rng), ReLU(inplace=True)]
        layers.append(MaxPool2d(2))
        before = channels
    head = Conv2d(before, 128, 3, rng=rng), ReLU(inplace=True), Conv2d(128, CLASSES, 1, rng=rng)
    return Sequential(*layers, *head)


def main():
    rng = np.random.default_rng(0)
    net, image = vgg_like(rng), rng.standard_normal((1, 3, *SIZE), "float32")
    console = Console(width=120)
    field, stride, scores = (
        alternatives.receptive_field(net),
        alternatives.total_stride(net),
        alternatives.dense(net, image).shape[2:],
    )
    console.print(
        f"{by(SIZE)} pixels, {by(scores)} scores {stride[0]} apart, each sees {by(field)}; float32, "
        f"{thread_count()} threads"
    )
    console.print(finer_scores(net, image))
    console.print(whole_or_patches(net, image))
    console.print(sampled_loss(net, image, rng))
    console.print(strides(net))


def finer_scores(net, image):
    """To scores at every pixel (section 3.2)."""
    rarefied = alternatives.rarefied(net).eval()
    differ = abs(rarefied(image) - alternatives.shift_and_stitch(net, image)).max()
    ways = (
        lambda: alternatives.dense(net, image),
        lambda: alternatives.shift_and_stitch(net, image),
        lambda: rarefied(image),
    )
    names = ("the net itself, every 8th", "shift-and-stitch", "rarefied")
    title = f"scores at every pixel; the two ways differ by {differ:.0e} at most"
    return compare(title, names, alternatives.cost(net, SIZE), ways)


def whole_or_patches(net, image):
    """The same scores at once, or each from its own patch (section 3.1)."""
    scores = alternatives.dense(net, image)
    differ = abs(scores - alternatives.patch_by_patch(net, image)).max()
    count = scores.shape[2] * scores.shape[3]
    by_patch = count * alternatives.multiply_adds(net, alternatives.receptive_field(net))
    ways = (
        lambda: alternatives.dense(net, image),
        lambda: alternatives.patch_by_patch(net, image, 32),
        lambda: alternatives.patch_by_patch(net, image),
    )
    names = ("the whole image", f"{count} patches, 32 at a time", f"{count} patches, one by one")
    title = f"whole image or patches; scores differ by {differ:.0e} at most"
    return compare(title, names, (alternatives.multiply_adds(net, SIZE), by_patch, by_patch), ways)


def sampled_loss(net, image, rng):
    """Gradients of the loss at a quarter of the scores (section 3.4); a step counts as three forward passes."""
    size = alternatives.dense(net, image).shape[2:]
    labels = alternatives.sample_pixels(rng.integers(0, CLASSES, (1, *size)), 0.25, rng)
    count = int((labels != 255).sum())
    ways = (
        lambda: alternatives.sampled_gradients(net, image, labels),
        lambda: alternatives.patch_gradients(net, image, labels),
    )
    (_, at_once), (_, one_by_one) = (way() for way in ways)
    differ = max(abs(g - one_by_one[name]).max() / abs(g).max() for name, g in at_once.items())
    work = (
        alternatives.multiply_adds(net, SIZE),
        count * alternatives.multiply_adds(net, alternatives.receptive_field(net)),
    )
    title = f"gradients of the loss at {count} of {labels.size} scores; they differ by {differ:.0e} of the largest"
    return compare(title, ("a whole image, sampled", f"{count} patches"), [3 * n for n in work], ways)


def strides(net):
    table = table_of("the same weights with other strides", "stride", "parameters", "receptive field", "multiply-adds")
    for name, stride, parameters, field, work in alternatives.tradeoff(net, SIZE):
        table.add_row(name, by(stride), f"{parameters:,}", by(field), f"{work / 1e6:,.0f} M")
    return table


def compare(title, names, counted, ways):
    table = table_of(title, "multiply-adds", "of the first", "milliseconds", "of the first")
    taken = medians(ways, RUNS, "cpu")
    for name, work, seconds in zip(names, counted, taken, strict=True):
        ratios = f"{work / counted[0]:.2f}", f"{seconds / taken[0]:.2f}"
        table.add_row(name, f"{work / 1e6:,.0f} M", ratios[0], f"{1000 * seconds:,.1f}", ratios[1])
    return table


def table_of(title, *columns):
    table = Table("", title=title)
    for column in columns:
        table.add_column(column, justify="right")
    return table


def by(size):
    return f"{size[0]}x{size[1]}"


if __name__ == "__main__":
    main()
