"""SGD and the schedules: by hand, and against torch.optim.SGD."""

import copy
import math
import sys
import tracemalloc

import numpy as np
import pytest
import strict_array

from minifcn.backend import parallel
from minifcn.errors import InputError
from minifcn.layers import Parameter
from minifcn.optim import SCHEDULES, SGD, cosine, fixed, polynomial, schedule, sgd_update, step


def parameter(values, grad, **settings):
    p = Parameter(np.array(values), **settings)
    p.grad[...] = grad
    return p


def test_two_steps_by_hand():
    p = parameter([1.0, -2.0], [0.5, 1.0], lr_mult=2.0, decay_mult=0.5)
    optimizer = SGD([p], lr=0.1, momentum=0.9, weight_decay=0.2)
    optimizer.step()
    # decay 0.2 * 0.5 = 0.1: v = (0.5 + 0.1, 1 - 0.2) = (0.6, 0.8); rate 0.2: w = (1 - 0.12, -2 - 0.16)
    np.testing.assert_allclose(p.data, [0.88, -2.16], rtol=1e-15)
    p.grad[...] = [-0.5, 0.0]
    optimizer.step()
    # v = (0.54 - 0.5 + 0.088, 0.72 + 0 - 0.216) = (0.128, 0.504); w = (0.88 - 0.0256, -2.16 - 0.1008)
    np.testing.assert_allclose(p.data, [0.8544, -2.2608], rtol=1e-14)


def test_a_shared_parameter_moves_once():
    p = parameter([1.0, -2.0], [0.5, 1.0])
    optimizer = SGD([("first.weight", p), ("second.weight", p)], lr=0.1)
    optimizer.step()
    np.testing.assert_allclose(p.data, [0.95, -2.1], rtol=1e-15)
    assert len(optimizer.state_dict()["velocity"]) == 1


@pytest.mark.parametrize("dtype, tolerance", [("float64", 1e-15), ("float32", 1e-7)])
@pytest.mark.parametrize(
    "momentum, decay, more",
    [
        (0.9, 5e-4, {}),
        (0.99, 0.0, {}),
        (0.0, 0.1, {}),
        (0.9, 5e-4, {"nesterov": True}),
        (0.8, 0.0, {"nesterov": True}),
        (0.9, 5e-4, {"dampening": 0.3}),
        (0.9, 0.0, {"dampening": 1.0}),
        (0.0, 0.1, {"dampening": 0.3}),  # which a step without momentum does not know
    ],
)
@pytest.mark.parametrize("block", [7, parallel.BLOCK], ids=["several pieces of each", "each a piece"])
def test_twenty_steps_as_torch(dtype, tolerance, momentum, decay, more, block, monkeypatch):
    monkeypatch.setattr(parallel, "BLOCK", block)
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    rng = np.random.default_rng(0)
    multipliers = [(1.0, 1.0), (2.0, 0.0), (0.0, 1.0), (0.5, 2.0)]
    ours = [Parameter(rng.standard_normal((3, 2, 5)).astype(dtype), lr_mult=m, decay_mult=d) for m, d in multipliers]
    theirs = [torch.nn.Parameter(torch.tensor(p.data)) for p in ours]
    optimizer = SGD([(str(i), p) for i, p in enumerate(ours)], 1.0, momentum, decay, **more)
    groups = [
        {"params": [p], "lr": m, "weight_decay": decay * d} for p, (m, d) in zip(theirs, multipliers, strict=True)
    ]
    oracle = torch.optim.SGD(groups, lr=1.0, momentum=momentum, **more)
    for i in range(20):
        optimizer.lr = 0.1 / (i + 1)
        for group, (m, _) in zip(oracle.param_groups, multipliers, strict=True):
            group["lr"] = optimizer.lr * m
        for p, q in zip(ours, theirs, strict=True):
            p.grad[...] = rng.standard_normal(p.data.shape)
            q.grad = torch.tensor(p.grad)
        optimizer.step()
        oracle.step()
        for p, q in zip(ours, theirs, strict=True):
            assert p.data.dtype == dtype
            assert abs(p.data - q.detach().numpy()).max() <= tolerance * abs(p.data).max() * (i + 1)


