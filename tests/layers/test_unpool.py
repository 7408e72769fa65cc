"""Unpooling: by hand, where windows overlap, to a size asked for, on the device, bad input."""

import numpy as np
import pytest

from minifcn.backend import to_device, to_host
from minifcn.errors import InputError
from minifcn.gradcheck import check_gradients
from minifcn.layers import Layer, MaxPool2d, MaxUnpool2d

X = np.array([[6.0, 9.0], [5.0, -7.0]])[None, None]
PLACES = np.array([[1, 2], [12, 11]])[None, None]  # row * 4 + column on 4x4 pixels


class WithIndices(Layer):
    """Unpooling with its indices, as a layer of x."""

    def __init__(self, layer, indices, size=None):
        self.layer, self.indices, self.size = layer, indices, size

    def forward(self, x):
        return self.layer(x, self.indices, self.size)

    def backward(self, dy):
        return self.layer.backward(dy)


def test_by_hand():
    layer = MaxUnpool2d(2)
    y = layer(X, PLACES)
    np.testing.assert_array_equal(y, [[[[0, 6, 9, 0], [0, 0, 0, 0], [0, 0, 0, -7], [5, 0, 0, 0]]]])
    dx = layer.backward(np.arange(100.0, 116.0).reshape(1, 1, 4, 4))
    np.testing.assert_array_equal(dx, [[[[101, 102], [112, 111]]]])


def test_two_windows_with_one_winner_add_up_and_both_get_its_gradient():
    layer = MaxUnpool2d((1, 3), (1, 1))
    indices = np.array([[[[2, 2, 3]]]])
    np.testing.assert_array_equal(layer(np.array([[[[1.0, 10.0, 100.0]]]]), indices), [[[[0, 0, 11, 100, 0]]]])
    np.testing.assert_array_equal(layer.backward(np.array([[[[5.0, 6.0, 7.0, 8.0, 9.0]]]])), [[[[7, 7, 8]]]])


def test_with_padding_and_a_size_the_windows_do_not_fill():
    # Windows of 3 from -1, 2 and 5 on; 9 pixels instead of 7.
    layer = MaxUnpool2d((1, 3), (1, 3), (0, 1))
    x, indices = np.array([[[[1.0, 2.0, 3.0]]]]), np.array([[[[0, 4, 5]]]])
    np.testing.assert_array_equal(layer(x, indices), [[[[1, 0, 0, 0, 2, 3, 0]]]])
    np.testing.assert_array_equal(layer(x, indices, (1, 9)), [[[[1, 0, 0, 0, 2, 3, 0, 0, 0]]]])
    np.testing.assert_array_equal(layer.backward(np.arange(10.0, 19.0).reshape(1, 1, 1, 9)), [[[[10, 14, 15]]]])


@pytest.mark.parametrize("size", [5, (5, 5), [5, 5], (1, 1, 5, 5)])
def test_the_size_as_a_number_a_pair_or_a_whole_shape(size):
    assert MaxUnpool2d(2)(X, np.array([[[[0, 2], [10, 12]]]]), output_size=size).shape == (1, 1, 5, 5)


def test_kernels_of_more_than_256_taps():
    y = MaxUnpool2d(17)(np.full((1, 1, 1, 2), 4.0), np.array([[[[16 * 34 + 15, 33]]]]))
    assert y.shape == (1, 1, 17, 34) and y.sum() == 8 and y[0, 0, 16, 15] == y[0, 0, 0, 33] == 4


def test_numerical_gradients():
    rng = np.random.default_rng(0)
    _, indices = MaxPool2d((3, 2), (2, 1), 1, return_indices=True)(rng.standard_normal((2, 3, 7, 5)))
    assert len(np.unique(indices[0, 0])) < indices[0, 0].size  # some share a winner
    layer = WithIndices(MaxUnpool2d((3, 2), (2, 1), 1), indices, (7, 5))
    assert check_gradients(layer, rng.standard_normal(indices.shape)).ok()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", ["int64", "int32", "uint8"])
def test_the_dtype_stays_and_so_do_the_inputs(dtype, kind):
    layer, x, indices = MaxUnpool2d(2), X.astype(dtype), PLACES.astype(kind)
    dy = np.random.default_rng(1).standard_normal((1, 1, 4, 4)).astype(dtype)
    before = x.copy(), indices.copy(), dy.copy()
    assert layer(x, indices).dtype == layer.backward(dy).dtype == dtype
    np.testing.assert_array_equal(layer.backward(dy), layer.backward(dy))
    for array, copy in zip((x, indices, dy), before):
        np.testing.assert_array_equal(array, copy)


def test_on_the_device(device):
    """Pooling and unpooling wait once: to see that every index lies in its window."""
    rng = np.random.default_rng(2)
    x, dy = rng.standard_normal((2, 3, 7, 6), "float32"), rng.standard_normal((2, 3, 7, 6), "float32")
    pool, unpool = MaxPool2d(3, 2, 1, return_indices=True), MaxUnpool2d(3, 2, 1)

    def there_and_back(x, dy):
        y, indices = pool(x)
        return indices, unpool(y, indices, x.shape[2:]), pool.backward(unpool.backward(dy))

    places, *expected = there_and_back(x, dy)
    x, dy = to_device(x, "gpu"), to_device(dy, "gpu")
    device.forget()
    places_there, *actual = there_and_back(x, dy)
    device.assert_copies(waits={"bool()": 1})
    np.testing.assert_array_equal(to_host(places_there), places, strict=True)
    for one, other in zip(actual, expected, strict=True):
        device.assert_same(one, other)


