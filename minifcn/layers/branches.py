"""Layers side by side on one input, their outputs one behind the other: what GoogLeNet's inception modules are."""

import itertools

from minifcn.backend import array_module
from minifcn.convolution.checks import check_gradient
from minifcn.errors import InputError
from minifcn.layers.layer import Layer


class Branches(Layer):
    """y = [first(x), second(x), ...], joined along the channels.

    forward   x (N, C, H, W)             -> y (N, O1 + O2 + ..., oh, ow)
    backward  dL/dy, cut as y was joined -> dL/dx = the sum of all branches' dL/dx

    branches  Sequentials of named layers; the names are unlike across branches. In a network they follow the
              module's after a slash, as published: "inception_3a/5x5_reduce.weight"
    Raises InputError where the branches' outputs differ in more than the channels.
    """

    joint = "/"

    def __init__(self, *branches):
        self.branches = branches

    @property
    def out_channels(self):
        """Channels of the output, where every branch ends in a convolution and what keeps its channels."""
        ends = [
            [layer.out_channels for layer in branch.layers() if hasattr(layer, "out_channels")]
            for branch in self.branches
        ]
        return sum(channels[-1] for channels in ends)

    def children(self):
        return [child for branch in self.branches for child in branch.children()]

    def forward(self, x):
        outputs = [branch(x) for branch in self.branches]
        if len({(len(y), *y.shape[2:]) for y in outputs}) > 1:
            raise InputError(f"Branches: outputs of shapes {', '.join(str(y.shape) for y in outputs)} cannot be joined")
        ends = list(itertools.accumulate(y.shape[1] for y in outputs))
        y = array_module(x).concatenate(outputs, axis=1)
        self.keep(y.shape, ends)
        return y

    def backward(self, dy):
        shape, ends = self.kept()
        check_gradient(self, dy, shape)
        xp, total = array_module(dy), None
        for branch, start, end in zip(self.branches, [0, *ends], ends):
            # Contiguous: a copy of its own, which layers inside may overwrite.
            dx = branch.backward(xp.array(dy[:, start:end], order="C"))
            if dx is not None:  # a branch whose first layer gives no gradient of the input
                total = dx if total is None else total + dx
        return total

    def trace(self, name, place, axis, places):
        """All branches lie over each other; of their receptive fields the largest counts."""
        ends = []
        for branch in self.branches:
            end = place
            for inner, layer in branch.children():
                end = layer.trace(name + self.joint + inner, end, axis, places)
            ends.append(end)
        if len({(end.size, end.pitch, end.start) for end in ends}) > 1:
            raise InputError(f"{name}: the branches' maps do not lie over each other")
        places[name] = max(ends, key=lambda end: end.receptive_field)
        return places[name]

    def __repr__(self):
        return f"Branches({', '.join(map(repr, self.branches))})"