def test_nesterov_and_dampening_by_hand():
    p = parameter([1.0], [2.0])
    optimizer = SGD([p], lr=0.5, momentum=0.5, nesterov=True)
    optimizer.step()  # v = 2; w = 1 - 0.5 (2 + 0.5 * 2)
    assert p.data[0] == -0.5
    optimizer.step()  # v = 3; w = -0.5 - 0.5 (2 + 0.5 * 3)
    assert p.data[0] == -2.25
    p = parameter([1.0], [2.0])
    optimizer = SGD([p], lr=0.5, momentum=0.5, dampening=0.75)
    optimizer.step()  # v = 2, not dampened yet
    assert p.data[0] == 0
    optimizer.step()  # v = 1 + 0.25 * 2
    assert p.data[0] == -0.75


def test_a_learning_rate_of_0_moves_velocities_alone():
    p = parameter([1.0], [2.0])
    optimizer = SGD([p], lr=0)
    optimizer.step()
    assert p.data[0] == 1 and optimizer.state_dict()["velocity"][0][0] == 2


@pytest.mark.parametrize("dtype, tolerance", [("float64", 1e-15), ("float32", 1e-7)])
def test_twenty_steps_of_groups_as_torch(dtype, tolerance):
    """With settings of their own, changed on the way; the last group has none, and follows the optimizer's."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    rng = np.random.default_rng(0)
    own = [
        {"lr": 0.02, "weight_decay": 0.1},
        {"momentum": 0.5, "nesterov": True},
        {"momentum": 0.0, "weight_decay": 0.0},
        {"dampening": 0.4},
        {"lr": 0.0},
        {},
    ]
    ours = [[Parameter(rng.standard_normal(shape).astype(dtype)) for shape in ((3, 4), (5,))] for _ in own]
    theirs = [[torch.nn.Parameter(torch.tensor(p.data)) for p in group] for group in ours]
    pairs = [pair for both in zip(ours, theirs) for pair in zip(*both)]
    settings = {"lr": 0.1, "momentum": 0.9, "weight_decay": 5e-3}
    optimizer = SGD([{"params": ps, **more} for ps, more in zip(ours, own)], **settings)
    oracle = torch.optim.SGD([{"params": ps, **more} for ps, more in zip(theirs, own)], **settings)
    for i in range(20):
        optimizer.lr = 0.1 / (i + 1)
        for group, more in zip(oracle.param_groups, own):
            if "lr" not in more:
                group["lr"] = 0.1 / (i + 1)
        for groups in (optimizer.param_groups, oracle.param_groups):
            groups[0]["lr"] *= 0.9
        for p, q in pairs:
            p.grad[...] = rng.standard_normal(p.shape)
            q.grad = torch.tensor(p.grad)
        optimizer.step()
        oracle.step()
        for p, q in pairs:
            assert p.data.dtype == dtype
            assert abs(p.data - q.detach().numpy()).max() <= tolerance * abs(p.data).max() * (i + 1)


def test_a_group_follows_the_optimizer_where_it_has_nothing_of_its_own():
    p, q = parameter([0.0], [1.0]), parameter([0.0], [1.0])
    optimizer = SGD([{"params": [p]}, {"params": [q], "lr": 4.0}], lr=1.0, momentum=0)
    twin = copy.deepcopy(optimizer)
    for one in (optimizer, twin):
        one.lr = 2.0
        assert [group["lr"] for group in one.param_groups] == [2.0, 4.0]
        one.param_groups[0]["lr"] *= 4
        one.step()
        assert [float(parameter.data[0]) for parameter in one.parameters] == [-8.0, -4.0] and one.lr == 2.0
    with pytest.raises(KeyError, match="betas"):
        optimizer.param_groups[0]["betas"]


def test_what_is_not_trainable_stays():
    frozen, free = parameter([1.0], [1.0], trainable=False), parameter([1.0], [1.0])
    optimizer = SGD([frozen, free], lr=0.5)
    optimizer.step()
    assert (frozen.data[0], free.data[0]) == (1.0, 0.5)
    assert len(optimizer.state_dict()["velocity"]) == 1


def test_gradients_are_cleared():
    p = parameter([1.0, 2.0], [3.0, 4.0])
    SGD([p], lr=0.1).zero_grad()
    np.testing.assert_array_equal(p.grad, [0, 0])


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_a_step_works_in_place_with_one_scratch_array(decay):
    p = parameter(np.ones(1 << 18, np.float32), 1.0)
    data, velocity = p.data, None
    optimizer = SGD([p], lr=np.float64(0.1), momentum=np.float64(0.9), weight_decay=decay)
    optimizer.step()
    velocity = optimizer.state_dict()["velocity"][0]
    tracemalloc.start()
    optimizer.step()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert p.data is data and optimizer.state_dict()["velocity"][0] is velocity
    assert data.dtype == velocity.dtype == np.float32
    assert peak < 1.1 * data.nbytes


@pytest.mark.parametrize("more", [{}, {"nesterov": True}, {"dampening": 0.5}])
@pytest.mark.parametrize("stop", [0, 3])
def test_a_restored_state_goes_on_as_if_never_stopped(more, stop):
    rng = np.random.default_rng(1)
    gradients = rng.standard_normal((6, 4))

    def run(p, optimizer, steps):
        for gradient in gradients[steps]:
            p.grad[...] = gradient
            optimizer.step()

    whole, first = parameter(np.ones(4), 0), parameter(np.ones(4), 0)
    run(whole, SGD([whole], lr=0.1, weight_decay=0.01, **more), slice(0, 6))
    before = SGD([first], lr=0.1, weight_decay=0.01, **more)
    run(first, before, slice(0, stop))
    second = parameter(first.data.copy(), 0)
    after = SGD([{"params": [second], "lr": 0.1}], lr=9, weight_decay=0.01, **more)
    after.load_state_dict(before.state_dict())
    run(first, before, slice(stop, 6))  # must not reach into the state that was taken over
    run(second, after, slice(stop, 6))
    assert (second.data == whole.data).all()


def test_a_state_of_another_network_changes_nothing():
    a, b = parameter([1.0], [1.0]), parameter([1.0, 2.0], [1.0, 1.0])
    optimizer = SGD([a, b], lr=0.1)
    optimizer.step()
    with pytest.raises(InputError, match="1 velocities for 2 trainable parameters"):
        optimizer.load_state_dict({"velocity": [np.zeros(1)]})
    with pytest.raises(InputError, match=r"velocity 1 is \(3,\), its parameter \(2,\)"):
        optimizer.load_state_dict({"velocity": [np.zeros(1), np.zeros(3)]})
    assert optimizer.state_dict()["velocity"][0][0] == 1.0


def test_on_the_strict_double(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", strict_array.xp)
    p = Parameter(strict_array.xp.asarray(np.array([1.0, -2.0], np.float32)))
    p.grad[...] = strict_array.xp.asarray(np.array([0.5, 1.0], np.float32))
    optimizer = SGD([p], lr=0.1, weight_decay=0.2)
    strict_array.waits.clear()
    optimizer.step()
    optimizer.zero_grad()
    assert not strict_array.waits
    np.testing.assert_allclose(p.data.get(), [1 - 0.1 * 0.7, -2 - 0.1 * 0.6], rtol=1e-6)
    optimizer.load_state_dict({"velocity": [np.array([3.0, 4.0])]})  # from a file, so on the host
    (velocity,) = optimizer.state_dict()["velocity"]
    assert isinstance(velocity, strict_array.StrictArray) and velocity.dtype == np.float32


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"lr": -0.1}, "lr is -0.1"),
        ({"lr": float("nan")}, "lr is nan"),
        ({"lr": 0.1, "momentum": 1}, "momentum is 1"),
        ({"lr": 0.1, "momentum": -0.1}, "momentum is -0.1"),
        ({"lr": 0.1, "weight_decay": -1}, "weight_decay is -1"),
        ({"lr": 0.1, "dampening": 1.5}, "dampening is 1.5, take 0 to 1"),
        ({"lr": 0.1, "momentum": 0, "nesterov": True}, "nesterov wants a momentum and no dampening, these are 0 and 0"),
        ({"lr": 0.1, "dampening": 0.5, "nesterov": True}, "nesterov wants a momentum and no dampening, these are 0.9"),
    ],
)
@pytest.mark.parametrize("of_the_group", [False, True])
def test_settings_out_of_bounds(settings, message, of_the_group):
    parameters = [parameter([1.0], [1.0])]
    with pytest.raises(InputError, match=message):
        if of_the_group:
            SGD([{"params": parameters} | settings], lr=0.1)
        else:
            SGD(parameters, **settings)


def test_groups_that_make_no_sense():
    p, q = parameter([1.0], [1.0]), parameter([1.0], [1.0])
    with pytest.raises(InputError, match="a group has 'betas'; expected params, and any of lr, momentum, weight_decay"):
        SGD([{"params": [p], "betas": (0.9, 0.99)}], lr=0.1)
    with pytest.raises(InputError, match='a group has no "params"'):
        SGD([{"lr": 0.1}], lr=0.1)
    with pytest.raises(InputError, match='a group has no "params": expected a dict'):
        SGD([{"params": [p]}, q], lr=0.1)
    with pytest.raises(InputError, match="a parameter is in two groups"):
        SGD([{"params": [p, q]}, {"params": [q]}], lr=0.1)
    with pytest.raises(InputError, match="the list of parameters is empty"):
        SGD([{"params": []}], lr=0.1)
    with pytest.raises(InputError, match="SGD: lr is -1"):  # what no group takes over must be sound as well
        SGD([{"params": [p], "lr": 0.1}], lr=-1)


def test_no_parameters():
    with pytest.raises(InputError, match="the list of parameters is empty"):
        SGD([], lr=0.1)


def test_an_update_by_hand():
    """Neither dampened nor Nesterov's, unless that is asked for."""
    w, v, g = np.array([3.0]), np.array([0.5]), np.array([2.0])
    sgd_update(w, v, g, 0.25, 0.5, 1.0)
    assert (w.tolist(), v.tolist(), g.tolist()) == ([3 - 0.25 * 5.25], [0.25 + 5], [2])


