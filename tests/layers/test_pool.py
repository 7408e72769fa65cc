"""Max and mean of windows: by hand, at the edges, among equals, and against a loop over windows."""

import itertools
import tracemalloc

import numpy as np
import pytest

from minifcn.errors import InputError
from minifcn.layers import AvgPool2d, MaxPool2d

IMAGE = np.array(
    [
        [1.0, 2.0, 9.0, 4.0, 0.0],
        [5.0, 6.0, 7.0, 8.0, 3.0],
        [-1.0, -2.0, -3.0, -4.0, -5.0],
    ]
)[None, None]


def windows_by_definition(x, kernel, stride, padding, dilation, size):
    """((row, column) of the output, [(row, column) of each pixel of its window, those outside left out])."""
    for out in np.ndindex(*size):
        spans = [
            [p for p in (o * s - pad + tap * d for tap in range(k)) if 0 <= p < n]
            for o, k, s, pad, d, n in zip(out, kernel, stride, padding, dilation, x.shape[2:])
        ]
        yield out, list(itertools.product(*spans))


class TestMaxPool:
    def test_by_hand(self):
        layer = MaxPool2d(2)
        np.testing.assert_array_equal(layer(IMAGE), [[[[6, 9]]]])  # the last row and column fit no window
        dx = layer.backward(np.array([[[[3.0, -7.0]]]]))
        np.testing.assert_array_equal(dx, [[[[0, 0, -7, 0, 0], [0, 3, 0, 0, 0], [0] * 5]]])

    def test_ceil_mode_takes_what_hangs_over_the_end(self):
        layer = MaxPool2d(2, ceil_mode=True)
        np.testing.assert_array_equal(layer(IMAGE), [[[[6, 9, 3], [-1, -3, -5]]]])
        dx = layer.backward(np.array([[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]]))
        np.testing.assert_array_equal(dx, [[[[0, 0, 2, 0, 0], [0, 1, 0, 0, 3], [4, 0, 5, 0, 6]]]])

    def test_ceil_mode_takes_a_single_pixel(self):
        np.testing.assert_array_equal(MaxPool2d(2, ceil_mode=True)(np.full((1, 1, 1, 1), -4.0)), [[[[-4]]]])

    def test_the_padding_never_wins(self):
        x = -np.arange(1.0, 7.0).reshape(1, 1, 2, 3)
        np.testing.assert_array_equal(MaxPool2d(3, 2, 1)(x), [[[[-1, -2]]]])
        layer = MaxPool2d((2, 2), (1, 2), 1)
        np.testing.assert_array_equal(layer(x), [[[[-1, -2], [-1, -2], [-4, -5]]]])
        dx = layer.backward(np.array([[[[1.0, 2.0], [10.0, 20.0], [100.0, 200.0]]]]))
        np.testing.assert_array_equal(dx, [[[[11, 22, 0], [100, 200, 0]]]])

    def test_minus_infinity_alone_in_a_window_still_gets_its_gradient(self):
        layer = MaxPool2d(2, 2, 1)
        np.testing.assert_array_equal(layer(np.full((1, 1, 2, 2), -np.inf)), np.full((1, 1, 2, 2), -np.inf))
        np.testing.assert_array_equal(layer.backward(np.array([[[[1.0, 2.0], [3.0, 4.0]]]])), [[[[1, 2], [3, 4]]]])

    def test_of_equals_the_first_wins(self):
        x = np.array([[1.0, 5.0, 5.0, 0.0], [5.0, 5.0, 5.0, 0.0]])[None, None]
        layer = MaxPool2d(2, (1, 1))
        layer(x)
        dx = layer.backward(np.array([[[[1.0, 10.0, 100.0]]]]))
        np.testing.assert_array_equal(dx, [[[[0, 11, 100, 0], [0, 0, 0, 0]]]])

    def test_windows_that_share_a_winner_add_up(self):
        layer = MaxPool2d(3, 1)
        np.testing.assert_array_equal(layer(IMAGE), [[[[9, 9, 9]]]])
        dx = layer.backward(np.array([[[[1.0, 20.0, 300.0]]]]))
        assert dx[0, 0, 0, 2] == 321 and np.count_nonzero(dx) == 1

    def test_dilation_skips_what_lies_between(self):
        layer = MaxPool2d((2, 2), 1, 0, (2, 3))
        np.testing.assert_array_equal(layer(IMAGE), [[[[4, 2]]]])

    @pytest.mark.parametrize("training", [True, False])
    def test_indices_tell_where_the_winners_lie(self, training):
        layer = MaxPool2d(2, ceil_mode=True, return_indices=True).train(training)
        y, indices = layer(IMAGE)
        np.testing.assert_array_equal(y, [[[[6, 9, 3], [-1, -3, -5]]]])
        np.testing.assert_array_equal(indices, [[[[6, 2, 9], [10, 12, 14]]]])  # row * 5 + column
        assert indices.dtype == "int64"
        alone = layer(IMAGE[0])  # (C, H, W)
        assert isinstance(alone, tuple)
        for one, batch in zip(alone, (y, indices)):
            np.testing.assert_array_equal(one, batch[0])

    def test_indices_count_no_padding_and_skip_what_dilation_skips(self):
        layer = MaxPool2d((2, 3), (1, 2), (1, 1), (2, 2), return_indices=True)
        y, indices = layer(IMAGE)  # rows (-1, 1), (0, 2), (1, 3), columns (-1, 1, 3) and (1, 3, 5)
        np.testing.assert_array_equal(y, [[[[8, 8], [4, 4], [8, 8]]]])
        np.testing.assert_array_equal(indices, [[[[8, 8], [3, 3], [8, 8]]]])
        dx = layer.backward(np.array([[[[1.0, 2.0], [4.0, 8.0], [16.0, 32.0]]]]))  # of y alone
        np.testing.assert_array_equal(dx, [[[[0, 0, 0, 12, 0], [0, 0, 0, 51, 0], [0] * 5]]])

    def test_kernels_of_more_than_256_taps_remember_their_winner(self):
        x = np.zeros((1, 1, 17, 17))
        x[0, 0, 16, 15] = 1
        layer = MaxPool2d(17, return_indices=True)
        assert layer(x)[1] == 16 * 17 + 15
        np.testing.assert_array_equal(layer.backward(np.array([[[[7.0]]]])), 7 * x)

    def test_many_taps_take_little_memory(self):
        """Their notes of who was the largest so far would fill 300 times the map's bytes."""
        layer, x = MaxPool2d(17, 1, padding=8), np.random.default_rng(6).standard_normal((1, 1, 200, 200), "float32")
        tracemalloc.start()
        try:
            layer(x)
            assert tracemalloc.get_traced_memory()[1] < 40 * x.nbytes
        finally:
            tracemalloc.stop()

    @pytest.mark.parametrize(
        "settings, size",
        [
            (((3, 2), (2, 1), (1, 1), (1, 1), False), (4, 7)),
            (((3, 2), (2, 2), (1, 0), (1, 2), True), (4, 3)),
            (((2, 3), (3, 2), (0, 1), (2, 1), True), (3, 4)),
        ],
    )
    def test_it_is_the_definition(self, settings, size):
        rng = np.random.default_rng(0)
        x = rng.permutation(2 * 3 * 7 * 6).reshape(2, 3, 7, 6) - 200.0  # all different
        dy = rng.integers(-9, 10, (2, 3, *size)).astype(float)
        y, dx = np.empty_like(dy), np.zeros_like(x)
        for n, c in np.ndindex(2, 3):
            for out, pixels in windows_by_definition(x, *settings[:4], size):
                winner = max(pixels, key=lambda pixel: x[n, c][pixel])
                y[n, c][out] = x[n, c][winner]
                dx[n, c][winner] += dy[n, c][out]
        layer = MaxPool2d(*settings)
        np.testing.assert_array_equal(layer(x), y)
        np.testing.assert_array_equal(layer.backward(dy), dx)


