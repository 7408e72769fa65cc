"""What is learned: an array with its gradient, whose shape is known first and whose numbers come when they are used."""

import math
import os
import threading
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from minifcn.backend import Array, array_module, to_device, to_host
from minifcn.checks import (
    check_array,
    check_fits,
    check_seed,
    flag,
    float_dtype,
    generator,
    is_array,
    number,
    shown,
    whole,
)
from minifcn.errors import InputError

_FACTOR = lambda factor: 0 <= factor < math.inf, "; expected 0 or more"
CHUNK = 1 << 20  # numbers that are drawn at a time only to be passed over
_lock = threading.RLock()  # two threads may use a network for the first time at once
if hasattr(os, "register_at_fork"):  # a forked child lacks the thread that held it
    os.register_at_fork(after_in_child=lambda: globals().update(_lock=threading.RLock()))


class Parameter:
    """An array that is learned, with its gradient.

    data        the values
    grad        dL/d data, the same shape; every `backward` adds to it. It takes no memory until there is one
    trainable   False: the optimizer leaves it alone
    lr_mult     times the optimizer's learning rate (the paper: 2 for biases)
    decay_mult  times the optimizer's weight decay (0 for biases)

    `Parameter(array)` is that array, of floats; InputError for anything else. `Parameter.later(shape, begin)` takes no
    memory until `.data` is used, which then becomes `begin()`, or what was loaded.
    """

    data: Array
    added: Callable[["Parameter"], None] | None = None  # who is told of each `add_grad`, if anybody
    _shape: tuple[int, ...]  # while the numbers are not there yet

    def __init__(self, data: Array, trainable: bool = True, lr_mult: float = 1.0, decay_mult: float = 1.0) -> None:
        check_array("Parameter: data", data, "f", "an array of floats")
        self.data, self._grad = data, None
        self.trainable = flag(trainable, "Parameter: trainable")
        self.lr_mult = number(lr_mult, "Parameter: lr_mult", *_FACTOR)
        self.decay_mult = number(decay_mult, "Parameter: decay_mult", *_FACTOR)

    @classmethod
    def later(cls, shape: tuple[int, ...], begin: Callable[[], Array], dtype: Any = "float32") -> "Parameter":
        """A parameter on the host that begins as the array `begin()`, of this shape, when it is first used."""
        check_fits("a parameter", shape)
        parameter = cls(np.empty(0))
        del parameter.data  # from here on __getattr__ finds it
        parameter._shape, parameter._dtype, parameter._device = tuple(shape), float_dtype(dtype, "dtype"), "cpu"
        parameter._begin, parameter._whole = begin, None
        return parameter

    def reshaped(self, shape: tuple[int, ...]) -> "Parameter":
        """A Parameter of the same numbers, not copies of them, in another shape; its gradient is its own."""
        if math.prod(whole(side, "reshaped: a side of the shape") for side in shape) != self.size:
            raise InputError(f"a parameter of shape {self.shape} does not fit the shape {shown(shape)}")
        if not self.waits:
            return Parameter(self.data.reshape(shape))
        view = Parameter.later(shape, lambda: self.data.reshape(shape), self._dtype)
        view._device, view._whole = self._device, self
        return view

    @property
    def waits(self) -> bool:
        """Whether the numbers are not there yet."""
        return "data" not in vars(self)

    def __getattr__(self, name):
        # Called only for what is not there: `data`, once.
        if name != "data" or "_begin" not in vars(self):
            raise AttributeError(f"{type(self).__name__} has no {name!r}")
        with _lock:
            if self.waits:
                self._become(self._begin())
        return self.data

    def _become(self, array):
        self.data = to_device(array.astype(self._dtype, copy=False), self._device)
        self._begin = self._whole = None

    def __getstate__(self):
        _ = self.data  # a copy is a copy of the numbers
        return vars(self)

    @property
    def shape(self) -> tuple[int, ...]:
        return self._shape if self.waits else self.data.shape

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def dtype(self) -> np.dtype:
        return self._dtype if self.waits else self.data.dtype

    def load(self, array: Array) -> None:
        """Take over the numbers of an array of the same shape, which may be on either side, in this one's dtype.

        Raises InputError for another shape, and for what is no array of real numbers.
        """
        check_real("what is to be loaded", array)
        if tuple(array.shape) != self.shape:
            raise InputError(f"what is to be loaded has shape {tuple(array.shape)}, the parameter {self.shape}")
        if not self.waits:
            self.data[...] = to_device(array, self.device)
        elif self._whole and (self._whole.dtype, self._whole.device) == (self._dtype, self._device):
            self._whole.load(array.reshape(self._whole.shape))  # what is shared stays shared
        else:
            self._become(np.array(to_host(array), dtype=self._dtype))  # a copy

    @property
    def device(self) -> str:
        return self._device if self.waits else "cpu" if isinstance(self.data, np.ndarray) else "gpu"

    def to(self, device: str) -> None:
        """Move values and gradient to "cpu" or "gpu"."""
        to_device(np.empty(0), device)  # refuse now what would be refused when the numbers come
        self._device = device
        self._turn(lambda array: to_device(array, device))

    def astype(self, dtype: str) -> None:
        """Turn values and gradient into this dtype."""
        self._dtype = float_dtype(dtype, "dtype")
        self._turn(lambda array: array.astype(self._dtype))

    def _turn(self, change):
        if not self.waits:
            self.data = change(self.data)
            self._grad = None if self._grad is None else change(self._grad)

    @property
    def has_grad(self) -> bool:
        """Whether there is a gradient: a `backward` has been since the last `zero_grad`, or it was set or read."""
        return self._grad is not None

    @property
    def grad(self) -> Array:
        """dL/d data; zeros where no `backward` has been."""
        if self._grad is None:
            self._grad = array_module(self.data).zeros(self.data.shape, self.data.dtype)
        return self._grad

    @grad.setter
    def grad(self, gradient):
        if gradient is not None:
            self._check_gradient(gradient)
        self._grad = gradient

    def add_grad(self, gradient: Array, fresh: bool = False) -> None:
        """Add to the gradient. A first one is copied, unless it is `fresh`: held by nobody else, so to be kept."""
        self._check_gradient(gradient)
        if self._grad is None:
            self._grad = gradient if flag(fresh, "add_grad: fresh") else gradient.copy()
        else:
            self._grad += gradient
        if self.added:
            self.added(self)

    def _check_gradient(self, gradient):
        if not is_array(gradient) or gradient.shape != self.shape:
            given = f"has shape {tuple(gradient.shape)}" if is_array(gradient) else f"is {shown(gradient)}"
            raise InputError(f"the gradient {given}, expected an array of the parameter's shape {self.shape}")

    def zero_grad(self) -> None:
        """Set the gradient to 0, and free its memory."""
        self._grad = None


