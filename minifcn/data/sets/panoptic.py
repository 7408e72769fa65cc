"""Panoptic labels in COCO's form (Kirillov et al. 2019): a JSON, and a PNG whose colours number segments."""

from pathlib import Path
from typing import Any

import numpy as np

from minifcn.data.dataset import VOID
from minifcn.data.reading.class_names import FILES
from minifcn.data.reading.photos import Photo, open_image
from minifcn.data.sets.coco import Coco
from minifcn.data.sets.coco_files import EXPECTED, Finder, by_split, list_pictures, only_panoptic, read_annotations
from minifcn.data.sets.collection import Collection, Options
from minifcn.data.sets.files import need_folder
from minifcn.data.sets.folder import first_of
from minifcn.data.sets.numbering import number_names, told_classes
from minifcn.errors import InputError


class Panoptic(Collection):
    """The pairs of one split of pictures with panoptic labels; the kinds of things and of stuff are the classes.

    root     panoptic_*.json, one for each split, a folder of that name with its PNG files, and the pictures, wherever
             below it they lie (`coco_files`)
    options  what is told of it (`Options`)

    A pixel's segment is red + 256 green + 65536 blue; the JSON tells the segment's category. Classes are the categories
    in the order of their ids; segment 0 and crowds count nowhere. InputError for anything missing.
    """

    name = "coco-panoptic"

    def __init__(self, root: str | Path | None, split: str = "train", **options: Any):
        told = Options(**options)
        folder = need_folder(root, EXPECTED)
        files = read_annotations(folder, panoptic=True)
        categories = files[0].held.categories
        names = dict.fromkeys((name for _, name in sorted(categories.items())), files[0].path)
        numbered = number_names(names, told_classes(told, folder, FILES), background=False)
        self.labels = {number: numbered.labels[name] for number, name in categories.items()}
        self.classes = numbered.classes
        finder = Finder(folder)
        pictures, gone = list_pictures(files, finder)
        self.pictures, self.files = {}, {}
        for picture in pictures:
            name = picture.annotations[0]["file_name"] if picture.annotations else f"label of {picture.path.name}"
            path = finder.find(name, picture.file, drawn=True)
            if path is None:
                gone.append(name)
            else:
                self.pictures[picture.name], self.files[picture.name] = picture, path
        if not self.pictures:
            raise InputError(f"{folder} has no PNG of {files[0].path.name} ({first_of(gone)}): unpack them beside it")
        self.notes = (f"{len(self.pictures)} pictures with panoptic labels",)
        self.notes += (f"pictures or PNGs that are missing, left out: {len(gone)} ({first_of(gone)})",) if gone else ()
        self.arrange(by_split(self.pictures.values()), split, told, numbered.colours or _colours(files[0], numbered))

    def read_pair(self, name: str) -> tuple[Photo, np.ndarray, str]:
        path = self.files[name]
        image = open_image(path)
        if image.mode not in ("RGB", "RGBA"):
            raise InputError(
                f"{path} is in mode {image.mode}, expected RGB, whose colours are segments: unpack it anew"
            )
        red, green, blue = np.moveaxis(np.array(image.convert("RGB")).astype(np.int32), -1, 0)
        numbers, places = np.unique(red + 256 * green + 65536 * blue, return_inverse=True)
        labels = {0: VOID}
        for segment in self.pictures[name].annotations[0]["segments_info"]:
            labels[segment["id"]] = VOID if segment.get("iscrowd") else self.labels[segment["category_id"]]
        if strange := [number for number in numbers.tolist() if number not in labels]:
            raise InputError(f"{path} holds segment {strange[0]}, which its JSON does not list: unpack both anew")
        label = np.array([labels[number] for number in numbers.tolist()], np.uint8)[places].reshape(red.shape)  # (H, W)
        return self.read_photo(name), label, str(path)

    def image(self, name: str) -> Path:
        return self.pictures[name].path


def open_coco(root: str | Path | None, split: str = "train", **options: Any) -> Collection:
    """A folder in COCO's form: the panoptic labels where it has no JSON but of them, else the instances."""
    if not only_panoptic(need_folder(root, EXPECTED)):
        return Coco(root, split, **options)
    dataset = Panoptic(root, split, **options)
    dataset.name = Coco.name
    return dataset


def _colours(file, numbered):
    """Those of the categories, where each class has one of its own."""
    told = {category["name"]: category.get("color") for category in file.held.told}
    colours = [told.get(name) for name in numbered.classes]
    return colours if all(map(_is_colour, colours)) and len(set(map(tuple, colours))) == len(colours) else ()


def _is_colour(told):
    return isinstance(told, list) and len(told) == 3 and all(isinstance(v, int) and 0 <= v <= 255 for v in told)
