"""One image (C, H, W) without a batch, against PyTorch, which gives outputs and gradients without one, too."""

import numpy as np
import pytest

from minifcn import layers
from minifcn.errors import InputError

from .compare import assert_equal_to, check_layer, fill, to_torch, torch
from .drawing import LAYOUTS, normal

LAYERS = {
    "Conv2d": lambda kit: kit.Conv2d(4, 6, (3, 2), (2, 1), (1, 2), (1, 2), groups=2),
    "Conv2d, same": lambda kit: kit.Conv2d(4, 6, (3, 5), padding="same", dilation=(2, 1)),
    "ConvTranspose2d": lambda kit: kit.ConvTranspose2d(4, 6, (3, 2), (2, 1), 1, (1, 0), groups=2),
    "MaxPool2d": lambda kit: kit.MaxPool2d((3, 2), (2, 1), 1, ceil_mode=True),
    "AvgPool2d": lambda kit: kit.AvgPool2d((3, 2), (2, 1), 1, ceil_mode=True),
    "ZeroPad2d": lambda kit: kit.ZeroPad2d((1, 2, 0, 3)),
    "Sequential": lambda kit: kit.Sequential(kit.ZeroPad2d(1), kit.Conv2d(4, 2, 3), kit.ReLU(), kit.MaxPool2d(2)),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", LAYERS)
def test_layers(name, layout):
    rng = np.random.default_rng(0)
    layer = LAYERS[name](layers).astype("float64")
    fill(layer, rng)
    random = normal(rng, "float64", layout)
    check_layer(layer, LAYERS[name](torch.nn), random((4, 7, 9)), random, 1e-12)
    check_layer(layer, LAYERS[name](torch.nn), random((2, 4, 7, 9)), random, 1e-12)  # and then a batch


def test_pooling_with_indices_and_back():
    x = np.random.default_rng(1).standard_normal((3, 6, 8))
    pool, unpool = layers.MaxPool2d(2, return_indices=True), layers.MaxUnpool2d(2)
    y, indices = pool(x)
    y_torch, indices_torch = torch.nn.MaxPool2d(2, return_indices=True)(to_torch(x))
    assert_equal_to(y_torch, y, "output")
    np.testing.assert_array_equal(indices, indices_torch.numpy(), strict=True)
    for more in ((), ((6, 8),)):
        taken = to_torch(y, requires_grad=True)
        back = torch.nn.MaxUnpool2d(2)(taken, indices_torch, *more)
        assert_equal_to(back, unpool(y, indices, *more), "output")
        dy = np.random.default_rng(2).standard_normal(back.shape)
        back.backward(to_torch(dy))
        assert_equal_to(taken.grad, unpool.backward(dy), "gradient of the input")


def test_a_transposed_convolution_to_a_size_asked_for():
    x = np.random.default_rng(1).standard_normal((2, 3, 4)).astype("float32")
    layer = layers.ConvTranspose2d(2, 3, 3, stride=2)
    theirs = torch.nn.ConvTranspose2d(2, 3, 3, stride=2)
    assert layer(x, output_size=(8, 10)).shape == theirs(to_torch(x), output_size=(8, 10)).shape == (3, 8, 10)


def test_a_gradient_that_does_not_fit_is_refused():
    layer = layers.AvgPool2d(2)
    layer(np.ones((3, 4, 6)))
    with pytest.raises(InputError, match=r"AvgPool2d: dy has shape \(1, 3, 2, 2\), the output \(1, 3, 2, 3\)"):
        layer.backward(np.ones((3, 2, 2)))
    with pytest.raises(InputError, match="AvgPool2d: dy is a float"):
        layer.backward(1.0)
