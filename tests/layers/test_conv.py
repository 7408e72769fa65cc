"""Conv2d: numbers by hand, the bias, initial weights, and what it refuses."""

from fractions import Fraction

import numpy as np
import pytest
from conv_cases import conv2d_grad_input_loops, conv2d_grad_weight_loops, conv2d_loops

from minifcn.convolution.algorithms import ALGORITHMS
from minifcn.convolution.geometry import Place
from minifcn.errors import InputError
from minifcn.layers import Conv2d
from minifcn.layers.parameter import he_normal


def with_weights(layer, weight, bias=None):
    layer.astype("float64").weight.data[...] = weight
    if bias is not None:
        layer.bias.data[...] = bias
    return layer


def test_forward_and_backward_by_hand():
    layer = with_weights(Conv2d(1, 2, (1, 2)), [[[[1, 2]]], [[[0, -1]]]], [10, 20])
    x = np.array([[[[1.0, 2.0, 3.0]]]])
    np.testing.assert_array_equal(layer(x), [[[[15, 18]], [[18, 17]]]])

    dx = layer.backward(np.array([[[[1.0, 10.0]], [[100.0, 1000.0]]]]))
    np.testing.assert_array_equal(dx, [[[[1, 2 + 10 - 100, 20 - 1000]]]])
    np.testing.assert_array_equal(layer.weight.grad, [[[[1 + 20, 2 + 30]]], [[[100 + 2000, 200 + 3000]]]])
    np.testing.assert_array_equal(layer.bias.grad, [11, 1100])


@pytest.mark.parametrize("bias", [True, False])
def test_every_setting_reaches_forward_and_both_gradients(bias):
    kernel, how = (3, 2), ((2, 1), (1, 2), (1, 3), 2)
    rng = np.random.default_rng(0)
    x, weight = rng.integers(-4, 5, (2, 4, 7, 5)).astype(float), rng.integers(-4, 5, (6, 2, 3, 2)).astype(float)
    layer = with_weights(Conv2d(4, 6, kernel, *how, bias=bias), weight, range(6) if bias else None)

    y = conv2d_loops(x, weight, *how)
    np.testing.assert_array_equal(layer(x), y + np.arange(6).reshape(6, 1, 1) if bias else y)
    dy = rng.integers(-4, 5, y.shape).astype(float)
    np.testing.assert_array_equal(layer.backward(dy), conv2d_grad_input_loops(dy, weight, (7, 5), *how))
    np.testing.assert_array_equal(layer.weight.grad, conv2d_grad_weight_loops(dy, x, kernel, *how))
    if bias:
        np.testing.assert_array_equal(layer.bias.grad, dy.transpose(1, 0, 2, 3).reshape(6, -1).sum(axis=1))
    else:
        assert layer.bias is None and len(layer.parameters()) == 1


@pytest.mark.parametrize("frozen, input_gradient, called", [(False, True, 1), (True, True, 0), (False, False, 0)])
def test_both_gradients_come_of_one_call_where_both_are_wanted(monkeypatch, frozen, input_gradient, called):
    """Where there is such a call: here columns along the width alone, whose gradients the loops compute, too."""
    calls, way = [], ALGORITHMS["mec"]
    monkeypatch.setitem(ALGORITHMS, "mec", way._replace(backward=lambda *a: calls.append(a) or way.backward(*a)))
    rng = np.random.default_rng(0)
    layer = with_weights(Conv2d(2, 3, 3, padding=1, algorithm="mec"), rng.integers(-4, 5, (3, 2, 3, 3)))
    layer.weight.trainable, layer.input_gradient = not frozen, input_gradient
    x, dy = (rng.integers(-4, 5, shape).astype(float) for shape in ((2, 2, 7, 5), (2, 3, 7, 5)))
    layer(x)
    dx = layer.backward(dy)
    assert len(calls) == called
    dw = np.zeros((3, 2, 3, 3)) if frozen else conv2d_grad_weight_loops(dy, x, 3, padding=1)
    np.testing.assert_array_equal(layer.weight.grad, dw)
    if input_gradient:
        np.testing.assert_array_equal(dx, conv2d_grad_input_loops(dy, layer.weight.data, (7, 5), padding=1))
    else:
        assert dx is None


