"""What every layer shares: parameters by name, training and evaluation, device, dtype, memory for backward."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from minifcn.backend import Array, to_device, to_host
from minifcn.checks import check_seed, flag, float_dtype, whole
from minifcn.convolution.geometry import Place
from minifcn.errors import InputError
from minifcn.layers.parameter import Parameter, check_real


class _Pass(threading.local):
    kept: set | None = None  # the layers that have kept something in this thread's forward pass


_pass = _Pass()


@contextlib.contextmanager
def one_pass() -> Iterator[None]:
    """The block is one forward pass, or a part of the one around it: no layer may keep something twice in it."""
    around = _pass.kept
    _pass.kept = set() if around is None else around
    try:
        yield
    finally:
        _pass.kept = around


class Layer:
    """Base of all layers and networks.

    A subclass writes `forward(x) -> y` and `backward(dy) -> dx`, side by side. `forward` puts what `backward` needs
    into `self.keep(...)`, which holds it while training and nothing while evaluating; `backward` takes it from
    `self.kept()`, returns the gradient of its input and *adds* to each parameter's `.grad`.
    Attributes that are Parameters or Layers are found by themselves, in lists, tuples and dicts too, and named after
    the attribute: "conv.weight", "blocks.0.weight".
    """

    forward: Callable[..., Any]
    backward: Callable[..., Any]
    training = True
    first = 0  # the place in its batch of the first image that comes (`reseed`)
    input_gradient = True  # whether somebody needs dL/dx: where not, backward may return None
    joint = "."  # between this layer's name and its children's
    # What a subclass says of itself, where it is so:
    joins = False  # it takes several maps, and backward returns a gradient for each, in a tuple: Sum, Crop
    inplace = False  # it overwrites its input, and in backward the gradient that it is given: ReLU(inplace=True)
    fresh = False  # it returns new arrays both ways, keeps none of them, and so lets an inplace layer overwrite them
    _kept = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        with one_pass():
            return self.forward(*args, **kwargs)

    def keep(self, *values: Any) -> None:
        """Hold what backward needs, while training. InputError for the second time in one forward pass of a layer.

        That is seen in what a layer computes when it is called, in one thread; not in a function of one's own.
        """
        self._kept = values if self.training else None
        if self.training and _pass.kept is not None:
            if self in _pass.kept:
                raise InputError(
                    f"{type(self).__name__}: used twice in one forward pass, which would give wrong gradients: "
                    "make two layers, or share a Parameter between them"
                )
            _pass.kept.add(self)

    def kept(self) -> tuple:
        """What the last forward pass kept. Raises RuntimeError where there was none in training mode."""
        if self._kept is None:
            raise RuntimeError(
                f"{type(self).__name__}: backward needs a forward pass in training mode first (train(), then forward)"
            )
        return self._kept

    def children(self) -> list[tuple[str, "Layer"]]:
        """(name, layer) of the layers right inside this one, in the order they were made."""
        return list(found(vars(self), Layer))

    def layers(self) -> "Iterator[Layer]":
        """This layer and all inside it."""
        yield self
        for _, child in self.children():
            yield from child.layers()

    def output_place(self, axis: int, place: Place) -> Place:
        """Where the output lies, for an input at `place`, along rows (axis 0) or columns (1).

        Raises InputError where the input is too small.
        """
        return place.after(self.windows[axis]) if hasattr(self, "windows") else place

    def output_channels(self, channels: int, *others: int) -> int:
        """How many channels the output has, for an input of so many, and `others` where several maps join."""
        return getattr(self, "out_channels", channels)

    def multiply_adds(self, output_size: tuple[int, int]) -> int:
        """Products with this layer's own weights, for one image and an output of (h, w): 0 where it has none."""
        return 0

    def named_parameters(self) -> list[tuple[str, Parameter]]:
        """[(name, Parameter)], named as in PyTorch: "weight" of a lone layer, "conv1_1.weight" inside a network."""
        pairs = list(found(vars(self), Parameter))
        for name, child in self.children():
            pairs += [(name + child.joint + key, parameter) for key, parameter in child.named_parameters()]
        return pairs

    def parameters(self) -> list[Parameter]:
        """[Parameter], in the order of `named_parameters`; one that is shared is there once."""
        return list(dict.fromkeys(parameter for _, parameter in self.named_parameters()))

    def zero_grad(self) -> None:
        """Set all gradients to 0."""
        for parameter in self.parameters():
            parameter.zero_grad()

    def forget(self) -> None:
        """Drop what forward kept for backward, in this layer and all inside it."""
        for layer in self.layers():
            layer._kept = None

    def train(self, training: bool = True) -> "Layer":
        """Keep what backward needs from now on; dropout drops. Returns the layer."""
        training = flag(training, f"{type(self).__name__}: training")
        self.forget()
        for layer in self.layers():
            layer.training = training
        return self

    def eval(self) -> "Layer":
        """Keep nothing for backward; dropout passes everything. Returns the layer."""
        return self.train(False)

    def reseed(self, seed: int | Sequence[int], passes: int = 0, first: int = 0) -> None:
        """Make every dropout mask from now on a function of these numbers alone.

        passes  so many forward passes seem to have been since `seed`
        first   the place in its batch of the first image that comes, where a batch goes through in parts
        """
        check_seed(seed, "reseed: seed")
        passes, first = whole(passes, "reseed: passes"), whole(first, "reseed: first")
        # What joins maps does not count: nets had none of it when the first runs were made, which can still be resumed.
        for number, layer in enumerate(layer for layer in self.layers() if not layer.joins):
            if hasattr(layer, "rng"):
                bits = np.random.PCG64([*np.atleast_1d(seed), number]).advance(passes)  # each draws one number
                layer.rng, layer.first = np.random.Generator(bits), first

    def to(self, device: str) -> "Layer":
        """Move parameters and gradients to "cpu" or "gpu". Returns the layer."""
        to_device(np.empty(0), device)  # refuse before anything has moved
        for parameter in self.parameters():
            parameter.to(device)
        return self

    def astype(self, dtype: str) -> "Layer":
        """Turn parameters and gradients into `dtype`. Returns the layer."""
        float_dtype(dtype, "dtype")  # refuse before anything has changed
        for parameter in self.parameters():
            parameter.astype(dtype)
        return self

    def state_dict(self) -> dict[str, np.ndarray]:
        """{name: NumPy array}, copies of all parameters under the names of `named_parameters`."""
        return {name: np.array(to_host(parameter.data)) for name, parameter in self.named_parameters()}

    def load_state_dict(self, state: Mapping[str, Array]) -> None:
        """Copy {name: array} into the parameters, which keep their dtype and device.

        Raises InputError, before anything is changed, naming what is missing or unknown, or both shapes that differ.
        """
        _check_named(state)
        mine, title = dict(self.named_parameters()), type(self).__name__
        if missing := [name for name in mine if name not in state]:
            raise InputError(f"the weights lack {_some(missing)}: they are of another network than {title}")
        if unknown := [name for name in state if name not in mine]:
            raise InputError(f"{title} has no {_some(unknown)}: the weights are of another network")
        self.copy_from(state)

    def copy_from(self, state: Mapping[str, Array]) -> list[str]:
        """Copy the arrays of `state` whose names this layer has; returns those names.

        Raises InputError, before anything is changed, where a shape differs or something is no array of real numbers.
        """
        _check_named(state)
        shared = [(name, parameter) for name, parameter in self.named_parameters() if name in state]
        for name, parameter in shared:
            check_real(f"{name} in the weights", state[name])
            if tuple(state[name].shape) != parameter.shape:
                raise InputError(
                    f"{name} has shape {tuple(state[name].shape)} in the weights, {parameter.shape} in this "
                    f"{type(self).__name__}: another width, fc_channels or number of classes?"
                )
        for name, parameter in shared:
            parameter.load(state[name])
        return [name for name, _ in shared]


def _check_named(state):
    if not isinstance(state, Mapping):
        raise InputError(f"the weights are a {type(state).__name__}, expected {{name: array}}, as of state_dict()")


def found(values: dict, kind: type) -> Iterator[tuple[str, Any]]:
    """(name, value) of what is of this kind among {name: value}, in lists, tuples and dicts too: each once."""
    waiting, seen = list(values.items()), set()
    while waiting:
        name, value = waiting.pop(0)
        if id(value) in seen or name == "_kept":
            continue
        if isinstance(value, kind):
            seen.add(id(value))
            yield name, value
        elif isinstance(value, (list, tuple, dict)) and value:
            seen.add(id(value))
            inner = value.items() if isinstance(value, dict) else enumerate(value)
            waiting[:0] = [(f"{name}.{key}", one) for key, one in inner]


def _some(names):
    return ", ".join(map(str, names[:3])) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
