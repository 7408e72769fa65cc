"""Softmax and cross-entropy over pixels: logarithms and shares by hand.

Scores are logarithms of whole numbers, so that their softmax is a share: log 1 and log 3 give 1/4 and 3/4.
"""

from math import log

import numpy as np
import pytest

from minifcn.errors import InputError
from minifcn.layers import SoftmaxCrossEntropy

# Two classes, four pixels; (N, C, H, W) = (1, 2, 1, 4)
SCORES = np.log([[[[1.0, 1.0, 2.0, 5.0]], [[3.0, 1.0, 8.0, 5.0]]]])
SOFTMAX = np.array([[[[0.25, 0.5, 0.2, 0.5]], [[0.75, 0.5, 0.8, 0.5]]]])
LABELS = np.array([[[1, 0, 0, 255]]], np.uint8)
EACH = [log(4 / 3), log(2), log(5), 0]
DIFFERENCE = np.array([[[[0.25, -0.5, -0.8, 0]], [[-0.25, 0.5, 0.8, 0]]]])  # softmax - onehot, 0 where void


def close(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=1e-12, atol=1e-15)


def test_mean_over_the_pixels_that_count():
    criterion = SoftmaxCrossEntropy()
    loss = criterion(SCORES, LABELS)
    assert isinstance(loss, float)
    close(loss, sum(EACH) / 3)
    close(criterion.backward(), DIFFERENCE / 3)


def test_sum():
    criterion = SoftmaxCrossEntropy(reduction="sum")
    close(criterion(SCORES, LABELS), sum(EACH))
    close(criterion.backward(), DIFFERENCE)


def test_none_takes_a_gradient_for_every_pixel():
    criterion = SoftmaxCrossEntropy(reduction="none")
    close(criterion(SCORES, LABELS), [[EACH]])
    close(criterion.backward(np.array([[[2.0, -3.0, 10.0, 100.0]]])), DIFFERENCE * [2, -3, 10, 100])


@pytest.mark.parametrize("weights", [(10, 2), np.array([10.0, 2.0])])
def test_class_weights_count_in_the_mean_too(weights):
    weighted = 2 * EACH[0] + 10 * (EACH[1] + EACH[2])
    criterion = SoftmaxCrossEntropy(class_weights=weights)
    close(criterion(SCORES, LABELS), weighted / 22)
    close(criterion.backward(), DIFFERENCE * [2, 10, 10, 0] / 22)
    criterion = SoftmaxCrossEntropy(class_weights=weights, reduction="sum")
    close(criterion(SCORES, LABELS), weighted)
    close(criterion.backward(), DIFFERENCE * [2, 10, 10, 0])


def test_label_smoothing():
    # Half of the loss as ever, half of it the mean over both classes: -log of 1/4 and 3/4, of 1/2 and 1/2 ...
    both = [log(4) + log(4 / 3), 2 * log(2), log(5) + log(5 / 4), 0]
    smoothed = [one / 2 + sum_of_both / 4 for one, sum_of_both in zip(EACH, both)]
    # ... whose gradient is softmax - 1/2 where the pixel counts.
    gradient = DIFFERENCE / 2 + (SOFTMAX - 0.5) * [1, 1, 1, 0] / 2
    criterion = SoftmaxCrossEntropy(reduction="none", label_smoothing=0.5)
    close(criterion(SCORES, LABELS), [[smoothed]])
    close(criterion.backward(np.array([[[2.0, -3.0, 10.0, 100.0]]])), gradient * [2, -3, 10, 100])
    criterion = SoftmaxCrossEntropy(label_smoothing=0.5)
    close(criterion(SCORES, LABELS), sum(smoothed) / 3)
    close(criterion.backward(), gradient / 3)


def test_label_smoothing_of_0_and_1():
    """None at all, and every class alike, whatever the label says."""
    scores, labels = np.log([[[[1.0]], [[3.0]]]]), np.array([[[1]]])
    close(SoftmaxCrossEntropy(label_smoothing=0)(scores, labels), log(4 / 3))
    close(SoftmaxCrossEntropy(label_smoothing=1)(scores, labels), (log(4) + log(4 / 3)) / 2)


def test_label_smoothing_weighs_each_class_by_its_own_weight():
    # One pixel of class 1, shares 1/4 and 3/4, weights 10 and 2; the mean divides by the label's 2 alone.
    criterion = SoftmaxCrossEntropy(class_weights=(10, 2), label_smoothing=0.2)
    close(
        criterion(SCORES[..., :1], LABELS[..., :1]), (0.8 * 2 * log(4 / 3) + 0.1 * (10 * log(4) + 2 * log(4 / 3))) / 2
    )
    # d/ds_0: 0.8 * 2 * 1/4 + 0.1 (10 (1/4 - 1) + 2 * 1/4), and the other the same below 0.
    slope = (0.4 - 0.75 + 0.05) / 2
    close(criterion.backward(), [[[[slope]], [[-slope]]]])


