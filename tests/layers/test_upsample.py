"""Upsampling by interpolation: by hand, its matrix, its numerical gradient, bad input."""

import numpy as np
import pytest

from minifcn.errors import InputError
from minifcn.gradcheck import check_gradients
from minifcn.layers import Upsample
from minifcn.layers.upsample import interpolation_matrix

IMAGE = np.array([[8.0, 16.0, 0.0], [-8.0, 24.0, 4.0]])[None, None]


class TestNearest:
    def test_by_hand(self):
        layer = Upsample(scale_factor=(2, 1))
        np.testing.assert_array_equal(layer(IMAGE), [[[[8, 16, 0], [8, 16, 0], [-8, 24, 4], [-8, 24, 4]]]])
        dy = np.array([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0], [4.0, 5.0, 6.0], [40.0, 50.0, 60.0]])[None, None]
        np.testing.assert_array_equal(layer.backward(dy), [[[[11, 22, 33], [44, 55, 66]]]])

    def test_down_skips_pixels(self):
        layer = Upsample((1, 2))
        np.testing.assert_array_equal(layer(IMAGE), [[[[8, 16]]]])  # columns floor(0 * 3/2), floor(1 * 3/2)
        np.testing.assert_array_equal(layer.backward(np.array([[[[5.0, 7.0]]]])), [[[[5, 7, 0], [0, 0, 0]]]])

    def test_a_broken_factor_steps_by_its_inverse(self):
        # 4 pixels by 1.7: 6, at floor(o / 1.7) = 0, 0, 1, 1, 2, 2; with 4/6 a step it would be 0, 0, 1, 2, 2, 3.
        x = np.array([[[[1.0, 2.0, 3.0, 4.0]]]])
        np.testing.assert_array_equal(Upsample(scale_factor=(1, 1.7))(x), [[[[1, 1, 2, 2, 3, 3]]]])
        np.testing.assert_array_equal(Upsample((1, 6))(x), [[[[1, 1, 2, 3, 3, 4]]]])


def test_nearest_exact_by_hand():
    # 5 pixels to 3: the middles (o + 1/2) 5/3 = 5/6, 5/2, 25/6 fall in pixels 0, 2, 4; "nearest" takes 0, 1, 3.
    x = np.array([[[[1.0, 2.0, 3.0, 4.0, 5.0]]]])
    layer = Upsample((1, 3), mode="nearest-exact")
    np.testing.assert_array_equal(layer(x), [[[[1, 3, 5]]]])
    np.testing.assert_array_equal(layer.backward(np.array([[[[7.0, 8.0, 9.0]]]])), [[[[7, 0, 8, 0, 9]]]])
    np.testing.assert_array_equal(Upsample((1, 3))(x), [[[[1, 2, 4]]]])
    # 4 pixels by 1.1 are 4 again, at floor((o + 1/2) / 1.1) = 0, 1, 2, 3; by 1.2 at 0, 1, 2, 2: 3.5 / 1.2 is 2.92.
    np.testing.assert_array_equal(Upsample(scale_factor=(1, 1.2), mode="nearest-exact")(x[..., :4]), [[[[1, 2, 3, 3]]]])


