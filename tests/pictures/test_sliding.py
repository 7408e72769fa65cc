"""What lies where and which products a step sums, by hand; all sums against the two convolutions."""

import numpy as np
import pytest

from minifcn.convolution import SEVEN_CASES, conv2d, conv_transpose2d, relationship
from minifcn.errors import InputError
from minifcn.pictures.sliding import (
    check_legible,
    example_kernel,
    matrix_numbers,
    sliding_convolution,
    sliding_transposed,
)

STRIDED = relationship(5, 3, stride=2, padding=1)
CASES = [
    *SEVEN_CASES,
    relationship(5, 7, padding=3),
    relationship(8, 3, stride=3, padding=1),
    relationship(7, 3, stride=2, padding=2, dilation=2),
    relationship(4, 2, padding=2),  # p' = -1
    relationship(5, 2, stride=3, padding=3),
    relationship(5, 1, stride=3, padding=2),  # p' = -2 and a = 2: nothing is left to add or cut at the end
    relationship(5, 2, stride=4, padding=2),
    relationship(1, 1),
]
LETTERS = {"padding": "-", "pixel": "x", "zero": "0", "unseen": "a", "cut": "/"}


def drawn(kinds):
    return ["".join(LETTERS[kind] for kind in row) for row in kinds]


def test_the_example_kernel():
    assert example_kernel(3).tolist() == [[2, 3, 1], [3, 1, 2], [1, 2, 3]]
    assert all((example_kernel(k) != example_kernel(k)[::-1, ::-1]).any() for k in range(2, 8))


def test_a_padded_input_and_the_products_on_it():
    sliding = sliding_convolution(STRIDED)
    assert drawn(sliding.kinds) == ["-------", *["-xxxxx-"] * 5, "-------"]
    assert sliding.values[1:-1, 1:-1].tolist() == [
        [1, 2, 3, 4, 5],
        [4, 1, 3, 5, 2],
        [2, 5, 3, 1, 4],
        [5, 4, 3, 2, 1],
        [3, 3, 3, 3, 3],
    ]
    step = sliding.step(4)
    assert (step.pixel, step.corner) == ((1, 1), (2, 2))
    assert [p.cell for p in step.products[:4]] == [(2, 2), (2, 3), (2, 4), (3, 2)]
    assert [p.value for p in step.products] == [1, 3, 5, 5, 3, 1, 4, 3, 2]
    assert [p.weight for p in step.products] == [2, 3, 1, 3, 1, 2, 1, 2, 3]
    assert [p.entry for p in step.products] == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert step.total == 52  # 2 + 9 + 5 + 15 + 3 + 2 + 4 + 6 + 6
    assert [p.kind for p in sliding.step(0).products] == ["padding"] * 4 + ["pixel"] * 2 + ["padding"] + ["pixel"] * 2


def test_a_stretched_input_and_the_turned_kernel_on_it():
    sliding = sliding_transposed(STRIDED)
    assert drawn(sliding.kinds) == ["-------", "-x0x0x-", "-00000-", "-x0x0x-", "-00000-", "-x0x0x-", "-------"]
    assert sliding.values[1::2, 1::2].tolist() == [[1, 2, 3], [4, 1, 3], [2, 5, 3]]
    step = sliding.step(6)
    assert (step.pixel, step.corner) == ((1, 1), (1, 1))
    assert [p.value for p in step.products] == [1, 0, 2, 0, 0, 0, 4, 0, 1]
    assert [p.entry for p in step.products] == [9, 8, 7, 6, 5, 4, 3, 2, 1]
    assert [p.weight for p in step.products] == [3, 2, 1, 2, 1, 3, 1, 3, 2]
    assert step.total == 11  # 1*3 + 2*1 + 4*1 + 1*2
    assert matrix_numbers(STRIDED)[:, 6].tolist() == [9, 7, 0, 3, 1, 0, 0, 0, 0]
    assert sliding.telling == 8  # its window sees four pixels, the one in the middle only one
    assert sliding.kinds_there == ["pixel", "zero", "padding"]


