"""A window that slides over a square map: what lies where, and which products each step sums. Nothing is drawn here.

A convolution and its transpose are the same scene: the transposed convolution's map is its input stretched with zeros
and padded, its kernel is flipped and moves by one cell (Dumoulin, Visin 2016, section 4). Both name the
entries of the kernel by numbers, 1 for W[0,0], 2 for W[0,1] and so on, as `SymbolicMatrix.numbers` does.
"""

from typing import NamedTuple

import numpy as np

from minifcn.convolution.arithmetic import Relationship
from minifcn.convolution.symbolic import symbolic_conv_matrix
from minifcn.errors import InputError

# What a cell of a map can be, and in the words of a legend; where its row and its column differ, the later one.
KINDS = {
    "pixel": "pixel",
    "zero": "zero between pixels",
    "padding": "zero of the padding",
    "unseen": "zero at the end, for pixels that no window reached (a)",
    "cut": "cropped (p' is negative)",
}
MOST_PIXELS, MOST_CELLS, LARGEST_KERNEL = 8, 11, 7  # along one axis; more is hard to read


class Product(NamedTuple):
    """One product of a step: the cell (row, column) of the map, its kind and value, the kernel's entry and weight."""

    cell: tuple[int, int]
    kind: str
    value: int
    entry: int
    weight: int


class Step(NamedTuple):
    """What makes one output pixel (row, column): the window's first cell, and its products in reading order."""

    pixel: tuple[int, int]
    corner: tuple[int, int]
    products: tuple[Product, ...]

    @property
    def total(self) -> int:
        """The output pixel's value."""
        return sum(product.value * product.weight for product in self.products)


class Sliding(NamedTuple):
    """One window's whole way.

    case        the Relationship; transposed: whether this is its transpose
    kinds       (n, n) of KINDS, what each cell of the map is
    values      (n, n) integers, what each cell holds
    entries     (k, k) the number of the kernel's entry that each tap of the window holds
    first       the first window begins at cell (first, first); the next ones `stride` further
    output      the output has output x output pixels
    """

    case: Relationship
    transposed: bool
    kinds: np.ndarray
    values: np.ndarray
    entries: np.ndarray
    first: int
    stride: int
    output: int

    @property
    def telling(self) -> int:
        """The number of the output pixel to show: of those whose windows see most pixels, the nearest to the middle."""
        middle, first = (self.output - 1) / 2, self.output // 2 * self.output + (self.output - 1) // 2

        def worth(number):
            step = self.step(number)
            seen = sum(product.kind == "pixel" for product in step.products)
            return seen, -sum((place - middle) ** 2 for place in step.pixel), -abs(number - first)

        return max(range(self.output**2), key=worth)

    @property
    def title(self) -> str:
        """What a picture shows: "padding, strides, transposed: 3x3 -> 5x5, kernel 3, stride 2, padding 1"."""
        case, name, sizes = self.case, self.case.name, (self.case.input, self.case.output)
        if self.transposed:
            name, sizes = f"{name}, transposed", sizes[::-1]
        dilation = f", dilation {case.dilation}" if case.dilation > 1 else ""
        settings = f"kernel {case.kernel}, stride {case.stride}, padding {case.padding}{dilation}"
        return f"{name}: {sizes[0]}x{sizes[0]} → {sizes[1]}x{sizes[1]}, {settings}"

    @property
    def kinds_there(self) -> list[str]:
        """The kinds of cells that the map has, in the order of KINDS."""
        return [kind for kind in KINDS if (self.kinds == kind).any()]

    def step(self, number: int) -> Step:
        """The Step that makes output pixel `number`, counted in reading order."""
        row, col = divmod(number, self.output)
        corner = self.first + row * self.stride, self.first + col * self.stride
        weights = example_kernel(self.case.kernel).ravel()
        products = []
        for (i, j), entry in np.ndenumerate(self.entries):
            cell = corner[0] + i * self.case.dilation, corner[1] + j * self.case.dilation
            kind, value, weight = str(self.kinds[cell]), int(self.values[cell]), int(weights[entry - 1])
            products.append(Product(cell, kind, value, int(entry), weight))
        return Step((row, col), corner, tuple(products))


def sliding_convolution(case: Relationship) -> Sliding:
    """The Sliding of a Relationship's convolution, over its padded input. Errors as of `check_legible`."""
    check_legible(case)
    places = np.arange(-case.padding, case.input + case.padding)
    inside = (places >= 0) & (places < case.input)
    kinds = _square(np.where(inside, "pixel", "padding"))
    return Sliding(case, False, kinds, _fill(inside), kernel_entries(case.kernel), 0, case.stride, case.output)


def sliding_transposed(case: Relationship) -> Sliding:
    """The Sliding of its transpose, over its stretched and padded input. Errors as of `check_legible`.

    Where the padding p' is below 0 so many cells are cut off instead: they are there, but no window reaches them.
    """
    check_legible(case)
    before = case.transposed_padding
    after = before + case.unseen
    places = np.arange(-max(before, 0), case.stretched + max(after, 0))
    inside = (places >= 0) & (places < case.stretched)
    pixel = inside & (places % case.stride == 0)
    unseen = places >= case.stretched + max(before, 0)
    cut = (places < -before) | (places >= case.stretched + after)
    kinds = _square(np.select([cut, unseen, ~inside, pixel], ["cut", "unseen", "padding", "pixel"], "zero"))
    turned = kernel_entries(case.kernel)[::-1, ::-1]
    return Sliding(case, True, kinds, _fill(pixel), turned, max(-before, 0), 1, case.input)


def matrix_numbers(case: Relationship) -> np.ndarray:
    """C of a Relationship, (output pixels, input pixels): 0, or the number of the kernel's entry that stands there."""
    return symbolic_conv_matrix(case.kernel, case.input, case.stride, case.padding, case.dilation).numbers


def kernel_entries(size: int) -> np.ndarray:
    """The numbers of a kernel's entries, (size, size), from 1 on."""
    return np.arange(1, size * size + 1).reshape(size, size)


def example_kernel(size: int) -> np.ndarray:
    """A kernel of small numbers, (size, size), that differs from itself turned: 2 3 1 / 3 1 2 / 1 2 3."""
    return 1 + (np.add.outer(np.arange(size), np.arange(size)) + 1) % 3


def check_legible(case: Relationship) -> None:
    """InputError where a picture of this Relationship would be too small to read."""
    turned = case.input + case.window.reach - 1  # cells of the transposed convolution's map
    for what, given, most in (
        ("an input of {} pixels", case.input, MOST_PIXELS),
        ("an output of {} pixels", case.output, MOST_PIXELS),
        ("a kernel of {}", case.kernel, LARGEST_KERNEL),
        ("a padded input of {} pixels", case.input + 2 * case.padding, MOST_CELLS),
        ("a transposed convolution over {} cells", turned, MOST_CELLS),
    ):
        if given > most:
            raise InputError(f"{what.format(given)} is too large to draw: at most {most} along each axis")


def _square(axis):
    """Kinds (n, n) from the kinds of one axis."""
    kinds = list(KINDS)
    numbers = np.array([kinds.index(kind) for kind in axis])
    return np.array(kinds)[np.maximum.outer(numbers, numbers)]


def _fill(pixel):
    """Values (n, n): numbers from 1 to 5 where both row and column are a pixel's, (n,) booleans; zeros elsewhere."""
    rows, cols = np.ogrid[: pixel.sum(), : pixel.sum()]
    values = np.zeros((len(pixel), len(pixel)), int)
    values[np.ix_(pixel, pixel)] = 1 + (3 * rows + rows * cols + cols) % 5
    return values
