"""Layers one after another."""

from minifcn.layers.layer import Layer


class Sequential(Layer):
    """y = last(... second(first(x)))

    forward   x      -> through every layer in order
    backward  dL/dy  -> through every layer in reverse

    `Sequential(a, b)` names its layers "0", "1", as PyTorch does; `Sequential({"conv1": a, "relu1": b})` by the keys.
    """

    def __init__(self, *layers):
        if len(layers) == 1 and isinstance(layers[0], dict):
            self.named = dict(layers[0])
        else:
            self.named = {str(number): layer for number, layer in enumerate(layers)}

    def children(self):
        return list(self.named.items())

    def forward(self, x):
        for layer in self.named.values():
            x = layer(x)
        return x

    def backward(self, dy):
        for layer in reversed(self.named.values()):
            dy = layer.backward(dy)
        return dy

    def __repr__(self):
        return "Sequential(\n" + "".join(f"  {name}: {layer!r}\n" for name, layer in self.named.items()) + ")"
