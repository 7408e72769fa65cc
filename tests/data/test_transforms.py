import numpy as np
import pytest

from minifcn.data import compose, crop, jitter, mirror
from minifcn.errors import InputError

H, W = 5, 7
LABEL = np.arange(H * W, dtype=np.uint8).reshape(H, W)  # each pixel tells where it came from
IMAGE = np.stack([LABEL, LABEL + 100, LABEL + 200], axis=-1)


def moved_together(image, label):
    """Every pixel that is not void has the image's pixel of the same place."""
    known = label != 255
    return all((image[known][:, n] == label[known] + 100 * n).all() for n in range(3))


def results(augmentation, n=200):
    return [augmentation(IMAGE, LABEL, np.random.default_rng(seed)) for seed in range(n)]


def test_mirror_swaps_half_of_the_time():
    swapped = 0
    for image, label in results(mirror):
        assert moved_together(image, label)
        if not np.array_equal(label, LABEL):
            np.testing.assert_array_equal(label, LABEL[:, ::-1])
            swapped += 1
    assert 70 < swapped < 130


def test_crop_is_a_window_at_any_place():
    corners = set()
    for image, label in results(crop((4, 3))):
        assert (image.shape, label.shape) == ((4, 3, 3), (4, 3))
        assert moved_together(image, label)
        assert (label != 255).all()
        corners.add(divmod(int(label[0, 0]), W))
        np.testing.assert_array_equal(label, label[0, 0] + np.arange(4)[:, None] * W + np.arange(3))
    assert corners == {(top, left) for top in range(2) for left in range(5)}


def test_crop_of_a_smaller_pair_is_filled_at_its_bottom_and_right():
    for image, label in results(crop(6), n=20):
        assert (image.shape, label.shape) == ((6, 6, 3), (6, 6))
        assert moved_together(image, label)
        assert (label[:5] != 255).all()
        assert (label[5] == 255).all()
        np.testing.assert_array_equal(image[5], image[4])  # the edge goes on


def test_jitter_moves_both_ways_and_keeps_the_size():
    shifts = set()
    for image, label in results(jitter(2)):
        assert (image.shape, label.shape) == ((H, W, 3), (H, W))
        assert moved_together(image, label)
        y, x = np.argwhere(label == LABEL[2, 3])[0]  # the middle stays in sight
        shifts.add((int(y) - 2, int(x) - 3))
        assert np.count_nonzero(label == 255) == H * W - (H - abs(y - 2)) * (W - abs(x - 3))
    assert shifts == {(y, x) for y in range(-2, 3) for x in range(-2, 3)}


def test_jitter_by_nothing_changes_nothing():
    image, label = jitter(0)(IMAGE, LABEL, np.random.default_rng(0))
    np.testing.assert_array_equal(label, LABEL)
    np.testing.assert_array_equal(image, IMAGE)


def test_compose_applies_all_in_turn():
    first = lambda image, label, rng: (image + 1, label * 2)  # noqa: E731
    second = lambda image, label, rng: (image * 2, label + 3)  # noqa: E731
    image, label = compose(first, second)(np.array([5]), np.array([7]), None)
    assert (image[0], label[0]) == (12, 17)


@pytest.mark.parametrize("augmentation", [mirror, crop((4, 3)), crop(9), jitter(3)])
def test_augmentations_leave_their_input_alone_and_repeat_with_their_seed(augmentation):
    image, label = IMAGE.copy(), LABEL.copy()
    one = augmentation(image, label, np.random.default_rng(4))
    np.testing.assert_array_equal(image, IMAGE)
    np.testing.assert_array_equal(label, LABEL)
    for a, b in zip(one, augmentation(image, label, np.random.default_rng(4))):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("make", [lambda: crop(0), lambda: crop((4, -1)), lambda: jitter(-1)])
def test_impossible_augmentations_are_refused(make):
    with pytest.raises(InputError, match=r"(crop|jitter): .*expected"):
        make()
