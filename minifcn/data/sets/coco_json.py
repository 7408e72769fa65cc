"""A JSON file in COCO's form, every entry checked before anything relies on it."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from minifcn.data.reading.lists import read_json
from minifcn.errors import InputError
from minifcn.text import brief

_LISTS = ("images", "annotations", "categories")  # a test's file may lack annotations
_WORDS = {int: "a whole number", str: "a text", list: "a list", (int, str): "a whole number or a text"}


class Entries(NamedTuple):
    """What a JSON holds.

    categories  {id: name}, and what else is told of each, in `told`
    images      each with its id and file_name
    by_image    {id of an image: its annotations}, of all images
    """

    categories: dict[int, str]
    told: Sequence[Mapping[str, Any]]
    images: Sequence[Mapping[str, Any]]
    by_image: dict[Any, list[Mapping[str, Any]]]


def read_entries(path: Path, panoptic: bool) -> Entries | None:
    """The entries of a file of instances or of a panoptic one; None where it is neither.

    InputError for the first entry that lacks something or has it in another form, for an id that two have, and for
    annotations of what is not listed.
    """
    told = read_json(path)
    if not isinstance(told, dict) or not all(isinstance(told.get(key), list) for key in _LISTS):
        return None
    categories: dict[int, str] = {}
    for what, category in _entries(told["categories"], f"{path}: categories"):
        _add(categories, _need(category, "id", int, what), _need(category, "name", str, what), what)
    by_image: dict[Any, list] = {}
    for what, image in _entries(told["images"], f"{path}: images"):
        _need(image, "file_name", str, what)
        _add(by_image, _need(image, "id", (int, str), what), [], what)
    if not by_image:
        raise InputError(f"{path} lists no image: write it anew")
    for what, annotation in _entries(told["annotations"], f"{path}: annotations"):
        _of(annotation, "image_id", (int, str), by_image, what)
        shown = by_image[annotation["image_id"]]
        if panoptic:
            _check_segments(annotation, categories, what)
            if shown:
                raise InputError(f"{what} is the second of image {annotation['image_id']}: keep one of them")
        else:
            _check_object(annotation, categories, what)
        shown.append(annotation)
    return Entries(categories, told["categories"], told["images"], by_image)


def _check_segments(annotation, categories, what):
    _need(annotation, "file_name", str, what)
    numbers = {}
    for which, segment in _entries(_need(annotation, "segments_info", list, what), f"{what}: segments_info"):
        _add(numbers, _need(segment, "id", int, which), None, which)
        _check_object(segment, categories, which)


def _check_object(told, categories, what):
    _of(told, "category_id", int, categories, what)
    if told.get("iscrowd") not in (None, 0, 1):
        raise InputError(f"{what} has iscrowd {brief(told['iscrowd'])}, expected 0 or 1: write it anew")


def _entries(told: Sequence[Any], where: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(what names it in a message, the entry) of a list."""
    for number, entry in enumerate(told):
        what = f"{where}[{number}]"
        if not isinstance(entry, dict):
            raise InputError(f"{what} is {brief(entry)}, expected an object with names and values: write it anew")
        yield what, entry


def _need(entry, key, kind, what):
    """The value that an entry has of a key, of that kind."""
    if key not in entry:
        raise InputError(f"{what} has no {key}, expected {_WORDS[kind]}: write it anew")
    if not isinstance(entry[key], kind) or isinstance(entry[key], bool) or entry[key] == "":
        raise InputError(f"{what} has {key} {brief(entry[key])}, expected {_WORDS[kind]}: write it anew")
    return entry[key]


def _add(known, number, value, what):
    if number in known:
        raise InputError(f"{what} has the id {brief(number)}, as one before it: give each its own")
    known[number] = value


def _of(entry, key, kind, listed, what):
    if _need(entry, key, kind, what) not in listed:
        raise InputError(f"{what} has {key} {brief(entry[key])}, which is not listed: export it anew")
