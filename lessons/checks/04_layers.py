"""What the answers to lesson 4's exercises must do, and what is wrong if not.

The expected numbers come from pixel by pixel: which pixels a window sees, and
one pixel's loss by the formula, or by hand where that overflows.
"""

import math

import numpy as np

from lessons.hints import ADDS_ONCE, Wrong, is_same, same


def max_pool(answer):
    cases = {  # (H, W), kernel, stride, padding, ceil, windows -> hint
        ((4, 6), 2, 2, 0, False, (2, 3)): "wrong for windows of 2, stride 2",
        ((5, 4), 3, 1, 0, False, (3, 2)): "wrong where windows overlap",
        ((5, 7), 2, 2, 0, False, (2, 3)): "without ceil, round down",
        ((5, 7), 3, 2, 1, False, (3, 4)): "wrong for padding 1",
        ((5, 7), 2, 2, 0, True, (3, 4)): "with ceil, round up",
        ((4, 4), 2, 2, 0, True, (2, 2)): "with ceil, but nothing left over",
        ((3, 6), 2, 3, 0, True, (1, 2)): "no window starts beyond the end",
        ((4, 6), 3, 2, 1, True, (3, 4)): "wrong for padding and ceil together",
    }
    rng = np.random.default_rng(0)
    for (shape, *settings, windows), hint in cases.items():
        x = -1 - rng.permutation(math.prod(shape)).reshape(shape).astype(float)
        hint = f"{hint}: {shape}, " + ", ".join(map(str, settings))
        given = answer(x.copy(), *settings)
        expected = _pooled(x, *settings[:3], windows)
        if is_same(
            given, np.where(_cut(x, *settings[:3], windows), 0, expected)
        ):
            same(given, expected, "the padding won: fill it with -inf, not 0")
        same(given, expected, hint)


def _seen(x, kernel, stride, padding, row, col):
    """The pixels of x in a window, in order."""
    top, left = row * stride - padding, col * stride - padding
    return [
        (i, j)
        for i in range(max(top, 0), min(top + kernel, x.shape[0]))
        for j in range(max(left, 0), min(left + kernel, x.shape[1]))
    ]


def _pooled(x, kernel, stride, padding, windows):
    y = np.zeros(windows)
    for place in np.ndindex(windows):
        y[place] = max(x[p] for p in _seen(x, kernel, stride, padding, *place))
    return y


def _cut(x, kernel, stride, padding, windows):
    """Which windows reach beyond x."""
    cut = np.zeros(windows, dtype=bool)
    for place in np.ndindex(windows):
        seen = _seen(x, kernel, stride, padding, *place)
        cut[place] = len(seen) < kernel**2
    return cut


def max_pool_backward(answer):
    rng = np.random.default_rng(0)
    distinct = rng.permutation(30).reshape(5, 6) - 40.0
    cases = [  # x, kernel, stride, padding, hint
        (distinct[:4], 2, 2, 0, "wrong for windows of 2, stride 2"),
        (distinct, 3, 1, 0, "a pixel that wins several windows gets their sum"),
        (distinct, 3, 2, 1, "right for padding 0, wrong for padding 1"),
        (np.zeros((4, 4)), 2, 2, 0, "of equal numbers the first gets it all"),
        (rng.integers(0, 3, (6, 5)) - 5.0, 3, 2, 1, "ties at the padding"),
    ]
    for x, kernel, stride, padding, hint in cases:
        how = kernel, stride, padding
        size = [(n + 2 * padding - kernel) // stride + 1 for n in x.shape]
        dy, dx = rng.standard_normal(size), np.zeros(x.shape)
        shared, last = np.zeros((2, *x.shape))
        for place in np.ndindex(*size):
            seen = _seen(x, *how, *place)
            largest = max(x[p] for p in seen)
            winners = [p for p in seen if x[p] == largest]
            dx[winners[0]] += dy[place]
            last[winners[0]] = dy[place]
            for winner in winners:
                shared[winner] += dy[place]
        given = answer(dy.copy(), x.copy(), *how)
        if is_same(given, shared) and not is_same(dx, shared):
            raise Wrong("equals must not all get dy: it would be several times")
        if is_same(given, last) and not is_same(dx, last):
            raise Wrong(f"{hint}; {ADDS_ONCE}")
        same(given, dx, hint)


def pixel_loss(answer):
    rng = np.random.default_rng(0)
    scores, labels = rng.standard_normal((4, 3, 5)), rng.integers(0, 4, (3, 5))
    _loss(answer, scores, labels, "without void")
    labels[1, 1:4] = 255
    loss, _ = _expected(scores, labels)
    given = _pair(answer, scores, labels)
    if is_same(given[0], loss * 12 / 15):
        raise Wrong("12 of 15 pixels count: you divide by 15")
    _loss(answer, scores, labels, "with void (right without)")
    large = np.array([[[1000.0]], [[0.0]], [[0.0]]])
    given = _pair(answer, large, np.array([[1]]))
    hint = "scores of 1000: subtract the largest; no logarithm of p"
    same(given[0], 1000, f"the loss is wrong for {hint}")
    hint = f"the gradient is wrong for {hint}"
    same(given[1], [[[1]], [[-1]], [[0]]], hint)


def _loss(answer, scores, labels, hint):
    given = _pair(answer, scores, labels)
    loss, dscores = _expected(scores, labels)
    same(given[0], loss, f"the loss is wrong {hint}")
    if is_same(given[1], -dscores):
        raise Wrong("the gradient has the wrong sign: p - onehot")
    counted = (labels != 255).sum()
    if is_same(given[1], dscores * counted):
        raise Wrong("the loss is a mean: divide its gradient, too")
    same(given[1], dscores, f"the loss is right, the gradient wrong {hint}")


def _pair(answer, scores, labels):
    with np.errstate(all="ignore"):
        given = answer(scores.copy(), labels.copy())
    if not isinstance(given, tuple) or len(given) != 2:
        raise Wrong("return the loss and its gradient: `return loss, dscores`")
    return given


def _expected(scores, labels):
    """The loss and its gradient, one pixel after the other."""
    total, dscores = 0.0, np.zeros_like(scores)
    counted = [
        place for place in np.ndindex(labels.shape) if labels[place] != 255
    ]
    for row, col in counted:
        exponentials = [math.exp(z) for z in scores[:, row, col]]
        for c, e in enumerate(exponentials):
            share = e / sum(exponentials)
            right = c == labels[row, col]
            total -= math.log(share) if right else 0
            dscores[c, row, col] = (share - right) / len(counted)
    return total / len(counted), dscores
