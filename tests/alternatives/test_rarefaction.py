"""Filters with holes: by hand, against shift-and-stitch, the net itself and PyTorch; and what each road costs."""

import numpy as np
import pytest
from hypothesis import given

from minifcn.alternatives import Cost, cost, rarefied, receptive_field, shift_and_stitch, total_stride
from minifcn.errors import InputError
from minifcn.layers import Conv2d, Linear, MaxPool2d, ReLU, Sequential

from .drawing import conv, drawn, nets, row, two_step


def test_a_filter_after_a_stride_of_2_by_hand():
    # Steps of 2 left out, (1, 10) becomes (1, 0, 10).
    net = rarefied([conv(1, stride=2), conv(1, 10)])
    np.testing.assert_array_equal(net(row(1, 2, 3, 4, 5)), row(31, 42, 53))


def test_pooling_and_filter_by_hand():
    # Rectified differences 2 0 3 0 5 0 1; the largest of neighbours 2 3 3 5 5 1; each with 10 times the one after next.
    np.testing.assert_array_equal(rarefied(two_step())(row(0, 2, 1, 4, 4, 9, 7, 8)), row(32, 53, 53, 15))


def test_the_strides_multiply_along_each_axis():
    net = [Conv2d(1, 1, 3, (2, 1), padding=1), MaxPool2d(3, (3, 2), 1), Conv2d(1, 1, 3, dilation=2), Conv2d(1, 1, 1, 5)]
    layers = list(rarefied(net).named.values())
    assert [layer.stride for layer in layers] == [(1, 1)] * 4
    assert [layer.dilation for layer in layers] == [(1, 1), (2, 1), (12, 4), (6, 2)]
    assert [layer.padding for layer in layers] == [(1, 1), (2, 1), (0, 0), (0, 0)]
    assert [layer.stride for layer in net] == [(2, 1), (3, 2), (1, 1), (5, 5)]  # the net is as it was


@drawn(100)
@given(nets())
def test_it_is_shift_and_stitch(case):
    net, image = case
    found = rarefied(net)
    assert total_stride(found) == (1, 1) and receptive_field(found) == receptive_field(net)
    y = found(image)
    expected = shift_and_stitch(net, image)
    assert y.shape == expected.shape
    np.testing.assert_allclose(y, expected, rtol=0, atol=1e-10)


@drawn(100)
@given(nets(padded=True))
def test_with_padding_every_f_th_score_is_the_net_s_own(case):
    net, image = case
    f, g = total_stride(net)
    y = net(image)
    np.testing.assert_allclose(rarefied(net)(image)[:, :, ::f, ::g], y, rtol=0, atol=1e-10)


def test_many_channels_where_the_net_itself_takes_winograd_s_algorithm():
    rng = np.random.default_rng(0)
    net = Sequential(MaxPool2d(2), Conv2d(64, 64, 3, algorithm="winograd", rng=rng)).astype("float64")
    image = rng.standard_normal((1, 64, 26, 31))
    np.testing.assert_allclose(rarefied(net)(image), shift_and_stitch(net, image), rtol=0, atol=1e-10)
    assert net.named["1"].algorithm == "winograd"


def test_the_weights_are_shared():
    net = two_step()
    found = rarefied(net)
    assert (
        [n for n, _ in found.named_parameters()] == [n for n, _ in net.named_parameters()] == ["0.weight", "3.weight"]
    )
    for one, other in zip(found.parameters(), net.parameters()):
        assert one is other
    found(row(0, 2, 1, 4, 4))
    found.backward(row(1))  # its winners: 2 and 3
    np.testing.assert_array_equal(net.named["3"].weight.grad, row(2, 3))


def test_the_memory_for_backward_is_not_shared():
    net, image = two_step(), row(0, 2, 1, 4, 4)
    net(image)
    with pytest.raises(RuntimeError, match="backward needs a forward pass"):
        rarefied(net).backward(row(1))


