"""python -m lessons handout: a class gets all it needs, and nothing that a teacher keeps."""

import shutil
import subprocess
import sys

import jupytext
import pytest

from lessons import cli
from lessons.lesson import FOLDER, all_lessons


@pytest.fixture(scope="module")
def handout(tmp_path_factory):
    out = tmp_path_factory.mktemp("handout")
    assert cli.main(["handout", "--out", str(out)]) == 0
    return out


def test_it_holds_no_solutions(handout):
    names = {path.name for path in handout.rglob("*")}
    assert not names & {"solutions", "answers", "teaching.md", "teaching_answers.md", "grading.md", "tests", ".git"}
    texts = [path.read_text("utf-8") for path in (handout / "lessons").rglob("*") if path.is_file()]
    for one in all_lessons():
        solution = one.beside("solutions").read_text("utf-8")
        own = set(solution.splitlines()) - set(one.beside("exercises").read_text("utf-8").splitlines())
        longest = max((line for line in own if line.startswith("    ")), key=len).strip()
        assert not any(solution in text or longest in text for text in texts), longest


def test_it_holds_what_the_lessons_need(handout):
    for one in all_lessons():
        for name in (one.path.name, f"exercises/{one.path.name}", f"checks/{one.path.name}"):
            assert (handout / "lessons" / name).read_bytes() == (FOLDER / name).read_bytes()
        notebook = jupytext.read(handout / "lessons" / f"{one.path.stem}.ipynb")
        assert notebook.cells[-1].source == f"check({one.number})"
        assert 'REPOSITORY = ""' in notebook.cells[1].source
    assert (handout / "LICENSE").is_file() and (handout / "minifcn" / "__init__.py").is_file()
    assert not list(handout.rglob("__pycache__"))
    readme = (handout / "lessons" / "README.md").read_text("utf-8")
    assert "teaching" not in readme and "## Exercises" in readme and "## The lessons" in readme


def test_a_student_is_told_there_what_is_right(handout):
    command = [sys.executable, "-B", "-m", "lessons", "test", "7"]
    done = subprocess.run(command, cwd=handout, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "")
    begun = "output_size: not begun\ntransposed: not begun\ngradients: not begun\n"
    assert done.stdout.replace("\\", "/") == f"Write your answers in lessons/answers/07_transposed.py.\n{begun}"


@pytest.mark.skipif(shutil.which("git") is None, reason="no git")
def test_git_sees_the_notebooks_and_no_answers_where_it_is_a_repository(handout):
    def git(*arguments):
        return subprocess.run(["git", *arguments], cwd=handout, capture_output=True, text=True, check=True).stdout

    (handout / "lessons" / "answers").mkdir(exist_ok=True)
    (handout / "lessons" / "answers" / "07_transposed.py").write_text("")
    git("init", "--quiet")
    try:
        seen = git("ls-files", "--others", "--exclude-standard").splitlines()
    finally:
        shutil.rmtree(handout / ".git")
    assert "lessons/07_transposed.ipynb" in seen and not [name for name in seen if "answers/" in name]


def test_a_folder_with_something_in_it_is_refused(tmp_path, capsys):
    (tmp_path / "mine").write_text("mine")
    for out in (tmp_path, tmp_path / "mine"):
        assert cli.main(["handout", "--out", str(out)]) == 2
        assert (
            capsys.readouterr().err == f"lessons: error: {out} is there already, and not empty: name another folder\n"
        )
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_where_nothing_can_be_written_it_is_told_in_a_line(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert cli.main(["handout", "--out", str(tmp_path / "file" / "out")]) == 2
    err = capsys.readouterr().err
    assert "cannot be written" in err and err.count("\n") == 1
