"""Hypothesis strategies: layer settings that PyTorch admits, and arrays in every memory layout."""

import numpy as np
from hypothesis import strategies as st

LAYOUTS = ("contiguous", "transposed", "stepped", "reversed", "expanded")
seeds = st.integers(0, 2**32 - 1)
layouts = st.sampled_from(LAYOUTS)


def pair(low, high):
    """A (vertical, horizontal) setting."""
    return st.tuples(st.integers(low, high), st.integers(low, high))


def arrange(array, layout):
    """The same numbers in another memory layout: what transposing, slicing, flipping and broadcasting leave.

    "expanded" repeats the first element along the first axis with stride 0, and is read-only.
    """
    if layout == "transposed":
        return np.ascontiguousarray(array.T).T
    if layout == "stepped":
        between = np.nan if array.dtype.kind == "f" else 77
        wide = np.full([2 * n for n in array.shape], between, array.dtype)
        view = wide[(slice(None, None, 2),) * array.ndim]
        view[...] = array
        return view
    if layout == "reversed":
        flip = (slice(None, None, -1),) * array.ndim
        return np.ascontiguousarray(array[flip])[flip]
    if layout == "expanded":
        return np.broadcast_to(array[:1].copy(), array.shape)
    return np.ascontiguousarray(array)


def normal(rng, dtype, layout):
    """A function shape -> random array of that shape in that layout."""
    return lambda shape: arrange(rng.standard_normal(shape).astype(dtype), layout)


def tied(rng, dtype, layout):
    """The same with only three different values, so that most windows hold several equal maxima."""
    return lambda shape: arrange(rng.integers(-1, 2, shape).astype(dtype), layout)


def spans(kernel, dilation):
    """How many pixels a kernel reaches over, from its first tap to its last."""
    return tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True))


@st.composite
def convolutions(draw, kernel=None):
    """(input shape, weight shape, settings) of a convolution; the kernel fits into the padded input.

    A number for `kernel` draws plain ones of that size: stride 1, neither dilation nor groups.
    """
    plain = kernel is not None
    groups = 1 if plain else draw(st.sampled_from((1, 1, 2, 3)))
    channels_in, channels_out = (groups * draw(st.integers(1, 6 // groups)) for _ in range(2))
    kernel = (kernel, kernel) if plain else draw(pair(1, 4))
    stride, dilation = (draw(pair(1, 1 if plain else 3)) for _ in range(2))
    padding = draw(pair(0, 3))
    size = []
    for span, pad in zip(spans(kernel, dilation), padding, strict=True):
        smallest = max(1, span - 2 * pad)
        size.append(draw(st.integers(smallest, smallest + 6)))
    shape = (draw(st.integers(1, 3)), channels_in, *size)
    settings = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    return shape, (channels_out, channels_in // groups, *kernel), settings


@st.composite
def same_convolutions(draw):
    """The same with the padding "same": kernels of even and odd sizes, larger than the input, too."""
    shape, weight, settings = draw(convolutions())
    shape = (*shape[:2], *draw(pair(1, 9)))
    return shape, weight, settings | {"stride": 1, "padding": "same"}


@st.composite
def transposed_convolutions(draw, exact=False):
    """(input shape, weight shape, settings) of a transposed convolution whose output has at least one pixel.

    PyTorch admits an output_padding from the stride on, if the dilation is larger still. The convolution of
    such an output has more pixels than the input had; `exact` leaves those out.
    """
    groups = draw(st.sampled_from((1, 1, 2, 3)))
    channels_in, channels_out = (groups * draw(st.integers(1, 6 // groups)) for _ in range(2))
    kernel, stride, dilation, size = draw(pair(1, 4)), draw(pair(1, 3)), draw(pair(1, 3)), draw(pair(1, 6))
    padding, output_padding = [], []
    for n, span, s, d in zip(size, spans(kernel, dilation), stride, dilation, strict=True):
        output_padding.append(draw(st.integers(0, (s if exact else max(s, d)) - 1)))
        full = (n - 1) * s + span + output_padding[-1]
        padding.append(draw(st.integers(0, min(3, (full - 1) // 2))))
    shape = (draw(st.integers(1, 3)), channels_in, *size)
    settings = {
        "stride": stride,
        "padding": tuple(padding),
        "output_padding": tuple(output_padding),
        "dilation": dilation,
        "groups": groups,
    }
    return shape, (channels_in, channels_out // groups, *kernel), settings


@st.composite
def poolings(draw, dilated):
    """(input shape, settings) of a pooling; padding at most half the kernel, every window holds a pixel."""
    kernel = draw(pair(1, 4))
    stride = draw(st.none() | pair(1, 3))
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    dilation = draw(pair(1, 3)) if dilated else (1, 1)
    ceil_mode = draw(st.booleans())
    size = []
    for span, s, pad, d in zip(spans(kernel, dilation), stride or kernel, padding, dilation, strict=True):
        # In ceil mode a window may reach beyond the padding. A dilated window could reach over a
        # narrow image on both sides and hold none of it: PyTorch has no answer to that.
        smallest = max(1, span - 2 * pad - (s - 1 if ceil_mode else 0), d if pad else 1)
        size.append(draw(st.integers(smallest, smallest + 7)))
    shape = (draw(st.integers(1, 3)), draw(st.integers(1, 6)), *size)
    settings = {"kernel_size": kernel, "stride": stride, "padding": padding, "ceil_mode": ceil_mode}
    return shape, settings | ({"dilation": dilation} if dilated else {})
