"""ConvTranspose2d: numbers by hand, its two methods, sizes that are not unique, bilinear interpolation."""

import numpy as np
import pytest

from minifcn.convolution.loops import conv2d_grad_input_loops, conv2d_grad_weight_loops, conv2d_loops
from minifcn.errors import InputError
from minifcn.layers import ConvTranspose2d, bilinear_weight, conv_transpose

METHODS = ["matrix", "columns"]


def with_weights(layer, weight, bias=None):
    layer.astype("float64").weight.data[...] = weight
    if bias is not None:
        layer.bias.data[...] = bias
    return layer


@pytest.fixture(params=METHODS)
def method(request):
    return request.param


def test_by_hand(method):
    # Each pixel lays its kernel onto the output, a stride apart; where two meet they add up.
    layer = with_weights(ConvTranspose2d(1, 1, 3, stride=2, method=method), [[1, 2, 3], [0, 0, 0], [4, 5, 6]], 1000)
    y = layer(np.array([[[[1.0, 10.0]]]]))
    np.testing.assert_array_equal(y - 1000, [[[[1, 2, 3 + 10, 20, 30], [0, 0, 0, 0, 0], [4, 5, 6 + 40, 50, 60]]]])

    dy = np.arange(15.0).reshape(1, 1, 3, 5)
    dx = layer.backward(dy)
    first = 1 * 0 + 2 * 1 + 3 * 2 + 4 * 10 + 5 * 11 + 6 * 12
    np.testing.assert_array_equal(dx, [[[[first, first + 2 * (1 + 2 + 3 + 4 + 5 + 6)]]]])
    window = dy[0, 0, :, :3] + 10 * dy[0, 0, :, 2:]
    np.testing.assert_array_equal(layer.weight.grad[0, 0], window)
    np.testing.assert_array_equal(layer.bias.grad, [dy.sum()])


def test_output_padding_tells_apart_sizes_that_one_convolution_makes_equal(method):
    # Of 5 and of 6 pixels a 3-tap window with stride 2 and padding 1 makes 3: the way back has to be told.
    x = np.array([[[[1.0, 10.0, 100.0]]]])
    for extra, expected in ((0, [2, 3 + 10, 20, 30 + 100, 200]), (1, [2, 3 + 10, 20, 30 + 100, 200, 300])):
        layer = ConvTranspose2d(1, 1, (1, 3), (1, 2), (0, 1), (0, extra), bias=False, method=method)
        np.testing.assert_array_equal(with_weights(layer, [[[[1, 2, 3]]]])(x), [[[expected]]])


def test_output_padding_beyond_the_stride_gives_back_what_padding_cut_off(method):
    # Taps 2 apart: the whole row is 1*2, 10*2, 1*3 + 100*2, 10*3, 100*3; padding 1 cuts off both ends, output_padding
    # gives the last one back. (PyTorch 2.13 computes the same.)
    settings = {"stride": 1, "padding": (0, 1), "output_padding": (0, 1), "dilation": (1, 2), "bias": False}
    layer = with_weights(ConvTranspose2d(1, 1, (1, 2), method=method, **settings), [[[[2, 3]]]])
    np.testing.assert_array_equal(layer(np.array([[[[1.0, 10.0, 100.0]]]])), [[[[20, 203, 30, 300]]]])
    np.testing.assert_array_equal(
        layer.backward(np.array([[[[1.0, 2.0, 3.0, 4.0]]]])), [[[[3 * 2, 2 * 1 + 3 * 3, 2 * 2 + 3 * 4]]]]
    )
    np.testing.assert_array_equal(layer.weight.grad, [[[[10 * 1 + 100 * 2, 1 * 2 + 10 * 3 + 100 * 4]]]])


