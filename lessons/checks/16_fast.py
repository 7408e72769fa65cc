"""What the answers to lesson 16's exercises must do, and what is wrong if not.

The expected numbers come from counting by hand and from minifcn's convolution;
products and rows are counted while the answer works.
"""

import numpy as np

from lessons.hints import Wrong, is_same, same
from minifcn.convolution import col2im, conv2d


def attainable(answer):
    cases = {  # operations, bytes, peak, bandwidth -> operations a second
        (100, 50, 1000, 200): (400, "below the slope: bytes come too slowly"),
        (100, 400, 1000, 200): (50, "wrong for less than an operation a byte"),
        (500, 100, 1000, 200): (1000, "wrong where slope and roof meet"),
        (8000, 50, 1000, 200): (1000, "nothing is faster than the peak"),
    }
    for arguments, (expected, hint) in cases.items():
        given = answer(*arguments)
        operations, moved, peak, bandwidth = arguments
        higher = max(peak, operations / moved * bandwidth)
        if higher != expected and is_same(given, higher):
            raise Wrong("both limits hold: the lower one counts")
        same(given, expected, f"{hint}: {arguments}")


def f23(answer):
    rng = np.random.default_rng(0)
    cases = (
        ((1, 0, 0, 0), (3, 5, 7), "wrong for the pixels 1 0 0 0"),
        ((0, 1, 0, 0), (3, 5, 7), "wrong for the pixels 0 1 0 0"),
        ((0, 0, 1, 0), (3, 5, 7), "wrong for the pixels 0 0 1 0"),
        ((0, 0, 0, 1), (3, 5, 7), "wrong for the pixels 0 0 0 1"),
        (rng.standard_normal(4), rng.standard_normal(3), "wrong for others"),
    )
    for d, g, hint in cases:
        d, g = np.array(d, float), np.array(g, float)
        given = answer(d.copy(), g.copy())
        if given is not None and np.shape(given) != (2,):
            raise Wrong("return two outputs: `return y0, y1`")
        expected = [d[:3] @ g, d[1:] @ g]
        flipped = [d[:3] @ g[::-1], d[1:] @ g[::-1]]
        if not is_same(given, expected) and is_same(given, flipped):
            raise Wrong("the kernel is flipped")
        same(given, expected, hint)
    _Number.products = 0
    answer([_Number(v) for v in range(4)], [_Number(v) for v in range(3)])
    if _Number.products != 4:
        raise Wrong(
            f"the numbers are right, but it takes {_Number.products} products "
            "of a pixel and a weight; it can be 4"
        )


def in_bands(answer):
    rng = np.random.default_rng(0)
    for size, kernel, padding, rows, hint in (
        ((6, 5), (1, 1), 0, 3, "wrong for a 1x1 kernel, 3 rows a band"),
        ((8, 5), (3, 2), 0, 3, "right for 1x1 kernels, wrong for 3x2"),
        ((7, 5), (3, 2), 0, 3, "wrong where the last band has fewer rows"),
        ((7, 5), (3, 2), 1, 3, "right for padding 0, wrong for padding 1"),
        ((4, 5), (3, 2), 0, 9, "wrong where one band is all"),
    ):
        x, weight = rng.standard_normal(size), rng.standard_normal(kernel)
        calls = []

        def convolve(part, kernel, calls=calls):
            calls.append(len(part))
            return _convolution(np.asarray(part), np.asarray(kernel), 0)

        given = answer(x.copy(), weight.copy(), padding, rows, convolve)
        expected = _convolution(x, weight, padding)
        same(given, expected, hint)
        bands = -(-len(expected) // rows)
        if len(calls) != bands:
            raise Wrong(
                f"convolve was called {len(calls)} times for {bands} bands"
            )
        if max(calls) > rows + kernel[0] - 1:
            raise Wrong(
                f"a band got {max(calls)} rows; its windows see no more than "
                f"{rows + kernel[0] - 1}"
            )


def gather(answer):
    rng = np.random.default_rng(0)
    for kernel, windows, stride, inside, hint in (
        ((1, 1), (3, 4), 1, False, "wrong for a 1x1 kernel"),
        ((3, 2), (5, 4), 1, True, "right for 1x1 kernels, wrong for 3x2"),
        ((3, 2), (5, 4), 1, False, "right inside, wrong at the border"),
        ((3, 2), (4, 3), 2, False, "right for stride 1, wrong for stride 2"),
        ((2, 1), (2, 3), 3, False, "wrong where no window sees some pixels"),
    ):
        columns = rng.standard_normal((*kernel, *windows))
        h, w = (stride * (n - 1) + k for n, k in zip(windows, kernel))
        rows, cols = range(h), range(w)
        if inside:  # where all taps find a window
            rows, cols = (range(k - 1, n) for k, n in zip(kernel, windows))
        expected = col2im(
            columns.reshape(1, columns[..., 0, 0].size, -1),
            (h, w),
            kernel,
            stride,
        )[0, 0, rows.start : rows.stop, cols.start : cols.stop]
        given = [
            [_entry(answer, columns, row, col, stride, hint) for col in cols]
            for row in rows
        ]
        same(given, expected, hint)


def _entry(answer, columns, row, col, stride, hint):
    """What the answer gives for a pixel; the hint where an index is wrong."""
    try:
        given = answer(columns.copy(), row, col, stride)
    except IndexError as error:
        raise Wrong(
            f"{hint}: {error}, for the pixel ({row}, {col}) and columns "
            f"{columns.shape}"
        ) from None
    if given is None:
        raise Wrong("it returns None: is the `return` missing?")
    return given


class _Number:
    """A number, and a count of the products of two such numbers."""

    products = 0

    def __init__(self, value):
        self.value = value

    def _with(self, other, operation):
        other = other.value if isinstance(other, _Number) else other
        return _Number(operation(self.value, other))

    def __add__(self, other):
        return self._with(other, lambda a, b: a + b)

    def __sub__(self, other):
        return self._with(other, lambda a, b: a - b)

    def __rsub__(self, other):
        return self._with(other, lambda a, b: b - a)

    def __neg__(self):
        return _Number(-self.value)

    def __mul__(self, other):
        _Number.products += isinstance(other, _Number)
        return self._with(other, lambda a, b: a * b)

    def __truediv__(self, other):
        return self._with(other, lambda a, b: a / b)

    __radd__, __rmul__ = __add__, __mul__


def _convolution(x, weight, padding):
    if min(np.subtract(x.shape, weight.shape)) < -2 * padding:
        raise Wrong(
            f"convolve got {len(x)} rows, too few for a kernel of {len(weight)}"
        )
    return conv2d(x[None, None], weight[None, None], padding=padding)[0, 0]
