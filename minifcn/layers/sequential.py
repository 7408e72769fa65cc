"""Layers one after another, and layers side by side: the two Graphs whose nodes need not be told one by one."""

from typing import Any

from minifcn.checks import instance
from minifcn.layers.graph import INPUT, Graph
from minifcn.layers.joins import Concatenation
from minifcn.layers.layer import Layer


class Sequential(Graph):
    """y = last(... second(first(x))): every layer takes what the one before it gives.

    forward   x      -> through every layer in order
    backward  dL/dy  -> through every layer in reverse

    `Sequential(a, b)` names its layers "0", "1", as PyTorch does; `Sequential({"conv1": a, "relu1": b})` by the keys.
    Raises as `Graph`.
    """

    def __init__(self, *layers: Layer | dict[str, Layer]) -> None:
        first: Any = layers[0] if len(layers) == 1 else None
        super().__init__(first if isinstance(first, dict) else {str(n): layer for n, layer in enumerate(layers)})

    def __repr__(self) -> str:
        return "Sequential(\n" + "".join(f"  {name}: {layer!r}\n" for name, layer in self.named.items()) + ")"


class Branches(Graph):
    """y = [first(x), second(x), ...], joined along the channels: what GoogLeNet's inception modules are.

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
            instance(branch, f"Branches: branch {number}", Graph, "a Sequential")
            end = INPUT
            for name, layer in branch.children():
                name = f"{number}.{name}" if name in nodes else name
                nodes[name], end = (layer, end), name
            ends.append(end)
        super().__init__(nodes | {"output": (Concatenation(), *ends)})

    def __repr__(self) -> str:
        return f"Branches({', '.join(f'{name}: {layer!r}' for name, layer in self.named.items())})"
