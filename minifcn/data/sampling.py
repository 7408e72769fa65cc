"""A sample of the pixels that a loss counts (paper, sections 3.4 and 4.3)."""

import numpy as np

from minifcn.backend import Array, array_module
from minifcn.checks import check_array, instance, number
from minifcn.data.dataset import VOID
from minifcn.errors import InputError


def sample_pixels(labels: Array, probability: float, rng: np.random.Generator) -> Array:
    """The labels, each kept with this probability, else void: a sample of the loss.

    labels       (N, h, w) of integers, as many as scores; void ones stay void
    probability  0 .. 1
    rng          a NumPy Generator; drawn on the host, so that CPU and GPU sample the same
    -> new labels, of the same shape and dtype

    Raises InputError for another probability, and for labels of a dtype that cannot hold 255.
    """
    number(probability, "sample_pixels: probability", lambda share: 0 <= share <= 1, "; expected 0 to 1")
    check_array("sample_pixels: labels", labels, "biuf", "an array of integers (N, h, w)")
    instance(rng, "sample_pixels: rng", np.random.Generator, "a Generator, as numpy.random.default_rng(0)")
    if labels.ndim != 3:
        raise InputError(f"sample_pixels: labels have the shape {tuple(labels.shape)}, expected (N, h, w)")
    if labels.dtype.kind not in "iu" or np.iinfo(labels.dtype).max < VOID:
        raise InputError(f"sample_pixels: labels are {labels.dtype}, expected integers that go up to {VOID}")
    xp = array_module(labels)
    kept = xp.asarray(rng.random(labels.shape) < probability)
    return xp.where(kept, labels, VOID).astype(labels.dtype)
