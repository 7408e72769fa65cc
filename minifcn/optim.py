"""Stochastic gradient descent with momentum, and the learning-rate schedules.

The rule is PyTorch's, with Caffe's two multipliers per parameter (the FCN authors train biases at twice the
learning rate and without decay, and hold the upsampling kernels at zero times the learning rate):

    d = g + (weight_decay * decay_mult) w
    v = momentum * v + d                      (v starts at 0, so v = d at the first step)
    w = w - (lr * lr_mult) v

Every backward pass adds to the gradients: to accumulate k batches, call `step()` and `zero_grad()` after each k-th.
"""

import math
from collections.abc import Callable, Sequence

from minifcn.backend import Array, array_module, to_device
from minifcn.backend.kernels import by_kernel
from minifcn.backend.parallel import blocks, run_all, scratch
from minifcn.errors import InputError
from minifcn.layers import Parameter

Parameters = Sequence[Parameter | tuple[str, Parameter]]
SCHEDULES = ("fixed", "step", "polynomial")
Schedule = Callable[[int], float]  # step -> learning rate


class SGD:
    """Stochastic gradient descent with momentum and weight decay.

    parameters    a list of Parameter, or of (name, Parameter) pairs; one not `.trainable` is passed over, and one that
                  is there twice, as a shared one is among pairs, moves once
    lr            the learning rate, > 0; `.lr` is a plain attribute, to be set before a step by a schedule
    momentum      0 <= momentum < 1
    weight_decay  the factor of the L2 penalty's gradient, >= 0

    Each array is changed in place and keeps its dtype. The velocities live beside their parameters, and follow them to
    another device or dtype.
    Raises InputError for settings outside these bounds, or an empty list.
    Source: Sutskever et al. 2013, in torch.optim.SGD's form: the learning rate is outside the velocity.
    """

    def __init__(self, parameters: Parameters, lr: float, momentum: float = 0.9, weight_decay: float = 0.0):
        # One that is there twice is moved once: two threads must not write to the same numbers.
        self.parameters = list(dict.fromkeys(p[1] if isinstance(p, tuple) else p for p in parameters))
        if not self.parameters:
            raise InputError("SGD: the list of parameters is empty, pass model.parameters()")
        check_sgd(lr, momentum, weight_decay)
        self.lr, self.momentum, self.weight_decay = lr, momentum, weight_decay
        self.velocity = [None] * len(self.parameters)  # made when first needed, where the parameter is then
        self.steps = 0  # begun: whoever is interrupted sees whether the weights have moved

    def step(self) -> None:
        """Move every trainable parameter one step against its gradient."""
        self.steps += 1
        pieces = [piece for i, p in enumerate(self.parameters) if p.trainable for piece in self._pieces(i, p)]
        if pieces:  # of all parameters at once, so that the cores share the small ones, too
            run_all(sgd_update, pieces, array_module(pieces[0][0]))

    def _pieces(self, i, p):
        """Arguments for `sgd_update`, for each block of a parameter."""
        arrays = p.data, self._velocity(i), p.grad
        # Python floats keep a float32 array float32 on both kinds of array; a NumPy scalar would not.
        lr, decay = float(self.lr * p.lr_mult), float(self.weight_decay * p.decay_mult)
        for block in blocks(p.shape, array_module(p.data)):
            yield *(array[block] for array in arrays), lr, self.momentum, decay

    def zero_grad(self) -> None:
        """Set every gradient to zero."""
        for p in self.parameters:
            p.zero_grad()

    def state_dict(self) -> dict[str, list[Array]]:
        """{"velocity": [one array for each trainable parameter]}: the arrays themselves, not copies."""
        return {"velocity": [self._velocity(i) for i, p in enumerate(self.parameters) if p.trainable]}

    def load_state_dict(self, state: dict[str, list[Array]]) -> None:
        """Take over copies of the velocities of `state_dict()`, which may be NumPy arrays or on the device.

        Raises InputError where their number or a shape is not that of the trainable parameters; nothing has
        changed then.
        """
        trainable, velocity = [i for i, p in enumerate(self.parameters) if p.trainable], state["velocity"]
        advice = "load the state of the same network"
        if len(velocity) != len(trainable):
            raise InputError(f"SGD: {len(velocity)} velocities for {len(trainable)} trainable parameters: {advice}")
        for place, (i, v) in enumerate(zip(trainable, velocity)):
            if v.shape != (shape := self.parameters[i].shape):
                raise InputError(f"SGD: velocity {place} is {v.shape}, its parameter {shape}: {advice}")
        for i, v in zip(trainable, velocity):
            self.velocity[i] = to_device(v, self.parameters[i].device).astype(self.parameters[i].dtype)  # a copy

    def _velocity(self, i):
        p, velocity = self.parameters[i], self.velocity[i]
        if velocity is None:
            velocity = array_module(p.data).zeros_like(p.data)
        elif type(velocity) is not type(p.data) or velocity.dtype != p.dtype:  # the parameter has moved
            velocity = to_device(velocity, p.device).astype(p.dtype)
        self.velocity[i] = velocity
        return velocity


