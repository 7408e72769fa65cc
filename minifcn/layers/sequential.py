"""Layers one after another."""

from minifcn.layers.layer import Layer


class Sequential(Layer):
    """y = last(... second(first(x)))

    forward   x      -> through every layer in order
    backward  dL/dy  -> through every layer in reverse

    `Sequential(a, b)` names its layers "0", "1", as PyTorch does; `Sequential({"conv1": a, "relu1": b})` by the keys.
    Ways to save work and memory while training, off unless set:
    learns_from    the number of the first layer that learns, and needs a gradient. Those before it keep nothing and get
                   none, and if there are any, backward returns None
    backward_once  backward drops what each layer kept as soon as it is used; so it runs only once after each forward
    recompute      only x is kept, and backward first runs forward again: a second forward pass for the memory of all
                   maps in between (Chen et al. 2016, arXiv 1604.06174, section 4.1)
    """

    backward_once = recompute = False
    learns_from = 0

    def __init__(self, *layers):
        if len(layers) == 1 and isinstance(layers[0], dict):
            self.named = dict(layers[0])
        else:
            self.named = {str(number): layer for number, layer in enumerate(layers)}

    def children(self):
        return list(self.named.items())

    def forward(self, x):
        if self.recompute:
            self.keep(x, self._random_states())
        for number, layer in enumerate(self.named.values()):
            x = layer(x)
            if self.recompute or number < self.learns_from:
                layer.forget()
        return x

    def backward(self, dy):
        if self.recompute:
            x, states = self.kept()
            now = self._random_states(states)  # so that the same masks are drawn
            for layer in self.named.values():
                x = layer(x)
            self._random_states(now)
            if self.backward_once:
                self._kept = None
        for layer in reversed(list(self.named.values())[self.learns_from :]):
            dy = layer.backward(dy)
            if self.backward_once or self.recompute:
                layer.forget()
        return None if self.learns_from else dy

    def trace(self, name, place, axis, places):
        """Layer after layer; a nameless net's layers are noted under their own names."""
        for inner, layer in self.children():
            place = layer.trace(name + self.joint + inner if name else inner, place, axis, places)
        return place

    def _random_states(self, states=None):
        """The states of the generators inside, which are then put to `states` where given."""
        generators = [layer.rng.bit_generator for layer in self.layers() if hasattr(layer, "rng")]
        before = [generator.state for generator in generators]
        for generator, state in zip(generators, states or ()):
            generator.state = state
        return before

    def __repr__(self):
        return "Sequential(\n" + "".join(f"  {name}: {layer!r}\n" for name, layer in self.named.items()) + ")"


def skip_frozen(parts):
    """Let Sequentials, one after another, keep and compute nothing for backward before the first layer that learns.

    Returns that layer, None where there is none. To be called again after freezing.
    """
    first = None
    for part in parts:
        layers = list(part.named.values())
        part.learns_from = 0
        if first is None:
            learning = [number for number, layer in enumerate(layers) if any(p.trainable for p in layer.parameters())]
            part.learns_from = learning[0] if learning else len(layers)
            first = layers[learning[0]] if learning else None
    return first
