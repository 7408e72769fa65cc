"""Cityscapes (Cordts et al. 2016): streets of 50 towns, in the 19 classes that it is scored on."""

from pathlib import Path

from minifcn.data.reading.class_names import Colour
from minifcn.data.reading.masks import Coding
from minifcn.data.reading.pairing import Pair, Pairing
from minifcn.data.sets.preset import Preset

CLASSES: dict[str, tuple[int, Colour]] = {  # the number in its *_labelIds.png, and the colour
    "road": (7, (128, 64, 128)),
    "sidewalk": (8, (244, 35, 232)),
    "building": (11, (70, 70, 70)),
    "wall": (12, (102, 102, 156)),
    "fence": (13, (190, 153, 153)),
    "pole": (17, (153, 153, 153)),
    "traffic light": (19, (250, 170, 30)),
    "traffic sign": (20, (220, 220, 0)),
    "vegetation": (21, (107, 142, 35)),
    "terrain": (22, (152, 251, 152)),
    "sky": (23, (70, 130, 180)),
    "person": (24, (220, 20, 60)),
    "rider": (25, (255, 0, 0)),
    "car": (26, (0, 0, 142)),
    "truck": (27, (0, 0, 70)),
    "bus": (28, (0, 60, 100)),
    "train": (31, (0, 80, 100)),
    "motorcycle": (32, (0, 0, 230)),
    "bicycle": (33, (119, 11, 32)),
}
NUMBERS = 34  # 0 to 33; those of no class count nowhere
BY_ID, BY_CLASS = "labelIds", "labelTrainIds"  # masks of these numbers, or of the classes' own, where they were made


class Cityscapes(Preset):
    """The pairs of one split ("train", "val") of Cityscapes; its test set has no public labels.

    root  leftImg8bit_trainvaltest.zip and gtFine_trainvaltest.zip from the data set's page, unpacked side by side:
          leftImg8bit/train/aachen/X_leftImg8bit.png beside gtFine/train/aachen/X_gtFine_labelIds.png
    """

    name = "cityscapes"
    holds = "leftImg8bit"
    expected = "Cityscapes' leftImg8bit/ and gtFine/ side by side"

    def pair(self, folder: Path) -> Pairing:
        kind = _kind(folder)
        pairs, splits, alone = [], {}, []
        for image in sorted(folder.glob("leftImg8bit/*/*/*_leftImg8bit.png")):
            split, town = image.parts[-3:-1]
            if split not in ("train", "val"):
                continue
            name = f"{split}/{town}/{image.stem.removesuffix('_leftImg8bit')}"
            mask = folder / "gtFine" / f"{name}_gtFine_{kind}.png"
            if mask.is_file():
                pairs.append(Pair(name, image, mask))
                splits[name] = split
            else:
                alone.append(image.relative_to(folder).as_posix())
        return Pairing(pairs, splits, alone, [])

    def read_coding(self, folder: Path) -> tuple[Coding, tuple[Colour, ...]]:
        numbers, colours = zip(*CLASSES.values())
        if _kind(folder) == BY_CLASS:
            return Coding(tuple(CLASSES), tuple(range(len(CLASSES))), (255,)), colours
        return Coding(tuple(CLASSES), numbers, (*sorted({*range(NUMBERS)} - {*numbers}), 255)), colours


def _kind(folder):
    """Which masks there are: as they are published, or made from them with the data set's scripts."""
    return BY_CLASS if not any(folder.glob(f"gtFine/*/*/*_{BY_ID}.png")) else BY_ID
