"""The trunk's table of layers."""

import numpy as np
import pytest

from minifcn.layers import Conv2d, MaxPool2d, ReLU
from minifcn.models.vgg import VGG16, vgg_block


def test_configuration_d():
    assert VGG16 == ((64,) * 2, (128,) * 2, (256,) * 3, (512,) * 3, (512,) * 3)


def test_a_block_is_convolutions_with_relu_then_a_pool():
    block = vgg_block(3, 2, (4, 5, 6), np.random.default_rng(0), first_padding=7)
    assert list(block) == ["conv3_1", "relu3_1", "conv3_2", "relu3_2", "conv3_3", "relu3_3", "pool3"]
    kinds = [Conv2d, ReLU] * 3 + [MaxPool2d]
    assert [type(layer) for layer in block.values()] == kinds
    convs = [block[f"conv3_{i}"] for i in (1, 2, 3)]
    assert [conv.weight.data.shape for conv in convs] == [(4, 2, 3, 3), (5, 4, 3, 3), (6, 5, 3, 3)]
    assert [conv.padding for conv in convs] == [(7, 7), (1, 1), (1, 1)]
    assert all(conv.stride == conv.dilation == (1, 1) and conv.groups == 1 and conv.bias for conv in convs)


@pytest.mark.parametrize("size, out", [(1, 1), (2, 1), (5, 3), (6, 3)])
def test_the_pool_halves_and_rounds_up(size, out):
    pool = vgg_block(1, 3, (1,), np.random.default_rng(0))["pool1"]
    assert pool(np.zeros((1, 1, size, 6))).shape == (1, 1, out, 3)


def test_one_generator_draws_all_weights():
    rng = np.random.default_rng(4)
    block = vgg_block(1, 3, (2, 2), rng)
    same = vgg_block(1, 3, (2, 2), np.random.default_rng(4))
    for name in ("conv1_1", "conv1_2"):
        np.testing.assert_array_equal(block[name].weight.data, same[name].weight.data)
    assert (vgg_block(1, 3, (2, 2), rng)["conv1_1"].weight.data != block["conv1_1"].weight.data).all()
