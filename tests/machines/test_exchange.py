"""Gradients of several processes, summed while backward runs."""

import time

import numpy as np
import pytest

from minifcn.errors import InputError
from minifcn.layers import Parameter
from minifcn.machines import Group, exchange
from minifcn.machines.exchange import Exchange

from .threads import run_ranks

SHAPES = ((3, 4), (5,), (2, 2))


def parameters(dtype="float64"):
    return [Parameter(np.zeros(shape, dtype)) for shape in SHAPES]


def gradients(rank, step, piece, dtype="float64"):
    """What a backward pass adds to each."""
    rng = np.random.default_rng([rank, step, piece])
    return [rng.standard_normal(shape).astype(dtype) for shape in SHAPES]


def backward(parameters, given):
    for parameter, gradient in reversed(list(zip(parameters, given))):
        if parameter.trainable:
            parameter.add_grad(gradient)


def expected(pieces, step, dtype="float64"):
    """The sums: of each rank's passes first, then over the ranks in their order."""
    totals = [np.zeros(shape, dtype) for shape in SHAPES]
    for rank, count in enumerate(pieces):
        own = [np.zeros(shape, dtype) for shape in SHAPES]
        for piece in range(count):
            for total, gradient in zip(own, gradients(rank, step, piece, dtype)):
                total += gradient
        totals = [total + part for total, part in zip(totals, own)]
    return totals


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("bucket", [1, 60, 1 << 20])
@pytest.mark.parametrize("pieces", [[1, 1], [1, 0, 2], [0, 0, 3, 1]])
def test_every_rank_has_the_sum_of_all(monkeypatch, pieces, bucket, dtype):
    monkeypatch.setattr(exchange, "BUCKET", bucket)

    def train(group):
        own, results = parameters(dtype), []
        between = Exchange(own, group)
        for step in range(3):  # how often a pass adds is known from the second on
            for parameter in own:
                parameter.zero_grad()
            between.begin(pieces[group.rank])
            for piece in range(pieces[group.rank]):
                backward(own, gradients(group.rank, step, piece, dtype))
            between.finish()
            results.append([parameter.grad.copy() for parameter in own])
        return results

    for results in run_ranks(len(pieces), train):
        for step, result in enumerate(results):
            for gradient, total in zip(result, expected(pieces, step, dtype)):
                assert gradient.dtype == dtype
                np.testing.assert_array_equal(gradient, total)


def test_what_no_rank_has_reached_has_no_gradient():
    """As in one process, whose optimizer leaves it alone."""

    def train(group):
        own = parameters()
        between = Exchange(own, group)
        between.begin(1)
        if group.rank == 1:
            own[2].add_grad(np.ones(SHAPES[2]))
        own[0].add_grad(np.ones(SHAPES[0]))
        between.finish()
        return [(parameter.has_grad, parameter.grad.max()) for parameter in own]

    assert run_ranks(2, train) == [[(True, 2.0), (False, 0.0), (True, 1.0)]] * 2


def test_the_last_parameters_are_summed_while_the_first_still_wait(monkeypatch):
    monkeypatch.setattr(exchange, "BUCKET", 1)

    def train(group):
        first, last = own = [Parameter(np.zeros(2)), Parameter(np.zeros(3))]
        between = Exchange(own, group)
        for step in range(2):
            for parameter in own:
                parameter.zero_grad()
            between.begin(1)
            last.add_grad(np.ones(3))
            if step == 1:
                end = time.monotonic() + 20
                while (last.grad != group.size).any() and time.monotonic() < end:
                    time.sleep(0.001)
                early = last.grad.tolist()
            first.add_grad(np.ones(2))
            between.finish()
        return early, first.grad.tolist(), last.grad.tolist()

    assert run_ranks(2, train) == [([2, 2, 2], [2, 2], [2, 2, 2])] * 2


def test_ranks_that_complete_them_in_another_order_still_sum_the_same_buckets(monkeypatch):
    monkeypatch.setattr(exchange, "BUCKET", 1)

    def train(group):
        own = [Parameter(np.zeros(1)) for _ in range(4)]
        between = Exchange(own, group)
        for _ in range(3):
            for parameter in own:
                parameter.zero_grad()
            between.begin(1)
            for i in np.random.default_rng(group.rank).permutation(4):
                own[i].add_grad(np.full(1, 10.0**i))
            between.finish()
        return [float(parameter.grad[0]) for parameter in own]

    assert run_ranks(3, train) == [[3, 30, 300, 3000]] * 3


