"""The symbolic matrix: the slides' two matrices written out, its ways to be written, and its numbers."""

import numpy as np
import pytest

from minifcn.convolution import conv_matrix, symbolic_conv_matrix
from minifcn.errors import InputError

SLIDES_C = """
W[0,0] W[0,1] W[0,2] 0      W[1,0] W[1,1] W[1,2] 0      W[2,0] W[2,1] W[2,2] 0      0      0      0      0
0      W[0,0] W[0,1] W[0,2] 0      W[1,0] W[1,1] W[1,2] 0      W[2,0] W[2,1] W[2,2] 0      0      0      0
0      0      0      0      W[0,0] W[0,1] W[0,2] 0      W[1,0] W[1,1] W[1,2] 0      W[2,0] W[2,1] W[2,2] 0
0      0      0      0      0      W[0,0] W[0,1] W[0,2] 0      W[1,0] W[1,1] W[1,2] 0      W[2,0] W[2,1] W[2,2]
"""
SLIDES_C_TRANSPOSED = """
W[0,0] 0      0      0
W[0,1] W[0,0] 0      0
W[0,2] W[0,1] 0      0
0      W[0,2] 0      0
W[1,0] 0      W[0,0] 0
W[1,1] W[1,0] W[0,1] W[0,0]
W[1,2] W[1,1] W[0,2] W[0,1]
0      W[1,2] 0      W[0,2]
W[2,0] 0      W[1,0] 0
W[2,1] W[2,0] W[1,1] W[1,0]
W[2,2] W[2,1] W[1,2] W[1,1]
0      W[2,2] 0      W[1,2]
0      0      W[2,0] 0
0      0      W[2,1] W[2,0]
0      0      W[2,2] W[2,1]
0      0      0      W[2,2]
"""


def entries(text):
    return [line.split() for line in text.strip().splitlines()]


def test_the_slides_two_matrices_entry_by_entry():
    matrix = symbolic_conv_matrix(3, 4)
    assert matrix.shape == (4, 16) and matrix.T.shape == (16, 4)
    assert matrix.names() == entries(SLIDES_C)
    assert matrix.T.names() == entries(SLIDES_C_TRANSPOSED)


def test_printed_they_stand_in_columns():
    matrix = symbolic_conv_matrix(3, 4)
    assert str(matrix) == SLIDES_C.strip()
    assert str(matrix.T) == SLIDES_C_TRANSPOSED.strip()
    assert repr(matrix.T) == "SymbolicMatrix 16 x 4 of a weight (1, 1, 3, 3)"


def test_a_narrow_terminal_gets_the_compact_form():
    compact = (
        "00 01 02 .  10 11 12 .  20 21 22 .  .  .  .  .\n.  00 01 02 .  10 11 12 .  20 21 22 .  .  .  .\n"
        ".  .  .  .  00 01 02 .  10 11 12 .  20 21 22 .\n.  .  .  .  .  00 01 02 .  10 11 12 .  20 21 22"
    )
    matrix = symbolic_conv_matrix(3, 4)
    widest = max(map(len, compact.splitlines()))
    assert matrix.text(width=80) == matrix.text(width=widest) == compact
    assert matrix.text(width=111) == str(matrix)
    with pytest.raises(InputError, match="a matrix of 16 columns takes more than 46 characters: draw it instead"):
        matrix.text(width=widest - 1)


def test_indices_of_ten_and_more_are_kept_apart():
    assert symbolic_conv_matrix((1, 11), (1, 11)).compact()[0][9:] == ["0,9", "0,10"]
    assert symbolic_conv_matrix((1, 10), (1, 10)).compact()[0][8:] == ["08", "09"]


def test_latex():
    expected = "\\left[\\begin{array}{ccc}\nW_{0,0} & W_{0,1} & 0 \\\\\n0 & W_{0,0} & W_{0,1}\n\\end{array}\\right]"
    assert symbolic_conv_matrix((1, 2), (1, 3)).latex() == expected


def test_padding_and_stride():
    # Windows of 2x2 that start at (-1, -1), (-1, 1), (1, -1), (1, 1) of 2x3 pixels.
    expected = [
        ["W[1,1]", "0", "0", "0", "0", "0"],
        ["0", "W[1,0]", "W[1,1]", "0", "0", "0"],
        ["0", "0", "0", "W[0,1]", "0", "0"],
        ["0", "0", "0", "0", "W[0,0]", "W[0,1]"],
    ]
    assert symbolic_conv_matrix(2, (2, 3), stride=2, padding=1).names() == expected


def test_dilation():
    assert symbolic_conv_matrix((1, 2), (1, 4), dilation=2).names() == entries("W[0,0] 0 W[0,1] 0\n0 W[0,0] 0 W[0,1]")


def test_channels_are_named_and_groups_leave_blocks_empty():
    full = symbolic_conv_matrix((2, 2, 1, 1), 1)
    assert full.names() == entries("W[0,0,0,0] W[0,1,0,0]\nW[1,0,0,0] W[1,1,0,0]")
    grouped = symbolic_conv_matrix((2, 1, 1, 1), 1, groups=2)
    assert grouped.names() == entries("W[0,0,0,0] 0\n0 W[1,0,0,0]")


@pytest.mark.parametrize("how", [{}, {"stride": (2, 1), "padding": (1, 2), "dilation": (1, 2), "groups": 2}])
def test_with_numbers_put_in_it_is_the_numeric_matrix(how):
    weight = np.random.default_rng(0).standard_normal((4, 4 // how.get("groups", 1), 2, 3))
    matrix = symbolic_conv_matrix(weight.shape, (5, 6), **how)
    expected = conv_matrix(weight, (5, 6), **how)
    np.testing.assert_array_equal(matrix.at(weight), expected)
    np.testing.assert_array_equal(matrix.T.at(weight), expected.T)
    assert matrix.at(weight.astype("float32")).dtype == "float32"


def test_numbers_of_another_shape_are_refused():
    with pytest.raises(InputError, match=r"shape \(1, 1, 2, 2\), this matrix is one of \(1, 1, 3, 3\)"):
        symbolic_conv_matrix(3, 4).at(np.ones((1, 1, 2, 2)))


@pytest.mark.parametrize("kernel", [0, (3, 0), "3", (1, 1, 0, 3), (1, 2, 3), (1, 1, 2.0, 3)])
def test_what_is_no_kernel_is_refused(kernel):
    with pytest.raises(InputError, match="kernel is"):
        symbolic_conv_matrix(kernel, 4)


def test_a_kernel_that_does_not_fit_is_refused():
    with pytest.raises(InputError, match="reaches over 5 pixels, but the padded input has only 4"):
        symbolic_conv_matrix(5, 4)
