"""The convolution and its gradients on arrays: every algorithm against the loops, and what is refused."""

import tracemalloc

import numpy as np
import pytest
from conv_cases import (
    CASES,
    columns_at_a_time,
    conv2d_grad_input_loops,
    conv2d_grad_weight_loops,
    conv2d_loops,
    drawn,
    whole,
)

from minifcn import convolution
from minifcn.backend import to_device
from minifcn.convolution import conv2d, conv2d_grad_input, conv2d_grad_weight, textbook
from minifcn.errors import InputError


@pytest.fixture(params=["loops", "matrix", "definition", "textbook", "textbook, row by row", "im2col", "auto"])
def how(request, monkeypatch):
    name, _, in_pieces = request.param.partition(",")
    if in_pieces:
        columns_at_a_time(monkeypatch, 1)
    return {"algorithm": name}


@pytest.mark.parametrize("case", CASES)
def test_all_three_are_the_loops(case, how):
    kernel, *settings = case
    x, weight, dy = drawn(case)
    np.testing.assert_array_equal(conv2d(x, weight, *settings, **how), conv2d_loops(x, weight, *settings))
    dx = conv2d_grad_input(dy, weight, (6, 5), *settings, **how)
    np.testing.assert_array_equal(dx, conv2d_grad_input_loops(dy, weight, (6, 5), *settings))
    dw = conv2d_grad_weight(dy, x, kernel, *settings, **how)
    np.testing.assert_array_equal(dw, conv2d_grad_weight_loops(dy, x, kernel, *settings))


@pytest.mark.parametrize("case", CASES)
def test_the_gradient_of_the_input_is_the_transpose(case, how):
    """<conv2d(x), y> = <x, conv2d_grad_input(y)>"""
    _, *settings = case
    x, weight, y = drawn(case)
    there, back = conv2d(x, weight, *settings, **how), conv2d_grad_input(y, weight, (6, 5), *settings, **how)
    assert (there * y).sum() == (x * back).sum()


@pytest.mark.parametrize("case", CASES)
def test_a_bias_is_added_to_every_pixel_of_its_channel(case, how):
    x, weight, _ = drawn(case)
    bias = np.arange(8.0)
    expected = conv2d_loops(x, weight, *case[1:]) + bias.reshape(1, 8, 1, 1)
    np.testing.assert_array_equal(conv2d(x, weight, *case[1:], bias=bias, **how), expected)
    np.testing.assert_array_equal(conv2d(x[:1], weight, *case[1:], bias=bias, **how), expected[:1])


def test_images_and_rows_in_pieces_of_any_size(monkeypatch):
    """A row of columns takes 18 * 4 * 8 bytes: half a row to more than all three images, in one group and two."""
    for case in (((3, 3), (1, 1), (1, 1), (2, 1), 1), ((3, 3), (2, 1), (1, 1), (1, 1), 2)):
        kernel, *settings = case
        x, weight, dy = drawn(case)
        for rows in (0.5, 1, 2, 2.5, 4, 7, 8, 12, 100):
            row = weight[0].size * dy.shape[3] * 8
            columns_at_a_time(monkeypatch, int(rows * row))
            np.testing.assert_array_equal(conv2d(x, weight, *settings), conv2d_loops(x, weight, *settings))
            dx = conv2d_grad_input(dy, weight, (6, 5), *settings)
            np.testing.assert_array_equal(dx, conv2d_grad_input_loops(dy, weight, (6, 5), *settings))
            dw = conv2d_grad_weight(dy, x, kernel, *settings)
            np.testing.assert_array_equal(dw, conv2d_grad_weight_loops(dy, x, kernel, *settings))


def test_no_more_columns_than_there_is_room_for_at_a_time(monkeypatch):
    """Two of seven images of 4 rows fit, or three of those rows."""
    made = []
    columns_of = textbook.columns_of
    monkeypatch.setattr(textbook, "columns_of", lambda *given: made.append(columns_of(*given)) or made[-1])
    x, weight = np.ones((7, 2, 6, 5)), np.ones((4, 2, 3, 3))
    row = 2 * 3 * 3 * 3 * 8
    for room, pixels in ((2 * 4 * row, [24, 24, 24, 12]), (3 * row, [9, 3] * 7)):
        columns_at_a_time(monkeypatch, room)
        made.clear()
        conv2d(x, weight)
        assert [columns.shape for columns in made] == [(18, n) for n in pixels]


