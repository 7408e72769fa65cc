"""PASCAL VOC 2011 and 2012 segmentation (Everingham et al. 2010)."""

from pathlib import Path

from minifcn.data.dataset import voc_palette
from minifcn.data.sets.files import FileDataset, need_folder, with_any_suffix
from minifcn.errors import InputError

LISTS = "ImageSets/Segmentation"  # where the lists of the splits lie


class Voc(FileDataset):
    """The pairs of one split ("train", "val", "trainval") of VOC 2011 or 2012.

    root  the folder VOC2011 or VOC2012 itself, or the VOCdevkit folder that holds one (or the folder that
          holds VOCdevkit); where both years are there, 2012 is taken: name the year's own folder to choose

    Labels are palette images, read as indices; 255 is void, the border around objects.
    InputError for anything missing (`FileDataset`).
    """

    name = "voc"
    classes = (
        *("background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus"),
        *("car", "cat", "chair", "cow", "dining table", "dog", "horse"),
        *("motorbike", "person", "potted plant", "sheep", "sofa", "train", "tv monitor"),
    )
    palette = voc_palette(21)
    # The mean of the published VGG and FCN weights (there in BGR); the deviation of ImageNet's images.
    mean = (122.67892, 116.66877, 104.00699)
    std = (58.395, 57.12, 57.375)
    line_format = "expected the name of an image"

    def __init__(self, root: str | Path | None, split: str = "train"):
        self.folder = _find_year(root)
        super().__init__(self.folder / LISTS, split)

    def paths(self, line: str) -> list[Path]:
        places = self.folder / "JPEGImages" / f"{line}.jpg", self.folder / "SegmentationClass" / f"{line}.png"
        return [with_any_suffix(place) for place in places]


def _find_year(root):
    """The folder that holds LISTS: root itself or a VOC20?? below it, the latest first."""
    expected = "VOCdevkit or the VOC2011 or VOC2012 in it"
    root = need_folder(root, expected)
    below = [year for pattern in ("VOC20??", "VOCdevkit/VOC20??") for year in sorted(root.glob(pattern))[::-1]]
    for folder in [root, *below]:
        if (folder / LISTS).is_dir():
            return folder
    raise InputError(f"data folder {root} has no {LISTS}, expected {expected}: check --root")