def test_a_shared_parameter_waits_for_all_that_a_pass_adds():
    def train(group):
        (shared,) = own = [Parameter(np.zeros(2))]
        between = Exchange(own, group)
        for _ in range(3):
            shared.zero_grad()
            between.begin(2)
            for _ in range(2):
                shared.add_grad(np.ones(2))
                time.sleep(0.01)  # a thread that would not wait is at work by now
                shared.add_grad(np.full(2, 10.0))
            between.finish()
        return shared.grad.tolist()

    assert run_ranks(2, train) == [[44, 44]] * 2


def test_frozen_parameters_are_left_alone_and_may_be_thawed():
    def train(group):
        first, last = own = [Parameter(np.zeros(2), trainable=False), Parameter(np.zeros(2))]
        between = Exchange(own, group)
        for step in range(4):
            first.trainable = step >= 2
            for parameter in own:
                parameter.zero_grad()
            between.begin(1)
            if step == 1:
                first.grad = np.full(2, 7.0)
            backward(own, [np.ones(2), np.ones(2)])
            between.finish()
            if step == 1:
                frozen = first.grad.tolist()
        return frozen, first.grad.tolist(), last.grad.tolist()

    assert run_ranks(2, train) == [([7, 7], [2, 2], [2, 2])] * 2


def test_parameters_of_two_dtypes_go_in_buckets_of_their_own():
    own = [Parameter(np.zeros(2, dtype)) for dtype in ("float32", "float64", "float64", "float32")]
    assert [len(bucket) for bucket in exchange.buckets(own)] == [1, 2, 1]


def test_a_gradient_that_comes_too_late_is_an_error():
    def train(group):
        (parameter,) = own = [Parameter(np.zeros(2))]
        between = Exchange(own, group)
        between.begin(1)
        parameter.add_grad(np.ones(2))
        between.finish()
        between.begin(1)
        parameter.add_grad(np.ones(2))
        while parameter not in between.sent:
            time.sleep(0.001)
        with pytest.raises(RuntimeError, match="after it was summed"):
            parameter.add_grad(np.ones(2))
        between.finish()

    run_ranks(2, train)


def test_an_error_of_the_thread_is_raised_by_finish(monkeypatch):
    def train(group):
        (parameter,) = own = [Parameter(np.zeros(2))]
        between = Exchange(own, group)
        monkeypatch.setattr(group, "sum", lambda *_: 1 / 0)
        between.begin(1)
        parameter.add_grad(np.ones(2))
        with pytest.raises(ZeroDivisionError):
            between.finish()
        assert parameter.added is None

    run_ranks(2, train)


def test_float16_gradients_are_the_same_everywhere_and_near():
    def train(group):
        own = parameters("float32")
        between = Exchange(own, group, wire="float16")
        between.begin(1)
        backward(own, gradients(group.rank, 0, 0, "float32"))
        between.finish()
        return [parameter.grad for parameter in own]

    results = run_ranks(3, train)
    for i, total in enumerate(expected([1, 1, 1], 0, "float32")):
        for result in results:
            assert result[i].dtype == "float32"
            np.testing.assert_array_equal(result[i], results[0][i])
            np.testing.assert_allclose(result[i], total, rtol=0, atol=0.01)
        assert (results[0][i] != total).any()  # something was rounded: it was float16 that travelled


def test_one_process_exchanges_nothing():
    (parameter,) = own = [Parameter(np.zeros(2))]
    between = Exchange(own, Group(), wire="float16")
    between.begin(1)
    parameter.add_grad(given := np.ones(2), fresh=True)
    between.finish()
    assert parameter.grad is given


def test_another_wire_is_refused():
    with pytest.raises(InputError, match="wire is 'float8'; expected 'float16', or None"):
        Exchange([Parameter(np.zeros(2))], Group(), wire="float8")


def test_processes_with_and_without_a_gpu_are_refused(device):
    def make(group):
        parameter = Parameter(np.zeros(2))
        parameter.to("gpu" if group.rank == 1 else "cpu")
        with pytest.raises(InputError, match="rank 1 has a GPU and rank 0 has none: start one process for each GPU"):
            Exchange([parameter], group)

    run_ranks(2, make)
