"""Batches of a data set, epoch by epoch, read ahead of training in threads."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from minifcn.data.dataset import VOID, Dataset, Sample
from minifcn.data.images import Preprocessing
from minifcn.data.transforms import Augmentation
from minifcn.errors import InputError

THREADS = 2
LOOK_AHEAD = 3  # batches under way while one is trained on


def collate(samples: Sequence[Sample]) -> Sample:
    """One batch of samples, each a float32 (3, h, w) and its label uint8 (h, w), of any sizes.

    Gives images float32 (N, 3, H, W) and labels uint8 (N, H, W) with H, W the largest height and width.
    Smaller samples lie in the upper left, filled up with 0 (the mean colour) and with void. Labels of whole images, (),
    give (N,).
    """
    images, labels = zip(*samples)
    return _stack(images, 0), _stack(labels, VOID)


def _stack(arrays, fill):
    """Arrays of one number of axes on top of each other, each filled up to the largest extents."""
    extents = np.max([array.shape for array in arrays], axis=0).astype(int)
    stacked = np.full((len(arrays), *extents), fill, dtype=arrays[0].dtype)
    for number, array in enumerate(arrays):
        stacked[(number, *map(slice, array.shape))] = array
    return stacked


class Batches:
    """The batches of a data set.

    batch_size     images a batch; an epoch's last batch holds what is left
    preprocessing  makes the network's input of an image (`images.Preprocessing`)
    augment        None, or an augmentation of `transforms`
    seed           with the epoch's number it fixes the order, with the sample's index as well it fixes
                   the sample's augmentation: nothing depends on what was read before, so that a run
                   that is resumed sees the same batches
    shuffle        False: the order of the data set
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int,
        preprocessing: Preprocessing,
        augment: Augmentation | None = None,
        seed: int = 0,
        shuffle: bool = True,
    ):
        if batch_size < 1:
            raise InputError(f"batch size is {batch_size}, expected at least 1")
        if seed < 0:
            raise InputError(f"seed is {seed}, expected 0 or more")
        self.dataset = dataset
        self.batch_size = batch_size
        self.preprocessing = preprocessing
        self.augment = augment
        self.seed = seed
        self.shuffle = shuffle

    def __len__(self) -> int:
        """Batches in an epoch."""
        return -(-len(self.dataset) // self.batch_size)

    def epoch(self, number: int, start: int = 0) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Iterates over (images, labels, indices) of epoch `number`, from batch `start` on.

        images and labels as `collate` gives them, indices (N,) the samples' places in the data set.
        An error while a sample is read is raised here, at its batch. Leaving the loop ends the threads.
        """
        order = self._order(number)
        groups = [order[i : i + self.batch_size] for i in range(0, len(order), self.batch_size)][start:]
        pool = ThreadPoolExecutor(THREADS, thread_name_prefix="minifcn-data")
        waiting: deque = deque()
        try:
            for indices in groups:
                waiting.append((indices, [pool.submit(self._sample, number, int(i)) for i in indices]))
                if len(waiting) > LOOK_AHEAD:
                    yield _finish(*waiting.popleft())
            while waiting:
                yield _finish(*waiting.popleft())
        finally:
            pool.shutdown(cancel_futures=True)

    def _order(self, number):
        """The samples' indices in the order of epoch `number`."""
        if not self.shuffle:
            return np.arange(len(self.dataset))
        return self._rng(number, 0).permutation(len(self.dataset))

    def _sample(self, number, index):
        """Sample `index` as epoch `number` sees it: (float32 (3, h, w), uint8 (h, w))."""
        image, label = self.dataset[index]
        if self.augment is not None:
            image, label = self.augment(image, label, self._rng(number, 1, index))
        return self.preprocessing(image), label

    def _rng(self, number, *purpose):
        # The purpose comes before the index, since seeds that differ by zeros at the end are the same seed.
        return np.random.default_rng([self.seed, number, *purpose])


def _finish(indices, futures):
    """A batch of the samples that threads are reading."""
    return *collate([future.result() for future in futures]), indices
