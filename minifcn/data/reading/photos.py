"""A picture's file, read as its maker meant it: upright, in RGB, 8 bits a channel; or the true reason why it is not."""

import io
import struct
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageFile, UnidentifiedImageError

from minifcn.checks import check_path
from minifcn.data.reading.unreadable import millions, why
from minifcn.data.reading.wholeness import check_strips, check_whole, paint
from minifcn.errors import InputError, caution

# What Pillow raises on files that are truncated, damaged or no images at all.
_UNREADABLE = (
    *(OSError, SyntaxError, ValueError, EOFError, struct.error, Image.DecompressionBombError),
    *(ArithmeticError, LookupError, RuntimeError, TypeError),
)
_ORIENTATION = 0x0112  # the EXIF tag: how to turn the pixels, 1 for not at all
_SIDEWAYS = 5  # orientations from here on swap width and height
# Formats that Pillow opens and that are no pictures of one photo, or need a program beside it.
_OTHERS = {".pdf", ".eps", ".ps", ".mpg", ".mpeg", ".h5", ".hdf", ".grib", ".bufr", ".wmf", ".emf", ".fits", ".fit"}
_PROGRAMS = {"EPS", "WMF"}  # which Pillow lets Ghostscript or Windows draw, whatever a file's suffix says
_LATER = {".heic", ".heif", ".hif", ".avif"}  # which a package more, or a newer Pillow reads


class Photo(NamedTuple):
    """The picture in a file.

    pixels       uint8 (H, W, 3) in RGB, upright: turned as its EXIF orientation says
    orientation  that number, 1 to 8; 1 is upright as it lies in the file
    """

    pixels: np.ndarray
    orientation: int

    @property
    def stored_size(self) -> tuple[int, int]:
        """(height, width) as they lie in the file."""
        height, width = self.pixels.shape[:2]
        return (width, height) if self.orientation >= _SIDEWAYS else (height, width)


def picture_suffixes() -> set[str]:
    """The suffixes of picture files, in small letters: those that Pillow reads here.

    HEIC and AVIF are among them even where it does not, so that such files are named for what they are.
    """
    _register_heif()
    known = {suffix for suffix, kind in Image.registered_extensions().items() if kind in Image.OPEN}
    return known - _OTHERS | _LATER


def open_image(path: str | Path) -> Image.Image:
    """The decoded Pillow image in a file, as it lies there. InputError where there is none or it is damaged."""
    return _open(path)[0]


def read_photo(path: str | Path, data: bytes | None = None) -> Photo:
    """The picture in a file as `Photo`; data: the picture's own bytes, where the file holds more than them.

    16-bit greys keep their upper 8 bits; CMYK and other colours become RGB; what is transparent lies on white.
    InputError as `open_image`, and for numbers that are no brightness.
    """
    image, orientation = _upright(path, data)
    return Photo(_rgb(image, path), orientation)


def read_image(path: str | Path) -> np.ndarray:
    """The picture in a file, upright, as uint8 (H, W, 3), RGB; errors as `read_photo`."""
    return read_photo(path).pixels


def turned(image: Image.Image, orientation: int) -> Image.Image:
    """A picture turned and mirrored as an EXIF orientation asks for."""
    ways = {2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE"}
    ways |= {6: "ROTATE_270", 7: "TRANSVERSE", 8: "ROTATE_90"}
    return image.transpose(Image.Transpose[ways[orientation]]) if orientation in ways else image


def upright_mask(path: str | Path) -> Image.Image:
    """The picture in a mask's file, turned as its own EXIF orientation says, if it has one."""
    return _upright(path)[0]


def read_header(path: str | Path) -> tuple[str, int]:
    """(Pillow's mode, EXIF orientation) of a picture's file, its pixels unread; ("", 1) where it cannot be opened."""
    _register_heif()
    try:
        with Image.open(path) as image:
            return image.mode, _orientation(image)
    except _UNREADABLE:
        return "", 1


def decode(opened: Callable[[], ImageFile.ImageFile]) -> tuple[Image.Image, int]:
    """(what `opened()` gives, decoded; its EXIF orientation).

    Raises what Pillow raises, and OSError where rows are missing.
    """
    with opened() as image:
        if image.format in _PROGRAMS:
            raise UnidentifiedImageError(f"{image.format} is a program that draws")
        check_strips(image)
        painted = paint(image)  # before its orientation is asked for, which decodes a PNG
        orientation = _orientation(image)
        image.load()
    check_whole(image, painted, opened)
    return image, orientation


def _upright(path, data=None):
    """(the decoded Pillow image, turned; the EXIF orientation that asked for it)."""
    image, orientation = _open(path, data)
    # Pillow turns TIFF files, and pillow-heif its own, as they load; what is still to be done stands in the image.
    return turned(image, _orientation(image)), orientation


def _open(path, data=None):
    """(the decoded Pillow image, the EXIF orientation of its file)."""
    check_path(path, "picture")
    _register_heif()
    try:
        image, orientation = decode(lambda: Image.open(path if data is None else io.BytesIO(data)))
    except FileNotFoundError:
        raise InputError(f"{path} is not there: check the path") from None
    except IsADirectoryError:
        raise InputError(f"{path} is a folder, expected a picture's file") from None
    except _UNREADABLE as error:
        raise InputError(f"{path} cannot be read as an image: {why(path, error, data)}") from error
    if Image.MAX_IMAGE_PIXELS and (pixels := image.width * image.height) > Image.MAX_IMAGE_PIXELS:
        caution(f"{path} has {millions(pixels)} pixels: to read it takes {pixels * 7 / 2**30:.1f} GiB", "large")
    return image, orientation


def _orientation(image):
    try:
        number = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # EXIF that is damaged: whatever the damage leads to; the picture itself may be whole
        return 1
    return number if number in range(2, 9) else 1


def _register_heif():
    """Let Pillow read HEIC where pillow-heif is installed."""
    if ".heic" in Image.registered_extensions():
        return
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        return
    register_heif_opener()


def _rgb(image, path):
    """Pillow's image as uint8 (H, W, 3)."""
    if image.mode == "F":
        raise InputError(f"{path} holds floating-point numbers (mode F), expected 8 or 16 bits a channel: save it so")
    if image.mode.startswith("I"):
        grey = np.asarray(image)
        if grey.min() < 0 or grey.max() > 65535:
            held = f"numbers from {grey.min()} to {grey.max()} (mode {image.mode})"
            raise InputError(f"{path} holds {held}, expected 8 or 16 bits a channel: save it so")
        if 255 < grey.max() < 4096:
            dark = "it will be dark; stretch its brightness"
            caution(f"{path} has 16 bits a channel and uses the lowest 12: {dark}", "12 bits")
        grey = grey if grey.max() < 256 else grey >> 8
        return np.repeat(grey.astype(np.uint8)[:, :, None], 3, axis=2)  # (H, W, 3)
    if "A" in image.getbands() or "a" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        if image.getextrema()[3][0] < 255:
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.array(image.convert("RGB"))
