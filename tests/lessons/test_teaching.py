"""What is written for teachers fits the lessons: cells, headings, minutes, and an answer to every question."""

import re

import pytest

from lessons.lesson import FOLDER, all_lessons

TEACHING, ANSWERS = ((FOLDER / name).read_text("utf-8") for name in ("teaching.md", "teaching_answers.md"))
LESSONS = {one.number: one for one in all_lessons()}
SECTIONS = re.split(r"^#+ ", TEACHING, flags=re.MULTILINE)


def rows(heading):
    """The rows of the table in a section, as lists of cells."""
    (section,) = (s for s in SECTIONS if s.startswith(heading))
    table = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[2:]]


def test_three_hours_are_three_hours():
    assert sum(int(minutes) for minutes, *_ in rows("Three hours")) == 180


def test_two_hours_are_two_hours():
    """What is said to be left out: a break, lessons 3, 12 and 15, and lesson 6's heatmap."""
    left_out = {"3", "12", "15"}
    heatmap = "The whole classifier, convolutional"
    kept = [row for row in rows("Three hours") if row[1].split(",")[0] not in left_out and row[2] != heatmap]
    one_break = next(int(minutes) for minutes, _, heading, _ in kept if heading == "break")
    assert "leaves out a break and the rows of lesson 3, of lesson 6's heatmap," in TEACHING
    assert sum(int(minutes) for minutes, *_ in kept) - one_break == 120


@pytest.mark.parametrize("row", rows("Three hours"), ids=lambda row: row[1] or row[2])
def test_each_section_is_in_its_first_cell(row):
    _, where, heading, _ = row
    if heading == "break":
        return
    number, first, last = map(int, re.fullmatch(r"(\d+), (\d+)(?:-(\d+))?", where).groups(default=0))
    cells = LESSONS[number].cells
    assert f"## {heading}\n" in cells[first - 1].text + "\n" and last <= len(cells)
    assert not last or first < last


def test_a_term_has_every_lesson_once_and_its_minutes():
    found = {int(number): int(minutes) for _, number, minutes, _ in rows("A term") if number}
    assert found == {number: one.minutes for number, one in LESSONS.items()}
    weeks = [week for week, *_ in rows("A term") if week != "more"]
    assert weeks == [str(n) for n in range(1, 16)]


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=lambda one: one.path.stem)
def test_every_lesson_has_its_section_and_every_question_an_answer(lesson):
    (section,) = (s for s in SECTIONS if s.startswith(f"{lesson.number}. "))
    assert section.splitlines()[0] == f"{lesson.number}. {lesson.title}"
    assert section.count('- *"') >= 2 and section.count("- Wrong: ") == 1
    asked = re.findall(r"^  - \*\*(\d+\.\d+)\*\*", section, re.MULTILINE)
    answered = [n for n in re.findall(r"^- \*\*(\d+\.\d+)\*\*", ANSWERS, re.MULTILINE) if n.startswith(asked[0][:-1])]
    assert asked == answered == [f"{lesson.number}.{n}" for n in range(1, len(asked) + 1)] and len(asked) >= 3


@pytest.mark.parametrize("name", ["teaching.md", "teaching_answers.md", "grading.md", "README.md"])
def test_links_lead_somewhere(name):
    for target in re.findall(r"\]\(([^)#:]+)\)", (FOLDER / name).read_text("utf-8")):
        assert (FOLDER / target).exists(), target
