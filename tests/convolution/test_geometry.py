"""Sizes, receptive fields, strides and places, against numbers worked out by hand and printed in papers."""

from fractions import Fraction

import numpy as np
import pytest

from minifcn.convolution.geometry import How, Place, Window, chain, pair, tap_dtype
from minifcn.errors import InputError

POOL = Window(2, stride=2, ceil=True)
SAME = Window(3, padding=1)
ALEXNET = (
    [Window(11, stride=4), Window(3, stride=2), Window(5, padding=2), Window(3, stride=2)]
    + [SAME] * 3
    + [Window(3, stride=2, ceil=True), Window(6)]
)


def vgg16(padding):
    """conv1_1 .. pool5 and fc6; `padding` around the image."""
    first = [Window(3, padding=padding), SAME, POOL]
    return [*first, SAME, SAME, POOL, *[SAME, SAME, SAME, POOL] * 3, Window(7)]


class TestPair:
    @pytest.mark.parametrize("value", [3, np.int64(3), (3, 3), [3, 3]])
    def test_one_number_stands_for_both(self, value):
        assert pair(value) == (3, 3)

    def test_two_are_rows_and_columns(self):
        assert pair((2, 5)) == (2, 5)

    @pytest.mark.parametrize("value", [1.0, "3", None, True, (1, 2, 3), (1,), (1, 2.5)])
    def test_anything_else_is_refused_by_name(self, value):
        with pytest.raises(InputError, match=r"stride is .*expected a whole number or a pair"):
            pair(value, "stride")

    def test_numbers_below_the_least_are_refused(self):
        assert pair((1, 0), "padding") == (1, 0)
        with pytest.raises(InputError, match=r"padding is \(1, -1\); expected at least 0"):
            pair((1, -1), "padding")

    def test_how_in_order(self):
        assert How.of((1, 2), 0, 4, 3) == ((1, 2), (0, 0), (4, 4), 3)
        assert How.of() == How() == ((1, 1), (0, 0), (1, 1), 1)

    @pytest.mark.parametrize(
        "settings, name",
        [((0,), "stride"), ((1, -1), "padding"), ((1, 0, 0), "dilation"), ((1, 0, 1, 0), "groups")],
    )
    def test_how_knows_the_least_of_each(self, settings, name):
        with pytest.raises(InputError, match=f"{name} is"):
            How.of(*settings)


@pytest.mark.parametrize(
    "window, size, out",
    [
        # Dumoulin and Visin 2016, figures 2.1-2.7 and 5.1
        (Window(3), 4, 2),
        (Window(4, padding=2), 5, 6),
        (Window(3, padding=1), 5, 5),
        (Window(3, padding=2), 5, 7),
        (Window(3, stride=2), 5, 2),
        (Window(3, stride=2, padding=1), 5, 3),
        (Window(3, stride=2, padding=1), 6, 3),
        (Window(3, dilation=2), 7, 3),
        (Window(4, padding=1, end=1), 5, 5),
        # ceil mode: a window that hangs over the end counts, one that would start after the input does not
        (Window(2, stride=2), 5, 2),
        (Window(2, stride=2, ceil=True), 5, 3),
        (Window(2, stride=2, ceil=True), 4, 2),
        (Window(3, stride=2, ceil=True), 30, 15),
        (Window(2, stride=2, padding=1, ceil=True), 3, 2),
        (Window(2, stride=3, ceil=True), 3, 1),
        # ... also where the window is larger than what it is laid on
        (Window(2, stride=2, ceil=True), 1, 1),
        (Window(3, stride=2, ceil=True), 2, 1),
        (Window(4, stride=3, ceil=True), 2, 1),
        # the way back: figures 4.1-4.7
        (Window(3, transposed=True), 2, 4),
        (Window(4, padding=2, transposed=True), 6, 5),
        (Window(3, stride=2, transposed=True), 2, 5),
        (Window(3, stride=2, padding=1, transposed=True), 3, 5),
        (Window(3, stride=2, padding=1, transposed=True, output_padding=1), 3, 6),
        (Window(3, dilation=2, transposed=True), 3, 7),
    ],
)
def test_output_size(window, size, out):
    assert window.output_size(size) == out


@pytest.mark.parametrize(
    "window", [Window(5, padding=1), Window(3, padding=1, dilation=2), Window(5, padding=1, ceil=True)]
)
def test_a_kernel_larger_than_the_padded_input_is_refused(window):
    with pytest.raises(
        InputError, match=r"kernel reaches over 5 pixels, but the padded input has only 4 \(input 2, pad"
    ):
        window.output_size(2)


def test_a_padding_that_leaves_nothing_of_a_transposed_convolution_is_refused():
    with pytest.raises(InputError, match="padding 2 cuts the whole output away: 2 -> 0 pixels"):
        Window(3, padding=2, transposed=True).output_size(2)


def test_output_size_takes_each_axis_by_itself():
    assert How((2, 1), (0, 1), (1, 2)).output_size((9, 5), (3, 2)) == (4, 5)