def test_indices_on_another_device_are_refused(device):
    with pytest.raises(InputError, match=r"input and indices are on different devices: use to_device\(...\)"):
        MaxUnpool2d(2)(to_device(X, "gpu"), PLACES)


def test_windows_tell_the_geometry():
    rows, cols = MaxUnpool2d((3, 5), (2, 4), (1, 0)).windows
    assert (rows.transposed, rows.kernel, rows.stride, rows.padding) == (True, 3, 2, 1)
    assert (cols.transposed, cols.kernel, cols.stride, cols.padding) == (True, 5, 4, 0)


@pytest.mark.parametrize(
    "indices",
    [
        [[2, 2], [8, 10]],  # the first window's lies right of it
        [[0, 1], [8, 10]],  # the second's left of it
        [[0, 10], [8, 10]],  # below it
        [[0, 2], [0, 10]],  # the third's above it
        [[0, 2], [8, 17]],  # beyond the last pixel
        [[-1, 2], [8, 10]],  # before the first
        [[np.iinfo("int64").min, 2], [8, 10]],
    ],
)
def test_indices_outside_their_window_are_refused(indices):
    with pytest.raises(InputError, match=r"MaxUnpool2d: indices lie outside their windows on 4x4 pixels: use the k"):
        MaxUnpool2d(2)(X, np.array([[indices]]))


@pytest.mark.parametrize("size, index", [(1, 1), (2, -1)])
def test_an_index_in_the_part_of_its_window_that_lies_outside_the_pixels_is_refused(size, index):
    # One window of 3x3 from (-1, -1) on. Of 1x1 pixels, 1 would be the one below; of 2x2, -1 the one above the second.
    layer, x = MaxUnpool2d(3, padding=1), np.ones((1, 1, 1, 1))
    assert layer(x, np.array([[[[0]]]]), size)[0, 0, 0, 0] == 1
    with pytest.raises(InputError, match=f"indices lie outside their windows on {size}x{size} pixels"):
        layer(x, np.array([[[[index]]]]), size)


def test_indices_of_fewer_bits_than_a_row_has_pixels():
    y = MaxUnpool2d((1, 150))(np.array([[[[3.0, 4.0]]]]), np.array([[[[7, 200]]]], "uint8"))
    assert y.shape == (1, 1, 1, 300) and y.sum() == 7 and y[..., 7] == 3 and y[..., 200] == 4


@pytest.mark.parametrize("wrong", [PLACES[0], PLACES[..., :1], PLACES.astype(float), PLACES > 3])
def test_indices_of_another_shape_or_kind_are_refused(wrong):
    message = rf"indices are {wrong.dtype} of shape .*; expected integers of the input's shape \(1, 1, 2, 2\)"
    with pytest.raises(InputError, match=message):
        MaxUnpool2d(2)(X, wrong)


@pytest.mark.parametrize("kernel, stride, padding", [(2, 2, 0), (3, 2, 1), (3, 1, 1), (2, 3, 0), (1, 3, 0), (4, 3, 2)])
@pytest.mark.parametrize("n", [1, 2, 3])
def test_the_sizes_that_can_be_are_those_that_pool_to_the_inputs(n, kernel, stride, padding):
    def pooled(size, ceil_mode):  # the last window starts inside the pixels or the padding before them
        room = size + 2 * padding - kernel
        out = (room + (stride - 1 if ceil_mode else 0)) // stride + 1
        return out - (ceil_mode and (out - 1) * stride >= size + padding)

    def taken(size):
        try:
            return MaxUnpool2d(kernel, stride, padding).output_size(np.ones((1, 1, n, n)), size) == (size, size)
        except InputError:
            return False

    sizes = range(1, n * stride + kernel + 5)
    assert [size for size in sizes if taken(size)] == [
        size for size in sizes if n in (pooled(size, False), pooled(size, True))
    ]


@pytest.mark.parametrize("size, shown", [((2, 4), "2x4"), ((4, 6), "4x6")])
def test_a_size_that_cannot_be_is_refused_with_those_that_can(size, shown):
    message = f"output_size {shown} cannot be: 2x2 pixels become 3 to 5 rows and 3 to 5 columns"
    with pytest.raises(InputError, match=message):
        MaxUnpool2d(2)(X, PLACES, size)


def test_other_bad_input():
    with pytest.raises(InputError, match=r"MaxUnpool2d: input has shape \(2, 2\), expected \(N, C, H, W\)"):
        MaxUnpool2d(2)(X[0, 0], PLACES[0, 0])
    with pytest.raises(InputError, match=r"MaxUnpool2d: input has shape \(2, 2\), expected \(N, C, H, W\)"):
        MaxUnpool2d(2)(X[0, 0], PLACES[0, 0], (4, 4))
    with pytest.raises(InputError, match="output_size is 'big'; expected a whole number"):
        MaxUnpool2d(2)(X, PLACES, "big")
    layer = MaxUnpool2d(2)
    layer(X, PLACES)
    with pytest.raises(InputError, match=r"dy has shape \(1, 1, 2, 2\), the output \(1, 1, 4, 4\)"):
        layer.backward(X)
    layer.eval()(X, PLACES)
    with pytest.raises(RuntimeError, match="backward needs a forward pass"):
        layer.backward(np.ones((1, 1, 4, 4)))


def test_repr():
    assert repr(MaxUnpool2d((3, 2), 2)) == "MaxUnpool2d((3, 2), stride=(2, 2), padding=(0, 0))"
