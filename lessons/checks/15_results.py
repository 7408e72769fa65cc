"""What the answers to lesson 15's exercises must do, and what is wrong if not.

Distances are measured from every pixel to every other, the rest is counted by
hand.
"""

import numpy as np

from lessons.hints import Wrong, is_same, same

ROW = np.array([[0, 0, 0, 7, 7, 7, 7]])


def band(answer):
    _band(answer, ROW, 1, "wrong for a single row and 1 step")
    _band(answer, ROW.T, 1, "right along rows, wrong along columns")
    _band(answer, ROW, 2, "right for 1 step, wrong for 2")
    same(
        answer(np.zeros((3, 4), int), 2),
        np.zeros((3, 4)),
        "one label alone has no border: the image's edge is none",
    )
    corner = np.zeros((5, 5), int)
    corner[:2, :2] = 1
    _band(answer, corner, 1, "right for straight borders, wrong at a corner")
    hint = "wrong round a corner: of two steps one may go down, one sideways"
    _band(answer, corner, 2, hint)
    rng = np.random.default_rng(0)
    blocks = rng.integers(0, 3, (3, 4)).repeat(4, axis=0).repeat(5, axis=1)
    blocks[:4, :5] = 0
    blocks[:2, :3] = 255
    for labels in (blocks, blocks.astype(np.uint8)):
        kind = "" if labels.dtype == int else ", if they are uint8"
        for steps in (1, 2, 3):
            hint = f"wrong for a map of several labels and {steps} steps{kind}"
            _band(answer, labels, steps, hint)


def _band(answer, labels, steps, hint):
    place = np.argwhere(np.ones(labels.shape))  # (pixels, 2)
    apart = abs(place[:, None] - place)  # along rows and columns
    other = labels.ravel()[:, None] != labels.ravel()

    def near(distance):
        nearest = np.where(other, distance, labels.size).min(axis=1)
        return (nearest <= steps).reshape(labels.shape)

    expected = near(apart.sum(axis=2))
    around = np.minimum(apart, np.array(labels.shape) - apart)
    last = np.array(labels.shape) - 1
    outside = (np.minimum(place, last - place) < steps).any(axis=1)
    mistakes = {
        "a step goes up, down or sideways, not slantwise": apart.max(axis=2),
        "nothing comes in on the other side: np.roll goes round": around.sum(2),
    }
    mistakes = {words: near(apart) for words, apart in mistakes.items()}
    if labels.shape[1] > 1:  # else all is at the edge
        words = "too many: the image's edge is no border"
        mistakes[words] = expected | outside.reshape(labels.shape)
    given = answer(labels.copy(), steps)
    for words, wrong in mistakes.items():
        if is_same(given, wrong) and (wrong != expected).any():
            raise Wrong(words)
    same(given, expected, hint)


def band_accuracy(answer):
    predicted = np.array([[7, 7, 0, 7, 0, 7, 0]])
    same(answer(predicted, ROW, 1), 1, "wrong for one row and 1 step")
    given = answer(predicted, ROW, 2)
    if is_same(given, 4 / 7):
        raise Wrong("it counts all pixels: only those of the band count")
    same(given, 1 / 2, "right for 1 step, wrong for 2")
    of_prediction = np.array([[0, 0, 0, 0, 0, 7, 7]])
    hint = "the band lies around the borders of the truth, not the prediction's"
    same(answer(of_prediction, ROW, 1), 1 / 2, hint)
    truth = np.array([[0, 0, 255, 7, 7]])
    predicted = np.array([[0, 7, 7, 7, 7]])
    given = answer(predicted, truth, 1)
    if is_same(given, 1 / 3):
        raise Wrong("void counts as a wrong pixel: leave it out")
    same(given, 1 / 2, "right without void, wrong with it")


def found(answer):
    truth = np.array([[1, 1, 0, 2], [1, 1, 0, 2], [0, 0, 0, 2]])
    ids = np.array([[4, 4, -1, 9], [4, 4, -1, 9], [-1, -1, -1, 9]])
    predicted = np.array([[1, 0, 0, 2], [1, 1, 0, 1], [1, 0, 0, 1]])
    given = answer(predicted, truth, ids)
    _same_objects(given, {4: (4, 3 / 4), 9: (3, 1 / 3)}, "wrong for 2 objects")
    apart = np.where(truth == 2, 8, ids)
    apart[2, 3] = 0
    given = answer(predicted, truth, apart)
    expected = {0: (1, 0), 4: (4, 3 / 4), 8: (2, 1 / 2)}
    hint = "two objects of one class are two: go by `ids`, not by the class"
    _same_objects(given, expected, hint)


def _same_objects(given, expected, hint):
    if not isinstance(given, dict):
        raise Wrong("return a dict {number: (pixels, share)}")
    if -1 in given:
        raise Wrong("-1 is no object: leave those pixels out")
    if sorted(given) != sorted(expected):
        raise Wrong(f"the objects are {sorted(given)}; {hint}")
    for number, (pixels, share) in expected.items():
        if not isinstance(given[number], tuple) or len(given[number]) != 2:
            raise Wrong("each object has two numbers: (pixels, share)")
        same(
            given[number][0], pixels, "the count of an object's pixels: " + hint
        )
        if is_same(given[number][1], share * pixels) and share not in (0, 1):
            raise Wrong("the share is a count: divide it by the pixels")
        same(given[number][1], share, "the share that was found: " + hint)
