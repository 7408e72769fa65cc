"""What the prose names is there: Python files by their paths, and modules, functions and classes by dotted names."""

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXTS = [
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "book/network/README.md",
    "docs/speed.md",
    "docs/gpu.md",
    "docs/machines.md",
    "docs/trust.md",
    "lessons/README.md",
    "lessons/teaching.md",
    "lessons/teaching_answers.md",
    "lessons/grading.md",
]
TEXTS += [str(path.relative_to(ROOT)) for path in sorted([*ROOT.glob("lessons/[0-9]*.py"), *ROOT.glob("book/*.md")])]
MOVED = re.findall(r"^\| `minifcn\..*? \| `(minifcn[\w.]*)` \|$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)


def resolve(name):
    """The module, or what a module holds, of a dotted name."""
    module, _, attribute = name.rpartition(".")
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        return getattr(importlib.import_module(module), attribute)


@pytest.mark.parametrize("text", TEXTS)
def test_every_file_and_name_exists(text):
    """A path begins at the clone's root, or in minifcn/."""
    prose = (ROOT / text).read_text()
    paths = re.findall(r"(?<![\w/])(?:\w+/)+\w+\.py\b", prose)
    assert [path for path in paths if not ((ROOT / path).exists() or (ROOT / "minifcn" / path).exists())] == []
    for name in re.findall(r"(?<![\w./-])minifcn(?:\.\w+)+", prose):
        resolve(name)


def test_what_has_moved_is_where_the_changelog_says():
    assert len(MOVED) > 20
    for name in MOVED:
        resolve(name)
