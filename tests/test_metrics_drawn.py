"""The figures of drawn labels, each against its definition, pixel by pixel."""

import math
from fractions import Fraction
from itertools import chain

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minifcn.metrics import ConfusionMatrix


def by_definition(pixels, n_class):
    """({figure: fraction}, [IU of each class]) of [(predicted, actual)], the pixels that count; None over nothing."""
    right = [said == true for said, true in pixels]
    accuracies, ious = {}, {}
    for c in range(n_class):
        of_class = [ok for ok, (_, true) in zip(right, pixels) if true == c]
        union = [said == true for said, true in pixels if c in (said, true)]  # right there: both are c
        accuracies[c] = share(sum(of_class), len(of_class))
        ious[c] = share(sum(union), len(union))
    return {
        "pixel_accuracy": share(sum(right), len(right)),
        "mean_accuracy": mean(accuracies.values()),
        "mean_iu": mean(ious.values()),
        "frequency_weighted_iu": mean(ious[true] for _, true in pixels),  # a mean over pixels
    }, list(ious.values())


def share(part, whole):
    return Fraction(part, whole) if whole else None


def mean(values):
    values = [value for value in values if value is not None]
    return share(sum(values), len(values))


@st.composite
def labelled(draw):
    """(predicted, actual, n_class, ignore_label): some classes may be in neither; what is said of void is anything."""
    n_class, void = draw(st.integers(1, 6)), draw(st.sampled_from((255, -1, 0, 6)))
    shape = draw(st.tuples(st.integers(0, 3), st.integers(1, 5), st.integers(1, 6)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    there = rng.choice(n_class, draw(st.integers(1, n_class)))
    predicted, actual = rng.choice(there, shape), rng.choice(there, shape)
    actual[rng.random(shape) < draw(st.sampled_from((0, 0.3, 1)))] = void
    predicted[actual == void] = rng.integers(-9, 99, (actual == void).sum())
    return predicted, actual, n_class, void


@settings(max_examples=100, derandomize=True, deadline=None, database=None)
@given(labelled(), st.sampled_from(("int64", "int16", "int8")), st.booleans())
def test_figures(case, dtype, each):
    predicted, actual, n_class, void = case
    dtype = "int16" if void == 255 and dtype == "int8" else dtype
    confusion = ConfusionMatrix(n_class, ignore_label=void)
    of_images = []
    if each:
        of_images = confusion.update_each(predicted.astype(dtype), actual.astype(dtype))
    else:
        for image in zip(predicted.astype(dtype), actual.astype(dtype)):
            confusion.update(*image)
    images = [
        [(said, true) for said, true in zip(p.ravel().tolist(), a.ravel().tolist()) if true != void]
        for p, a in zip(predicted, actual)
    ]
    expected, ious = by_definition([*chain(*images)], n_class)
    for name, value in expected.items():
        assert getattr(confusion, name) == close(value), name
    assert confusion.iu_per_class.tolist() == [close(value) for value in ious]
    assert of_images == [close(by_definition(image, n_class)[0]["pixel_accuracy"]) for image in images if each]


def close(value):
    """Equal to rounding; nan where there is nothing."""
    return pytest.approx(math.nan if value is None else float(value), rel=1e-13, abs=0, nan_ok=True)
