"""What a training takes of the host's memory at the least: told before any of it is taken, since it follows from sizes.

A system that promises more memory than it has ends a process that then uses it, without a word.
"""

import math
from typing import TYPE_CHECKING

import numpy as np

from minifcn.backend.memory import check_room
from minifcn.data import Dataset, Resized
from minifcn.data.resizing import resized
from minifcn.errors import InputError
from minifcn.models.summary import summarize

if TYPE_CHECKING:
    from minifcn.training.trainer import Trainer

BYTES = np.dtype("float32").itemsize


def check_memory(trainer: "Trainer") -> None:
    """Raise NoRoom, a MemoryError, where the weights or the maps of a step are sure to take more than is free."""
    settings, on_host = trainer.settings, trainer.device == "cpu"
    kinds = 3 if on_host else 1  # weights, their gradients and velocities
    weights = sum(BYTES * p.size * (kinds if p.trainable else 1) for p in trainer.model.parameters())
    check_room(weights, "the network's weights, gradients and velocities", "width", "fc_channels", "image_size", "crop")
    images = min(settings.batch_size, len(trainer.training))
    images = max(1, images // trainer.group.size)  # of this process, about
    height, width = _shape(trainer.training, settings.crop)
    what = f"{images} image{'s' * (images > 1)} of {width}x{height} pixels"
    check_room(BYTES * images * 3 * height * width, what, "batch_size", "crop", "size")
    if on_host:
        maps = BYTES * images * _map_numbers(trainer, (height, width))
        check_room(maps, f"the maps of {what}", "batch_size", "crop", "size", "padding", "width", "fc_channels")


def _shape(dataset: Dataset, crop: int | None) -> tuple[int, int]:
    """(height, width) of an image that is trained on, the first where they differ; it is not brought to its size."""
    if crop is not None:
        return crop, crop
    if isinstance(dataset, Resized):
        return resized(dataset.size, dataset.dataset[0][0].shape[:2])
    return dataset[0][0].shape[:2]


def _map_numbers(trainer, shape):
    """Numbers in the maps of an image that are there at once: all, or the largest where not all are kept."""
    try:
        maps = [math.prod(row.output) for row in summarize(trainer.model, shape)]
    except InputError:  # too small an image: the first step says so, and how large it must be
        return 0
    return max(maps) if trainer.settings.recompute or trainer.settings.freeze else sum(maps)