def test_schedules_by_hand():
    assert [fixed(0.5)(s) for s in (0, 7)] == [0.5, 0.5]
    assert [step(0.5, every=3, factor=0.5)(s) for s in (0, 2, 3, 5, 6)] == [0.5, 0.5, 0.25, 0.25, 0.125]
    squares = polynomial(2.0, 4, power=2)
    assert [squares(s) for s in (0, 1, 2, 3, 4, 5)] == [2.0, 1.125, 0.5, 0.125, 0.0, 0.0]
    # up in two steps; then a third of half a wave at a time: cos 60 degrees is 1/2, cos 120 is -1/2
    assert [cosine(4.0, 5, 2)(s) for s in range(7)] == pytest.approx([2, 4, 4, 3, 1, 0, 0], abs=1e-15)
    assert [cosine(4.0, 2)(s) for s in range(3)] == pytest.approx([4, 2, 0])


@pytest.mark.parametrize("warmup", [0, 1, 4, 9])
def test_the_cosine_schedule_as_torch(warmup):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    oracle = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.3)
    schedules = torch.optim.lr_scheduler
    after = schedules.CosineAnnealingLR(oracle, T_max=20 - warmup)
    if warmup:
        before = schedules.LinearLR(oracle, start_factor=1 / warmup, total_iters=max(1, warmup - 1))
        after = schedules.SequentialLR(oracle, [before, after], milestones=[warmup])
    rates = []
    for _ in range(20):
        rates.append(oracle.param_groups[0]["lr"])
        oracle.step()
        after.step()
    np.testing.assert_allclose([cosine(0.3, 20, warmup)(s) for s in range(20)], rates, rtol=1e-12)


