"""The short form of benchmarks/faults/kills.py: that it kills, and sees what is lost."""

import os
import subprocess
import sys

import pytest
import tiny

KILLS = tiny.REPOSITORY / "benchmarks" / "faults" / "kills.py"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="it forks")
def test_a_run_killed_at_a_file_operation_is_gone_on_with_to_the_same_bits():
    arguments = [sys.executable, KILLS, "operations", "--most", "1"]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "operations" in done.stdout and "failures" in done.stdout and done.stderr == ""
