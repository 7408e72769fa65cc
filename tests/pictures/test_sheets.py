"""Sheets of pictures with their masks laid over."""

import numpy as np
from PIL import Image

from minifcn.data import VOID, Dataset, voc_palette
from minifcn.data.inspection import Inspection
from minifcn.data.looking import Look
from minifcn.data.suspicions import Suspicion
from minifcn.pictures.sheets import Shown, overlaid, save_sheet, worth_showing

PALETTE = np.array([[0, 0, 0], [200, 100, 0]], np.uint8)


def test_a_label_is_laid_over_half_and_half_and_background_is_left():
    image = np.full((1, 3, 3), 100, np.uint8)
    laid = overlaid(image, np.array([[0, 1, VOID]], np.uint8), ("background", "leaf"), PALETTE)
    assert laid.tolist() == [[[100, 100, 100], [150, 100, 50], [166, 166, 166]]]
    laid = overlaid(image, np.array([[0, 1, VOID]], np.uint8), ("sky", "leaf"), PALETTE)
    assert laid[0, 0].tolist() == [50, 50, 50]


def test_a_sheet_shows_pictures_of_all_forms(tmp_path):
    pairs = []
    for number, shape in enumerate([(4, 6), (90, 30), (300, 900), (1, 1)]):
        image = np.full((*shape, 3), (10, 250, 20), np.uint8)
        pairs.append(
            Shown(f"picture {number} $_{{x}}$ \n" * 9, image, np.ones(shape, np.uint8), "twice" * (number == 2))
        )
    save_sheet(tmp_path / "sheet.png", pairs, ("background", "leaf"), PALETTE)
    sheet = np.asarray(Image.open(tmp_path / "sheet.png").convert("RGB"))
    shown = (sheet == (10, 250, 20)).all(axis=2)
    laid = (sheet == (105, 175, 10)).all(axis=2)
    # each as large as 220x200 allow, small ones by a whole factor
    assert shown.sum() == 36 * 36 * 24 + 2 * 2 * 2700 + 73 * 220 + 200 * 200
    assert laid.sum() == shown.sum()
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
