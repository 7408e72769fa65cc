"""Small networks of drawn layers: one after another, side by side, with skips."""

import torch
from draw import Case, maps, number, one
from torch import nn

from minifcn import layers


def chain(rng, channels, steps):
    """[(name, settings)] of some layers one after another, which leave the size as it is where `steps` is 1."""
    chosen = []
    for _ in range(number(rng, 1, 4)):
        name = one(rng, "Conv2d", "ReLU", *["Conv2d", "MaxPool2d", "ZeroPad2d"] * (steps > 1))
        if name == "Conv2d":
            outs, stride = number(rng, 1, 4), number(rng, 1, steps)
            padding = "same" if stride == 1 else 1
            chosen.append((name, (channels, outs, (number(rng, 1, 3), number(rng, 1, 4)), stride, padding)))
            channels = outs
        else:
            chosen.append((name, {"ReLU": (), "MaxPool2d": (2,), "ZeroPad2d": ((0, 1, 2, 0),)}[name]))
    return chosen


def made(kit, chosen):
    return kit.Sequential(*(getattr(kit, name)(*settings) for name, settings in chosen))


def sequential(rng):
    ins = number(rng, 1, 3)
    chosen, x = chain(rng, ins, 2), maps(rng, ins)
    return Case(f"Sequential({chosen}) of {x.shape}", lambda: made(layers, chosen), lambda: made(nn, chosen), [x])


def branches(rng):
    ins = number(rng, 1, 3)
    chosen, x = [chain(rng, ins, 1) for _ in range(number(rng, 1, 3))], maps(rng, ins)

    def ours():
        return layers.Branches(*(made(layers, branch) for branch in chosen))

    return Case(f"Branches({chosen}) of {x.shape}", ours, lambda: SideBySide([made(nn, b) for b in chosen]), [x])


def graph(rng):
    """A skip around a chain, which is taken twice."""
    ins = number(rng, 1, 3)
    chosen, x = chain(rng, ins, 1), maps(rng, ins)
    chosen.append(("Conv2d", (([ins] + [s[1] for name, s in chosen if name == "Conv2d"])[-1], ins, 1)))

    def ours():
        more = layers.Concatenation(), "sum", "chain", "input"
        return layers.Graph({"chain": made(layers, chosen), "sum": (layers.Sum(), "chain", "input"), "all": more})

    return Case(f"Graph({chosen}) of {x.shape}", ours, lambda: Skip(made(nn, chosen)), [x])


class SideBySide(nn.Module):
    def __init__(self, branches):
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], 1)


class Skip(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        y = self.inner(x)
        return torch.cat([y + x, y, x], 1)
