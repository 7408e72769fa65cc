"""How kernels are launched: with indices that reach as far as the arrays do, and with arguments of the right kind."""

import mmap

import numpy as np
import pytest
from strict_array import StrictArray

from minifcn.backend.kernels import with_kernels
from minifcn.convolution.textbook import add_to_windows, columns_of
from minifcn.kernels import launch
from minifcn.layers.elementwise import bias_relu

ECHO = 'extern "C" __global__ void echo(INDEX* y, INDEX a, INDEX* b) { y[0] = b ? -1 : a; }'
ADD = 'extern "C" __global__ void add(REAL* y, REAL* x, REAL a) { y[0] = x[0] + a; }'


def strict(values, dtype="float32"):
    return StrictArray(np.array(values, dtype))


@pytest.fixture
def indices(monkeypatch):
    """The INDEX of each launch, in turn."""
    found, plain = [], launch.compiled

    def compiled(xp, source, name, types):
        found.append(dict(types)["INDEX"])
        return plain(xp, source, name, types)

    monkeypatch.setattr(launch, "compiled", compiled)
    return found


def test_beyond_what_an_int_counts(indices):
    """Two images 9 GiB apart, on memory that is only promised: what nobody touches takes none."""
    far = 9 << 30
    promised = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000  # MAP_NORESERVE, which Python has from 3.12 on
    base = np.frombuffer(mmap.mmap(-1, far + (1 << 20), promised), "float32")
    x = np.lib.stride_tricks.as_strided(base, (2, 2, 4, 5), (far, 80, 20, 4))
    x[...] = numbers = np.arange(80, dtype="float32").reshape(x.shape)
    with with_kernels():
        columns = columns_of(StrictArray(x), (3, 2), (1, 1), (1, 1))
    assert np.array_equal(columns._a, columns_of(numbers, (3, 2), (1, 1), (1, 1)))
    added = np.arange(2 * 2 * 6 * 8, dtype="float32").reshape(2, 2, 3, 2, 2, 4)
    with with_kernels():
        add_to_windows(StrictArray(x), StrictArray(added), (1, 1), (1, 1))
    add_to_windows(numbers, added, (1, 1), (1, 1))
    assert np.array_equal(x, numbers)
    assert indices == ["int64", "int64"]


def test_an_int_where_it_reaches():
    """The last entry of an array, or the number of threads, decides."""
    base = np.zeros(1, "float32")

    def reaching(*shape_and_steps):
        shape, steps = shape_and_steps[::2], [4 * step for step in shape_and_steps[1::2]]
        return launch.reach(StrictArray(np.lib.stride_tricks.as_strided(base, shape, steps)))

    assert reaching(2, 2**31 - 1) == 2**31 - 1
    assert reaching(3, 2**30, 5, -(2**20)) == 2**31 + 2**22
    assert reaching(1, 2**40, 7, 1) == 6
    assert reaching(0, 8, 3, 5) == 10
    assert launch.steps(StrictArray(np.zeros((3, 1, 4), "float64")[:, :, ::-2])) == (4, 0, -2)


@pytest.mark.parametrize("far, index", [(launch.FAR, "int32"), (0, "int64")])
def test_numbers_have_the_kernels_types(monkeypatch, far, index):
    monkeypatch.setattr(launch, "FAR", far)
    y = strict([0], index)
    launch.launch(ECHO, "echo", 1, 1, y, np.int64(7), None, REAL="float32")
    assert y._a[0] == 7
    launch.launch(ECHO, "echo", 1, 1, y, 7, y, REAL="float32")
    assert y._a[0] == -1
    y, x = strict([0], "float64"), strict([1], "float64")
    launch.launch(ADD, "add", 1, 1, y, x, np.float64(0.1))
    assert y._a[0] == 1.1


def test_what_it_refuses():
    x, y = strict([1]), strict([1], "float64")
    with pytest.raises(TypeError, match="kernel add: arrays of float32 and float64, expected one dtype"):
        launch.launch(ADD, "add", 1, 1, x, y, 0.5)
    with pytest.raises(TypeError, match="cannot be interpreted as an integer"):
        launch.launch(ADD, "add", 1, 1, x, x, np.float32(0.5))


def test_nothing_to_do_is_no_launch():
    """CUDA refuses a grid of no blocks."""
    for planes, pixels in ((0, 5), (5, 0)):
        launch.launch("no C at all", "nothing", planes, pixels, strict([]))


def test_compiled_once():
    launch.compiled.cache_clear()
    for value in (1, 2, 3):
        launch.launch(ADD, "add", 1, 1, strict([0]), strict([value]), 0.5)
    assert launch.compiled.cache_info().misses == 1
    launch.launch(ADD, "add", 1, 1, strict([0], "float64"), strict([0], "float64"), 0.5)
    assert launch.compiled.cache_info().misses == 2


def test_more_planes_than_a_grid_has(monkeypatch):
    monkeypatch.setattr(launch, "BLOCK", 1)
    y = np.arange(-35_000, 35_000, dtype="float32").reshape(2, -1, 1, 1)
    bias = np.arange(35_000, dtype="float32")
    with with_kernels():
        actual = bias_relu(StrictArray(y.copy()), StrictArray(bias))
    assert np.array_equal(actual._a[:, :, 0, 0], [np.maximum(y[0, :, 0, 0] + bias, 0), y[1, :, 0, 0] + bias])
