"""Running a trained network over images: the paper's four figures, and label maps."""

import dataclasses
import itertools
import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from minifcn.backend import Array, to_device
from minifcn.checks import instance
from minifcn.data import VOID, Batches, Dataset, Preprocessing, predict_image
from minifcn.errors import InputError, caution
from minifcn.layers import Layer, SoftmaxCrossEntropy
from minifcn.machines import ALONE, Group
from minifcn.machines.together import in_all
from minifcn.metrics import ConfusionMatrix, predicted_classes
from minifcn.training.cautions import only_class
from minifcn.weights.loading import load_model

Result = tuple[str, ConfusionMatrix]  # the network's name comes first
PictureRow = tuple[Array, Array, dict[str, Array]]  # image, truth, and each network's label map
SWAPPED = 0.8  # a loss below this share of the other is better by more than chance
BATCH_PIXELS = 100_000  # images predicted at a time, in pixels: enough to fill the caches, little memory


def evaluate(
    model: Layer,
    dataset: Dataset,
    preprocessing: Preprocessing,
    device: str = "cpu",
    advance: Callable | None = None,
    accuracies: list[float] | None = None,
    group: Group = ALONE,
) -> tuple[ConfusionMatrix, float]:
    """Predict every image of `dataset` and compare with its truth.

    Each image counts whole and as it is: no padding, no cropping, no dependence on the other images.
    Returns (ConfusionMatrix, mean loss per counted pixel). `advance(n)` is called after every n images, and the list
    `accuracies` gets the pixel accuracy of each in turn, nan where all of it is void.
    Several processes share the images out, and all get the whole result.
    Leaves the model in the mode it was in. Raises InputError where every pixel is void.
    """
    instance(model, "evaluate: model", Layer, "a network")
    own = range(len(dataset))[group.share(len(dataset))]
    batches = Batches(dataset, 1, preprocessing, shuffle=False)

    def measure():
        confusion, total, each = ConfusionMatrix(dataset.n_class), 0.0, []
        criterion = SoftmaxCrossEntropy(reduction="sum").eval()
        for images, labels in _equal_sized(batches.epoch(0, own.start, own.stop)):
            scores, labels = model(to_device(images, device)), to_device(labels, device)
            total += criterion(scores, labels)
            each += confusion.update_each(predicted_classes(scores), labels)
            if advance:
                advance(group.size * len(images))  # the others are about as far
        return confusion.counts, total, each

    was_training = model.training
    model.eval()
    try:
        counts, totals, accuracies_of = zip(*in_all(group, measure))
    finally:
        model.train(was_training)
    confusion = ConfusionMatrix(dataset.n_class)
    confusion.counts += sum(counts)
    if accuracies is not None:
        accuracies += itertools.chain.from_iterable(accuracies_of)
    pixels = int(confusion.counts.sum())
    if pixels == 0:
        void = f"all labels of {dataset.name} are void ({VOID})"
        raise InputError(f"{void}: there is nothing to evaluate; check the labels")
    return confusion, sum(totals) / pixels


def compare(
    weights: Sequence[str | Path], dataset: Dataset, device: str = "cpu", group: Group = ALONE
) -> tuple[list[Result], list[PictureRow]]:
    """Evaluate the networks of several weights files on one data set, each with the preprocessing it was trained with.

    Returns (results, rows): results [("FCN-32s", ConfusionMatrix), ...] and rows for `save_predictions`; a second
    network of one kind is named by its place in `weights`, "FCN-8s (2)". Several processes share the images out; rank 0
    alone reads the files and gets rows.
    Raises InputError where a network was trained for other classes.
    """
    # What is wrong with the last shows before hours pass.
    networks = [(path, *load_model(path, group)) for path in weights]
    for path, _, about in networks:
        if tuple(about["classes"]) != tuple(dataset.classes):
            others = f"trained on {about['data']} for other classes than those of {dataset.name}"
            raise InputError(f"weights {path}: {others}")
    results: list[Result] = []
    first = group.rank == 0
    rows: list[PictureRow] = [(*dataset[i], {}) for i in picture_indices(dataset)] if first else []
    for path, model, about in networks:
        preprocessing = Preprocessing.from_dict(about["preprocessing"])
        name = about.get("title", model.title)
        if name in dict(results):
            name += f" ({len(results) + 1})"
        confusion, _ = evaluate(model.to(device), dataset, preprocessing, device, group=group)
        results.append((name, confusion))
        if first:
            caution_of_one_class(name, confusion, dataset)
            caution_of_swapped_channels(path, model, dataset, preprocessing, device)
        for image, _, predicted in rows:
            predicted[name] = predict_image(model, image, preprocessing, device)
    return results, rows


