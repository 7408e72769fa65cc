"""What a class handed in: whose file is whose, and the Python in it."""

import re
import tokenize
import unicodedata

import jupytext

from lessons.hints import Wrong
from lessons.lesson import all_lessons
from minifcn.errors import InputError

LARGEST = 20_000_000  # bytes of a file; a notebook with its figures has less
UNSEEN = ("__pycache__", "__MACOSX")


def handed_in(folder):
    """({student: {lesson's number: path}}, [paths that are no answers]).

    A student is a folder in `folder`, or what stands before the lesson's name
    in a file there: kim/07_transposed.py, kim_07_transposed.ipynb. Of two
    files of a lesson the one that was changed last counts. InputError where
    there is no such folder.
    """
    if not folder.is_dir():
        raise InputError(
            f"{folder} is no folder: name the one with what was handed in"
        )
    lessons = {one.path.stem: one.number for one in all_lessons()}
    name = re.compile(
        rf"(.*?)[ _-]*({'|'.join(lessons)})(?:[ _-]*\(?\d+\)?)?\.(?:py|ipynb)"
    )
    students, others = {}, []
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if any(p.startswith(".") or p in UNSEEN for p in parts):
            continue
        if path.is_dir():
            students.setdefault(_composed(parts[0]), {})
            continue
        found = name.fullmatch(path.name)
        if not found or path.is_symlink():
            others.append(path)
            continue
        own = parts[0] if len(parts) > 1 else found[1] or folder.resolve().name
        files = students.setdefault(_composed(own), {})
        number = lessons[found[2]]
        newest = max(path, files.get(number, path), key=_changed)
        files[number] = newest
    return students, others


def _composed(name):
    """A name as most write it: macOS takes Hangul and accents apart."""
    return unicodedata.normalize("NFC", name)


def _changed(path):
    return path.stat().st_mtime


def cells_of(path):
    """The texts of Python in a script, or in a notebook's exercises.

    Raises Wrong where it can be neither.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise Wrong(f"the file has more than {LARGEST // 10**6} MB")
        if path.suffix == ".py":
            with tokenize.open(path) as file:
                return [file.read()]
        notebook = jupytext.read(path)
    except Wrong:
        raise
    except Exception as error:  # of another format, cut short, not readable
        why = f"{type(error).__name__}: {error}"
        raise Wrong(f"the file cannot be read: {why}") from None
    cells = notebook.cells
    texts = [cell.source.lstrip() for cell in cells]
    begin = [n for n, t in enumerate(texts) if t.startswith("## Exercises")]
    return [
        re.sub(r"(?m)^[%!].*", "", cell.source)  # commands of IPython
        for cell in cells[begin[-1] if begin else 0 :]
        if cell.cell_type == "code"
    ]
