"""Published data sets whose splits are lists, a name of a picture a line."""

from collections.abc import Mapping, Sequence
from os.path import isfile
from pathlib import Path, PurePosixPath

import numpy as np

from minifcn.data.reading.lists import read_lines
from minifcn.data.reading.photos import Photo, picture_suffixes, read_photo
from minifcn.data.sets.collection import Collection
from minifcn.errors import InputError


class Listed(Collection):
    """Pairs of a published data set, one collection for all of its splits.

    A subclass gives `name`, `classes`, `paths` and `read_label`, and calls `take`.
    """

    def paths(self, name: str) -> tuple[Path, Path]:
        """The picture's file and the label's of a pair."""
        raise NotImplementedError

    def read_label(self, path: Path) -> np.ndarray:
        """The label in a file, uint8 (h, w)."""
        raise NotImplementedError

    def take(self, splits: Mapping[str, Path | Sequence[str]], split: str) -> None:
        """Take {split: its list's file, or the names themselves}, each name once, and show one.

        InputError for lists that are missing or empty, and for names without files.
        """
        self.arrange({key: self._names(told) for key, told in splits.items()}, split)

    def _names(self, told):
        if not isinstance(told, Path):
            return list(dict.fromkeys(told))
        if not told.is_file():
            raise InputError(f"{told} is not there, expected the list of a split: fetch the data set again")
        known = lambda line: all(map(isfile, self.paths(bare(line))))  # noqa: E731
        names = {}
        for number, line in read_lines(told, known):
            for path in self.paths(bare(line)):
                if not isfile(path):
                    raise InputError(f"{told} line {number}: {path} is not there, fetch it or drop the line")
            names[bare(line)] = None
        if not names:
            raise InputError(f"{told} is empty, expected the name of a picture a line: fetch the data set again")
        return list(names)

    def read_pair(self, name: str) -> tuple[Photo, np.ndarray, str]:
        image, label = self.paths(name)
        return read_photo(image), self.read_label(label), str(label)

    def image(self, name: str) -> Path:
        return self.paths(name)[0]


def bare(line: str) -> str:
    """A picture's name in a list, without folders and suffix."""
    path = PurePosixPath(line.replace("\\", "/"))
    return path.stem if path.suffix.lower() in picture_suffixes() | {".mat"} else path.name
