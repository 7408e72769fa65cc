"""ConvTranspose2d: numbers by hand, its algorithms, sizes that are not unique."""

import numpy as np
import pytest
from conv_cases import conv2d_grad_input_loops, conv2d_grad_weight_loops, conv2d_loops

from minifcn.convolution.algorithms import ALGORITHMS as WAYS
from minifcn.errors import InputError
from minifcn.layers import ConvTranspose2d, bilinear_weight

ALGORITHMS = ["matrix", "textbook", "definition", "im2col"]


def with_weights(layer, weight, bias=None):
    layer.astype("float64").weight.data[...] = weight
    if bias is not None:
        layer.bias.data[...] = bias
    return layer


@pytest.fixture(params=ALGORITHMS)
def algorithm(request):
    return request.param


def test_by_hand(algorithm):
    # Each pixel lays its kernel onto the output, a stride apart; where two meet they add up.
    layer = with_weights(
        ConvTranspose2d(1, 1, 3, stride=2, algorithm=algorithm), [[1, 2, 3], [0, 0, 0], [4, 5, 6]], 1000
    )
    y = layer(np.array([[[[1.0, 10.0]]]]))
    np.testing.assert_array_equal(y - 1000, [[[[1, 2, 3 + 10, 20, 30], [0, 0, 0, 0, 0], [4, 5, 6 + 40, 50, 60]]]])

    dy = np.arange(15.0).reshape(1, 1, 3, 5)
    dx = layer.backward(dy)
    first = 1 * 0 + 2 * 1 + 3 * 2 + 4 * 10 + 5 * 11 + 6 * 12
    np.testing.assert_array_equal(dx, [[[[first, first + 2 * (1 + 2 + 3 + 4 + 5 + 6)]]]])
    window = dy[0, 0, :, :3] + 10 * dy[0, 0, :, 2:]
    np.testing.assert_array_equal(layer.weight.grad[0, 0], window)
    np.testing.assert_array_equal(layer.bias.grad, [dy.sum()])


def test_output_padding_tells_apart_sizes_that_one_convolution_makes_equal(algorithm):
    # Of 5 and of 6 pixels a 3-tap window with stride 2 and padding 1 makes 3: the way back has to be told.
    x = np.array([[[[1.0, 10.0, 100.0]]]])
    for extra, expected in ((0, [2, 3 + 10, 20, 30 + 100, 200]), (1, [2, 3 + 10, 20, 30 + 100, 200, 300])):
        layer = ConvTranspose2d(1, 1, (1, 3), (1, 2), (0, 1), (0, extra), bias=False, algorithm=algorithm)
        np.testing.assert_array_equal(with_weights(layer, [[[[1, 2, 3]]]])(x), [[[expected]]])


def test_output_padding_beyond_the_stride_gives_back_what_padding_cut_off(algorithm):
    # Taps 2 apart: the whole row is 1*2, 10*2, 1*3 + 100*2, 10*3, 100*3; padding 1 cuts off both ends, output_padding
    # gives the last one back. (PyTorch 2.13 computes the same.)
    settings = {"stride": 1, "padding": (0, 1), "output_padding": (0, 1), "dilation": (1, 2), "bias": False}
    layer = with_weights(ConvTranspose2d(1, 1, (1, 2), algorithm=algorithm, **settings), [[[[2, 3]]]])
    np.testing.assert_array_equal(layer(np.array([[[[1.0, 10.0, 100.0]]]])), [[[[20, 203, 30, 300]]]])
    np.testing.assert_array_equal(
        layer.backward(np.array([[[[1.0, 2.0, 3.0, 4.0]]]])), [[[[3 * 2, 2 * 1 + 3 * 3, 2 * 2 + 3 * 4]]]]
    )
    np.testing.assert_array_equal(layer.weight.grad, [[[[10 * 1 + 100 * 2, 1 * 2 + 10 * 3 + 100 * 4]]]])


def test_output_padding_can_be_all_that_padding_left(algorithm):
    # Of the rows 1 and 10 padding 1 cuts off both, output_padding gives the last one back.
    layer = ConvTranspose2d(1, 1, 1, 1, (1, 0), (1, 0), bias=False, dilation=(2, 1), algorithm=algorithm)
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
def test_it_is_the_convolution_transposed(kernel, how, extra, algorithm):
    """Forward is the convolution's gradient, its gradient the convolution, and x and dy swap for the weight."""
    rng = np.random.default_rng(0)
    layer = ConvTranspose2d(4, 8, kernel, *how[:2], extra, how[3], False, how[2], algorithm)
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


