"""Whether a GPU computes what the CPU does: layers, networks, gradients, and each kernel beside its twin.

Each check yields rows: what is checked, and a function that finds out the errors of each way (plain arrays, then the
kernels where there are any) and whether all are within their limits. An error is the largest difference over the
largest number there is.
"""

import copy
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from minifcn.backend import Array, array_module, to_device, to_host
from minifcn.backend.kernels import with_kernels
from minifcn.commands.bench import twins
from minifcn.commands.bench.account import reason
from minifcn.gradcheck import check_gradients, every_layer
from minifcn.layers import Layer, Parameter
from minifcn.models import MODELS
from minifcn.optim import SGD

LIMITS = {"float64": 1e-10, "float32": 1e-4}
GRADIENT = 1e-6  # as `minifcn check` has it
DRAWS = 12  # shapes that each kernel is tried with
PROCESS_SECONDS = 120
NETWORK: dict[str, Any] = {"n_class": 4, "width": 1 / 16, "fc_channels": 8, "padding": "same", "upsampling": "learned"}

Rows = Iterator[tuple[str, Any]]  # what is checked, and a function that gives the row's cells, or the cells
Results = dict[str, np.ndarray]
Ways = dict[str, bool]  # {"plain": False}, and {"kernels": True} too: what to tell `with_kernels`


def layers(ways: Ways) -> Rows:
    """Outputs and all gradients of every layer, loss and network, and SGD, on the GPU beside the CPU."""
    hosts, theres = (every_layer(device) + _networks(device) for device in ("cpu", "gpu"))
    for (name, host, x, _), (_, there, x_there, _) in zip(hosts, theres):
        yield name, partial(by_way, ways, partial(_layer_error, host, x, there, x_there), LIMITS)
    yield "SGD, 3 steps", partial(by_way, ways, _sgd_error, LIMITS)


def gradients(ways: Ways) -> Rows:
    """Hand-written against numerical gradients, both computed on the GPU in float64."""
    for name, layer, x, samples in every_layer("gpu"):
        yield name, partial(by_way, ways, partial(_gradient_error, layer, x, samples), {"": GRADIENT})


def kernels() -> Rows:
    """Each kernel beside the plain function that it stands for, on drawn shapes, in float32 on the full ones, too."""
    for name in twins.names():
        yield name, partial(by_way, {"": True}, partial(_twin_error, name), LIMITS)


def kernels_apart() -> Rows:
    """`kernels` in a process of its own: after a kernel that goes astray a process has no GPU any more."""
    if not twins.names():
        return
    call = "from minifcn.commands.bench import right; right.print_kernels()"
    process = subprocess.run([sys.executable, "-c", call], capture_output=True, text=True, timeout=PROCESS_SECONDS)
    for line in process.stdout.splitlines():
        name, cells = json.loads(line)
        yield name, cells
    if process.returncode:
        raise RuntimeError(last_words(process))


def print_kernels() -> None:
    """The rows of `kernels`, a line each, as JSON."""
    for name, work in kernels():
        print(json.dumps((name, work())), flush=True)


def last_words(process: subprocess.CompletedProcess) -> str:
    """The line with which a process that failed has ended."""
    return (process.stderr.strip().splitlines() or ["the process was killed"])[-1]


def results(layer: Layer, x: Array, dtype: str) -> Results:
    """{"y", "dx", each parameter's name: array on the host} of forward and backward of a copy of the layer."""
    own: Any = copy.deepcopy(layer).astype(dtype).train()
    own.zero_grad()
    own.reseed(0)
    y = own(x.astype(dtype))  # a copy: a layer may overwrite its input
    dy = np.random.default_rng(1).standard_normal(y.shape).astype(dtype)
    dx = own.backward(array_module(x).asarray(dy))
    gradients = {name: p.grad for name, p in own.named_parameters() if p.trainable}
    return {name: to_host(array) for name, array in ({"y": y, "dx": dx} | gradients).items()}


def difference(actual: Results, expected: Results) -> float:
    """The largest difference of any array over the largest number in it; inf where one is not finite, or is missing."""
    errors = [0.0 if actual.keys() == expected.keys() else np.inf]
    for name in actual.keys() & expected.keys():
        apart, scale = np.abs(actual[name] - expected[name]).max(), np.abs(expected[name]).max()
        errors.append(float(apart / (scale or 1)) if np.isfinite(apart) else np.inf)
    return max(errors)


def by_way(ways: Ways, error: Callable[[str], float], limits: dict[str, float]) -> list[Any]:
    """The error of each way and dtype, in words where it breaks off, and whether all are within their limits."""
    errors: list[Any] = []
    right = True
    for on in ways.values():
        for dtype, limit in limits.items():
            try:
                with with_kernels(on):
                    errors.append(error(dtype))
                right = right and errors[-1] <= limit
            except Exception as problem:
                errors.append(reason(problem))
                right = False
    return [*errors, right]


def _layer_error(host, x, there, x_there, dtype):
    error = difference(results(there, x_there, dtype), results(host, x, dtype))
    if dtype == "float32" and error > LIMITS[dtype]:
        # A rectifier or a pooling that decides otherwise by rounding shows as a jump: then another input tells.
        error = min(error, difference(results(there, -x_there, dtype), results(host, -x, dtype)))
    return error


def _gradient_error(layer, x, samples, _):
    error = check_gradients(layer, x, samples=samples).error
    return error if np.isfinite(error) else np.inf  # nan: something was not tested


def _twin_error(name, dtype):
    """The largest on all shapes."""
    twin, rng = twins.TWINS[name], np.random.default_rng(0)
    shapes = [twins.draw_shape(rng) for _ in range(DRAWS)] + list(twin.full.values()) * (dtype == "float32")
    return max(_twin_difference(twin, twin.given(rng, shape, dtype)) for shape in shapes)


def _sgd_error(dtype):
    return difference(_sgd("gpu", dtype), _sgd("cpu", dtype))


def _networks(device):
    """As `every_layer` gives layers: each of MODELS, small, its score layers filled, and two images."""
    rng, cases = np.random.default_rng(3), []
    for name, make in MODELS.items():
        model = make(**NETWORK)
        for parameter in model.parameters():
            parameter.data += 0.05 * rng.standard_normal(parameter.shape).astype("float32")
        x = to_device(rng.standard_normal((2, 3, 47, 33)), device)
        cases.append((name, model.astype("float64").to(device), x, None))
    return cases


def _twin_difference(twin, given):
    kernel, plain = (twins.call(twin, given, kernel) for kernel in (True, False))
    return difference(*({str(i): _floats(array) for i, array in enumerate(some)} for some in (kernel, plain)))


def _floats(array):
    """The same numbers where a difference does not wrap around: winners are small unsigned ones."""
    return array if array.dtype.kind == "f" else array.astype("float64")


def _sgd(device, dtype):
    """{name: a parameter after some steps}, one with multipliers of its own."""
    rng = np.random.default_rng(2)
    arrays = [to_device(rng.standard_normal((3, 4)).astype(dtype), device) for _ in range(8)]
    parameters = [Parameter(arrays[0], lr_mult=2.0, decay_mult=0.0), Parameter(arrays[1])]
    optimizer = SGD(parameters, lr=0.1, momentum=0.9, weight_decay=0.05)
    for number in (2, 4, 6):
        optimizer.zero_grad()
        for parameter, gradient in zip(parameters, arrays[number : number + 2]):
            parameter.grad += gradient
        optimizer.step()
    return {str(number): to_host(parameter.data) for number, parameter in enumerate(parameters)}
