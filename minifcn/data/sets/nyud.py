"""NYU Depth V2 in colour (Silberman et al. 2012), with the 40 classes of Gupta et al. 2013."""

from os.path import isfile
from pathlib import Path

import numpy as np

from minifcn.data.reading.masks import Coding, read_mask
from minifcn.data.reading.matfiles import need_scipy, read_mat
from minifcn.data.sets.files import find_folder, with_any_suffix
from minifcn.data.sets.listed import Listed

EXPECTED = "NYUDv2's data/images, segmentation and train.txt, as the FCN authors packed it"


class Nyud(Listed):
    """The pairs of one split ("train", "val", "test") of NYUDv2.

    root  nyud.tar.gz of the FCN authors (fcn.berkeleyvision.org, data/nyud), unpacked: data/images/img_5001.png beside
          segmentation/img_5001.mat, or img_5001.png of the same numbers, and the lists train.txt, val.txt, test.txt

    The numbers 1 to 40 are the classes, 0 is void. Depth is not read.
    """

    name = "nyudv2"
    classes = (
        *("wall", "floor", "cabinet", "bed", "chair", "sofa", "table", "door", "window", "bookshelf", "picture"),
        *("counter", "blinds", "desk", "shelves", "curtain", "dresser", "pillow", "mirror", "floor mat", "clothes"),
        *("ceiling", "books", "refrigerator", "television", "paper", "towel", "shower curtain", "box", "whiteboard"),
        *("person", "night stand", "toilet", "sink", "lamp", "bathtub", "bag", "other structure", "other furniture"),
        "other prop",
    )
    coding = Coding(classes, tuple(range(1, 41)), (0, 255))

    def __init__(self, root: str | Path | None, split: str = "train"):
        self.folder = find_folder(root, "segmentation", EXPECTED)
        if not any((self.folder / "segmentation").glob("*.png")):
            need_scipy()
        lists = {key: self.folder / f"{key}.txt" for key in ("train", "val", "test")}
        self.take({key: path for key, path in lists.items() if path.is_file() or key == "train"}, split)

    def paths(self, name: str) -> tuple[Path, Path]:
        name = "img_" + name.removeprefix("img_")
        label = self.folder / "segmentation" / f"{name}.mat"
        image = with_any_suffix(self.folder / "data" / "images" / f"{name}.png")
        return image, label if isfile(label) else with_any_suffix(label.with_suffix(".png"))

    def read_label(self, path: Path) -> np.ndarray:
        values = read_mat(path, "segmentation") if path.suffix == ".mat" else read_mask(path)
        return self.coding.label(values, path)
