"""Somebody's own pictures: a folder of photos and masks, paired by their names."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from minifcn.data.reading.class_names import ClassTable, check_names, read_class_table
from minifcn.data.reading.coding import TONES, decide, names_by_number, sound
from minifcn.data.reading.masks import Coding, read_mask
from minifcn.data.reading.pairing import Pairing, find_pairs
from minifcn.data.reading.photos import Photo, read_photo
from minifcn.data.reading.split_lists import find_lists
from minifcn.data.sets.collection import Collection, Options
from minifcn.data.sets.files import need_folder
from minifcn.errors import InputError

EXPECTED = "a folder with images/ and masks/, or X.jpg beside X.png"
NAMED = 3  # files named in a note


class Folder(Collection):
    """The pairs of one split ("train", "val", "test" where there is one, "all") of the pictures below a folder.

    root     images/ with masks/ (labels/, annotations/ ...), train/ and val/ above or below them or not at all; or
             X.jpg beside X.png, X_mask.png or X_label.png; train.txt and val.txt where there are any (`pairing`)
    options  what is told of it (`Options`), next to classes.txt in the folder (`class_names`)

    How the masks say what a pixel is, is decided by looking at all of them (`coding.decide`), and told in `notes`.
    InputError for anything missing, and for what cannot be told without guessing.
    """

    name = "folder"

    def __init__(self, root: str | Path | None, split: str = "train", **options: Any):
        told = Options(**options)
        folder = need_folder(root, EXPECTED)
        pairing = find_pairs(folder)
        self.take(pairing)
        table = ClassTable(check_names(told.classes)) if told.classes else read_class_table(folder)
        self.coding, note = self._coding(table, told, folder)
        self.notes += (note,) if note else ()
        self.classes = self.coding.classes
        own = dict(zip(table.names, table.colours)) if table else {}
        colours = [own[name] for name in self.classes if name in own]
        self.arrange(splits_of(folder, pairing), split, told, colours, self.pairs)
        if not told.classes:  # else they hold over classes.txt for others, too
            self.told = {key: value for key, value in self.told.items() if key != "classes"}
        self.told = {"coding": self.coding.to_dict(), **self.told}

    def _coding(self, table, told, folder):
        """(how its masks are read, a line that says so, or "" where another run decided it)."""
        values, run = told.values, None if told.coding is None else Coding.from_dict(dict(told.coding))
        if run:
            unnamed = run.classes in (TONES, names_by_number(run.values)) and not told.classes
            if unnamed and table and len(table.kept) == len(run.classes):
                table = None  # it was written since: the run's classes stay as they were called
            names = [table.names[line] for line in table.kept] if table else list(run.classes)
            if sorted(names) != sorted(run.classes):
                expected = f"expected {first_of(run.classes)}, as the run has them"
                raise InputError(f"the classes of {folder} are {first_of(names)}, {expected}: correct classes.txt")
            if names == list(run.classes) and values is None and told.void is None:
                return run, ""
            if names == list(run.classes) and (table is None or told.classes):  # no table of the folder's own
                table = table or ClassTable(run.classes)
                values = run.values if values is None and not run.colours else values
        masks = [pair.mask for pair in self.pairs.values()]
        masks = (told.lenient and sound(masks, table, told.void)) or masks
        coding, note = decide(masks, table, values, told.void, str(folder))
        return (coding.in_order(run.classes) if run else coding), note

    def take(self, pairing: Pairing) -> None:
        """Keep what was paired, and say so in `notes`."""
        self.pairs = {pair.name: pair for pair in pairing.pairs}
        self.notes = (f"{len(pairing.pairs)} pairs of a picture and its mask", *_alone(pairing))

    def read_pair(self, name: str) -> tuple[Photo, np.ndarray, str]:
        pair = self.pairs[name]
        return (
            read_photo(pair.image),
            self.coding.label(read_mask(pair.mask, self.coding.colours), pair.mask),
            str(pair.mask),
        )

    def image(self, name: str) -> Path:
        return self.pairs[name].image


def splits_of(folder: Path, pairing: Pairing) -> dict[str, list[str]]:
    """{split: names} as the lists in a folder say it, else its folders; all train where none does."""
    lists = find_lists(folder, pairing)
    return _by_lists(lists, pairing) if lists else by_folders(pairing)


def first_of(names: Sequence[str]) -> str:
    """The first of some names, for a note."""
    return ", ".join(names[:NAMED]) + (" ..." if len(names) > NAMED else "")


def _by_lists(lists, pairing):
    """{split: names} as lists say it; where none says which train, all that no list names."""
    if "train" in lists:
        return lists
    listed = {name for names in lists.values() for name in names}
    return {"train": [pair.name for pair in pairing.pairs if pair.name not in listed], **lists}


def by_folders(pairing: Pairing) -> dict[str, list[str]]:
    """{split: names} as folders say it; all train where none does."""
    splits: dict[str, list[str]] = {"train": []}
    for pair in pairing.pairs:
        splits.setdefault(pairing.splits.get(pair.name, "train"), []).append(pair.name)
    return {split: names for split, names in splits.items() if names}


def _alone(pairing):
    """Lines on files without a partner: how many, and the first."""
    for what, paths in (("picture without a mask", pairing.images), ("mask without a picture", pairing.masks)):
        if paths:
            plural = what.replace("picture w", "pictures w").replace("mask w", "masks w") if len(paths) > 1 else what
            yield f"{len(paths)} {plural}, left out: {first_of(paths)}"
