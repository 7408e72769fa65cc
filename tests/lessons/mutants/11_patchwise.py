"""Typical wrong answers to lesson 11's exercises, and a part of the hint that each must get."""

import numpy as np


def patches(image, labels, field, stride):
    """Right, by another road than the solution's."""
    windows = np.lib.stride_tricks.sliding_window_view(image, (field, field), axis=(1, 2))[:, ::stride, ::stride]
    windows = windows[:, : labels.shape[0], : labels.shape[1]].transpose(1, 2, 0, 3, 4)
    return windows[labels != 255], labels[labels != 255]


def void_is_a_class(image, labels, field, stride):
    everything, _ = patches(image, np.zeros_like(labels), field, stride)
    return everything, labels.ravel()


def stride_forgotten(image, labels, field, stride):
    return patches(image, labels, field, 1)


def patches_alone(*arguments):
    return patches(*arguments)[0]


def labels_of_all(image, labels, field, stride):
    return patches(image, labels, field, stride)[0], labels


def gradient(scores, labels, weights):
    """Right, pixel by pixel."""
    dscores = np.zeros_like(scores)
    for i, j in np.ndindex(labels.shape):
        if labels[i, j] != 255:
            e = np.exp(scores[:, i, j] - scores[:, i, j].max())
            dscores[:, i, j] = e / e.sum()
            dscores[labels[i, j], i, j] -= 1
            dscores[:, i, j] *= weights[labels[i, j]]
    return dscores


def other_sign(*arguments):
    return -gradient(*arguments)


def mean(scores, labels, weights):
    counted = labels[labels != 255]
    return gradient(scores, labels, weights) / weights[counted].sum()


def void_counts_as_the_last_class(scores, labels, weights):
    return gradient(scores, np.where(labels == 255, len(scores) - 1, labels), weights)


def weights_of_the_score(scores, labels, weights):
    return gradient(scores, labels, np.ones_like(weights)) * weights[:, None, None]


def overflows(scores, labels, weights):
    with np.errstate(all="ignore"):
        e = np.exp(scores)
        softmax = e / e.sum(axis=0)
    classes = np.where(labels == 255, 0, labels)
    one_hot = np.arange(len(scores))[:, None, None] == classes
    return (labels != 255) * weights[classes] * (softmax - one_hot)


def counts(labels, n_class, void=255):
    return np.array([[(label == c).sum() for c in range(n_class)] for label in labels]), [
        (label != void).sum() for label in labels
    ]


def balanced(frequency):
    with np.errstate(all="ignore"):
        return np.where(frequency > 0, np.median(frequency[frequency > 0]) / frequency, 1)


def of_all_images(labels, n_class):
    pixels, room = counts(labels, n_class)
    return balanced(pixels.sum(axis=0) / np.sum(room))


def void_has_room(labels, n_class):
    pixels, room = counts(labels, n_class, void=None)
    room = np.array(room)[:, None] * (pixels > 0)
    return balanced(pixels.sum(axis=0) / np.maximum(1, room.sum(axis=0)) * (pixels.sum(axis=0) > 0))


def mean_of_shares(labels, n_class):
    pixels, room = counts(labels, n_class)
    shares = pixels / np.array(room)[:, None]
    return balanced(shares.sum(axis=0) / np.maximum(1, (pixels > 0).sum(axis=0)))


def absent_in_the_median(labels, n_class):
    pixels, room = counts(labels, n_class)
    frequency = pixels.sum(axis=0) / np.maximum(1, (np.array(room)[:, None] * (pixels > 0)).sum(axis=0))
    with np.errstate(all="ignore"):
        return np.where(frequency > 0, np.median(frequency) / frequency, 1)


def inverse(labels, n_class):
    return 1 / balanced(of_all_images(labels, n_class))


MUTANTS = {
    "cut_patches": {
        void_is_a_class: "right without void, wrong with it",
        stride_forgotten: "right for stride 1, wrong for stride 3",
        patches_alone: "return both",
        labels_of_all: "patches are right, labels",
    },
    "sampled_gradient": {
        other_sign: "the sign is the other one",
        mean: "this loss is a sum",
        void_counts_as_the_last_class: "right without void, wrong with it",
        weights_of_the_score: "right for weights of 1, wrong for others",
        overflows: "subtract the largest",
    },
    "class_weights": {
        of_all_images: "images that show it",
        void_has_room: "right without void, wrong with it",
        mean_of_shares: "add up the pixels of all images",
        absent_in_the_median: "shown nowhere",
        inverse: "wrong for [[0, 0, 0, 1]]",
    },
}