def check_real(name: str, array: Any) -> None:
    """InputError unless it is an array of real numbers."""
    if getattr(getattr(array, "dtype", None), "kind", "none") not in "biuf":
        given = getattr(array, "dtype", f"a {type(array).__name__}")
        raise InputError(f"{name} is {given}, expected an array of real numbers")


def zeros(shape: tuple[int, ...]) -> Parameter:
    """A Parameter that begins at 0, float32."""
    return Parameter.later(shape, lambda: np.zeros(shape, np.float32))


class Draws:
    """Normal numbers for a network's weights from one generator: the same ones whatever is used or loaded first.

    Each `he_normal` that is asked of it takes its turn; when a parameter is first used, those before it are drawn
    first, and given to the parameters that still wait for them.

    seed  of the generator; None: other numbers every time
    """

    def __init__(self, seed: int | None = None) -> None:
        self.rng = np.random.default_rng(check_seed(seed, "seed"))
        self.turns: list[tuple] = []
        self.next = 0, self.rng.bit_generator.state  # whose turn is next, and the generator's state before it

    def he_normal(self, shape: tuple[int, ...]) -> Parameter:
        """A Parameter that begins as `he_normal` of this generator draws it, in its turn."""
        parameter = Parameter.later(shape, lambda: self._up_to(weakly))
        weakly = weakref.ref(parameter)
        self.turns.append((weakly, shape))
        return parameter

    def _up_to(self, wanted):
        """The numbers of `wanted`. A Ctrl-C or a want of memory may come anywhere: the turn is then taken once more."""
        while wanted().waits:
            turn, self.rng.bit_generator.state = self.next
            weakly, shape = self.turns[turn]
            parameter = weakly()
            if parameter is not None and parameter.waits:
                parameter._become(_he_array(shape, self.rng))
            else:
                for start in range(0, math.prod(shape), CHUNK):
                    self.rng.standard_normal(min(CHUNK, math.prod(shape) - start), dtype=np.float32)
            self.next = turn + 1, self.rng.bit_generator.state
        return wanted().data


Rng = np.random.Generator | Draws | None  # where a layer's weights come from


def he_normal(shape: tuple[int, ...], rng: Rng = None) -> Parameter:
    """Normal numbers with variance 2 / fan_in, float32: a ReLU net's activations neither grow nor fade with depth.

    shape (O, C, kh, kw) or (O, C): fan_in is the product of all but the first. (He et al. 2015, equation 10.)
    rng   a Generator of NumPy's draws at once, a `Draws` in the parameter's turn; None: a generator of its own
    """
    check_fits("a parameter", shape)
    rng = Draws() if rng is None else rng
    if isinstance(rng, Draws):
        return rng.he_normal(shape)
    return Parameter(_he_array(shape, generator(rng, "rng")))


def _he_array(shape, rng):
    numbers = rng.standard_normal(shape, dtype=np.float32)
    numbers *= math.sqrt(2.0 / math.prod(shape[1:]))  # in place: fc6 has 411 MB
    return numbers