class TestAlignedCorners:
    def test_by_hand(self):
        # 3 pixels to 5: every half pixel; to 2: the outermost alone; to 1: the first.
        layer = Upsample((1, 5), mode="bilinear", align_corners=True)
        np.testing.assert_array_equal(layer(np.array([[[[8.0, 16.0, 0.0]]]])), [[[[8, 12, 16, 8, 0]]]])
        dx = layer.backward(np.array([[[[1.0, 2.0, 4.0, 8.0, 16.0]]]]))
        np.testing.assert_array_equal(dx, [[[[2, 1 + 4 + 4, 4 + 16]]]])
        corners = Upsample(2, mode="bilinear", align_corners=True)
        np.testing.assert_array_equal(corners(IMAGE), [[[[8, 0], [-8, 4]]]])
        np.testing.assert_array_equal(Upsample(1, mode="bilinear", align_corners=True)(IMAGE), [[[[8]]]])

    def test_the_factor_tells_the_size_alone(self):
        # 4 pixels by 1.9 are 7: every half pixel
        layer = Upsample(scale_factor=(1, 1.9), mode="bilinear", align_corners=True)
        x = np.array([[[[0.0, 2.0, 4.0, 8.0]]]])
        np.testing.assert_array_equal(layer(x), [[[[0, 1, 2, 3, 4, 6, 8]]]])

    def test_numerical_gradients(self):
        x = np.random.default_rng(0).standard_normal((2, 3, 4, 5))
        assert check_gradients(Upsample((7, 3), mode="bilinear", align_corners=True), x).ok()

    @pytest.mark.parametrize("mode", ["nearest", "nearest-exact"])
    @pytest.mark.parametrize("given", [True, False])
    def test_in_other_modes_it_is_refused(self, mode, given):
        with pytest.raises(InputError, match=f"align_corners is for mode 'bilinear', mode is '{mode}': leave it out"):
            Upsample(2, mode=mode, align_corners=given)


class TestBilinear:
    def test_by_hand(self):
        # Twice 2 pixels: places -1/4 (cut to 0), 1/4, 3/4 and 5/4 (beyond the last).
        layer = Upsample(scale_factor=(1, 2), mode="bilinear")
        np.testing.assert_array_equal(layer(np.array([[[[8.0, 16.0]]]])), [[[[8, 10, 14, 16]]]])
        np.testing.assert_array_equal(layer.backward(np.array([[[[4.0, 8.0, 16.0, 32.0]]]])), [[[[14, 46]]]])

    def test_rows_and_columns_by_hand(self):
        layer = Upsample((4, 3), mode="bilinear")
        expected = [[8, 16, 0], [4, 18, 1], [-4, 22, 3], [-8, 24, 4]]
        np.testing.assert_array_equal(layer(IMAGE), [[expected]])

    def test_down_takes_the_two_pixels_around_the_middle(self):
        # 6 pixels to 2: the middles 1 and 4 fall on pixels; to 3: between two.
        x = np.array([[[[0.0, 10.0, 20.0, 40.0, 80.0, 90.0]]]])
        np.testing.assert_allclose(Upsample((1, 2), mode="bilinear")(x), [[[[10, 80]]]], rtol=1e-14)
        np.testing.assert_array_equal(Upsample((1, 3), mode="bilinear")(x), [[[[5, 30, 85]]]])

    def test_a_broken_factor_steps_by_its_inverse(self):
        # 2 pixels by 1.6: 3, at (o + 1/2) / 1.6 - 1/2 = -3/16, 7/16, 17/16.
        layer = Upsample(scale_factor=(1, 1.6), mode="bilinear")
        np.testing.assert_allclose(layer(np.array([[[[0.0, 16.0]]]])), [[[[0, 7, 16]]]], rtol=1e-14)

    def test_the_matrix_by_hand(self):
        # 3 pixels to 5, in steps of 0.6: places -0.2 (cut to 0), 0.4, 1, 1.6 and 2.2 (beyond the last).
        expected = [[1, 0, 0], [0.6, 0.4, 0], [0, 1, 0], [0, 0.4, 0.6], [0, 0, 1]]
        np.testing.assert_allclose(interpolation_matrix(3, 5, None, "bilinear"), expected, rtol=0, atol=1e-15)


