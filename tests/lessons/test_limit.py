"""Code that does not end is stopped, whatever it catches, and everything else passes through."""

import contextlib
import threading
import time

import pytest

from lessons import limit
from lessons.limit import Endless, within_limit


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(limit, "SECONDS", 0.1)


def test_results_and_exceptions_pass_through():
    assert within_limit(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        within_limit(lambda: 1 / 0)
    with pytest.raises(SystemExit):
        within_limit(lambda: exit(3))


def endless():
    while True:
        pass


def endless_and_catching():
    while True:
        with contextlib.suppress(Exception):
            time.sleep(0.001)


@pytest.mark.parametrize("function", [endless, endless_and_catching])
def test_what_does_not_end_is_stopped_and_told_with_its_line(quick, function):
    before = set(threading.enumerate())
    with pytest.raises(Endless, match="did not end") as told:
        within_limit(function)
    file, line = told.value.frames[-1]
    first = function.__code__.co_firstlineno
    assert file == __file__ and first < line <= first + 6
    assert set(threading.enumerate()) == before  # it runs no more


def test_a_long_call_that_cannot_be_stopped_is_not_waited_for(quick):
    begin = time.monotonic()
    with pytest.raises(Endless):
        within_limit(lambda: time.sleep(3))
    assert time.monotonic() - begin < 2
