"""Gradients of several processes, summed while backward runs."""

import numpy as np

from machines.threads import run_ranks
from minifcn.layers import Parameter
from minifcn.machines import Exchange


def summed(ranks, pieces, shapes=((3, 4), (5,), (2, 2)), steps=2, wire=None, dtype="float64"):
    """Each rank's gradients after `steps` steps, and what every backward pass of the last step added."""

    def train(group):
        rng = np.random.default_rng(group.rank)
        parameters = [Parameter(np.zeros(shape, dtype)) for shape in shapes]
        exchange = Exchange(parameters, group, wire)
        for _ in range(steps):
            given = []
            for p in parameters:
                p.zero_grad()
            exchange.begin(pieces[group.rank])
            for _ in range(pieces[group.rank]):
                given.append([rng.standard_normal(shape).astype(dtype) for shape in shapes])
                for p, g in reversed(list(zip(parameters, given[-1]))):
                    p.add_grad(g)
            exchange.finish()
        return [p.grad for p in parameters], given

    return run_ranks(ranks, train)


def test_every_rank_has_the_sum_of_all():
    results = summed(3, [1, 0, 2])
    for gradients, _ in results:
        for i, gradient in enumerate(gradients):
            first = results[0][1][0][i]
            third = results[2][1][0][i] + results[2][1][1][i]
            np.testing.assert_array_equal(gradient, first + 0 + third)
