"""Evaluation: hand-counted figures of a network that predicts what the image says."""

import math
import warnings

import numpy as np
import pytest
import tiny

from minifcn.data import VOID, Dataset, Preprocessing, predict_image
from minifcn.errors import Caution, InputError
from minifcn.layers import Layer
from minifcn.metrics import ConfusionMatrix
from minifcn.models import FCN16s
from minifcn.training import evaluation
from minifcn.training.evaluation import (
    caution_of_one_class,
    caution_of_swapped_channels,
    compare,
    evaluate,
    picture_indices,
    worst_first,
)

AS_IT_IS = Preprocessing((0, 0, 0), (1, 1, 1))
SURE = 2.0  # the score of the class that is predicted; the others have 0


class Oracle(Layer):
    """Predicts, at every pixel, the class that the first channel names; notes what it was shown."""

    def __init__(self, n_class=3):
        self.n_class, self.shown, self.modes = n_class, [], []

    def forward(self, x):
        self.shown.append(x.shape)
        self.modes.append(self.training)
        classes = np.arange(self.n_class).reshape(1, -1, 1, 1)
        return np.where(x[:, :1] == classes, SURE, 0).astype(np.float32)  # (N, n_class, H, W)


class Hand(Dataset):
    """Pairs whose image holds the classes to be predicted."""

    name, classes = "hand", ("a", "b", "c")
    palette = np.array([[9, 9, 9], [0, 0, 255], [255, 0, 0]], dtype=np.uint8)
    mean, std = (0, 0, 0), (1, 1, 1)

    def __init__(self, *pairs):
        self.pairs = [(np.array(predicted), np.array(truth)) for predicted, truth in pairs]

    def __len__(self):
        return len(self.pairs)

    def load(self, index):
        predicted, truth = self.pairs[index]
        return np.stack([predicted] * 3, axis=2).astype(np.uint8), truth.astype(np.uint8)


WIDE = [[0, 0, 1, 2], [0, 1, 1, 2]], [[0, 0, 0, 2], [0, 1, 1, VOID]]  # predicted, truth
TALL = [[2], [2], [0]], [[2], [1], [0]]
# Together, rows the truth: a: 4 right, 1 taken for b; b: 2 right, 1 taken for c; c: 2 right. Void counts nowhere.
COUNTS = [[4, 1, 0], [0, 2, 1], [0, 0, 2]]


def test_figures_and_loss_counted_by_hand():
    confusion, loss = evaluate(Oracle(), Hand(WIDE, TALL), AS_IT_IS)
    np.testing.assert_array_equal(confusion.counts, COUNTS)
    assert confusion.pixel_accuracy == pytest.approx(8 / 10)
    assert confusion.mean_accuracy == pytest.approx((4 / 5 + 2 / 3 + 1) / 3)
    np.testing.assert_allclose(confusion.iu_per_class, [4 / 5, 2 / 4, 2 / 3])
    assert confusion.mean_iu == pytest.approx((4 / 5 + 1 / 2 + 2 / 3) / 3)
    assert confusion.frequency_weighted_iu == pytest.approx((5 * 4 / 5 + 3 * 1 / 2 + 2 * 2 / 3) / 10)
    total = math.log(math.exp(SURE) + 2)  # of the softmax: right costs total - SURE, wrong costs total
    assert loss == pytest.approx((8 * (total - SURE) + 2 * total) / 10, rel=1e-6)


def test_each_image_is_seen_whole_and_as_it_is():
    model = Oracle()
    evaluate(model, Hand(WIDE, TALL, TALL, WIDE), AS_IT_IS)
    assert model.shown == [(1, 3, 2, 4), (2, 3, 3, 1), (1, 3, 2, 4)]  # neighbours of one size may go together


@pytest.mark.parametrize("pixels, images", [(16, [2, 2, 1]), (9, [2, 2, 1]), (8, [1] * 5), (1, [1] * 5)])
def test_images_go_together_up_to_a_number_of_pixels(monkeypatch, pixels, images):
    monkeypatch.setattr(evaluation, "BATCH_PIXELS", pixels)
    model = Oracle()
    confusion, loss = evaluate(model, Hand(*[WIDE] * 5), AS_IT_IS)
    assert [shape[0] for shape in model.shown] == images
    assert confusion.counts.sum() == 5 * 7
    assert loss == pytest.approx(math.log(math.exp(SURE) + 2) - 6 / 7 * SURE, rel=1e-6)  # 6 of 7 pixels are right


def test_an_image_counts_the_same_alone_and_among_others():
    dataset, _ = tiny.scenes(4)
    model = tiny.filled(FCN16s(7, **tiny.NETWORK))
    preprocessing = Preprocessing(dataset.mean, dataset.std)
    alone = ConfusionMatrix(7)
    for number in range(4):
        image, truth = dataset[number]
        alone.update(predict_image(model.eval(), image, preprocessing), truth)
    together, _ = evaluate(model, dataset, preprocessing)
    assert np.count_nonzero(alone.counts.sum(axis=0)) > 2  # it predicts several classes
    np.testing.assert_array_equal(together.counts, alone.counts)


@pytest.mark.parametrize("training", [True, False])
def test_the_mode_is_left_as_it_was(training):
    for dataset in (Hand(TALL), Hand(([[0]], [[VOID]]))):  # also where it fails
        model = Oracle().train(training)
        try:
            evaluate(model, dataset, AS_IT_IS)
        except InputError:
            assert len(dataset[0][1]) == 1
        assert model.modes == [False] and model.training is training