def test_padding_same_by_hand():
    # Of two taps the second lies in the padding at the end; of four one lies before the row, and two behind it.
    x = np.array([[[[1.0, 2.0, 3.0]]]])
    layer = with_weights(Conv2d(1, 1, (1, 2), padding="same", bias=False), [[[[10, 1]]]])
    np.testing.assert_array_equal(layer(x), [[[[12, 23, 30]]]])
    np.testing.assert_array_equal(layer.backward(np.array([[[[1.0, 0.0, 5.0]]]])), [[[[10, 1, 50]]]])
    np.testing.assert_array_equal(layer.weight.grad, [[[[1 + 15, 2]]]])
    layer = with_weights(Conv2d(1, 1, (1, 4), padding="same", bias=False), [[[[1000, 100, 10, 1]]]])
    np.testing.assert_array_equal(layer(x), [[[[123, 1230, 2300]]]])


def test_an_unknown_algorithm():
    with pytest.raises(InputError, match="Conv2d: algorithm 'fast' is none of auto, loops, matrix, definition"):
        Conv2d(1, 1, 3, algorithm="fast")


@pytest.mark.parametrize("algorithm", ["auto", "loops", "matrix", "textbook", "im2col", "mec", "winograd"])
def test_padding_same_is_padding_by_hand_in_every_algorithm(algorithm):
    kernel, dilation, before, after = (2, 4), (3, 1), (1, 1), (2, 2)
    if algorithm == "winograd":
        kernel, dilation, before, after = (3, 3), 1, (1, 1), (1, 1)
    rng = np.random.default_rng(0)
    x, weight = rng.integers(-4, 5, (2, 2, 6, 5)).astype(float), rng.integers(-4, 5, (3, 2, *kernel)).astype(float)
    layer = with_weights(Conv2d(2, 3, kernel, 1, "same", dilation, bias=False, algorithm=algorithm), weight)
    padded = np.pad(x, ((0, 0), (0, 0), *zip(before, after)))
    np.testing.assert_allclose(layer(x), conv2d_loops(padded, weight, dilation=dilation), atol=1e-12)
    dy = rng.integers(-4, 5, (2, 3, 6, 5)).astype(float)
    dx = conv2d_grad_input_loops(dy, weight, padded.shape[2:], dilation=dilation)
    (top, left), (height, width) = before, x.shape[2:]
    np.testing.assert_allclose(layer.backward(dy), dx[:, :, top : top + height, left : left + width], atol=1e-12)
    dw = conv2d_grad_weight_loops(dy, padded, kernel, dilation=dilation)
    np.testing.assert_allclose(layer.weight.grad, dw, atol=1e-12)


def test_padding_same_keeps_the_size_and_tells_where_it_lies():
    rows, cols = Conv2d(1, 1, (4, 3), padding="same", dilation=(1, 2)).windows
    assert [rows.output_size(n) for n in (1, 2, 9)] == [cols.output_size(n) for n in (1, 2, 9)] == [1, 2, 9]
    assert Place(9).after(rows) == Place(9, Fraction(1), Fraction(1, 2), 4)  # the middle of four taps, one before
    assert Place(9).after(cols) == Place(9, Fraction(1), Fraction(0), 5)


def test_padding_same_without_the_gradient_of_the_input():
    layer = with_weights(Conv2d(1, 1, 2, padding="same"), np.ones((2, 2)))
    layer.input_gradient = False
    assert layer.backward(np.ones_like(layer(np.ones((1, 1, 3, 4))))) is None


def test_windows_tell_the_geometry():
    rows, cols = Conv2d(1, 1, (3, 5), (2, 1), (1, 0), (1, 2)).windows
    assert (rows.kernel, rows.stride, rows.padding, rows.dilation) == (3, 2, 1, 1)
    assert (cols.kernel, cols.stride, cols.padding, cols.dilation) == (5, 1, 0, 2)
    assert not (rows.ceil or rows.transposed)


