"""Everything public that can be called, each with arguments that are right: what a misuse starts from."""

import inspect
import types
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from minifcn import backend, convolution, data, layers, models
from minifcn.data.batches import Batches
from minifcn.layers import Conv2d, Layer, Parameter, ReLU, Sequential
from minifcn.layers.loss import SoftmaxCrossEntropy
from minifcn.models import BACKBONES

ROOMS = ["minifcn", "backend", "convolution", "layers", "models", "optim", "metrics", "gradcheck", "data", "weights"]
# What only comes out of other calls, or what is no call at all:
RESULTS = [
    "InputError",
    "Relationship",
    "SymbolicMatrix",
    "RoundTrip",
    "Report",
    "Comparison",
    "Published",
    "Dataset",
    "Options",
    "Group",
]
# For whoever writes layers and networks: what Graph and Layer ask of each other. And what takes minutes, or files.
INSIDE = [
    "keep",
    "kept",
    "children",
    "layers",
    "found",
    "follow",
    "output_place",
    "output_channels",
    "multiply_adds",
    "places_along",
    "check",
]
INSIDE += [
    "recompute_maps",
    "named_parameters",
    "check_everything",
    "every_layer",
    "added",
    "later",
    "index",
    "starts",
    "output_size",
    "load",
]
INSIDE += [
    "picture",
    "head",
    "features",
    "paths",
    "arrange",
    "image",
    "read_pair",
    "read_photo",
    "take",
    "with_split",
    "with_splits",
]
INSIDE += ["make_features", "sgd_update", "check_sgd", "decays_too_much", "Group", "Array"]


class Subject(NamedTuple):
    """Something to call. make() -> (the function, {argument: a right value}), made anew each time."""

    room: str
    name: str
    make: Callable[[], tuple[Callable, dict[str, Any]]]

    def parameters(self) -> list[str]:
        return list(self.make()[1])


class Pictures(data.Dataset):
    """Three pictures of 6x5 pixels."""

    name, classes, palette, mean, std = "pictures", ("a", "b", "c"), data.voc_palette(3), (1.0,) * 3, (2.0,) * 3

    def __len__(self):
        return 3

    def load(self, index):
        rng = np.random.default_rng(index)
        return rng.integers(0, 256, (6, 5, 3), np.uint8), rng.integers(0, 3, (6, 5)).astype(np.uint8)


def x(*shape):
    return np.random.default_rng(1).standard_normal(shape or (2, 4, 6, 5)).astype("float32")


def labels(*shape):
    return np.random.default_rng(2).integers(0, 4, shape or (2, 6, 5))


def fcn_settings():
    return {"n_class": 3, "width": 1 / 32, "fc_channels": 4, "padding": "same"}


