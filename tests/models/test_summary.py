"""The table of layers: of the full networks by hand, and of tiny ones against what really comes out."""

import numpy as np
import pytest

from minifcn.errors import InputError
from minifcn.layers import conv, conv_transpose
from minifcn.layers.layer import Parameter
from minifcn.models import FCN8s, FCN16s, FCN32s
from minifcn.models.summary import summarize

K = 21  # classes
TRUNK_500 = [  # FCN on 500x375 pixels, padding 100: name, output, weights and biases, receptive field, stride
    ("conv1_1", (64, 698, 573), 3 * 9 * 64 + 64, 3, 1),
    ("conv1_2", (64, 698, 573), 64 * 9 * 64 + 64, 5, 1),
    ("pool1", (64, 349, 287), 0, 6, 2),
    ("conv2_1", (128, 349, 287), 64 * 9 * 128 + 128, 10, 2),
    ("conv2_2", (128, 349, 287), 128 * 9 * 128 + 128, 14, 2),
    ("pool2", (128, 175, 144), 0, 16, 4),
    ("conv3_1", (256, 175, 144), 128 * 9 * 256 + 256, 24, 4),
    ("conv3_2", (256, 175, 144), 256 * 9 * 256 + 256, 32, 4),
    ("conv3_3", (256, 175, 144), 256 * 9 * 256 + 256, 40, 4),
    ("pool3", (256, 88, 72), 0, 44, 8),
    ("conv4_1", (512, 88, 72), 256 * 9 * 512 + 512, 60, 8),
    ("conv4_2", (512, 88, 72), 512 * 9 * 512 + 512, 76, 8),
    ("conv4_3", (512, 88, 72), 512 * 9 * 512 + 512, 92, 8),
    ("pool4", (512, 44, 36), 0, 100, 16),
    ("conv5_1", (512, 44, 36), 512 * 9 * 512 + 512, 132, 16),
    ("conv5_2", (512, 44, 36), 512 * 9 * 512 + 512, 164, 16),
    ("conv5_3", (512, 44, 36), 512 * 9 * 512 + 512, 196, 16),
    ("pool5", (512, 22, 18), 0, 212, 32),
    ("fc6", (4096, 16, 12), 512 * 49 * 4096 + 4096, 404, 32),
    ("fc7", (4096, 16, 12), 4096 * 4096 + 4096, 404, 32),
    ("score_fr", (K, 16, 12), 4096 * K + K, 404, 32),
]
POOL4 = ("score_pool4", (K, 44, 36), 512 * K + K, 100, 16)
POOL3 = ("score_pool3", (K, 88, 72), 256 * K + K, 44, 8)
UP2 = ("upscore2", (K, 34, 26), K * K * 4 * 4, 404 + 32, 16)
TABLES = {
    FCN32s: [("upscore", (K, 544, 416), K * K * 64 * 64, 404 + 32, 1)],
    FCN16s: [POOL4, UP2, ("upscore16", (K, 560, 432), K * K * 32 * 32, 404 + 32 + 16, 1)],
    FCN8s: [
        POOL4,
        POOL3,
        UP2,
        ("upscore_pool4", (K, 70, 54), K * K * 4 * 4, 404 + 32 + 16, 8),
        ("upscore8", (K, 568, 440), K * K * 16 * 16, 404 + 32 + 16 + 8, 1),
    ],
}
NETS = list(TABLES)


class Unallocated(Parameter):
    """A parameter of any shape that is one number in memory: the full networks have half a gigabyte."""

    def __init__(self, data):
        self.data, self.trainable = (
            np.lib.stride_tricks.as_strided(np.zeros(1, data.dtype), data.shape, [0] * data.ndim),
            True,
        )


@pytest.fixture
def full(monkeypatch):
    """A network's class -> the full network, without its weights."""
    for module in (conv, conv_transpose):
        monkeypatch.setattr(module, "he_normal", lambda shape, rng: np.broadcast_to(np.float32(0), shape))
        monkeypatch.setattr(module, "Parameter", Unallocated)
    return lambda net: net()


@pytest.mark.parametrize("net", NETS)
def test_the_full_networks_layer_by_layer(net, full):
    rows = summarize(full(net), (500, 375))
    assert [(r.name, r.output, r.parameters, r.receptive_field, r.stride) for r in rows] == TRUNK_500 + TABLES[net]


@pytest.mark.parametrize("net, count", [(FCN32s, 136_152_917), (FCN16s, 134_815_994), (FCN8s, 134_489_759)])
def test_the_full_networks_have_134_to_136_million_parameters(net, count, full):
    model = full(net)
    assert sum(parameter.data.size for parameter in model.parameters()) == count
    assert sum(row.parameters for row in summarize(model, (1, 1))) == count
    # of which the trunk to score_fr
    assert count - sum(row[2] for row in TABLES[net]) == 134_346_581


def test_multiply_adds_and_kinds(full):
    rows = {row.name: row for row in summarize(full(FCN8s), (500, 375))}
    by_hand = {
        "conv1_1": ("Conv2d", 698 * 573 * 3 * 9 * 64),
        "conv4_1": ("Conv2d", 88 * 72 * 256 * 9 * 512),
        "pool3": ("MaxPool2d", 0),
        "fc6": ("Conv2d", 16 * 12 * 512 * 49 * 4096),
        "score_pool4": ("Conv2d", 44 * 36 * 512 * K),
        "upscore2": ("ConvTranspose2d", 16 * 12 * K * K * 16),
        "upscore_pool4": ("ConvTranspose2d", 34 * 26 * K * K * 16),
        "upscore8": ("ConvTranspose2d", 70 * 54 * K * K * 256),
    }
    assert {name: (rows[name].kind, rows[name].multiply_adds) for name in by_hand} == by_hand


def test_multiply_adds_of_an_upsampling_start_from_the_cropped_map(full):
    # padding="same" on 500 pixels: pool4 has 32 of the 34 pixels that upscore2 makes, pool3 63 of the next 66.
    rows = {row.name: row for row in summarize(FCN8s(padding="same"), (500, 500))}
    assert rows["upscore2"].output == (K, 34, 34)
    assert rows["upscore_pool4"].output == (K, 66, 66)
    assert rows["upscore_pool4"].multiply_adds == 32 * 32 * K * K * 16
    assert rows["upscore8"].multiply_adds == 63 * 63 * K * K * 256


@pytest.mark.parametrize("padding", [100, "same"])
@pytest.mark.parametrize("net", NETS)
def test_outputs_are_those_that_come_out(net, padding, monkeypatch):
    model = net(n_class=2, width=1 / 64, fc_channels=3, padding=padding).eval()
    found = {}

    def watched(name, forward):
        def run(x):
            y = forward(x)
            found[name] = y.shape[1:]
            return y

        return run

    for name, layer in model.children():
        monkeypatch.setattr(layer, "forward", watched(name, layer.forward))
    model(np.zeros((1, 3, 37, 70), np.float32))
    rows = summarize(model, (37, 70))
    assert {row.name: row.output for row in rows} == {row.name: found[row.name] for row in rows}
    assert {name for name in found if not name.startswith(("relu", "drop"))} == {row.name for row in rows}
    sizes = {name: sum(p.data.size for p in layer.parameters()) for name, layer in model.children()}
    assert {row.name: row.parameters for row in rows} == {row.name: sizes[row.name] for row in rows}


def test_an_image_too_small_is_refused():
    with pytest.raises(InputError, match="20x40 pixels is too small for padding 84"):
        summarize(FCN32s(2, 1 / 64, 3, padding=84), (40, 20))
