"""Data sets, what is done to their pairs, and batches of them.

reading/  one file of somebody's: a photo, a mask, a list; and what it says
sets/     the data sets, one a file
looking/  at a data set, before anything is trained on it
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from minifcn.checks import shown
from minifcn.data.balance import class_weights
from minifcn.data.batches import Batches, collate
from minifcn.data.dataset import VOID, Dataset, voc_palette
from minifcn.data.dominant import Augmented, dominant
from minifcn.data.images import Preprocessing, predict_image
from minifcn.data.reading.photos import read_image
from minifcn.data.resizing import Resized, parse_size
from minifcn.data.sampling import sample_pixels
from minifcn.data.sets.ade20k import Ade20k
from minifcn.data.sets.camvid import CamVid
from minifcn.data.sets.cityscapes import Cityscapes
from minifcn.data.sets.collection import Collection, Options
from minifcn.data.sets.folder import Folder
from minifcn.data.sets.labelme_converted import open_labelme
from minifcn.data.sets.nyud import Nyud
from minifcn.data.sets.panoptic import Panoptic, open_coco
from minifcn.data.sets.pascal_context import PascalContext
from minifcn.data.sets.sbd import Sbd, VocSbd
from minifcn.data.sets.scenes import Scenes
from minifcn.data.sets.siftflow import SiftFlow
from minifcn.data.sets.voc import Voc
from minifcn.data.transforms import compose, crop, jitter, mirror
from minifcn.errors import InputError

__all__ = [
    "DATA_SETS",
    "VOID",
    "Augmented",
    "Batches",
    "CamVid",
    "Dataset",
    "Folder",
    "Options",
    "Preprocessing",
    "Scenes",
    "Voc",
]
__all__ += [
    "class_weights",
    "collate",
    "compose",
    "crop",
    "dominant",
    "jitter",
    "mirror",
    "open_dataset",
    "open_splits",
]
__all__ += ["Resized", "predict_image", "read_image", "sample_pixels", "voc_palette"]

# Those whose classes and lists are published:
_FIXED: dict[str, Callable[..., Dataset]] = {"camvid": CamVid, "voc": Voc, "sbd": Sbd, "voc-sbd": VocSbd}
_FIXED |= {"cityscapes": Cityscapes, "ade20k": Ade20k, "pascal-context": PascalContext, "nyudv2": Nyud}
_FIXED |= {"siftflow": SiftFlow}
# Those of whose classes and split there is more to tell (`Options`):
_OWN: dict[str, Callable[..., Dataset]] = {"folder": Folder, "labelme": open_labelme, "coco": open_coco}
_OWN |= {"coco-panoptic": Panoptic}
DATA_SETS = ("scenes", *_OWN, *_FIXED)  # that `open_dataset` knows


def open_dataset(name: str, root: str | Path | None = None, split: str = "train", **more: Any) -> Dataset:
    """A data set by its name, one of DATA_SETS.

    root    the folder it lies in; scenes are generated and have none
    split   "train", "val" and what else the data set offers
    more    size, count and seed for scenes (see `Scenes`); what is told of one's own pictures (see `Options`)

    InputError for an unknown name or anything missing in the folder.
    """
    if not isinstance(name, str) or name not in DATA_SETS:
        raise InputError(f"data set {shown(name)} is not known, expected one of {', '.join(DATA_SETS)}")
    if name in _OWN:
        return _OWN[name](root, split, **more)
    if told := [option for option in more if name in _FIXED or option in Options._fields]:
        raise InputError(f"{', '.join(told)}: data set '{name}' has its own, leave it out: it is for {', '.join(_OWN)}")
    if name in _FIXED:
        return _FIXED[name](root, split)
    if root is not None:
        raise InputError(
            f"scenes are generated, but the data folder {shown(root)} was given: drop it, or name its data set"
        )
    return Scenes(split, **more)


def open_splits(
    name: str,
    root: str | Path | None,
    splits: Sequence[str] = ("train", "val"),
    size: str | None = None,
    lists: dict[str, list[str]] | None = None,
    **more: Any,
) -> list[Dataset]:
    """Splits of one data set, as `open_dataset` opens them; a folder of one's own is looked at but once.

    size   brings images and labels to it (`resizing.parse_size`)
    lists  {split: names of its pairs}, as a run once parted a folder of one's own
    """
    if not isinstance(splits, (tuple, list)) or not splits:
        raise InputError(f"splits are {shown(splits)}, expected a list of names, one at least")
    sides = None if size is None else parse_size(size)
    first = open_dataset(name, root, splits[0], **more)
    if isinstance(first, Collection):
        first = first.with_splits(lists) if lists else first
        datasets: list[Dataset] = [first.with_split(split) for split in splits]
    else:
        datasets = [first, *(open_dataset(name, root, split, **more) for split in splits[1:])]
    return [Resized(dataset, sides) for dataset in datasets] if sides else datasets
