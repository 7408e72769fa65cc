"""PASCAL-Context (Mottaghi et al. 2014): all of VOC 2010's pictures, things and stuff, in 59 classes and background."""

from collections import Counter
from pathlib import Path

import numpy as np

from minifcn.data.reading.lists import read_lines
from minifcn.data.reading.matfiles import need_scipy, read_mat
from minifcn.data.sets.files import find_folder, with_any_suffix
from minifcn.data.sets.listed import Listed
from minifcn.data.sets.voc import Voc
from minifcn.errors import InputError

EXPECTED = "PASCAL-Context's trainval, labels.txt and 59_labels.txt, and VOC2010"
MOST = 65535  # a number in the files: they have 16 bits
# What 59_labels.txt calls otherwise than labels.txt.
OTHERWISE = {"diningtable": "table", "bedcloth": "bedclothes", "clothes": "cloth"}


class PascalContext(Listed):
    """The pairs of one split ("train", "val") of PASCAL-Context.

    root  trainval (the .mat files), labels.txt and 59_labels.txt from the data set's page, unpacked side by side; and
          VOC2010 (or VOCdevkit/VOC2010) of PASCAL VOC's development kit, beside them or below

    The files tell 459 labels apart. As the FCN authors do, 59 of them are classes, in the order of 59_labels.txt, and
    all others are background, class 0. The splits are VOC's lists ImageSets/Main. Mean and deviation are VOC's.
    """

    name = "pascal-context"
    mean, std = Voc.mean, Voc.std

    def __init__(self, root: str | Path | None, split: str = "train"):
        need_scipy()
        self.folder = find_folder(root, "59_labels.txt", EXPECTED)
        self.voc = find_folder(root, "VOC2010", EXPECTED) / "VOC2010"
        self.table, self.classes = _classes(self.folder)
        lists = self.voc / "ImageSets" / "Main"
        self.take({key: lists / f"{key}.txt" for key in ("train", "val")}, split)

    def paths(self, name: str) -> tuple[Path, Path]:
        image = with_any_suffix(self.voc / "JPEGImages" / f"{name}.jpg")
        return image, self.folder / "trainval" / f"{name}.mat"

    def read_label(self, path: Path) -> np.ndarray:
        values = read_mat(path, "LabelMap")
        if values.min() < 0 or values.max() >= len(self.table):
            known = f"0 to {len(self.table) - 1}, as labels.txt tells"
            raise InputError(
                f"{path} holds labels from {values.min()} to {values.max()}, expected {known}: fetch it again"
            )
        return self.table[values]


def _classes(folder):
    """(the class of each number in the files, the names of the classes)."""
    numbers = {name: number for number, name in reversed(_lines(folder / "labels.txt"))}  # of equal names the first
    names = [name for _, name in _lines(folder / "59_labels.txt") if name != "background"]
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise InputError(f"{folder / '59_labels.txt'} has '{twice[0]}' twice: fetch it again")
    table = np.zeros(max(numbers.values()) + 1, np.uint8)
    for label, name in enumerate(names, start=1):
        known = name if name in numbers else OTHERWISE.get(name, name)
        if known not in numbers:
            raise InputError(f"{folder / '59_labels.txt'} has '{name}', which labels.txt has not: fetch both again")
        table[numbers[known]] = label
    return table, ("background", *names)


def _lines(path):
    """[(number, name without blanks)] of lines as "416: table"."""
    found = []
    for line, text in read_lines(path):
        number, _, name = text.partition(":")
        if not number.strip().isdecimal() or int(number) > MOST or not name.strip():
            raise InputError(f"{path} line {line}: '{text}' is no number and name, as '416: table': fetch it again")
        found.append((int(number), "".join(name.split())))
    if not found:
        raise InputError(f"{path} is empty, expected lines as '416: table': fetch it again")
    return found
