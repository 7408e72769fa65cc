"""Whether a GPU computes what the CPU does: layers, networks, gradients, and each kernel beside its twin.

Each check yields rows: what is checked, an error for each way (plain arrays, then the kernels where there are any), and
whether all errors are within their limits. An error is the largest difference over the largest number there is.
"""

import copy
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from minifcn.backend import Array, array_module, to_device, to_host
from minifcn.backend.kernels import with_kernels
from minifcn.commands.bench import twins
from minifcn.gradcheck import check_gradients, every_layer
from minifcn.layers import Layer, Parameter
from minifcn.models import MODELS
from minifcn.optim import SGD

LIMITS = {"float64": 1e-10, "float32": 1e-4}
GRADIENT = 1e-6  # as `minifcn check` has it
DRAWS = 12  # shapes that each kernel is tried with
PROCESS_SECONDS = 120
NETWORK: dict[str, Any] = {"n_class": 4, "width": 1 / 16, "fc_channels": 8, "padding": "same", "upsampling": "learned"}

Row = tuple[Any, ...]
Results = dict[str, np.ndarray]
Ways = dict[str, bool]  # {"plain": False}, and {"kernels": True} too: what to tell `with_kernels`


def layers(ways: Ways) -> Iterator[Row]:
    """Outputs and all gradients of every layer, loss and network, and SGD, on the GPU beside the CPU."""
    there = every_layer("gpu") + _networks("gpu")
    for (name, host, x, _), (_, device, x_there, _) in zip(every_layer("cpu") + _networks("cpu"), there):

        def error(dtype, host=host, device=device, x=x, x_there=x_there):
            # A rectifier or a pooling that decides otherwise by rounding shows as a jump: then another input tells.
            found = difference(results(device, x_there, dtype), results(host, x, dtype))
            if dtype == "float32" and found > LIMITS[dtype]:
                found = min(found, difference(results(device, -x_there, dtype), results(host, -x, dtype)))
            return found

        yield name, *by_way(ways, error, LIMITS)

    def sgd_error(dtype):
        return difference(_sgd("gpu", dtype), _sgd("cpu", dtype))

    yield "SGD, 3 steps", *by_way(ways, sgd_error, LIMITS)


def gradients(ways: Ways) -> Iterator[Row]:
    """Hand-written against numerical gradients, both computed on the GPU in float64."""
    for name, layer, x, samples in every_layer("gpu"):

        def error(_, layer=layer, x=x, samples=samples):
            found = check_gradients(layer, x, samples=samples).error
            return found if np.isfinite(found) else np.inf  # nan: something was not tested

        yield name, *by_way(ways, error, {"": GRADIENT})


def kernels_apart() -> Iterator[Row]:
    """`kernels` in a process of its own: after a kernel that goes astray a process has no GPU any more."""
    if not twins.names():
        return
    call = "from minifcn.commands.bench import right; right.print_kernels()"
    process = subprocess.run([sys.executable, "-c", call], capture_output=True, text=True, timeout=PROCESS_SECONDS)
    for line in process.stdout.splitlines():
        yield tuple(json.loads(line))
    if process.returncode:
        raise RuntimeError(last_words(process))


def last_words(process: subprocess.CompletedProcess) -> str:
    """The line with which a process that failed has ended."""
    return (process.stderr.strip().splitlines() or ["the process was killed"])[-1]


def print_kernels() -> None:
    """The rows of `kernels`, a line each, as JSON."""
    for row in kernels():
        print(json.dumps(row), flush=True)


def kernels() -> Iterator[Row]:
    """Each kernel beside the plain function that it stands for, on drawn shapes, in float32 on the full ones, too."""
    for name in twins.names():
        if name not in twins.TWINS:
            yield name, np.nan, np.nan, False
            continue
        twin, rng, errors = twins.TWINS[name], np.random.default_rng(0), {}
        for dtype in LIMITS:
            shapes = [twins.draw_shape(rng) for _ in range(DRAWS)] + list(twin.full.values()) * (dtype == "float32")
            errors[dtype] = max(_twin_difference(twin, twin.given(rng, shape, dtype)) for shape in shapes)
        yield name, *errors.values(), all(errors[dtype] <= limit for dtype, limit in LIMITS.items())


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
    """The error of each way and dtype, and whether all are within their limits."""
    errors, right = [], True
    for on in ways.values():
        with with_kernels(on):
            for dtype, limit in limits.items():
                errors.append(error(dtype))
                right = right and errors[-1] <= limit
    return [*errors, right]


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
