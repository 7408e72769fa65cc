"""A network as named nodes: told once, and all that follows from it."""

from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

from minifcn.backend import Array
from minifcn.backend.parallel import hold
from minifcn.convolution.geometry import Place
from minifcn.errors import InputError
from minifcn.layers.layer import Layer

INPUT = "input"  # the name of what goes in


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
        _check_layers(self)
        source = self._source(main[0])
        self.hands_on = source == INPUT
        self.keeps_output = source != INPUT and self.named[source].keeps_output

    def children(self):
        return list(self.named.items())

    def check(self, x: Array) -> None:
        """InputError for an input that this network does not take. A subclass says which."""

    def forward(self, x):
        self.check(x)
        maps, starts = {INPUT: x}, []
        for steps, again in self._segments():
            taken = {i for step in steps for i in step.inputs if i in maps} if again else ()
            starts.append(({i: maps[i] for i in taken}, _random_states(steps)))
            self._run(steps, maps, forget=again)
        self.keep(starts)
        y = tuple(maps[name] for name in self.outputs[self.training])
        return y if len(y) > 1 else y[0]

    def backward(self, dy):
        (starts,) = self.kept()
        outputs, idle = self.outputs[True], self.idle
        grads = dict(zip(outputs, dy if len(outputs) > 1 else (dy,), strict=True))
        for name in outputs:
            if self._overwrites_gradient(name):
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
        """The node whose very output the map `name` may be."""
        while name != INPUT and self.named[name].hands_on:
            name = self.inputs[name][0]
        return name

    def _overwrites_gradient(self, name):
        while name != INPUT and (self.named[name].hands_on or self.named[name].joins):
            name = self.inputs[name][0]
        return name != INPUT and self.named[name].inplace


def _check_layers(graph):
    """InputError for a layer that is there twice, and for one that overwrites what somebody else needs."""
    title, seen = type(graph).__name__, {}
    takers = Counter([*graph.outputs[True], *(i for inputs in graph.inputs.values() for i in inputs)])
    for name, layer in graph.named.items():
        if not isinstance(layer, Layer):
            raise InputError(f"{title}: {name} is a {type(layer).__name__}, expected a layer")
        for inner in layer.layers():
            if inner in seen:
                raise InputError(
                    f"{title}: {seen[inner]} and {name} are or hold the same {type(inner).__name__}, which would give "
                    "wrong gradients: make two, or share a Parameter between them"
                )
            seen[inner] = name
        if layer.inplace and (whose := _still_needed(graph, graph.inputs[name][0], takers)):
            raise InputError(f"{title}: layer {name} overwrites {whose}: use ReLU()")


def _still_needed(graph, taken, takers):
    """What the map `taken` is, in words, if anybody needs it but the one layer that takes it; else None."""
    if taken == INPUT:
        return "the input, which is the caller's"
    if takers[taken] > 1:
        return f"the output of {taken}, which is taken elsewhere, too"
    layer = graph.named[taken]
    if layer.keeps_output:
        return f"the output of {taken}, which that keeps for backward"
    return _still_needed(graph, graph.inputs[taken][0], takers) if layer.hands_on else None


def _random_states(steps, states=None):
    """The states of the generators inside, which are then put to `states` where given."""
    generators = [layer.rng.bit_generator for step in steps for layer in step.layer.layers() if hasattr(layer, "rng")]
    before = [generator.state for generator in generators]
    for generator, state in zip(generators, states or ()):
        generator.state = state
    return before
