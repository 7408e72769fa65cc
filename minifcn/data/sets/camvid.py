"""CamVid: road scenes filmed from a car, in the layout of the SegNet tutorial (Brostow et al. 2009)."""

import re
from os.path import isfile
from pathlib import Path

import numpy as np

from minifcn.data.sets.files import FileDataset, need_folder


class CamVid(FileDataset):
    """The pairs of one split ("train", "val", "test") under a folder that holds train.txt and its kin.

    A line of a list names an image and its label by absolute paths on the disk of the list's author; only
    their last two parts count (`train/X.png trainannot/X.png`) and are looked up under `root`. Label 11
    is void and becomes 255. InputError for anything missing (`FileDataset`).
    """

    name = "camvid"
    classes: tuple[str, ...] = ("sky", "building", "pole", "road", "pavement", "tree")
    classes += ("sign", "fence", "car", "pedestrian", "bicyclist")
    palette = np.array(  # the colours of the SegNet tutorial
        [
            *([128, 128, 128], [128, 0, 0], [192, 192, 128], [128, 64, 128], [60, 40, 222], [128, 128, 0]),
            *([192, 128, 128], [64, 64, 128], [64, 0, 128], [64, 64, 0], [0, 128, 192]),
        ],
        dtype=np.uint8,
    )
    # Mean and deviation of every pixel of the 367 training images at 240x180, each channel by itself:
    # sum and sum of squares in integers, then sqrt(E[x^2] - E[x]^2).
    mean = (105.479, 108.843, 110.764)
    std = (76.985, 78.095, 77.037)
    void = 11
    line_format = "expected the paths of an image and of its label"

    def __init__(self, root: str | Path | None, split: str = "train"):
        self.folder = need_folder(root, "the folder with CamVid's train.txt")
        super().__init__(self.folder, split)

    def paths(self, line: str) -> list[Path]:
        line = line.replace("\\", "/")
        parted = [
            (line[: gap.start()], line[gap.end() :]) for gap in re.finditer(r"\s+", line)
        ]  # names may have blanks
        ways = [[self.folder.joinpath(*path.split("/")[-2:]) for path in way] for way in parted]
        there = (way for way in ways if all(map(isfile, way)))
        return next(there, ways[0] if len(ways) == 1 else [])
