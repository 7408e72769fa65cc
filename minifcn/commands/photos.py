"""Which photographs a command is given, as files, folders and patterns, and what their results are called."""

import glob
import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from minifcn.data.reading.photos import picture_suffixes
from minifcn.errors import InputError


def find_photos(given: Sequence[str], out: str | Path) -> tuple[list[Path], list[str]]:
    """The photographs that are meant, each once -> (files, a line for each folder or pattern: what was taken of it).

    A name of a file is that file, whatever its suffix. A folder is the pictures in it, without those in its subfolders;
    a pattern with * or ? is the pictures that match, and with ** those of subfolders, too, but no results in `out`.
    Raises InputError where one of them is none.
    """
    found, lines = [], []
    for text in given:
        path = Path(text)
        if path.is_dir():
            pictures, line = _sorted_out(text, path.iterdir())
            if not pictures:
                subfolders = f"name a folder with pictures, or '{os.path.join(text, '**')}' for those in its subfolders"
                raise InputError(f"folder {line}: {subfolders}")
        elif path.exists():
            if not path.is_file():  # to read it might never end
                raise InputError(f"image {text}: it is a pipe or a device; name a file")
            pictures, line = [path], ""
        elif any(letter in text for letter in "*?["):
            pictures, line = _sorted_out(text, _matching(os.path.expanduser(text), os.path.abspath(out)))
            if not pictures:
                raise InputError(f"pattern {line}: check it, with quotes around it and ** for all subfolders")
        else:
            raise InputError(f"image {text}: there is no such file, folder or pattern")
        found += pictures
        lines += [line] if line else []
    once: dict[str, Path] = {}
    for path in found:
        once.setdefault(os.path.normcase(os.path.abspath(path)), path)
    return list(once.values()), lines


def result_names(photos: Sequence[Path]) -> tuple[list[Path], str]:
    """For each photograph a name of its results, without suffix -> (names, a line on those that are not the usual).

    The usual name is the photograph's. Where two would meet, those in several folders are kept in subfolders; then
    those of one folder get their suffix, "x_jpg" and "x_png"; and last a number.
    """
    names = [Path(photo.stem) for photo in photos]
    meeting = _meeting(names)
    if not meeting:
        return names, ""
    if len({photos[i].parent for i in meeting}) > 1:
        folders = [os.path.abspath(photo.parent) for photo in photos]
        if len({os.path.splitdrive(folder)[0] for folder in folders}) == 1:
            above = os.path.commonpath(folders)
            names = [Path(os.path.relpath(folder, above), name) for folder, name in zip(folders, names)]
    for i in _meeting(names):
        names[i] = names[i].with_name(f"{names[i].name}_{photos[i].suffix[1:]}")
    while again := _meeting(names):
        for i in again:
            names[i] = names[i].with_name(f"{names[i].name}_{i + 1}")
    some = ", ".join(f"{names[i]}.png" for i in (meeting[0], meeting[-1]))
    return names, f"the results of {len(meeting)} images would share names, and are kept apart, as {some}"


def _meeting(names):
    """The numbers of the names whose results would be written to another's, on disks that know no case, too."""
    results = [{f"{name}{end}".casefold() for end in ("", "_view", "_overlay", "_scores")} for name in names]
    owners = Counter(result for some in results for result in some)
    return [i for i, some in enumerate(results) if any(owners[result] > 1 for result in some)]


def _matching(pattern, out):
    """The paths that match; without those in `out`, if that is a folder somewhere below the pattern's own."""
    start = os.path.abspath(re.split(r"[*?[]", pattern)[0] + "_")  # in the folder where the pattern begins to be one
    below = out.startswith(os.path.join(os.path.dirname(start), ""))
    paths = map(Path, glob.glob(pattern, recursive=True))
    return [path for path in paths if not (below and Path(out) in Path(os.path.abspath(path)).parents)]


def _sorted_out(given, paths):
    """(the pictures among these paths, sorted; a line that says how many they are and what was left out)."""
    paths = sorted(path for path in paths if not path.name.startswith("."))
    known = picture_suffixes()
    folders = sum(path.is_dir() for path in paths)
    pictures = [path for path in paths if path.suffix.lower() in known and path.is_file()]
    left = {"other file": len(paths) - folders - len(pictures), "folder": folders}
    parts = [f"{count} {what}{'s' * (count > 1)}" for what, count in left.items() if count]
    line = f"{given}: {len(pictures) or 'no'} picture{'s' * (len(pictures) != 1)}"
    return pictures, line + (f"; left out: {', '.join(parts)}" if parts else "")