class TestAvgPool:
    def test_by_hand(self):
        layer = AvgPool2d(2)
        np.testing.assert_array_equal(layer(IMAGE), [[[[3.5, 7]]]])
        dx = layer.backward(np.array([[[[4.0, -8.0]]]]))
        np.testing.assert_array_equal(dx, [[[[1, 1, -2, -2, 0], [1, 1, -2, -2, 0], [0] * 5]]])

    def test_padding_counts_as_zeros_and_an_overhang_does_not_count(self):
        x = np.array([[12.0, 24.0, 36.0]])[None, None]
        # windows of (padding, 12), (24, 36), and with an even length the last one's overhang
        np.testing.assert_array_equal(AvgPool2d((1, 2), 2, (0, 1))(x), [[[[6, 30]]]])
        layer = AvgPool2d((1, 3), (1, 2), (0, 0), ceil_mode=True)
        np.testing.assert_array_equal(layer(np.append(x, [[[[60.0]]]], axis=3)), [[[[24, 48]]]])
        np.testing.assert_array_equal(layer.backward(np.array([[[[3.0, 4.0]]]])), [[[[1, 1, 1 + 2, 2]]]])

    def test_padding_at_the_far_end_counts_but_what_lies_beyond_it_does_not(self):
        # 3 pixels, 1 of padding on each side: windows of 3 from -1 and 2; the second has a pixel, a zero and no more.
        layer = AvgPool2d((1, 3), (1, 3), (0, 1), ceil_mode=True)
        np.testing.assert_array_equal(layer(np.array([[[[3.0, 6.0, 8.0]]]])), [[[[3, 4]]]])

    def test_padding_that_is_not_counted(self):
        # Windows of (padding, 12) and (24, 36); then of (3, 6), of 8 alone between both paddings.
        layer = AvgPool2d((1, 2), 2, (0, 1), count_include_pad=False)
        np.testing.assert_array_equal(layer(np.array([[[[12.0, 24.0, 36.0]]]])), [[[[12, 30]]]])
        np.testing.assert_array_equal(layer.backward(np.array([[[[5.0, 8.0]]]])), [[[[5, 4, 4]]]])
        layer = AvgPool2d((1, 3), 3, (0, 1), ceil_mode=True, count_include_pad=False)
        np.testing.assert_array_equal(layer(np.array([[[[3.0, 6.0, 8.0]]]])), [[[[4.5, 8]]]])

    def test_repr_tells_whether_padding_is_counted(self):
        assert repr(AvgPool2d(2, count_include_pad=False)).endswith("ceil_mode=False, count_include_pad=False)")

    def test_overlapping_windows_add_up(self):
        layer = AvgPool2d((1, 2), 1)
        layer(np.zeros((1, 1, 1, 3)))
        np.testing.assert_array_equal(layer.backward(np.array([[[[2.0, 20.0]]]])), [[[[1, 11, 10]]]])

    def test_it_is_the_definition(self):
        rng = np.random.default_rng(1)
        x, dy = rng.standard_normal((2, 3, 7, 6)), rng.standard_normal((2, 3, 4, 5))
        y, dx = np.zeros_like(dy), np.zeros_like(x)
        for out, pixels in windows_by_definition(x, (3, 4), (2, 1), (1, 1), (1, 1), (4, 5)):
            for pixel in pixels:
                y[(..., *out)] += x[(..., *pixel)] / 12
                dx[(..., *pixel)] += dy[(..., *out)] / 12
        layer = AvgPool2d((3, 4), (2, 1), 1)
        np.testing.assert_allclose(layer(x), y, rtol=0, atol=1e-14)
        np.testing.assert_allclose(layer.backward(dy), dx, rtol=0, atol=1e-14)


