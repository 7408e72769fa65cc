"""Docstrings are plain text with aligned tables: they become tables, formulas stay as set, the rest is prose."""

import re
from itertools import groupby

ROW = re.compile(r"(\S+(?: \S+)*?) {2,}(\S.*)")  # "forward   x (N, C, H, W)  -> y"
SPECIAL = re.compile(r"([\\*|]|_(?!\w))")


def to_rst(lines):
    """The lines of a docstring -> lines of reStructuredText that look the same."""
    told = []
    for kind, run in groupby(zip(_kinds(lines), lines), key=lambda pair: pair[0]):
        run = [line for _, line in run]
        told += {"table": _table, "set": _set, "list": _list}.get(kind, _paragraph)(run)
    return told


def _kinds(lines):
    """Of each line "prose", "list", "blank", "table", or "set" for what must stay as it is."""
    kind, kinds = "blank", []
    for line in lines:
        if not line.strip():
            kind = "blank"
        elif line.startswith("- "):
            kind = "list"
        elif line.startswith(" "):
            kind = "set" if kind == "blank" else kind
        else:
            kind = "table" if ROW.fullmatch(line) else "prose"
        kinds.append(kind)
    return kinds


def _table(run):
    """Rows of a name and what it is; what is indented goes on with the row before."""
    rows = []
    for line in run:
        if line.startswith(" "):
            rows[-1][1] += " " + line.strip()
        else:
            rows.append(list(ROW.fullmatch(line).groups()))
    told = ["", ".. list-table::", "   :class: docstring", "   :widths: auto", ""]
    for name, text in rows:
        text = _prose(re.sub(" +", " ", text))
        escaped = re.sub(r"^(?=[-+.:])", r"\\", text)  # nor is a cell a list
        told += [f"   * - ``{name}``", f"     - {escaped}"]
    return [*told, ""]


def _set(run):
    return ["", ".. code-block:: text", "", *("   " + line for line in run), ""]


def _paragraph(run):
    return [_prose(line.strip()) for line in run]


def _list(run):
    return ["", *map(_prose, run), ""]


def _prose(line):
    """`name` is code; nothing else in a line means anything but itself."""
    parts = line.split("`")
    if len(parts) % 2 == 0:  # a single backtick is a character
        return SPECIAL.sub(r"\\\1", line).replace("`", r"\`")
    return "".join(f"``{part}``" if number % 2 else SPECIAL.sub(r"\\\1", part) for number, part in enumerate(parts))


def setup(app):
    """Every docstring that autodoc reads goes this way."""

    def process(app, what, name, obj, options, lines):
        lines[:] = [] if lines[:1] and lines[0].startswith("Alias for field number") else to_rst(lines)

    app.connect("autodoc-process-docstring", process)
    return {"parallel_read_safe": True}
