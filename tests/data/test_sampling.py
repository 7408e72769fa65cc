"""Sampling the pixels that the loss counts."""

import math

import numpy as np
import pytest

from minifcn.data import sample_pixels
from minifcn.errors import InputError


def test_it_keeps_a_share_and_nothing_but_the_given_labels():
    labels = np.arange(40000, dtype="uint8").reshape(2, 100, 200) % 21
    labels[0, :10] = 255
    before = labels.copy()
    found = sample_pixels(labels, 0.25, np.random.default_rng(0))
    np.testing.assert_array_equal(labels, before)
    assert found.dtype == "uint8" and (found[0, :10] == 255).all()
    kept = found != 255
    np.testing.assert_array_equal(found[kept], labels[kept])
    assert kept.sum() / 38000 == pytest.approx(0.25, abs=0.01)


def test_all_or_none():
    labels, rng = np.array([[[3, 255], [0, 1]]]), np.random.default_rng(0)
    np.testing.assert_array_equal(sample_pixels(labels, 1, rng), labels)
    assert (sample_pixels(labels, 0, rng) == 255).all()


@pytest.mark.parametrize("probability", [-0.1, 1.5, math.nan])
def test_another_probability(probability):
    with pytest.raises(InputError, match=r"sample_pixels: probability is .*; expected 0 to 1"):
        sample_pixels(np.zeros((1, 2, 2), int), probability, np.random.default_rng(0))


@pytest.mark.parametrize("dtype", ["int8", "float32"])
def test_labels_that_cannot_be_void(dtype):
    with pytest.raises(InputError, match=f"labels are {dtype}, expected integers that go up to 255"):
        sample_pixels(np.zeros((1, 2, 2), dtype), 0.5, np.random.default_rng(0))
