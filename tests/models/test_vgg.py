"""VGG's table of layers."""

import numpy as np
import pytest

from minifcn.layers import Conv2d, LocalResponseNorm, MaxPool2d, ReLU
from minifcn.models import BACKBONES
from minifcn.models.vgg import vgg_block

VGGS = {  # convolutions of each block, table 1 of Simonyan and Zisserman
    "vgg11": (1, 1, 2, 2, 2),
    "vgg11-lrn": (1, 1, 2, 2, 2),
    "vgg13": (2, 2, 2, 2, 2),
    "vgg16-c": (2, 2, 3, 3, 3),
    "vgg16": (2, 2, 3, 3, 3),
    "vgg19": (2, 2, 4, 4, 4),
}


def tiny(name):
    return BACKBONES[name](n_class=3, width=1 / 64, fc_channels=2, image_size=32)


@pytest.mark.parametrize("name", VGGS)
def test_configurations(name):
    layers = dict(tiny(name).children())
    convs = [key for key in layers if key.startswith("conv")]
    assert convs == [f"conv{b}_{i}" for b, count in enumerate(VGGS[name], 1) for i in range(1, count + 1)]
    assert [key for key in layers if key.startswith("fc")] == ["fc6", "fc7", "fc8"]
    assert ("norm1" in layers) == (name == "vgg11-lrn")
    ones = [key for key in convs if layers[key].kernel_size == (1, 1)]
    assert ones == (["conv3_3", "conv4_3", "conv5_3"] if name == "vgg16-c" else [])


def test_the_norm_of_a_lrn_comes_before_the_pool():
    names = [name for name, _ in tiny("vgg11-lrn").children()]
    assert names[:5] == ["conv1_1", "relu1_1", "norm1", "pool1", "conv2_1"]
    norm = dict(tiny("vgg11-lrn").children())["norm1"]
    assert isinstance(norm, LocalResponseNorm)
    assert (norm.size, norm.alpha, norm.beta, norm.k) == (5, 5e-4, 0.75, 2)  # alpha/size is the paper's 1e-4


def test_a_block_is_convolutions_with_relu_then_a_pool():
    block = vgg_block(3, 2, 4, (3, 3, 1), np.random.default_rng(0))
    assert list(block) == ["conv3_1", "relu3_1", "conv3_2", "relu3_2", "conv3_3", "relu3_3", "pool3"]
    kinds = [Conv2d, ReLU] * 3 + [MaxPool2d]
    assert [type(layer) for layer in block.values()] == kinds
    convs = [block[f"conv3_{i}"] for i in (1, 2, 3)]
    assert [conv.weight.data.shape for conv in convs] == [(4, 2, 3, 3), (4, 4, 3, 3), (4, 4, 1, 1)]
    assert [conv.padding for conv in convs] == [(1, 1), (1, 1), (0, 0)]
    assert all(conv.stride == conv.dilation == (1, 1) and conv.groups == 1 and conv.bias for conv in convs)


@pytest.mark.parametrize("size, out", [(1, 1), (2, 1), (5, 3), (6, 3)])
def test_the_pool_halves_and_rounds_up(size, out):
    pool = vgg_block(1, 3, 1, (3,), np.random.default_rng(0))["pool1"]
    assert pool(np.zeros((1, 1, size, 6))).shape == (1, 1, out, 3)


def test_one_generator_draws_all_weights():
    rng = np.random.default_rng(4)
    block = vgg_block(1, 3, 2, (3, 3), rng)
    same = vgg_block(1, 3, 2, (3, 3), np.random.default_rng(4))
    for name in ("conv1_1", "conv1_2"):
        np.testing.assert_array_equal(block[name].weight.data, same[name].weight.data)
    assert (vgg_block(1, 3, 2, (3, 3), rng)["conv1_1"].weight.data != block["conv1_1"].weight.data).all()
