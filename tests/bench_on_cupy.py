"""`bench` on CuPy's own code, without a GPU (cupy_without_gpu.py): small, and to its end.

    python tests/bench_on_cupy.py --prove --out DIR
    python tests/bench_on_cupy.py --out DIR

No number is computed, so times and figures mean nothing and checks fail: but whatever CuPy is called with, it has
taken. Where PyTorch is installed, it plays its part on the host.
"""

import atexit
import os
import sys
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this clone's minifcn, whichever is installed

import cupy_without_gpu

MARK = "Rehearsed on CuPy without a GPU, where nothing is computed: no figure here means anything."


def small():
    """{owner: {name: value}} of what is not there, and of what makes all of it a matter of seconds."""
    from rehearse_gpu import little

    from minifcn.backend import arrays
    from minifcn.commands.bench import command, machine, prove, quick, right, sections, timing, trainings
    from minifcn.layers import loss

    sums, every_layer, layers, parts = loss._sums, right.every_layer, sections.layers, sections.parts

    def some_pixels(wrong, weights, losses):
        """The loss's sums are fetched as ever; but where all are 0 it would be refused."""
        sums(wrong, weights, losses)
        return [0.0, weights.size, 1.0]

    values = {
        arrays: {"gpu_status": lambda: arrays.GpuStatus(True, "CuPy without a GPU")},
        loss: {"_sums": some_pixels},
        timing: {"SAMPLE_SECONDS": 0},
        machine: {"PRODUCT": {"gpu": 16}, "COPY": {"gpu": 64}, "TRIES": 2, "SECONDS": 0},
        prove: {
            "_wrong_kernels": lambda table: [],
            "MARK": MARK,
        },
        trainings: {"STEPS": 2},
        **little(),
    }
    values[quick] = {"RUNS": 1}
    few = {"layers": lambda: layers()[:2], "parts": lambda: parts()[3::5]}
    values[command], values[sections] = {"SECTIONS": few}, values[sections] | few
    values[right] |= {
        "DRAWS": 2,
        "MODELS": {name: right.MODELS[name] for name in ("fcn8s", "fcn-googlenet")},
        "every_layer": lambda device: [(*case[:3], 1) for case in every_layer(device)],
    }
    return values


def pytorch_on_the_host():
    """Let PyTorch's CPU build take the host for a card."""
    try:
        import torch
    except ImportError:
        return
    for kind in (torch.Tensor, torch.nn.Module):
        there = kind.to
        kind.to = lambda self, *to, there=there, **how: self if to == ("cuda",) else there(self, *to, **how)
    torch.cuda.empty_cache = torch.cuda.reset_peak_memory_stats = lambda: None
    torch.cuda.max_memory_reserved = lambda: 0


def main():
    warnings.simplefilter("always")
    atexit.register(os._exit, 1)  # as in cupy_without_gpu.py
    cupy_without_gpu.start()
    pytorch_on_the_host()
    from rehearse_gpu import put_all

    from minifcn.commands.main import main as minifcn

    put_all(small(), setattr)
    try:
        code = minifcn(["bench", "--device", "gpu", *sys.argv[1:]])
    except SystemExit as end:
        code = end.code
    sys.stdout.flush()
    os._exit(code or 0)


if __name__ == "__main__":
    main()
