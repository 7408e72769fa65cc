"""Which way round masks lie, by the edges of their pictures."""

import numpy as np

from minifcn.data.looking.agreement import WAYS, agreement, better_ways

NOT = np.nan  # a way that does not fit


def test_edges_at_borders_are_compared_with_those_anywhere():
    image, label = np.zeros((64, 80, 3), np.uint8), np.zeros((64, 80), np.uint8)
    image[:, 20:] = 100
    label[:, 20:] = 1
    scores = agreement(image, label)
    # One edge of 100, which the neighbours on its two sides see, too: 3 of 79 places have it; mirrored none.
    np.testing.assert_allclose(scores[:4], [79 / 3, 0, 79 / 3, 0])
    assert np.isnan(scores[4:]).all()  # not square
    assert np.isnan(agreement(image, label * 0)).all()  # no borders


def test_an_edge_between_colours_of_one_brightness_is_one():
    image, label = np.full((64, 80, 3), (200, 40, 40), np.uint8), np.zeros((64, 80), np.uint8)  # Pillow's grey: 87.8
    image[:, 20:] = (40, 120, 50)  # and 88.1
    label[:, 20:] = 1
    np.testing.assert_allclose(agreement(image, label)[:2], [79 / 3, 0])


def scores(as_it_is, mirrored):
    return [as_it_is, mirrored, 0.3, 0.3, *[NOT] * (len(WAYS) - 4)]


def test_a_little_better_is_told_of_most_masks_and_much_better_of_one():
    well, little, much = scores(1.7, 1.5), scores(1.5, 1.7), scores(1.0, 1.6)
    unknown = [NOT] * len(WAYS)
    assert better_ways(np.array([little, little, little, well])).tolist() == [1, 1, 1, 0]
    assert better_ways(np.array([little, well, well, well, unknown])).tolist() == [0] * 5
    assert better_ways(np.array([much, well, well, well, unknown])).tolist() == [1, 0, 0, 0, 0]
    assert better_ways(np.array([scores(0.5, 0.8), well, well])).tolist() == [0] * 3  # nowhere as others agree
    assert better_ways(np.array([unknown])).tolist() == [0]
