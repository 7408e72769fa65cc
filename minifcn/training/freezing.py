"""Layers that do not learn, by the patterns of their names."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from minifcn.errors import InputError
from minifcn.layers import Layer


def freeze(model: Layer, patterns: Sequence[str] | None) -> None:
    """Let no parameter learn whose name, or whose layer's, fits one of the patterns ("conv*", "fc6", "*.bias").

    Raises InputError for a pattern that fits none, and where nothing is left to learn.
    """
    parameters = [(name, name.rpartition(".")[0], parameter) for name, parameter in model.named_parameters()]
    for pattern in patterns or ():
        fitting = [p for name, layer, p in parameters if fnmatchcase(name, pattern) or fnmatchcase(layer, pattern)]
        if not fitting:
            layers = dict.fromkeys(layer for _, layer, _ in parameters)
            raise InputError(f"--freeze {pattern!r} fits no layer: they are {', '.join(layers)}")
        for parameter in fitting:
            parameter.trainable = False
    if patterns and not any(parameter.trainable for parameter in model.parameters()):
        raise InputError(f"--freeze {' '.join(patterns)}: nothing is left to learn")