def test_schedules_by_name():
    # Half way: 0.5^0.9 = 0.535886731...; in the second third of 10 steps (4 to 7): a tenth.
    halfway = {name: schedule(name, 1.0, 10)(5) for name in SCHEDULES}
    assert halfway == pytest.approx({"fixed": 1.0, "step": 0.1, "polynomial": 0.5358867312681466, "cosine": 0.5})
    # Of 40 steps two to warm up, and half of the other 38 at step 21; of one step none.
    assert [schedule("cosine", 1.0, 40)(s) for s in (0, 1, 2, 21)] == pytest.approx([0.5, 1, 1, 0.5])
    assert schedule("cosine", 1.0, 1)(0) == 1
    assert [schedule("step", 1.0, 10)(s) for s in (3, 4, 7, 8)] == pytest.approx([1, 0.1, 0.1, 0.01])


def test_schedules_refuse_nonsense():
    with pytest.raises(InputError, match="'triangle' is none of fixed, step, polynomial, cosine"):
        schedule("triangle", 0.1, 10)
    for name in SCHEDULES:
        with pytest.raises(InputError, match="schedule: total_steps is 0"):
            schedule(name, 0.1, 0)
    for warmup, total, said in (
        (10, 10, "warmup_steps is 10 of total_steps 10, take fewer"),
        (-1, 10, "warmup_steps is -1; expected at least 0"),
        (0, 0, "total_steps is 0; expected at least 1"),
    ):
        with pytest.raises(InputError, match=said):
            cosine(0.1, total, warmup)
    with pytest.raises(InputError, match="total_steps is 0"):
        polynomial(0.1, 0)
    with pytest.raises(InputError, match="every is 0"):
        step(0.1, 0)
    for rates in (fixed(0.1), step(0.1, 2), polynomial(0.1, 10), cosine(0.1, 10)):
        for nonsense in (-1, "1", None):
            with pytest.raises(InputError, match=f"schedule: step is {nonsense!r}, steps are counted from 0"):
                rates(nonsense)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (fixed, "fixed schedule: lr"),
        (lambda bad: step(bad, 2), "step schedule: lr"),
        (lambda bad: step(0.1, 2, bad), "step schedule: factor"),
        (lambda bad: polynomial(bad, 10), "polynomial schedule: lr"),
        (lambda bad: polynomial(0.1, 10, bad), "polynomial schedule: power"),
        (lambda bad: cosine(bad, 10), "cosine schedule: lr"),
    ],
)
def test_schedules_refuse_numbers_that_are_no_rates(make, said):
    for bad in (-0.5, math.inf, math.nan, "0.1", None):
        with pytest.raises(InputError, match=f"^{said} is {bad!r}"):
            make(bad)


