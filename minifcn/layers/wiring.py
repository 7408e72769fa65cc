"""What a network refuses when it is put together, because its gradients would be wrong without a word."""

from collections import Counter

from minifcn.errors import InputError
from minifcn.layers.layer import Layer

INPUT = "input"  # the name of what goes into a network


def check_layers(graph) -> None:
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
