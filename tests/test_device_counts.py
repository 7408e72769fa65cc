"""A training step gives the GPU few things to do, copies nothing in secret, uploads nothing and waits once at most.

Counted on the strict double as CuPy 14.2 does it (cupy_costs.py). Each bound is what was counted when it was set and
some 4 % more: too little room for another call in every convolution, or another tap in every pooling. Most of the
networks are narrow: how many calls a layer makes depends on its kernel and the pieces that it is cut into, hardly on
its channels.
"""

import operator
import sys

import cupy_costs
import numpy as np
import pytest
import raw_kernel
import strict_array
from device_counts import training_step

from minifcn.backend import to_device
from minifcn.backend.kernels import with_kernels
from minifcn.models import FCN8s, FCN16s, FCN32s

SMALL = {"width": 1 / 16, "fc_channels": 16}
NETS = {  # and the most calls of a forward and of a backward pass, of an image of 320 pixels
    "FCN-8s": (FCN8s, SMALL, 225, 269),
    "FCN-16s": (FCN16s, SMALL, 214, 259),
    "FCN-32s": (FCN32s, SMALL, 204, 249),
    "FCN-AlexNet": (FCN32s, {**SMALL, "backbone": "alexnet"}, 182, 238),
    "FCN-GoogLeNet": (FCN32s, {**SMALL, "backbone": "googlenet"}, 660, 960),
}
SECRETS = ["products of 3 axes", "broadcast products", "operand copies", "out copies", "input copies"]
SECRETS += ["a[i] += b copies", "index arrays", "guesses"]


@pytest.fixture(autouse=True)
def double(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", strict_array.xp)


@pytest.mark.parametrize("name", NETS)
def test_a_training_step(name):
    net, settings, forward, backward = NETS[name]
    check(net(**settings), forward, backward)


@pytest.mark.skipif(not raw_kernel.COMPILER, reason="g++ is not here to compile the kernels for the host")
def test_kernels_by_hand_leave_less_to_do():
    with with_kernels():
        calls = check(FCN8s(**SMALL), 134, 220, size=32)  # each thread of a kernel is run after the other here
    assert calls["update"] == 2 * 18  # one for each weight and bias that is trained


def test_a_training_step_of_the_full_width(monkeypatch):
    """Within the same bounds, but that fc6 has too many weights to flip: it adds its input's gradient tap by tap.

    Products that are zeros count as much, and take no time.
    """

    def product(a, b, out=None):
        out = np.empty((len(a), b.shape[1]), a.dtype) if out is None else out
        out[...] = 0
        return out

    monkeypatch.setattr(operator, "__matmul__", product)
    monkeypatch.setattr(strict_array.xp, "matmul", strict_array._guarded("matmul", product))
    check(FCN8s(fc_channels=1536), 225, 269 + 7 * 7, size=160)


def check(net, forward, backward, size=320):
    """Count one step of training on one image of so many pixels, hold it against the bounds -> {part: calls}."""
    calls, last = {}, 0

    def note(part):
        nonlocal last
        calls[part] = cupy_costs.counts["calls"] - last
        last += calls[part]

    training_step(net, size)(note)
    assert {cause: cupy_costs.counts[cause] for cause in SECRETS} == dict.fromkeys(SECRETS, 0)
    assert not cupy_costs.uploads
    assert sum(cupy_costs.waits.values()) <= 1, cupy_costs.waits
    assert calls["forward"] <= forward and calls["backward"] <= backward, calls
    assert calls["update"] <= 5 * len(net.parameters()) and calls["zero_grad"] == 0
    return calls


@pytest.mark.parametrize("name", NETS)
def test_evaluation_never_waits(name):
    net, settings, *_ = NETS[name]
    net = net(**settings).to("gpu").eval()
    images = to_device(np.zeros((1, 3, 64, 64), "float32"), "gpu")
    net(images)  # where the weights come from the host
    cupy_costs.forget()
    net(images)
    assert not cupy_costs.waits and not cupy_costs.uploads
