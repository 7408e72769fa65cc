"""The arguments with which kernels are checked and timed."""

import sys

import numpy as np
import pytest
import strict_array

from minifcn.backend.kernels import kernels_wanted
from minifcn.commands.bench import twins


@pytest.mark.parametrize("name", twins.TWINS)
def test_a_kernel_is_called_with_what_its_function_takes(name, monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", strict_array.xp)
    twin, rng = twins.TWINS[name], np.random.default_rng(4)
    for _ in range(5):
        given = twin.given(rng, twins.draw_shape(rng), "float32")
        arrays = [value for value in given if isinstance(value, np.ndarray)]
        before = [array.copy() for array in arrays]
        results = twins.call(twin, given, kernel=False)
        assert all((array == old).all() for array, old in zip(arrays, before))  # a call has arrays of its own
        assert all(np.isfinite(result).all() for result in results)


def test_arguments_lie_in_the_devices_memory_as_in_the_hosts(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", strict_array.xp)
    there = twins._there(np.arange(24, dtype="float32").reshape(2, 3, 4).transpose(2, 0, 1))
    assert there.strides == (4, 48, 16) and int(there[1, 0, 2]) == 9


def test_kernel_or_not_is_asked_for_in_each_call(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", strict_array.xp)
    asked = []
    twin = twins.TWINS["sgd_update"]._replace(plain=lambda *given: asked.append(kernels_wanted()))
    given = twin.given(np.random.default_rng(0), twins.Shape((1, 1, 2, 2)), "float32")
    for kernel in (True, False):
        twins.call(twin, given, kernel)
        twins.caller(twin, given, kernel)()
    assert asked == [True, True, False, False]


def test_bytes_of_a_kernel():
    shape = twins.Shape((1, 2, 6, 4))
    rng, maps, pooled = np.random.default_rng(0), 2 * 6 * 4, 2 * 3 * 2
    expected = {
        "columns_of": 4 * (maps + 4 * pooled),
        "add_to_windows": 4 * (2 * maps + 4 * pooled),
        "bias_relu": 4 * (2 * maps + 2),
        "max_pool": 4 * (maps + pooled) + pooled,
        "spread": 4 * (maps + pooled) + pooled,
        "softmax_loss": 4 * 2 * maps + (8 + 4 + 4) * 24,
        "softmax_loss_grad": 4 * 2 * maps + (8 + 4) * 24,
        "sgd_update": 4 * 5 * maps,
    }
    moved = {name: twins.moved(twin, twin.given(rng, shape, "float32")) for name, twin in twins.TWINS.items()}
    assert moved == expected