@pytest.mark.parametrize("kind", [MaxPool2d, AvgPool2d])
class TestBoth:
    def test_the_stride_is_the_kernel_unless_told(self, kind):
        assert kind((2, 3))(np.zeros((1, 1, 6, 6))).shape == (1, 1, 3, 2)
        assert kind((2, 3), 1)(np.zeros((1, 1, 6, 6))).shape == (1, 1, 5, 4)

    def test_windows_tell_the_geometry(self, kind):
        rows, cols = kind((3, 2), (2, 1), (1, 0), ceil_mode=True).windows
        assert (rows.kernel, rows.stride, rows.padding, rows.ceil) == (3, 2, 1, True)
        assert (cols.kernel, cols.stride, cols.padding, cols.ceil) == (2, 1, 0, True)
        assert not kind(2).windows[0].ceil

    def test_padding_more_than_half_the_kernel_is_refused(self, kind):
        kind((4, 2), padding=(2, 1))
        with pytest.raises(InputError, match=r"Pool2d: padding \(1, 2\) is more than half the kernel 3"):
            kind(3, padding=(1, 2))

    def test_a_kernel_larger_than_the_padded_input_is_refused(self, kind):
        with pytest.raises(InputError, match="reaches over 5 pixels, but the padded input has only 4"):
            kind(5, padding=1)(np.zeros((1, 1, 9, 2)))

    @pytest.mark.parametrize("shape", [(3, 4), (4,), (1, 1, 1, 4, 4)])
    def test_another_rank_is_refused(self, kind, shape):
        with pytest.raises(InputError, match=r"Pool2d: input has shape .*, expected \(N, C, H, W\)"):
            kind(2)(np.zeros(shape))

    @pytest.mark.parametrize("dtype", ["int8", "int64", "bool"])
    def test_numbers_that_are_no_floats_are_refused(self, kind, dtype):
        with pytest.raises(InputError, match=f"Pool2d: input is {dtype}, expected floats"):
            kind(2)(np.ones((1, 1, 4, 4), dtype))
        with pytest.raises(InputError, match="Pool2d: input is a list"):
            kind(2)([[1.0]])

    def test_repr(self, kind):
        expected = "((2, 3), stride=(2, 3), padding=(1, 0), dilation=(1, 1), ceil_mode=True)"
        assert repr(kind((2, 3), padding=(1, 0), ceil_mode=True)) == kind.__name__ + expected


def test_a_window_that_sees_only_padding_has_no_winner():
    """Taps 3 pixels apart, on rows -1 and 2 of a single one."""
    layer = MaxPool2d((2, 1), padding=(1, 0), dilation=(3, 1), return_indices=True)
    x = np.arange(5.0).reshape(1, 1, 1, 5)[..., :2]
    with pytest.raises(InputError):
        layer(x)  # the window does not fit
    x = np.arange(4.0).reshape(1, 1, 2, 2)
    y, indices = layer(x)
    assert (y == -np.inf).all() and (indices >= x.size).all()
    assert not layer.backward(np.ones_like(y)).any()
