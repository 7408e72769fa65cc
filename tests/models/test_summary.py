"""The table of layers, of full networks by hand and of tiny ones against what really comes out; the paper's table."""

import numpy as np
import pytest

from minifcn.errors import InputError
from minifcn.layers import Conv2d, Sequential
from minifcn.models import BACKBONES, MODELS, FCN8s, FCN16s, FCN32s
from minifcn.models.summary import Figures, classifiers_field, figures, summarize

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


@pytest.mark.parametrize("net", NETS)
def test_the_full_networks_layer_by_layer(net):
    rows = summarize(net(), (500, 375))
    assert [(r.name, r.output, r.parameters, r.receptive_field, r.stride) for r in rows] == TRUNK_500 + TABLES[net]


@pytest.mark.parametrize("net, count", [(FCN32s, 136_152_917), (FCN16s, 134_815_994), (FCN8s, 134_489_759)])
def test_the_full_networks_have_134_to_136_million_parameters(net, count):
    model = net()
    assert sum(parameter.size for parameter in model.parameters()) == count
    assert sum(row.parameters for row in summarize(model, (1, 1))) == count
    # of which the trunk to score_fr
    assert count - sum(row[2] for row in TABLES[net]) == 134_346_581


def test_multiply_adds_and_kinds():
    rows = {row.name: row for row in summarize(FCN8s(), (500, 375))}
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


def test_multiply_adds_of_an_upsampling_start_from_the_cropped_map():
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
        def run(*maps):
            y = forward(*maps)
            found[name] = y.shape[1:]
            return y

        return run

    for name, layer in model.children():
        monkeypatch.setattr(layer, "forward", watched(name, layer.forward))
    model(np.zeros((1, 3, 37, 70), np.float32))
    rows = summarize(model, (37, 70))
    assert {row.name: row.output for row in rows} == {row.name: found[row.name] for row in rows}
    without_windows = ("relu", "drop", "crop", "fuse")
    assert {name for name in found if not name.startswith(without_windows)} == {row.name for row in rows}
    sizes = {name: sum(p.size for p in layer.parameters()) for name, layer in model.children()}
    assert {row.name: row.parameters for row in rows} == {row.name: sizes[row.name] for row in rows}


def test_an_image_too_small_is_refused():
    with pytest.raises(InputError, match="20x40 pixels is too small for padding 84"):
        summarize(FCN32s(2, 1 / 64, 3, padding=84), (40, 20))


class TestThePapersTable:
    """Table 1 of the paper, as the slides show it, and table 2 of Simonyan and Zisserman, of the full networks."""

    @pytest.mark.parametrize(
        "name, conv_layers, millions, field, fcns_field",
        [
            ("alexnet", 8, 57, 355, 355),
            ("vgg16", 16, 134, 404, 404),
            ("googlenet", 22, 6, 907, 715),  # the FCN leaves out an average over 7 pixels, 32 apart
        ],
    )
    def test_fcns(self, name, conv_layers, millions, field, fcns_field):
        model = MODELS[f"fcn-{name}"]()
        found = figures(model)
        assert (found.conv_layers, round(found.parameters / 1e6), found.stride) == (conv_layers, millions, 32)
        assert found.receptive_field == fcns_field
        assert classifiers_field(model) == figures(BACKBONES[name]()).receptive_field == field

    @pytest.mark.parametrize(
        "name, weight_layers, millions",
        [
            ("vgg11", 11, 133),
            ("vgg11-lrn", 11, 133),
            ("vgg13", 13, 133),
            ("vgg16-c", 16, 134),
            ("vgg16", 16, 138),
            ("vgg19", 19, 144),
        ],
    )
    def test_vgg_a_to_e(self, name, weight_layers, millions):
        found = figures(BACKBONES[name]())
        assert (found.conv_layers, round(found.parameters / 1e6)) == (weight_layers, millions)

    def test_skips_and_upsampling_make_no_path_longer(self):
        skips = 512 * K + K + 256 * K + K  # the score layers of pool4 and pool3
        assert figures(FCN8s()) == Figures(16, 134_346_581 + skips, 404, 32)


class TestClassifiers:
    def test_alexnet_makes_10x10_of_500x500_step_by_step_and_one_score_of_its_own_size(self):
        rows = summarize(BACKBONES["alexnet"](), (500, 500))
        names = ["conv1", "pool1", "conv2", "pool2", "conv3", "conv4", "conv5", "pool5", "fc6", "fc7", "fc8"]
        channels = [96, 96, 256, 256, 384, 384, 256, 256, 4096, 4096, 1000]
        sizes = [123, 61, 61, 30, 30, 30, 30, 15, 10, 10, 10]
        assert [(row.name, row.output) for row in rows] == [(n, (c, s, s)) for n, c, s in zip(names, channels, sizes)]
        assert rows[2].parameters == 256 * 48 * 25 + 256  # conv2 has two groups
        assert summarize(BACKBONES["alexnet"](), (227, 227))[-1].output == (1000, 1, 1)

    @pytest.mark.parametrize("name", BACKBONES)
    def test_fully_connected_layers_cost_a_multiply_add_a_weight_on_the_classifiers_own_images(self, name):
        model = BACKBONES[name]()
        rows = {row.name: row for row in summarize(model, (model.image_size,) * 2)}
        linear = {key: layer for key, layer in model.head.children() if hasattr(layer, "in_features")}
        assert list(linear) == (["loss3/classifier"] if name == "googlenet" else ["fc6", "fc7", "fc8"])
        for key, layer in linear.items():
            inputs, outputs = layer.in_features, layer.out_features
            assert rows[key].output == (outputs, 1, 1)
            assert (rows[key].parameters, rows[key].multiply_adds) == (outputs * (inputs + 1), outputs * inputs)
        assert sum(row.parameters for row in rows.values()) == sum(p.size for p in model.parameters())

    @pytest.mark.parametrize("size, shown", [((226, 150), "150x226"), ((150, 227), "227x150")])
    def test_an_image_too_small_is_refused(self, size, shown):
        message = f"AlexNet: an image of {shown} pixels is too small; 227x227 and more will do"
        with pytest.raises(InputError, match=message):
            summarize(BACKBONES["alexnet"](2, 1 / 64, 2), size)


@pytest.mark.parametrize("model", [None, 3, "fcn8s", FCN8s, Sequential(Conv2d(3, 2, 1))])
def test_another_model_is_refused(model):
    for ask in (figures, lambda model: summarize(model, (500, 375))):
        with pytest.raises(InputError, match=r"model is .*, expected an FCN or a classifier"):
            ask(model)


@pytest.mark.parametrize("size", [None, (500,), (500, 0), (500.5, 375), "500x375"])
def test_another_size_is_refused(size):
    with pytest.raises(InputError, match=r"image_size is .*; expected"):
        summarize(FCN8s(2, 1 / 64, 3), size)
