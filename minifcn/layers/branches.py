"""Layers side by side on one input, their outputs one behind the other: what GoogLeNet's inception modules are."""

from minifcn.layers.graph import INPUT, Graph
from minifcn.layers.joins import Concatenation
from minifcn.layers.sequential import Sequential


class Branches(Graph):
    """y = [first(x), second(x), ...], joined along the channels.

    forward   x (N, C, H, W)             -> y (N, O1 + O2 + ..., oh, ow)
    backward  dL/dy, cut as y was joined -> dL/dx = the sum of all branches' dL/dx

    branches  Sequentials of named layers. In a network the names follow the module's after a slash, as published:
              "inception_3a/5x5_reduce.weight". A name that a branch before has, too, gets the branch's number: "1.0"
    Raises InputError where the branches' outputs differ in more than the channels; else as `Graph`.
    """

    joint = "/"

    def __init__(self, *branches: Sequential) -> None:
        nodes, ends = {}, []
        for number, branch in enumerate(branches):
            end = INPUT
            for name, layer in branch.children():
                name = f"{number}.{name}" if name in nodes else name
                nodes[name], end = (layer, end), name
            ends.append(end)
        super().__init__(nodes | {"output": (Concatenation(), *ends)})

    def __repr__(self):
        return f"Branches({', '.join(f'{name}: {layer!r}' for name, layer in self.named.items())})"