PREPROCESSING = data.Preprocessing((1.0, 2.0, 3.0), (1.0, 1.0, 1.0))
# Right values, by argument; by "name.argument" where one needs another. What has a default takes that.
GOOD: dict[str, Callable[[], Any]] = {
    "x": x, "array": x, "in_channels": lambda: 4, "out_channels": lambda: 4, "kernel_size": lambda: 3,
    "in_features": lambda: 4, "out_features": lambda: 3, "scores": x, "labels": labels, "n_class": lambda: 4,
    "factor": lambda: 2, "size": lambda: 4, "data": lambda: x(3, 2), "channels": lambda: 4, "first": x, "other": x,
    "nodes": lambda: {"a": ReLU()}, "device": lambda: "cpu", "dtype": lambda: "float32", "seed": lambda: 3,
    "weight": lambda: x(4, 4, 3, 3), "input_size": lambda: (6, 5), "output_size": lambda: (8, 7), "lr": lambda: 0.1,
    "parameters": lambda: Conv2d(4, 4, 3).parameters(), "every": lambda: 10, "total_steps": lambda: 10,
    "predicted": labels, "actual": labels, "layer": lambda: Conv2d(4, 2, 3), "dataset": Pictures,
    "batch_size": lambda: 2, "preprocessing": lambda: PREPROCESSING, "augmentation": lambda: data.mirror,
    "pixels": lambda: 2, "probability": lambda: 0.5, "rng": lambda: np.random.default_rng(0),
    "image": lambda: Pictures()[0][0], "label": lambda: Pictures()[0][1], "classes": lambda: ("background", "a"),
    "n": lambda: 3, "mean": lambda: (1.0, 2.0, 3.0), "std": lambda: (1.0, 1.0, 1.0), "number": lambda: 0,
    "samples": lambda: [(x(3, 6, 5), np.zeros((6, 5), np.uint8))], "name": lambda: "scenes", "path": lambda: "none.pth",
    "columns": lambda: x(2, 36, 12), "forward": lambda: lambda x: 2 * x, "backward": lambda: lambda y: 2 * y,
    "y": x, "kernel": lambda: 3, "state": lambda: Conv2d(4, 4, 3).state_dict(), "gradient": lambda: x(3, 2),
    "arrays": lambda: models.FCN8s(**fcn_settings()).state_dict(), "root": lambda: "nowhere", "split": lambda: "train",
    "values": PREPROCESSING.to_dict, "tolerance": lambda: 1e-6, "image_size": lambda: (64, 64),
    "shape": lambda: (2, 3), "model": lambda: Sequential(Conv2d(3, 2, 1)),
    "Linear.forward.x": lambda: x(2, 4), "conv2d_grad_input.dy": lambda: x(2, 4, 4, 3),
    "conv2d_grad_weight.dy": lambda: x(2, 4, 4, 3), "Scenes.size": lambda: 16, "Scenes.count": lambda: 2,
    "polynomial.power": lambda: 0.9, "Upsample.size": lambda: (9, 4), "schedule.name": lambda: "step",
    "relationship.input_size": lambda: 6, "crop.size": lambda: (4, 4), "Resized.size": lambda: (8,),
    "adjoint_error.x": x, "open_splits.root": lambda: None, "col2im.columns": lambda: x(2, 36, 12),
    "predict_image.model": lambda: Sequential(Conv2d(3, 2, 1)), "dominant.classes": lambda: ("background", "a"),
    "MaxUnpool2d.kernel_size": lambda: 2, "Parameter.load.array": lambda: x(3, 2),
    "AlexNet.image_size": lambda: 67, "SGD.load_state_dict.state": lambda: {"velocity": [x(4, 4, 3, 3), x(4)]},
    "padding": lambda: 1, "Graph.recompute": lambda: None,
    "collate.samples": lambda: [Pictures()[0]], "reshaped.shape": lambda: (6,),
}  # fmt: skip
SEVERAL = {"layers": lambda: (ReLU(), Conv2d(4, 2, 3)), "others": lambda: (x(),), "maps": lambda: (x(), x())}
SEVERAL |= {"branches": lambda: (Sequential(ReLU()),), "augmentations": lambda: (data.mirror,)}


def arguments(name: str, function: Callable, given: dict[str, Any] | None = None) -> dict[str, Any]:
    """{argument: a right value} from the function's signature, `given` first."""
    good = {}
    for parameter in inspect.signature(function).parameters.values():
        key = parameter.name
        if key in (given or {}):
            good[key] = given[key]
        elif parameter.kind is parameter.VAR_POSITIONAL:
            good[key] = SEVERAL[key]()
        elif parameter.kind is not parameter.VAR_KEYWORD:
            own = next((GOOD[n] for n in (f"{name}.{key}", f"{name.split('.')[-1]}.{key}") if n in GOOD), None)
            plain = parameter.default is parameter.empty
            good[key] = own() if own else GOOD[key]() if plain else parameter.default
    return good


def call(function: Callable, good: dict[str, Any]) -> Any:
    """The function with these arguments, those of `*name` in its place."""
    before, several, after = [], (), dict(good)
    for key, parameter in inspect.signature(function).parameters.items():
        if parameter.kind is parameter.VAR_POSITIONAL and key in after:
            several = after.pop(key)
            before = [after.pop(name) for name in list(after) if name in before_of(function, key)]
    return function(*before, *several, **after)


def before_of(function: Callable, several: str) -> list[str]:
    names = list(inspect.signature(function).parameters)
    return names[: names.index(several)]


