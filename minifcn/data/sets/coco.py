"""Pictures with the outlines of instances in COCO's form (Lin et al. 2014)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from minifcn.data.dataset import VOID
from minifcn.data.reading.class_names import FILES
from minifcn.data.reading.fitting import drawn_on
from minifcn.data.reading.outlines import inside, need_pycocotools
from minifcn.data.reading.photos import Photo
from minifcn.data.sets.coco_files import EXPECTED, Annotations, Finder, by_split, list_pictures, read_annotations
from minifcn.data.sets.collection import Collection, Options
from minifcn.data.sets.files import need_folder
from minifcn.data.sets.folder import first_of
from minifcn.data.sets.numbering import number_names, told_classes
from minifcn.errors import InputError
from minifcn.text import brief


class Coco(Collection):
    """The pairs of one split of pictures whose objects a JSON in COCO's form outlines.

    root     the JSON files, one for each split, and the pictures, wherever below it they lie (`coco_files`)
    options  what is told of it (`Options`)

    Classes are "background" and the categories in the order of their ids, those of one name joined. Of objects that
    overlap the smaller lies on top. Crowds count nowhere but where an object lies on them, and so do boxes without an
    outline. A picture without annotations is background. InputError for anything missing, pycocotools first of all.
    """

    name = "coco"

    def __init__(self, root: str | Path | None, split: str = "train", **options: Any):
        need_pycocotools()  # before anything that takes long
        told = Options(**options)
        folder = need_folder(root, EXPECTED)
        files = read_annotations(folder)
        categories = _classes(files)
        names = dict.fromkeys((name for _, name in sorted(categories.items())), files[0].path)
        numbered = number_names(names, told_classes(told, folder, FILES))
        self.labels = {number: numbered.labels[name] for number, name in categories.items()}
        self.classes, self.background = numbered.classes, numbered.background
        pictures, gone = list_pictures(files, Finder(folder))
        self.pictures = {picture.name: picture for picture in pictures}
        annotations = [annotation for picture in pictures for annotation in picture.annotations]
        boxes = sum(not annotation.get("segmentation") for annotation in annotations)
        crowds = sum(bool(annotation.get("iscrowd")) for annotation in annotations)
        if boxes and boxes == len(annotations):
            raise InputError(f"{files[0].path} has boxes alone, expected outlines (segmentation): export it with them")
        if crowds and crowds == len(annotations):
            given = f"{files[0].path} calls all that it outlines crowds (iscrowd 1), which count nowhere"
            raise InputError(f"{given}: where these are single objects, write iscrowd 0")
        self.notes = (f"{len(pictures)} pictures with {len(annotations)} annotations",)
        self.notes += (numbered.note,) if numbered.note else ()
        self.notes += (f"pictures that are missing, left out: {len(gone)} ({first_of(gone)})",) if gone else ()
        self.notes += (f"annotations with a box and no outline, void: {boxes}",) if boxes else ()
        self.notes += (f"annotations of crowds, void: {crowds}",) if crowds else ()
        self.arrange(by_split(pictures), split, told, numbered.colours)

    def read_pair(self, name: str) -> tuple[Photo, np.ndarray, str]:
        picture, photo = self.pictures[name], self.read_photo(name)
        what = f"the label of {picture.path} in {picture.file.path.name}"
        size = drawn_on((picture.image.get("height"), picture.image.get("width")), photo, what)
        return photo, self._drawn(picture, size), what

    def _drawn(self, picture, size):
        """The label (h, w): first what is void, then objects from the largest to the smallest."""
        label = np.full(size, self.background, np.uint8)
        objects = []
        for annotation in picture.annotations:
            pixels = inside(annotation, size, f"{picture.file.path}: annotation {brief(annotation.get('id'))}")
            if annotation.get("iscrowd") or not annotation.get("segmentation"):
                label[pixels] = VOID
            else:
                objects.append((int(pixels.sum()), self.labels[annotation["category_id"]], pixels))
        for _, number, pixels in sorted(objects, key=lambda known: -known[0]):
            label[pixels] = number
        return label

    def image(self, name: str) -> Path:
        return self.pictures[name].path


def _classes(files: Sequence[Annotations]) -> dict[int, str]:
    """The categories, {id: name}, but for the one that Roboflow sets above all others and that nothing has."""
    told = [category for file in files for category in file.held.told]
    above = [category.get("supercategory") for category in told if category.get("supercategory") != category["name"]]
    shown = (annotations for file in files for annotations in file.held.by_image.values())
    used = {annotation["category_id"] for annotations in shown for annotation in annotations}
    return {number: name for number, name in files[0].held.categories.items() if name not in above or number in used}
