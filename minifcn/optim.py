"""Stochastic gradient descent with momentum, and the learning-rate schedules.

The rule is PyTorch's, with Caffe's two multipliers per parameter (the FCN authors train biases at twice the
learning rate and without decay, and hold the upsampling kernels at zero times the learning rate):

    d = g + (weight_decay * decay_mult) w
    v = momentum * v + (1 - dampening) d      (v = d at the first step; without momentum at each, and none is kept)
    w = w - (lr * lr_mult) v                  (nesterov: d + momentum * v in v's place)

Every backward pass adds to the gradients: to accumulate k batches, call `step()` and `zero_grad()` after each k-th.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from minifcn.backend import Array, array_module, to_device
from minifcn.backend.kernels import by_kernel
from minifcn.backend.parallel import blocks, run_all, scratch
from minifcn.checks import check_array, flag, instance, number, one_of, shown, whole
from minifcn.errors import InputError
from minifcn.layers import Parameter

Parameters = Sequence[Parameter | tuple[str, Parameter]]
SETTINGS = ("lr", "momentum", "weight_decay", "dampening", "nesterov")
SCHEDULES = ("fixed", "step", "polynomial", "cosine")
WARMUP = 0.05  # of a run with the schedule "cosine"
Schedule = Callable[[int], float]  # step -> learning rate
RATE = lambda lr: 0 <= lr < math.inf, ", a learning rate is 0 or more"
_FACTOR = lambda factor: 0 <= factor < math.inf, ", take 0 or more"


class Group(dict):
    """Parameters that move alike: {"params": [Parameter], and own settings}; all other settings are the optimizer's."""

    def __init__(self, given: dict[str, Any], optimizer: "SGD"):
        if not isinstance(given, dict) or "params" not in given:
            raise InputError('SGD: a group has no "params": expected a dict such as {"params": layer.parameters()}')
        if unknown := [name for name in given if name not in (*SETTINGS, "params")]:
            raise InputError(f"SGD: a group has {unknown[0]!r}; expected params, and any of {', '.join(SETTINGS)}")
        # One that is there twice is moved once: two threads must not write to the same numbers.
        parameters = dict.fromkeys(_parameter(p) for p in given["params"])
        super().__init__(given | {"params": list(parameters)})
        self.optimizer = optimizer
        check_sgd(*(self[name] for name in SETTINGS))

    def __missing__(self, name: str) -> Any:
        if name not in SETTINGS:
            raise KeyError(name)
        return getattr(self.optimizer, name)