def test_zeros_for_unseen_pixels_go_to_the_end():
    kinds = sliding_transposed(relationship(6, 3, stride=2, padding=1)).kinds
    assert drawn(kinds) == ["-------a", *["-x0x0x-a", "-00000-a"] * 2, "-x0x0x-a", "-------a", "a" * 8]


def test_a_negative_padding_cuts_off():
    sliding = sliding_transposed(relationship(4, 2, padding=2))
    assert drawn(sliding.kinds) == ["///////", *["/xxxxx/"] * 5, "///////"]
    assert sliding.values[0].tolist() == [1, 2, 3, 4, 5, 1, 2]  # they are there, but no window reaches them
    step = sliding.step(0)
    assert step.corner == (1, 1)
    assert [p.value for p in step.products] == [1, 3, 5, 3]
    assert step.total == 31  # by 1 3 / 3 2, which is 2 3 / 3 1 turned


def test_the_end_is_cut_by_what_the_unseen_pixels_leave():
    assert drawn(sliding_transposed(relationship(5, 1, stride=3, padding=2)).kinds)[3] == "//0x00x"


def test_a_dilated_window_reads_every_other_cell():
    step = sliding_convolution(relationship(7, 3, dilation=2)).step(8)
    assert [p.cell for p in step.products] == [(i, j) for i in (2, 4, 6) for j in (2, 4, 6)]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_sums_are_the_convolutions(case):
    weight = example_kernel(case.kernel)[None, None]
    settings = case.stride, case.padding, case.dilation
    image = 1 + np.fromfunction(lambda r, c: (3 * r + r * c + c) % 5, (case.input, case.input), dtype=int)
    for sliding, expected in (
        (sliding_convolution(case), conv2d(image[None, None], weight, *settings)),
        (
            sliding_transposed(case),
            conv_transpose2d(image_of(case)[None, None], weight, (case.input, case.input), *settings),
        ),
    ):
        sums = [sliding.step(number).total for number in range(sliding.output**2)]
        assert sums == expected.ravel().tolist()
        reached = {p.cell for n in range(len(sums)) for p in sliding.step(n).products}
        assert not any(sliding.kinds[cell] == "cut" for cell in reached)


def image_of(case):
    return 1 + np.fromfunction(lambda r, c: (3 * r + r * c + c) % 5, (case.output, case.output), dtype=int)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_row_of_c_is_a_window_and_a_column_a_turned_one(case):
    numbers = matrix_numbers(case)
    for sliding, lines in ((sliding_convolution(case), numbers), (sliding_transposed(case), numbers.T)):
        for number, line in enumerate(lines):
            on_pixels = [p.entry for p in sliding.step(number).products if p.kind == "pixel"]
            assert on_pixels == [entry for entry in line if entry]


def test_titles():
    assert sliding_convolution(STRIDED).title == "padding, strides: 5x5 → 3x3, kernel 3, stride 2, padding 1"
    assert sliding_transposed(STRIDED).title.startswith("padding, strides, transposed: 3x3 → 5x5, ")
    assert sliding_convolution(relationship(5, 3, dilation=2)).title.endswith("padding 0, dilation 2")


@pytest.mark.parametrize(
    "case, words",
    [
        (relationship(9, 3), "an input of 9 pixels .* at most 8"),
        (relationship(7, 3, padding=2), "an output of 9 pixels .* at most 8"),
        (relationship(8, 8, padding=1), "a kernel of 8 .* at most 7"),
        (relationship(8, 5, padding=1, stride=2), "12 cells .* at most 11"),
        (relationship(8, 2, padding=2, stride=2), "padded input of 12 pixels .* at most 11"),
    ],
)
def test_what_is_too_large_to_read(case, words):
    with pytest.raises(InputError, match=words):
        check_legible(case)