def test_valid_written_out():
    # 5 pixels, windows centred on 0, 2 and 4: the first tap misses the image in the first window, the last in the last.
    window = Window(3, stride=2, padding=1)
    reads = [window.valid(tap, 5, 3) for tap in range(3)]
    assert reads[0] == (slice(1, 3), slice(1, 5, 2))
    assert reads[1] == (slice(0, 3), slice(0, 6, 2))
    assert reads[2] == (slice(0, 2), slice(1, 5, 2))


@pytest.mark.parametrize("size", [1, 4, 7])
@pytest.mark.parametrize(
    "window", [Window(3, 2, 1, 3, ceil=True), Window(2, 3, 0), Window(4, 1, 3), Window(5, 2, 6, 2)]
)
def test_valid_is_the_definition(window, size):
    out = 4
    for tap in range(window.kernel):
        outputs, inputs = window.valid(tap, size, out)
        reads = [(o, o * window.stride - window.padding + tap * window.dilation) for o in range(out)]
        assert list(zip(range(out)[outputs], range(size)[inputs], strict=True)) == [
            r for r in reads if 0 <= r[1] < size
        ]


@pytest.mark.parametrize(
    "size, sizes", [(500, [500, 123, 61, 61, 30, 30, 30, 30, 15, 10]), (227, [227, 55, 27, 27, 13, 13, 13, 13, 6, 1])]
)
def test_alexnet_turns_500_pixels_into_a_grid_of_10_and_227_into_1(size, sizes):
    assert [place.size for place in chain(size, ALEXNET)] == sizes


def test_alexnet_sees_355_pixels_with_stride_32():
    last = chain(227, ALEXNET)[-1]
    assert (last.receptive_field, last.pitch) == (355, 32)


def test_vgg16_receptive_fields_and_strides():
    places = chain(224, vgg16(padding=1))
    pools = [places[i] for i in (3, 6, 10, 14, 18)]
    assert [place.receptive_field for place in pools] == [6, 16, 44, 100, 212]
    assert [place.pitch for place in pools] == [2, 4, 8, 16, 32]
    assert (places[-1].receptive_field, places[-1].pitch) == (404, 32)


def test_vgg16_places_with_the_papers_padding():
    # In pixels of each map the image's pixel 0 lies at +99 after conv1_1, then each pool b -> (b - 1/2) / 2, fc6 b - 3.
    places = chain(500, vgg16(padding=100))
    b = Fraction(99)
    for place in (places[1], *(places[i] for i in (3, 6, 10, 14, 18))):
        assert -place.start / place.pitch == b
        b = (b - Fraction(1, 2)) / 2
    assert -places[-1].start / places[-1].pitch == Fraction(167, 64) - 3


def test_a_transposed_window_takes_the_stride_back_and_moves_the_start():
    fine = Place(10, Fraction(32), Fraction(5), 404).after(Window(64, stride=32, transposed=True))
    assert fine == Place(9 * 32 + 64, Fraction(1), 5 - Fraction(63, 2), 404 + 32)  # each output draws on 2 inputs


def test_padding_and_dilation_move_the_middle_of_a_window():
    assert Place(9).after(Window(3, 1, 1, 1)) == Place(9, Fraction(1), Fraction(0), 3)
    assert Place(9, Fraction(2)).after(Window(3, 2, 1, 3)) == Place(3, Fraction(4), Fraction(4), 13)


def test_a_crop_moves_the_start_and_must_lie_inside():
    place = Place(10, Fraction(2), Fraction(-3), 7)
    assert place.cropped(3, 7) == Place(7, Fraction(2), Fraction(3), 7)
    assert place.cropped(0, 10) == place
    for offset, size in ((3, 8), (-1, 4)):
        with pytest.raises(InputError, match=f"{size} pixels from {offset} on does not lie inside a map of 10"):
            place.cropped(offset, size)


def test_padding_moves_the_start_the_other_way():
    assert Place(10, Fraction(2), Fraction(-3), 7).padded(3, 1) == Place(14, Fraction(2), Fraction(-9), 7)


def test_offset_of_counts_pixels_to_the_other_maps_first():
    place = Place(10, Fraction(2), Fraction(-3))
    assert place.offset_of(Place(5, Fraction(2), Fraction(7))) == 5
    assert place.offset_of(Place(5, Fraction(2), Fraction(-5))) == -1


@pytest.mark.parametrize("other", [Place(5, Fraction(2), Fraction(0)), Place(5, Fraction(4), Fraction(1))])
def test_maps_whose_pixels_fall_between_each_other_do_not_align(other):
    with pytest.raises(InputError, match="do not align"):
        Place(10, Fraction(2), Fraction(-3)).offset_of(other)


def test_taps_are_numbered_in_bytes_as_long_as_they_can_be():
    assert [tap_dtype(size) for size in ((16, 16), (257, 1))] == ["uint8", "int32"]