def caution_of_one_class(name: str, confusion: ConfusionMatrix, dataset: Dataset) -> None:
    """Caution where the truth has several classes and the predictions but one: the network has learned nothing yet; and
    where the truth has but one, so that the figures tell little.
    """
    only = only_class(confusion)
    shown = confusion.counts.any(axis=1)
    if shown.sum() == 1:
        truth = f"every labelled pixel of {dataset.name} is {dataset.classes[int(shown.argmax())]!r}"
        caution(f"{name}: {truth}: the figures tell nothing of other classes; check the masks (minifcn data)")
    if only is not None:
        what = f"{name}: every prediction for {dataset.name} is {dataset.classes[only]!r}"
        ways = "train longer, start from pretrained weights (train --init), or try another --lr"
        caution(f"{what}: the network has learned nothing yet; {ways}")


def caution_of_swapped_channels(
    path: str | Path, model: Layer, dataset: Dataset, preprocessing: Preprocessing, device: str = "cpu"
) -> None:
    """Caution where a few images are predicted much better with red and blue the other way round.

    What a file says of its images, or its names do, may be wrong. The model is in evaluation mode.
    """
    other = "BGR" if preprocessing.channels == "RGB" else "RGB"
    pairs = [dataset[i] for i in picture_indices(dataset, 8)]
    losses = []
    for way in (preprocessing, dataclasses.replace(preprocessing, channels=other)):
        criterion = SoftmaxCrossEntropy(reduction="sum").eval()
        scores = (model(to_device(way(image)[None], device)) for image, _ in pairs)
        losses.append(sum(criterion(s, to_device(label[None], device)) for s, (_, label) in zip(scores, pairs)))
    loss, swapped = np.array(losses) / max(1, sum(int((label != VOID).sum()) for _, label in pairs))
    if swapped < SWAPPED * loss and swapped < math.log(dataset.n_class):  # and better than a guess
        falls = f"the loss of {len(pairs)} of them falls from {loss:.2f} to {swapped:.2f} a pixel"
        ways = f"images go in as {preprocessing.channels}, but as {other} {falls}"
        caution(f"{path}: {ways}: were the weights trained on {other}?")


def picture_indices(dataset: Dataset, count: int = 4) -> list[int]:
    """`count` images spread over a data set, for pictures."""
    count = min(count, len(dataset))
    return [(2 * i + 1) * len(dataset) // (2 * count) for i in range(count)]


def worst_first(accuracies: Sequence[float]) -> list[int]:
    """The images by their pixel accuracy, the worst first; without those that are all void."""
    return [int(i) for i in np.argsort(accuracies, kind="stable") if not math.isnan(accuracies[i])]


def _equal_sized(batches):
    """Neighbouring images of one size together, as (images, labels) of about `BATCH_PIXELS`."""
    for shape, alike in itertools.groupby(batches, key=lambda sample: sample[0].shape):
        most = -(-BATCH_PIXELS // math.prod(shape[2:]))
        while group := list(itertools.islice(alike, most)):
            images, labels, _ = zip(*group)
            yield np.concatenate(images), np.concatenate(labels)
