"""A network as named nodes, told once; forward, backward and the places of its maps follow from the telling."""

from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

from minifcn.backend import Array
from minifcn.backend.parallel import hold
from minifcn.convolution.geometry import Place
from minifcn.errors import InputError
from minifcn.layers.layer import Layer, one_pass
from minifcn.layers.pool import MaxPool2d

INPUT = "input"  # the name of what goes into a network


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
             those of the nodes named, "input" being x. A skip around a convolution:
             {"conv": Conv2d(3, 8, 3), "more": Conv2d(8, 8, 1), "sum": (Sum(), "conv", "more")}
    outputs  names of nodes; None: the last. Of several, forward gives a tuple, and backward takes one
    auxiliary_outputs  more of them, while training only
    recompute  while training keep no map but those of these nodes, and let backward run forward again from one to the
             next: a second forward pass for the memory of all maps between (Chen et al. 2016, arXiv 1604.06174, section
             4.1). True: keep none but x
    Raises InputError for a layer that is there twice, and for a ReLU that would overwrite what somebody else needs:
    their gradients would be wrong without a word.
    """

    recompute: bool | tuple[str, ...] = False
    backward_once = False

    def __init__(
        self, nodes: dict, outputs: tuple[str, ...] | None = None, auxiliary_outputs: tuple[str, ...] = ()
    ) -> None:
        self.named: dict[str, Layer] = {}
        self.inputs: dict[str, tuple[str, ...]] = {}
        before = INPUT
        for name, node in nodes.items():
            layer, *inputs = node if isinstance(node, tuple) else (node,)
            if unknown := [i for i in inputs if i not in self.named and i != INPUT]:
                raise InputError(f"{type(self).__name__}: {name} takes {unknown[0]!r}, which is no node before it")
            self.named[name], self.inputs[name], before = layer, tuple(inputs or [before]), name
        main = tuple(outputs or [before])
        self.outputs = {False: main, True: main + tuple(auxiliary_outputs)}  # by `training`
        self.steps = {training: self._steps_to(names) for training, names in self.outputs.items()}
        self.idle: set[str] = set()  # nodes that need no gradient
        self._check_layers()
        makers = [self._handed_on(name)[-1] for name in main]
        self.hands_on = INPUT in makers
        self.keeps_output = any(maker != INPUT and self.named[maker].keeps_output for maker in makers)

    def children(self) -> list[tuple[str, Layer]]:
        return list(self.named.items())

    def check(self, shape: tuple[int, ...]) -> None:
        """InputError for an input of a shape that this network does not take. A subclass says which."""

    def forward(self, x: Array) -> Any:
        self.check(getattr(x, "shape", ()))
        maps, pieces = {INPUT: x}, []  # of each piece: its steps, and to compute it again, maps and random states
        with one_pass(), hold():
            for steps, again in self._pieces():
                start = {i: maps[i] for step in steps for i in step.inputs if i in maps} if again else None
                pieces.append((steps, start, self._random_states() if again else ()))
                self._run(steps, maps, forget=again)
            self.keep(pieces)
        y = tuple(maps[name] for name in self.outputs[self.training])
        return y if len(y) > 1 else y[0]

    def backward(self, dy: Any) -> Array | None:
        (pieces,) = self.kept()
        outputs = self.outputs[True]
        grads = dict(zip(outputs, dy if len(outputs) > 1 else (dy,), strict=True))
        for name in outputs:
            maker = self._handed_on(name)[-1]
            if maker != INPUT and self.named[maker].inplace:
                grads[name] = grads[name].copy()  # it is the caller's
        with hold():
            for steps, start, states in reversed(pieces):
                again = start is not None
                if again and not self.idle.issuperset(step.name for step in steps):
                    now = self._random_states(states)  # so that the same masks are drawn
                    self._run(steps, dict(start), forget=False)
                    self._random_states(now)
                for name, layer, inputs, _ in reversed(steps):
                    if name in self.idle or name not in grads:
                        continue
                    dy = grads.pop(name)
                    dx = layer.backward(dy)
                    for i, d in zip(inputs, dx if layer.joins else (dx,)):
                        if d is not None and i not in self.idle:
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

    def _pieces(self):
        """[(steps, whether they are run again for backward)]."""
        steps = self.steps[self.training]
        if not (self.recompute and self.training):
            return [(steps, False)]
        ends = self.outputs[True] if self.recompute is True else self.recompute
        cuts = [number for number, step in enumerate(steps, start=1) if step.name in ends]
        return [*((steps[start:end], True) for start, end in zip([0, *cuts], cuts)), (steps[cuts[-1] :], False)]

    def _random_states(self, states=()):
        """The states of the generators inside, which are then put to `states` where given."""
        generators = [layer.rng.bit_generator for layer in self.layers() if hasattr(layer, "rng")]
        before = [generator.state for generator in generators]
        for generator, state in zip(generators, states):
            generator.state = state
        return before

    def recompute_maps(self, *others: str) -> "Graph":
        """While training keep no map from now on but the poolings' and those of `others`. Returns the network."""
        self.recompute = *(name for name, layer in self.named.items() if isinstance(layer, MaxPool2d)), *others
        return self

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

    def output_place(self, axis: int, place: Place) -> Place:
        return self.follow(lambda layer, *places: layer.output_place(axis, *places), place)

    def output_channels(self, channels: int, *_: int) -> int:
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

    def _handed_on(self, name):
        """The nodes whose very output the map `name` may be, back to the one that made it, or to the input."""
        names = [name]
        while name != INPUT and self.named[name].hands_on:
            name = self.inputs[name][0]
            names.append(name)
        return names

    def _check_layers(self):
        """InputError for a layer that is there twice, and for one that overwrites what somebody else needs."""
        title, seen = type(self).__name__, {}
        takers = Counter([*self.outputs[True], *(i for inputs in self.inputs.values() for i in inputs)])
        for name, layer in self.named.items():
            if not isinstance(layer, Layer):
                raise InputError(f"{title}: {name} is a {type(layer).__name__}, expected a layer")
            for inner in layer.layers():
                if inner in seen:
                    raise InputError(
                        f"{title}: {seen[inner]} and {name} are or hold the same {type(inner).__name__}, which would "
                        "give wrong gradients: make two, or share a Parameter between them"
                    )
                seen[inner] = name
            for taken in self._handed_on(self.inputs[name][0]) if layer.inplace else ():
                if taken == INPUT:
                    whose = "the input, which is the caller's"
                elif takers[taken] > 1:
                    whose = f"the output of {taken}, which is taken elsewhere, too"
                elif self.named[taken].keeps_output:
                    whose = f"the output of {taken}, which that keeps for backward"
                else:
                    continue
                raise InputError(f"{title}: layer {name} overwrites {whose}: use ReLU()")