def subjects() -> list[Subject]:
    """All of them, each once: under the first room that shows it."""
    found: dict[Any, Subject] = {}
    for room in ROOMS:
        module = import_module("minifcn" if room == "minifcn" else f"minifcn.{room}")
        for name in getattr(module, "__all__", vars(module)):
            value = getattr(module, name)
            mine = hasattr(module, "__all__") or getattr(value, "__module__", "") == module.__name__
            if name.startswith("_") or name in RESULTS + INSIDE or not callable(value) or not mine:
                continue
            if not isinstance(value, types.GenericAlias) and value not in found:
                found[value] = Subject(room, name, lambda name=name, value=value: (value, _given(name, value)))
    for name, value in BACKBONES.items():
        found[value] = Subject("models", value.__name__, lambda n=name, v=value: (v, _given(n, v)))
    return [*found.values(), *methods(found)]


def _given(name, value):
    small = {}
    if isinstance(value, type) and issubclass(value, models.FCN):
        small = fcn_settings()
    elif value in BACKBONES.values():
        small = {"n_class": 3, "width": 1 / 32, "image_size": 67}
        small |= {} if name == "googlenet" else {"fc_channels": 4}
    return arguments(name, value, small)


def methods(found: dict[Any, Subject]) -> Iterator[Subject]:
    """The public methods of every class among them; what several classes inherit, of the first."""
    seen = set()
    for kind, subject in found.items():
        if not isinstance(kind, type):
            continue
        for name, function in inspect.getmembers(kind, inspect.isfunction):
            public = (name == "__call__" and not issubclass(kind, Layer)) or not name.startswith("_")
            if public and name not in INSIDE and function not in seen:
                seen.add(function)
                yield Subject(subject.room, f"{kind.__name__}.{name}", _method(subject, kind, name))


def _method(subject, kind, name):
    def make():
        function, good = subject.make()
        thing = call(function, good)
        given = {}
        if issubclass(kind, Layer) and name in ("forward", "backward"):
            given = inputs(thing)
            y = call(thing.forward, given) if name == "backward" else None
            given |= {"dy": x(*np.shape(y)), "dloss": None}
        elif issubclass(kind, Layer):
            given = {"state": thing.state_dict()}
        return getattr(thing, name), arguments(f"{kind.__name__}.{name}", getattr(thing, name), given)

    return make


def inputs(layer: Layer) -> dict[str, Any]:
    """What a layer's forward takes, by argument."""
    if isinstance(layer, models.FCN):
        return {"x": x(1, 3, 32, 32)}
    if type(layer) in BACKBONES.values():
        return {"x": x(1, 3, layer.image_size, layer.image_size)}
    given: dict[str, Any] = {"output_size": None}
    if isinstance(layer, layers.MaxUnpool2d):
        given["x"], given["indices"] = layers.MaxPool2d(2, return_indices=True)(x(2, 4, 6, 4))
    return arguments(f"{type(layer).__name__}.forward", layer.forward, given)


def use(value: Any) -> None:
    """Use what a call has given, as a mistake in a setting may show no earlier."""
    if isinstance(value, Iterator):
        next(value, None)
        value.close() if hasattr(value, "close") else None
    elif isinstance(value, SoftmaxCrossEntropy):
        value(x(), labels())
    elif isinstance(value, Layer) and type(value) is not Layer:
        y = call(value.forward, inputs(value))
        if value.training:
            value.backward(x(*np.shape(y)))
    elif isinstance(value, Batches):
        use(value.epoch(0))
    elif isinstance(value, data.Dataset):
        _ = value[0]
    elif hasattr(value, "step") and hasattr(value, "velocity"):
        value.step()
    elif isinstance(value, Parameter):
        _ = value.grad
    elif isinstance(value, types.FunctionType) and value.__module__ == "minifcn.optim":
        value(3)
    elif isinstance(value, types.FunctionType) and value.__module__.startswith("minifcn.data"):
        value(*Pictures()[0], np.random.default_rng(0))
    elif hasattr(value, "update") and hasattr(value, "counts"):
        value.update(labels(), labels())


assert backend and convolution
