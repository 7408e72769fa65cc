"""Typical wrong answers to lesson 15's exercises, and a part of the hint that each must get."""

import numpy as np


def distances(labels, slantwise=False, edge=False):
    """Steps from each pixel to the nearest one of another label."""
    labels = np.pad(labels.astype(int), 1, constant_values=-1) if edge else labels.astype(int)
    place = np.argwhere(np.ones(labels.shape))
    apart = abs(place[:, None] - place)
    apart = apart.max(axis=2) if slantwise else apart.sum(axis=2)
    other = labels.ravel()[:, None] != labels.ravel()
    near = np.where(other, apart, labels.size).min(axis=1).reshape(labels.shape)
    return near[1:-1, 1:-1] if edge else near


def within(labels, steps):
    return distances(labels) <= steps


def slantwise(labels, steps):
    return distances(labels, slantwise=True) <= steps


def edge_is_a_border(labels, steps):
    return distances(labels, edge=True) <= steps


def goes_round(labels, steps):
    for _ in range(steps):
        turned = [np.roll(labels, by, axis) for by in (-1, 1) for axis in (0, 1)]
        found = np.any([other != labels for other in turned], axis=0)
        labels = np.where(found, -1, labels)
    return found if steps == 1 else labels == -1


def straight_ahead(labels, steps):
    place = np.argwhere(np.ones(labels.shape))
    apart = abs(place[:, None] - place)
    other = (labels.ravel()[:, None] != labels.ravel()) & (apart.min(axis=2) == 0)
    return np.where(other, apart.sum(axis=2), labels.size).min(axis=1).reshape(labels.shape) <= steps


def one_step_less(labels, steps):
    return distances(labels) < steps


def always_one_step(labels, steps):
    return distances(labels) <= 1


def along_rows_alone(labels, steps):
    return np.stack([distances(row[None])[0] for row in labels]) <= steps


def differences_of_unsigned_numbers(labels, steps):
    """Class 0 beside void, 255, passes for a small difference in uint8."""
    if labels.dtype == np.uint8:
        labels = np.where(labels == 255, 0, labels)
    return within(labels, steps)


def all_pixels(predicted, truth, steps):
    return (predicted == truth)[truth != 255].mean()


def void_is_wrong(predicted, truth, steps):
    return (predicted == truth)[within(truth, steps)].mean()


def borders_of_the_prediction(predicted, truth, steps):
    return (predicted == truth)[within(predicted, steps) & (truth != 255)].mean()


def wrong_share(predicted, truth, steps):
    return (predicted != truth)[within(truth, steps) & (truth != 255)].mean()


def objects(predicted, truth, ids):
    return {int(n): (int((ids == n).sum()), float((predicted == truth)[ids == n].mean())) for n in np.unique(ids)}


def the_rest_as_well(predicted, truth, ids):
    return objects(predicted, truth, ids)


def by_class(predicted, truth, ids):
    found = {}
    for label in (1, 2):
        here = truth == label
        found[int(ids[here].max())] = int(here.sum()), float((predicted == truth)[here].mean())
    return found


def counts_in_place_of_shares(predicted, truth, ids):
    found = objects(predicted, truth, ids)
    return {n: (pixels, pixels * share) for n, (pixels, share) in found.items() if n >= 0}


def shares_alone(predicted, truth, ids):
    return {n: share for n, (_, share) in objects(predicted, truth, ids).items() if n >= 0}


def a_list(predicted, truth, ids):
    return list(objects(predicted, truth, ids).values())[1:]


MUTANTS = {
    "band": {
        slantwise: "not slantwise",
        edge_is_a_border: "the image's edge is no border",
        goes_round: "np.roll goes round",
        straight_ahead: "wrong round a corner",
        one_step_less: "wrong for a single row and 1 step",
        always_one_step: "right for 1 step, wrong for 2",
        along_rows_alone: "right along rows, wrong along columns",
        differences_of_unsigned_numbers: "if they are uint8",
    },
    "band_accuracy": {
        all_pixels: "wrong for one row",
        void_is_wrong: "leave it out",
        borders_of_the_prediction: "wrong for one row",
        wrong_share: "wrong for one row and 1 step",
    },
    "found": {
        the_rest_as_well: "-1 is no object",
        by_class: "go by `ids`",
        counts_in_place_of_shares: "divide it by the pixels",
        shares_alone: "two numbers",
        a_list: "return a dict",
    },
}
