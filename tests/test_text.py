"""Texts from outside, and the lines that errors are."""

import pickle

import pytest

from minifcn.errors import Caution, InputError, caution
from minifcn.text import brief, one_line, short

FORGED = "a.png\nminifcn: error: all is lost\x1b[2J\u2028\u202e\udcff\x85\r\x00"
SHOWN = r"a.png\nminifcn: error: all is lost\x1b[2J\u2028\u202e\udcff\x85\r\x00"


def test_what_moves_the_cursor_or_ends_a_line_is_escaped_and_nothing_else():
    assert one_line(FORGED) == SHOWN
    assert one_line("사진 é 😀 שלום C:\\new") == "사진 é 😀 שלום C:\\new"
    assert short("a\n" * 99) == r"a\n" * 50


@pytest.mark.parametrize("kind", [InputError, Caution])
def test_an_error_and_a_caution_are_one_line(kind):
    assert str(kind(f"{FORGED} is no picture")) == f"{SHOWN} is no picture"
    long = str(kind("x" * 100_000 + ": give another name"))
    assert len(long) < 2000 and long.startswith("xxx") and long.endswith("xx: give another name")
    again = pickle.loads(pickle.dumps(kind("a\nb")))  # as between processes
    assert type(again) is kind and str(again) == r"a\nb"


def test_a_caution_is_one_line_through_warnings():
    with pytest.warns(Caution, match=r"^a\\nb$"):
        caution("a\nb")


def test_values_of_any_depth_length_and_size_are_told_in_brief():
    deep = []
    for _ in range(100_000):
        deep = [deep]
    for value in (deep, [[0] * 1000] * 1000, "x\n" * 10_000, 10**4000, {"a" * 9000: {"b": {"c": [deep]}}}, [deep] * 9):
        assert len(brief(value)) < 300 and "\n" not in brief(value)
    assert (brief("red"), brief([1, None]), brief(-1.5)) == ("'red'", "[1, None]", "-1.5")
