"""Run with a minifcn that lacks `convolution/fast`: python without_fast.py FILE.npz writes what `step` computes there.

Every module imports, the convolutions' gradients are checked, and the fast algorithms are refused.
"""

import importlib
import pkgutil
import sys

import numpy as np

import minifcn
from minifcn.convolution import algorithms
from minifcn.errors import InputError
from minifcn.gradcheck import check_gradients
from minifcn.layers import Conv2d, ConvTranspose2d, SoftmaxCrossEntropy
from minifcn.models import FCN8s


def step():
    """{name: array}: scores and all gradients of a small FCN-8s, in float32 and float64."""
    arrays = {}
    for dtype in ("float32", "float64"):
        rng = np.random.default_rng(1)
        net = FCN8s(n_class=4, width=0.125, fc_channels=16, padding="same", upsampling="learned", seed=2)
        for parameter in net.parameters():  # the score layers start at zero and would let no gradient through
            parameter.data += 0.05 * rng.standard_normal(parameter.data.shape, "float32")
        net.astype(dtype).reseed(3)
        criterion = SoftmaxCrossEntropy()
        scores = net(rng.standard_normal((2, 3, 48, 40), "float32").astype(dtype))
        criterion(scores, rng.integers(0, 4, (2, 48, 40)))
        net.backward(criterion.backward())
        arrays[f"{dtype} scores"] = scores
        arrays |= {f"{dtype} {name}": parameter.grad for name, parameter in net.named_parameters()}
    return arrays


def main():
    assert not {"im2col", "mec", "winograd", "phases", "separable"} & set(algorithms.ALGORITHMS)
    for module in pkgutil.walk_packages(minifcn.__path__, "minifcn."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    try:
        Conv2d(1, 1, 3, algorithm="im2col")
    except InputError as error:
        assert "none of auto, loops, matrix, definition, textbook" in str(error)
    else:
        raise AssertionError("im2col is not refused")
    x = np.random.default_rng(0).standard_normal((2, 4, 5, 4))
    conv = Conv2d(4, 4, (3, 2), (2, 1), (1, 2), (1, 2), groups=2)
    for layer in (conv, ConvTranspose2d(4, 4, (3, 4), (2, 3), 1, 1, 2)):
        assert check_gradients(layer, x).ok(1e-6)
    np.savez(sys.argv[1], folder=minifcn.__path__[0], **step())


if __name__ == "__main__":
    main()
