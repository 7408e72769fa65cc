"""Layers one after another."""

from minifcn.layers.graph import Graph
from minifcn.layers.layer import Layer


class Sequential(Graph):
    """y = last(... second(first(x))): the Graph in which every layer takes what the one before it gives.

    forward   x      -> through every layer in order
    backward  dL/dy  -> through every layer in reverse

    `Sequential(a, b)` names its layers "0", "1", as PyTorch does; `Sequential({"conv1": a, "relu1": b})` by the keys.
    Raises as `Graph`.
    """

    def __init__(self, *layers: Layer | dict[str, Layer]) -> None:
        named = len(layers) == 1 and isinstance(layers[0], dict)
        super().__init__(layers[0] if named else {str(number): layer for number, layer in enumerate(layers)})

    def __repr__(self):
        return "Sequential(\n" + "".join(f"  {name}: {layer!r}\n" for name, layer in self.named.items()) + ")"