def test_output_padding_can_be_all_that_padding_left(method):
    # Of the rows 1 and 10 padding 1 cuts off both, output_padding gives the last one back.
    layer = ConvTranspose2d(1, 1, 1, 1, (1, 0), (1, 0), bias=False, dilation=(2, 1), method=method)
    np.testing.assert_array_equal(with_weights(layer, 3)(np.array([[[[1.0], [10.0]]]])), [[[[30]]]])
    np.testing.assert_array_equal(layer.backward(np.array([[[[7.0]]]])), [[[[0], [21]]]])


@pytest.mark.parametrize(
    "kernel, how, extra",
    [
        ((3, 2), ((1, 1), (0, 0), (1, 1), 1), (0, 0)),
        ((3, 2), ((2, 3), (1, 0), (1, 1), 2), (1, 2)),
        ((2, 3), ((1, 2), (1, 2), (2, 1), 1), (0, 1)),
        ((2, 2), ((3, 2), (0, 1), (1, 2), 4), (0, 0)),
    ],
)
def test_it_is_the_convolution_transposed(kernel, how, extra, method):
    """Forward is the convolution's gradient, its gradient the convolution, and x and dy swap for the weight."""
    rng = np.random.default_rng(0)
    layer = ConvTranspose2d(4, 8, kernel, *how[:2], extra, how[3], False, how[2], method)
    weight = rng.integers(-4, 5, layer.weight.data.shape).astype(float)
    x = rng.integers(-4, 5, (2, 4, 3, 5)).astype(float)
    y = with_weights(layer, weight)(x)
    size = y.shape[2:]
    settings = zip((3, 5), kernel, *how[:3], extra)
    assert size == tuple((n - 1) * s - 2 * p + d * (k - 1) + 1 + e for n, k, s, p, d, e in settings)
    np.testing.assert_array_equal(y, conv2d_grad_input_loops(x, weight, size, *how))
    dy = rng.integers(-4, 5, y.shape).astype(float)
    np.testing.assert_array_equal(layer.backward(dy), conv2d_loops(dy, weight, *how))
    np.testing.assert_array_equal(layer.weight.grad, conv2d_grad_weight_loops(x, dy, kernel, *how))


def test_each_output_channel_has_its_bias():
    layer = with_weights(ConvTranspose2d(2, 3, 2), 0, [1, 2, 3])
    np.testing.assert_array_equal(layer(np.ones((1, 2, 1, 1)))[0, :, 0, 0], [1, 2, 3])
    dy = np.array([1.0, 10.0, 100.0]).reshape(1, 3, 1, 1) * np.arange(4).reshape(1, 1, 2, 2)
    layer.backward(dy)
    np.testing.assert_array_equal(layer.bias.grad, [6, 60, 600])


def test_auto_takes_the_matrix_only_where_it_fits_the_budget(monkeypatch):
    built = []
    matrix = conv_transpose.conv_matrix
    monkeypatch.setattr(conv_transpose, "conv_matrix", lambda *args, **how: built.append(1) or matrix(*args, **how))
    layer, x = ConvTranspose2d(2, 3, 3), np.ones((1, 2, 4, 5), np.float32)
    size = 2 * 4 * 5 * 3 * 6 * 7 * 4  # C takes 3 channels of 6x7 to 2 of 4x5, in float32
    monkeypatch.setattr(conv_transpose, "MATRIX_BUDGET", size)
    y = layer(x)
    assert len(built) == 1
    monkeypatch.setattr(conv_transpose, "MATRIX_BUDGET", size - 1)
    np.testing.assert_allclose(layer(x), y, rtol=1e-5, atol=1e-6)
    assert len(built) == 1


