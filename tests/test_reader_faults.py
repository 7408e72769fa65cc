"""A short form of benchmarks/faults/readers.py: files made wrong run, hang and crash nothing."""

import subprocess
import sys

import pytest
import tiny

SCRIPT = tiny.REPOSITORY / "benchmarks" / "faults" / "readers.py"
OPTIONS = ("--trials", "300", "--seed", "7", "--processes", "2")


@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are Linux's")
def test_no_mutant_of_any_kind_of_file_does_harm():
    done = subprocess.run([sys.executable, SCRIPT, *OPTIONS], capture_output=True, text=True, timeout=120)
    columns, *_, whole = done.stdout.splitlines() or ["", ""]
    assert columns.split() == ["mutants", "read", "refused", "executed", "hung", "crashed", "memory", "raw"], (
        done.stderr
    )
    mutants, read, refused, *harm = map(int, whole.split()[1:])
    assert (done.returncode, mutants, harm) == (0, 300, [0] * 5), done.stderr
    assert read > 20 and refused > 100
