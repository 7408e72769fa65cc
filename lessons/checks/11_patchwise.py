"""What the answers to lesson 11's exercises must do, and what is wrong if not.

Patches are compared with patches cut in loops, gradients with numerical ones of
a loss written out pixel by pixel, weights with numbers worked out by hand.
"""

import math

import numpy as np

from lessons.hints import Wrong, is_same, same


def cut_patches(answer):
    rng = np.random.default_rng(0)
    for stride, void, hint in (
        (1, False, "wrong for stride 1 without void"),
        (1, True, "right without void, wrong with it: leave those out"),
        (3, True, "right for stride 1, wrong for stride 3"),
    ):
        labels = rng.integers(0, 5, (2, 3))
        if void:
            labels[0, 1] = labels[1, 0] = 255
        image = rng.standard_normal((2, 4 + stride, 4 + 2 * stride))
        given = answer(image.copy(), labels.copy(), 4, stride)
        if not isinstance(given, tuple) or len(given) != 2:
            raise Wrong("return both: `return patches, labels`")
        places = [at for at in np.ndindex(2, 3) if labels[at] != 255]
        patches = np.zeros((len(places), 2, 4, 4))
        for n, (i, j) in enumerate(places):
            for c, y, x in np.ndindex(2, 4, 4):
                patches[n, c, y, x] = image[c, i * stride + y, j * stride + x]
        same(given[0], patches, f"patches: {hint}")
        expected = [labels[at] for at in places]
        same(given[1], expected, f"patches are right, labels: {hint}")


def sampled_gradient(answer):
    rng = np.random.default_rng(0)
    scores, labels = rng.standard_normal((3, 2, 4)), rng.integers(0, 3, (2, 4))
    ones, weights = np.ones(3), np.array([0.5, 2.0, 3.0])
    void = labels.copy()
    void[0, 1] = void[1, 2] = 255
    for given_labels, given_weights, hint in (
        (labels, ones, "wrong where all pixels count and weigh 1"),
        (void, ones, "right without void, wrong with it: nothing flows back"),
        (labels, weights, "right for weights of 1, wrong for others"),
        (void, weights, "wrong for void and weights together"),
    ):
        expected = _numerical(scores, given_labels, given_weights)
        given = answer(scores.copy(), given_labels.copy(), given_weights.copy())
        if _near(given, -expected):
            raise Wrong("the sign is the other one: softmax less one-hot")
        weighed = sum(given_weights[c] for c in given_labels.flat if c != 255)
        if _near(given, expected / weighed):
            raise Wrong("that is the mean's gradient: this loss is a sum")
        same(given, expected, hint, 1e-6)
    large = answer(np.full((2, 1, 1), 1e4), np.zeros((1, 1), int), np.ones(2))
    hint = "wrong for scores of 10000: subtract the largest before exp"
    same(large, [[[-0.5]], [[0.5]]], hint)


def class_weights(answer):
    one = [np.array([[0, 0, 0, 1]])]
    same(answer(_copies(one), 2), [2 / 3, 2], "wrong for [[0, 0, 0, 1]]")
    # frequencies 8/12, 3/8, 1/4: only the first image shows class 1
    several = [
        np.array([[0, 0, 0, 1], [0, 0, 1, 1]]),
        np.array([[0, 0], [0, 2]]),
    ]
    expected = [0.375 / (8 / 12), 1, 0.375 / 0.25]
    given = answer(_copies(several), 3)
    overall = np.array([8, 3, 1]) / 12
    if is_same(given, np.median(overall) / overall):
        raise Wrong(
            "a class's frequency is its share of the images that show it, not "
            "of all"
        )
    shares = np.array([(5 / 8 + 3 / 4) / 2, 3 / 8, 1 / 4])
    if is_same(given, np.median(shares) / shares):
        raise Wrong("add up the pixels of all images, then divide, once")
    same(given, expected, "right for one image, wrong for two")
    void = [*one, np.array([[0, 255, 255, 255]])]  # frequencies 4/5, 1/4
    hint = "right without void, wrong with it: it counts nowhere"
    same(answer(_copies(void), 2), [0.525 / 0.8, 2.1], hint)
    hint = "wrong where a class is shown nowhere: it weighs 1"
    same(answer(_copies(one), 3), [2 / 3, 2, 1], hint)


def _near(given, expected):
    """`is_same` as exactly as numerical gradients are."""
    if np.shape(given) != expected.shape:
        return False
    return np.allclose(np.asarray(given, float), expected, atol=1e-6)


def _copies(arrays):
    return [array.copy() for array in arrays]


def _loss(scores, labels, weights):
    total = 0.0
    for i, j in np.ndindex(labels.shape):
        if labels[i, j] != 255:
            e = [math.exp(s) for s in scores[:, i, j]]
            share = e[labels[i, j]] / sum(e)
            total -= weights[labels[i, j]] * math.log(share)
    return total


def _numerical(scores, labels, weights, h=1e-5):
    gradient = np.zeros_like(scores)
    for at in np.ndindex(scores.shape):
        push = np.zeros_like(scores)
        push[at] = h
        up = _loss(scores + push, labels, weights)
        gradient[at] = (up - _loss(scores - push, labels, weights)) / (2 * h)
    return gradient
