"""The transpose is the adjoint, and not the inverse."""

import numpy as np
import pytest

from minifcn.backend import to_device
from minifcn.convolution import adjoint_error, conv2d, conv2d_grad_input, round_trip
from minifcn.errors import InputError
from minifcn.layers import AvgPool2d, Conv2d, ConvTranspose2d


def random(*shape):
    return np.random.default_rng(0).standard_normal(shape)


def test_a_matrix_and_its_transpose_and_one_that_is_not():
    matrix = np.array([[1.0, 2.0], [0.0, 3.0]])
    x, y = np.array([1.0, 1.0]), np.array([1.0, 2.0])
    assert adjoint_error(lambda v: matrix @ v, lambda v: matrix.T @ v, x, y) == 0
    # C x = (3, 3), <C x, y> = 9; C y = (5, 6), <x, C y> = 11; |C x| |y| = sqrt(18) sqrt(5)
    wrong = adjoint_error(lambda v: matrix @ v, lambda v: matrix @ v, x, y)
    assert wrong == pytest.approx(2 / np.sqrt(18 * 5))


def test_of_zeros_it_is_zero():
    assert adjoint_error(lambda v: 0 * v, lambda v: 0 * v, np.ones(2), np.ones(2)) == 0


def test_where_one_product_is_of_zeros_the_other_is_what_is_wrong():
    assert adjoint_error(lambda v: v, lambda v: v + 1, np.ones(2), np.zeros(2)) == 2


def test_convolution_as_functions():
    weight = random(6, 2, 3, 2)
    how = {"stride": (2, 1), "padding": (1, 2), "dilation": (1, 2), "groups": 2}
    x = random(2, 4, 7, 6)
    y = random(*conv2d(x, weight, **how).shape)

    def forward(v):
        return conv2d(v, weight, **how)

    assert adjoint_error(forward, lambda v: conv2d_grad_input(v, weight, (7, 6), **how), x, y) < 1e-14
    flipped = weight[:, :, ::-1]
    assert adjoint_error(forward, lambda v: conv2d_grad_input(v, flipped, (7, 6), **how), x, y) > 1e-3


@pytest.mark.parametrize(
    "layer",
    [
        Conv2d(3, 2, 3, 2, 1, bias=False),
        ConvTranspose2d(3, 4, (3, 2), (2, 3), 1, (1, 0), bias=False),
        AvgPool2d(3, 2, 1),
    ],
)
def test_layers_with_their_backward(layer):
    layer.astype("float64")
    x = random(2, 3, 5, 6)
    assert adjoint_error(layer, layer.backward, x, random(*layer(x).shape)) < 1e-14


def test_a_bias_is_not_linear():
    layer = Conv2d(1, 1, 3).astype("float64")
    layer.bias.data[...] = 1
    x = random(1, 1, 5, 5)
    assert adjoint_error(layer, layer.backward, x, random(1, 1, 3, 3)) > 1e-2


def test_a_y_of_another_shape_is_refused():
    with pytest.raises(InputError, match="y must have the shape of forward's output"):
        adjoint_error(lambda v: v[:2], lambda v: v, np.ones(3), np.ones(3))


def test_on_the_device(device):
    layer = ConvTranspose2d(2, 3, 3, 2, bias=False).to("gpu")
    x, y = (to_device(array.astype("float32"), "gpu") for array in (random(1, 2, 3, 4), random(1, 3, 7, 9)))
    layer(x)  # weights are drawn, and uploaded, at their first use
    device.forget()
    assert adjoint_error(layer, layer.backward, x, y) < 1e-6
    device.assert_copies(waits={"float()": 2})


class TestRoundTrip:
    def test_of_a_kernel_of_one_entry(self):
        values, rank = round_trip(np.array([[[[2.0]]]]), 2)
        np.testing.assert_allclose(values, [4, 4, 4, 4])  # C = 2 I
        assert rank == 4

    def test_with_a_stride_some_pixels_are_lost(self):
        values, rank = round_trip(np.array([[[[1.0, 1.0]]]]), (1, 4), stride=(1, 2))
        # C = [1 1 0 0; 0 0 1 1]: C C^T = 2 I
        np.testing.assert_allclose(values, [2, 2, 0, 0], atol=1e-12)
        assert rank == 2

    def test_the_slides_case_keeps_4_of_16_dimensions(self):
        weight = random(1, 1, 3, 3)
        values, rank = round_trip(weight, 4)
        assert rank == 4 and len(values) == 16
        assert (np.diff(values) <= 0).all()
        np.testing.assert_allclose(values.sum(), 4 * (weight**2).sum())  # the trace: each row of C holds the kernel

    def test_small_entries_count_as_long_as_they_are_more_than_rounding(self):
        assert round_trip(np.diag([1.0, 1e-8]).reshape(2, 2, 1, 1), 1).rank == 2
        assert round_trip(np.diag([1.0, 1e-17]).reshape(2, 2, 1, 1), 1).rank == 1

    def test_of_an_output_much_smaller_than_the_input(self):
        values, rank = round_trip(np.ones((1, 1, 1, 1)), (1, 60000), stride=(1, 30000))  # C^T C would take 27 GiB
        assert rank == 2 and values.shape == (60000,) and values.sum() == 2

    def test_a_kernel_of_zeros(self):
        assert round_trip(np.zeros((1, 1, 2, 2)), 3).rank == 0

    def test_a_kernel_that_does_not_fit(self):
        with pytest.raises(InputError, match="reaches over 3 pixels"):
            round_trip(np.ones((1, 1, 3, 3)), 2)
