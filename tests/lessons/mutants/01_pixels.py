"""Typical wrong answers to lesson 1's exercises, and a part of the hint that each must get."""

import numpy as np


def overlap(first, second, least=0):
    """Rows and columns that two boxes share."""
    ends = np.add(first[:2], first[2:]), np.add(second[:2], second[2:])
    return np.maximum(np.minimum(*ends) - np.maximum(first[:2], second[:2]), least)


def area(box):
    return box[2] * box[3]


def both_counted_twice(first, second):
    return overlap(first, second).prod() / (area(first) + area(second))


def negative_where_apart(first, second):
    both = overlap(first, second, least=-99).prod()
    return both / (area(first) + area(second) - both)


def minus_times_minus(first, second):
    both = max(overlap(first, second, least=-99).prod(), 0)
    return both / (area(first) + area(second) - both)


def of_the_smaller_box(first, second):
    return overlap(first, second).prod() / min(area(first), area(second))


def height_and_width_swapped(first, second):
    return overlap_ratio((*first[:2], first[3], first[2]), (*second[:2], second[3], second[2]))


def overlap_ratio(first, second):
    both = overlap(first, second).prod()
    return both / (area(first) + area(second) - both)


def counted(predicted, actual, n_class):
    """Right, by another road than the solution's."""
    classes = np.arange(n_class)
    return np.einsum("ip,jp->ij", actual.ravel() == classes[:, None], predicted.ravel() == classes[:, None], dtype=int)


def transposed(predicted, actual, n_class):
    return counted(predicted, actual, n_class).T


def void_as_background(predicted, actual, n_class):
    return counted(predicted, np.where(actual == 255, 0, actual), n_class)


def void_as_a_class(predicted, actual, n_class):
    pairs = n_class * actual.astype(int).ravel() + predicted.ravel()
    return np.bincount(pairs, minlength=n_class**2).reshape(n_class, n_class)


def only_classes_that_occur(predicted, actual, n_class):
    return counted(predicted, actual, int(actual[actual != 255].max()) + 1)


def overflow(predicted, actual, n_class):
    with np.errstate(all="ignore"):
        pairs = (actual * np.uint8(n_class) + predicted)[actual != 255]
    return np.bincount(pairs, minlength=n_class**2).reshape(n_class, n_class)


def parts(counts):
    hits, t = np.diag(counts), counts.sum(axis=1)
    return hits, t, hits / t, hits / (t + counts.sum(axis=0) - hits)


def absent_as_nan(counts):
    hits, t, accuracy, iu = parts(counts)
    return hits.sum() / t.sum(), accuracy.mean(), iu.mean(), (t * iu).sum() / t.sum()


def absent_as_zero(counts):
    hits, t, accuracy, iu = parts(counts)
    accuracy, iu = np.nan_to_num(accuracy), np.nan_to_num(iu)
    return hits.sum() / t.sum(), accuracy.mean(), iu.mean(), (t * iu).sum() / t.sum()


def only_true_classes_in_the_mean_iu(counts):
    hits, t, accuracy, iu = parts(counts)
    weighted = np.nansum(t * iu) / t.sum()
    return hits.sum() / t.sum(), np.nanmean(accuracy), iu[t > 0].mean(), weighted


def precision(counts):
    hits, t, _, iu = parts(counts)
    return hits.sum() / t.sum(), np.nanmean(hits / counts.sum(axis=0)), np.nanmean(iu), np.nansum(t * iu) / t.sum()


def union_with_the_hits_twice(counts):
    hits, t, accuracy, _ = parts(counts)
    iu = hits / (t + counts.sum(axis=0))
    return hits.sum() / t.sum(), np.nanmean(accuracy), np.nanmean(iu), np.nansum(t * iu) / t.sum()


def three_numbers(counts):
    return absent_as_nan(counts)[:3]


def counted_by_arrays_of_indices(predicted, actual, n_class):
    counts = np.zeros((n_class, n_class))
    counts[actual, predicted] += 1
    return counts


MUTANTS = {
    "box_iu": {
        both_counted_twice: "only once",
        negative_where_apart: "boxes apart along one axis",
        minus_times_minus: "boxes apart along both axes",
        of_the_smaller_box: "wrong where one box is beside the other",
        height_and_width_swapped: "sides that differ",
    },
    "confusion": {
        counted_by_arrays_of_indices: "use np.add.at",
        transposed: "rows are the actual classes",
        void_as_background: "right without void",
        void_as_a_class: "right without void; pixels whose truth is 255 count nowhere; ValueError: ",
        only_classes_that_occur: "the shape is (3, 3), expected (5, 5); classes that do not occur",
        overflow: "uint8",
    },
    "four_metrics": {
        absent_as_nan: "mean accuracy is wrong for a class in neither",
        absent_as_zero: "mean accuracy is wrong for a class in neither",
        only_true_classes_in_the_mean_iu: "mean IU is wrong for a class that is predicted but not in the truth",
        precision: "*true* pixels",
        union_with_the_hits_twice: "mean IU is wrong for two classes",
        three_numbers: "return the four numbers",
    },
}