def test_repr_tells_what_served_the_last_call_and_what_c_takes():
    size = 2 * 4 * 5 * 3 * 6 * 7 * 4  # C takes 3 channels of 6x7 to 2 of 4x5, in float32
    assert size == 20160
    x = np.ones((1, 2, 4, 5), np.float32)
    for algorithm, served in (
        ("auto", "im2col; C would take 19.69 KiB"),
        ("textbook", "textbook; C would take 19.69 KiB"),
        ("matrix", "matrix; C takes 19.69 KiB"),
    ):
        layer = ConvTranspose2d(2, 3, 3, algorithm=algorithm)
        layer(x)
        assert repr(layer).endswith(f" [last call: 4x5 -> 6x7 by {served}]")


def test_auto_goes_the_same_way_back():
    layer = ConvTranspose2d(64, 64, 3)
    layer(np.zeros((2, 64, 48, 48), np.float32))
    assert " by winograd; " in repr(layer) and any(kept is WAYS["winograd"] for kept in layer.kept())


@pytest.mark.parametrize("groups", [1, 6])
def test_auto_sees_that_bilinear_kernels_have_changed(groups):
    """They are taken apart while they are products, and not a moment longer: weights may be written to in place."""
    rng = np.random.default_rng(0)
    x, layers = rng.standard_normal((2, 6, 12, 10)), []
    for algorithm in ("auto", "textbook"):
        layer = ConvTranspose2d(6, 6, 16, 8, 2, groups=groups, bias=False, algorithm=algorithm).astype("float64")
        layer.weight.data = bilinear_weight(6, 16, groups, "float64")
        layers.append(layer)
    for change, served in ((0.0, "separable"), (0.0, "separable"), (1e-3, "phases")):
        results = []
        for layer in layers:
            layer.zero_grad()
            layer.weight.data[5, 0, 2, 3] += change
            y = layer(x)
            results.append((y, layer.backward(np.cos(y)), layer.weight.grad))
        assert f" by {served}; " in repr(layers[0])
        for ours, theirs in zip(*results):
            np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)


def test_repr_of_the_paper_s_upsampling_names_a_matrix_that_nobody_could_hold():
    layer = ConvTranspose2d(21, 21, 64, 32, bias=False)
    assert repr(layer) == "ConvTranspose2d(21, 21, kernel_size=64, stride=32, bias=False, algorithm='auto')"
    layer(np.zeros((1, 21, 3, 4), np.float32))
    gib = (21 * 3 * 4) * (21 * 128 * 160) * 4 / 2**30  # (h - 1) 32 + 64 = 128 and 160 pixels
    assert repr(layer).endswith(f" [last call: 3x4 -> 128x160 by phases; C would take {1024 * gib:.4g} MiB]")