@by_kernel
def sgd_update(w: Array, v: Array, g: Array, lr: float, momentum: float, decay: float) -> None:
    """v = momentum v + g + decay w, then w = w - lr v, in place; three arrays of one shape and dtype."""
    xp = array_module(w)
    work = scratch("step", w.shape, w.dtype, xp)
    v *= momentum
    v += g
    if decay:
        xp.multiply(w, decay, out=work)
        v += work
    xp.multiply(v, lr, out=work)
    w -= work


def decays_too_much(lr: float, momentum: float, weight_decay: float) -> bool:
    """Whether the decay, and no high learning rate, makes weights swing ever wider, whatever their gradients are."""
    return weight_decay > lr and lr * weight_decay > 2 * (1 + momentum)


def check_sgd(lr: float, momentum: float, weight_decay: float) -> None:
    """InputError unless these are settings that SGD can have."""
    if not 0 < lr < math.inf:
        raise InputError(f"SGD: lr is {lr}, a learning rate is greater than 0")
    if not 0 <= momentum < 1:
        raise InputError(f"SGD: momentum is {momentum}, take 0 <= momentum < 1")
    if not 0 <= weight_decay < math.inf:
        raise InputError(f"SGD: weight_decay is {weight_decay}, take 0 or more")


def fixed(lr: float) -> Schedule:
    """The same learning rate at every step (the CVPR paper's choice): returns step -> lr."""
    return lambda step: lr


def step(lr: float, every: int, factor: float = 0.1) -> Schedule:
    """`lr`, multiplied by `factor` after each `every` steps: returns step -> lr * factor^(step // every)."""
    if every < 1:
        raise InputError(f"step schedule: every is {every}, take at least 1 step")
    return lambda step: lr * factor ** (step // every)


def polynomial(lr: float, total_steps: int, power: float = 0.9) -> Schedule:
    """From `lr` at step 0 to 0 at `total_steps`: returns step -> lr * (1 - step/total_steps)^power.

    Source: Caffe's "poly" policy; power 0.9 as in DeepLab (Chen et al. 2016, section 4.1).
    """
    if total_steps < 1:
        raise InputError(f"polynomial schedule: total_steps is {total_steps}, take at least 1 step")
    return lambda step: lr * (1 - min(step, total_steps) / total_steps) ** power


def schedule(name: str, lr: float, total_steps: int) -> Schedule:
    """The schedule of this name, one of SCHEDULES, over a run of `total_steps`: returns step -> lr.

    "step" divides the learning rate by 10 after each third of the run. Raises InputError for another name.
    """
    if name == "fixed":
        return fixed(lr)
    if name == "step":
        return step(lr, every=-(-total_steps // 3))
    if name == "polynomial":
        return polynomial(lr, total_steps)
    raise InputError(f"schedule {name!r} is none of {', '.join(SCHEDULES)}")