def test_no_columns_stay_while_the_next_are_made(monkeypatch):
    x, weight = np.ones((1, 16, 100, 100)), np.ones((16, 16, 3, 3))
    room = 2 * x.nbytes
    columns_at_a_time(monkeypatch, room)
    for function in (
        lambda: conv2d(x, weight, padding=1),
        lambda: conv2d_grad_input(x, weight, 100, padding=1),
        lambda: conv2d_grad_weight(x, x, 3, padding=1),
    ):
        tracemalloc.start()
        function()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < room + 3 * x.nbytes  # the padded input, the result, and what a piece makes of its columns


def test_a_batch_of_no_images(how):
    none, no_dy, weight = np.ones((0, 2, 8, 8)), np.ones((0, 3, 8, 8)), np.ones((3, 2, 3, 3))
    assert conv2d(none, weight, padding=1, **how).shape == (0, 3, 8, 8)
    assert conv2d_grad_input(no_dy, weight, (8, 8), padding=1, **how).shape == (0, 2, 8, 8)
    np.testing.assert_array_equal(conv2d_grad_weight(no_dy, none, 3, padding=1, **how), np.zeros((3, 2, 3, 3)))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("stride, size", [(1, (6, 5)), (2, (3, 3))])
def test_inputs_stay_and_dtypes_are_kept(dtype, stride, size, how):
    rng = np.random.default_rng(2)
    x, weight, dy = arrays = [whole(rng, *s).astype(dtype) for s in ((2, 4, 6, 5), (3, 4, 3, 3), (2, 3, *size))]
    bias = whole(rng, 3).astype(dtype)
    before = [array.copy() for array in arrays]
    assert conv2d(x, weight, stride, 1, bias=bias, **how).dtype == dtype
    assert conv2d_grad_input(dy, weight, (6, 5), stride, 1, **how).dtype == dtype
    assert conv2d_grad_weight(dy, x, 3, stride, 1, **how).dtype == dtype
    for array, same in zip(arrays, before):
        np.testing.assert_array_equal(array, same)


def test_arrays_in_any_layout(how):
    rng = np.random.default_rng(3)
    x, weight = whole(rng, 6, 5, 4, 2).transpose(3, 2, 0, 1), whole(rng, 3, 3, 3, 4)[::-1].transpose(0, 3, 1, 2)
    dy = whole(rng, 2, 5, 6, 3).transpose(0, 3, 2, 1)
    np.testing.assert_array_equal(conv2d(x, weight, 1, 1, **how), conv2d_loops(x, weight, 1, 1))
    dx = conv2d_grad_input(dy, weight, (6, 5), 1, 1, **how)
    np.testing.assert_array_equal(dx, conv2d_grad_input_loops(dy, weight, (6, 5), 1, 1))
    dw = conv2d_grad_weight(dy, x, 3, 1, 1, **how)
    np.testing.assert_array_equal(dw, conv2d_grad_weight_loops(dy, x, 3, 1, 1))


@pytest.mark.parametrize("algorithm", ["auto", "textbook", "matrix", "definition"])
@pytest.mark.parametrize("room", [1, 1 << 28])
def test_on_the_device(device, algorithm, room, monkeypatch):
    columns_at_a_time(monkeypatch, room)
    rng = np.random.default_rng(4)
    kernel, *settings = CASES[2]
    x, weight, dy = (array.astype("float32") for array in drawn(CASES[2]))
    bias = rng.standard_normal(8, "float32")

    def results(x, weight, dy, bias):
        how = {"algorithm": algorithm}
        yield conv2d(x, weight, *settings, bias=bias, **how)
        yield conv2d_grad_input(dy, weight, (6, 5), *settings, **how)
        yield conv2d_grad_weight(dy, x, kernel, *settings, **how)

    expected = list(results(x, weight, dy, bias))
    arrays = [to_device(array, "gpu") for array in (x, weight, dy, bias)]
    device.forget()
    actual = list(results(*arrays))
    device.assert_copies()
    for one, other in zip(actual, expected, strict=True):
        device.assert_same(one, other)