@drawn(40)
@given(nets())
def test_gradients_are_those_of_the_net_where_it_has_scores(case):
    net, image = case
    f, g = total_stride(net)
    found, y = rarefied(net), net(image)
    dy = np.random.default_rng(0).standard_normal(y.shape)
    dx = net.backward(dy)
    expected = [p.grad.copy() for p in net.parameters()]
    net.zero_grad()
    wide = np.zeros_like(found(image))
    wide[:, :, ::f, ::g] = dy
    np.testing.assert_allclose(found.backward(wide), dx, rtol=0, atol=1e-10)
    for one, other in zip(found.parameters(), expected):
        np.testing.assert_allclose(one.grad, other, rtol=0, atol=1e-10)


def test_against_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    functional, rng = torch.nn.functional, np.random.default_rng(0)
    net = [Conv2d(2, 3, 3, rng=rng), MaxPool2d(2), ReLU(), Conv2d(3, 4, 3, 3, rng=rng), Conv2d(4, 2, 2, rng=rng)]
    net = Sequential(*net).astype("float64")
    image = rng.standard_normal((2, 2, 23, 26))
    first, second, third = (
        torch.from_numpy(layer.weight.data) for layer in net.named.values() if hasattr(layer, "bias")
    )
    y = functional.max_pool2d(functional.conv2d(torch.from_numpy(image), first), 2, stride=1)
    y = functional.conv2d(functional.conv2d(functional.relu(y), second, dilation=2), third, dilation=6)
    np.testing.assert_allclose(rarefied(net)(image), y.numpy(), rtol=0, atol=1e-10)


class TestCost:
    def test_by_hand(self):
        # 8 pixels; differences of 2 taps, pairs, sums of 2 taps.
        # As is: 7 differences, 3 maxima, 2 sums: 2 * 7 + 2 * 2. Shifted by 1: 6 differences, 3 maxima, 2 sums.
        # Rarefied: 7 differences, 6 maxima, 4 sums.
        assert cost(two_step(), (1, 8)) == Cost(18, 18 + 2 * 6 + 2 * 2, 2 * 7 + 2 * 4)

    def test_channels_and_rows_by_hand(self):
        # 6x5 pixels -> 4x3 at 3 -> 2 channels of 9 taps -> 2x1; shifts lose a row, a column or both.
        # Of 4 or 3 rows, 3 or 2 columns: 12, 8, 9, 6 places. The 1x1 sums, 2 -> 5 channels: 2x1 places, 1x1 less a row.
        net = [Conv2d(3, 2, 3), MaxPool2d(2), Conv2d(2, 5, 1)]
        plain = 12 * 2 * 27 + 2 * 10
        assert cost(net, (6, 5)) == Cost(plain, (12 + 8 + 9 + 6) * 54 + (2 + 2 + 1 + 1) * 10, 12 * 54 + 3 * 2 * 10)

    @drawn(60)
    @given(nets())
    def test_rarefaction_never_costs_more_where_all_shifts_have_room(self, case):
        net, image = case
        plain, stitched, holes = cost(net, [n + f - 1 for n, f in zip(image.shape[2:], total_stride(net))])
        assert plain <= holes <= stitched

    def test_layers_after_the_last_stride_cost_the_same_on_both_roads(self):
        late = [MaxPool2d(2), Conv2d(1, 1, 3), Conv2d(1, 1, 2)]
        assert cost(late, (17, 20)).shift_and_stitch == cost(late, (17, 20)).rarefied
        early = [Conv2d(1, 1, 3), MaxPool2d(4)]  # 16 shifts of 14x14 down to 11x11 pixels, instead of 14x14 once
        assert cost(early, (16, 16)) == Cost(9 * 14**2, 9 * (14 + 13 + 12 + 11) ** 2, 9 * 14**2)

    @pytest.mark.parametrize(
        "net, size, problem",
        [
            ([Conv2d(1, 1, 3, padding=1)], (8, 8), r"cost: layer 0 pads by \(1, 1\)"),
            ([Conv2d(1, 1, 3)], (2, 8), "the image has 2x8 pixels, a score sees 3x3"),
            ([Conv2d(1, 1, 3)], (8, 0), r"cost: size is \(8, 0\); expected at least 1"),
        ],
    )
    def test_what_is_refused(self, net, size, problem):
        with pytest.raises(InputError, match=problem):
            cost(net, size)


def test_a_layer_of_another_kind():
    with pytest.raises(InputError, match="rarefied: layer 1 is a Linear, expected Conv2d, ReLU or MaxPool2d"):
        rarefied([ReLU(), Linear(2, 2)])
