"""Answers of all kinds against their checks, wherever their file lies: that crash, end Python, or never end."""

import pytest

from lessons import limit
from lessons.lesson import lesson
from lessons.testing import Verdict, verdicts
from minifcn.errors import InputError


@pytest.fixture
def judged(tmp_path, monkeypatch):
    """judged(text): the lines of the verdicts on lesson 7's answers with this text, in a folder of its own."""
    monkeypatch.setattr(limit, "SECONDS", 0.2)
    path = tmp_path / "07_transposed.py"

    def judge(text):
        path.write_text(text)
        return [str(each) for each in verdicts(lesson("7"), path)]

    return judge


def test_each_exercise_is_judged_though_others_misbehave(judged):
    lines = judged(
        "def output_size(*given):\n    exit(3)\n\n\n"
        "def transposed(*given):\n    while True:\n        pass\n\n\n"
        "def gradients(dy, x, weight, stride, padding):\n"
        "    dy[padding:-padding] += x\n"
    )
    assert lines[0].startswith("output_size: wrong: it ends Python in line 2: return the result, without exit()")
    assert lines[1].startswith("transposed: wrong: it did not end within 0.2 seconds; it was in line ")
    assert lines[1].endswith("a loop without an end; it was given array (3, 4), array (4, 3), 1, 0")
    assert lines[2].startswith("gradients: wrong: ValueError in line 11: ") and "[p:-p] is empty for p = 0" in lines[2]


def test_what_is_missing_is_named_with_its_file(judged, tmp_path):
    assert judged("transposed = 7")[:2] == [
        f"output_size: wrong: there is no function output_size in {tmp_path / '07_transposed.py'}",
        "transposed: wrong: TypeError: 'int' object is not callable; it was given array (3, 4), array (4, 3), 1, 0",
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("while True:\n    pass\n", "it did not end within 0.2 seconds; it was in line"),
        ("exit(3)", "it ends Python in line 1: "),
        ("assert 1 > 2", "AssertionError in line 1"),
        ("x = = 1", "SyntaxError in line 1"),
        ("import no_such_module", "ModuleNotFoundError in line 1"),
    ],
)
def test_a_file_that_does_not_run_is_refused(judged, tmp_path, text, why):
    with pytest.raises(InputError) as told:
        judged(text)
    assert str(told.value).startswith(f"{tmp_path / '07_transposed.py'} does not run: {why}")
    assert not str(told.value).endswith(": ")


@pytest.mark.parametrize(
    ("verdict", "line"),
    [
        (("place", "right"), "place: right"),
        (("place", "not begun"), "place: not begun"),
        (("place", "wrong", "wrong for 2"), "place: wrong for 2"),
        (("place", "wrong", "right for 1, wrong for 2"), "place: wrong: right for 1, wrong for 2"),
    ],
)
def test_no_word_is_said_twice(verdict, line):
    assert str(Verdict(*verdict)) == line
