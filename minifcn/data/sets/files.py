"""Reading pairs of image files and label files, with errors that say which file and what to do."""

import glob
from os.path import isdir, isfile  # no for names that no file can have, where Path raises
from pathlib import Path

import numpy as np

from minifcn.data.dataset import VOID, Dataset, Sample
from minifcn.data.reading.fitting import fitted
from minifcn.data.reading.lists import read_lines
from minifcn.data.reading.noise import refuse_noise
from minifcn.data.reading.photos import open_image, picture_suffixes, read_photo
from minifcn.errors import InputError


def read_label(path: str | Path, n_class: int, void: int = VOID) -> np.ndarray:
    """The label in a file as uint8 (H, W): the classes 0 to n_class - 1, or 255 where the file says void.

    The file holds one number a pixel, as a grey or a palette image (whose indices are the classes).
    void: the number that stands for void in the file, next to 255.
    InputError where the file is damaged, in colours, or holds a number that is neither class nor void.
    """
    image = open_image(path)
    if image.mode not in ("L", "P"):
        expected = "expected one class number a pixel: save it as an 8-bit grey or palette PNG"
        raise InputError(f"{path} is a label in mode {image.mode}, {expected}")
    label = np.array(image)
    label[label == void] = VOID
    outside = label[(label >= n_class) & (label != VOID)]
    if outside.size:
        refuse_noise(label, outside, path)
        expected = f"expected 0 to {n_class - 1} or void ({void})"
        given = f"{path} holds the label {outside.min()}"
        raise InputError(f"{given}, {expected}: correct the file, or check that it belongs to this data set")
    return label


def need_folder(root: str | Path | None, what: str) -> Path:
    """`root` as a Path to a folder that holds something, else InputError. what: what is expected there."""
    if root is None:
        raise InputError(f"no data folder was given, expected {what}: name it with --root")
    folder = Path(root).expanduser()
    if not folder.is_dir():
        raise InputError(f"data folder {root} is not there or no folder, expected {what}: check --root")
    if not any(folder.iterdir()):
        raise InputError(f"data folder {root} is empty, expected {what}: fetch the data set first")
    return folder


def find_folder(root: str | Path | None, holds: str, what: str) -> Path:
    """The folder that holds the path `holds`: root, or up to two below it. InputError, naming `what`, if none does."""
    root = need_folder(root, what)
    for pattern in ("*", "*/*"):
        for folder in [root, *sorted(root.glob(pattern))]:
            if (folder / holds).exists():
                return folder
    raise InputError(f"data folder {root} has no {holds}, expected {what}: check --root")


def need_split(folder: Path, split: str) -> Path:
    """The path of the list `split`.txt in a folder, else InputError naming the lists that are there."""
    path = folder / f"{split}.txt"
    if not path.is_file():
        there = ", ".join(sorted(p.stem for p in folder.glob("*.txt"))) or "none"
        raise InputError(f"split '{split}': {path} is not there, expected one of the lists in it ({there})")
    return path


class FileDataset(Dataset):
    """Pairs of files named by the lines of a list, `split`.txt in the folder `lists`.

    InputError where the list is empty, a line names other than two paths, or a file is not there. `names` are those of
    the images, without suffix.
    """

    void = VOID
    line_format: str  # what a line should be, for an error

    def __init__(self, lists: Path, split: str):
        self.pairs, file = [], need_split(lists, split)
        known = lambda line: all(map(isfile, self.paths(line)))  # noqa: E731
        for number, line in read_lines(file, known):
            paths = self.paths(line)
            if len(paths) != 2:
                raise InputError(f"{file} line {number}: '{line}' names no pair, {self.line_format}")
            for path in paths:
                if not isfile(path):
                    raise InputError(f"{file} line {number}: {path} is not there, fetch it or drop the line")
            self.pairs.append(paths)
        if not self.pairs:
            raise InputError(f"{file} is empty, expected one pair a line: fetch the data set again")
        self.names = [image.stem for image, _ in self.pairs]

    def paths(self, line: str) -> list[Path]:
        """The image and the label that a line of the list stands for; other than two where it names no pair."""
        raise NotImplementedError

    def __len__(self) -> int:
        return len(self.pairs)

    def picture(self, index: int) -> Path | None:
        return self.pairs[index][0]

    def load(self, index: int) -> Sample:
        image_path, label_path = self.pairs[index]
        photo, label = read_photo(image_path), read_label(label_path, self.n_class, self.void)
        return photo.pixels, fitted(label, photo, str(label_path))


def with_any_suffix(path: Path) -> Path:
    """The file of that name there is with another suffix of a picture, in any case (.JPG, .jpeg, .png), else `path`."""
    if isfile(path) or not isdir(path.parent):
        return path
    suffixes = picture_suffixes()
    named = (other for other in path.parent.glob(f"{glob.escape(path.stem)}.*") if other.suffix.lower() in suffixes)
    return min(named, default=path)
