"""ADE20K (Zhou et al. 2017) with the 150 classes of the scene parsing challenge."""

from pathlib import Path

from minifcn.data.reading.class_names import Colour
from minifcn.data.reading.coding import names_by_number
from minifcn.data.reading.lists import read_lines
from minifcn.data.reading.masks import Coding
from minifcn.data.sets.preset import Preset
from minifcn.errors import InputError

COUNT = 150


class Ade20k(Preset):
    """The pairs of one split ("train", "val") of the challenge's ADE20K.

    root  ADEChallengeData2016.zip from the page of the MIT Scene Parsing Benchmark, unpacked: images/training and
          images/validation, annotations/ likewise, and objectInfo150.txt, which names the classes

    The numbers 1 to 150 are the classes, 0 is void.
    """

    name = "ade20k"
    holds = "annotations/training"
    expected = "ADEChallengeData2016 with images/ and annotations/"

    def read_coding(self, folder: Path) -> tuple[Coding, tuple[Colour, ...]]:
        numbers = tuple(range(1, COUNT + 1))
        return Coding(_names(folder / "objectInfo150.txt") or names_by_number(numbers), numbers, (0,)), ()


def _names(path):
    """The first name of each class, of lines as "2<tab>0.1072<tab>6046<tab>612<tab>building, edifice"."""
    if not path.is_file():
        return ()
    names = {}
    for number, line in read_lines(path):
        index, *_, name = line.split("\t") if "\t" in line else ("", "")
        if index.strip().isdecimal() and name.strip():
            names[int(index)] = name.split(",")[0].strip()
        elif number > 1:  # the first line names the columns
            raise InputError(f"{path} line {number}: '{line:.40}' has no number and names between tabs: fetch it again")
    return tuple(names.get(number, f"class {number}") for number in range(1, COUNT + 1))
