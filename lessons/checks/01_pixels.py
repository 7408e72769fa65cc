"""What the answers to lesson 1's exercises must do, and what is wrong if not.

The expected numbers come from counting pixels one by one, and from fractions
worked out by hand.
"""

import numpy as np

from lessons.hints import ADDS_ONCE, Wrong, is_same, same

BOXES = {  # first, second -> hint
    ((0, 0, 2, 2), (0, 0, 2, 2)): "a box and itself have an IU of 1",
    ((0, 0, 2, 2), (0, 1, 2, 2)): "wrong where one box is beside the other",
    ((1, 2, 3, 4), (2, 1, 5, 3)): "wrong for sides that differ",
    ((0, 0, 9, 9), (3, 3, 2, 4)): "wrong where one box is inside the other",
    ((0, 0, 2, 2), (0, 5, 2, 2)): "boxes apart along one axis have an IU of 0",
    ((0, 0, 2, 2), (4, 5, 2, 2)): "boxes apart along both axes have an IU of 0",
}


def box_iu(answer):
    for boxes, hint in BOXES.items():
        masks = np.zeros((2, 12, 12), dtype=bool)
        for mask, (top, left, height, width) in zip(masks, boxes):
            mask[top : top + height, left : left + width] = True
        both, either = np.logical_and(*masks).sum(), np.logical_or(*masks).sum()
        given = answer(*boxes)
        if both and is_same(given, both / masks.sum()):
            raise Wrong("the union holds the pixels in both only once")
        same(given, both / either, f"{hint}: {boxes}")


def confusion(answer):
    predicted, actual = _labels(0, void=False)
    _confusion(answer, predicted, actual, 3, "wrong without void")
    predicted, actual = _labels(0, void=True)
    hint = "right without void; pixels whose truth is 255 count nowhere"
    _confusion(answer, predicted, actual, 3, hint)
    _confusion(answer, predicted, actual, 5, "classes that do not occur: zeros")
    predicted = np.full((3, 2), 19, dtype=np.uint8)
    hint = "wrong for 20 classes in uint8, which ends at 255: use astype(int)"
    _confusion(answer, predicted, predicted, 20, hint)


def _confusion(answer, predicted, actual, n_class, hint):
    expected = np.zeros((n_class, n_class))
    for i, j in zip(actual.flat, predicted.flat):
        if i != 255:
            expected[i, j] += 1
    try:
        given = answer(predicted.copy(), actual.copy(), n_class)
    except (IndexError, ValueError) as error:  # 255 as an index, for one
        raise Wrong(f"{hint}; {type(error).__name__}: {error}") from error
    if expected.max() > 1 and is_same(given, expected.clip(max=1)):
        raise Wrong(ADDS_ONCE)
    if is_same(given, expected.T) and not is_same(expected, expected.T):
        raise Wrong("rows are the actual classes, columns the predicted ones")
    same(given, expected, hint)


def _labels(seed, void):
    rng = np.random.default_rng(seed)
    predicted, actual = rng.integers(3, size=(2, 6, 5), dtype=np.uint8)
    if void:
        actual[2:4, 1:] = 255
    return predicted, actual


CASES = [  # counts, the four numbers, what is new about them
    (
        [[3, 1], [0, 4]],
        (7 / 8, (3 / 4 + 1) / 2, (3 / 4 + 4 / 5) / 2, (3 + 16 / 5) / 8),
        "two classes",
    ),
    (
        [[8, 0, 0], [0, 3, 1], [1, 0, 2]],
        (13 / 15, 29 / 36, 77 / 108, (64 / 9 + 3 + 3 / 2) / 15),
        "the lesson's example",
    ),
    (
        [[3, 1, 0], [0, 4, 0], [0, 0, 0]],
        (7 / 8, (3 / 4 + 1) / 2, (3 / 4 + 4 / 5) / 2, (3 + 16 / 5) / 8),
        "a class in neither truth nor prediction",
    ),
    (
        [[2, 1, 1], [0, 4, 0], [0, 0, 0]],
        (6 / 8, 3 / 4, (2 / 4 + 4 / 5 + 0) / 3, (2 + 16 / 5) / 8),
        "a class that is predicted but not in the truth",
    ),
]
NAMES = "pixel accuracy", "mean accuracy", "mean IU", "frequency-weighted IU"


def four_metrics(answer):
    for counts, expected, what in CASES:
        with np.errstate(all="ignore"):  # 0/0 may be sorted out afterwards
            given = answer(np.array(counts))
        if given is None:
            raise Wrong("it returns None: is the `return` missing?")
        if np.shape(given) != (4,):
            raise Wrong("return the four numbers, in the order of the lesson")
        by_columns = (np.diag(counts) / np.maximum(np.sum(counts, 0), 1)).mean()
        for name, number, right in zip(NAMES, given, expected):
            if name == "mean accuracy" and is_same(number, by_columns):
                raise Wrong("accuracy divides by a class's *true* pixels")
            same(number, right, f"{name} is wrong for {what}: {counts}")
