"""What the answers to lesson 14's exercises must do, and what is wrong if not.

The expected steps come from minifcn's optimizer, the expected rates from
steps that are really made, the expected maps from single pixels, the expected
gradients from the pixels' own.
"""

import numpy as np

from lessons.hints import Wrong, compared, is_same, same
from minifcn.layers import Parameter
from minifcn.optim import SGD

# (momentum, decay), the plain one first, and what is new in the others.
RULES = {
    (0.0, 0.0): "wrong without momentum and without decay",
    (0.9, 0.0): "right without momentum, wrong with momentum 0.9",
    (0.0, 0.1): "right without decay, wrong with decay 0.1",
    (0.9, 0.1): "wrong with momentum and decay together",
}


def sgd_step(answer):
    for bias in (False, True):
        for (momentum, decay), hint in RULES.items():
            name = "conv.bias" if bias else "conv.weight"
            hint = f"right for weights; for biases {hint}" if bias else hint
            _steps(answer, name, momentum, decay, hint)


def _steps(answer, name, momentum, decay, hint):
    """Two steps, the second with a new learning rate, beside minifcn's."""
    rng = np.random.default_rng(0)
    start, *gradients = rng.standard_normal((3, 4))
    factors = (2, 0) if name.endswith("bias") else (1, 1)
    parameter = Parameter(start.copy(), True, *factors)
    sgd = SGD([parameter], 0.1, momentum, decay)
    given = {name: start.copy()}, {name: np.zeros(4)}
    for lr, gradient in zip((0.1, 0.01), gradients):
        parameter.grad, sgd.lr = gradient.copy(), lr
        sgd.step()
        before = [{name: part[name].copy()} for part in given]
        after = answer(*given, {name: gradient.copy()}, lr, momentum, decay)
        if not all(is_same(a[name], b[name]) for a, b in zip(given, before)):
            raise Wrong("it changes the arrays it was given: make new ones")
        if not _two_dicts(after, name):
            raise Wrong("return two dicts: `return weights, velocities`")
        if is_same(after[0][name], 2 * given[0][name] - parameter.data):
            raise Wrong("it goes uphill: subtract the step")
        same(after[0][name], parameter.data, hint)
        if momentum:  # without, nobody asks for the velocity
            velocity = "the weight is right, the velocity is not: it has no lr"
            same(after[1][name], sgd.velocity[0], velocity)
        given = after


def _two_dicts(after, name):
    pair = isinstance(after, tuple) and len(after) == 2
    return pair and all(isinstance(p, dict) and name in p for p in after)


def equal_rate(answer):
    cases = {  # lr, momentum, pixels, new momentum -> what is new
        (0.5, 0.0, 1, 0.0): "one pixel and no momentum: the rate stays",
        (
            1e-3,
            0.0,
            100,
            0.0,
        ): "the sum's gradient is `pixels` times the mean's",
        (1e-3, 0.9, 100, 0.9): "with the same momentum only the pixels count",
        (1e-3, 0.9, 100, 0.0): "right for equal momentums, wrong from 0.9 to 0",
        (1e-3, 0.0, 100, 0.9): "right for equal momentums, wrong from 0 to 0.9",
        (1e-10, 0.99, 187500, 0.9): "wrong from momentum 0.99 to 0.9",
    }
    for (lr, momentum, pixels, new_momentum), hint in cases.items():
        far = lr * _velocity(pixels, momentum)  # by each step, on the sum
        expected = far / _velocity(1, new_momentum)
        given = answer(lr, momentum, pixels, new_momentum)
        if isinstance(given, (int, float)):  # small rates: compare the ratio
            if not is_same(given / expected, 1):
                raise Wrong(f"{hint}; {compared(given, expected)}")
            continue
        same(given, expected, hint)


def _velocity(gradient, momentum):
    """Where the velocity comes to after very many steps."""
    v = 0.0
    for _ in range(5000):
        v = momentum * v + gradient
    return v


