"""Answers to lesson 1's exercises."""

import numpy as np


def box_iu(first, second):
    (top1, left1, height1, width1), (top2, left2, height2, width2) = (
        first,
        second,
    )
    rows = min(top1 + height1, top2 + height2) - max(top1, top2)
    cols = min(left1 + width1, left2 + width2) - max(left1, left2)
    both = max(rows, 0) * max(cols, 0)
    return both / (height1 * width1 + height2 * width2 - both)


def confusion(predicted, actual, n_class):
    counted = actual != 255
    actual = actual[counted].astype(int)  # uint8 would overflow below
    pairs = actual * n_class + predicted[counted]
    counts = np.bincount(pairs, minlength=n_class**2)
    return counts.reshape(n_class, n_class)


def four_metrics(counts):
    hits, t = np.diag(counts), counts.sum(axis=1)
    union = t + counts.sum(axis=0) - hits
    real, present = t > 0, union > 0
    iu = hits[present] / union[present]
    return (
        hits.sum() / t.sum(),
        (hits[real] / t[real]).mean(),
        iu.mean(),
        (t[present] * iu).sum() / t.sum(),
    )
