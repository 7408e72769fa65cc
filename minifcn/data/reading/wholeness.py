"""Pictures whose files are well formed, but hold less than they say: Pillow shows the rest in black or grey."""

import contextlib
import io
from collections.abc import Callable
from typing import Any

from PIL import Image, ImageFile

_PAINT, _OTHER = 173, 0  # the first is rare in masks and photos
_NOTHING = 128  # what a JPEG has in every channel where its data have ended


def paint(image: Image.Image, value: int = _PAINT) -> Any:
    """Paint the pixel that is to be overwritten last as a PNG is decoded, and return its value; None of other pictures.

    Of an interlaced PNG it lies in the last row of odd number, which comes last.
    """
    if image.format != "PNG":
        return None
    canvas, last = Image.core.new(image.mode, image.size), _last(image)
    canvas.putpixel(last, (value,) * canvas.bands if canvas.bands > 1 else value)
    image.im = canvas  # Pillow decodes into it, and Image.new would take as long as the rest of this
    return canvas.getpixel(last)


def check_whole(image: Image.Image, painted: Any, opened: Callable[[], ImageFile.ImageFile]) -> None:
    """Raise OSError where a decoded picture lacks rows at its end, as far as that can be told.

    painted  what `paint` returned before it was decoded
    opened   opens it again, for the few that look as if
    """
    if image.format == "PNG" and image.im.getpixel(_last(image)) == painted:
        with opened() as again:  # by chance that very value, or nothing: another paint tells
            other = paint(again, _OTHER)
            with contextlib.suppress(MemoryError):  # claimed after the pixels, by a number that is damaged
                again.load()
        if again.im.getpixel(_last(again)) == other:
            raise OSError("its last rows are missing")
    if image.format in ("JPEG", "MPO") and _ends_in_nothing(image):
        with opened() as again:
            data = _bytes(again)
        if _longer(data).tobytes() != image.tobytes():
            raise OSError("its data end before its last row")


def check_strips(image: ImageFile.ImageFile) -> None:
    """Raise OSError where an open TIFF, not yet decoded, has fewer strips or tiles than its size asks for."""
    corners = image.size, image.size[::-1]  # the latter of pictures that are turned as they are decoded
    if image.format == "TIFF" and not any(tile[1] is None or tile[1][2:] in corners for tile in image.tile):
        raise OSError("it has too few strips for its height")


def _last(image):
    """(column, row) of the pixel that a PNG's decoder writes last."""
    width, height = image.size
    row = height - 2 if image.info.get("interlace") and height % 2 and height > 1 else height - 1
    return width - 1, row


def _ends_in_nothing(image):
    """Whether the last pixel looks as if it had no data."""
    return image.getpixel((image.width - 1, image.height - 1)) in (_NOTHING, (_NOTHING,) * 3)


def _bytes(image):
    """The file of an open picture."""
    image.fp.seek(0)
    return image.fp.read()


def _longer(data):
    """A JPEG with zeros after its data, decoded: nobody reads them in a whole one, else they come into the picture."""
    at = 2
    while data[at + 1 : at + 2] not in (b"\xda", b""):  # from segment to segment, to where the data begin
        at += 1 if data[at + 1] == 0xFF else 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    end = data.find(b"\xff\xd9", at)
    image = Image.open(io.BytesIO(data[:end] + bytes(1000) + data[end:]))
    image.load()
    return image