class TestBilinear:
    def test_even_kernel_by_hand(self):
        tent = np.array([1, 3, 3, 1]) / 4
        weight = bilinear_weight(2, 4)
        assert weight.shape == (2, 2, 4, 4) and weight.dtype == "float32"
        for channel in range(2):
            np.testing.assert_array_equal(weight[channel, channel], np.outer(tent, tent))
        assert not weight[0, 1].any() and not weight[1, 0].any()

    def test_odd_kernel_by_hand(self):
        np.testing.assert_array_equal(bilinear_weight(1, 3)[0, 0], np.outer([0.5, 1, 0.5], [0.5, 1, 0.5]))

    def test_upsampling_by_2_lies_between_the_pixels(self):
        # New pixels lie a quarter to either side of the old ones; those at the ends lean on the zeros outside.
        layer = with_weights(ConvTranspose2d(1, 1, 4, 2, 1, bias=False), bilinear_weight(1, 4))
        rows = np.array([1.0, 1.0, 1.0]).reshape(3, 1)
        y = layer((rows * [0.0, 4.0, 8.0, 4.0])[None, None])
        np.testing.assert_array_equal(y[0, 0, 2], [0, 1, 3, 5, 7, 7, 5, 3])

    def test_the_paper_s_32_keeps_a_slope(self):
        layer = ConvTranspose2d(1, 1, 64, 32, bias=False)
        layer.weight.data[...] = bilinear_weight(1, 64)
        slope = np.arange(5, dtype=np.float32) * np.ones((4, 1), np.float32)
        inside = layer(slope[None, None])[0, 0, 32:-32, 32:-32]
        expected = np.arange(128) / 32 + 1 / 64  # from pixel 0's centre + half a fine pixel
        np.testing.assert_allclose(inside, np.tile(expected, (96, 1)), rtol=0, atol=1e-5)


def test_windows_tell_the_geometry():
    rows, cols = ConvTranspose2d(1, 1, (3, 5), (2, 4), (1, 0), (1, 3), dilation=(1, 2)).windows
    assert (rows.kernel, rows.stride, rows.padding, rows.dilation, rows.output_padding) == (3, 2, 1, 1, 1)
    assert (cols.kernel, cols.stride, cols.padding, cols.dilation, cols.output_padding) == (5, 4, 0, 2, 3)
    assert rows.transposed and cols.transposed


def test_repr():
    layer = ConvTranspose2d(2, 4, 4, 2, output_padding=1, bias=False)
    settings = "kernel_size=4, stride=2, output_padding=1, bias=False, method='auto'"
    assert repr(layer) == f"ConvTranspose2d(2, 4, {settings})"


class TestBadInput:
    @pytest.mark.parametrize("how", [{"output_padding": 1}, {"stride": 2, "output_padding": (0, 2)}])
    def test_output_padding_too_large(self, how):
        with pytest.raises(InputError, match=r"output_padding .* is not below stride . or dilation 1"):
            ConvTranspose2d(1, 1, 3, **how)

    @pytest.mark.parametrize("channels", [(3, 4), (4, 3)])
    def test_groups_that_do_not_divide_the_channels(self, channels):
        with pytest.raises(InputError, match=r"ConvTranspose2d: .* channels do not divide into 2 groups"):
            ConvTranspose2d(*channels, 3, groups=2)

    def test_an_unknown_method(self):
        with pytest.raises(InputError, match="method 'fast' is none of auto, matrix, columns"):
            ConvTranspose2d(1, 1, 3, method="fast")

    def test_channels_rank_and_dtype(self, method):
        layer = ConvTranspose2d(2, 1, 3, method=method)
        for x, message in (
            (np.ones((1, 1, 2, 2), np.float32), "ConvTranspose2d: input has 1 channels, this layer takes 2"),
            (np.ones((2, 2, 2), np.float32), "ConvTranspose2d: input has shape"),
            (np.ones((1, 2, 2, 2)), "input is float64, this layer's weights are float32"),
        ):
            with pytest.raises(InputError, match=message):
                layer(x)

    def test_padding_that_leaves_nothing(self, method):
        with pytest.raises(InputError, match="cuts the whole output away"):
            ConvTranspose2d(1, 1, 2, padding=1, method=method)(np.ones((1, 1, 1, 3), np.float32))
