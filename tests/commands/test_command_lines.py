"""Some lines of the campaign in benchmarks/faults, and that it sees a fault."""

import random
import sys

import pytest
import tiny

pytest.importorskip("resource", reason="limits and forks are POSIX's")
sys.path.append(str(tiny.REPOSITORY / "benchmarks" / "faults"))

import command_lines
import command_trial
from command_trial import Ended

QUICK = ("train", "pretrain", "predict", "evaluate", "data", "export", "summary", "arithmetic")  # others take seconds
GOOD = Ended(0, "done\n", "", 1 << 20, False, 0.1)
REFUSED = GOOD._replace(code=2, out="", err="minifcn: error: no\n")


@pytest.fixture
def campaign(monkeypatch, tmp_path):
    tiny.draw_nothing(monkeypatch)
    monkeypatch.setattr(command_trial, "SECONDS", 2.0)
    return command_lines.Campaign(tmp_path, seed=3)


def test_lines_that_nobody_should_write_end_as_they_should(campaign):
    ends = [campaign.trial(command) for command in QUICK for _ in range(3)]
    assert {0, 2} <= {ended.code for _, ended, _ in ends}
    assert [(line, ended) for line, ended, faults in ends if faults] == []


@pytest.mark.parametrize(
    ("ended", "faults"),
    [
        (GOOD, []),
        (REFUSED, []),
        (REFUSED._replace(err="minifcn: caution: hm\nminifcn: failed: a\nminifcn: error: no\n"), []),
        (GOOD._replace(code=70, err="Traceback (most recent call last)\n"), ["traceback", "exit code", "stray output"]),
        (GOOD._replace(code=1), ["exit code"]),
        (GOOD._replace(code=-11), ["exit code"]),
        (GOOD._replace(code=2), ["error lines"]),
        (REFUSED._replace(err=2 * REFUSED.err), ["error lines"]),
        (REFUSED._replace(err="UserWarning: hm\n" + REFUSED.err), ["stray output"]),
        (GOOD._replace(out="\x1b[2J\n"), ["stray output"]),
        (REFUSED._replace(waited=True), ["hang"]),
        (GOOD._replace(code=130, out="", err="minifcn: stopped\n"), ["hang"]),
        (REFUSED._replace(resident=3 << 30), ["memory"]),
        (REFUSED._replace(err="minifcn: error: not enough memory\n"), ["memory"]),
    ],
)
def test_what_is_a_fault(ended, faults):
    assert command_trial.judge(["train"], ended, []) == faults
    assert command_trial.judge(["train"], ended, ["data/train.txt"]) == [*faults, "files"]


def test_a_file_that_nobody_asked_to_change_is_seen(tmp_path):
    for name in ("cwd", "data", "run"):
        (tmp_path / name).mkdir()
    for name in ("data/a", "run/a"):
        (tmp_path / name).write_text("before")
    before = command_trial.listing(tmp_path)
    for name in ("data/a", "data/b", "run/a", "new/run/b", "new/.b.unfinished"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("otherwise")
    after = command_trial.listing(tmp_path)

    def changed(*options):
        return command_trial.changes(["train", *options], tmp_path, before, after)

    theirs, half = ["data/a", "data/b"], ["new/.b.unfinished"]
    assert changed("--out", "../new/run") == [*theirs, *half, "run/a"]
    assert changed("--out=../new/run", "--overwrite") == [*theirs, *half, "run/a"]
    assert changed("--out", f"{tmp_path}/run") == [*theirs, "new", *half, "new/run", "new/run/b", "run/a"]
    assert changed("--overwrite", "--out", "../run") == [*theirs, "new", *half, "new/run", "new/run/b"]


def test_a_line_is_drawn_alike_from_the_same_seed():
    one, other = ([command_lines.draw(random.Random(seed), "train") for seed in range(5)] for _ in range(2))
    assert one == other and len({tuple(line) for line in one}) > 1
