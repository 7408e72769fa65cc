"""A command whose files find no room: the short form of benchmarks/faults/full_disk.py."""

import subprocess
import sys

import pytest
import tiny


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork, and a limit of a file's size")
def test_files_that_find_no_room_are_named_and_leave_nothing_half_done():
    script = tiny.REPOSITORY / "benchmarks" / "faults" / "full_disk.py"
    few = ["--ways", "RLIMIT_FSIZE", "--steps", "1", "--only", "overlay", "export .npz"]
    ended = subprocess.run([sys.executable, script, *few], capture_output=True, text=True, timeout=120)
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout + ended.stderr
    assert "overlay" in ended.stdout and "export .npz" in ended.stdout
