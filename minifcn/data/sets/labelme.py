"""Pictures labelled with labelme (Wada): a JSON file for each, in which shapes are drawn."""

import base64
from os.path import isfile
from pathlib import Path, PureWindowsPath
from typing import Any, NamedTuple

import numpy as np

from minifcn.data.reading.class_names import FILES
from minifcn.data.reading.fitting import drawn_on
from minifcn.data.reading.lists import json_files, read_json
from minifcn.data.reading.pairing import Pair, Pairing, find_pictures, normal, split_of
from minifcn.data.reading.photos import Photo, read_photo
from minifcn.data.reading.shapes import Shape, draw, read_shape
from minifcn.data.sets.collection import Collection, Options
from minifcn.data.sets.files import need_folder, with_any_suffix
from minifcn.data.sets.folder import first_of, splits_of
from minifcn.data.sets.numbering import number_names, told_classes
from minifcn.errors import InputError
from minifcn.text import brief

EXPECTED = "labelme's JSON files beside their pictures"
CLASS_FILES = (*FILES, "labels.txt", "class_names.txt")  # where classes may be told; labelme's own are the last two


class Drawing(NamedTuple):
    """A JSON file of labelme.

    image   the picture's file, None where it lies in the JSON
    size    (height, width) that the shapes are drawn on, as the JSON tells it
    shapes  in the order in which they lie one over the other
    """

    path: Path
    image: Path | None
    size: tuple[Any, Any]
    shapes: tuple[Shape, ...]


class Labelme(Collection):
    """The pairs of one split of a folder of labelme's JSON files, wherever below it they lie.

    root     beside each JSON, where it says or anywhere below, is its picture; else the one in the JSON is taken.
             train/ and val/ or train.txt and val.txt say the split, where there are any (`pairing`)
    options  what is told of it (`Options`), next to classes.txt or labels.txt in the folder

    Classes are the labels in alphabetical order after "background", which is all that nothing is drawn on; a shape
    labelled _background_ cuts a hole into those before it, and __ignore__ or void counts nowhere.
    InputError for anything missing, and for shapes that are none.
    """

    name = "labelme"

    def __init__(self, root: str | Path | None, split: str = "train", **options: Any):
        told = Options(**options)
        folder = need_folder(root, EXPECTED)
        drawings, alone = _read_all(folder)
        self.drawings = {_name(drawing.path, folder): drawing for drawing in drawings}
        table = told_classes(told, folder, CLASS_FILES)
        found = {shape.label: drawing.path for drawing in drawings for shape in drawing.shapes}
        self.numbered = number_names(dict(sorted(found.items())), table)
        self.classes = self.numbered.classes
        self.notes = (f"{len(drawings)} pictures labelled with labelme", *alone)
        self.notes += (self.numbered.note,) if self.numbered.note else ()
        self.arrange(_splits(folder, self.drawings), split, told, self.numbered.colours, self.drawings)

    def read_pair(self, name: str) -> tuple[Photo, np.ndarray, str]:
        drawing, photo = self.drawings[name], self.read_photo(name)
        size = drawn_on(drawing.size, photo, str(drawing.path))
        label = draw(drawing.shapes, self.numbered.labels, size, self.numbered.background)
        return photo, label, str(drawing.path)

    def image(self, name: str) -> Path | None:
        """The file of a pair's picture, None where it lies in the JSON."""
        return self.drawings[name].image

    def read_photo(self, name: str) -> Photo:
        path = self.drawings[name].path
        if self.image(name) is not None:
            return super().read_photo(name)
        return read_photo(path, base64.b64decode(read_json(path)["imageData"]))


def _read_all(folder):
    """(Drawings, lines on what was left out) of a folder."""
    pictures = list(find_pictures(folder))
    by_name: dict[str, list[Path]] = {}
    for picture in pictures:
        by_name.setdefault(normal(picture.name).casefold(), []).append(picture)
    drawings, others, gone = [], [], []
    for path in json_files(folder):
        told = read_json(path)
        if not isinstance(told, dict) or not isinstance(told.get("shapes"), list):
            others.append((path.relative_to(folder).as_posix(), told))
            continue
        shapes = [read_shape(shape, f"{path}: shape {number}") for number, shape in enumerate(told["shapes"], start=1)]
        size = told.get("imageHeight"), told.get("imageWidth")
        image = _picture(path, told.get("imagePath"), by_name)
        if image is None and not _has_picture(told):
            named = told.get("imagePath")
            named = named if isinstance(named, str) else brief(named)
            gone.append(f"{named} of {path.relative_to(folder).as_posix()}")
        else:
            drawings.append(Drawing(path, image, size, tuple(shapes)))
    if not drawings:
        raise InputError(_none(folder, others, gone))
    used = {drawing.image for drawing in drawings}
    unused = [picture.relative_to(folder).as_posix() for picture in pictures if picture not in used]
    notes = [(gone, "JSON files whose picture is missing"), (unused, "pictures without a JSON")]
    notes += [([name for name, _ in others], "JSON files that are not labelme's")]
    return drawings, [f"{what}, left out: {len(names)} ({first_of(names)})" for names, what in notes if names]


def _picture(path, told, by_name):
    """The file of a JSON's picture: where it says, beside it, of its own name, or the one of that name anywhere."""
    name = PureWindowsPath(told).name if isinstance(told, str) else ""  # takes / and \\ both
    if name:
        for place in (path.parent / told.replace("\\", "/"), path.parent / name):
            if isfile(place):
                return place
    beside = with_any_suffix(path.with_suffix(".jpg"))
    if beside.is_file():
        return beside
    there = by_name.get(normal(name).casefold(), ())
    return there[0] if len(there) == 1 else None


def _has_picture(told):
    """Whether a JSON holds its picture itself."""
    try:
        return bool(base64.b64decode(told.get("imageData") or "", validate=True))
    except (TypeError, ValueError):
        return False


def _splits(folder, drawings):
    """{split: names}: as lists of pictures or JSON files say it, else folders."""
    pairs = []
    for name, drawing in drawings.items():
        inside = drawing.image is not None and drawing.image.is_relative_to(folder)
        pairs.append(Pair(name, drawing.image if inside else drawing.path, drawing.path))
    told = {pair.name: split_of(pair.mask, folder) or split_of(pair.image, folder) for pair in pairs}
    splits = {name: split for name, split in told.items() if split}
    return splits_of(folder, Pairing(pairs, splits, [], []))


def _name(path, folder):
    return normal(path.relative_to(folder).as_posix()[: -len(path.suffix)])


def _none(folder, others, gone):
    """Why a folder has no drawing at all."""
    if gone:
        return f"{folder}: the pictures of all {len(gone)} JSON files are missing ({first_of(gone)}): copy them beside"
    if coco := [name for name, told in others if isinstance(told, dict) and "annotations" in told]:
        return f"{folder} has no JSON of labelme, but {coco[0]} is COCO's form: use --data coco"
    there = f" ({first_of([name for name, _ in others])} are other JSON files)" if others else ""
    return f"{folder} has no JSON of labelme{there}, expected {EXPECTED}: check --root"