@pytest.mark.parametrize("mode", ["nearest", "nearest-exact", "bilinear"])
class TestEachMode:
    def test_a_constant_stays_and_the_size_that_is_there_changes_nothing(self, mode):
        np.testing.assert_allclose(Upsample((7, 2), mode=mode)(np.full((1, 2, 3, 5), 3.0)), 3, rtol=1e-15)
        np.testing.assert_array_equal(Upsample((2, 3), mode=mode)(IMAGE), IMAGE)

    @pytest.mark.parametrize("given", [{"size": (7, 3)}, {"scale_factor": (0.7, 2.3)}])
    def test_numerical_gradients(self, mode, given):
        x = np.random.default_rng(0).standard_normal((2, 3, 4, 5))
        assert check_gradients(Upsample(**given, mode=mode), x).ok()

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_the_dtype_stays_and_so_do_x_and_dy(self, mode, dtype):
        rng, layer = np.random.default_rng(1), Upsample(5, mode=mode)
        x, dy = rng.standard_normal((1, 2, 3, 4)).astype(dtype), rng.standard_normal((1, 2, 5, 5)).astype(dtype)
        before = x.copy(), dy.copy()
        assert layer(x).dtype == layer.backward(dy).dtype == dtype
        np.testing.assert_array_equal(layer.backward(dy), layer.backward(dy))
        np.testing.assert_array_equal(x, before[0])
        np.testing.assert_array_equal(dy, before[1])

    def test_backward_needs_a_forward_while_training_and_a_dy_of_its_shape(self, mode):
        layer = Upsample(4, mode=mode)
        layer(IMAGE)
        with pytest.raises(InputError, match=r"Upsample: dy has shape \(1, 1, 4, 5\), the output \(1, 1, 4, 4\)"):
            layer.backward(np.zeros((1, 1, 4, 5)))
        layer.eval()(IMAGE)
        with pytest.raises(RuntimeError, match="backward needs a forward pass"):
            layer.backward(np.zeros((1, 1, 4, 4)))


@pytest.mark.parametrize(
    "given, message",
    [
        ({}, "size is None, scale_factor None; give just one of them"),
        ({"size": 4, "scale_factor": 2}, "size is 4, scale_factor 2; give just one of them"),
        ({"size": 4, "mode": "bicubic"}, "mode 'bicubic' is none of nearest, nearest-exact, bilinear"),
        ({"size": 2.5}, "size is 2.5; expected a whole number or a pair of them"),
        ({"size": (3, 0)}, r"size is \(3, 0\); expected at least 1"),
        ({"scale_factor": 0}, "scale_factor is 0; expected a number above 0 or a pair of them"),
        ({"scale_factor": (2, -1.5)}, r"scale_factor is \(2, -1.5\); expected a number above 0"),
        ({"scale_factor": float("nan")}, "scale_factor is nan; expected"),
        ({"scale_factor": float("inf")}, "scale_factor is inf; expected"),
        ({"scale_factor": (1, 2, 3)}, r"scale_factor is \(1, 2, 3\); expected"),
        ({"scale_factor": "2"}, "scale_factor is '2'; expected"),
    ],
)
def test_settings_that_make_no_sense_are_refused(given, message):
    with pytest.raises(InputError, match=message):
        Upsample(**given)


@pytest.mark.parametrize(
    "x",
    [np.zeros((2, 3)), np.zeros((1, 2, 3)), np.zeros((1, 1, 0, 3)), np.zeros((1, 1, 2, 3), "uint8")],
)
def test_another_input_is_refused(x):
    with pytest.raises(
        InputError,
        match=r"Upsample: input (has shape .*, (expected \(N, C, H, W\)|which is no pixel)|is uint8, expected floats)",
    ):
        Upsample(2)(x)


def test_a_factor_that_leaves_no_pixel_is_refused():
    with pytest.raises(InputError, match=r"scale_factor \(1.0, 0.3\) leaves no pixel of 2x3"):
        Upsample(scale_factor=(1, 0.3))(IMAGE)


def test_repr():
    assert repr(Upsample(3, mode="bilinear")) == "Upsample(size=(3, 3), mode='bilinear')"
    corners = "Upsample(size=(3, 3), mode='bilinear', align_corners=True)"
    assert repr(Upsample(3, mode="bilinear", align_corners=True)) == corners
    assert repr(Upsample(scale_factor=(2, 0.5))) == "Upsample(scale_factor=(2.0, 0.5), mode='nearest')"
