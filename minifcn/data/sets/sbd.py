"""The Semantic Boundaries Dataset (Hariharan et al. 2011): VOC's classes on many more of VOC's pictures."""

from pathlib import Path

import numpy as np

from minifcn.data.reading.masks import Coding
from minifcn.data.reading.matfiles import need_scipy, read_mat
from minifcn.data.sets.files import find_folder, need_folder, read_label, with_any_suffix
from minifcn.data.sets.listed import Listed
from minifcn.data.sets.voc import Voc

EXPECTED = "SBD's benchmark_RELEASE/dataset with img/, cls/ and train.txt"
_CODING = Coding(Voc.classes, tuple(range(len(Voc.classes))), (Voc.void,))


class Sbd(Listed):
    """The pairs of one split ("train", "val") of SBD.

    root  the folder of the archive benchmark.tgz from SBD's page ("Semantic Contours from Inverse Detectors",
          Berkeley), unpacked: benchmark_RELEASE, or its dataset/, or a folder above

    Labels are cls/X.mat, read through SciPy. Classes and colours, mean and deviation are VOC's.
    """

    name = "sbd"
    classes = Voc.classes
    mean, std = Voc.mean, Voc.std

    def __init__(self, root: str | Path | None, split: str = "train"):
        need_scipy()
        self.folder = find_folder(root, "cls", EXPECTED)
        self.take({key: self.folder / f"{key}.txt" for key in ("train", "val")}, split)

    def paths(self, name: str) -> tuple[Path, Path]:
        return with_any_suffix(self.folder / "img" / f"{name}.jpg"), self.folder / "cls" / f"{name}.mat"

    def read_label(self, path: Path) -> np.ndarray:
        return _CODING.label(read_mat(path, "GTcls", "Segmentation"), path)


class VocSbd(Sbd):
    """VOC with SBD's training pictures, split as the FCN authors split them (Shelhamer et al. 2016).

    root  a folder that holds both: VOCdevkit/VOC2011 (or 2012) and benchmark_RELEASE

    "train" is SBD's train.txt with SBD's labels. "val" is what VOC validates on but for that, with VOC's labels:
    pictures of VOC's val.txt that SBD trains on are left out, else a network would be asked what it was told. With
    VOC 2011 that is 8498 and 736 pictures.
    """

    name = "voc-sbd"

    def __init__(self, root: str | Path | None, split: str = "train"):
        need_scipy()
        expected = f"VOC2011 and {EXPECTED}"
        root = need_folder(root, expected)
        self.folder = find_folder(root, "cls", expected)
        years = (place for place in (root / "VOC2011", root / "VOCdevkit" / "VOC2011") if place.is_dir())
        voc = Voc(next(years, root), "val")
        training = self._names(self.folder / "train.txt")
        self.voc = {name: pair for name, pair in zip(voc.names, voc.pairs) if name not in set(training)}
        shared = len(voc.names) - len(self.voc)
        self.notes = (f"{shared} of the {len(voc.names)} pictures that {voc.folder.name} validates on train: left out",)
        self.take({"train": training, "val": list(self.voc)}, split)

    def paths(self, name: str) -> tuple[Path, Path]:
        if name in getattr(self, "voc", ()):
            image, label = self.voc[name]
            return image, label
        return super().paths(name)

    def read_label(self, path: Path) -> np.ndarray:
        if path.suffix.lower() == ".mat":
            return super().read_label(path)
        return read_label(path, self.n_class, Voc.void)
