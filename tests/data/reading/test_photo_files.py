"""Pictures as cameras and programs write them."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from minifcn.data import read_image
from minifcn.data.reading.photos import picture_suffixes, read_photo
from minifcn.errors import Caution, InputError

H, W = 40, 30
IMAGE = np.random.default_rng(0).integers(256, size=(H, W, 3), dtype=np.uint8)
# What each EXIF orientation asks for, from its definition: where row 0 and column 0 of the stored pixels belong.
UPRIGHT = {
    1: lambda x: x,
    2: lambda x: x[:, ::-1],
    3: lambda x: x[::-1, ::-1],
    4: lambda x: x[::-1],
    5: lambda x: x.swapaxes(0, 1),
    6: lambda x: x.swapaxes(0, 1)[:, ::-1],
    7: lambda x: x.swapaxes(0, 1)[::-1, ::-1],
    8: lambda x: x.swapaxes(0, 1)[::-1],
}


def with_orientation(pixels, orientation, path):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(path, exif=exif)
    return path


@pytest.mark.parametrize("suffix", ["png", "tiff", "webp"])
@pytest.mark.parametrize("orientation", UPRIGHT)
def test_a_photo_is_turned_as_its_camera_notes(tmp_path, orientation, suffix):
    path = tmp_path / f"a.{suffix}"
    if suffix == "webp":
        exif = Image.Exif()
        exif[0x0112] = orientation
        Image.fromarray(IMAGE).save(path, exif=exif, lossless=True)
    else:
        with_orientation(IMAGE, orientation, path)
    photo = read_photo(path)
    np.testing.assert_array_equal(photo.pixels, UPRIGHT[orientation](IMAGE))
    assert (photo.orientation, photo.stored_size) == (orientation, (H, W))


def test_an_orientation_that_is_none_changes_nothing(tmp_path):
    np.testing.assert_array_equal(read_image(with_orientation(IMAGE, 77, tmp_path / "a.png")), IMAGE)


def test_image_is_read_as_rgb(tmp_path, save):
    image = read_image(save(IMAGE, tmp_path / "a.png"))
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(image, IMAGE)


def test_grey_and_transparent_images_become_rgb(tmp_path, save):
    grey = read_image(save(IMAGE[:, :, 0], tmp_path / "grey.png"))
    np.testing.assert_array_equal(grey, IMAGE[:, :, :1].repeat(3, axis=2))
    opaque = read_image(save(np.dstack([IMAGE, np.full((H, W), 255)]), tmp_path / "alpha.png"))
    np.testing.assert_array_equal(opaque, IMAGE)


def test_what_is_transparent_lies_on_white(tmp_path, save):
    pixels = np.zeros((1, 3, 4))
    pixels[0, :, :3], pixels[0, :, 3] = (100, 50, 0), (255, 0, 51)  # the last of them a fifth of itself
    assert read_image(save(pixels, tmp_path / "a.png")).tolist() == [[[100, 50, 0], [255] * 3, [224, 214, 204]]]
    palette = Image.new("P", (2, 1))
    palette.putpalette([9, 9, 9, 200, 0, 0])
    palette.putdata([0, 1])
    palette.save(tmp_path / "p.gif", transparency=1)
    assert read_image(tmp_path / "p.gif").tolist() == [[[9] * 3, [255] * 3]]


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
@pytest.mark.parametrize("part", [0.0, 0.02, 0.5, 0.9])
def test_a_truncated_image_is_named(tmp_path, save, name, part):
    path = save(IMAGE, tmp_path / name)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * part)])
    why = "it is truncated or damaged" if part else r"it is empty \(0 bytes\)"
    with pytest.raises(InputError, match=rf"{name} cannot be read as an image: {why}"):
        read_image(path)


@pytest.mark.parametrize("content", [b"hello, this is text", b"\x89PNG\r\n\x1a\n" + bytes(100), b"BM" + bytes(20)])
def test_a_file_that_is_no_image_is_named(tmp_path, content):
    path = tmp_path / "a.png"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"a\.png cannot be read as an image"):
        read_image(path)


def test_errors_are_one_line(tmp_path):
    (tmp_path / "a.png").write_bytes(b"text")
    for path in (tmp_path / "a.png", tmp_path / "missing.png", tmp_path):
        with pytest.raises(InputError) as error:
            read_image(path)
        assert "\n" not in str(error.value)


def test_a_missing_image_is_named(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.png is not there"):
        read_image(tmp_path / "nowhere.png")


def test_of_16_bits_the_upper_8_are_kept(tmp_path):
    Image.fromarray(np.array([[0, 256, 65535, 40000]], np.uint16)).save(tmp_path / "deep.png")
    assert read_image(tmp_path / "deep.png")[..., 0].tolist() == [[0, 1, 255, 156]]


def test_12_bits_in_16_are_told(tmp_path):
    Image.fromarray(np.array([[0, 4095]], np.uint16)).save(tmp_path / "deep.png")
    with pytest.warns(Caution, match="uses the lowest 12: it will be dark"):
        assert read_image(tmp_path / "deep.png").max() == 15


def test_numbers_that_are_no_brightness_are_refused(tmp_path):
    Image.fromarray(np.ones((2, 2), np.float32)).save(tmp_path / "a.tiff")
    with pytest.raises(InputError, match=r"a\.tiff holds floating-point numbers"):
        read_image(tmp_path / "a.tiff")
    Image.fromarray(np.full((2, 2), 70000, np.int32)).save(tmp_path / "b.tiff")
    with pytest.raises(InputError, match=r"b\.tiff holds numbers from 70000 to 70000 \(mode I\)"):
        read_image(tmp_path / "b.tiff")


def test_cmyk_becomes_rgb(tmp_path):
    Image.new("CMYK", (2, 1), (0, 255, 255, 0)).save(tmp_path / "a.tiff")  # red is magenta and yellow
    assert read_image(tmp_path / "a.tiff").tolist() == [[[255, 0, 0]] * 2]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", r"it is empty \(0 bytes\)"),
        (b"\0\0\0\x18ftypheic" + bytes(40), "it is HEIC, .*pip install pillow-heif"),
        (b"\0\0\0\x18ftypavif" + bytes(40), "it is AVIF, "),
        (b"<!DOCTYPE html><html></html>", "it is a web page: the download failed"),
        (b"version https://git-lfs.github.com/spec/v1\n", "it is a pointer of Git LFS"),
        (b"hello, this is text", "its format is not known"),
    ],
)
def test_what_a_file_is_instead_is_told(tmp_path, content, why):
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(InputError, match=rf"a\.jpg cannot be read as an image: {why}"):
        read_image(tmp_path / "a.jpg")


def test_what_is_too_large_is_told_with_its_size(tmp_path):
    Image.new("L", (2, 2)).save(tmp_path / "a.png")
    data = (tmp_path / "a.png").read_bytes()
    head = b"IHDR" + struct.pack(">II", 30000, 20000) + data[24:29]
    (tmp_path / "a.png").write_bytes(data[:12] + head + struct.pack(">I", zlib.crc32(head)) + data[33:])
    with pytest.raises(InputError) as error:
        read_image(tmp_path / "a.png")
    what = "cannot be read as an image: it is too large, 600.0 million pixels; at most 179.0 million are read"
    assert str(error.value) == f"{tmp_path / 'a.png'} {what}: make it smaller"


@pytest.mark.filterwarnings("ignore:Image size")  # Pillow's
def test_what_is_large_is_read_with_a_caution(tmp_path, save, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", H * W - 1)
    save(IMAGE, tmp_path / "a.png")
    with pytest.warns(Caution, match=r"a\.png has 0\.0 million pixels: to read it takes 0\.0 GiB"):
        np.testing.assert_array_equal(read_image(tmp_path / "a.png"), IMAGE)


def test_texts_that_are_too_large_are_told(tmp_path):
    texts = PngImagePlugin.PngInfo()
    texts.add_text("how", "a" * 2**21, zip=True)
    Image.new("L", (2, 2)).save(tmp_path / "a.png", pnginfo=texts)
    with pytest.raises(InputError, match="the texts in it, beside the picture, are too large"):
        read_image(tmp_path / "a.png")


def test_a_damaged_file_of_a_kind_that_is_read_here_is_called_damaged(tmp_path, monkeypatch):
    (tmp_path / "a.avif").write_bytes(b"\0\0\0\x18ftypavif" + bytes(40))
    for known, why in (({".avif": "AVIF"}, "it is AVIF, and truncated or damaged"), ({}, "reads from 11.3 on")):
        monkeypatch.setattr(Image, "registered_extensions", lambda known=known: known)
        with pytest.raises(InputError, match=why):
            read_image(tmp_path / "a.avif")


def test_suffixes_are_those_of_pictures():
    assert {".jpg", ".jpeg", ".png", ".tif", ".bmp", ".webp", ".gif", ".heic"} <= picture_suffixes()
    assert not {".txt", ".json", ".pdf", ".mpg"} & picture_suffixes()
