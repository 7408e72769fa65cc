"""What every layer shares: parameters by name, training and evaluation, device, dtype, memory for backward."""

import numpy as np

from minifcn.backend import array_module, to_device, to_host
from minifcn.errors import InputError


class Parameter:
    """An array that is learned, with its gradient.

    data        the values
    grad        dL/d data, the same shape; every `backward` adds to it. It takes no memory until there is one
    trainable   False: the optimizer leaves it alone
    lr_mult     times the optimizer's learning rate (the paper: 2 for biases)
    decay_mult  times the optimizer's weight decay (0 for biases)
    """

    def __init__(self, data, trainable=True, lr_mult=1.0, decay_mult=1.0):
        self.data, self._grad = data, None
        self.trainable, self.lr_mult, self.decay_mult = trainable, lr_mult, decay_mult

    @property
    def grad(self):
        """dL/d data; zeros where no `backward` has been."""
        if self._grad is None:
            self._grad = array_module(self.data).zeros(self.data.shape, self.data.dtype)
        return self._grad

    @grad.setter
    def grad(self, gradient):
        self._grad = gradient

    def add_grad(self, gradient):
        """Add to the gradient. A first one is kept as it is, not copied: it must be the caller's to give away."""
        if self._grad is None:
            self._grad = gradient
        else:
            self._grad += gradient

    def zero_grad(self):
        """Set the gradient to 0, and free its memory."""
        self._grad = None


class Layer:
    """Base of all layers and networks.

    A subclass writes `forward(x) -> y` and `backward(dy) -> dx`, side by side. `forward` puts what `backward` needs
    into `self.keep(...)`, which holds it while training and nothing while evaluating; `backward` takes it from
    `self.kept()`, returns the gradient of its input and *adds* to each parameter's `.grad`.
    Attributes that are Parameters or Layers are found by themselves, and named after the attribute.
    """

    training = True
    joint = "."  # between this layer's name and its children's
    _kept = None

    def __call__(self, *args, **kwargs):
        return self.forward(*args, **kwargs)

    def keep(self, *values):
        """Hold what backward needs, while training."""
        self._kept = values if self.training else None

    def kept(self):
        """What the last forward pass kept. Raises RuntimeError where there was none in training mode."""
        if self._kept is None:
            raise RuntimeError(
                f"{type(self).__name__}: backward needs a forward pass in training mode first (train(), then forward)"
            )
        return self._kept

    def children(self):
        """(name, layer) of the layers right inside this one, in the order they were made."""
        return [(name, value) for name, value in vars(self).items() if isinstance(value, Layer)]

    def layers(self):
        """This layer and all inside it."""
        yield self
        for _, child in self.children():
            yield from child.layers()

    def trace(self, name, place, axis, places):
        """The `Place` of the output, for an input at `place`, along rows (axis 0) or columns (1).

        Layers with windows, this or inside it, are noted in `places` {name: Place}.
        """
        if hasattr(self, "windows"):
            place = places[name] = place.after(self.windows[axis])
        return place

    def multiply_adds(self, output_size):
        """Products with this layer's own weights, for one image and an output of (h, w): 0 where it has none."""
        return 0

    def named_parameters(self):
        """[(name, Parameter)], named as in PyTorch: "weight" of a lone layer, "conv1_1.weight" inside a network."""
        own = [(name, value) for name, value in vars(self).items() if isinstance(value, Parameter)]
        inner = [
            (name + child.joint + key, parameter)
            for name, child in self.children()
            for key, parameter in child.named_parameters()
        ]
        return own + inner

    def parameters(self):
        """[Parameter], in the order of `named_parameters`."""
        return [parameter for _, parameter in self.named_parameters()]

    def zero_grad(self):
        """Set all gradients to 0."""
        for parameter in self.parameters():
            parameter.zero_grad()

    def forget(self):
        """Drop what forward kept for backward, in this layer and all inside it."""
        for layer in self.layers():
            layer._kept = None

    def train(self, training=True):
        """Keep what backward needs from now on; dropout drops. Returns the layer."""
        self.forget()
        for layer in self.layers():
            layer.training = training
        return self

    def eval(self):
        """Keep nothing for backward; dropout passes everything. Returns the layer."""
        return self.train(False)

    def reseed(self, seed):
        """Make every dropout mask from now on a function of `seed` (an int or a sequence of ints) alone."""
        for number, layer in enumerate(self.layers()):
            if hasattr(layer, "rng"):
                layer.rng = np.random.default_rng([*np.atleast_1d(seed), number])

    def to(self, device):
        """Move parameters and gradients to "cpu" or "gpu". Returns the layer."""
        return self._change(lambda array: to_device(array, device))

    def astype(self, dtype):
        """Turn parameters and gradients into `dtype`. Returns the layer."""
        return self._change(lambda array: array.astype(dtype))

    def _change(self, change):
        for parameter in self.parameters():
            parameter.data = change(parameter.data)
            parameter.grad = None if parameter._grad is None else change(parameter._grad)
        return self

    def state_dict(self):
        """{name: NumPy array}, copies of all parameters under the names of `named_parameters`."""
        return {name: np.array(to_host(parameter.data)) for name, parameter in self.named_parameters()}

    def load_state_dict(self, state):
        """Copy {name: array} into the parameters, which keep their dtype and device.

        Raises InputError, before anything is changed, naming what is missing or unknown, or both shapes that differ.
        """
        mine = dict(self.named_parameters())
        if missing := [name for name in mine if name not in state]:
            raise InputError(
                f"the weights lack {_some(missing)}: they are of another network than {type(self).__name__}"
            )
        if unknown := [name for name in state if name not in mine]:
            raise InputError(f"{type(self).__name__} has no {_some(unknown)}: the weights are of another network")
        self.copy_from(state)

    def copy_from(self, state):
        """Copy the arrays of `state` whose names this layer has; returns those names.

        Raises InputError, before anything is changed, where a shape differs.
        """
        shared = [(name, parameter) for name, parameter in self.named_parameters() if name in state]
        for name, parameter in shared:
            if tuple(state[name].shape) != parameter.data.shape:
                raise InputError(
                    f"{name} has shape {tuple(state[name].shape)} in the weights, {parameter.data.shape} in this "
                    f"{type(self).__name__}: another width, fc_channels or number of classes?"
                )
        for name, parameter in shared:
            parameter.data[...] = array_module(parameter.data).asarray(state[name])
        return [name for name, _ in shared]


def _some(names):
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
