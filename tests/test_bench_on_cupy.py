"""`bench --prove` and `bench` on CuPy's own code, where CuPy is installed; no GPU is needed (bench_on_cupy.py)."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from test_cupy_without_gpu import installed

pytestmark = pytest.mark.skipif(not installed().startswith("14.2."), reason="CuPy 14.2 is not installed")
# What this CuPy, where nothing is computed, is expected to end with: numbers that make no sense, told by minifcn.
EXPECTED = re.compile(r"broke off: (Diverged|InputError: (MaxUnpool2d: indices|the weights|\w+: changes its input))")


def bench(*arguments):
    """-> (exit code, all that was printed)."""
    command = [sys.executable, Path(__file__).with_name("bench_on_cupy.py"), *arguments]
    settings = os.environ | {"OMP_NUM_THREADS": "1", "COLUMNS": "80"}
    process = subprocess.run(command, env=settings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return process.returncode, process.stdout


def test_the_proof_reaches_its_end(tmp_path):
    code, printed = bench("--prove", "--out", tmp_path)
    text = (tmp_path / "gpu.md").read_text()
    assert code == 1, printed
    assert "Warning" not in printed and "Traceback" not in printed
    broken = [cell.strip() for cell in re.split(r"[|\n]", text) if "broke off" in cell]
    assert not [cell for cell in broken if not EXPECTED.match(cell)]
    assert "Not reached" not in text and "Cut off" not in text and "not found out: " not in text
    parts = {part.partition("\n")[0]: part for part in text.split("\n## ")[1:]}
    assert len(parts) == 14 and all(part.count("\n|") > 2 for part in parts.values())
    assert "| columns_of | " in parts["Which should be the default"]
    assert {path.name for path in tmp_path.iterdir()} == {
        "gpu.md",
        "gpu.csv",
        "gpu_roofline.png",
        "gpu_roofline_tf32.png",
    }


def test_bench_reaches_its_end(tmp_path):
    code, printed = bench("layers", "parts", "--out", tmp_path)
    assert code == 0, printed
    assert "Warning" not in printed
    assert "conv1_1" in printed and "loss, 21 classes" in printed and "parts, TF32" in printed
    assert len(list(tmp_path.iterdir())) == 4
