"""Reading a VGG16 of 528 MB beside PyTorch, time and memory: python benchmarks/pth.py

Times are medians of interleaved runs, with the file in the system's cache. Memory is what a process of its own has at
its peak, less what it had before reading. Needs requirements-test.txt, and Linux for the memory.
"""

import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))

from minifcn.commands.bench.timing import medians
from minifcn.weights import read_pth

RUNS = 9
READERS = {"minifcn": read_pth, "PyTorch": torch.load}
BLOCKS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
FULLY_CONNECTED = {0: (4096, 25088), 3: (4096, 4096), 6: (1000, 4096)}


def main():
    title = f"Reading torchvision's VGG16, {torch.get_num_threads()} threads"
    columns = ("", "minifcn, s", "PyTorch, s", "time: ratio", "memory / file", "PyTorch's / file", "memory: ratio")
    table = Table(*columns, title=title)
    with tempfile.TemporaryDirectory() as folder:
        for name, as_zip in (("zip archive, since 1.6", True), ("the format until 1.5", False)):
            path = Path(folder) / "vgg16.pth"
            torch.save(vgg16(), path, _use_new_zipfile_serialization=as_zip)
            size = path.stat().st_size
            ours, theirs = medians([partial(read, path) for read in READERS.values()], RUNS, "cpu")
            memory = [in_a_process(reader, path) / size for reader in READERS]
            ratios = (f"{ours / theirs:.2f}", *(f"{m:.2f}" for m in memory), f"{memory[0] / memory[1]:.2f}")
            table.add_row(f"{name}: {size / 2**20:.0f} MiB", f"{ours:.3f}", f"{theirs:.3f}", *ratios)
    Console(width=140).print(table)


def vgg16():
    """A state dict with the names and shapes of torchvision's."""
    state_dict, number, inputs = {}, 0, 3
    for block in BLOCKS:
        for channels in block:
            state_dict[f"features.{number}.weight"] = torch.randn(channels, inputs, 3, 3)
            state_dict[f"features.{number}.bias"] = torch.randn(channels)
            number, inputs = number + 2, channels
        number += 1
    for number, shape in FULLY_CONNECTED.items():
        state_dict[f"classifier.{number}.weight"] = torch.randn(shape)
        state_dict[f"classifier.{number}.bias"] = torch.randn(shape[0])
    return state_dict


def in_a_process(reader, path):
    """Bytes that reading takes at its peak."""
    return int(subprocess.run([sys.executable, __file__, reader, path], check=True, capture_output=True).stdout)


def print_memory(reader, path):
    before = status("VmRSS")
    weights = READERS[reader](path)
    print(status("VmHWM") - before)
    del weights


def status(key):
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(f"{key}:"))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    print_memory(*sys.argv[1:]) if sys.argv[1:] else main()
