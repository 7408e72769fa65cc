"""predict, on photographs of all kinds: what is written, what is said, and what becomes of those that cannot be."""

import csv
import io
import re

import numpy as np
import pytest
import tiny
from PIL import Image
from rich.console import Console

from minifcn.backend import files
from minifcn.commands import predict
from minifcn.commands.results import _percent
from minifcn.data import Scenes
from minifcn.weights.loading import load_model
from minifcn.weights.npz import load_arrays, save_arrays

CPU = ("--device", "cpu")


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A network for the classes of scenes, of which it predicts several."""
    path = tmp_path_factory.mktemp("weights") / "w.npz"
    tiny.save_network(path, "fcn8s")
    return path


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    for number, name in enumerate(("a.png", "b.JPG", "more/a.png")):
        save(folder / name, seed=number)
    (folder / "broken.jpg").write_bytes((folder / "b.JPG").read_bytes()[:300])
    (folder / "notes.txt").write_text("mine")
    return folder


def save(path, width=45, height=31, seed=0):
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    return path


def label_of(path):
    with Image.open(path) as picture:
        return np.asarray(picture)


def test_a_folder_is_predicted_past_a_broken_file(capsys, weights, photos, tmp_path):
    out = tmp_path / "out"
    code = tiny.command("predict", photos, "--weights", weights, "--out", out, "--overlay", "--scores", *CPU)
    said, err = capsys.readouterr()
    assert code == 2
    failed, last = err.splitlines()
    assert failed.startswith(f"minifcn: failed: {photos / 'broken.jpg'} ") and "truncated" in failed
    assert last == f"minifcn: error: 1 of 3 images failed: {photos / 'broken.jpg'}"
    ends = ("", "_view", "_overlay", "_scores")
    kinds = dict(zip(ends, ("png", "png", "jpg", "npz")))
    assert tiny.listing(out).keys() == {f"{n}{end}.{kinds[end]}" for n in "ab" for end in ends} | {"shares.csv"}
    assert f"{photos}: 3 pictures; left out: 1 other file, 1 folder\n" in said
    assert said.endswith(f"in {out}: X.png, X_view.png, X_overlay.jpg, X_scores.npz of 2 images, shares.csv\n")


def test_failures_that_go_to_a_file_are_not_shown_in_its_place(capsys, monkeypatch, weights, photos, tmp_path):
    """As with 2> errors.txt, while standard output is a terminal."""
    shown = io.StringIO()
    monkeypatch.setattr(predict, "console", Console(file=shown, force_terminal=True))
    assert tiny.command("predict", photos, "--weights", weights, "--out", tmp_path / "out", *CPU) == 2
    assert "images" in shown.getvalue() and "failed" not in shown.getvalue()
    assert capsys.readouterr().err.startswith("minifcn: failed: ")


def test_shares_are_told_and_written(capsys, weights, photos, tmp_path):
    out = tmp_path / "out"
    assert tiny.command("predict", photos / "a.png", photos / "b.JPG", "--weights", weights, "--out", out, *CPU) == 0
    said = capsys.readouterr().out
    with open(out / "shares.csv", encoding="utf-8-sig", newline="") as file:
        head, *rows = csv.reader(file)
    assert head == ["image", *(f"{name} %" for name in Scenes.classes)]
    assert [row[0] for row in rows] == [str(photos / "a.png"), str(photos / "b.JPG")]
    for row, name in zip(rows, "ab"):
        label = label_of(out / f"{name}.png")
        shares = [100 * (label == number).mean() for number in range(len(Scenes.classes))]
        np.testing.assert_allclose([float(share) for share in row[1:]], shares, atol=1e-4)
        largest = Scenes.classes[int(np.argmax(shares))]
        assert f"{row[0]}: {largest} {max(shares):.1f} %" in said


@pytest.mark.parametrize("share, said", [(0.5, "50.0 %"), (1, "100.0 %"), (1e-6, "<0.1 %"), (0.99999, ">99.9 %")])
def test_a_share_is_never_rounded_to_none_or_all(share, said):
    assert _percent(share) == said


def test_probabilities_belong_to_the_label_map(capsys, weights, tmp_path):
    image, out = save(tmp_path / "a.png"), tmp_path / "out.png"
    assert tiny.command("predict", image, "--weights", weights, "--out", out, "--scores", *CPU) == 0
    with np.load(tmp_path / "out_scores.npz") as found:
        probabilities, classes = found["probabilities"], found["classes"]
    assert classes.tolist() == list(Scenes.classes)
    assert probabilities.shape == (len(classes), 31, 45) and probabilities.dtype == np.float16
    np.testing.assert_allclose(probabilities.astype(float).sum(axis=0), 1, atol=2e-3)
    label = label_of(out)
    top = np.take_along_axis(probabilities, label[None], axis=0)[0]
    assert (top == probabilities.max(axis=0)).all()
    assert "; probabilities: 0.0 MiB" in capsys.readouterr().out


def test_results_of_one_name_are_kept_apart(capsys, weights, photos, tmp_path):
    save(photos / "a.jpg")
    given = [photos / name for name in ("a.png", "more/a.png", "a.jpg")]
    assert tiny.command("predict", *given, "--weights", weights, "--out", tmp_path / "out", *CPU) == 0
    said = capsys.readouterr().out
    assert tiny.listing(tmp_path / "out").keys() >= {"a_png.png", "a_jpg.png", "more", "more/a.png"}
    assert "the results of 3 images would share names, and are kept apart, as a_png.png, a_jpg.png\n" in said
    np.testing.assert_array_equal(label_of(tmp_path / "out/more/a.png"), scores(weights, given[1]).argmax(axis=0))


def scores(weights, path):
    model, about = load_model(weights)
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB"), "float32")
    values = about["preprocessing"]
    x = (pixels - np.float32(values["mean"])) / np.float32(values["std"])
    return model(np.ascontiguousarray(x.transpose(2, 0, 1)[None]))[0]


def test_tiles_change_nothing(capsys, weights, tmp_path):
    image = save(tmp_path / "a.png", 140, 80)
    for tile in (60, 1024):
        out = tmp_path / f"{tile}.png"
        assert tiny.command("predict", image, "--weights", weights, "--out", out, "--tile", tile, *CPU) == 0
        assert ("in tiles, to the same scores" in capsys.readouterr().out) == (tile == 60)
    np.testing.assert_array_equal(label_of(tmp_path / "60.png"), label_of(tmp_path / "1024.png"))
    assert len(np.unique(label_of(tmp_path / "60.png"))) > 1


@pytest.mark.parametrize(
    "trained, asked, seen", [("20", None, (14, 20)), ("20", "40x10", (10, 40)), (None, "90", (62, 90))]
)
def test_the_network_sees_images_as_in_training_or_as_asked(
    capsys, monkeypatch, weights, tmp_path, trained, asked, seen
):
    arrays, about = load_arrays(weights)
    save_arrays(tmp_path / "w.npz", arrays, about | {"size": trained})
    sizes = []
    real = predict.Tiled.scores
    monkeypatch.setattr(predict.Tiled, "scores", lambda net, size, read: sizes.append(size) or real(net, size, read))
    image, more = save(tmp_path / "a.png"), ("--size", asked) if asked else ()
    command = ("predict", image, "--weights", tmp_path / "w.npz", "--out", tmp_path / "out.png", *CPU, *more)
    assert tiny.command(*command) == 0
    assert sizes == [seen] and label_of(tmp_path / "out.png").shape == (31, 45)
    said = capsys.readouterr().out
    assert f"{asked or trained} pixels" in said and ("as asked" if asked else "as in training") in said


def test_a_damaged_size_in_weights_is_named(capsys, weights, tmp_path):
    arrays, about = load_arrays(weights)
    save_arrays(tmp_path / "w.npz", arrays, about | {"size": "large"})
    image = save(tmp_path / "a.png")
    assert tiny.command("predict", image, "--weights", tmp_path / "w.npz", "--out", tmp_path / "out", *CPU) == 2
    assert re.fullmatch(r"minifcn: error: weights .*w.npz: .*: size 'large' is none, .*\n", capsys.readouterr().err)


def test_more_classes_than_a_label_map_holds_are_refused(capsys, monkeypatch, weights, tmp_path):
    about = {"classes": ["x"] * 256, "palette": [[0, 0, 0]] * 256, "preprocessing": {}}
    monkeypatch.setattr(predict, "load_model", lambda path, group: (None, about))
    image = save(tmp_path / "a.png")
    assert tiny.command("predict", image, "--weights", weights, "--out", tmp_path / "out", *CPU) == 2
    assert "256 classes, but a label map of 8 bits holds 255" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_an_image_that_is_too_small_is_named(capsys, tmp_path):
    tiny.save_network(tmp_path / "w.npz", "fcn8s", padding=84)
    images = [save(tmp_path / "large.png"), save(tmp_path / "small.png", 20, 20)]
    assert tiny.command("predict", *images, "--weights", tmp_path / "w.npz", "--out", tmp_path / "out", *CPU) == 2
    failed, last = capsys.readouterr().err.splitlines()
    assert failed.startswith(f"minifcn: failed: {images[1]}: FCN8s: an image of 20x20 pixels is too small")
    assert last.endswith(f"1 of 2 images failed: {images[1]}") and (tmp_path / "out/large.png").exists()


def test_what_is_done_at_a_ctrl_c_is_in_the_table(capsys, monkeypatch, weights, photos, tmp_path):
    real, calls = predict.predict_photo, []

    def interrupted(*arguments):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(predict, "predict_photo", interrupted)
    out = tmp_path / "out"
    assert tiny.command("predict", photos / "a.png", photos / "b.JPG", "--weights", weights, "--out", out, *CPU) == 130
    assert tiny.listing(out).keys() == {"a.png", "a_view.png", "shares.csv"}
    assert (out / "shares.csv").read_text("utf-8-sig").count("\n") == 2


def test_a_full_disk_ends_it(capsys, monkeypatch, weights, photos, tmp_path):
    """Not image by image: and what was there is untouched."""
    before = tiny.listing(tmp_path)
    monkeypatch.setattr(files.os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    code = tiny.command("predict", photos, "--weights", weights, "--out", tmp_path / "out", *CPU)
    err = capsys.readouterr().err
    assert code == 2 and err.count("\n") == 1 and "a.png could not be written: No space left" in err
    assert tiny.listing(tmp_path) == before


def test_what_many_photographs_have_in_common_is_cautioned_of_once(capsys, weights, tmp_path):
    for number in range(3):
        grey = np.random.default_rng(number).integers(256, 4096, (40, 40), dtype=np.uint16)
        Image.fromarray(grey).save(tmp_path / f"{number}.png")
    for _ in range(2):  # by each command anew
        assert (
            tiny.command("predict", tmp_path / "*.png", "--weights", weights, "--out", tmp_path / "out", "--overwrite")
            == 0
        )
        (caution,) = capsys.readouterr().err.splitlines()
        assert "0.png has 16 bits" in caution and caution.endswith("of others like it nothing is said")


@pytest.mark.filterwarnings("default:Corrupt EXIF")
def test_what_a_library_warns_of_is_a_line_and_sizes_are_told_once(capsys, monkeypatch, weights, tmp_path):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 999)
    for name in ("a.jpg", "b.jpg"):
        damaged = b"Exif\0\0MM\0*\0\0\0\x08\0\x09"  # nine tags, and none of them
        Image.new("RGB", (40, 30)).save(tmp_path / name, exif=damaged)
    assert tiny.command("predict", tmp_path / "*.jpg", "--weights", weights, "--out", tmp_path / "out", *CPU) == 0
    lines = capsys.readouterr().err.splitlines()
    large = [line for line in lines if "a.jpg has 0.0 million pixels" in line]
    (exif,) = (line for line in lines if "EXIF" in line)
    assert re.fullmatch(r"minifcn: caution: Corrupt EXIF data.* \(TiffImagePlugin\)", exif)
    assert len(large) == 1 and len(lines) == 2, lines
