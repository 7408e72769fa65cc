"""Peak memory of the full FCN-8s' forward pass over one 500x500 image: python benchmarks/peak_memory.py (Linux)."""

import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from minifcn.models import FCN8s  # noqa: E402


def main():
    model = FCN8s().eval()
    weights = sum(parameter.data.nbytes for parameter in model.parameters())
    model(np.zeros((1, 3, 500, 500), np.float32))
    # Not getrusage: its maximum survives from the process that started this one.
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    peak = int(status["VmHWM"].split()[0]) * 1024
    print(f"peak {peak / 1e9:.2f} GB of the whole process, {weights / 1e9:.2f} GB of them weights")


if __name__ == "__main__":
    main()
