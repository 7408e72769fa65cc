"""The lessons as pages: MyST-NB reads their files through `read`, and runs them."""

import re

import jupytext

from lessons.lesson import all_lessons, lesson
from lessons.notebooks import with_exercises

LESSON = re.compile(r"\b[Ll]esson\s+(\d+)\b(?![^\[]*\])")
LESSONS = re.compile(r"\b[Ll]essons\s+\d+\b(?:(?:,|\s+(?:to|and))\s+\d+\b)+(?![^\[]*\])")
EXPLORER = re.compile(r"\]\(\.\./explorer/[^)]*\)")
ON_A_PAGE = """\
Write each function [in the lesson's notebook, or for the terminal](README.md#exercises); `check({number})` tells you
what is right, and what is wrong if not."""  # nothing can be run here
CODE = re.compile(r"(```.*?```|`[^`]*`)", re.DOTALL)


def read(text):
    """The notebook of the lesson whose file has this text, its exercises in it.

    Each Markdown cell can be linked to, and where it names a lesson it links there. What prepares a fresh runtime is
    left out.
    """
    one = lesson(re.match(r"# %% \[markdown\]\n# # (\d+)\. ", text)[1])
    skeletons = one.beside("exercises").read_text("utf-8")
    # Of the text, for a lesson's own notebook has no links to the explorer.
    notebook = with_exercises(jupytext.reads(text, "py:percent"), one.number, skeletons, ON_A_PAGE)
    notebook.cells = [cell for cell in notebook.cells if "remove-cell" not in cell.metadata.get("tags", [])]
    notebook.metadata["language_info"] = {"name": "python", "pygments_lexer": "ipython3"}  # as its kernel would say
    for number, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type == "markdown":
            cell.source = f"({anchor(one.number, number)})=\n{_linked(cell.source, one.number)}"
    return notebook


def anchor(lesson_number, cell):
    """The name of a cell's place, for links from anywhere: lesson-7-cell-12."""
    return f"lesson-{lesson_number}-cell-{cell}"


def places():
    """{lesson's number: {cell's number: name of the place}}: a code cell is found at the text before it."""
    found = {}
    for one in all_lessons():
        found[one.number] = places = {}
        for number, cell in enumerate(one.cells, start=1):
            places[number] = anchor(one.number, number) if cell.kind == "markdown" else places[number - 1]
    return found


def _linked(source, own):
    """A cell's Markdown, "lesson 3" in it being a link, as in "lessons 3 and 4", but for its own number and in code.

    A link to the explorer, whose page is none of Sphinx's, is left as it is.
    """
    files = {str(one.number): one.path.name for one in all_lessons() if one.number != own}

    def link(match):
        return f"[{match[0]}]({files[match[1]]})" if match[1] in files else match[0]

    def prose(part):
        return LESSON.sub(link, LESSONS.sub(lambda several: re.sub(r"(\d+)", link, several[0]), part))

    parts = CODE.split(EXPLORER.sub(r"\g<0>{.external}", source))
    return "".join(part if number % 2 else prose(part) for number, part in enumerate(parts))
