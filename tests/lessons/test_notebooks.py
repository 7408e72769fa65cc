"""A lesson as a notebook: its exercises in cells, a check beside them, and a runtime that starts from nothing."""

import subprocess
import sys

import pytest

from lessons import limit, notebooks
from lessons.lesson import FOLDER, all_lessons, lesson
from lessons.lessontools import check
from lessons.testing import checks_of, load


@pytest.mark.parametrize("lesson", all_lessons(), ids=lambda one: one.path.stem)
def test_a_notebook_has_the_lesson_s_cells_between_its_own(lesson):
    cells = [(c.cell_type, c.source) for c in lesson.notebook_with_exercises().cells]
    own = [tuple(cell) for cell in lesson.cells]
    count = len(checks_of(lesson))
    assert cells[:1] + cells[2 : len(own)] == own[:-1]
    heading, exercises = cells[len(own)][1], [text for _, text in cells[len(own) + 1 :]]
    assert f"`check({lesson.number})` tells" in heading and "python -m lessons" not in heading
    assert heading.partition("1. `")[2] == own[-1][1].partition("1. `")[2]
    assert exercises[0] == "import numpy as np\n\nfrom lessontools import check"
    assert [text.split("(")[0] for text in exercises[1:-1]] == [f"def {name}" for name in checks_of(lesson)]
    assert len(exercises) == count + 2 and exercises[-1] == f"check({lesson.number})"


@pytest.mark.parametrize("lesson", all_lessons(), ids=lambda one: one.path.stem)
def test_no_link_leads_out_of_its_folder_into_a_book_that_is_elsewhere(lesson):
    """Nor in the terminal, which shows the same text."""
    assert not [cell.source for cell in lesson.notebook_with_exercises().cells if "](.." in cell.source]


def test_of_such_a_link_the_words_stay():
    (text,) = (cell.text for cell in lesson("7").cells if "explorer" in cell.text)
    assert "in the\nbook's\nexplorer you\nsee the stamp of the 4" in text


def test_the_cells_can_be_filled_in_and_checked(monkeypatch, capsys):
    """Each in turn, as in a notebook, by the solutions' functions."""
    monkeypatch.syspath_prepend(FOLDER)
    one = lesson("7")
    *cells, ask = [cell.source for cell in one.notebook_with_exercises().cells[-5:]]
    names = {}
    for cell in cells:
        exec(cell, names)
    exec(ask, names)
    assert capsys.readouterr().out == "output_size: not begun\ntransposed: not begun\ngradients: not begun\n"
    solutions = vars(load(one.beside("solutions")))
    names |= {name: solutions[name] for name in ("output_size", "transposed", "gradients")}
    exec(ask, names)
    assert capsys.readouterr().out == "output_size: right\ntransposed: right\ngradients: right\n"


def test_a_mistake_in_a_cell_is_told_with_its_line(monkeypatch, capsys):
    monkeypatch.setattr(limit, "SECONDS", 0.1)
    names = {"check": check}
    exec(compile("def output_size(*a):\n    return a.b", "cell 1", "exec"), names)
    exec(compile("def transposed(*a):\n    while True:\n        pass", "cell 2", "exec"), names)
    exec("check(7)", names)
    first, second, third = capsys.readouterr().out.splitlines()
    assert first.startswith("output_size: wrong: AttributeError in line 2: ")
    assert second.startswith("transposed: wrong: it did not end within 0.1 seconds; it was in line ")
    assert third == "gradients: wrong: there is no function gradients: run its cell first"


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("https://github.com/someone/minifcn.git", "https://github.com/someone/minifcn.git"),
        ("https://someone:secret@github.com/someone/minifcn", "https://github.com/someone/minifcn"),
        ("git@github.com:someone/minifcn.git", "https://github.com/someone/minifcn.git"),
        ("ssh://git@github.com/someone/minifcn.git", "https://github.com/someone/minifcn.git"),
        ("/home/someone/minifcn", ""),
        ("", ""),
    ],
)
def test_the_clone_s_address_is_filled_in_where_others_can_use_it(monkeypatch, remote, address):
    answer = subprocess.CompletedProcess([], 0, f"{remote}\n")
    monkeypatch.setattr(notebooks.subprocess, "run", lambda *_, **__: answer)
    assert lesson("7").notebook_with_exercises().cells[1].source.splitlines()[1].startswith(f'REPOSITORY = "{address}"')


@pytest.fixture
def setup(monkeypatch, tmp_path):
    """setup(address): run the first cell in an empty folder, without lessontools at hand; -> the commands it ran."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [path for path in sys.path if path != str(FOLDER)])
    monkeypatch.delitem(sys.modules, "lessontools", raising=False)

    def run(address, code=0):
        commands = []
        done = subprocess.CompletedProcess([], code, "", "not found")
        monkeypatch.setattr("subprocess.run", lambda command, **_: commands.append(command) or done)
        exec(notebooks.SETUP.format(address=address), {})
        return commands

    return run


def test_a_fresh_runtime_gets_the_clone_and_what_it_needs(setup, tmp_path):
    clone, install = setup("https://host/minifcn")
    assert clone == ("git", "clone", "--depth", "1", "https://host/minifcn", str(tmp_path / "minifcn"))
    assert install == (sys.executable, "-m", "pip", "install", "-e", f"{tmp_path / 'minifcn'}[lessons]")
    assert sys.path[0] == str(tmp_path / "minifcn" / "lessons")


def test_a_clone_that_is_there_is_taken(setup, tmp_path):
    (tmp_path / "minifcn").mkdir()
    assert len(setup("")) == 1


def test_what_goes_wrong_in_a_fresh_runtime_is_told(setup):
    with pytest.raises(ValueError, match="write the address"):
        setup("")
    with pytest.raises(RuntimeError, match="not found"):
        setup("https://host/minifcn", code=128)


def test_beside_lessontools_nothing_is_fetched(setup, monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    assert setup("https://host/minifcn") == []
