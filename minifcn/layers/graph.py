"""A network as named nodes, told once; forward, backward and the places of its maps follow from the telling."""

from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

from minifcn.backend import Array
from minifcn.backend.parallel import given_back, hold
from minifcn.checks import flag, instance, shown
from minifcn.convolution.geometry import Place
from minifcn.errors import InputError
from minifcn.layers.conv import Conv2d
from minifcn.layers.elementwise import ReLU
from minifcn.layers.layer import Layer, found, one_pass
from minifcn.layers.pool import MaxPool2d

INPUT = "input"  # the name of what goes into a network


class Node(NamedTuple):
    """A node as it is computed: what it takes, and which of that nobody takes any more."""

    name: str
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
    Raises InputError for a layer that is there twice, and for a ReLU that would overwrite what somebody else may need:
    their gradients would be wrong without a word. And for names that are no node's or are two's, and several inputs of
    a layer that takes one. Of a layer that is put into `named` later, nothing of this is seen.
    """

    recompute: bool | tuple[str, ...] = False
    backward_once = False

    def __init__(
        self, nodes: dict, outputs: tuple[str, ...] | None = None, auxiliary_outputs: tuple[str, ...] = ()
    ) -> None:
        self.named: dict[str, Layer] = {}
        self.inputs: dict[str, tuple[str, ...]] = {}
        before = INPUT
        instance(nodes, f"{type(self).__name__}: nodes", dict, "a dict {name: layer}")
        for name, node in nodes.items():
            layer, *inputs = node if isinstance(node, tuple) else (node,)
            self._check_node(name, layer, inputs)
            self.named[name], self.inputs[name], before = layer, tuple(inputs or [before]), name
        main = (before,) if outputs is None else outputs
        self._check_names("outputs", main)
        if not main:
            raise InputError(f"{type(self).__name__}: outputs={shown(outputs)}, expected one node's name at least")
        self._check_names("outputs", auxiliary_outputs)
        self._check_names("outputs", (*main, *auxiliary_outputs))
        self.outputs = {False: main, True: (*main, *auxiliary_outputs)}  # by `training`
        self.nodes = {training: self._nodes_to(names) for training, names in self.outputs.items()}
        self.idle: set[str] = set()  # nodes that need no gradient
        self._check_layers()
        ends = {*main, *self._takers(INPUT)}  # whose arrays forward and backward return
        self.fresh = INPUT not in ends and all(self.named[name].fresh for name in ends)

    def children(self) -> list[tuple[str, Layer]]:
        attributes = {name: value for name, value in vars(self).items() if name != "named"}
        nodes = set(self.named.values())
        return [*self.named.items(), *(pair for pair in found(attributes, Layer) if pair[1] not in nodes)]

    def check(self, x: Array) -> None:
        """InputError for an input that this network does not take. A subclass says which."""

    def forward(self, x: Array) -> Any:
        self.check(x)
        maps, pieces = {INPUT: x}, []  # of each piece: its nodes, and to compute it again, maps and random states
        with one_pass(), given_back(), hold():
            for nodes, again in self._pieces():
                start = {i: maps[i] for node in nodes for i in node.inputs if i in maps} if again else None
                pieces.append((nodes, start, self._random_states() if again else ()))
                self._run(nodes, maps, forget=again)
            self.keep(pieces)
        y = tuple(maps[name] for name in self.outputs[self.training])
        return y if len(y) > 1 else y[0]

    def backward(self, dy: Any) -> Array | None:
        (pieces,) = self.kept()
        outputs = self.outputs[True]
        dys = dy if len(outputs) > 1 else (dy,)
        if not isinstance(dys, (tuple, list)) or len(dys) != len(outputs):
            raise InputError(f"{type(self).__name__}: expected a gradient for each of {', '.join(outputs)}, in a tuple")
        grads = dict(zip(outputs, dys))
        others = set(outputs)  # nodes whose gradient the caller or a layer may hold, too: it is not to be overwritten
        with given_back(), hold():
            for nodes, start, states in reversed(pieces):
                again = start is not None
                if again and not self.idle.issuperset(node.name for node in nodes):
                    now = self._random_states(states)  # so that the same masks are drawn
                    try:
                        self._run(nodes, dict(start), forget=False)
                    finally:
                        self._random_states(now)
                for name, inputs, _ in reversed(nodes):
                    if name in self.idle or name not in grads:
                        continue
                    layer, dy = self.named[name], grads.pop(name)
                    dx = layer.backward(dy.copy() if layer.inplace and name in others else dy)
                    others.update(() if layer.fresh else inputs)
                    for i, d in zip(inputs, dx if layer.joins else (dx,), strict=True):
                        if d is not None and i not in self.idle:
                            grads[i] = grads[i] + d if i in grads else d  # not in place: a layer may hold either
                    if again or self.backward_once:
                        layer.forget()
        if self.backward_once:
            self._kept = None
        return grads.get(INPUT)

    def _run(self, nodes, maps, forget):
        """Compute these nodes; maps {name: map} loses what nobody takes any more."""
        rectified = None  # the node whose work the one before it has done
        for (name, inputs, last), after in zip(nodes, [*nodes[1:], None]):
            layer, taken = self.named[name], [maps[i] for i in inputs]
            for i in last:
                del maps[i]
            if name == rectified:
                (maps[name],) = taken
                layer.keep(*taken)
            elif self._rectifies(name, after):
                maps[name], rectified = layer.forward(*taken, True), after.name
            else:
                maps[name] = layer.forward(*taken)
            if forget or name in self.idle:
                layer.forget()

    def _rectifies(self, name, after):
        """Whether this node does the work of the one `after` it: bias and ReLU go over a map at once."""
        if after is None or after.inputs != (name,):
            return False
        conv, relu = self.named[name], self.named[after.name]
        return type(conv) is Conv2d and conv.bias is not None and type(relu) is ReLU and relu.inplace

    def _pieces(self):
        """[(nodes, whether they are run again for backward)]."""
        nodes = self.nodes[self.training]
        if not (self.recompute and self.training):
            return [(nodes, False)]
        ends = self.outputs[True] if self.recompute is True else self.recompute
        self._check_names("recompute", ends)
        cuts = [number for number, node in enumerate(nodes, start=1) if node.name in ends]
        return [*((nodes[start:end], True) for start, end in zip([0, *cuts], cuts)), (nodes[cuts[-1] :], False)]

    def _random_states(self, states=()):
        """The states of the generators inside, which are then put to `states` where given."""
        generators = [layer.rng.bit_generator for layer in self.layers() if hasattr(layer, "rng")]
        before = [generator.state for generator in generators]
        for generator, state in zip(generators, states):
            generator.state = state
        return before

    def recompute_maps(self, *others: str) -> "Graph":
        """While training keep no map from now on but the poolings' and those of `others`. Returns the network."""
        pools = (name for name, layer in self.named.items() if isinstance(layer, MaxPool2d))
        self.recompute = tuple(dict.fromkeys([*pools, *others]))
        return self

    def train_only(self, input_gradient: bool = False) -> "Graph":
        """Do no more than training needs from now on; returns the network. To be called again after freezing.

        backward gives no gradient of x, nor of any map that only frozen layers lead to, which keep nothing; and it
        drops what a layer kept as soon as it is used, so it runs once after each forward.
        """
        needed = flag(input_gradient, "train_only: input_gradient")
        self.backward_once, self.idle = True, set() if needed else {INPUT}
        for name, inputs, _ in self.nodes[True]:
            layer = self.named[name]
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
        for inner, inputs, last in self.nodes[False]:
            layer, taken = self.named[inner], [known[i] for i in inputs]
            path = name + self.joint + inner if name else inner
            for i in last:
                del known[i]
            if isinstance(layer, Graph):
                known[inner] = layer.follow(ask, taken[0], noted, path)
            else:
                known[inner] = ask(layer, *taken)
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

    def _nodes_to(self, outputs):
        """The Nodes that lead to these outputs, in order."""
        nodes, taken = [], set(outputs)
        for name in reversed(self.named):
            if name in taken:
                inputs = self.inputs[name]
                nodes.append(Node(name, inputs, set(inputs) - taken))
                taken.update(inputs)
        return nodes[::-1]

    def _takers(self, name):
        """The nodes that take the map of this one, each as often as it does."""
        return [node for node, inputs in self.inputs.items() for i in inputs if i == name]

    def _check_node(self, name, layer, inputs):
        """InputError unless it is a layer under a name, and takes nodes before it, several only if it joins them."""
        title, kind = type(self).__name__, type(layer).__name__
        if not isinstance(name, str) or name == INPUT:
            raise InputError(f"{title}: a node is called {shown(name)}, expected a text; {INPUT!r} is what goes in")
        if not isinstance(layer, Layer):
            raise InputError(f"{title}: {name} is a {kind}, expected a layer")
        if unknown := [i for i in inputs if i not in self.named and i != INPUT]:
            raise InputError(f"{title}: {name} takes {unknown[0]!r}, which is no node before it")
        if len(inputs) > 1 and not layer.joins:
            raise InputError(f"{title}: {name} takes {len(inputs)} maps, and a {kind} joins none: see Layer.joins")

    def _check_names(self, what, names):
        """InputError unless these are nodes, each once."""
        if not isinstance(names, (tuple, list)) or len({INPUT, *self.named}.intersection(names)) < len(names):
            raise InputError(
                f"{type(self).__name__}: {what}={shown(names)}, expected a tuple of nodes' names, each once"
            )

    def _check_layers(self):
        """InputError for a layer or name that is there twice, and for what overwrites what somebody else needs."""
        title, seen = type(self).__name__, {}
        names = Counter(name for name, _ in self.named_parameters())
        if twice := [name for name, count in names.items() if count > 1]:
            raise InputError(f"{title}: two parameters would be called {twice[0]}: give the nodes other names")
        for name, layer in self.named.items():
            for inner in layer.layers():
                if inner in seen:
                    raise InputError(
                        f"{title}: {seen[inner]} and {name} are or hold the same {type(inner).__name__}, which would "
                        "give wrong gradients: make two, or share a Parameter between them"
                    )
                seen[inner] = name
            for taken in self.inputs[name] if layer.inplace else ():
                if taken == INPUT:
                    whose = "the input, which is the caller's"
                elif taken in self.outputs[True] or len(self._takers(taken)) > 1:
                    whose = f"the output of {taken}, which is taken elsewhere, too"
                elif not self.named[taken].fresh:
                    whose = f"the output of {taken}, a {type(self.named[taken]).__name__}, which may keep or hand it on"
                else:
                    continue
                raise InputError(f"{title}: layer {name} overwrites {whose}: use ReLU()")
