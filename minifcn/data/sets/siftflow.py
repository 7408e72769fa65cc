"""SIFT Flow (Liu et al. 2009; Tighe and Lazebnik 2010): outdoor scenes, 33 classes of things and stuff."""

from pathlib import Path

import numpy as np

from minifcn.data.reading.lists import read_lines
from minifcn.data.reading.masks import Coding
from minifcn.data.reading.matfiles import need_scipy, read_mat
from minifcn.data.reading.pairing import find_pictures
from minifcn.data.sets.files import find_folder
from minifcn.data.sets.listed import Listed, bare
from minifcn.errors import InputError

EXPECTED = "SIFT Flow's Images and SemanticLabels"
TRAIN, VAL = ("train.txt", "trainval.txt"), ("val.txt", "test.txt", "TestSet1.txt")  # lists, the first there counts


class SiftFlow(Listed):
    """The pairs of one split ("train", "val") of SIFT Flow.

    root  SiftFlowDataset.zip from the page of SuperParsing (Tighe, University of North Carolina), unpacked, and beside
          Images and SemanticLabels, where they are wanted, the FCN authors' lists trainval.txt and test.txt

    What validates is the published test set, which its authors and those of FCN score on; all others train. Labels are
    the matrix S of .mat files, read through SciPy: 1 to 33 are the classes, 0 is void.
    """

    name = "siftflow"
    classes = (
        *("awning", "balcony", "bird", "boat", "bridge", "building", "bus", "car", "cow", "crosswalk", "desert"),
        *("door", "fence", "field", "grass", "moon", "mountain", "person", "plant", "pole", "river", "road", "rock"),
        *("sand", "sea", "sidewalk", "sign", "sky", "staircase", "streetlight", "sun", "tree", "window"),
    )
    coding = Coding(classes, tuple(range(1, 34)), (0,))

    def __init__(self, root: str | Path | None, split: str = "train"):
        need_scipy()
        folder = self.folder = find_folder(root, "SemanticLabels", EXPECTED)
        self.images = {path.stem: path for path in find_pictures(folder / "Images")}
        self.labels = {path.stem: path for path in (folder / "SemanticLabels").rglob("*.mat")}
        train, val = (_first([folder / name for name in names]) for names in (TRAIN, VAL))
        if val is None:
            raise InputError(f"{folder} has no list of what validates ({', '.join(VAL)}): fetch the FCN authors' lists")
        pairs = sorted(self.images.keys() & self.labels.keys())
        held = {bare(line) for _, line in read_lines(val)}
        self.take({"train": train or [name for name in pairs if name not in held], "val": val}, split)

    def paths(self, name: str) -> tuple[Path, Path]:
        image, label = self.folder / "Images" / f"{name}.jpg", self.folder / "SemanticLabels" / f"{name}.mat"
        return self.images.get(name, image), self.labels.get(name, label)

    def read_label(self, path: Path) -> np.ndarray:
        return self.coding.label(read_mat(path, "S"), path)


def _first(paths):
    return next((path for path in paths if path.is_file()), None)
