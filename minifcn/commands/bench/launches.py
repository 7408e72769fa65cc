"""What a GPU is really given: kernels, copies and fillings, counted as the driver reports them.

PyTorch's profiler listens to the driver (CUPTI), and so hears everybody in this process, CuPy too.
"""

import contextlib
from collections.abc import Callable
from typing import Any, NamedTuple

from minifcn.commands.bench import gpu, peers


class Launches(NamedTuple):
    """Of one call: how many kernels, copies from, to and without the host, and fillings the GPU was given.

    seconds  that it took the GPU, with nothing between them
    """

    kernels: int
    uploads: int
    downloads: int
    copies: int
    fillings: int
    seconds: float

    @property
    def launches(self) -> int:
        """All of them."""
        return sum(self[:5])


def count(function: Callable[[], Any]) -> Launches | None:
    """The Launches of a call; None where nobody can tell: without PyTorch, or without a CUPTI that works."""
    torch = peers.pytorch("gpu")
    if not torch or torch.profiler.ProfilerActivity.CUDA not in torch.profiler.supported_activities():
        return None
    function()  # compiles what it needs
    gpu.wait()
    events: list[Any] = []
    with contextlib.suppress(RuntimeError):  # another profiler is at work, or the driver forbids it
        for _ in range(2):  # the first time it may begin to listen too late
            with torch.profiler.profile(activities=list(torch.profiler.supported_activities())) as profile:
                function()
                gpu.wait()
        events = [event for event in profile.events() if event.device_type == torch.autograd.DeviceType.CUDA]
    taken = [event for event in events if not _no_work(event)]
    words = "Memcpy HtoD", "Memcpy DtoH", "Memcpy", "Memset"
    uploads, downloads, copies, fillings = (sum(e.name.startswith(word) for e in taken) for word in words)
    kernels, seconds = len(taken) - copies - fillings, sum(e.time_range.elapsed_us() for e in taken) / 1e6
    copies -= uploads + downloads
    return Launches(kernels, uploads, downloads, copies, fillings, seconds) if kernels else None


def _no_work(event):
    """A region that somebody has named, as PyTorch's optimizers do, or one who waits: events of the device, too."""
    named = getattr(event, "is_user_annotation", False) or getattr(event, "activity_type", "") == "gpu_user_annotation"
    return named or event.name.endswith((" Sync", " Wait Event"))
