"""The confusion matrix and the paper's four figures, by hand."""

import math
import warnings

import numpy as np
import pytest
import strict_array

from minifcn.errors import InputError
from minifcn.metrics import ConfusionMatrix, predicted_classes

FIGURES = ("pixel_accuracy", "mean_accuracy", "mean_iu", "frequency_weighted_iu")


@pytest.fixture(autouse=True)
def warnings_are_errors():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def matrix(predicted, actual, n_class, **settings):
    confusion = ConfusionMatrix(n_class, **settings)
    confusion.update(np.array(predicted), np.array(actual))
    return confusion


def figures(confusion):
    return [getattr(confusion, name) for name in FIGURES]


def test_the_four_figures_by_hand():
    # Six pixels of class 0 (five found, one called 2), three of class 1 (one found, two called 0), one of 2.
    actual = [[0, 0, 0, 0, 0], [0, 1, 1, 1, 2]]
    predicted = [[0, 0, 0, 0, 0], [2, 1, 0, 0, 2]]
    confusion = matrix(predicted, actual, 3)
    assert confusion.counts.tolist() == [[5, 0, 1], [2, 1, 0], [0, 0, 1]]
    # IU: 5 / (6 + 7 - 5), 1 / (3 + 1 - 1), 1 / (1 + 2 - 1)
    np.testing.assert_allclose(confusion.iu_per_class, [5 / 8, 1 / 3, 1 / 2], rtol=1e-15)
    expected = [
        7 / 10,
        (5 / 6 + 1 / 3 + 1) / 3,
        (5 / 8 + 1 / 3 + 1 / 2) / 3,
        (6 * 5 / 8 + 3 * 1 / 3 + 1 / 2) / 10,
    ]
    assert figures(confusion) == pytest.approx(expected, rel=1e-15)
    assert all(type(figure) is float for figure in figures(confusion))


def test_each_image_and_none():
    confusion = ConfusionMatrix(3)
    images = np.array([[[0, 1], [2, 2]], [[0, 0], [1, 1]]])
    assert confusion.update_each(images, np.array([[[0, 1], [2, 1]], [[1, 255], [0, 1]]])) == [3 / 4, 1 / 3]
    assert confusion.update_each(images[:0], images[:0]) == []
    assert confusion.counts.tolist() == [[1, 1, 0], [1, 2, 1], [0, 0, 1]]


def test_void_counts_nowhere_whatever_was_predicted():
    with_void = matrix([0, 1, 1, 0, 255, 7], [0, 1, 255, 255, 255, 255], 2)
    assert with_void.counts.tolist() == [[1, 0], [0, 1]]
    assert figures(with_void) == [1, 1, 1, 1]
    assert matrix([0, 1, 0], [0, 1, 1], 2, ignore_label=1).counts.tolist() == [[1, 0], [0, 0]]


def test_classes_that_do_not_occur():
    # Class 1 is only predicted, class 2 occurs in neither: accuracy over class 0, IU over 0 and 1.
    confusion = matrix([0, 0, 0, 1], [0, 0, 0, 0], 3)
    np.testing.assert_array_equal(confusion.iu_per_class, [0.75, 0, np.nan])
    assert figures(confusion) == [0.75, 0.75, 0.375, 0.75]


def test_nothing_but_void_is_nan():
    confusion = matrix([[0, 1]], [[255, 255]], 2)
    assert all(math.isnan(figure) for figure in figures(confusion))
    assert np.isnan(confusion.iu_per_class).all()


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int64"])
def test_images_add_up_in_any_integer_type(dtype):
    rng = np.random.default_rng(0)
    predicted, actual = rng.integers(0, 21, (2, 3, 30, 20)).astype(dtype)
    confusion = ConfusionMatrix(21)
    for p, a in zip(predicted, actual, strict=True):
        confusion.update(p, a)
    counts = [[0] * 21 for _ in range(21)]
    for p, a in zip(predicted.ravel().tolist(), actual.ravel().tolist(), strict=True):
        counts[a][p] += 1
    assert confusion.counts.tolist() == counts


@pytest.mark.parametrize(
    "predicted, actual, message",
    [
        ([0, 1], [0, 11], "actual holds 11, expected a class 0..1 "),
        ([0, 0], [0, 2], "actual holds 2, expected a class 0..1 "),
        ([0, 2], [0, 1], "predicted holds 2"),
        ([0, 1], [0, -1], "actual holds -1"),
        ([0, 5], [0, 1], "predicted holds 5"),
        ([0, 255], [0, 1], "predicted holds 255"),
        ([0, 1, 1], [0, 1], r"predicted has shape \(3,\), actual \(2,\)"),
        ([0.0, 1.0], [0, 1], "predicted is float64"),
        ([0, 1], [False, True], "actual is bool"),
    ],
)
def test_bad_labels_are_named_and_nothing_is_counted(predicted, actual, message):
    confusion = ConfusionMatrix(2)
    with pytest.raises(InputError, match=message):
        confusion.update(np.array(predicted), np.array(actual))
    assert not confusion.counts.any()


def test_predictions_on_the_device_and_labels_on_either_side():
    predicted, actual = np.array([[0, 1, 1]]), np.array([[0, 1, 0]], np.uint8)
    confusion = ConfusionMatrix(2)
    confusion.update(strict_array.xp.asarray(predicted), actual)
    confusion.update(strict_array.xp.asarray(predicted), strict_array.xp.asarray(actual))
    assert confusion.counts.tolist() == [[2, 2], [0, 2]]


def test_predicted_classes_are_those_of_the_largest_scores_in_the_smallest_dtype():
    scores = np.array([[[0.0, 2, 1], [3, 1, 1], [2, 2, 1]]])  # (N, C, P); the first of equals
    classes = predicted_classes(scores)
    assert classes.tolist() == [[1, 0, 0]] and classes.dtype == np.uint8
    assert predicted_classes(scores, axis=-1).tolist() == [[1, 0, 0]]
    assert predicted_classes(scores[0], axis=-2).tolist() == predicted_classes(scores[0], axis=0).tolist() == [1, 0, 0]
    assert [predicted_classes(np.eye(1, count, count - 1)).dtype for count in (256, 257)] == [np.uint8, np.uint16]
    assert predicted_classes(np.eye(1, 300, 299)).tolist() == [299]


def test_images_may_be_single_pixels():
    assert ConfusionMatrix(2).update_each(np.array([0, 1]), np.array([0, 0])) == [1, 0]


def test_what_cannot_be_counted_is_refused():
    with pytest.raises(InputError, match=r"update_each takes images \(N, \.\.\.\), given one number"):
        ConfusionMatrix(2).update_each(np.array(1), np.array(1))
    with pytest.raises(InputError, match="ConfusionMatrix: the counts"):
        ConfusionMatrix(10**9)
    with pytest.raises(InputError, match="predicted_classes: scores"):
        predicted_classes([[1.0, 2.0]])


@pytest.mark.parametrize("shape, axis", [((2, 0), 1), ((2,), 1), ((2, 3), 2), ((2, 3), -3)])
def test_scores_without_classes_are_refused(shape, axis):
    with pytest.raises(InputError, match=f"have no classes along axis {axis}"):
        predicted_classes(np.zeros(shape), axis)
