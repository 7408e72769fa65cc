"""Answers to lesson 11's exercises."""

import numpy as np


def cut_patches(image, labels, field, stride):
    places = np.argwhere(labels != 255)
    patches = [
        image[:, i * stride :, j * stride :][:, :field, :field]
        for i, j in places
    ]
    return np.array(patches), labels[labels != 255]


def sampled_gradient(scores, labels, weights):
    counted = labels != 255
    classes = np.where(counted, labels, 0)
    e = np.exp(scores - scores.max(axis=0))
    softmax = e / e.sum(axis=0)
    one_hot = np.arange(len(scores))[:, None, None] == classes
    return counted * weights[classes] * (softmax - one_hot)


def class_weights(labels, n_class):
    pixels, room = np.zeros(n_class), np.zeros(n_class)
    for label in labels:
        for c in range(n_class):
            count = (label == c).sum()
            if count:
                pixels[c] += count
                room[c] += (label != 255).sum()
    weights, shown = np.ones(n_class), pixels > 0
    frequency = pixels[shown] / room[shown]
    weights[shown] = np.median(frequency) / frequency
    return weights
