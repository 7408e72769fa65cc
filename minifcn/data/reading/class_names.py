"""The names of classes, and their colours, as people write them down."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np

from minifcn.checks import shown
from minifcn.data.dataset import VOID, voc_palette
from minifcn.data.reading.lists import read_lines
from minifcn.errors import InputError

Colour = tuple[int, int, int]
NOWHERE = ("void", "ignore", "ignored", "__ignore__")  # names of what counts nowhere
FILES = ("classes.txt", "labelmap.txt")  # where they are looked for; the second is CVAT's
MOST = VOID  # classes: their numbers are 0..254 in 8 bits, and 255 is void
TOO_MANY = f"labels of 8 bits tell at most {MOST} apart, and void: join some"

_COLOURED = re.compile(r"(.*?)[\s,;:]+(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})(?::.*)?")


class ClassTable(NamedTuple):
    """A class a line: names in the order of their numbers, void ones among them, and the colours of all or of none."""

    names: tuple[str, ...]
    colours: tuple[Colour, ...] = ()

    @property
    def kept(self) -> list[int]:
        """The lines that are classes."""
        return [number for number, name in enumerate(self.names) if name.lower() not in NOWHERE]

    @property
    def void(self) -> list[int]:
        """The lines of what counts nowhere."""
        return [number for number, name in enumerate(self.names) if name.lower() in NOWHERE]


def read_class_table(folder: Path, files: Sequence[str] = FILES) -> ClassTable | None:
    """The table in a folder's classes.txt (or CVAT's labelmap.txt), in letters of any case, None where there is none.

    A line is a name, blanks and all, or a name and the three numbers of its colour: `red fruit`, `red fruit 200 30 30`.
    What begins with # is a remark. InputError for a line that is neither, for a name or colour told twice, and where
    only some lines have a colour.
    """
    there = {path.name.lower(): path for path in sorted(folder.iterdir(), reverse=True) if path.is_file()}
    path = next((there[name] for name in files if name in there), None)
    if path is None:
        return None
    names: list[str] = []
    colours: list[tuple[int, ...]] = []
    for number, line in read_lines(path):
        if line.startswith("#"):
            continue
        found = _COLOURED.fullmatch(line)
        name, *colour = found.groups() if found else (line,)
        name = name.strip()
        name = name[1:-1] if name == "_background_" else name  # labelme's
        if colour and max(map(int, colour)) > 255:
            raise InputError(
                f"{path} line {number}: '{line}' has a colour beyond 255, expected three numbers of 0..255"
            )
        if name in names:
            raise InputError(f"{path} line {number}: the class '{name}' is there twice: give each its own name")
        names.append(name)
        colours.append(tuple(map(int, colour)))
    if not names:
        raise InputError(f"{path} is empty, expected a class a line, in the order of their numbers")
    table = ClassTable(tuple(names))
    if len(table.kept) > MOST:
        raise InputError(f"{path} names {len(table.kept)} classes; {TOO_MANY}")
    if any(colours) and not all(colours):
        without = names[colours.index(())]
        free = next(colour for colour in map(tuple, voc_palette(256).tolist()) if colour not in colours)
        asked = f"give every line one, as '{without} {' '.join(map(str, free))}'"
        raise InputError(f"{path}: '{without}' has no colour, others do: {asked}")
    if any(colours) and len(set(colours)) < len(colours):
        twice = next(names[i] for i, colour in enumerate(colours) if colour in colours[:i])
        raise InputError(f"{path}: '{twice}' has the colour of a line above: give each its own")
    return table._replace(colours=tuple(cast(Sequence[Colour], colours))) if any(colours) else table


def check_names(names: Sequence[str]) -> tuple[str, ...]:
    """Names given with --classes, as they are. InputError for an empty one, for one given twice and for too many."""
    if isinstance(names, str):
        raise InputError(f"classes: {names!r} is one name; expected several, in the order of their numbers")
    for number, name in enumerate(names):
        if not isinstance(name, str):
            raise InputError(f"classes: {shown(name)} is no name; expected texts, in the order of their numbers")
        if not name.strip():
            raise InputError("--classes: a name is empty; expected the names in the order of their numbers")
        if name in names[:number]:
            raise InputError(f"--classes: '{name}' is there twice; give each class its own name")
    if len(names) > MOST:
        raise InputError(f"{len(names)} classes; {TOO_MANY}")
    return tuple(names)


def drawing_colours(classes: Sequence[str], colours: Sequence[Colour] = ()) -> np.ndarray:
    """What classes are drawn in, uint8 (n_class, 3): the colours given, else VOC's, whose black is for a background."""
    if colours:
        return np.array(colours, np.uint8)
    first = int(classes[0] != "background")
    return voc_palette(first + len(classes))[first:]
