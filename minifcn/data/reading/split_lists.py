"""Lists that say which pairs train and which validate, in whatever way they name them."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from minifcn.data.reading.lists import read_lines
from minifcn.data.reading.pairing import Pair, Pairing, normal
from minifcn.data.reading.splitting import SPLIT_NAMES
from minifcn.errors import InputError

_PLACES = ("", "ImageSets/Segmentation", "ImageSets", "lists", "splits")  # folders in which lists are looked for


def find_lists(root: Path, pairing: Pairing) -> dict[str, list[str]]:
    """{split: names of pairs} from train.txt, val.txt and so on, where there are any, in their order.

    A line is the name of a picture, with or without suffix and folder, or the paths of a picture and its mask.
    InputError for a line that is none.
    """
    lists: dict[str, list[str]] = {}
    index = _index(root, pairing.pairs)
    for folder in (root / place for place in _PLACES):
        for path in sorted(folder.glob("*.[tT][xX][tT]")) if folder.is_dir() else ():
            split = SPLIT_NAMES.get(path.stem.lower())
            if split and split not in lists:
                lines = read_lines(path, lambda line: _pair_of(line, index) is not None)
                lists[split] = _named(path, lines, index, pairing)
    return lists


def _named(path, lines, index, pairing):
    names = []
    for number, line in lines:
        name = _pair_of(line, index)
        if name is None:
            told = f"{path} line {number}: '{line}'"
            kinds = {"without a mask": pairing.images, "a mask without its picture": pairing.masks}
            alone = next(
                (what for what, paths in kinds.items() for p in paths if Path(p).stem == Path(line).stem), None
            )
            raise InputError(f"{told} is {alone or 'no picture here'}: fetch it, or drop the line")
        names.append(name)
    if not names:
        raise InputError(f"{path} is empty, expected the name of a picture a line")
    return list(dict.fromkeys(names))


def _index(root: Path, pairs: Sequence[Pair]) -> dict[str, str | None]:
    """{what a list may call a pair: its name}, None for what two are called; in small letters behind a null."""
    index: dict[str, str | None] = {}
    for pair in pairs:
        calls = set()
        for path in (pair.image, pair.mask):
            whole = path.relative_to(root).as_posix()
            ends = {whole, "/".join(Path(whole).parts[-2:]), path.name}
            calls |= ends | {os.path.splitext(end)[0] for end in ends}
        calls = set(map(normal, calls))
        for call in calls | {f"\0{call.casefold()}" for call in calls}:
            index[call] = pair.name if index.get(call, pair.name) == pair.name else None
    return index


def _pair_of(line, index):
    """The name of the pair that a line means, or None."""
    line = normal(line.replace("\\", "/").strip("\"' "))
    if found := _one(line, index):
        return found
    for gap in re.finditer(r"[\s,;]+", line):
        image, mask = _one(line[: gap.start()], index), _one(line[gap.end() :], index)
        if image and image == mask:
            return image
    return None


def _one(name, index):
    parts = name.strip("\"' ").split("/")
    ways = (name, "/".join(parts[-2:]), parts[-1])
    ways += tuple(f"\0{way.casefold()}" for way in ways)
    return next((index[way] for way in ways if index.get(way)), None)
