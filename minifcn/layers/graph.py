"""A network as named nodes, told once, and all that follows from it; and the nodes at which maps come together."""

from collections.abc import Callable
from typing import Any, NamedTuple

from minifcn.backend import Array, array_module
from minifcn.backend.parallel import hold
from minifcn.convolution.checks import check_gradient
from minifcn.convolution.geometry import Place, pair
from minifcn.errors import InputError
from minifcn.layers.layer import Layer
from minifcn.layers.wiring import INPUT, check_layers


class Step(NamedTuple):
    """A node as it is computed: what it takes, and which of that nobody takes any more."""

    name: str
    layer: Layer
    inputs: tuple[str, ...]
    last: set[str]


class Graph(Layer):
    """Layers as nodes, each of which computes on the outputs of nodes before it.

    forward   x      -> through the nodes in order; a map is let go as soon as its last taker has it
    backward  dL/dy  -> through them in reverse; a map that several nodes took gets the sum of their gradients

    nodes    {name: layer}, which takes the output of the node before it; or {name: (layer, name, ...)}, which takes
             those of the nodes named, "input" being x
    outputs  names of nodes; None: the last. Of several, forward gives a tuple, and backward takes one
    auxiliary_outputs  more of them, while training only
    recompute  while training keep no map but those of these nodes, and let backward run forward again from one to the
             next: a second forward pass for the memory of all maps between (Chen et al. 2016, arXiv 1604.06174, section
             4.1). True: keep none but x
    Raises InputError for a layer that is there twice, and for a ReLU that would overwrite what somebody else needs.
    """

    recompute: bool | tuple[str, ...] = False
    backward_once = False

    def __init__(
        self, nodes: dict, outputs: tuple[str, ...] | None = None, auxiliary_outputs: tuple[str, ...] = ()
    ) -> None:
        self.named, self.inputs, before = {}, {}, INPUT
        for name, node in nodes.items():
            layer, *inputs = node if isinstance(node, tuple) else (node,)
            if unknown := [i for i in inputs if i not in self.named and i != INPUT]:
                raise InputError(f"{type(self).__name__}: {name} takes {unknown[0]!r}, which is no node before it")
            self.named[name], self.inputs[name], before = layer, tuple(inputs or [before]), name
        main = tuple(outputs or [before])
        self.outputs = {False: main, True: main + tuple(auxiliary_outputs)}  # by `training`
        self.steps = {training: self._steps_to(names) for training, names in self.outputs.items()}
        self.idle: set[str] = set()  # nodes that need no gradient
        check_layers(self)
        sources = {name: self._source(name) for name in main}
        self.hands_on, self.keeps_output = None in sources.values(), any(s and s.keeps_output for s in sources.values())

    def children(self):
        return list(self.named.items())

    def check(self, x: Array) -> None:
        """InputError for an input that this network does not take. A subclass says which."""

    def forward(self, x):
        self.check(x)
        maps, starts = {INPUT: x}, []
        for steps, again in self._segments():
            if again:
                taken = {i for step in steps for i in step.inputs if i in maps}
                starts.append(({i: maps[i] for i in taken}, _random_states(steps)))
            else:
                starts.append((None, None))
            self._run(steps, maps, forget=again)
        self.keep(starts)
        y = tuple(maps[name] for name in self.outputs[self.training])
        return y if len(y) > 1 else y[0]

    def backward(self, dy):
        (starts,) = self.kept()
        outputs, idle = self.outputs[True], self.idle
        grads = dict(zip(outputs, dy if len(outputs) > 1 else (dy,), strict=True))
        for name in outputs:
            if (source := self._source(name)) and source.inplace:
                grads[name] = grads[name].copy()  # it is the caller's
        with hold():
            for (steps, again), (maps, states) in reversed([*zip(self._segments(), starts)]):
                if again and not idle.issuperset(step.name for step in steps):
                    now = _random_states(steps, states)  # so that the same masks are drawn
                    self._run(steps, dict(maps), forget=False)
                    _random_states(steps, now)
                for name, layer, inputs, _ in reversed(steps):
                    if name in idle or name not in grads:
                        continue
                    dy = grads.pop(name)
                    dx = layer.backward(dy)
                    for i, d in zip(inputs, dx if layer.joins else (dx,)):
                        if d is not None and i not in idle:
                            grads[i] = grads[i] + d if i in grads else d  # not in place: a layer may hold either
                    if again or self.backward_once:
                        layer.forget()
        if self.backward_once:
            self._kept = None
        return grads.get(INPUT)

    def _run(self, steps, maps, forget):
        """Compute these nodes; maps {name: map} loses what nobody takes any more."""
        for name, layer, inputs, last in steps:
            taken = [maps[i] for i in inputs]
            for i in last:
                del maps[i]
            maps[name] = layer.forward(*taken)
            if forget or name in self.idle:
                layer.forget()

    def _segments(self):
        """[(steps, whether they are run again for backward)]."""
        steps = self.steps[self.training]
        if not (self.recompute and self.training):
            return [(steps, False)]
        ends = self.outputs[True] if self.recompute is True else self.recompute
        cuts = [number for number, step in enumerate(steps, start=1) if step.name in ends]
        segments = [(steps[start:end], True) for start, end in zip([0, *cuts], cuts)]
        return [*segments, (steps[cuts[-1] :], False)]

    def train_only(self, input_gradient: bool = False) -> "Graph":
        """Do no more than training needs from now on; returns the network. To be called again after freezing.

        backward gives no gradient of x, nor of any map that only frozen layers lead to, which keep nothing; and it
        drops what a layer kept as soon as it is used, so it runs once after each forward.
        """
        self.backward_once, self.idle = True, set() if input_gradient else {INPUT}
        for name, layer, inputs, _ in self.steps[True]:
            layer.input_gradient = not self.idle.issuperset(inputs)
            if not layer.input_gradient and not any(parameter.trainable for parameter in layer.parameters()):
                self.idle.add(name)
            if isinstance(layer, Graph):
                layer.train_only(layer.input_gradient)
        return self

    def follow(self, ask: Callable, value: Any, noted: dict[str, Any] | None = None, name: str = "") -> Any:
        """Carry a value through the nodes, those inside nodes too, as forward carries a map.

        ask(layer, *values of what it takes) -> value of its output; noted is filled with {name: value} of all nodes.
        """
        known = {INPUT: value}
        for inner, layer, inputs, last in self.steps[False]:
            taken, path = [known[i] for i in inputs], name + self.joint + inner if name else inner
            for i in last:
                del known[i]
            nested = isinstance(layer, Graph)
            known[inner] = layer.follow(ask, *taken, noted, path) if nested else ask(layer, *taken)
            if noted is not None:
                noted[path] = known[inner]
        return known[self.outputs[False][0]]

    def output_place(self, axis, place):
        return self.follow(lambda layer, *places: layer.output_place(axis, *places), place)

    def output_channels(self, channels):
        return self.follow(lambda layer, *counts: layer.output_channels(*counts), channels)

    def places_along(self, axis: int, size: int) -> dict[str, Place]:
        """{name: Place} of every node, along rows (axis 0) or columns (1) of an image of `size` pixels."""
        places: dict[str, Place] = {}
        self.follow(lambda layer, *taken: layer.output_place(axis, *taken), Place(size), places)
        return places

    def _steps_to(self, outputs):
        """The nodes that lead to these outputs, as Steps."""
        steps, taken = [], set(outputs)
        for name in reversed(self.named):
            if name in taken:
                inputs = self.inputs[name]
                steps.append(Step(name, self.named[name], inputs, set(inputs) - taken))
                taken.update(inputs)
        return steps[::-1]

    def _source(self, name):
        """The layer whose very output the map `name` may be, with those after it handing it on; None: it is x."""
        while name != INPUT and self.named[name].hands_on:
            name = self.inputs[name][0]
        return self.named.get(name)


