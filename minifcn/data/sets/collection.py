"""Pairs of one folder of somebody's own, of which some train and some validate."""

import copy
import functools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from minifcn.data.dataset import Dataset, Sample
from minifcn.data.reading.class_names import drawing_colours
from minifcn.data.reading.fitting import fitted
from minifcn.data.reading.photos import Photo, read_photo
from minifcn.data.reading.splitting import VAL_SHARE, split_names
from minifcn.data.statistics import colour_statistics
from minifcn.errors import InputError

MEASURED = 500  # pictures, at most, whose colours make up the mean and the deviation


class Options(NamedTuple):
    """What may be told of a data set of one's own; None: decided by looking.

    classes     names, in the order of their numbers
    values      the number in the masks of each class
    void        a number in the masks that counts nowhere, next to 255
    val_share   the part of the pictures that validate, where no list or folder says it
    split_seed  which they are
    coding      how masks are read, as another run decided it (`Coding.to_dict`); what is told besides holds over it
    lenient     for a look: take what most files say, and leave those that say otherwise to whoever loads them
    """

    classes: Sequence[str] | None = None
    values: Sequence[int] | None = None
    void: int | None = None
    val_share: float | None = None
    split_seed: int | None = None
    coding: Mapping[str, Any] | None = None
    lenient: bool = False


class Collection(Dataset):
    """A `Dataset` that knows all pairs of a folder by name, and shows those of one split.

    A subclass gives `name`, `classes` and the methods `read_pair(name)` and `image(name)`, and calls `arrange`. `names`
    are those of the pairs shown, in the order of their numbers; `notes` are lines on what was found and how it is read.
    """

    names: Sequence[str]
    notes: tuple[str, ...] = ()
    palette: np.ndarray

    def arrange(
        self,
        splits: dict[str, list[str]],
        split: str,
        options: Options | None = None,
        colours: Sequence = (),
        there: Iterable[str] = (),
    ) -> None:
        """Take {split: names of pairs}, and show one; where nothing is said of "val", names of "train" are parted.

        options  what is told of it; none where all is published, its splits too
        colours  that the classes are drawn in, as somebody told them
        there    names of all pairs; those of no list are told in `notes`
        """
        if left := sorted(set(there) - {name for names in splits.values() for name in names}):
            pairs = "1 pair is" if len(left) == 1 else f"{len(left)} pairs are"
            self.notes += (f"{pairs} in no list, left out, {left[0]} first",)
        self.palette = drawing_colours(self.classes, colours)
        self.splits = dict(splits)
        if options:
            self.told = {"classes": list(self.classes)}
        if options and "val" not in self.splits:
            share = VAL_SHARE if options.val_share is None else options.val_share
            seed = options.split_seed or 0
            self.told = {**self.told, "val_share": share, "split_seed": seed}
            training, validation = split_names(self.splits.get("train", []), share, seed)
            self.splits |= {"train": training, "val": validation}
            how = f"{len(training)} train and {len(validation)} validate, by name (--val-share {share:g})"
        else:
            how = ", ".join(f"{len(names)} {name}" for name, names in self.splits.items())
            how = f"split as its lists or folders say: {how}"
            if options and (options.val_share, options.split_seed) != (None, None):
                how += "; --val-share and --split-seed change nothing"
        self.notes += (how,)
        self._show(split)

    def with_split(self, split: str) -> "Collection":
        """The same collection, showing another split."""
        other = copy.copy(self)
        other._show(split)
        return other

    def with_splits(self, splits: dict[str, list[str]]) -> "Collection":
        """The same, parted as a run once was. InputError where a pair of it is gone."""
        there, of_run = ({name for names in of.values() for name in names} for of in (self.splits, splits))
        if gone := sorted(of_run - there):
            count = "1 pair of the run is" if len(gone) == 1 else f"{len(gone)} pairs of the run are"
            missing = f"{count} gone from the folder, {gone[0]} first"
            raise InputError(f"--resume: {missing}: bring back what is missing, or start a new run")
        other = copy.copy(self)
        other.splits = dict(splits)
        how = "split as the run began: " + ", ".join(f"{len(names)} {split}" for split, names in splits.items())
        new = len(there - of_run)
        other.notes = (*self.notes[:-1], f"{how}; left out: {new} that it did not know" if new else how)
        other._show(self.split)
        return other

    def _show(self, split):
        if split == "all":
            self.names = list(dict.fromkeys(name for names in self.splits.values() for name in names))
        elif split in self.splits:
            self.names = self.splits[split]
        else:
            there = ", ".join((*self.splits, "all"))
            raise InputError(f"{self.name} has no split '{split}', only {there}: add its pictures, or name another")
        if not self.names:
            raise InputError(f"split '{split}' of {self.name} is empty; expected a pair at least")
        self.split = split

    def __len__(self) -> int:
        return len(self.names)

    def load(self, index: int) -> Sample:
        photo, label, what = self.read_pair(self.names[index])
        return photo.pixels, fitted(label, photo, what)

    def read_pair(self, name: str) -> tuple[Photo, np.ndarray, str]:
        """A pair by its name -> (Photo, label uint8 (h, w) as it is in the file, the label's name for messages)."""
        raise NotImplementedError

    def image(self, name: str) -> Path | None:
        """The file of a pair's picture; None where it lies in another file."""
        raise NotImplementedError

    def picture(self, index: int) -> Path | None:
        return self.image(self.names[index])

    def read_photo(self, name: str) -> Photo:
        """The picture of a pair alone."""
        path = self.image(name)
        assert path is not None, "a subclass without files reads its pictures itself"
        return read_photo(path)

    @functools.cached_property
    def _statistics(self):
        names = self.splits["train"]
        step = -(-len(names) // MEASURED)
        return colour_statistics(lambda number: self.read_photo(names[number]).pixels, range(0, len(names), step))

    @property
    def mean(self) -> tuple[float, ...]:  # type: ignore[override]
        """Of the training pictures, computed when first asked for."""
        return self._statistics[0]

    @property
    def std(self) -> tuple[float, ...]:  # type: ignore[override]
        """As `mean`."""
        return self._statistics[1]
