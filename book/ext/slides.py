"""From the lecture's slides to the pages: the table of lessons/README.md, its cells being links."""

import re
from pathlib import Path

from book.ext.lessonpages import places

README = Path(__file__).parents[2] / "lessons" / "README.md"
PAGE, MARK = "book/slides", "<!-- the table of lessons/README.md -->"
ELSEWHERE = "\n[From the lecture's slides to the lessons](../book/slides.md)\n"
NUMBER = re.compile(r"\b(\d+)(?=, cells?\b|:)|\b(\d+)(-\d+)?\b")  # a lesson's, or cells'


def table():
    """The rows of that table, and of its last column every lesson and every range of cells a link."""
    rows = re.search(r"^\| slide \|.*?(?=\n\n|\Z)", README.read_text("utf-8"), re.MULTILINE | re.DOTALL)[0].split("\n")
    where = places()
    return "\n".join([*rows[:2], *(_linked(row, where) for row in rows[2:])])


def _linked(row, places):
    """| 3.(3) ... | 7, cells 3-8 | with links to the lesson and to the cell."""
    slide, where = row.strip("| ").rsplit(" | ", 1)
    lesson = None

    def link(match):
        nonlocal lesson
        if match[1]:
            lesson = int(match[1])
            return f"[{match[0]}](#{places[lesson][1]})"
        return f"[{match[0]}](#{places[lesson][int(match[2])]})"

    return f"| {slide} | {NUMBER.sub(link, where)} |"


def setup(app):
    """Put the table in its page, and leave it out where it stands without links."""

    def fill(app, docname, source):
        if docname == PAGE:
            source[0] = source[0].replace(MARK, table())
        elif docname == "lessons/README":
            source[0] = re.sub(r"\n## From the lecture.*", ELSEWHERE, source[0], flags=re.DOTALL)

    app.connect("source-read", fill)
    return {"parallel_read_safe": True}
