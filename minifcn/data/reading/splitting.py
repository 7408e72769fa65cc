"""Which pictures train and which validate, where no list says so."""

import hashlib
from collections.abc import Sequence

from minifcn.errors import InputError

VAL_SHARE = 0.2
SPLITS = ("train", "val")
# What lists and folders call a split.
SPLIT_NAMES = {"train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val"}
SPLIT_NAMES |= {"test": "test", "testing": "test"}


def share_of(name: str, seed: int) -> float:
    """A number from 0 to 1 that a name and a seed alone decide, on every machine and among whatever other names."""
    digest = hashlib.sha256(f"{seed}/{name}".encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def split_names(names: Sequence[str], val_share: float = VAL_SHARE, seed: int = 0) -> tuple[list[str], list[str]]:
    """Part names into (training, validation), each in its order.

    Each name is drawn by itself (`share_of`), so that one more moves no other. Where that leaves a part empty, the name
    nearest to it goes there. InputError for fewer than two names and for a share that is not between 0 and 1.
    """
    if not 0 < val_share < 1:
        raise InputError(f"--val-share is {val_share:g}; expected a number between 0 and 1, 0.2 for every fifth")
    if len(names) < 2:
        pairs = f"{len(names)} pair{'s' * (len(names) != 1)} of an image and its mask"
        raise InputError(f"{pairs}; expected at least 2, to train and to validate")
    drawn = sorted(names, key=lambda name: share_of(name, seed))
    count = sum(share_of(name, seed) < val_share for name in names)
    validation = set(drawn[: min(max(count, 1), len(names) - 1)])
    return [name for name in names if name not in validation], [name for name in names if name in validation]