class SGD:
    """Stochastic gradient descent with momentum and weight decay.

    parameters    a list of Parameter, or of (name, Parameter) pairs; one not `.trainable` is passed over, and one that
                  no backward has reached since `zero_grad()`: it neither decays nor coasts; one that is there twice,
                  as a shared one is among pairs, moves once. Or a list of groups, as PyTorch has
                  them: [{"params": list, "lr": 0.01}, {"params": list}]; a group's settings, of those below, are its
                  own, and `param_groups[0]["lr"]` may be set before a step. What is to be in proportion to the
                  optimizer's is a matter of `Parameter.lr_mult` and `.decay_mult`
    lr            the learning rate, >= 0; `.lr` is a plain attribute, to be set before a step by a schedule
    momentum      0 <= momentum < 1
    weight_decay  the factor of the L2 penalty's gradient, >= 0
    dampening     how much of d a velocity does not take up after the first step, of which 0 <= dampening <= 1
    nesterov      step by where the velocity will be; it wants a momentum, and no dampening

    Each array is changed in place and keeps its dtype. The velocities live beside their parameters, and follow them to
    another device or dtype.
    Raises InputError for settings outside these bounds, an empty list, and a parameter that is in two groups.
    Source: Sutskever et al. 2013, in torch.optim.SGD's form: the learning rate is outside the velocity.
    """

    def __init__(
        self,
        parameters: Parameters | Sequence[dict[str, Any]],
        lr: float,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
        dampening: float = 0.0,
        nesterov: bool = False,
    ):
        self.lr, self.momentum, self.weight_decay = lr, momentum, weight_decay
        self.dampening, self.nesterov = dampening, nesterov
        check_sgd(lr, momentum, weight_decay, dampening, nesterov)
        instance(parameters, "SGD: parameters", Iterable, "a list of them, as model.parameters() is")
        given: Any = list(parameters)
        groups = given if any(isinstance(group, dict) for group in given) else [{"params": given}]
        self.param_groups = [Group(group, self) for group in groups]
        group_of = {p: group for group in self.param_groups for p in group["params"]}
        self.parameters, self.groups = list(group_of), list(group_of.values())  # side by side
        if not self.parameters:
            raise InputError("SGD: the list of parameters is empty, pass model.parameters()")
        if len(self.parameters) < sum(len(group["params"]) for group in self.param_groups):
            raise InputError("SGD: a parameter is in two groups: it can move in one only")
        self.begun = [False] * len(self.parameters)  # whether it has a velocity: what is not dampened yet
        self.velocity = [None] * len(self.parameters)  # made when first needed, where the parameter is then
        self.steps = 0  # begun: whoever is interrupted sees whether the weights have moved

    def step(self) -> None:
        """Move every trainable parameter one step against its gradient; one without a gradient stays, as in PyTorch."""
        self.steps += 1
        pieces = [
            piece for i, p in enumerate(self.parameters) if p.trainable and p.has_grad for piece in self._pieces(i, p)
        ]
        if pieces:  # of all parameters at once, so that the cores share the small ones, too
            run_all(sgd_update, pieces, array_module(pieces[0][0]))
        moved = (p.trainable and p.has_grad and group["momentum"] > 0 for p, group in zip(self.parameters, self.groups))
        self.begun = [begun or now for begun, now in zip(self.begun, moved)]

    def _pieces(self, i, p):
        """Arguments for `sgd_update`, for each block of a parameter."""
        arrays, group = (p.data, self._velocity(i), p.grad), self.groups[i]
        # Python floats keep a float32 array float32 on both kinds of array; a NumPy scalar would not.
        lr, decay = float(group["lr"] * p.lr_mult), float(group["weight_decay"] * p.decay_mult)
        momentum = float(group["momentum"])
        share = 1 - float(group["dampening"]) if self.begun[i] and momentum else 1.0
        for block in blocks(p.shape, array_module(p.data)):
            yield *(array[block] for array in arrays), lr, momentum, decay, share, group["nesterov"]

    def zero_grad(self) -> None:
        """Set every gradient to zero."""
        for p in self.parameters:
            p.zero_grad()

    def state_dict(self) -> dict[str, list]:
        """{"velocity": [one array for each trainable parameter], "begun": [whether that is one yet]}.

        They are the arrays themselves, not copies. Settings are no part of it.
        """
        trainable = [i for i, p in enumerate(self.parameters) if p.trainable]
        return {"velocity": [self._velocity(i) for i in trainable], "begun": [self.begun[i] for i in trainable]}

    def load_state_dict(self, state: dict[str, list]) -> None:
        """Take over copies of the velocities of `state_dict()`, which may be NumPy arrays or on the device.

        A state without "begun" is one of velocities that all are some, as far as dampening is concerned.
        Raises InputError where their number or a shape is not that of the trainable parameters, or "begun" is no list
        of as many bools; nothing has changed then.
        """
        advice = "load the state of the same network"
        velocity = state.get("velocity") if isinstance(state, Mapping) else None
        if not isinstance(velocity, (list, tuple)):
            raise InputError(f"SGD: the state is {shown(state)}, expected that of state_dict(): {advice}")
        trainable = [i for i, p in enumerate(self.parameters) if p.trainable]
        if len(velocity) != len(trainable):
            raise InputError(f"SGD: {len(velocity)} velocities for {len(trainable)} trainable parameters: {advice}")
        for place, (i, v) in enumerate(zip(trainable, velocity)):
            check_array(f"SGD: velocity {place}", v)
            if v.shape != (shape := self.parameters[i].shape):
                raise InputError(f"SGD: velocity {place} is {v.shape}, its parameter {shape}: {advice}")
        begun = state.get("begun", [True] * len(trainable))
        if not isinstance(begun, (list, tuple)) or len(begun) != len(trainable):
            raise InputError(f"SGD: begun is {shown(begun)}, expected a list of {len(trainable)} bools: {advice}")
        begun = [flag(one, f"SGD: begun[{place}]") for place, one in enumerate(begun)]
        for i, v, one in zip(trainable, velocity, begun):
            self.begun[i] = one
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
def sgd_update(
    w: Array,
    v: Array,
    g: Array,
    lr: float,
    momentum: float,
    decay: float,
    share: float = 1.0,
    nesterov: bool = False,
) -> None:
    """d = g + decay w, v = momentum v + share d, w = w - lr v, or w - lr (d + momentum v) of Nesterov's.

    In place; three arrays of one shape and dtype. Without momentum w = w - lr d, and v stays as it is.
    """
    xp = array_module(w)
    d, work = g, scratch("step", w.shape, w.dtype, xp)
    if decay:
        d = xp.multiply(w, decay, out=scratch("decayed", w.shape, w.dtype, xp))
        d += g
    if momentum:
        v *= momentum
        v += d if share == 1 else xp.multiply(d, share, out=work)
    if momentum and nesterov:
        xp.multiply(v, momentum, out=work)
        work += d
        work *= lr
    else:
        xp.multiply(v if momentum else d, lr, out=work)
    w -= work


