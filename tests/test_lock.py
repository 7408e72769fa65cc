"""requirements-lock.txt holds what the tests need, in versions that pyproject.toml allows, each file by its hash."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

tomllib = pytest.importorskip("tomllib", reason="reads pyproject.toml, from Python 3.11 on")
requirements = pytest.importorskip("packaging.requirements")

LOCKED = re.findall(
    r"^([a-z0-9-]+)==(\S+)(.*(?:\n    .*)*)", (ROOT / "requirements-lock.txt").read_text(), re.MULTILINE
)


def wanted():
    """The requirements of requirements-test.txt, pyproject.toml's among them, extras by what they stand for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines, waiting = list(project["dependencies"]), ["lessons", "test"]
    for extra in waiting:
        for line in project["optional-dependencies"][extra]:
            if line.startswith("minifcn["):
                waiting += line[8:-1].split(",")
            else:
                lines.append(line)
    lines += [line for line in (ROOT / "requirements-test.txt").read_text().splitlines() if re.match(r"[a-z]", line)]
    return [requirements.Requirement(line) for line in lines]


def test_everything_is_locked_in_a_version_that_is_allowed():
    missing = [
        str(requirement)
        for requirement in wanted()
        if not (versions := [version for name, version, _ in LOCKED if name == requirement.name.lower()])
        or not all(map(requirement.specifier.contains, versions))
    ]
    assert not missing, f"{missing}: bash .ci/lock"


def test_every_file_has_its_hash_and_none_its_place():
    text = (ROOT / "requirements-lock.txt").read_text()
    assert len(LOCKED) == len(re.findall(r"^[^\s#]", text, re.MULTILINE)) > 50
    assert [name for name, _, rest in LOCKED if not re.search(r"--hash=sha256:[0-9a-f]{64}\b", rest)] == []
    assert not re.search(r"://|@|index|find-links", text)