def test_label_smoothing_of_several_images():
    # Two images of one pixel, three classes: shares 1/4, 1/4, 1/2 and 1/8, 5/8, 1/4.
    scores = np.log([[1.0, 1, 2], [1, 5, 2]]).reshape(2, 3, 1, 1)
    criterion = SoftmaxCrossEntropy(reduction="none", label_smoothing=0.3)
    each = [0.7 * log(2) + 0.1 * log(4 * 4 * 2), 0.7 * log(8) + 0.1 * log(8 * 8 / 5 * 4)]
    close(criterion(scores, np.array([[[2]], [[0]]])), np.reshape(each, (2, 1, 1)))


@pytest.mark.parametrize("smoothing", [-0.1, 1.5, float("nan")])
def test_a_smoothing_that_is_no_share_is_refused(smoothing):
    with pytest.raises(InputError, match=f"label_smoothing is {smoothing}, take 0 to 1"):
        SoftmaxCrossEntropy(label_smoothing=smoothing)


@pytest.mark.parametrize("ignore, dtype", [(255, "uint8"), (-1, "int8"), (0, "int64"), (1, "int32")])
def test_any_label_can_be_the_void_one(ignore, dtype):
    labels = np.array([[[1, 0, 1, 0]]]).astype(dtype)
    labels[0, 0, 2] = ignore
    losses = np.array([log(4 / 3), log(2), log(5 / 4), log(2)])
    counted = (labels != ignore)[0, 0]
    criterion = SoftmaxCrossEntropy(ignore_label=ignore, reduction="none")
    close(criterion(SCORES, labels)[0, 0], np.where(counted, losses, 0))
    assert not criterion.backward(np.ones((1, 1, 4)))[..., ~counted].any()


def test_images_and_rows_keep_their_places():
    scores = np.zeros((2, 3, 2, 1))
    scores[1, :, 1, 0] = np.log([1, 2, 5])
    labels = np.array([[[0], [1]], [[2], [1]]])
    criterion = SoftmaxCrossEntropy(reduction="sum")
    close(criterion(scores, labels), 3 * log(3) + log(4))
    gradient = criterion.backward()
    close(gradient[0, :, 1, 0], [1 / 3, -2 / 3, 1 / 3])
    close(gradient[1, :, 0, 0], [1 / 3, 1 / 3, -2 / 3])
    close(gradient[1, :, 1, 0], [1 / 8, 2 / 8 - 1, 5 / 8])


def test_single_scores_without_pixels():
    criterion = SoftmaxCrossEntropy()
    close(criterion(np.log([[1.0, 3.0], [1.0, 1.0]]), np.array([1, 0])), (log(4 / 3) + log(2)) / 2)
    close(criterion.backward(), [[0.125, -0.125], [-0.25, 0.25]])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_smoothed_it_is_stable_at_scores_of_ten_thousand(dtype):
    criterion = SoftmaxCrossEntropy(reduction="none", label_smoothing=0.5)
    scores = np.array([[[[1e4, -1e4]], [[-1e4, 1e4]]]], dtype)
    np.testing.assert_allclose(criterion(scores, np.array([[[0, 0]]])), [[[5e3, 1.5e4]]], rtol=1e-6)
    expected = [[[[0.25, -0.75]], [[-0.25, 0.75]]]]
    np.testing.assert_array_equal(criterion.backward(np.ones((1, 1, 2), dtype)), expected)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_stable_at_scores_of_ten_thousand(dtype):
    criterion = SoftmaxCrossEntropy(reduction="none")
    scores = np.array([[[[1e4, -1e4, 1e4]], [[-1e4, 1e4, 1e4]]]], dtype)
    loss = criterion(scores, np.array([[[0, 0, 1]]]))
    np.testing.assert_allclose(loss, [[[0, 2e4, log(2)]]], rtol=1e-6)
    np.testing.assert_array_equal(criterion.backward(np.ones((1, 1, 3), dtype)), [[[[0, -1, 0.5]], [[0, 1, -0.5]]]])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_dtypes_are_kept_and_inputs_stay(dtype, reduction):
    criterion = SoftmaxCrossEntropy(class_weights=np.array([1.0, 2.0]), reduction=reduction)
    scores, labels = SCORES.astype(dtype), LABELS.copy()
    loss = criterion(scores, labels)
    dloss = np.full((1, 1, 4), 2, dtype) if reduction == "none" else None
    assert criterion.backward(dloss).dtype == dtype
    if reduction == "none":
        assert loss.dtype == dtype and (dloss == 2).all()
    np.testing.assert_array_equal(scores, SCORES.astype(dtype))
    np.testing.assert_array_equal(labels, LABELS)


