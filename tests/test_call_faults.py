"""Misuse of the Python API: a short form of `benchmarks/faults/calls.py`, which draws more of it."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks" / "faults"))

import calls
import subjects

NEEDS_FILES = {"CamVid", "Folder", "Voc", "read_image", "read_pth", "read_tensors"}


EVERYTHING = subjects.subjects()


@pytest.mark.parametrize("room", subjects.ROOMS)
def test_a_right_call_of_everything_public_is_right(room):
    """Else its misuses would be refused for another reason."""
    mine = [subject for subject in EVERYTHING if subject.room == room and subject.name not in NEEDS_FILES]
    for subject in mine:
        function, good = subject.make()
        trial = calls.judge(room, subject.name, lambda f=function, g=good: subjects.use(subjects.call(f, g)), False)
        assert trial.outcome == calls.ACCEPTED, trial
    assert len(mine) >= (0 if room == "gradcheck" else 1)  # which shows its name in the package, too


def test_what_once_went_through_is_refused():
    assert [trial for trial in calls.named() if trial.outcome != calls.REFUSED] == []


def test_drawn_misuse_is_refused_or_does_no_harm():
    trials = list(calls.drawn(120, seed=0))
    assert [trial for trial in trials if trial.outcome not in (calls.REFUSED, calls.ACCEPTED)] == []
    assert sum(trial.outcome == calls.REFUSED for trial in trials) > 90


def test_faults_are_seen(monkeypatch):
    """What the campaign is for: each kind of fault once."""

    def fails(error):
        def function():
            raise error

        return function

    for function, must, outcome in (
        (lambda: None, True, "wrongly accepted"),
        (fails(ValueError("raw")), True, "other error"),
        (fails(MemoryError()), False, "memory"),
        (fails(TypeError("a\nb")), True, "refused"),
    ):
        assert calls.judge("room", "what", function, must).outcome == outcome


@pytest.mark.skipif(not hasattr(__import__("signal"), "setitimer"), reason="this system has no such alarm")
def test_a_hang_is_seen(monkeypatch):
    monkeypatch.setattr(calls, "SECONDS", 0.05)

    def forever():
        while True:
            pass

    assert calls.judge("room", "what", forever, False).outcome == "hang"
