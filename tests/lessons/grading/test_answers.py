"""Answers in a process of their own get the verdicts that they get in this one."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from lessons.grading.answers import Answers
from lessons.lesson import all_lessons, lesson
from lessons.testing import checks_of, load, verdict

MUTANTS = Path(__file__).parents[1] / "mutants"


@pytest.mark.parametrize("lesson", all_lessons(), ids=lambda one: one.path.stem)
def test_solutions_are_right(lesson):
    with Answers([lesson.beside("solutions").read_text("utf-8")]) as answers:
        found = [answers.verdict(name, check) for name, check in checks_of(lesson).items()]
    assert [(each.state, each.hint) for each in found] == [("right", "")] * len(found)


@pytest.mark.parametrize("number", ["7", "14", "16"])
def test_mistakes_get_their_hints(number):
    """Of arrays; of dicts, and arguments that are changed; of functions and numbers that are handed over."""
    one = lesson(number)
    path, checks = MUTANTS / one.path.name, checks_of(one)
    with Answers([path.read_text("utf-8")]) as answers:
        for name, mutants in load(path).MUTANTS.items():
            for mutant in mutants:
                there = verdict(name, checks[name], partial(answers.call, mutant.__name__))
                here = verdict(name, checks[name], mutant, path)
                assert there.state == here.state == "wrong"
                if "Error" not in here.hint and "ind" not in here.hint:  # these name lines
                    assert there.hint == here.hint


def test_what_it_is_asked_for_changes_nothing_but_numbers():
    """An answer may calculate with what stays here, not look into it."""
    calls = "def answer(function, x):\n    x += 1\n    return function(x)\n"
    looks = "def look(function):\n    return function.__globals__\n"
    with Answers([calls, looks]) as answers:
        x = np.zeros(2)
        assert answers.call("answer", lambda x: 2 * x, x).tolist() == [2, 2]
        assert x.tolist() == [1, 1]
        with pytest.raises(AttributeError, match="__globals__"):
            answers.call("look", print)


def test_an_exercise_after_one_that_was_ended_is_judged_anew():
    def asked(answer):
        assert answer() == 1

    cell = "import os\ndef leaves(): os._exit(0)\ndef stays(): return 1"
    with Answers([cell]) as answers:
        assert answers.verdict("leaves", asked).state == "wrong"
        assert answers.verdict("stays", asked).state == "right"


def test_it_sees_no_tokens(monkeypatch):
    monkeypatch.setenv("TOKEN", "secret")
    with Answers(["import os\ndef answer(): return os.environ.get('TOKEN', 'none')"]) as answers:
        assert answers.call("answer") == "none"
