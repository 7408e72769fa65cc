"""Docstrings are plain text with aligned tables: prose becomes paragraphs, tables and formulas stay as they are set."""

import re
from itertools import groupby

TABLE = re.compile(r"\S+( \S+)* {2,}\S")  # "forward   x (N, C, H, W)  -> y"
SPECIAL = re.compile(r"([\\*|]|_(?!\w))")


def to_rst(lines):
    """The lines of a docstring -> lines of reStructuredText that look the same."""
    told = []
    for kind, run in groupby(zip(_kinds(lines), lines), key=lambda pair: pair[0]):
        run = [line for _, line in run]
        if kind == "set":
            told += ["", ".. code-block:: text", "", *("   " + line for line in run), ""]
        elif kind == "list":
            told += ["", *map(_prose, run), ""]
        else:
            told += map(_prose, run)
    return told


def _kinds(lines):
    """Of each line "prose", "list", "blank", or "set" for what must stay as it is set."""
    kind, kinds = "blank", []
    for line in lines:
        if not line.strip():
            kind = "blank"
        elif line.startswith("- "):
            kind = "list"
        elif line.startswith(" "):
            kind = "list" if kind == "list" else "set"
        else:
            kind = "set" if TABLE.match(line) else "prose"
        kinds.append(kind)
    return kinds


def _prose(line):
    """`name` is code; nothing else in a line means anything but itself."""
    parts = line.split("`")
    if len(parts) % 2 == 0:  # a single backtick is a character
        return SPECIAL.sub(r"\\\1", line.replace("`", r"\`"))
    return "".join(
        f"``{part}``" if number % 2 else SPECIAL.sub(r"\\\1", part) for number, part in enumerate(parts)
    )


def setup(app):
    """Every docstring that autodoc reads goes this way."""

    def process(app, what, name, obj, options, lines):
        lines[:] = to_rst(lines)

    app.connect("autodoc-process-docstring", process)
    return {"parallel_read_safe": True}
