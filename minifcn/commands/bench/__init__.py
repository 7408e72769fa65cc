"""How long things take here, beside PyTorch, the textbook's way, and the machine's own limits, all in one run."""

from minifcn.commands.bench.run import ALL, run_bench

__all__ = ["ALL", "run_bench"]