@pytest.mark.parametrize("algorithm", ["im2col", "winograd"])
def test_the_cpus_own_algorithms_are_refused_on_the_device(device, algorithm):
    x, dy, weight = (to_device(np.ones(s, "float32"), "gpu") for s in ((1, 4, 6, 6), (1, 4, 3, 3), (4, 4, 3, 3)))
    how = {"stride": 2, "padding": 1, "algorithm": algorithm}
    for call in (
        lambda: conv2d(x, weight, **how),
        lambda: conv2d_grad_input(dy, weight, 6, **how),
        lambda: conv2d_grad_weight(dy, x, 3, **how),
    ):
        with pytest.raises(InputError, match=f"algorithm {algorithm} is for NumPy's arrays, on the CPU: use auto or"):
            call()


class TestBadInput:
    X = np.ones((1, 4, 6, 5))

    @pytest.mark.parametrize(
        "shape, groups, message",
        [
            ((2, 3, 3, 3), 1, r"x has 4 channels, a weight of shape \(2, 3, 3, 3\) in 1 groups takes 3"),
            ((2, 4, 3, 3), 2, "in 2 groups takes 8"),
            ((3, 2, 3, 3), 2, r"weight of shape \(3, 2, 3, 3\) does not divide into 2 groups"),
        ],
    )
    def test_channels_that_do_not_match(self, shape, groups, message):
        with pytest.raises(InputError, match=message):
            conv2d(self.X, np.ones(shape), groups=groups)

    def test_a_kernel_larger_than_the_padded_input(self, how):
        with pytest.raises(InputError, match="reaches over 9 pixels, but the padded input has only 8"):
            conv2d(self.X, np.ones((2, 4, 9, 1)), padding=1, **how)

    @pytest.mark.parametrize("shape", [(1, 2, 4, 2), (1, 2, 6, 5), (1, 3, 4, 3)])
    def test_a_dy_that_is_not_the_convolutions(self, shape):
        with pytest.raises(InputError, match=r"convolution of 6x5 pixels gives \(N, 2, 4, 3\)"):
            conv2d_grad_input(np.ones(shape), np.ones((2, 4, 3, 3)), (6, 5))

    def test_a_dy_that_is_not_the_convolutions_for_the_weight(self):
        with pytest.raises(InputError, match="dy is 1 images of 4x2, but the convolution of x gives 1 of 4x3"):
            conv2d_grad_weight(np.ones((1, 2, 4, 2)), self.X, 3)

    @pytest.mark.parametrize(
        "bias, what",
        [
            (np.ones(3), r"bias has shape \(3,\), expected \(2,\), one for each output channel"),
            (np.ones((2, 1)), r"bias has shape \(2, 1\), expected \(O\)"),
            (np.ones(2, np.float32), "bias is float32, weight is float64"),
            ([0.0, 0.0], "bias is a list"),
        ],
    )
    def test_a_bias_that_does_not_fit(self, bias, what):
        with pytest.raises(InputError, match=what):
            conv2d(np.ones((1, 1, 4, 4)), np.ones((2, 1, 3, 3)), bias=bias)

    def test_arrays_on_two_devices(self, device):
        with pytest.raises(InputError, match="x is on one device, weight is on another: use to_device"):
            conv2d(to_device(self.X, "gpu"), np.ones((2, 4, 3, 3)))

    def test_an_unknown_algorithm(self):
        with pytest.raises(InputError, match="algorithm 'fft' is none of auto, loops, matrix, definition, textbook"):
            conv2d(self.X, np.ones((2, 4, 3, 3)), algorithm="fft")


def test_what_the_package_offers():
    offered = ("im2col", "col2im", "conv_matrix", "symbolic_conv_matrix", "conv2d", "conv_transpose2d", "relationship")
    assert set(offered) <= set(convolution.__all__) and all(hasattr(convolution, name) for name in convolution.__all__)
