"""The strict double counts the calls that CuPy's own code makes: held against it where CuPy is installed.

CuPy needs no GPU for that (cupy_without_gpu.py), but to be installed: pip install cupy-cuda13x==14.2.0
"""

import json
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
import strict_array
from cupy_without_gpu import calls


def installed():
    for package in ("cupy-cuda13x", "cupy-cuda12x"):
        try:
            return version(package)
        except PackageNotFoundError:
            continue
    return ""


@pytest.mark.skipif(not installed().startswith("14.2."), reason="CuPy 14.2, whose calls are counted, is not installed")
def test_the_double_counts_the_calls_of_cupy(monkeypatch):
    script = Path(__file__).with_name("cupy_without_gpu.py")
    found = json.loads(subprocess.run([sys.executable, script], capture_output=True, check=True).stdout)
    monkeypatch.setitem(sys.modules, "cupy", strict_array.xp)
    expected = calls()
    del found["a[mask] = v"], expected["a[mask] = v"]  # where no mask is set, CuPy has nothing to do
    differ = {what: (found[what], expected[what]) for what in expected if found[what] != expected[what]}
    assert len(found) > 300 and found.keys() == expected.keys() and not differ, "(CuPy's, the double's)"