def shift(answer):
    rng = np.random.default_rng(0)
    image = rng.integers(256, size=(5, 6, 3), dtype=np.uint8)
    label = rng.integers(7, size=(5, 6), dtype=np.uint8)
    cases = {
        (0, 0): "nothing moved: both stay as they are",
        (0, 2): "wrong for 2 columns to the right",
        (1, 0): "right for columns, wrong for a row down",
        (0, -1): "right for the right, wrong for the left: a negative shift",
        (-2, 0): "right for down, wrong for up: a negative shift",
        (2, -3): "wrong for rows and columns together",
    }
    for (down, right), hint in cases.items():
        pictured, labelled = _moved(image, label, down, right)
        given = answer(image.copy(), label.copy(), down, right)
        if not isinstance(given, tuple) or len(given) != 2:
            raise Wrong("return both: `return image, label`")
        rolled = np.roll(label, (down, right), (0, 1))
        if (down or right) and is_same(given[1], rolled):
            raise Wrong("what leaves on one side comes in on the other")
        outside = labelled == 255
        if outside.any() and is_same(given[1], np.where(outside, 0, labelled)):
            raise Wrong("label pixels that come in are void, 255, not class 0")
        back = _moved(image, label, -down, -right)[1]
        if (down or right) and is_same(given[1], back):
            raise Wrong("moved the wrong way: down and right are positive")
        same(given[1], labelled, f"the label map: {hint}")
        black = np.where(outside[:, :, None], 0, pictured)
        if outside.any() and is_same(given[0], black):
            raise Wrong("the image's new pixels repeat its edge, not black")
        same(given[0], pictured, f"the label map is right, the image: {hint}")


def _moved(image, label, down, right):
    """Pixel by pixel: the place each comes from, or the nearest there is."""
    (h, w), pictured, labelled = label.shape, image.copy(), label.copy()
    for row, col in np.ndindex(h, w):
        y, x = row - down, col - right
        near = min(max(y, 0), h - 1), min(max(x, 0), w - 1)
        pictured[row, col] = image[near]
        labelled[row, col] = label[near] if near == (y, x) else 255
    return pictured, labelled


def whole_gradient(answer):
    cases = {  # pixels of each machine -> what is new
        (4,): "one machine has the whole batch: its gradient stays",
        (3, 3): "wrong for two machines of as many pixels",
        (6, 2): "right for as many pixels each, wrong for 6 and 2",
        (1, 5, 3): "right for two machines, wrong for three",
        (4, 0): "a machine without a pixel has nan, and counts for nothing",
        (0, 2, 0, 7): "right for one machine without a pixel, wrong for two",
    }
    mistakes = {  # what some make of the means of those that have one
        "the mean of the means: pixels count less where many are": _mean,
        "the sum of the means: each is over its own pixels only": sum,
    }
    rng = np.random.default_rng(0)
    for pixels, hint in cases.items():
        each = [rng.standard_normal((count, 2, 3)) for count in pixels]
        everything = np.concatenate(each)  # each pixel's part, (pixels, 2, 3)
        means = [_mean(part) if len(part) else NOTHING for part in each]
        given = [gradient.copy() for gradient in means]
        found = answer(given, list(pixels))
        if not np.array_equal(given, means, equal_nan=True):
            raise Wrong("it changes the arrays it was given: make a new one")
        for mistake, make in mistakes.items():
            made = make([m for m in means if m is not NOTHING])
            if is_same(found, made) and not is_same(made, _mean(everything)):
                raise Wrong(mistake)
        if len(everything) > 1 and is_same(found, sum(everything)):
            raise Wrong("the sum over all pixels: divide by how many they are")
        same(found, _mean(everything), hint)


NOTHING = np.full((2, 3), np.nan)  # the mean over no pixels


def _mean(arrays):
    return sum(arrays) / len(arrays)