def test_what_no_backward_has_reached_stays_as_in_torch():
    """It neither decays nor coasts on its velocity."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    rng = np.random.default_rng(2)
    ours = [Parameter(rng.standard_normal((2, 3))) for _ in range(3)]
    theirs = [torch.nn.Parameter(torch.tensor(p.data)) for p in ours]
    optimizer = SGD(ours, lr=0.1, momentum=0.9, weight_decay=0.05)
    oracle = torch.optim.SGD(theirs, lr=0.1, momentum=0.9, weight_decay=0.05)
    for reached in ([0, 1], [0], [1, 0], [], [1], [0, 1]):  # the third never
        optimizer.zero_grad()
        oracle.zero_grad()
        for i in reached:
            gradient = rng.standard_normal((2, 3))
            ours[i].add_grad(gradient)
            theirs[i].grad = torch.tensor(gradient)
        optimizer.step()
        oracle.step()
        for p, q in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(p.data, q.detach().numpy(), rtol=1e-14)


@pytest.mark.parametrize(
    "state, match",
    [
        (None, "the state is None"),
        ({}, "the state is {}"),
        ({"velocity": np.zeros(1)}, "the state is {'velocity'"),
        ({"velocity": [[0.0]]}, "velocity 0 is a list"),
        ({"velocity": [np.zeros(1, complex)]}, "velocity 0 is complex128, expected real numbers"),
        ({"velocity": [np.ones(1)], "begun": 5}, "begun is 5, expected a list of 1 bools"),
        ({"velocity": [np.ones(1)], "begun": []}, r"begun is \[\], expected a list of 1 bools"),
        ({"velocity": [np.ones(1)], "begun": ["no"]}, r"begun\[0\] is 'no', expected True or False"),
    ],
)
def test_what_is_no_state(state, match):
    optimizer = SGD([parameter([1.0], [0.0])], lr=0.1)
    with pytest.raises(InputError, match=match):
        optimizer.load_state_dict(state)
    assert not optimizer.state_dict()["velocity"][0].any()


@pytest.mark.parametrize("momenta", [(0, 0.5, 0.5), (0.5, 0, 0.5, 0.5)])
def test_a_momentum_that_changes_as_in_torch(momenta):
    """A step without momentum leaves no velocity, nor does it change the one that is there."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    rng = np.random.default_rng(3)
    ours = Parameter(rng.standard_normal((2, 3)))
    theirs = torch.nn.Parameter(torch.tensor(ours.data))
    settings = {"lr": 0.1, "weight_decay": 0.05, "dampening": 0.25}
    optimizer, oracle = SGD([ours], momentum=0.0, **settings), torch.optim.SGD([theirs], momentum=0.0, **settings)
    for momentum in momenta:
        optimizer.param_groups[0]["momentum"] = oracle.param_groups[0]["momentum"] = momentum
        gradient = rng.standard_normal((2, 3))
        ours.grad, theirs.grad = gradient, torch.tensor(gradient)
        optimizer.step()
        oracle.step()
        np.testing.assert_allclose(ours.data, theirs.detach().numpy(), rtol=1e-14)


@pytest.mark.parametrize("given", [None, 1, "ab", [np.zeros(2)], [("name", None)], [[1]]])
def test_what_are_no_parameters(given):
    with pytest.raises(InputError, match=r"SGD: .*parameter"):
        SGD(given, lr=0.1)
