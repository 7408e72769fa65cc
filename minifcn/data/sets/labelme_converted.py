"""What labelme's own converters make of its JSON files: X_json/label.png, or VOC's layout with class_names.txt."""

from pathlib import Path
from typing import Any

import numpy as np

from minifcn.data.dataset import VOID
from minifcn.data.reading.lists import json_files, read_lines
from minifcn.data.reading.masks import Coding, read_mask
from minifcn.data.reading.pairing import Pair, Pairing, find_pictures, split_of
from minifcn.data.reading.photos import Photo
from minifcn.data.sets.collection import Collection, Options
from minifcn.data.sets.files import need_folder
from minifcn.data.sets.folder import Folder, splits_of
from minifcn.data.sets.labelme import CLASS_FILES, EXPECTED, Labelme
from minifcn.data.sets.numbering import number_names, told_classes
from minifcn.errors import InputError

NAMES, LABEL, IMAGE = "label_names.txt", "label.png", "img.png"  # in each folder that labelme_json_to_dataset writes
CLASSES, IMAGES = "class_names.txt", "JPEGImages"  # in the one that labelme2voc writes, beside masks:
MASKS = ("SegmentationClassPNG", "SegmentationClass")  # the second since its version 5.5


class Converted(Collection):
    """Folders as labelme_json_to_dataset writes one for each JSON: img.png, label.png and label_names.txt.

    Each numbers the labels of its own picture alone, so that one number may mean this here and that there: they are
    brought together by their names. root, options, classes and errors as of `Labelme`.
    """

    name = "labelme"

    def __init__(self, root: str | Path | None, split: str = "train", **options: Any):
        told = Options(**options)
        folder = need_folder(root, EXPECTED)
        places = sorted(path.parent for path in folder.rglob(LABEL) if (path.parent / NAMES).is_file())
        if gone := [place for place in places if not (place / IMAGE).is_file()]:
            raise InputError(f"{gone[0]} has no {IMAGE} beside {LABEL}: convert its JSON anew")
        pairs = [Pair(place.relative_to(folder).as_posix(), place / IMAGE, place / LABEL) for place in places]
        self.pairs = {pair.name: pair for pair in pairs}
        self.label_names = {
            name: [label for _, label in read_lines(pair.mask.parent / NAMES)] for name, pair in self.pairs.items()
        }
        table = told_classes(told, folder, CLASS_FILES)
        found = {
            label: self.pairs[name].mask.parent / NAMES for name, labels in self.label_names.items() for label in labels
        }
        self.numbered = number_names(dict(sorted(found.items())), table)
        self.classes = self.numbered.classes
        self.notes = (f"{len(pairs)} pictures converted with labelme",)
        self.notes += (self.numbered.note,) if self.numbered.note else ()
        splits = {pair.name: known for pair in pairs if (known := split_of(pair.mask, folder))}
        parted = splits_of(folder, Pairing(pairs, splits, [], []))
        self.arrange(parted, split, told, self.numbered.colours, self.pairs)

    def read_pair(self, name: str) -> tuple[Photo, np.ndarray, str]:
        path, names = self.pairs[name].mask, self.label_names[name]
        values = read_mask(path)
        if values.ndim == 3 or ((values < 0) | (values >= len(names)) & (values != VOID)).any():
            raise InputError(f"{path} holds other than the numbers 0 to {len(names) - 1} of {NAMES}: convert it anew")
        table = np.full(max(len(names), VOID + 1), VOID, np.uint8)  # the label of each number in the file
        table[: len(names)] = [self.numbered.labels[label] for label in names]
        return self.read_photo(name), table[values], str(path)

    def image(self, name: str) -> Path:
        return self.pairs[name].image


class LabelmeVoc(Folder):
    """A folder as labelme2voc writes it: JPEGImages, SegmentationClassPNG and class_names.txt; 255 is void."""

    name = "labelme"

    def __init__(self, root: str | Path | None, split: str = "train", **options: Any):
        told = Options(**options)
        folder = need_folder(root, EXPECTED)
        masks = next((folder / place for place in MASKS if any((folder / place).glob("*.png"))), folder / MASKS[0])
        images = {path.stem: path for path in find_pictures(folder / IMAGES)}
        pairs = [Pair(name, path, masks / f"{name}.png") for name, path in sorted(images.items())]
        pairs = [pair for pair in pairs if pair.mask.is_file()]
        if not pairs:
            raise InputError(f"{folder} has no picture in {IMAGES} with a mask in {masks.name}: convert the JSON anew")
        alone = [f"{IMAGES}/{path.name}" for name, path in images.items() if not (masks / f"{name}.png").is_file()]
        pairing = Pairing(pairs, {}, alone, [])
        self.take(pairing)
        table = told_classes(told, folder, (CLASSES,))
        if table is None:
            raise InputError(f"{folder} has no {CLASSES}, which names the numbers in its masks: convert the JSON anew")
        self.coding = Coding(tuple(table.names[line] for line in table.kept), tuple(table.kept), (*table.void, VOID))
        self.classes = self.coding.classes
        colours = [table.colours[line] for line in table.kept] if table.colours else ()
        self.arrange(splits_of(folder, pairing), split, told, colours, self.pairs)


def open_labelme(root: str | Path | None, split: str = "train", **options: Any) -> Collection:
    """A folder of labelme's: its JSON files where there are any, else what its converters made of them."""
    folder = need_folder(root, EXPECTED)
    if (folder / CLASSES).is_file() and (folder / IMAGES).is_dir():
        return LabelmeVoc(root, split, **options)
    converted = any((path.parent / NAMES).is_file() for path in folder.rglob(LABEL))
    drawn = not converted or any(b'"shapes"' in path.read_bytes().replace(b"\0", b"") for path in json_files(folder))
    return (Labelme if drawn else Converted)(root, split, **options)
