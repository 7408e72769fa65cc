"""The convolution's matrix with names in it: where each entry of the kernel stands in C, to print, typeset and draw.

C depends on the kernel's numbers only through which of them stands where. So C of a kernel whose entries are numbered
1, 2, 3, ... tells it all, and every name follows from such a number.
"""

import math

import numpy as np

from minifcn.backend import Array, array_module
from minifcn.convolution.geometry import Setting, pair, whole
from minifcn.convolution.matrix import conv_matrix
from minifcn.errors import InputError


def symbolic_conv_matrix(
    kernel: int | tuple[int, ...],
    input_size: Setting,
    stride: Setting = 1,
    padding: Setting = 0,
    dilation: Setting = 1,
    groups: int = 1,
) -> "SymbolicMatrix":
    """The matrix of a convolution, its entries by name: `print(symbolic_conv_matrix(3, 4))` is the slides' matrix.

    kernel   the size of a single kernel, a number or (rows, columns), or a weight's shape (O, C/groups, kh, kw)
    Other arguments and errors as of `conv_matrix`. Returns a SymbolicMatrix; its `.T` is the transposed convolution's.
    """
    if isinstance(kernel, (tuple, list)) and len(kernel) == 4:
        shape = tuple(whole(n, "kernel", 1) for n in kernel)
    else:
        shape = (1, 1, *pair(kernel, "kernel", 1))
    numbers = np.arange(1, math.prod(shape) + 1).reshape(shape)
    return SymbolicMatrix(conv_matrix(numbers, input_size, stride, padding, dilation, groups), shape)


class SymbolicMatrix:
    """C or its transpose, holding the kernel's entries by name."""

    def __init__(self, numbers: np.ndarray, weight_shape: tuple[int, ...]):
        self.numbers = numbers  # (rows, columns): 0 where C has a zero, else n for the weight's n-th entry, from 1 on
        self.weight_shape = weight_shape  # (O, C/groups, kh, kw)

    @property
    def shape(self) -> tuple[int, ...]:
        """(rows, columns)"""
        return self.numbers.shape

    @property
    def T(self) -> "SymbolicMatrix":
        """The transpose."""
        return SymbolicMatrix(self.numbers.T, self.weight_shape)

    def at(self, weight: Array) -> Array:
        """The matrix with a weight's numbers in place of their names, in its dtype and on its device."""
        if tuple(weight.shape) != self.weight_shape:
            raise InputError(f"the weight has shape {tuple(weight.shape)}, this matrix is one of {self.weight_shape}")
        xp = array_module(weight)
        with_zero = xp.concatenate([xp.zeros(1, weight.dtype), weight.ravel()])
        return with_zero[xp.asarray(self.numbers)]

    def names(self) -> list[list[str]]:
        """A list of rows, each a list of "0" and "W[0,1]"; "W[o,c,i,j]" where there is more than one channel."""
        return self._entries("W[{}]", ",", "0")

    def compact(self) -> list[list[str]]:
        """The same with indices alone, as wide as they must be: "01" for W[0,1], "." for a zero."""
        return self._entries("{}", "" if max(self.weight_shape) <= 10 else ",", ".")

    def latex(self) -> str:
        """The matrix as LaTeX, for MathJax too: an array in brackets, which may have any number of columns."""
        body = " \\\\\n".join(" & ".join(row) for row in self._entries("W_{{{}}}", ",", "0"))
        return f"\\left[\\begin{{array}}{{{'c' * self.shape[1]}}}\n{body}\n\\end{{array}}\\right]"

    def text(self, width: int | None = None) -> str:
        """The matrix as lines, within `width` characters where given: by full names, else compact.

        Raises InputError where even that is too wide.
        """
        for rows in (self.names(), self.compact()):
            cell = max(len(name) for row in rows for name in row)
            lines = [" ".join(name.ljust(cell) for name in row).rstrip() for row in rows]
            if width is None or self.shape[1] * (cell + 1) - 1 <= width:
                return "\n".join(lines)
        raise InputError(f"a matrix of {self.shape[1]} columns takes more than {width} characters: draw it instead")

    def __str__(self):
        return self.text()

    def __repr__(self):
        return f"SymbolicMatrix {self.shape[0]} x {self.shape[1]} of a weight {self.weight_shape}"

    def _entries(self, form, separator, zero):
        first = 2 if self.weight_shape[:2] == (1, 1) else 0  # a single kernel needs no channels in its names
        indices = np.ndindex(self.weight_shape)
        names = [zero, *(form.format(separator.join(map(str, index[first:]))) for index in indices)]
        return [[names[number] for number in row] for row in self.numbers.tolist()]
