"""SoftmaxCrossEntropy against PyTorch's cross_entropy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minifcn.layers import SoftmaxCrossEntropy

from .compare import assert_equal_to, drawn, relative_error, to_torch, torch
from .drawing import LAYOUTS, arrange, layouts, normal, seeds

REDUCTIONS = ("mean", "sum", "none")
VOID = 255


def random_labels(rng, shape, classes, void, dtype="uint8"):
    """Labels of N images of H x W pixels, the share `void` of them 255, but never all."""
    labels = rng.integers(0, classes, shape).astype(dtype)
    labels[rng.random(shape) < void] = VOID
    labels.flat[rng.integers(labels.size)] = rng.integers(classes)
    return labels


def compare(scores, labels, rng, reduction, weights=None, tolerance=None, smoothing=0.0):
    """Loss and gradient agree with PyTorch's, scores and labels stay as they were, backward repeats."""
    scores_before, labels_before = scores.copy(), labels.copy()
    criterion = SoftmaxCrossEntropy(VOID, weights, reduction, smoothing)
    scores_torch = to_torch(scores, requires_grad=True)
    theirs = torch.nn.functional.cross_entropy(
        scores_torch,
        to_torch(labels.astype("int64")),
        weight=None if weights is None else to_torch(np.asarray(weights, scores.dtype)),
        ignore_index=VOID,
        reduction=reduction,
        label_smoothing=smoothing,
    )
    loss = criterion(scores, labels)
    limit = {"float64": 1e-10, "float32": 1e-4}[str(scores.dtype)] if tolerance is None else tolerance
    assert np.shape(loss) == theirs.shape
    assert relative_error(loss, theirs.detach().numpy()) < limit
    if reduction == "none":
        dloss = rng.standard_normal(theirs.shape).astype(scores.dtype)
        dloss_before = dloss.copy()
        theirs.backward(to_torch(dloss))
        first, second = criterion.backward(dloss), criterion.backward(dloss)
        np.testing.assert_array_equal(dloss, dloss_before)
    else:
        theirs.backward()
        first, second = criterion.backward(), criterion.backward()
    assert_equal_to(scores_torch.grad, first, "gradient of the scores", limit)
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(scores, scores_before)
    np.testing.assert_array_equal(labels, labels_before)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@drawn(80)
@given(
    shape=st.tuples(st.integers(1, 3), st.integers(2, 6), st.integers(1, 6), st.integers(1, 7)),
    void=st.sampled_from((0, 0.3, 0.9)),
    weighted=st.booleans(),
    smoothing=st.just(0.0) | st.floats(0, 1),
    seed=seeds,
    layout=layouts,
)
def test_loss_and_gradient(reduction, shape, void, weighted, smoothing, seed, layout):
    rng = np.random.default_rng(seed)
    n, classes, h, w = shape
    scores = 3 * normal(rng, "float64", "contiguous")(shape)
    labels = random_labels(rng, (n, h, w), classes, void)
    weights = rng.uniform(0.2, 3, classes) if weighted else None
    compare(arrange(scores, layout), arrange(labels, "reversed"), rng, reduction, weights, 1e-12, smoothing)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_every_layout(smoothing, reduction, layout, dtype):
    rng = np.random.default_rng(1)
    scores = normal(rng, dtype, layout)((2, 5, 9, 7))
    labels = arrange(random_labels(rng, (2, 9, 7), 5, 0.4), layout)
    compare(scores, labels, rng, reduction, [0.5, 1, 2, 0, 1.5], smoothing=smoothing)


@pytest.mark.parametrize("kind", ["uint8", "int16", "int32", "int64"])
def test_every_kind_of_label(kind):
    rng = np.random.default_rng(2)
    scores = rng.standard_normal((2, 4, 5, 3))
    compare(scores, random_labels(rng, (2, 5, 3), 4, 0.3, kind), rng, "mean")


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_scores_of_ten_thousand(reduction, dtype):
    rng = np.random.default_rng(3)
    scores = (1e4 * rng.standard_normal((2, 5, 7, 6))).astype(dtype)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        compare(scores, random_labels(rng, (2, 7, 6), 5, 0.2), rng, reduction)


@pytest.mark.parametrize("reduction", ["sum", "none"])
def test_all_void_costs_nothing(reduction):
    rng = np.random.default_rng(4)
    compare(rng.standard_normal((2, 5, 7, 6)), np.full((2, 7, 6), VOID, "uint8"), rng, reduction)
