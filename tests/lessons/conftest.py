"""A learner at a small lesson."""

import pytest
from small_lesson import CHECKS, EXERCISES, SMALL

from lessons import lesson, runner


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder lessons/ with a single small lesson, in the place of the real one."""
    folder = tmp_path / "lessons"
    for part in ("exercises", "checks"):
        (folder / part).mkdir(parents=True)
    (folder / "01_small.py").write_text(SMALL)
    (folder / "checks" / "01_small.py").write_text(CHECKS)
    (folder / "exercises" / "01_small.py").write_text(EXERCISES)
    for module in (lesson, runner):
        monkeypatch.setattr(module, "FOLDER", folder)
    monkeypatch.setattr("sys.path", ["/nowhere"])
    monkeypatch.delenv("MINIFCN_DEVICE", raising=False)
    return folder


@pytest.fixture
def typed(monkeypatch):
    """Type these lines: the keys of a learner. Where they end, so does the input."""

    def keys(*lines):
        lines = iter(lines)

        def answer(*_):
            try:
                return next(lines)
            except StopIteration:
                raise EOFError from None

        monkeypatch.setattr("builtins.input", answer)

    return keys
