"""The command data: what it says, how it ends, and the sheet."""

import numpy as np
import pytest
import tiny
from PIL import Image

from minifcn.commands.tables import console
from minifcn.data import Scenes

COUNT = 12


@pytest.fixture
def photos(tmp_path):
    """A folder of pictures and masks of three classes, all of one size."""
    root = tmp_path / "photos"
    scenes = Scenes(size=48, count=COUNT)
    for number in range(COUNT):
        image, label = scenes[number]
        label = np.where(label == 255, 0, np.minimum(label, 1) + number % 2 * (label > 0)).astype(np.uint8)
        for place, picture in (("images", image), ("masks", label)):
            (root / place).mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture).save(root / place / f"n{number}.png")
    (root / "classes.txt").write_text("background\nred [fruit]\nleaf\n")
    return root


def look(capsys, *arguments):
    """(exit code, standard output, standard error)."""
    capsys.readouterr()
    code = tiny.command("data", *arguments)
    return code, *capsys.readouterr()


def test_a_folder_is_told_with_its_classes_and_what_is_suspicious(capsys, photos, monkeypatch):
    monkeypatch.setattr(console, "_width", 80)  # of a table
    label = np.zeros((48, 48), np.uint8)
    label[:12] = 1
    Image.fromarray(label).save(photos / "masks/n1.png")
    code, out, err = look(capsys, "--data", "folder", "--root", photos, "--split", "all")
    assert (code, err) == (0, "")
    assert "folder: 12 pairs, 3 classes" in out
    assert "masks of class numbers 0 to 2" in out
    (row,) = [line.split() for line in out.splitlines() if "leaf" in line and "%" not in line]
    masks = [np.asarray(Image.open(photos / f"masks/n{n}.png")) for n in range(COUNT)]
    share, shown = np.mean([m == 2 for m in masks]), np.mean([(m == 2).any() for m in masks])
    assert [float(word) for word in row[1:]] == pytest.approx([100 * share, 100 * shown], abs=0.05)
    assert "red [fruit]" in out
    assert "48x48" in out
    assert "--out sheet.png" in out


def test_what_is_wrong_with_single_files_is_told_and_ends_with_2(capsys, photos):
    (photos / "images/n1.png").write_bytes(b"")
    (photos / "masks/n2.png").unlink()
    label = np.asarray(Image.open(photos / "masks/n3.png"))
    Image.fromarray(label * 90).save(photos / "masks/n3.jpg")
    (photos / "masks/n3.png").unlink()
    Image.fromarray(np.where(label, 9, 0).astype(np.uint8)).save(photos / "masks/n4.png")
    code, out, err = look(capsys, "--data", "folder", "--root", photos, "--out", photos.parent / "sheet.png")
    assert code == 2
    for word in ("n1.png", "it is empty", "without a mask, left out: images/n2.png", "n3.jpg", "JPEG changes values"):
        assert word in out
    assert "n4.png holds 9, expected 0 to 2" in out
    assert err.startswith("minifcn: error: no network can be trained on this as it is: ") and err.count("\n") == 1
    assert (photos.parent / "sheet.png").is_file()


def test_data_that_no_network_learns_from_end_with_2_and_the_reason(capsys, photos):
    for path in (photos / "masks").iterdir():
        Image.fromarray(np.where(np.asarray(Image.open(path)), 255, 0).astype(np.uint8)).save(path)
    code, _, err = look(capsys, "--data", "folder", "--root", photos)
    assert code == 2
    assert "is 'background' or void (255), as in masks of 0 and 255" in err
    (photos / "classes.txt").unlink()
    code, out, err = look(capsys, "--data", "folder", "--root", photos)
    assert (code, err) == (0, "")
    assert "masks in two tones: 0 is background, 255 is object" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("--data folder", ["--root"]),
        ("--data folder --root {photos}/nowhere", ["nowhere"]),
        ("--data camvid --root {photos}", ["train.txt"]),
        ("--data folder --root {photos} --split tset", ["tset", "train, val"]),
        ("--data folder --root {photos} --out {photos}/classes.txt", ["classes.txt", ".png"]),
        ("--data folder --root {photos} --out {photos}/new/sheet.png", ["new", "folder that exists"]),
        ("--data folder --root {photos} --out {photos}/images/n1.png", ["n1.png", "--overwrite"]),
        ("--data scenes --classes a b", ["classes", "scenes"]),
    ],
)
def test_what_cannot_be_looked_at_is_one_line(capsys, photos, arguments, words):
    before = tiny.listing(photos)
    code, out, err = look(capsys, *arguments.format(photos=photos).split())
    assert (code, out) == (2, "")
    assert err.startswith("minifcn: error: ") and err.count("\n") == 1
    assert all(word in err for word in words)
    assert tiny.listing(photos) == before


def test_names_in_any_script_fit_40_columns_and_lose_no_figure(capsys, photos, monkeypatch):
    monkeypatch.setattr(console, "_width", 40)
    (photos / "classes.txt").write_text("background\n빨간 열매와 아주 긴 이름의 것\nleaf\n")
    code, out, _ = look(capsys, "--data", "folder", "--root", photos)
    assert code == 0
    tables = out[out.index("pictures (") : out.index("suspicious")]
    assert max(map(len, tables.splitlines())) <= 40
    assert "빨간" in out and "…" not in out


def test_how_cameras_wrote_the_pictures_is_told(capsys, photos):
    for number in range(3):  # held upright: stored on their side, with a note how to turn them
        image = Image.open(photos / f"images/n{number}.png")
        exif = image.getexif()
        exif[0x0112] = 6
        image.transpose(Image.Transpose.ROTATE_90).save(photos / f"images/n{number}.jpg", exif=exif)
        (photos / f"images/n{number}.png").unlink()
    Image.open(photos / "images/n3.png").convert("CMYK").save(photos / "images/n3.tif")
    (photos / "images/n3.png").unlink()
    code, out, err = look(capsys, "--data", "folder", "--root", photos, "--out", photos / "sheet.png")
    assert (code, err) == (0, "")  # what is cautioned of is told once, among the rest
    assert "images: 11 RGB, 1 CMYK, all read as RGB" in out
    assert "3 images turned upright, as EXIF asks" in out
    (line,) = [line for line in out.splitlines() if "the mask fits either way" in line]
    assert "taken for upright" in line and line.endswith("and 2 more like it")
