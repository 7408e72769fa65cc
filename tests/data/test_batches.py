import gc
import threading
import time

import numpy as np
import pytest

from minifcn.data import Batches, Dataset, Preprocessing, collate, compose, jitter, mirror
from minifcn.data.batches import LOOK_AHEAD, THREADS, extend
from minifcn.errors import InputError

AS_IT_IS = Preprocessing((0, 0, 0), (1, 1, 1))
AUGMENT = compose(mirror, jitter(2))


class Numbered(Dataset):
    """Pairs of random content; the image's first channel is the pair's number. Counts what is read."""

    name = "numbered"
    classes = tuple("abcde")

    def __init__(self, count=11, broken=None, sizes=((5, 7),)):
        self.count, self.broken, self.sizes = count, broken, sizes
        self.read = []

    def __len__(self):
        return self.count

    def load(self, index):
        self.read.append(index)
        if index == self.broken:
            raise InputError(f"pair {index} is broken")
        rng = np.random.default_rng(index)
        size = self.sizes[index % len(self.sizes)]
        image = rng.integers(256, size=(*size, 3), dtype=np.uint8)
        image[:, :, 0] = index % 256
        return image, rng.integers(5, size=size, dtype=np.uint8)


def same(one, other):
    assert len(one) == len(other)
    for a, b in zip(one, other):
        for x, y in zip(a, b):
            np.testing.assert_array_equal(x, y)


@pytest.fixture(autouse=True)
def none_left_of_other_tests():
    """An epoch that an error ended, in whose traceback it lives on, ends its threads when it is collected."""
    gc.collect()


def data_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("minifcn-data")]


def test_collate_fills_smaller_samples_up():
    rng = np.random.default_rng(0)
    samples = [
        (rng.standard_normal((3, h, w)).astype(np.float32), rng.integers(5, size=(h, w), dtype=np.uint8))
        for h, w in ((2, 5), (4, 3))
    ]
    images, labels = collate(samples)
    assert (images.shape, images.dtype, labels.shape, labels.dtype) == ((2, 3, 4, 5), np.float32, (2, 4, 5), np.uint8)
    np.testing.assert_array_equal(images[0, :, :2], samples[0][0])
    np.testing.assert_array_equal(images[1, :, :, :3], samples[1][0])
    np.testing.assert_array_equal(labels[1, :, :3], samples[1][1])
    assert not images[0, :, 2:].any()
    assert not images[1, :, :, 3:].any()
    assert (labels[0, 2:] == 255).all()
    assert (labels[1, :, 3:] == 255).all()


def test_rows_take_on_the_extents_of_a_larger_batch():
    rows = np.arange(12).reshape(2, 2, 3)
    larger = extend(rows, (4, 3), 9)
    np.testing.assert_array_equal(larger[:, :2], rows)
    assert larger.shape == (2, 4, 3) and (larger[:, 2:] == 9).all() and larger.dtype == rows.dtype
    assert extend(rows, (2, 3), 9) is rows
    nothing = collate([])
    assert [len(array) for array in nothing] == [0, 0] and extend(nothing[1], (4, 3), 9) is nothing[1]


def test_an_epoch_may_end_early():
    dataset = Numbered()
    batches = list(Batches(dataset, 2, AS_IT_IS, shuffle=False).epoch(0, 1, 3))
    assert [indices.tolist() for _, _, indices in batches] == [[2, 3], [4, 5]] and sorted(dataset.read) == [2, 3, 4, 5]
    assert not list(Batches(dataset, 2, AS_IT_IS).epoch(0, 2, 2))


def test_an_epoch_shows_every_pair_once_with_its_label():
    dataset = Numbered()
    batches = list(Batches(dataset, 4, AS_IT_IS).epoch(0))
    assert [len(images) for images, _, _ in batches] == [4, 4, 3]
    assert sorted(np.concatenate([indices for _, _, indices in batches])) == list(range(11))
    for images, labels, indices in batches:
        for n, index in enumerate(indices):
            image, label = dataset.load(index)
            np.testing.assert_array_equal(images[n], image.transpose(2, 0, 1))
            np.testing.assert_array_equal(labels[n], label)


@pytest.mark.parametrize(("size", "length"), [(1, 11), (4, 3), (11, 1), (20, 1)])
def test_length_counts_the_batches(size, length):
    batches = Batches(Numbered(), size, AS_IT_IS)
    assert len(batches) == length == len(list(batches.epoch(0)))


def test_more_passes_show_every_pair_again_augmented_anew():
    batches = Batches(Numbered(), 4, AS_IT_IS, AUGMENT, passes=3)
    whole = list(batches.epoch(0))
    assert (batches.samples, len(batches), len(whole)) == (33, 9, 9)
    order = np.concatenate([indices for _, _, indices in whole])
    assert [sorted(order[first : first + 11]) for first in (0, 11, 22)] == [list(range(11))] * 3
    assert order[:11].tolist() != order[11:22].tolist()
    seen = {(int(i), image.tobytes()) for images, _, indices in whole for i, image in zip(indices, images)}
    assert len(seen) > 22
    same(list(batches.epoch(0, start=4)), whole[4:])  # in the middle of the second pass


