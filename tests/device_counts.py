"""What a training step would give a GPU to do, counted layer by layer on the strict double (cupy_costs.py):

    python tests/device_counts.py fcn8s --size 320 --width 0.0625

For each layer the calls and the bytes of a pass forward and one backward, and behind them what is copied in secret.
"""

import argparse
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this clone's minifcn, whichever is installed

import cupy_costs
import numpy as np
import strict_array

from minifcn.backend import to_device
from minifcn.layers import SoftmaxCrossEntropy
from minifcn.models import FCN8s, FCN16s, FCN32s
from minifcn.optim import SGD

NETS = {"fcn8s": FCN8s, "fcn16s": FCN16s, "fcn32s": FCN32s}


def training_step(net, size, images=1, criterion=None):
    """A function that does one step of training on the strict double, and calls note(name) after each part of it.

    What is made once, velocities and gradients, is there already, by a step with a small part of the image.
    """
    rng = np.random.default_rng(0)
    x = to_device(rng.standard_normal((images, 3, size, size), "float32"), "gpu")
    labels = to_device(rng.integers(net.settings["n_class"], size=(images, size, size)).astype("uint8"), "gpu")
    net.to("gpu").train()
    optimizer, criterion = SGD(net.parameters(), lr=1e-3, weight_decay=5e-4), criterion or SoftmaxCrossEntropy()

    def step(note, side=size):
        cupy_costs.forget()
        scores = net(x[..., :side, :side])
        note("forward")
        criterion(scores, labels[..., :side, :side])
        note("loss")
        net.backward(criterion.backward())
        note("backward")
        optimizer.step()
        note("update")
        optimizer.zero_grad()
        note("zero_grad")

    step(lambda name: None, net.least_size())
    return step


def by_layer(net, size, images=1, criterion=None):
    """What is counted in one step: {(name, "forward" or "backward"): Counter} of the layers, {part: Counter} of it."""
    step, layers, parts = training_step(net, size, images, criterion), {}, {}
    inner, before = [Counter()], Counter()

    def watch(name, layer, way):
        function = getattr(layer, way)

        def watched(*args):
            start = spent()
            inner.append(Counter())
            result = function(*args)
            everything = spent() - start
            layers[name, way] = layers.get((name, way), Counter()) + everything - inner.pop()
            inner[-1] += everything
            return result

        setattr(layer, way, watched)

    def watch_all(prefix, layer):
        for way in ("forward", "backward"):
            watch(prefix or "between them", layer, way)
        for name, child in layer.children():
            watch_all(f"{prefix}/{name}".lstrip("/"), child)

    def note(part):
        parts[part] = spent() - before
        before.update(parts[part])

    watch_all("", net)
    step(note)
    return layers, parts


def spent():
    """All that was counted so far: {("calls", "") or (cause, "") : times, (cause, "bytes"): bytes}."""
    causes = Counter({(cause, ""): count for cause, count in cupy_costs.counts.items()})
    causes.update({(cause, "bytes"): size for cause, size in cupy_costs.sizes.items()})
    causes.update({(f"waits: {cause}", ""): count for cause, count in cupy_costs.waits.items()})
    causes.update({(f"uploads: {cause}", ""): count for cause, count in cupy_costs.uploads.items()})
    return causes


def secrets(counter):
    """Everything that is not a call, in words."""
    return ", ".join(
        f"{count} {cause}" + (f" of {counter[cause, 'bytes'] / 1e6:.3g} MB" if counter[cause, "bytes"] else "")
        for (cause, kind), count in sorted(counter.items())
        if not kind and cause != "calls"
    )


def table(rows):
    for name, counter in rows:
        calls, megabytes = counter["calls", ""], counter["calls", "bytes"] / 1e6
        if calls:
            print(f"{name:<38}{calls:>6} calls {megabytes:>10,.2f} MB  {secrets(counter)}".rstrip())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("net", nargs="?", choices=NETS, default="fcn8s")
    parser.add_argument("--backbone", default="vgg16")
    parser.add_argument("--size", type=int, default=320, help="of the image, pixels")
    parser.add_argument("--images", type=int, default=1)
    parser.add_argument("--width", type=float, default=1 / 16)
    parser.add_argument("--fc-channels", type=int, default=16)
    parser.add_argument("--padding", default="100")
    options = parser.parse_args()
    sys.modules["cupy"] = strict_array.xp
    padding = options.padding if options.padding == "same" else int(options.padding)
    settings = {"width": options.width, "fc_channels": options.fc_channels, "padding": padding}
    net = NETS[options.net](backbone=options.backbone, **settings)
    layers, parts = by_layer(net, options.size, options.images)
    for way in ("forward", "backward"):
        print(way)
        table((name, counter) for (name, where), counter in layers.items() if where == way)
    print("step")
    table([*parts.items(), ("all of it", sum(parts.values(), Counter()))])
    print("calls by what they are:", ", ".join(f"{count} {name}" for name, count in cupy_costs.by_name.most_common()))


if __name__ == "__main__":
    main()