def _random_states(steps, states=None):
    """The states of the generators inside, which are then put to `states` where given."""
    generators = [layer.rng.bit_generator for step in steps for layer in step.layer.layers() if hasattr(layer, "rng")]
    before = [generator.state for generator in generators]
    for generator, state in zip(generators, states or ()):
        generator.state = state
    return before


class Sum(Layer):
    """y = a + b + ..., of maps that lie over each other.

    forward   maps (N, C, H, W) each  -> y, the same shape
    backward  dL/dy                   -> dL/dy for each of them, in arrays of their own
    """

    joins = True

    def forward(self, first, *others):
        y = first
        for other in others:
            y = y + other
        self.keep(1 + len(others))
        return y

    def backward(self, dy):
        (count,) = self.kept()
        return tuple(dy.copy() for _ in range(count))

    def output_place(self, axis, *places):
        return _lying_over(places)


class Concatenation(Layer):
    """y = [a, b, ...], joined along the channels, of maps that lie over each other.

    forward   maps (N, A, H, W), (N, B, H, W), ...  -> y (N, A + B + ..., H, W)
    backward  dL/dy, cut as y was joined            -> a part for each of them, in arrays of their own

    Raises InputError where the maps differ in more than the channels.
    """

    joins = True

    def forward(self, *maps):
        if len({(len(x), *x.shape[2:]) for x in maps}) > 1:
            raise InputError(f"Concatenation: maps of shapes {', '.join(str(x.shape) for x in maps)} cannot be joined")
        y = array_module(maps[0]).concatenate(maps, axis=1)
        self.keep(y.shape, [x.shape[1] for x in maps])
        return y

    def backward(self, dy):
        shape, channels = self.kept()
        check_gradient(self, dy, shape)
        parts, start = [], 0
        for count in channels:
            parts.append(array_module(dy).array(dy[:, start : start + count], order="C"))  # (N, count, H, W)
            start += count
        return tuple(parts)

    def output_place(self, axis, *places):
        return _lying_over(places)

    def output_channels(self, *counts):
        return sum(counts)