def test_order_changes_with_epoch_and_seed_and_with_nothing_else():
    def order(seed, epoch, augment=None):
        batches = Batches(Numbered(30), 7, AS_IT_IS, augment=augment, seed=seed)
        return tuple(np.concatenate([indices for _, _, indices in batches.epoch(epoch)]).tolist())

    assert len({order(seed, epoch) for seed in range(3) for epoch in range(3)}) == 9
    assert order(1, 2) == order(1, 2) == order(1, 2, augment=AUGMENT)


def test_without_shuffling_the_order_is_the_data_sets():
    batches = Batches(Numbered(5), 2, AS_IT_IS, shuffle=False)
    for epoch in (0, 3):
        assert np.concatenate([indices for _, _, indices in batches.epoch(epoch)]).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("start", [0, 1, 2, 3])
def test_an_epoch_taken_up_in_its_middle_goes_on_with_the_same_batches(start):
    whole = list(Batches(Numbered(), 4, AS_IT_IS, AUGMENT, seed=3).epoch(5))
    rest = list(Batches(Numbered(), 4, AS_IT_IS, AUGMENT, seed=3).epoch(5, start=start))
    same(rest, whole[start:])


def test_augmentation_depends_on_seed_epoch_and_pair_alone():
    def samples(size, seed, epoch, shuffle=True):
        found = {}
        for images, labels, indices in Batches(Numbered(), size, AS_IT_IS, AUGMENT, seed, shuffle).epoch(epoch):
            found |= {int(i): (image.tobytes(), label.tobytes()) for i, image, label in zip(indices, images, labels)}
        return found

    base = samples(4, seed=0, epoch=0)
    assert samples(3, seed=0, epoch=0, shuffle=False) == base
    for other in (samples(4, seed=1, epoch=0), samples(4, seed=0, epoch=1)):
        assert sum(other[i] == base[i] for i in base) < 4


def test_each_pair_has_an_augmentation_of_its_own():
    class Alike(Numbered):
        def load(self, index):
            return super().load(0)

    (images, _, _) = next(Batches(Alike(40), 40, AS_IT_IS, AUGMENT).epoch(0))
    assert len({image.tobytes() for image in images}) > 20


def test_pairs_of_different_sizes_make_a_batch():
    batches = Batches(Numbered(6, sizes=((5, 7), (8, 4))), 3, AS_IT_IS, shuffle=False)
    for images, labels, indices in batches.epoch(0):
        assert (images.shape, labels.shape) == ((3, 3, 8, 7), (3, 8, 7))
        for image, label, index in zip(images, labels, indices):
            assert np.count_nonzero(label != 255) == (32 if index % 2 else 35)
            np.testing.assert_array_equal(image[0], np.where(label == 255, 0, index))


def test_reading_runs_ahead_but_not_far():
    dataset = Numbered(200)
    epoch = Batches(dataset, 5, AS_IT_IS).epoch(0)
    next(epoch)
    deadline = time.monotonic() + 5
    while len(dataset.read) < 5 * (LOOK_AHEAD + 1) and time.monotonic() < deadline:
        time.sleep(0.001)
    time.sleep(0.05)  # time enough to read more, if anything did
    assert len(dataset.read) == 5 * (LOOK_AHEAD + 1)
    epoch.close()


def test_pairs_are_read_outside_the_callers_thread():
    seen = set()

    class Watched(Numbered):
        def load(self, index):
            seen.add(threading.current_thread())
            return super().load(index)

    list(Batches(Watched(), 4, AS_IT_IS).epoch(0))
    assert threading.current_thread() not in seen


def test_an_error_surfaces_at_its_batch():
    got = []
    with pytest.raises(InputError, match="pair 9 is broken"):
        for batch in Batches(Numbered(30, broken=9), 4, AS_IT_IS, shuffle=False).epoch(0):
            got.append(batch[2].tolist())
    assert got == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert not data_threads()


def test_leaving_the_loop_ends_the_threads_and_the_reading():
    go_on = threading.Event()

    class Halting(Numbered):
        def load(self, index):
            if index >= 5:
                go_on.wait()
            return super().load(index)

    dataset = Halting(1000)
    for _ in Batches(dataset, 5, AS_IT_IS, shuffle=False).epoch(0):
        assert data_threads()
        threading.Timer(0.3, go_on.set).start()  # after the loop was left, while its threads wait
        break
    assert not data_threads()
    assert len(dataset.read) <= 5 + THREADS  # of the 20 that were under way


def test_a_whole_epoch_ends_its_threads():
    list(Batches(Numbered(), 4, AS_IT_IS).epoch(0))
    assert not data_threads()


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"batch_size": 0}, "batch size is 0; expected at least 1"), ({"seed": -2}, "seed is -2; expected at least 0")],
)
def test_bad_settings_are_named(settings, message):
    with pytest.raises(InputError, match=message):
        Batches(Numbered(), **{"batch_size": 4, "preprocessing": AS_IT_IS} | settings)
