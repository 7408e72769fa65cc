"""Batches of a data set, epoch by epoch, read ahead of training in threads."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import numpy as np

from minifcn.backend import Array
from minifcn.checks import flag, function, instance, is_array, shown, whole
from minifcn.data.dataset import VOID, Dataset, Sample, check_dataset
from minifcn.data.images import Preprocessing
from minifcn.data.transforms import Augmentation
from minifcn.errors import InputError
from minifcn.machines import ALONE, Group

THREADS = 2
LOOK_AHEAD = 3  # batches under way while one is trained on


def collate(samples: Sequence[Sample]) -> Sample:
    """One batch of samples, each a float32 (3, h, w) and its label uint8 (h, w), of any sizes.

    Gives images float32 (N, 3, H, W) and labels uint8 (N, H, W) with H, W the largest height and width. Smaller samples
    lie in the upper left, filled up with 0 (the mean colour) and with void. Labels of whole images, (), give (N,).
    No samples give arrays with no rows, and no extents.
    """
    for one in instance(samples, "collate: samples", (list, tuple), "a list of (image, label)"):
        if not isinstance(one, tuple) or len(one) != 2 or not all(map(is_array, one)):
            raise InputError(f"collate: a sample is {shown(one)}, expected (image, label)")
    if not samples:
        return np.empty((0, 3, 0, 0), np.float32), np.empty((0, 0, 0), np.uint8)
    images, labels = zip(*samples)
    return _stack(images, 0), _stack(labels, VOID)


def _stack(arrays, fill, extents=None):
    """Arrays of one number of axes on top of each other, each filled up to the extents, or else to the largest."""
    extents = np.max([array.shape for array in arrays], axis=0).astype(int) if extents is None else extents
    stacked = np.full((len(arrays), *extents), fill, dtype=arrays[0].dtype)
    for number, array in enumerate(arrays):
        stacked[(number, *map(slice, array.shape))] = array
    return stacked


def extend(array: Array, extents: Sequence[int], fill: float) -> Array:
    """A batch (N, ...) filled up to these extents as `collate` does; as it is where it has them, or no rows."""
    return array if array.shape[1:] == tuple(extents) or not len(array) else _stack(array, fill, extents)


@dataclass(eq=False)
class Batches:
    """The batches of a data set; `len` of it is how many an epoch has.

    batch_size     images a batch; an epoch's last batch holds what is left
    preprocessing  makes the network's input of an image
    seed           with the epoch's number it fixes the order, with the sample's index as well it fixes
                   the sample's augmentation: nothing depends on what was read before, so that a run
                   that is resumed sees the same batches
    shuffle        False: the order of the data set
    passes         an epoch shows each sample so many times, every time augmented anew
    group          the processes that share out the images of
    accumulate     batches, a step's: each gets a run of them, which may begin and end within a batch
    """

    dataset: Dataset
    batch_size: int
    preprocessing: Preprocessing
    augment: Augmentation | None = None
    seed: int = 0
    shuffle: bool = True
    passes: int = 1
    group: Group = ALONE
    accumulate: int = 1

    def __post_init__(self):
        check_dataset(self.dataset, "Batches")
        whole(self.batch_size, "batch size", 1)
        function(self.preprocessing, "Batches: preprocessing", "a Preprocessing")
        if self.augment is not None:
            function(self.augment, "Batches: augment", "a function of image, label and rng")
        whole(self.seed, "seed", most=None)
        flag(self.shuffle, "Batches: shuffle")
        whole(self.passes, "Batches: passes", 1)
        instance(self.group, "Batches: group", Group, "a Group of processes")
        whole(self.accumulate, "Batches: accumulate", 1)

    def __len__(self) -> int:
        return -(-self.samples // self.batch_size)

    @property
    def samples(self) -> int:
        """How many samples an epoch has."""
        return len(self.dataset) * self.passes

    def epoch(
        self, number: int, start: int = 0, stop: int | None = None
    ) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Iterates over (images, labels, indices) of epoch `number`, from batch `start` on, up to `stop` or the end.

        images and labels as `collate` gives them, indices (N,) the samples' places in the data set; of several
        processes each reads and gets its own samples of a batch alone, which may be none.
        An error while a sample is read is raised here, at its batch. Leaving the loop ends the threads.
        InputError, at the call, for an epoch or a batch below 0, and for a `stop` before `start`.
        """
        whole(number, "epoch: number", most=None)
        whole(start, "epoch: start")
        if stop is not None:
            whole(stop, "epoch: stop", start)
        return self._epoch(number, start, stop)

    def _epoch(self, number, start, stop):
        n, rng = len(self.dataset), self._rng(number, 0)
        looks = [rng.permutation(n) if self.shuffle else np.arange(n) for _ in range(self.passes)]
        order = np.concatenate([n * look + samples for look, samples in enumerate(looks)])
        groups = (order[own] for own in islice(self._own(start, len(order)), None if stop is None else stop - start))
        waiting: deque = deque()
        pool = ThreadPoolExecutor(THREADS, thread_name_prefix="minifcn-data")
        try:
            while True:
                for group in islice(groups, LOOK_AHEAD + 1 - len(waiting)):
                    waiting.append((group % n, [pool.submit(self._sample, number, int(i)) for i in group]))
                if not waiting:
                    return
                indices, futures = waiting.popleft()
                yield *collate([future.result() for future in futures]), indices
        finally:
            pool.shutdown(cancel_futures=True)

    def _own(self, start, samples):
        """The slice of the epoch's samples that this process has of each batch, from batch `start` on."""
        size, step = self.batch_size, self.batch_size * self.accumulate
        for first in range(start * size, samples, step):
            share = self.group.share(min(step, samples - first))
            for batch in range(first, min(first + step, samples), size):
                yield slice(max(batch, first + share.start), min(batch + size, first + share.stop))

    def _sample(self, number, index):
        """Sample `index`, counted on over the passes, as epoch `number` sees it: (float32 (3, h, w), uint8 (h, w))."""
        image, label = self.dataset[index % len(self.dataset)]
        if self.augment is not None:
            image, label = self.augment(image, label, self._rng(number, 1, index))
        return self.preprocessing(image), label

    def _rng(self, number, *purpose):
        # The purpose comes before the index, since seeds that differ by zeros at the end are the same seed.
        return np.random.default_rng([self.seed, number, *purpose])
