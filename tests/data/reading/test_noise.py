"""Masks that somebody drew, and what compression and smoothing make of them."""

import io

import numpy as np
import pytest
from PIL import Image

from minifcn.data import Folder
from minifcn.data.reading.masks import Coding
from minifcn.data.reading.noise import is_noisy, slopes
from minifcn.data.sets.files import read_label
from minifcn.errors import InputError

y, x = np.mgrid[:60, :80]
DISC = ((y - 30) ** 2 + (x - 35) ** 2 < 400).astype(np.uint8)
CLASSES = np.where(DISC, 3, np.where(x > 60, 5, 0)).astype(np.uint8)


def jpeg(mask, quality=75):
    Image.fromarray(mask).save(file := io.BytesIO(), "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def resized(mask, how=Image.Resampling.BILINEAR):
    return np.asarray(Image.fromarray(mask).resize((60, 44), how))


@pytest.mark.parametrize("mask", [DISC, DISC * 255, CLASSES, resized(CLASSES, Image.Resampling.NEAREST), y * 0])
def test_drawn_masks_are_not_noisy(mask):
    assert not is_noisy(mask, np.unique(mask), "mask.png")
    assert slopes(mask) < 0.05


@pytest.mark.parametrize("mask", [jpeg(DISC * 255), jpeg(DISC * 255, 95), jpeg(CLASSES * 40), resized(DISC * 255)])
def test_compressed_and_smoothed_masks_are_noisy_though_saved_as_png(mask):
    assert is_noisy(mask, np.unique(mask), "mask.png")


def test_a_jpeg_holds_two_values_at_most():
    values = np.where(DISC, 255, 2 * (x > 60)).astype(np.uint8)
    assert is_noisy(values, np.unique(values), "mask.jpg")
    assert not is_noisy(values, np.unique(values), "mask.png")
    assert not is_noisy(DISC, np.unique(DISC), "mask.jpg")


def test_borders_of_smoothed_masks_are_slopes():
    assert slopes(np.array([[0, 0, 1, 2, 3, 3]])) == 0.5  # of the four inner pixels at a step two are on a slope
    assert slopes(np.array([[0, 0, 3, 255, 255]])) == 0  # 3 is beside void, not below it
    assert slopes(resized(CLASSES)) > 0.25


def test_several_strange_values_are_told_as_noise_and_one_as_itself(tmp_path):
    coding, path = Coding(("a", "b"), (0, 1)), tmp_path / "m.png"
    Image.fromarray(jpeg(DISC * 9 * 20)).save(path)
    for read in (lambda: coding.label(np.asarray(Image.open(path)), path), lambda: read_label(path, 2)):
        with pytest.raises(InputError, match=r"m\.png holds \d+ values, as no mask does"):
            read()
    with pytest.raises(InputError, match=r"m\.png holds 7, expected 0 to 1"):
        coding.label(np.where(x == 3, 7, DISC), path)


def folder(root, masks):
    for number, mask in enumerate(masks):
        for place, pixels in (("images", np.stack([y + number] * 3, -1)), ("masks", mask)):
            (root / place).mkdir(exist_ok=True)
            Image.fromarray(pixels.astype(np.uint8)).save(root / place / f"{number}.png")
    return root


@pytest.mark.parametrize("mask", [jpeg(DISC * 255), np.where(x == 3, 7, DISC)])
@pytest.mark.parametrize("table", ["", "background\nleaf\n", "background 0 0 0\nleaf 255 0 0\n"])
def test_a_folder_with_one_bad_mask_is_refused_yet_can_be_looked_at(tmp_path, mask, table):
    good = DISC if "255" not in table else DISC[..., None] * np.uint8([255, 0, 0])
    folder(tmp_path, [good, good, mask, mask, good] if table else [good, good, mask, good])
    if table:
        (tmp_path / "classes.txt").write_text(table)
    with pytest.raises(InputError):
        Folder(tmp_path)
    dataset = Folder(tmp_path, "all", lenient=True)
    assert dataset.n_class == 2
    with pytest.raises(InputError, match=r"2\.png holds"):
        dataset[dataset.names.index("images/2")]
    _, label = dataset[dataset.names.index("images/1")]
    assert (label == DISC).all()


def test_a_folder_of_smoothed_masks_is_refused_with_the_reason(tmp_path):
    folder(tmp_path, [resized(DISC * 255)] * 3)
    with pytest.raises(InputError, match=r"0\.png holds \d+ values, and 2 more like it, as no mask does"):
        Folder(tmp_path)
    with pytest.raises(InputError, match="as no mask does"):
        Folder(tmp_path, lenient=True)
