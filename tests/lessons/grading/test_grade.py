"""python -m lessons grade: whatever is handed in ends with a row, the right points and a word on each exercise."""

import csv
import sys
import unicodedata

import jupytext
import pytest
from made import LESSON, MADE, NAMES, RIGHT

from lessons import cli, limit


def graded(folder, *arguments):
    """The table that grading a folder gives, {student: row}."""
    out = folder.parent / "grades.csv"
    assert cli.main(["grade", str(folder), "--out", str(out), *arguments]) == 0
    with open(out, encoding="utf-8-sig", newline="") as file:
        return {row.pop("student"): row for row in csv.DictReader(file)}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "class").mkdir()
    return tmp_path / "class"


@pytest.mark.parametrize("name", MADE)
def test_each_gets_its_points_and_is_told_why(name, folder, monkeypatch, capsys):
    if name == "too much memory" and sys.platform != "linux":
        pytest.skip("no limit of a process's memory")
    monkeypatch.setattr(limit, "SECONDS", 0.3 if name == "endless" else 5)
    text, points, told = MADE[name]
    (folder / "kim").mkdir()
    (folder / "kim" / LESSON.path.name).write_text(text, "utf-8")
    row = graded(folder)["kim"]
    assert (row["points"], row["of"]) == (str(points), "3")
    assert sum(int(row[f"7 {exercise}"]) for exercise in NAMES) == points
    assert [line.split(": ")[0] for line in row["feedback"].splitlines()] == [f"7 {exercise}" for exercise in NAMES]
    assert told in row["feedback"]
    assert capsys.readouterr().out == f"kim: {points} of 3\n"


def test_a_class_becomes_a_table(folder, capsys):
    """Folders and files, a script and a notebook, a name in Hangul, somebody who handed in nothing."""
    for student in ("kim", "lee", "nothing"):
        (folder / student).mkdir()
    (folder / "lee" / "07_transposed.py").write_text("")
    (folder / "김민지_12_07_transposed-1.py").write_text(RIGHT, "utf-8")
    (folder / "notes.txt").write_text("")
    notebook = LESSON.notebook_with_exercises()
    *_, size, transposed, _, _ = notebook.cells
    size.source = "%timeit 1\n" + RIGHT[RIGHT.index("def output_size") : RIGHT.index("def transposed")]
    transposed.source = "show(nothing)"
    jupytext.write(notebook, folder / "kim" / "07_transposed.ipynb")
    rows = graded(folder)
    assert {student: row["points"] for student, row in rows.items()} == {
        "kim": "1",
        "lee": "0",
        "nothing": "0",
        "김민지_12": "3",
    }
    assert rows["nothing"]["feedback"].splitlines()[0] == "7 output_size: not begun: no file"
    assert "7 transposed: wrong: it does not run: NameError" in rows["kim"]["feedback"]
    assert "no answers to a lesson, by its name: " in capsys.readouterr().err


def test_a_name_that_macos_has_taken_apart_is_the_same_student(folder):
    apart = unicodedata.normalize("NFD", "김민지")
    (folder / apart).mkdir()
    (folder / f"{apart}_07_transposed.py").write_text(RIGHT, "utf-8")
    (folder / "김민지_08_arithmetic.py").write_text("")
    rows = graded(folder)
    assert {student: (row["points"], row["of"]) for student, row in rows.items()} == {"김민지": ("3", "6")}


def test_lessons_can_be_named(folder):
    (folder / "07_transposed.py").write_text("")
    rows = graded(folder, "--lessons", "8", "8")
    assert list(rows["class"])[:3] == ["8 convolution", "8 stretched", "8 possible_sizes"]


def test_a_name_is_no_formula_of_a_spreadsheet(folder):
    (folder / "=1+1").mkdir()
    (folder / "kim_07_transposed.py").write_text("")
    assert "'=1+1" in graded(folder)


def test_a_table_that_is_there_is_kept(folder, capsys):
    (folder / "07_transposed.py").write_text("")
    out = folder.parent / "grades.csv"
    out.write_text("mine")
    assert cli.main(["grade", str(folder), "--out", str(out)]) == 2
    assert out.read_text() == "mine" and "is there already: move it" in capsys.readouterr().err
    assert graded(folder, "--overwrite")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere", "--out", "x.csv"], "nowhere is no folder"),
        (["{folder}", "--out", "x.csv"], "has no answers to any lesson"),
        (["{folder}", "--lessons", "99", "--out", "x.csv"], "there is no lesson '99'"),
        (["{folder}"], "required: --out"),
        (["{folder}", "--lessons", "7", "--out", "{folder}/no/x.csv"], "x.csv cannot be written"),
    ],
)
def test_bad_input_is_refused_in_a_line(folder, monkeypatch, capsys, arguments, told):
    monkeypatch.chdir(folder.parent)
    assert cli.main(["grade", *(text.format(folder=folder) for text in arguments)]) == 2
    out, err = capsys.readouterr()
    assert out == "" and told in err and err.startswith("lessons: error: ") and err.count("\n") == 1
    assert [path.name for path in folder.parent.rglob("*")] == ["class"]
