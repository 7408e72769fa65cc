"""Data sets, what is done to their pairs, and batches of them."""

from pathlib import Path
from typing import Any

from minifcn.data.balance import class_weights
from minifcn.data.batches import Batches, collate
from minifcn.data.camvid import CamVid
from minifcn.data.dataset import VOID, Dataset, voc_palette
from minifcn.data.dominant import Augmented, dominant
from minifcn.data.images import Preprocessing, predict_image, read_image
from minifcn.data.resizing import Resized
from minifcn.data.sampling import sample_pixels
from minifcn.data.scenes import Scenes
from minifcn.data.transforms import compose, crop, jitter, mirror
from minifcn.data.voc import Voc
from minifcn.errors import InputError

__all__ = ["DATA_SETS", "VOID", "Augmented", "Batches", "CamVid", "Dataset", "Preprocessing", "Scenes", "Voc"]
__all__ += ["class_weights", "collate", "compose", "crop", "dominant", "jitter", "mirror", "open_dataset"]
__all__ += ["Resized", "predict_image", "read_image", "sample_pixels", "voc_palette"]

_IN_FOLDERS = {"camvid": CamVid, "voc": Voc}
DATA_SETS = ("scenes", *_IN_FOLDERS)  # that `open_dataset` knows


def open_dataset(name: str, root: str | Path | None = None, split: str = "train", **scenes: Any) -> Dataset:
    """The data set "scenes", "camvid" or "voc" by its name.

    root    the folder it lies in; scenes are generated and have none
    split   "train", "val" and what else the data set offers
    scenes  size, count and seed, for the scenes alone (see `Scenes`)

    InputError for an unknown name or anything missing in the folder.
    """
    if name == "scenes":
        if root is not None:
            given = f"the data folder {root} was given"
            raise InputError(f"scenes are generated, but {given}: drop it, or name its data set")
        return Scenes(split, **scenes)
    if name not in _IN_FOLDERS:
        raise InputError(f"data set '{name}' is not known, expected scenes, {' or '.join(_IN_FOLDERS)}")
    if scenes:
        raise InputError(f"{', '.join(scenes)}: for scenes alone, data set '{name}' has its own")
    return _IN_FOLDERS[name](root, split)
