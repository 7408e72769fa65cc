"""The exercises: solutions are right, skeletons not begun, typical wrong answers get the hint that helps."""

from pathlib import Path

import pytest

from lessons.lesson import all_lessons
from lessons.testing import checks_of, load, verdict, verdicts

LESSONS = all_lessons()
MUTANTS = Path(__file__).parent / "mutants"


def stem(lesson):
    return lesson.path.stem


def mutants_of(lesson):
    return load(MUTANTS / lesson.path.name).MUTANTS


@pytest.mark.parametrize("lesson", LESSONS, ids=stem)
def test_solutions_are_right_and_skeletons_not_begun(lesson):
    assert 2 <= len(checks_of(lesson)) <= 4
    for folder, state in (("solutions", "right"), ("exercises", "not begun")):
        found = verdicts(lesson, lesson.beside(folder))
        assert [(v.state, v.hint) for v in found] == [(state, "")] * len(found), found


@pytest.mark.parametrize("lesson", LESSONS, ids=stem)
def test_every_exercise_is_described_and_has_wrong_answers(lesson):
    skeletons, names = load(lesson.beside("exercises")), list(checks_of(lesson))
    assert all(getattr(skeletons, name).__doc__ for name in names)
    assert all(f"`{name}`" in lesson.cells[-1].text for name in names)
    assert list(mutants_of(lesson)) == names
    assert all(len(wrong) >= 2 for wrong in mutants_of(lesson).values())


@pytest.mark.parametrize(
    ("lesson", "name", "mutant", "hint"),
    [
        pytest.param(lesson, name, mutant, hint, id=f"{lesson.path.stem}-{name}-{mutant.__name__}")
        for lesson in LESSONS
        for name, wrong in mutants_of(lesson).items()
        for mutant, hint in wrong.items()
    ],
)
def test_a_wrong_answer_gets_its_hint(lesson, name, mutant, hint):
    found = verdict(name, checks_of(lesson)[name], mutant, MUTANTS / lesson.path.name)
    assert found.state == "wrong"
    assert hint in found.hint
