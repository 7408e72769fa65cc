"""The strict double counts the calls that CuPy's own code makes: held against it where CuPy is installed.

CuPy needs no GPU for that (cupy_without_gpu.py), but to be installed: pip install cupy-cuda13x==14.2.0
"""

import copy
import json
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import cupy_costs
import numpy as np
import pytest
import strict_array
import test_cupy_costs as costs
from device_counts import by_layer
from test_strict import LAYERS

from minifcn.backend import to_device
from minifcn.layers import SoftmaxCrossEntropy
from minifcn.models import FCN8s, FCN32s

TABLES = (costs.NOTHING, costs.CALLS, costs.REDUCTIONS, costs.PRODUCTS, costs.IN_PLACE)
SMALL = {"width": 1 / 16, "fc_channels": 16}
NETS = {
    "FCN-8s": (FCN8s, SMALL),
    "FCN-8s, upsampling learned class by class": (
        FCN8s,
        {**SMALL, "upsampling": "learned", "upsampling_kernels": "per-class"},
    ),
    "FCN-AlexNet": (FCN32s, {**SMALL, "backbone": "alexnet"}),
    "FCN-GoogLeNet": (FCN32s, {**SMALL, "backbone": "googlenet"}),
}


def installed():
    """The version of CuPy, "" without one."""
    for package in ("cupy-cuda13x", "cupy-cuda12x"):
        try:
            return version(package)
        except PackageNotFoundError:
            continue
    return ""


@pytest.mark.skipif(not installed().startswith("14.2."), reason="CuPy 14.2, whose calls are counted, is not installed")
def test_the_double_counts_the_calls_of_cupy(monkeypatch):
    script = Path(__file__).with_name("cupy_without_gpu.py")
    found = json.loads(subprocess.run([sys.executable, script], capture_output=True, check=True).stdout)
    monkeypatch.setitem(sys.modules, "cupy", strict_array.xp)
    expected = calls()
    for name in ("a[mask] = v", "nonzero"):  # where all is 0 CuPy has less to do
        del found[name], expected[name]
    differ = {what: (found[what], expected[what]) for what in expected if found[what] != expected[what]}
    assert len(found) > 600 and found.keys() == expected.keys() and not differ, "(CuPy's, the double's)"


def calls():
    """{what: its calls} on the module that strict_array.xp is: single functions, layers, the loss, whole networks."""
    found = {name: one_call(case if callable(case) else case[0]) for table in TABLES for name, case in table.items()}
    for name, (layer, shape, _) in copy.deepcopy(LAYERS).items():
        layer, x = layer.to("gpu"), zeros(*shape)
        dy = layer(x) * 0.0
        found[f"{name}, forward"] = one_call(layer, x)
        found[f"{name}, backward"] = one_call(layer.backward, dy)
    criterion, scores, labels = SoftmaxCrossEntropy(reduction="none"), zeros(2, 4, 6, 7), zeros(2, 6, 7, dtype="uint8")
    found["loss, forward"] = one_call(criterion, scores, labels)
    found["loss, backward"] = one_call(criterion.backward, zeros(2, 6, 7))
    for name, (net, settings) in NETS.items():
        layers, parts = by_layer(net(**settings), 64, 2, NoLoss())
        found.update({f"{name}: {key}": counter["calls", ""] for key, counter in {**layers, **parts}.items()})
    return found


def one_call(function, *args):
    cupy_costs.forget()
    function(*args)
    return cupy_costs.counts["calls"]


def zeros(*shape, dtype="float32"):
    return to_device(np.zeros(shape, dtype), "gpu")


class NoLoss:
    """In the loss's place, which refuses the zeros that come out without a GPU: a gradient of zeros."""

    def __call__(self, scores, labels):
        self.dscores = scores * 0.0

    def backward(self):
        return self.dscores
