"""Typical wrong answers to lesson 14's exercises, and a part of the hint that each must get."""

import numpy as np


def step(weights, velocities, gradients, lr, momentum, decay, rate=2, bias_decay=0, sign=-1):
    new_weights, new_velocities = {}, {}
    for name, w in weights.items():
        bias = name.endswith(".bias")
        new_velocities[name] = momentum * velocities[name] + gradients[name] + (bias_decay if bias else decay) * w
        new_weights[name] = w + sign * (rate * lr if bias else lr) * new_velocities[name]
    return new_weights, new_velocities


def uphill(*arguments):
    return step(*arguments, sign=1)


def momentum_ignored(weights, velocities, gradients, lr, momentum, decay):
    return step(weights, velocities, gradients, lr, 0, decay)


def gradient_averaged(weights, velocities, gradients, lr, momentum, decay):
    gradients = {name: (1 - momentum) * g for name, g in gradients.items()}
    return step(weights, velocities, gradients, lr, momentum, decay)


def decay_ignored(weights, velocities, gradients, lr, momentum, decay):
    return step(weights, velocities, gradients, lr, momentum, 0)


def rate_in_the_velocity(weights, velocities, gradients, lr, momentum, decay):
    velocities = {name: v / lr for name, v in velocities.items()}
    new_weights, new_velocities = step(weights, velocities, gradients, lr, momentum, decay)
    return new_weights, {name: lr * v for name, v in new_velocities.items()}


def biases_as_weights(*arguments):
    return step(*arguments, rate=1, bias_decay=arguments[-1])


def biases_decay(*arguments):
    return step(*arguments, bias_decay=arguments[-1])


def only_the_weights(*arguments):
    return step(*arguments)[0]


def in_place(weights, *arguments):
    new_weights, new_velocities = step(weights, *arguments)
    for name in weights:
        weights[name][...] = new_weights[name]
    return weights, new_velocities


def divided_by_the_pixels(lr, momentum, pixels, new_momentum):
    return lr / pixels * (1 - new_momentum) / (1 - momentum)


def momentums_ignored(lr, momentum, pixels, new_momentum):
    return lr * pixels


def new_momentum_ignored(lr, momentum, pixels, new_momentum):
    return lr * pixels / (1 - momentum)


def momentums_exchanged(lr, momentum, pixels, new_momentum):
    return lr * pixels * (1 - momentum) / (1 - new_momentum)


def shifted(image, label, down, right, void=255, mode="edge"):
    (h, w), m = label.shape, 9
    image = np.pad(image, ((m, m), (m, m), (0, 0)), mode=mode)
    label = np.pad(label, m, constant_values=void)
    window = np.s_[m - down : m - down + h, m - right : m - right + w]
    return image[window], label[window]


def rolled(image, label, down, right):
    return np.roll(image, (down, right), (0, 1)), np.roll(label, (down, right), (0, 1))


def background_comes_in(*arguments):
    return shifted(*arguments, void=0)


def black_comes_in(*arguments):
    return shifted(*arguments, mode="constant")


def the_wrong_way(image, label, down, right):
    return shifted(image, label, -down, -right)


def only_to_the_right(image, label, down, right):
    return shifted(image, label, max(down, 0), max(right, 0))


def only_the_label(*arguments):
    return shifted(*arguments)[1]


def the_image_stays(image, *arguments):
    return image, shifted(image, *arguments)[1]


def mean_of_means(gradients, pixels):
    return np.mean([g for p, g in zip(pixels, gradients) if p], axis=0)


def sum_of_means(gradients, pixels):
    return sum(g for p, g in zip(pixels, gradients) if p)


def never_divided(gradients, pixels):
    return sum(p * g for p, g in zip(pixels, gradients) if p)


def nan_everywhere(gradients, pixels):
    return sum(p * g for p, g in zip(pixels, gradients)) / sum(pixels)


def two_machines(gradients, pixels):
    return never_divided(gradients[:2], pixels[:2]) / sum(pixels[:2])


def weighed_in_place(gradients, pixels):
    for p, g in zip(pixels, gradients):
        g *= p
    return sum(g for p, g in zip(pixels, gradients) if p) / sum(pixels)


MUTANTS = {
    "sgd_step": {
        uphill: "uphill",
        momentum_ignored: "right without momentum, wrong with momentum 0.9",
        gradient_averaged: "right without momentum, wrong with momentum 0.9",
        decay_ignored: "right without decay",
        rate_in_the_velocity: "the velocity is not",
        biases_as_weights: "right for weights; for biases wrong without momentum",
        biases_decay: "right for weights; for biases right without decay",
        only_the_weights: "return two dicts",
        in_place: "it changes the arrays",
    },
    "equal_rate": {
        divided_by_the_pixels: "`pixels` times",
        momentums_ignored: "wrong from 0.9 to 0",
        new_momentum_ignored: "with the same momentum only the pixels count",
        momentums_exchanged: "wrong from 0.9 to 0",
    },
    "shift": {
        rolled: "comes in on the other",
        background_comes_in: "not class 0",
        black_comes_in: "not black",
        the_wrong_way: "moved the wrong way",
        only_to_the_right: "a negative shift",
        only_the_label: "return both",
        the_image_stays: "the label map is right, the image: wrong for 2 columns",
    },
    "whole_gradient": {
        mean_of_means: "the mean of the means",
        sum_of_means: "the sum of the means",
        never_divided: "the sum over all pixels",
        nan_everywhere: "a machine without a pixel has nan",
        two_machines: "wrong for three",
        weighed_in_place: "it changes the arrays",
    },
}
