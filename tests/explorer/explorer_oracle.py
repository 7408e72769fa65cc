"""What minifcn answers for some settings of a convolution: the explorer's page must say the same."""

import itertools
import random
from unittest import mock

import numpy as np

from minifcn.convolution import SEVEN_CASES, relationship, symbolic_conv_matrix
from minifcn.errors import InputError
from minifcn.pictures import sliding
from minifcn.pictures.colours import entry_colours

NAMES = ("input", "kernel", "stride", "padding", "dilation")
RANGES = (range(1, 10), range(1, 8), range(1, 6), range(7), range(1, 5))  # of the page's sliders


def answers(count, refused):
    """Those to the slides' seven cases, to `count` other settings, and to some that are refused, as JSON holds them."""
    cases = [(c.input, c.kernel, c.stride, c.padding, c.dilation) for c in SEVEN_CASES]
    drawn = random.Random(1).sample(list(itertools.product(*RANGES)), 3 * (count + refused))
    told = [answer(numbers) for numbers in cases]
    for numbers in drawn:
        reach = numbers[4] * (numbers[1] - 1) + 1
        fits = reach <= numbers[0] + 2 * numbers[3]
        if (count if fits else refused) > 0:
            told.append(answer(numbers))
            count, refused = count - fits, refused - (not fits)
    return told


def answer(numbers):
    """Everything about one setting."""
    told = {"setting": dict(zip(NAMES, numbers))}
    try:
        case = relationship(*numbers)
    except InputError as error:
        return told | {"refusal": str(error)}
    with mock.patch.object(sliding, "check_legible"):  # the page goes further than a picture in print
        there, back = sliding.sliding_convolution(case), sliding.sliding_transposed(case)
    matrix = symbolic_conv_matrix(case.kernel, *numbers[:1], *numbers[2:])
    weights, image = sliding.example_kernel(case.kernel), sliding._fill(np.ones(case.input, bool))
    y = matrix.at(weights[None, None]) @ image.ravel()
    small = case.output <= sliding.MOST_PIXELS  # else Python takes long to find it
    seen = matrix.numbers.any(axis=0).reshape(case.input, case.input).any(axis=0)
    return told | {
        "refusal": None,
        "sizes": {
            "reach": case.window.reach,
            "output": case.output,
            "unseen": case.unseen,
            "zerosBetween": case.zeros_between,
            "stretched": case.stretched,
            "transposedPadding": case.transposed_padding,
            "transposedOutput": case.transposed_output,
        },
        "name": case.name,
        "inputs": list(case.window.possible_sizes(case.output)),
        "neverSeen": np.flatnonzero(~seen).tolist(),
        "matrix": matrix.numbers.tolist(),
        "compact": matrix.compact(),
        "padded": there.kinds.tolist(),
        "stretched": back.kinds.tolist(),
        "windows": {n: _taps(there.step(n)) for n in {0, case.output**2 // 2, case.output**2 - 1}},
        "turned": {n: _taps(back.step(n)) for n in {0, case.input**2 // 2, case.input**2 - 1}},
        "telling": list(there.step(there.telling).pixel) if small else None,
        "weights": weights.ravel().tolist(),
        "image": image.ravel().tolist(),
        "y": y.tolist(),
        "back": (matrix.T.at(weights[None, None]) @ y).tolist(),
        "colours": entry_colours(case.kernel**2)[1:].tolist(),
    }


def _taps(step):
    return [[*product.cell, product.entry] for product in step.products]