def test_a_second_backward_is_the_same():
    criterion = SoftmaxCrossEntropy()
    criterion(SCORES, LABELS)
    np.testing.assert_array_equal(criterion.backward(), criterion.backward())


class TestBadInput:
    def test_backward_without_a_forward(self):
        with pytest.raises(
            RuntimeError, match="SoftmaxCrossEntropy: backward needs a forward pass in training mode first"
        ):
            SoftmaxCrossEntropy().backward()

    @pytest.mark.parametrize("reduction, dloss", [("none", None), ("mean", 1.0), ("sum", 1.0)])
    def test_only_none_takes_an_incoming_gradient(self, reduction, dloss):
        criterion = SoftmaxCrossEntropy(reduction=reduction)
        criterion(SCORES, LABELS)
        with pytest.raises(
            InputError, match='reduction "none" takes an incoming gradient in backward, the others none'
        ):
            criterion.backward(dloss)

    @pytest.mark.parametrize(
        "label, dtype, message",
        [
            (2, "uint8", "label 2 is none of the 2 classes"),
            (254, "uint8", "label 254"),
            (-1, "int64", "below 0|label -1"),
        ],
    )
    def test_labels_outside_the_classes(self, label, dtype, message):
        labels = LABELS.astype(dtype)
        labels[0, 0, 1] = label
        with pytest.raises(InputError, match=f"SoftmaxCrossEntropy: .*{message}.*"):
            SoftmaxCrossEntropy()(SCORES, labels)

    def test_255_is_a_label_like_others_where_another_is_void(self):
        with pytest.raises(InputError, match=r"label 255 is none of the 2 classes, nor void \(0\)"):
            SoftmaxCrossEntropy(ignore_label=0)(SCORES, LABELS)

    @pytest.mark.parametrize("dtype", ["float32", "bool"])
    def test_labels_that_are_no_integers(self, dtype):
        with pytest.raises(InputError, match=f"labels are {dtype}, expected integers"):
            SoftmaxCrossEntropy()(SCORES, np.zeros((1, 1, 4), dtype))

    @pytest.mark.parametrize("shape", [(1, 4), (1, 1, 3), (2, 1, 4), (1, 2, 1, 4), ()])
    def test_labels_of_another_shape(self, shape):
        with pytest.raises(InputError, match=r"labels .* do not fit scores \(1, 2, 1, 4\): expected \(N, H, W\)"):
            SoftmaxCrossEntropy()(SCORES, np.zeros(shape, int))

    def test_scores_without_classes(self):
        with pytest.raises(InputError, match=r"do not fit scores \(4,\)"):
            SoftmaxCrossEntropy()(np.zeros(4), np.zeros(4, int))

    def test_a_mean_over_no_pixel(self):
        with pytest.raises(InputError, match=r"all 4 labels are void \(255\) or weigh nothing"):
            SoftmaxCrossEntropy()(SCORES, np.full((1, 1, 4), 255))
        with pytest.raises(InputError, match="no pixel to take the mean over"):
            SoftmaxCrossEntropy(class_weights=(0, 0))(SCORES, LABELS)
        assert SoftmaxCrossEntropy(reduction="sum")(SCORES, np.full((1, 1, 4), 255)) == 0

    @pytest.mark.parametrize(
        "weights", [(1, -1), (1, np.nan), (1, np.inf), 1, [[1, 2]], "12", (1, 2j), {0: 1}], ids=repr
    )
    def test_class_weights_that_cannot_be(self, weights):
        with pytest.raises(InputError, match=r"class_weights is .*expected a number for each class, 0 or more"):
            SoftmaxCrossEntropy(class_weights=weights)

    def test_an_unknown_reduction(self):
        with pytest.raises(InputError, match="reduction 'average' is none of mean, sum, none"):
            SoftmaxCrossEntropy(reduction="average")


@pytest.mark.parametrize("reduction, loss", [("sum", 0.0), ("none", np.zeros((0, 4, 5)))])
def test_no_images_have_no_loss(reduction, loss):
    criterion = SoftmaxCrossEntropy(reduction=reduction)
    assert np.array_equal(criterion(np.zeros((0, 3, 4, 5)), np.zeros((0, 4, 5), int)), loss)
    gradient = criterion.backward(*[loss] * (reduction == "none"))
    assert gradient.shape == (0, 3, 4, 5)


@pytest.mark.parametrize("shape", [(1, 5, 2), (2, 2, 5), ()])
def test_an_incoming_gradient_of_another_shape_is_refused(shape):
    criterion = SoftmaxCrossEntropy(reduction="none")
    criterion(np.zeros((1, 3, 2, 5)), np.zeros((1, 2, 5), int))
    with pytest.raises(InputError, match="SoftmaxCrossEntropy: dy"):
        criterion.backward(np.zeros(shape))
