"""Every lesson runs from its first cell to its last, draws what it says, and has the parts that a lesson has."""

import ast
import re
import subprocess
import sys

import pytest
from PIL import Image

from lessons import cli
from lessons.formulas import readable
from lessons.lesson import FOLDER, all_lessons
from minifcn.backend import arrays as backend

LESSONS = all_lessons()
TRAIN_FOR_LONG = {11, 13, 14, 15}  # five seconds and more


def stem(lesson):
    return lesson.path.stem


@pytest.fixture(params=LESSONS, ids=stem)
def lesson(request):
    return request.param


@pytest.fixture
def walked(tmp_path, monkeypatch, capsys):
    """walked(lesson, options): go through it in this process; -> (exit code, what it printed, its figures' folder).

    As if no run was there yet whose networks a lesson would take.
    """
    figures = tmp_path / "figures"
    monkeypatch.syspath_prepend(FOLDER)  # and put back afterwards, as is the device
    monkeypatch.setattr("lessontools.HERE", tmp_path / "lessons")
    monkeypatch.setattr("lessontools.FIGURES", figures)
    monkeypatch.setenv("MINIFCN_DEVICE", "auto")

    def walk(lesson, *options):
        code = cli.main([str(lesson.number), "--no-pause", *options])
        return code, capsys.readouterr().out, figures

    return walk


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "lesson",
    [pytest.param(one, id=stem(one), marks=[pytest.mark.slow] * (one.number in TRAIN_FOR_LONG)) for one in LESSONS],
)
def test_a_lesson_runs_and_draws_its_figures(lesson, walked):
    code, printed, figures = walked(lesson, "--device", "cpu")
    assert code == 0, printed
    for name in lesson.figures:
        assert f"figure: {figures / name}\n" in printed
        with Image.open(figures / name) as picture:
            assert min(picture.size) > 100 and picture.width <= 1200
    assert printed.endswith(f"To check them: python -m lessons test {lesson.number}\n")


@pytest.mark.slow
@pytest.mark.parametrize("lesson", [one for one in LESSONS if "resolve_device" in one.path.read_text()], ids=stem)
def test_a_lesson_runs_on_the_gpu(lesson, device, walked, monkeypatch):
    monkeypatch.setattr(backend, "gpu_status", lambda: backend.GpuStatus(True, "a device"))
    code, printed, _ = walked(lesson, "--device", "gpu")
    assert code == 0, printed[-2000:]
    assert "CuPy on the GPU: a device\n" in printed


@pytest.mark.xdist_group("the clone's figures")
@pytest.mark.parametrize(
    "arguments", [["-m", "lessons", "1", "--no-pause"], [str(LESSONS[0].path)]], ids=["-m", "script"]
)
def test_a_lesson_is_a_command_and_a_script(arguments, tmp_path):
    """In a process of its own, without a terminal; the script from any folder."""
    figures = [FOLDER / "figures" / name for name in LESSONS[0].figures]
    for figure in figures:
        figure.unlink(missing_ok=True)
    done = subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        cwd=FOLDER.parent if "-m" in arguments else tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for figure in figures:
        shown = figure.relative_to(FOLDER.parent) if "-m" in arguments else figure
        assert f"figure: {shown}\n" in done.stdout and figure.is_file()


def test_a_lesson_has_its_parts(lesson):
    markdown = [cell.text for cell in lesson.cells if cell.kind == "markdown"]
    first, last = markdown[0], markdown[-1]
    assert re.match(rf"# {lesson.number}\. .+\?\n", first), "the first line is its number and its question"
    assert re.search(r"^\*\*Time:\*\* \d+ minutes$", first, re.MULTILINE)
    assert re.search(r"^\*\*Know before:\*\* \w", first, re.MULTILINE)
    assert last.startswith("## Exercises\n")
    assert f"python -m lessons test {lesson.number}" in last and "`lessons/answers/`" in last
    (left_out,) = [
        text for text in markdown if text.startswith("## What was left out, and where the real thing stands")
    ]
    paths = re.findall(r"`(minifcn/[\w/]+\.py)`", left_out)
    assert paths and all((FOLDER.parent / path).is_file() for path in paths)


def test_a_lesson_predicts_before_it_computes_and_claims_by_asserts(lesson):
    cells = lesson.cells
    predicting = [at for at, cell in enumerate(cells) if "**Predict" in cell.text]
    assert len(predicting) >= 3
    assert all(cells[at].kind == "markdown" and cells[at + 1].kind == "code" for at in predicting)
    code = [cell.text for cell in cells if cell.kind == "code"]
    assert sum(isinstance(node, ast.Assert) for text in code for node in ast.walk(ast.parse(text))) >= 5
    assert max(text.count("\n") for text in code) < 40, "a cell is short enough to be seen at once"


def test_a_lesson_names_its_figures_by_its_number(lesson):
    assert lesson.figures and all(name.startswith(f"{lesson.number:02}_") for name in lesson.figures)
    assert len(set(lesson.figures)) == len(lesson.figures)


def test_a_figure_has_an_alternative_text(lesson):
    calls = [node for node in ast.walk(ast.parse(lesson.path.read_text("utf-8"))) if isinstance(node, ast.Call)]
    calls = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "show"]
    texts = [call.args[2].value for call in calls]
    assert len(texts) == len(lesson.figures)
    for text in texts:
        assert 80 < len(text) < 260 and re.match("[A-Zx0-9]", text) and text.endswith("."), text


def test_no_latex_is_left_in_the_terminal(lesson):
    for cell in lesson.cells:
        if cell.kind == "markdown":
            shown = readable(cell.text)
            formulas = re.findall(r"`[^`]+`|```text.*?```", shown, re.DOTALL) if shown != cell.text else []
            assert not re.search(r"\\[a-zA-Z]|\$", shown)
            assert not [text for text in formulas if re.search(r"[_^]{|[\ue000-\uf8ff]", text)]


def test_a_lesson_is_in_the_table(lesson):
    readme = (FOLDER / "README.md").read_text("utf-8")
    assert f"| {lesson.number} | [{lesson.title}]({lesson.path.name}) |" in readme


def cells_of_slides():
    """[(slide, lesson's number, first cell, last cell)] of the table in lessons/README.md.

    "10: the proof, cells 21-22; costs, 27; also in 9, cell 31": after a semicolon the lesson stays the same unless
    another is named.
    """
    readme = (FOLDER / "README.md").read_text("utf-8")
    table = readme.split("| slide | lesson, cells |\n|---|---|\n")[1].split("\n\n")[0]
    found = []
    for line in table.splitlines():
        slide, where = line.strip("| ").split(" | ")
        number = None
        for part in where.split(";"):
            if named := re.search(r"(\d+)[,:] [^\d]*\bcells? ", part):
                number, part = int(named[1]), part[named.end() :]
            for first, last in re.findall(r"\b(\d+)(?:-(\d+))?\b", part):
                found.append((slide, number, int(first), int(last or first)))
        assert slide == found[-1][0], f"the table names no cells for {slide!r}"
    return found


def test_the_table_of_slides_names_cells_that_lessons_have():
    counts = {lesson.number: len(lesson.cells) for lesson in LESSONS}
    references = cells_of_slides()
    for slide, number, first, last in references:
        inside = 1 <= first <= last <= counts[number] - 2  # before what was left out, and the exercises
        assert inside, f"{slide}: lesson {number}, cells {first}-{last}, of {counts[number]}"
    without_a_slide = {2}
    assert {number for _, number, _, _ in references} == set(counts) - without_a_slide
