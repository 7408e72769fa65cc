"""Published data sets that are folders of pictures and masks, whose layout and numbers are known."""

from pathlib import Path

from minifcn.data.reading.class_names import Colour
from minifcn.data.reading.masks import Coding
from minifcn.data.reading.pairing import Pairing, find_pairs
from minifcn.data.sets.files import find_folder
from minifcn.data.sets.folder import Folder, by_folders
from minifcn.errors import InputError


class Preset(Folder):
    """A `Folder` of which nothing has to be told or looked at.

    A subclass gives `name`, what lies in it (`holds`, a path; `expected`, in words), and `read_coding`.
    """

    holds: str
    expected: str

    def __init__(self, root: str | Path | None, split: str = "train"):
        folder = find_folder(root, self.holds, self.expected)
        pairing = self.pair(folder)
        if not pairing.pairs:
            lone = f"{len(pairing.images)} pictures, none with a mask"
            raise InputError(f"data folder {folder} has {lone}, expected {self.expected}: check --root")
        self.take(pairing)
        self.coding, colours = self.read_coding(folder)
        self.classes = self.coding.classes
        self.arrange(by_folders(pairing), split, colours=colours)

    def pair(self, folder: Path) -> Pairing:
        """Which mask belongs to which picture."""
        return find_pairs(folder)

    def read_coding(self, folder: Path) -> tuple[Coding, tuple[Colour, ...]]:
        """How its masks are read, and the colours of its classes, none for VOC's."""
        raise NotImplementedError
