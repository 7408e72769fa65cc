"""A lesson as it lies in its file, and the files that belong to it."""

import ast
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import jupytext

from lessons.notebooks import with_exercises
from minifcn.errors import InputError

FOLDER = Path(__file__).resolve().parent
BOOK_LINK = re.compile(r"\[([^]]*)\]\(\.\./[^)]*\)")


class Cell(NamedTuple):
    """A cell: its kind, "markdown" or "code", and its text."""

    kind: str
    text: str


@dataclass(frozen=True)
class Lesson:
    """The lesson in a file such as 07_transposed.py."""

    path: Path

    @property
    def number(self):
        """Its number: 7."""
        return int(self.path.name[:2])

    @property
    def cells(self):
        """Its cells, in order."""
        return [
            Cell(cell.cell_type, cell.source) for cell in self.notebook().cells
        ]

    @property
    def title(self):
        """The question it answers, from its first line: "# 7. How ...?"."""
        return re.match(r"# \d+\. (.+)", self.cells[0].text)[1]

    @property
    def minutes(self):
        """How long it takes, from its first cell: "**Time:** 30 minutes"."""
        return int(
            re.search(r"\*\*Time:\*\* (\d+) minutes", self.cells[0].text)[1]
        )

    @property
    def figures(self):
        """The files of its figures, by what its calls of `show` are given."""
        calls = [
            node
            for node in ast.walk(ast.parse(self.path.read_text("utf-8")))
            if isinstance(node, ast.Call)
        ]
        names = [
            call.args[1].value
            for call in calls
            if isinstance(call.func, ast.Name) and call.func.id == "show"
        ]
        return [
            name if name.endswith(".gif") else f"{name}.png" for name in names
        ]

    def notebook(self):
        """The lesson as a notebook.

        A link into the book is left out, but for its words: it would lead
        nowhere from a notebook or a terminal. Only the book's pages have it.
        """
        notebook = jupytext.read(self.path, fmt="py:percent")
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                cell.source = BOOK_LINK.sub(r"\1", cell.source)
        return notebook

    def notebook_with_exercises(self):
        """The lesson as a notebook in which its exercises can be done."""
        skeletons = self.beside("exercises").read_text("utf-8")
        return with_exercises(self.notebook(), self.number, skeletons)

    def beside(self, folder):
        """The file that belongs to it in exercises/, checks/ or solutions/, or
        the learner's in answers/."""
        return FOLDER / folder / self.path.name

    def answers(self):
        """The learner's file; a copy of the exercises where there is none yet.

        It lies in answers/, where neither git nor the tests look. InputError
        where it cannot be written.
        """
        path = self.beside("answers")
        if not path.exists():
            try:
                path.parent.mkdir(exist_ok=True)
                shutil.copyfile(self.beside("exercises"), path)
            except OSError as error:
                what = f"your answers, {in_clone(path)}, cannot be written"
                raise InputError(f"{what}: {error.strerror}") from error
        return path


def in_clone(path):
    """A path as seen from the clone's folder: lessons/07_transposed.py."""
    root = FOLDER.parent
    return path.relative_to(root) if path.is_relative_to(root) else path


def all_lessons():
    """Every lesson there is, by number."""
    return [Lesson(path) for path in sorted(FOLDER.glob("[0-9][0-9]_*.py"))]


def lesson(text):
    """The lesson of a number, such as "7". InputError where there is none."""
    lessons = all_lessons()
    for one in lessons:
        if text.isdecimal() and int(text) == one.number:
            return one
    known = ", ".join(str(one.number) for one in lessons)
    raise InputError(f"there is no lesson {text!r}; the numbers are {known}")
