"""Peak memory of the full FCN-8s, each measurement in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from minifcn.commands.bench import cases, peers, sections
from minifcn.errors import InputError

STATUS, FORGET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
WHATS = {"forward": cases.forward, "training step": cases.training_step}


class Memory(NamedTuple):
    """Bytes of a whole process: at its peak, and before, when the network and the libraries were there."""

    name: str
    peak: dict[str, float]  # {"minifcn": ..., "PyTorch": ...}
    before: dict[str, float]

    @property
    def added(self) -> dict[str, float]:
        """How much the work itself takes."""
        return {name: self.peak[name] - self.before[name] for name in self.peak}


def measure_memory() -> list[Memory]:
    """[Memory] of FCN-8s' forward pass and its training step over one image of 500x500, on the CPU.

    Raises InputError where the system does not tell a process's memory as Linux does, or has too little.
    """
    if not (STATUS.exists() and os.access(FORGET, os.W_OK)):
        raise InputError(f"bench memory: this system has no {STATUS} or {FORGET}; leave the section out")
    results = []
    for what in WHATS:
        before, peak = {}, {}
        for peer in ("minifcn", "PyTorch") if peers.pytorch("cpu") else ("minifcn",):
            before[peer], peak[peer] = _in_a_process(peer, what)
        results.append(Memory(f"FCN-8s, 500x500: {what}", peak, before))
    return results


def _in_a_process(peer, what):
    call = f"from minifcn.commands.bench.memory import print_memory; print_memory({peer!r}, {what!r})"
    process = subprocess.run([sys.executable, "-c", call], capture_output=True, text=True)
    if process.returncode:
        why = (process.stderr.strip().splitlines() or ["it was killed: too little memory?"])[-1]
        raise InputError(f"bench memory: {peer}'s {what} did not end ({why}); leave the section out")
    return tuple(int(number) for number in process.stdout.split())


def print_memory(peer: str, what: str) -> None:
    """Print this process's bytes before and at the peak of "minifcn"'s or "PyTorch"'s work, one of WHATS."""
    if peer == "minifcn":
        peers.pytorch = lambda device: None  # neither imported nor built
    model, other = cases.twins(sections.FULL, "cpu")
    for parameter in model.parameters():
        # Ours before it is measured, not when it is first used; the other has copies, and needs our geometry alone.
        parameter.data = parameter.data if peer == "minifcn" else None
    step = WHATS[what](model, other, sections.IMAGE, "cpu")[peer]
    FORGET.write_text("5")  # forget the peak of building it
    before = _status("VmRSS")
    for _ in range(2):  # the second step has the optimizer's velocities from the start
        step()
    print(before, _status("VmHWM"))


def _status(key):
    """Bytes. Not getrusage: its maximum survives from the process that started this one."""
    (line,) = (line for line in STATUS.read_text().splitlines() if line.startswith(f"{key}:"))
    return int(line.split()[1]) * 1024
