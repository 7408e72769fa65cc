"""Sheets of pictures with their masks laid over."""

import numpy as np
from PIL import Image

from minifcn.data import Dataset, voc_palette
from minifcn.data.looking.inspection import Inspection
from minifcn.data.looking.look import Look
from minifcn.data.looking.suspicions import Suspicion
from minifcn.pictures.sheets import Shown, save_sheet, worth_showing

PALETTE = np.array([[0, 0, 0], [200, 100, 0]], np.uint8)


def test_a_sheet_shows_pictures_of_all_forms(tmp_path):
    pairs = []
    for number, shape in enumerate([(4, 6), (90, 30), (300, 900), (1, 1)]):
        image, label = np.full((*shape, 3), (10, 250, 20), np.uint8), np.ones(shape, np.uint8)
        label[: shape[0] // 2] = number > 0  # of the first picture half is background
        pairs.append(Shown(f"picture {number} $_{{x}}$ \n" * 9, image, label, "twice" * (number == 2)))
    save_sheet(tmp_path / "sheet.png", pairs, ("background", "leaf"), PALETTE)
    sheet = np.asarray(Image.open(tmp_path / "sheet.png").convert("RGB"))
    # Each is as large as 220x200 allow, small ones by a whole factor; of the first mask a row is its outline. Older
    # versions of matplotlib draw a picture a column wider where its place is no whole pixel to the last bit.
    others, columns = 60 * 180 + 220 * 73 + 200 * 200, 180 + 73 + 200
    photos = (sheet == (10, 250, 20)).all(axis=2).sum() - (216 * 144 + 216 * 72 + others)
    overlays = (sheet == (105, 175, 10)).all(axis=2).sum() - (216 * 71 + others)
    assert 0 <= photos <= columns and 0 <= overlays <= columns
    red, _, blue = np.moveaxis(sheet[:-50].astype(int), 2, 0)  # above the legend
    assert (red - blue > 120).any()  # the mark's letters


def looks(split, count):
    return [Look(split, number, str(number)) for number in range(count)]


def test_suspicious_pairs_come_first_and_others_are_spread():
    dataset = Dataset()
    dataset.classes, dataset.palette = ("a", "b"), voc_palette(2)
    train, val = looks("train", 60), looks("val", 3)
    train[5] = Look("train", 5, "5", error="damaged")
    found = [Suspicion("twice", "", (train[40], train[41], train[42])), Suspicion("bad", "", (train[5], val[1]))]
    chosen = worth_showing(Inspection(dataset, {"train": train, "val": val}, []), found)
    named = [(look.split, look.index, mark) for look, mark in chosen]
    assert named[:4] == [("train", 40, "twice"), ("train", 41, "twice"), ("val", 1, "bad"), ("train", 42, "twice")]
    assert len(set(named)) == len(named) == 12
    assert {("val", 0, ""), ("val", 2, ""), ("train", 0, "")} <= set(named)
    assert max(index for split, index, mark in named if split == "train" and not mark) > 45
    assert all(not look.error for look, _ in chosen)