def test_what_is_no_network_is_an_error():
    with pytest.raises(InputError, match=r"^evaluate: model is None, expected a network"):
        evaluate(None, Hand(WIDE, TALL, ([[0]], [[0]]), TALL), AS_IT_IS)


def test_nothing_but_void_is_an_error():
    nothing = [[0, 1]], [[VOID, VOID]]
    with pytest.raises(InputError, match="all labels of hand are void"):
        evaluate(Oracle(), Hand(nothing, nothing), AS_IT_IS)
    confusion, _ = evaluate(Oracle(), Hand(nothing, TALL), AS_IT_IS)
    assert confusion.counts.sum() == 3


def test_each_image_s_pixel_accuracy_is_told_in_turn(monkeypatch):
    void = [[0, 1]], [[VOID, VOID]]
    found = []
    evaluate(Oracle(), Hand(WIDE, TALL, void, TALL), AS_IT_IS, accuracies=found)
    np.testing.assert_allclose(found, [6 / 7, 2 / 3, math.nan, 2 / 3])
    assert worst_first(found) == [1, 3, 0]


def test_progress_is_told():
    done = []
    evaluate(Oracle(), Hand(WIDE, TALL, TALL), AS_IT_IS, advance=done.append)
    assert done == [1, 2]


def test_several_networks_are_compared_each_with_its_own_preprocessing(tmp_path):
    train, validate = tiny.scenes(validate=3)
    settings = {"fcn32s": {}, "fcn16s": {"channels": "BGR", "mean": (1, 2, 3), "std": (99, 98, 97)}}
    expected, paths = [], []
    for name, own in settings.items():
        paths.append(tmp_path / f"{name}.npz")
        model = tiny.save_network(paths[-1], name, dataset=train, **own)
        own = Preprocessing(own.get("mean", (120, 110, 100)), own.get("std", (60, 50, 40)), own.get("channels", "RGB"))
        expected.append((model, own))
    results, rows = compare([*paths, paths[0]], validate, "cpu")
    names = [name for name, _ in results]
    assert names[:2] == ["FCN-32s", "FCN-16s"] and len(set(names)) == 3
    assert len(rows) == 3
    for number, (image, truth, predicted) in enumerate(rows):
        np.testing.assert_array_equal(image, validate[number][0])
        np.testing.assert_array_equal(truth, validate[number][1])
        assert list(predicted) == names
        for (model, own), label in zip([*expected, expected[0]], predicted.values(), strict=True):
            np.testing.assert_array_equal(label, model(own(image)[None]).argmax(axis=1)[0])
    counted = ConfusionMatrix(7)
    for image, truth, predicted in rows:
        assert image.shape == (32, 32, 3)
        counted.update(predicted["FCN-16s"], truth)
    np.testing.assert_array_equal(results[1][1].counts, counted.counts)


def test_a_truth_of_one_class_is_cautioned_of():
    confusion = ConfusionMatrix(3)
    confusion.update(np.array([[1, 2]]), np.array([[1, 1]]))
    with pytest.warns(
        Caution, match="x: every labelled pixel of hand is 'b': the figures tell nothing of other classes"
    ):
        caution_of_one_class("x", confusion, Hand(WIDE))


class RedAndBlue(Hand):
    """One pair, whose red predicts one class at each pixel and whose blue another."""

    def __init__(self, red, blue, truth):
        super().__init__((red, truth))
        self.blue = blue

    def load(self, index):
        image, truth = super().load(index)
        image[..., 2] = self.blue
        return image, truth


def test_red_and_blue_the_wrong_way_round_are_told_where_the_other_way_is_better_than_a_guess():
    truth = [[1, 2, 2, 0, VOID]]
    wrong, right, half = [[0, 1, 1, 2, 2]], [[1, 2, 2, 0, 0]], [[1, 2, 0, 1, 0]]
    miss = math.log(math.exp(SURE) + 2)  # the loss of a wrong pixel
    said = f"RGB, but as BGR the loss of 1 of them falls from {miss:.2f} to {miss - SURE:.2f} a pixel"
    with pytest.warns(Caution, match=said):
        caution_of_swapped_channels("x", Oracle(), RedAndBlue(wrong, right, truth), AS_IT_IS)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        caution_of_swapped_channels("x", Oracle(), RedAndBlue(right, wrong, truth), AS_IT_IS)
        # Half of them right is far better than none, but worse than a guess, which costs log 3.
        caution_of_swapped_channels("x", Oracle(), RedAndBlue(wrong, half, truth), AS_IT_IS)


def test_a_network_for_other_classes_is_refused(tmp_path):
    tiny.save_network(tmp_path / "w.npz")
    with pytest.raises(InputError, match=r"w\.npz: trained on scenes for other classes than those of hand"):
        compare([tmp_path / "w.npz"], Hand(WIDE), "cpu")


@pytest.mark.parametrize("length, expected", [(1, [0]), (2, [0, 1]), (4, [0, 1, 2, 3]), (100, [12, 37, 62, 87])])
def test_pictures_are_of_images_all_over_the_data_set(length, expected):
    assert picture_indices(range(length)) == expected
