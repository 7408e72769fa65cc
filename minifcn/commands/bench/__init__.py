"""How long things take here, beside PyTorch, the textbook's way, and the machine's own limits, all in one run."""

from minifcn.commands.bench.command import add_arguments, run

__all__ = ["add_arguments", "run"]
