"""Answers to lesson 14's exercises."""

import numpy as np


def sgd_step(weights, velocities, gradients, lr, momentum, decay):
    new_weights, new_velocities = {}, {}
    for name, w in weights.items():
        bias = name.endswith(".bias")
        d = gradients[name] + (0 if bias else decay * w)
        v = momentum * velocities[name] + d
        new_weights[name] = w - (2 * lr if bias else lr) * v
        new_velocities[name] = v
    return new_weights, new_velocities


def equal_rate(lr, momentum, pixels, new_momentum):
    in_the_long_run = lr * pixels / (1 - momentum)
    return in_the_long_run * (1 - new_momentum)


def shift(image, label, down, right):
    (h, w), m = label.shape, max(abs(down), abs(right))
    image = np.pad(image, ((m, m), (m, m), (0, 0)), mode="edge")
    label = np.pad(label, m, constant_values=255)
    rows, columns = (
        slice(m - down, m - down + h),
        slice(m - right, m - right + w),
    )
    return image[rows, columns], label[rows, columns]


def whole_gradient(gradients, pixels):
    there = [(p, g) for p, g in zip(pixels, gradients) if p > 0]
    return sum(p * g for p, g in there) / sum(pixels)
