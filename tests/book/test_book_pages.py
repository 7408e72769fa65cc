"""What the book makes of docstrings, of the lessons and of the table of slides, before Sphinx sees it."""

import pkgutil
import re
from pathlib import Path

import pytest

import minifcn
from book.ext import reference
from book.ext.docstrings import to_rst
from book.ext.lessonpages import places, read
from book.ext.slides import table

LESSONS = Path(__file__).parents[2] / "lessons"

DOCSTRING = """\
y = max(x, 0) * 2, of `x` and x_ alike.

forward   x (N, C)   -> y
          the same shape
backward  -dL/dy     -> dL/dx
Raises nothing,
  never.

    v = m v + g

- one thing,
  in two lines
- another"""

AS_RST = r"""
y = max(x, 0) \* 2, of ``x`` and x\_ alike.

.. list-table::
   :class: docstring
   :widths: auto

   * - ``forward``
     - x (N, C) -> y the same shape
   * - ``backward``
     - \-dL/dy -> dL/dx

Raises nothing,
never.

.. code-block:: text

       v = m v + g

- one thing,
  in two lines
- another
"""


def squeezed(text):
    return re.sub(r"\n\n+", "\n\n", text).strip()


def test_aligned_lines_are_tables_indented_ones_stay_and_the_rest_is_prose():
    assert squeezed("\n".join(to_rst(DOCSTRING.split("\n")))) == squeezed(AS_RST)


def test_one_backtick_is_a_character():
    assert to_rst(["a ` b"]) == [r"a \` b"]


@pytest.fixture(scope="module")
def page():
    return read((LESSONS / "07_transposed.py").read_text("utf-8"))


def test_a_page_has_the_lessons_cells_each_with_its_place(page):
    parts = re.split(r"^# %%(.*)\n", (LESSONS / "07_transposed.py").read_text("utf-8"), flags=re.MULTILINE)[1:]
    kinds = ["markdown" if "markdown" in head else "code" for head in parts[::2]]
    assert [cell.cell_type for cell in page.cells[: len(kinds)]] == kinds
    for number, (cell, text) in enumerate(zip(page.cells, parts[1::2]), start=1):
        if cell.cell_type == "code":
            assert cell.source.strip() == text.strip()
        else:
            place, first = cell.source.split("\n")[:2]
            assert place == f"(lesson-7-cell-{number})="
            assert re.sub(r"\[(.*?)\]\(.*?\)", r"\1", first) == text.split("\n")[0].removeprefix("# ")


def test_a_page_ends_with_the_exercises(page):
    assert page.cells[-1].source == "check(7)"
    assert any(cell.source.startswith("def ") for cell in page.cells[-4:-1])
    assert not any("git" in cell.source for cell in page.cells if cell.cell_type == "code")


def test_lessons_link_to_each_other_but_not_within_code(page):
    text = "\n".join(cell.source for cell in page.cells if cell.cell_type == "markdown")
    assert "[lesson 3](03_matrix.py)" in text and "[lesson 7]" not in text
    assert not re.search(r"`[^`\n]*\]\(\d\d_", text)
    assert not any("](" in cell.source for cell in page.cells if cell.cell_type == "code" and "lesson" in cell.source)


def test_a_lesson_is_linked_where_its_number_stands_in_the_next_line_or_among_several():
    first, fourth = (
        "\n".join(cell.source for cell in read((LESSONS / name).read_text("utf-8")).cells)
        for name in ("01_pixels.py", "04_layers.py")
    )
    assert "([lesson\n2](02_convolution.py))" in fourth
    assert "(lessons [2](02_convolution.py) to [5](05_vgg.py))" in first
    assert "(lessons [4](04_layers.py), [12](12_surgery.py) and [14](14_training.py))" in first


def test_a_page_says_where_its_exercises_are_done(page):
    text = "\n".join(cell.source for cell in page.cells)
    assert "](README.md#exercises); `check(7)` tells you" in text and "its cell below" not in text


def test_a_link_to_the_explorer_is_none_of_sphinx(page):
    text = "\n".join(cell.source for cell in page.cells)
    assert "](../explorer/index.html#input=5&kernel=3&stride=2&at=small,1,1){.external}" in text


def test_every_lesson_and_range_of_the_slides_table_is_a_link_to_a_text():
    rows = table().split("\n")
    source = (LESSONS / "README.md").read_text("utf-8").split("| slide |")[1].split("\n\n")[0].split("\n")
    assert len(rows) == len(source) > 25
    targets = re.findall(r"\]\(#(.*?)\)", "\n".join(rows))
    known = {name for cells in places().values() for name in cells.values()}
    assert set(targets) <= known
    assert rows[2].endswith("| [1](#lesson-1-cell-1), cells [3-13](#lesson-1-cell-3) |")
    for row in rows[2:]:
        assert not re.search(r"\b\d", re.sub(r"\[.*?\]\(.*?\)", "", row.rsplit(" | ", 1)[1])), row


def test_a_code_cell_is_found_at_the_text_before_it():
    cells = places()[7]
    assert cells[1] == "lesson-7-cell-1" and cells[2] == "lesson-7-cell-1" and cells[3] == "lesson-7-cell-3"


def test_every_module_stands_in_one_page_of_the_reference():
    there = {module.name for module in pkgutil.walk_packages(minifcn.__path__, "minifcn.")} - {"minifcn.__main__"}
    told = [name for modules in reference.rooms().values() for name in modules]
    assert len(told) == len(set(told)) and set(told) == there | {"minifcn"}
    listed = (LESSONS.parent / "book" / "api.md").read_text("utf-8")
    assert set(re.findall(r"api/(\w+)", listed)) == set(reference.rooms())