def _parameter(given):
    """The Parameter itself, or that of a pair (name, Parameter)."""
    given = given[1] if isinstance(given, tuple) and len(given) == 2 else given
    return instance(given, "SGD: a parameter", Parameter, "a Parameter, pass model.parameters()")


def decays_too_much(lr: float, momentum: float, weight_decay: float) -> bool:
    """Whether the decay, and no high learning rate, makes weights swing ever wider, whatever their gradients are."""
    return weight_decay > lr and lr * weight_decay > 2 * (1 + momentum)


def check_sgd(lr: float, momentum: float, weight_decay: float, dampening: float = 0.0, nesterov: bool = False) -> None:
    """InputError unless these are settings that SGD can have."""
    number(lr, "SGD: lr", *RATE)
    number(momentum, "SGD: momentum", lambda momentum: 0 <= momentum < 1, ", take 0 <= momentum < 1")
    number(weight_decay, "SGD: weight_decay", *_FACTOR)
    number(dampening, "SGD: dampening", lambda dampening: 0 <= dampening <= 1, ", take 0 to 1")
    if flag(nesterov, "SGD: nesterov") and (momentum == 0 or dampening != 0):
        raise InputError(f"SGD: nesterov wants a momentum and no dampening, these are {momentum} and {dampening}")


def _of_steps(rate: Schedule) -> Schedule:
    """The schedule, with InputError for what is no step."""
    return lambda step: rate(number(step, "schedule: step", lambda step: step >= 0, ", steps are counted from 0"))


def fixed(lr: float) -> Schedule:
    """The same learning rate at every step (the CVPR paper's choice): returns step -> lr."""
    number(lr, "fixed schedule: lr", *RATE)
    return _of_steps(lambda step: lr)


def step(lr: float, every: int, factor: float = 0.1) -> Schedule:
    """`lr`, multiplied by `factor` after each `every` steps: returns step -> lr * factor^(step // every)."""
    number(lr, "step schedule: lr", *RATE)
    number(factor, "step schedule: factor", *_FACTOR)
    whole(every, "step schedule: every", 1)
    return _of_steps(lambda step: lr * factor ** (step // every))


def polynomial(lr: float, total_steps: int, power: float = 0.9) -> Schedule:
    """From `lr` at step 0 to 0 at `total_steps`: returns step -> lr * (1 - step/total_steps)^power.

    Source: Caffe's "poly" policy; power 0.9 as in DeepLab (Chen et al. 2016, section 4.1).
    """
    number(lr, "polynomial schedule: lr", *RATE)
    number(power, "polynomial schedule: power", *_FACTOR)
    whole(total_steps, "polynomial schedule: total_steps", 1)
    return _of_steps(lambda step: lr * (1 - min(step, total_steps) / total_steps) ** power)


def cosine(lr: float, total_steps: int, warmup_steps: int = 0) -> Schedule:
    """In `warmup_steps` equal steps up to `lr`, then half a wave down to 0 at `total_steps`: returns step -> lr.

    lr (step + 1) / warmup_steps, then lr (1 + cos(pi t)) / 2, where t goes from 0 to 1.
    Sources: Loshchilov, Hutter 2017 (arXiv 1608.03983, section 3); Goyal et al. 2017 (arXiv 1706.02677, section 2.2).
    """
    number(lr, "cosine schedule: lr", *RATE)
    whole(total_steps, "cosine schedule: total_steps", 1)
    whole(warmup_steps, "cosine schedule: warmup_steps")
    if warmup_steps >= total_steps:
        raise InputError(f"cosine schedule: warmup_steps is {warmup_steps} of total_steps {total_steps}, take fewer")

    def rate(step):
        if step < warmup_steps:
            return lr * (step + 1) / warmup_steps
        passed = min(step, total_steps) - warmup_steps
        return lr * (1 + math.cos(math.pi * passed / (total_steps - warmup_steps))) / 2

    return _of_steps(rate)


def schedule(name: str, lr: float, total_steps: int) -> Schedule:
    """The schedule of this name, one of SCHEDULES, over a run of `total_steps`: returns step -> lr.

    "step" divides the learning rate by 10 after each third of the run; "cosine" warms up in its first twentieth.
    Raises InputError for another name.
    """
    one_of(name, "schedule", SCHEDULES)
    whole(total_steps, "schedule: total_steps", 1)
    if name == "fixed":
        return fixed(lr)
    if name == "step":
        return step(lr, every=-(-total_steps // 3))
    if name == "cosine":
        return cosine(lr, total_steps, int(WARMUP * total_steps))
    return polynomial(lr, total_steps)
