"""Gradients summed over the processes while earlier layers still compute theirs.

Backward goes through a network from its last layer to the first, so the last parameters' gradients are complete first.
They fill buckets in that order, and a thread sums one bucket after the other over the processes, each as soon as all
gradients in it are complete here: the same buckets in the same order everywhere, whoever completes them first.
"""

import threading
from collections.abc import Sequence

from minifcn.backend import Array, array_module
from minifcn.errors import InputError
from minifcn.layers.parameter import Parameter
from minifcn.machines.group import Group

BUCKET = 1 << 20  # bytes of gradients that are summed together, at least: less would be many small messages
WIRES = (None, "float16")


class Exchange:
    """Makes every trainable parameter's gradient the sum of the processes', added in the order of the ranks.

    parameters  the network's, in its order; the same in all processes
    group       the processes; in a group of one nothing is done
    wire        "float16": gradients travel as float16, in half of float32's bytes; None: as they are

    For each step: `begin`, the backward passes, `finish`. Raises InputError for another wire, and where some processes
    have the parameters on a GPU and some not.
    """

    def __init__(self, parameters: Sequence[Parameter], group: Group, wire: str | None = None) -> None:
        if wire not in WIRES:
            raise InputError(f"wire is {wire!r}; expected 'float16', or None for gradients as they are")
        self.parameters, self.group, self.half = list(parameters), group, wire == "float16"
        devices = group.gather(self.parameters[0].device)
        if len(set(devices)) > 1:
            where = f"rank {devices.index('gpu')} has a GPU and rank {devices.index('cpu')} has none"
            raise InputError(f"{where}: start one process for each GPU, or give --device cpu")
        if self.half and devices[0] == "gpu":
            raise InputError("wire is 'float16', which GPUs have not: leave it out")
        self.changed = threading.Condition()
        self.each: dict[Parameter, int] = {}  # how often one backward pass adds to a gradient, as the last step showed

    def begin(self, pieces: int) -> None:
        """Before a step's backward passes, of which there will be `pieces` in this process: 0, 1 or more.

        Each pass adds equally often to a gradient: once, or as often as a shared parameter is used.
        """
        if self.group.size == 1:
            return
        self.pieces, self.over, self.error = pieces, False, None
        self.trainable = [p for p in reversed(self.parameters) if p.trainable]
        self.added = dict.fromkeys(self.trainable, 0)
        self.sent: set[Parameter] = set()
        self.reached: set[Parameter] = set()  # by a backward pass of this process
        for parameter in self.trainable:
            parameter.added = self._note
        self.thread = threading.Thread(target=self._run, name="exchange", daemon=True)
        self.thread.start()

    def finish(self) -> None:
        """After them: wait until each gradient is the sum over all processes; what went wrong meanwhile is raised."""
        if self.group.size == 1:
            return
        with self.changed:
            self.over = True
            self.changed.notify()
        self.thread.join()
        for parameter in self.trainable:
            parameter.added = None
        if self.error:
            raise self.error
        reached = self.group.gather([parameter in self.reached for parameter in self.trainable])
        for parameter, somewhere in zip(self.trainable, zip(*reached)):
            if not any(somewhere):
                parameter.zero_grad()  # none, as in one process, where the optimizer leaves such a parameter alone
        if self.pieces:
            self.each = {parameter: times // self.pieces for parameter, times in self.added.items()}

    def _note(self, parameter):
        """A backward pass has added to this gradient."""
        with self.changed:
            if parameter in self.sent:
                raise RuntimeError("a gradient was added to after it was summed over the processes")
            self.added[parameter] += 1
            self.changed.notify()

    def _run(self):
        """The thread: one bucket after the other."""
        try:
            for bucket in buckets(self.trainable):
                with self.changed:
                    self.changed.wait_for(lambda: self.over or all(map(self._complete, bucket)))  # noqa: B023
                    self.sent.update(bucket)
                self._sum(bucket)
        except BaseException as error:
            self.error = error

    def _complete(self, parameter):
        # What a pass adds is not known in a first step, nor of a parameter that was frozen in the last.
        return parameter in self.each and self.added[parameter] == self.pieces * self.each[parameter]

    def _sum(self, bucket):
        """Sum these gradients over the processes as one flat array, into which they are copied."""
        self.reached.update(parameter for parameter in bucket if parameter.has_grad)
        flat = _flat([parameter.grad for parameter in bucket])
        self.group.sum(flat, self.half)
        start = 0
        for parameter in bucket:
            parameter.grad = flat[start : start + parameter.size].reshape(parameter.shape)
            start += parameter.size


def buckets(parameters: Sequence[Parameter]) -> list[list[Parameter]]:
    """Cut a list of parameters into runs of one dtype, of `BUCKET` bytes of gradients or a little more."""
    runs: list[list[Parameter]] = []
    size = 0
    for parameter in parameters:
        if not runs or size >= BUCKET or runs[-1][-1].dtype != parameter.dtype:
            runs.append([])
            size = 0
        runs[-1].append(parameter)
        size += parameter.size * parameter.dtype.itemsize
    return runs


def _flat(arrays: list[Array]) -> Array:
    """All their numbers in a row; of a single one a view where that can be: the largest need no second memory."""
    xp = array_module(arrays[0])
    return arrays[0].reshape(-1) if len(arrays) == 1 else xp.concatenate([array.reshape(-1) for array in arrays])
