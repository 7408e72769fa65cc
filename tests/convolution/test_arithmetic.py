"""The arithmetic of convolution and transpose: the guide's figures written out, then every small case by counting."""

import numpy as np
import pytest

from minifcn.convolution import SEVEN_CASES, conv2d, conv_transpose2d, relationship
from minifcn.errors import InputError

# The figures of Dumoulin and Visin's guide: i, k, s, p | o, zeros between, stretched, p', a | its two relationships
GUIDE = {
    "no padding, no strides": ((4, 3, 1, 0), (2, 0, 2, 2, 0), (1, 8)),
    "arbitrary padding, no strides": ((5, 4, 1, 2), (6, 0, 6, 1, 0), (2, 9)),
    "half padding, no strides": ((5, 3, 1, 1), (5, 0, 5, 1, 0), (3, 10)),
    "full padding, no strides": ((5, 3, 1, 2), (7, 0, 7, 0, 0), (4, 11)),
    "no padding, strides": ((5, 3, 2, 0), (2, 1, 3, 2, 0), (5, 12)),
    "padding, strides": ((5, 3, 2, 1), (3, 1, 5, 1, 0), (6, 13)),
    "padding, strides (odd)": ((6, 3, 2, 1), (3, 1, 5, 1, 1), (6, 14)),
}


def test_the_seven_cases_of_the_slides():
    found = {
        case.name: (
            (case.input, case.kernel, case.stride, case.padding),
            (case.output, case.zeros_between, case.stretched, case.transposed_padding, case.unseen),
            case.numbers,
        )
        for case in SEVEN_CASES
    }
    assert found == GUIDE
    assert list(found) == list(GUIDE)  # in the slides' order


@pytest.mark.parametrize("case", SEVEN_CASES)
def test_the_transpose_comes_back_to_the_input_s_size(case):
    assert case.transposed_output == case.input


def test_the_way_back_follows_its_own_formula():
    for case in SEVEN_CASES:
        o_back = case.stride * (case.output - 1) + case.unseen + case.kernel - 2 * case.padding
        assert case.transposed_output == o_back


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("kernel", [1, 2, 3, 4])
def test_every_small_case_by_counting(kernel, stride, dilation):
    """Window positions counted one by one; and the stretched, padded input has room for just as many as the input has
    pixels."""
    reach = dilation * (kernel - 1) + 1
    for size in range(1, 8):
        for padding in range(4):
            length = size + 2 * padding
            starts = [start for start in range(0, length, stride) if start + reach <= length]
            if not starts:
                with pytest.raises(InputError, match=f"reaches over {reach} pixels"):
                    relationship(size, kernel, stride, padding, dilation)
                continue
            case = relationship(size, kernel, stride, padding, dilation)
            assert case.output == len(starts)
            assert case.unseen == length - (starts[-1] + reach)
            canvas = [1] + ([0] * case.zeros_between + [1]) * (case.output - 1)
            assert case.stretched == len(canvas)
            room = len(canvas) + 2 * case.transposed_padding + case.unseen
            assert room - reach + 1 == case.transposed_output == size


@pytest.mark.parametrize(
    "settings, name, numbers",
    [
        ((4, 1), "no padding, no strides", (1, 8)),  # which is half and full padding, too
        ((7, 3, 2, 3), "padding, strides", (6, 13)),
        ((6, 3, 2, 0), "no padding, strides (odd)", (5, 14)),
        ((7, 3, 1, 0, 2), "no padding, no strides", (15, None)),
        ((7, 3, 1, 2, 2), "half padding, no strides", (15, None)),
        ((7, 3, 1, 4, 2), "full padding, no strides", (15, None)),
        ((4, 2, 1, 1), "full padding, no strides", (4, 11)),
        ((4, 3, 1, 5), "arbitrary padding, no strides", (2, 9)),
    ],
)
def test_names_and_numbers_of_other_cases(settings, name, numbers):
    case = relationship(*settings)
    assert (case.name, case.numbers) == (name, numbers)


@pytest.mark.parametrize("case", SEVEN_CASES)
def test_the_functions_have_these_sizes(case):
    x, weight = np.ones((1, 1, case.input, case.input)), np.ones((1, 1, case.kernel, case.kernel))
    y = conv2d(x, weight, case.stride, case.padding)
    assert y.shape == (1, 1, case.output, case.output)
    assert conv_transpose2d(y, weight, case.input, case.stride, case.padding).shape == x.shape


@pytest.mark.parametrize(
    "settings, message",
    [
        ((0, 3), "input_size is 0; expected at least 1"),
        ((4, 3, 0), "stride is 0; expected at least 1"),
        ((4, 3, 1, -1), "padding is -1; expected at least 0"),
        ((4, 0), "kernel_size is 0"),
        ((4, 3, 1, 0, 0), "dilation is 0"),
        ((4, 2.5), "kernel_size is 2.5; expected a whole number"),
        ((4, 5), "reaches over 5 pixels, but the padded input has only 4"),
    ],
)
def test_bad_input(settings, message):
    with pytest.raises(InputError, match=message):
        relationship(*settings)
