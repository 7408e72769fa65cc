"""What layers with products give a GPU to do: as few calls as the plain algorithm needs, products in two axes alone."""

import cupy_costs
import numpy as np
import pytest

from minifcn.backend import to_device
from minifcn.convolution import conv2d_grad_input
from minifcn.layers import Conv2d, ConvTranspose2d, Linear, Upsample

RNG = np.random.default_rng(0)

LAYERS = {  # each with its input's shape, and the calls of a forward and of a backward pass, by what they are
    # Padded and filled, its columns, their product, the bias. Backward: the same without the bias for the weights, and
    # its sum; for the input dy's columns, padded too, the kernels flipped, and their product.
    "3x3": (
        Conv2d(4, 6, 3, padding=1),
        (1, 4, 7, 9),
        {"fill": 1, "copy": 2, "product": 1, "add": 1},
        {"fill": 2, "copy": 5, "product": 2, "sum": 1},
    ),
    # Of several images a product's rows are not where they belong, neither are dy's.
    "3x3, three images": (
        Conv2d(4, 6, 3, padding=1),
        (3, 4, 7, 9),
        {"fill": 1, "copy": 3, "product": 1, "add": 1},
        {"fill": 2, "copy": 7, "product": 2, "sum": 1},
    ),
    "1x1": (Conv2d(4, 6, 1), (1, 4, 7, 9), {"product": 1, "add": 1}, {"product": 2, "sum": 1}),
    # With a stride a window's products are added where it was: 2x2 taps, the stride, at a time.
    "3x3, stride 2": (
        Conv2d(4, 6, 3, 2, padding=1, bias=False),
        (1, 4, 7, 9),
        {"fill": 1, "copy": 2, "product": 1},
        {"fill": 2, "copy": 2, "product": 2, "add": 4},
    ),
    "3x3, two groups": (
        Conv2d(4, 6, 3, padding=1, groups=2, bias=False),
        (1, 4, 7, 9),
        {"fill": 1, "copy": 3, "product": 2},
        {"fill": 2, "copy": 7, "product": 4},
    ),
    "upsampling, bilinear": (
        ConvTranspose2d(3, 3, 16, 8, bias=False),
        (1, 3, 5, 4),
        {"fill": 1, "product": 1, "add": 4},
        {"copy": 1, "product": 1},
    ),
    "linear": (Linear(20, 30), (4, 20), {"product": 1, "add": 1}, {"product": 2, "sum": 1}),
    "interpolation": (
        Upsample(scale_factor=(2.5, 3), mode="bilinear"),
        (2, 3, 6, 7),
        {"product": 2, "copy": 1},
        {"product": 2, "copy": 1},
    ),
}


@pytest.mark.parametrize("name", LAYERS)
def test_calls(name, device):
    layer, shape, forward, backward = LAYERS[name]
    if name.startswith("upsampling"):  # as in FCNs: it does not learn
        layer.weight.trainable = False
    layer.to("gpu")
    x = to_device(RNG.standard_normal(shape, dtype="float32"), "gpu")
    y = layer(x)
    dy = to_device(RNG.standard_normal(y.shape, dtype="float32"), "gpu")
    layer.zero_grad()
    for function, array, expected in ((layer, x, forward), (layer.backward, dy, backward)):
        device.forget()
        function(array)
        if device.counts:
            assert cupy_costs.by_name == expected
            assert list(cupy_costs.counts) == ["calls"]  # no product of three axes, no copy in secret
            device.assert_copies()
    layer.to("cpu")


def test_a_gradient_is_gathered_without_copying_a_1x1_kernel(device):
    weight = to_device(RNG.standard_normal((6, 4, 1, 1), dtype="float32"), "gpu")
    dy = to_device(RNG.standard_normal((1, 6, 5, 3), dtype="float32"), "gpu")
    device.forget()
    conv2d_grad_input(dy, weight, (5, 3), algorithm="auto")
    assert device.counted("calls") == int(device.counts)
