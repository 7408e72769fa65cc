"""Why a picture's file is none that can be read, and what to do."""

import io
import re
from pathlib import Path

from PIL import Image, UnidentifiedImageError

_AVIF = "AVIF", "which Pillow reads from 11.3 on: pip install -U pillow"
_HEIC = "HEIC", "which needs one package more: pip install pillow-heif"


def why(path: str | Path, error: Exception, data: bytes | None = None) -> str:
    """What is wrong with a file of which Pillow said this; data: as `read_photo` has it."""
    try:
        with open(path, "rb") if data is None else io.BytesIO(data) as file:
            first = file.read(512)
    except OSError as refused:
        return f"{refused.strerror}"
    if not first:
        return "it is empty (0 bytes): copy it again"
    if isinstance(error, Image.DecompressionBombError):
        return f"it is {too_large(error)}"
    if first[4:8] == b"ftyp":
        return _why_not(*_AVIF if first[8:11] == b"avi" else _HEIC)
    if first.startswith(b"version https://git-lfs"):
        return "it is a pointer of Git LFS, not the picture: fetch it with git lfs pull"
    if first.lstrip()[:9].lower() in (b"<!doctype", b"<html><he") or first.lstrip()[:5].lower() == b"<html":
        return "it is a web page: the download failed, fetch it again"
    if re.search("MAX_TEXT|Decompressed Data Too Large", str(error)):  # the latter in older ones
        return "the texts in it, beside the picture, are too large (64 MiB, 1 MiB each, are read): save it without them"
    if isinstance(error, UnidentifiedImageError):
        if first.startswith((b"%!PS", b"\xc5\xd0\xd3\xc6")):
            return "it is PostScript, a program, which is not run: save it as PNG or JPEG"
        return "its format is not known (or its first bytes are damaged): save it as PNG or JPEG"
    return f"it is truncated or damaged ({error}): copy it again"


def _why_not(kind, needed):
    """Why a picture of a kind that is read only with what is `needed` is not."""
    if f".{kind.lower()}" in Image.registered_extensions():
        return f"it is {kind}, and truncated or damaged: copy it again"
    return f"it is {kind}, {needed}, or save it as JPEG"


def too_large(error: Image.DecompressionBombError) -> str:
    """What Pillow says of more pixels than it decodes, in words: how many they are, and may be."""
    numbers = [int(number) for number in re.findall(r"\d+", str(error))]
    return "too large, {} pixels; at most {} are read: make it smaller".format(*map(millions, numbers))


def millions(count: int) -> str:
    """A count in millions, as text."""
    return f"{count / 1e6:,.1f} million"
