"""Which number a class has whose pixels are told by name: labelme's labels, COCO's categories."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from minifcn.data.dataset import VOID
from minifcn.data.reading.class_names import MOST, NOWHERE, TOO_MANY, ClassTable, Colour, check_names, read_class_table
from minifcn.data.sets.collection import Options
from minifcn.data.sets.folder import first_of
from minifcn.errors import InputError


class Numbered(NamedTuple):
    """Classes that were found by name.

    classes  their names, in the order of their numbers
    labels   {name as it was found: its number, or 255 where it counts nowhere}
    colours  of the classes, where somebody told them
    note     a line on the background, where one was put before what was told; else nothing
    """

    classes: tuple[str, ...]
    labels: dict[str, int]
    colours: tuple[Colour, ...] = ()
    note: str = ""

    @property
    def background(self) -> int:
        """The label of what nothing is drawn on."""
        return next(number for number, name in enumerate(self.classes) if is_background(name))


def is_background(name: str) -> bool:
    """Whether a name means what is no object: "background", or labelme's "_background_"."""
    return name.lower().strip("_") == "background"


def told_classes(options: Options, folder: Path, files: Sequence[str]) -> ClassTable | None:
    """The classes told with --classes or by another run, else by one of the files in a folder; None where nobody tells.

    InputError for --values and --void, which are of masks of numbers.
    """
    if options.values is not None or options.void is not None:
        raise InputError("--values and --void are for masks that hold numbers; here classes have names: use --classes")
    names = options.classes or (options.coding or {}).get("classes")
    return ClassTable(check_names(names)) if names else read_class_table(folder, files)


def number_names(found: Mapping[str, Path], table: ClassTable | None, background: bool = True) -> Numbered:
    """Number the names that were found, in their order; or as a table tells.

    found       {name: a file that has it}
    background  whether pixels may have no name: they are class 0, "background", unless the table has it elsewhere
    Names like void or ignore count nowhere. InputError for names that the table lacks, and for too many.
    """
    ordinary = [name for name in found if name.lower() not in NOWHERE and not (background and is_background(name))]
    names = [table.names[line] for line in table.kept] if table else ordinary
    if strange := [name for name in ordinary if name not in names]:
        more = f", and others {first_of(strange[1:])}" if len(strange) > 1 else ""
        told = f"none of the classes told ({first_of(names)})"
        raise InputError(f"{found[strange[0]]} has {strange[0]}{more}, {told}: tell all of them, or correct the label")
    colours = [table.colours[line] for line in table.kept] if table and table.colours else []
    note = ""
    if background and not any(map(is_background, names)):
        names = ["background", *names]
        colours = [(0, 0, 0), *colours] if colours else []
        note = "what has no label is class 0, 'background', before the classes told" if table else ""
    if len(names) > MOST:
        raise InputError(f"{len(names)} classes; {TOO_MANY}")
    numbered = Numbered(tuple(names), {name: number for number, name in enumerate(names)}, tuple(colours), note)
    for name in found:
        if name.lower() in NOWHERE:
            numbered.labels[name] = VOID
        elif background and is_background(name):
            numbered.labels[name] = numbered.background
    return numbered
