"""Lists of names, a line each, and JSON, in whatever encoding somebody's editor wrote them."""

import codecs
import json
import os
from collections.abc import Callable, Container, Iterator
from pathlib import Path
from typing import Any

from minifcn.errors import InputError

_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_GUESSES = ("cp949", "cp1252")  # of what is not UTF-8, in turn: Korean, Western


def read_lines(path: str | Path, known: Callable[[str], bool] = lambda line: True) -> list[tuple[int, str]]:
    """The lines of a text file that are not blank -> [(number from 1, line without blanks at its ends)].

    A byte order mark tells UTF-8 or UTF-16; without one it is UTF-8, or else Korean (cp949) or Western (cp1252),
    whichever gives lines that are all `known` (names of files that are there, say).
    InputError where it cannot be decoded, and where it is not UTF-8 and no guess gives known lines.
    """
    unknown = None
    for encoding, text, sure in _decoded(path):
        lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
        stranger = next(((number, line) for number, line in lines if not known(line)), None)
        if sure or stranger is None:  # a line that is not known is then the reader's to name
            return lines
        unknown = unknown or (encoding, *stranger)
    if unknown is None:
        raise InputError(f"{path} cannot be decoded as text: save it as UTF-8")
    raise InputError("{} is not UTF-8, and read as {} its line {} is '{}': save it as UTF-8".format(path, *unknown))


def read_json(path: str | Path) -> Any:
    """What a JSON file holds, its text decoded as that of `read_lines`. InputError where it is none, or damaged."""
    text = next((text for _, text, _ in _decoded(path)), None)
    if text is None:
        raise InputError(f"{path} cannot be decoded as text: save it as UTF-8")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is no JSON, or damaged ({error}): write it anew") from error


def files_below(root: Path, suffixes: Container[str]) -> Iterator[Path]:
    """The files below a folder whose suffix, in small letters, is one of these; hidden ones, and those in hidden
    folders, are none, nor are pipes, whose reading may never end. Links are followed, but not in circles.
    """
    for folder, folders, names in os.walk(root, followlinks=True):
        here = os.path.join(os.path.realpath(folder), "")
        inner = (name for name in folders if not name.startswith((".", "__")))
        folders[:] = sorted(
            name
            for name in inner
            if not here.startswith(os.path.join(os.path.realpath(os.path.join(folder, name)), ""))
        )
        for name in sorted(names):
            if not name.startswith(".") and os.path.splitext(name)[1].lower() in suffixes:
                path = Path(folder, name)
                if path.is_file() or not path.exists():  # the latter is a link to nowhere, which is missed by its name
                    yield path


def json_files(folder: Path) -> Iterator[Path]:
    """The JSON files below a folder, as `files_below`."""
    return files_below(folder, {".json"})


def _decoded(path: str | Path) -> Iterator[tuple[str, str, bool]]:
    """The ways to read a file as text: (encoding, text, whether its bytes leave no doubt)."""
    try:
        raw = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    sure = next((name for mark, name in _MARKS.items() if raw.startswith(mark)), "utf-8")
    if sure == "utf-8" and b"\0" in raw:  # UTF-16 without its mark
        sure = "utf-16-le" if raw[1::2].count(0) >= raw[::2].count(0) else "utf-16-be"  # Latin letters, line ends
    for encoding in (sure, *_GUESSES):
        try:
            yield encoding, raw.decode(encoding), encoding == sure
        except UnicodeDecodeError:
            continue