class TestOutputSize:
    """kernel 3, stride 2, padding 1: 3 pixels come from a convolution of 5 or of 6."""

    x = np.array([[[[1.0, 10.0, 100.0]]]])

    def layer(self, algorithm, **how):
        settings = {"stride": (1, 2), "padding": (0, 1), "bias": False, "algorithm": algorithm, **how}
        return with_weights(ConvTranspose2d(1, 1, (1, 3), **settings), [[[[1, 2, 3]]]])

    @pytest.mark.parametrize("given", [(1, 6), [1, 6], (1, 1, 1, 6)])
    @pytest.mark.parametrize("output_padding", [0, (0, 1)])
    def test_it_overrules_output_padding(self, algorithm, given, output_padding):
        layer = self.layer(algorithm, output_padding=output_padding)
        np.testing.assert_array_equal(layer(self.x, output_size=given), [[[[2, 13, 20, 130, 200, 300]]]])
        dx = layer.backward(np.array([[[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]]]]))
        np.testing.assert_array_equal(dx, [[[[2 * 1 + 3 * 2, 1 * 2 + 2 * 3 + 3 * 4, 1 * 4 + 2 * 5 + 3 * 6]]]])
        np.testing.assert_array_equal(layer(self.x, output_size=(1, 5)), [[[[2, 13, 20, 130, 200]]]])

    def test_one_number_is_for_rows_and_columns(self, algorithm):
        layer = ConvTranspose2d(1, 1, 3, 2, 1, algorithm=algorithm)
        assert layer(np.ones((1, 1, 3, 3), np.float32), 6).shape == (1, 1, 6, 6)

    @pytest.mark.parametrize("size", [(1, 4), (1, 7), (2, 5)])
    def test_a_size_that_cannot_be_is_refused_and_the_possible_ones_are_named(self, size):
        message = rf"output_size {size[0]}x{size[1]} cannot be: 1x3 pixels become 1 rows and 5 to 6 columns"
        with pytest.raises(InputError, match=message):
            self.layer("auto")(self.x, output_size=size)

    def test_no_size_can_be_where_padding_cuts_all_off(self):
        with pytest.raises(InputError, match="become 3 rows and no columns"):
            ConvTranspose2d(1, 1, (3, 1), padding=(0, 3))(np.ones((1, 1, 1, 2), np.float32), output_size=(3, 1))

    @pytest.mark.parametrize("size", ["6", (1, 2, 3), 6.0, (0, 5)])
    def test_what_is_no_size(self, size):
        with pytest.raises(InputError, match="output_size is"):
            self.layer("auto")(self.x, output_size=size)


def test_windows_tell_the_geometry():
    rows, cols = ConvTranspose2d(1, 1, (3, 5), (2, 4), (1, 0), (1, 3), dilation=(1, 2)).windows
    assert (rows.kernel, rows.stride, rows.padding, rows.dilation, rows.output_padding) == (3, 2, 1, 1, 1)
    assert (cols.kernel, cols.stride, cols.padding, cols.dilation, cols.output_padding) == (5, 4, 0, 2, 3)
    assert rows.transposed and cols.transposed


def test_repr():
    layer = ConvTranspose2d(2, 4, 4, 2, output_padding=1, bias=False)
    settings = "kernel_size=4, stride=2, output_padding=1, bias=False, algorithm='auto'"
    assert repr(layer) == f"ConvTranspose2d(2, 4, {settings})"


class TestBadInput:
    @pytest.mark.parametrize("how", [{"output_padding": 1}, {"stride": 2, "output_padding": (0, 2)}])
    def test_output_padding_too_large(self, how):
        with pytest.raises(InputError, match=r"output_padding \(.*\) is not below stride \(.*\) or dilation \(1, 1\)"):
            ConvTranspose2d(1, 1, 3, **how)

    @pytest.mark.parametrize("channels", [(3, 4), (4, 3)])
    def test_groups_that_do_not_divide_the_channels(self, channels):
        with pytest.raises(InputError, match=r"ConvTranspose2d: .* channels do not divide into 2 groups"):
            ConvTranspose2d(*channels, 3, groups=2)

    def test_an_unknown_method(self):
        with pytest.raises(InputError, match="algorithm 'fast' is none of auto, loops, matrix, definition, textbook"):
            ConvTranspose2d(1, 1, 3, algorithm="fast")

    def test_channels_rank_and_dtype(self, algorithm):
        layer = ConvTranspose2d(2, 1, 3, algorithm=algorithm)
        for x, message in (
            (np.ones((1, 1, 2, 2), np.float32), "ConvTranspose2d: input has 1 channels, this layer takes 2"),
            (np.ones((2, 2), np.float32), "ConvTranspose2d: input has shape"),
            (np.ones((1, 2, 2, 2)), "input is float64, this layer's weights are float32"),
        ):
            with pytest.raises(InputError, match=message):
                layer(x)

    def test_a_matrix_over_the_limit_is_refused_with_its_size(self):
        layer = ConvTranspose2d(21, 21, 64, 32, algorithm="matrix")
        with pytest.raises(InputError, match=r"takes 124\.5 GiB, more than the limit of 64 MiB.* algorithm='textbook'"):
            layer(np.zeros((1, 21, 16, 16), np.float32))

    def test_padding_that_leaves_nothing(self, algorithm):
        with pytest.raises(InputError, match="cuts the whole output away"):
            ConvTranspose2d(1, 1, 2, padding=1, algorithm=algorithm)(np.ones((1, 1, 1, 3), np.float32))