def test_weights_start_as_he_et_al_draw_them():
    layer = Conv2d(64, 52, (3, 5), groups=4, rng=np.random.default_rng(0))
    assert layer.weight.data.dtype == layer.bias.data.dtype == "float32"
    assert layer.weight.data.shape == (52, 16, 3, 5)
    fan_in = 16 * 3 * 5
    assert layer.weight.data.std() == pytest.approx(np.sqrt(2 / fan_in), rel=0.02)
    assert abs(layer.weight.data.mean()) < 0.002
    np.testing.assert_array_equal(layer.bias.data, np.zeros(52))


def test_weights_follow_from_the_generator():
    first, same, other = (Conv2d(2, 3, 3, rng=np.random.default_rng(seed)).weight.data for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, same)
    assert (first != other).all()
    assert (he_normal((2, 3)).data != he_normal((2, 3)).data).all()  # without one, every layer differs


def test_repr_names_what_differs_from_a_plain_layer():
    assert repr(Conv2d(3, 8, 3)) == "Conv2d(3, 8, kernel_size=3)"
    settings = "kernel_size=(3, 5), stride=2, padding=(1, 2), dilation=3, groups=2, bias=False"
    assert repr(Conv2d(4, 8, (3, 5), 2, (1, 2), 3, 2, bias=False)) == f"Conv2d(4, 8, {settings})"
    assert repr(Conv2d(4, 8, 3, padding="same")) == "Conv2d(4, 8, kernel_size=3, padding='same')"


class TestBadInput:
    LAYER = Conv2d(3, 8, 3, padding=1)

    def test_another_number_of_channels(self):
        with pytest.raises(InputError, match="Conv2d: input has 4 channels, this layer takes 3"):
            self.LAYER(np.ones((1, 4, 5, 5), np.float32))

    @pytest.mark.parametrize("shape", [(5, 5), (5,), (), (1, 3, 5, 5, 5)])
    def test_another_rank(self, shape):
        with pytest.raises(InputError, match=r"Conv2d: input has shape .*, expected \(N, C, H, W\)"):
            self.LAYER(np.ones(shape, np.float32))

    def test_no_array(self):
        with pytest.raises(InputError, match=r"Conv2d: input is a list, expected an array \(N, C, H, W\)"):
            self.LAYER([[1.0]])

    @pytest.mark.parametrize("dtype", ["float64", "uint8", "int64"])
    def test_another_dtype(self, dtype):
        with pytest.raises(
            InputError, match=f"input is {dtype}, (expected floats|this layer's weights are float32): use astype"
        ):
            self.LAYER(np.ones((1, 3, 5, 5), dtype))

    def test_a_kernel_larger_than_the_padded_input(self):
        with pytest.raises(InputError, match="reaches over 5 pixels, but the padded input has only 4"):
            Conv2d(1, 1, 5, padding=1)(np.ones((1, 1, 7, 2), np.float32))

    @pytest.mark.parametrize("channels", [(3, 4), (4, 3)])
    def test_groups_that_do_not_divide_the_channels(self, channels):
        with pytest.raises(InputError, match=r"Conv2d: \d -> \d channels do not divide into 2 groups"):
            Conv2d(*channels, 3, groups=2)

    @pytest.mark.parametrize("stride", [2, (1, 2)])
    def test_padding_same_with_a_stride(self, stride):
        with pytest.raises(InputError, match=r"padding 'same' is for stride 1, stride is .*2.*: give pixels"):
            Conv2d(1, 1, 3, stride, "same")

    def test_settings_that_make_no_sense(self):
        with pytest.raises(InputError, match="padding is 'valid'; expected a whole number or a pair of them"):
            Conv2d(1, 1, 3, padding="valid")
        with pytest.raises(InputError, match=r"padding is array\(\[1, 2\]\); expected a whole number or a pair"):
            Conv2d(1, 1, 3, padding=np.array([1, 2]))
        with pytest.raises(InputError, match="stride is 0; expected at least 1"):
            Conv2d(1, 1, 3, stride=0)