class Crop(Layer):
    """y = the part of x that lies over another map: from pixel `offset` on, (rows, columns), of the other's size.

    forward   x (N, C, H, W), other (N, K, h, w)  -> y (N, C, h, w)
    backward  dL/dy                               -> dL/dx (N, C, H, W), zeros around dL/dy; and None for the other

    Raises InputError where x ends before the other does.
    """

    joins = True

    def __init__(self, offset: int | tuple[int, int] = 0) -> None:
        self.offset = pair(offset, "Crop: offset")

    def index(self, size: tuple[int, int]) -> tuple:
        """What is used of x, for another map of this size (h, w)."""
        return ..., *(slice(start, start + n) for start, n in zip(self.offset, size))

    def forward(self, x, other):
        y = x[self.index(other.shape[2:])]
        if y.shape[2:] != other.shape[2:]:
            raise InputError(f"Crop: from {self.offset} on, {tuple(x.shape)} does not cover {tuple(other.shape)}")
        self.keep(x.shape, y.shape)
        return y.copy()  # (N, C, h, w)

    def backward(self, dy):
        shape, cropped = self.kept()
        check_gradient(self, dy, cropped)
        dx = array_module(dy).zeros(shape, dtype=dy.dtype)
        dx[self.index(cropped[2:])] = dy
        return dx, None

    def output_place(self, axis, place, other):
        return _lying_over([place.cropped(self.offset[axis], other.size), other])

    def __repr__(self):
        return f"Crop({self.offset})"


def _lying_over(places):
    """The Place of what joins maps: of their receptive fields the largest. InputError where they lie elsewhere."""
    if len({(place.size, place.pitch, place.start) for place in places}) > 1:
        raise InputError(f"the maps do not lie over each other: {', '.join(map(str, places))}")
    return max(places, key=lambda place: place.receptive_field)
