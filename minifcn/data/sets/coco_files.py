"""The JSON files of COCO's form, and the pictures that they speak of, in the layouts that people have."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from minifcn.data.reading.lists import json_files
from minifcn.data.reading.pairing import find_pictures, normal
from minifcn.data.reading.splitting import SPLIT_NAMES
from minifcn.data.sets.coco_json import Entries, read_entries
from minifcn.data.sets.folder import first_of
from minifcn.errors import InputError

EXPECTED = "COCO's annotations/instances_*.json (or panoptic_*.json) and the pictures"
_BESIDE = ("captions", "person_keypoints", "image_info")  # other files that COCO's own archives hold


class Annotations(NamedTuple):
    """A JSON file: where it is, its split, and what it holds.

    labels  of a panoptic one: the folder that its PNG files lie in, named as it is
    """

    path: Path
    split: str
    held: Entries
    labels: str | None = None


class Picture(NamedTuple):
    """A picture that a JSON lists: the name of its pair, its file, and what the JSON tells of it and what it shows."""

    name: str
    path: Path
    image: Mapping[str, Any]
    annotations: Sequence[Mapping[str, Any]]
    file: Annotations


def only_panoptic(folder: Path) -> bool:
    """Whether the JSON files below a folder hold panoptic annotations and no others."""
    kinds = [_holds(path) for path in _candidates(folder)]
    return "panoptic" in kinds and "instances" not in kinds


def read_annotations(folder: Path, panoptic: bool = False) -> list[Annotations]:
    """The JSON files below a folder, one for each split; of instances, or panoptic ones.

    The split is told by the file's name (instances_val2017.json) or its folder's (valid/_annotations.coco.json); what
    tells none trains. InputError where there is none, two for one split, or their categories differ.
    """
    paths = [path for path in _candidates(folder) if _holds(path) == ("panoptic" if panoptic else "instances")]
    files = [file for path in paths if (file := _read(path, folder, panoptic))]
    if not files:
        raise InputError(_none(folder, panoptic))
    first = files[0]
    for number, file in enumerate(files):
        if twin := next((other for other in files[:number] if other.split == file.split), None):
            raise InputError(f"{twin.path} and {file.path} are both for '{file.split}': keep one of them, or join them")
        if file.held.categories != first.held.categories:
            raise InputError(f"{first.path} and {file.path} have different categories: write them with the same")
    return files


def _candidates(folder):
    """The JSON files that may hold annotations; where some are named instances, only those and panoptic ones."""
    paths = [path for path in json_files(folder) if not path.name.lower().startswith(_BESIDE)]
    named = [path for path in paths if path.name.lower().startswith(("instances", "panoptic"))]
    return named if any(path.name.lower().startswith("instances") for path in named) else paths


def _holds(path):
    """What a JSON file holds, told without reading it whole: "panoptic", "instances", "shapes" (labelme's) or None."""
    content = path.read_bytes().replace(b"\0", b"")  # UTF-16's
    if b'"annotations"' in content:
        return "panoptic" if b'"segments_info"' in content else "instances"
    return "shapes" if b'"shapes"' in content else None


def _read(path, folder, panoptic):
    """The `Annotations` in a file, None where it holds something else."""
    held = read_entries(path, panoptic)
    places = (path.stem, *path.relative_to(folder).parts[-2:-1])
    return Annotations(path, split_in(places) or "train", held, path.stem if panoptic else None) if held else None


def _none(folder, panoptic):
    """Why a folder has none of the JSON files that are wanted."""
    paths = list(json_files(folder))
    there = first_of([path.relative_to(folder).as_posix() for path in paths]) or "no JSON at all"
    lacks = f"{folder} has no JSON of {'panoptic labels' if panoptic else 'instances'} in COCO's form ({there})"
    for kind, name in (("shapes", "labelme"), ("instances", "coco"), ("panoptic", "coco-panoptic")):
        if name != ("coco-panoptic" if panoptic else "coco") and any(_holds(path) == kind for path in paths):
            return f"{lacks}: use --data {name}"
    return f"{lacks}, expected {EXPECTED}: check --root"


def split_in(names: Iterable[str]) -> str | None:
    """The split that a word in the names of files or folders tells: "val" of instances_val2017."""
    words = (word for name in names for word in re.findall("[a-z]+", name.lower()))
    return next((SPLIT_NAMES[word] for word in words if word in SPLIT_NAMES), None)


class Finder:
    """Finds pictures below a folder by the names that a JSON gives them, with folders or without, in any case."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.by_name: dict[str, list[Path]] = {}
        for path in find_pictures(folder):
            self.by_name.setdefault(normal(path.name).casefold(), []).append(path)

    def find(self, name: str, file: Annotations, drawn: bool = False) -> Path | None:
        """The picture of that name for a JSON; drawn: a panoptic label. InputError where several might be it."""
        parts = PurePosixPath(normal(name.replace("\\", "/"))).parts
        found = self.by_name.get(parts[-1].casefold() if parts else "", [])
        if file.labels:  # labels may have the names of photos
            found = [path for path in found if (file.labels in path.parts) == drawn] or found
        tests: list[Callable[[Path], bool]] = [
            lambda path: normal(path.name) == parts[-1],  # a.jpg, not A.JPG, where there are both
            lambda path: tuple(map(normal, path.parts[-len(parts) :])) == parts,
            lambda path: path.is_relative_to(file.path.parent),
            lambda path: split_in(path.relative_to(self.folder).parent.parts) == file.split,
        ]
        for test in tests:
            if len(found) > 1:
                found = [path for path in found if test(path)] or found
        if len(found) > 1:
            raise InputError(f"{file.path} names {name}, which {found[0]} and {found[1]} may be: tell its folder, too")
        return found[0] if found else None


def list_pictures(files: Sequence[Annotations], finder: Finder) -> tuple[list[Picture], list[str]]:
    """(the pictures that JSON files list, the names of those that are missing).

    A pair is called as its picture's path from the folder, without suffix where that tells them apart. InputError where
    all are missing, and for a picture that is listed twice.
    """
    found: dict[Path, Picture] = {}
    gone = []
    for file in files:
        for image in file.held.images:
            path = finder.find(image["file_name"], file)
            if path is None:
                gone.append(image["file_name"])
            elif path in found:
                raise InputError(f"{path} is listed twice, in {found[path].file.path} and {file.path}: list it once")
            else:
                found[path] = Picture("", path, image, file.held.by_image[image["id"]], file)
    if not found:
        raise InputError(f"{finder.folder} has none of the {len(gone)} pictures ({first_of(gone)}): copy them there")
    whole = {path: normal(path.relative_to(finder.folder).as_posix()) for path in found}
    short = {path: name[: -len(path.suffix)] for path, name in whole.items()}
    counts = Counter(short.values())
    names = {path: name if counts[name] == 1 else whole[path] for path, name in short.items()}
    return [picture._replace(name=names[path]) for path, picture in found.items()], gone


def by_split(pictures: Iterable[Picture]) -> dict[str, list[str]]:
    """{split: names of pairs}."""
    splits: dict[str, list[str]] = {}
    for picture in pictures:
        splits.setdefault(picture.file.split, []).append(picture.name)
    return splits
