"""AlexNet and GoogLeNet: names, sizes, auxiliary classifiers; and what surgery makes of any classifier."""

import numpy as np
import pytest

from minifcn.errors import InputError
from minifcn.layers import AvgPool2d, Conv2d, Dropout, Dropout2d, Sequential
from minifcn.models import BACKBONES, FCN8s, FCN32s
from minifcn.models.alexnet import AlexNet
from minifcn.models.classifier import convolutionize
from minifcn.models.googlenet import MODULES, GoogLeNet
from minifcn.models.transplant import transplant

SMALL = {"n_class": 3, "width": 1 / 32}
SIDES = {"alexnet": 67, "alexnet-owt": 63, "googlenet": 64}  # small images that every layer still fits


def small(name, **changes):
    side = SIDES.get(name, 32)
    if name != "googlenet":
        changes = {"fc_channels": 4} | changes
    return BACKBONES[name](**SMALL, image_size=side, **changes), side


def covered(model, size):
    """Pixels of the last map that an image of this size gets, along rows."""
    crop = model.crops((size, size))["image"][1]
    return crop.stop - crop.start


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("alexnet", [(11, 4, 0), (5, 1, 2), (3, 1, 1), (3, 1, 1), (3, 1, 1)]),  # CaffeNet's deploy.prototxt
        ("alexnet-owt", [(11, 4, 2), (5, 1, 2), (3, 1, 1), (3, 1, 1), (3, 1, 1)]),  # torchvision's alexnet.py
    ],
)
def test_alexnets_kernels_strides_and_paddings(name, expected):
    convs = [layer for layer in small(name)[0].layers() if isinstance(layer, Conv2d)]
    assert [(conv.kernel_size[0], conv.stride[0], conv.padding[0]) for conv in convs[:5]] == expected


class TestFCNs:
    """FCN-AlexNet and FCN-GoogLeNet."""

    def test_an_fcn_drops_googlenets_average(self):
        model = FCN32s(2, 1 / 64, backbone="googlenet")
        assert not any(isinstance(layer, AvgPool2d) for layer in model.layers())

    def test_alexnets_published_upsampling_and_crop(self):
        model = FCN32s(2, 1 / 64, 2, backbone="alexnet")
        up = model.named["upscore"]
        assert (up.kernel_size, up.stride) == ((63, 63), (32, 32))
        assert model.crops((500, 375)) == {"image": (..., slice(18, 518), slice(18, 393))}

    @pytest.mark.parametrize("padding, crop", [(100, 98), ("same", 1)])
    def test_googlenets_upsampling_and_crop(self, padding, crop):
        """By hand, in image pixels, p the padding of conv1 (100, or 3 where "same"):

        conv1    7x7/2    the first window's centre is 3 - p,        pixels 2 apart
        pool1    3x3/2    its second pixel, 2 further on:   5 - p,   4
        pool2    3x3/2    4 further on:                     9 - p,   8
        pool3    3x3/2    8 further on:                    17 - p,  16
        pool4    3x3/2    16 further on:                   33 - p,  32
        upscore  63x63    31 before that:                   2 - p,   1

        Other layers are centred. So image pixel 0 is pixel p - 2: 98, or 1.
        """
        model = FCN32s(2, 1 / 64, padding=padding, backbone="googlenet")
        up = model.named["upscore"]
        assert (up.kernel_size, up.stride) == ((63, 63), (32, 32))
        assert model.crops((500, 375)) == {"image": (..., slice(crop, crop + 500), slice(crop, crop + 375))}

    @pytest.mark.parametrize("padding, pixels", [(100, 100), ("same", 3)])
    def test_googlenets_crop_puts_every_pixel_in_its_place(self, padding, pixels):
        """A ramp of pixel numbers, averaged by each window instead of convolved and pooled, and interpolated, comes
        back: pixel i of the crop is i, wherever the image lies between two pixels of the coarse map."""
        ramp = np.arange(-pixels, 500.0 + pixels)
        for size in (7, 3, 3, 3, 3):
            ramp = np.convolve(ramp, np.full(size, 1 / size), "valid")[::2]
        stretched = np.zeros(32 * len(ramp) - 31)
        stretched[::32] = ramp
        up = np.convolve(stretched, 1 - abs(np.arange(-31, 32)) / 32)
        up = up[FCN32s(2, 1 / 64, padding=padding, backbone="googlenet").crops((500, 500))["image"][2]]
        first, last = max(0, round(ramp[0])), min(499, round(ramp[-1]))
        assert last - first > 300
        np.testing.assert_allclose(up[first : last + 1], np.arange(first, last + 1), atol=1e-9)

    def test_22_convolutions_lie_one_behind_the_other_in_googlenet(self):
        model = FCN32s(21, 1 / 64, backbone="googlenet")
        names = [name for name, layer in model.children() if isinstance(layer, Conv2d)]
        assert names == ["conv1/7x7_s2", "conv2/3x3_reduce", "conv2/3x3", "score_fr"]
        assert len(names) + 2 * len(MODULES) == 22


@pytest.mark.parametrize("name", BACKBONES)
def test_weights_are_those_of_seed_0_unless_another_is_given(name):
    first, zero, one = (next(iter(small(name, **seed)[0].parameters())).data for seed in ({}, {"seed": 0}, {"seed": 1}))
    assert np.array_equal(first, zero) and not np.array_equal(first, one)


def test_published_names_of_googlenet():
    names = [name for name, _ in GoogLeNet(**SMALL, auxiliary=True).named_parameters()]
    assert {
        "conv1/7x7_s2.weight",
        "conv2/3x3_reduce.bias",
        "inception_3a/1x1.weight",
        "inception_4e/5x5_reduce.weight",
        "inception_5b/pool_proj.bias",
        "loss1/conv.weight",
        "loss2/classifier.weight",
        "loss3/classifier.bias",
    } <= set(names)
    assert len(names) == len(set(names)) == 2 * (3 + 6 * 9 + 1 + 2 * 3)


def test_layers_without_numbers_are_named_as_published_too():
    features = list(GoogLeNet(**SMALL).named)
    assert features[:4] == ["conv1/7x7_s2", "conv1/relu_7x7_s2", "pool1/3x3_s2", "pool1/norm1"]
    assert "conv2/relu_3x3_reduce" in features and "inception_3a" in features


def test_alexnet_pools_before_it_normalises():
    layers = [name for name in AlexNet(2, 1 / 64, 2).named if not name.startswith("relu")]
    assert layers[:7] == ["conv1", "pool1", "norm1", "conv2", "pool2", "norm2", "conv3"]
    assert layers[7:13] == ["conv4", "conv5", "pool5", "flatten", "fc6", "drop6"]


@pytest.mark.parametrize("net, parameters", [(AlexNet, 60_965_224), (GoogLeNet, 6_998_552)])
def test_the_full_networks_have_as_many_parameters_as_the_published_weights(net, parameters):
    assert sum(parameter.size for parameter in net().parameters()) == parameters


def test_images_too_small_for_the_auxiliary_classifiers_are_refused():
    GoogLeNet(2, 1 / 16, image_size=80, auxiliary=True)
    with pytest.raises(InputError, match=r"of 64x64 pixels 4x4 are left at .*, the auxiliary classifiers need 5x5"):
        GoogLeNet(2, 1 / 16, image_size=64, auxiliary=True)


def test_auxiliary_classifiers_give_scores_and_gradients_while_training_only():
    rng = np.random.default_rng(0)
    model = GoogLeNet(n_class=3, width=1 / 16, image_size=224, auxiliary=True, dropout=0).astype("float64")
    images = rng.standard_normal((1, 3, 224, 224))
    model.reseed(1)
    scores = model(images)
    assert [s.shape for s in scores] == [(1, 3)] * 3
    dscores = [rng.standard_normal((1, 3)) for _ in scores]
    dimages = model.backward(dscores)
    assert all(p.grad.any() for name, p in model.named_parameters() if name.startswith("loss"))
    step = rng.standard_normal(images.shape) * 1e-6
    model.reseed(1)
    up = sum((s * d).sum() for s, d in zip(model(images + step), dscores))
    model.reseed(1)
    down = sum((s * d).sum() for s, d in zip(model(images - step), dscores))
    assert (dimages * step).sum() == pytest.approx((up - down) / 2, rel=1e-4)
    assert model.eval()(images).shape == (1, 3)


@pytest.mark.parametrize("name", BACKBONES)
class TestSurgery:
    def test_the_convolutionized_net_has_the_classifiers_numbers(self, name):
        classifier, side = small(name)
        classifier.astype("float64").eval()
        net = Sequential(convolutionize(classifier)).eval()
        rng = np.random.default_rng(0)
        for parameter in classifier.parameters():
            if parameter.data.ndim == 1:  # biases that keep the few channels alive
                parameter.data += rng.uniform(0.5, 1, parameter.data.shape)
        images = rng.standard_normal((2, 3, side, side))
        scores = classifier(images)
        assert scores.shape == (2, 3) and scores.any()
        np.testing.assert_allclose(net(images)[:, :, 0, 0], scores, rtol=1e-10)

    def test_dropout_drops_whole_channels(self, name):
        net = convolutionize(small(name, dropout=0.25)[0])
        drops = [layer for layer in net.values() if isinstance(layer, Dropout)]
        assert [(type(layer), layer.p) for layer in drops] == [(Dropout2d, 0.25)] * (1 if name == "googlenet" else 2)

    def test_weights_are_shared(self, name):
        classifier, _ = small(name)
        net = Sequential(convolutionize(classifier))
        for (_, one), (_, other) in zip(classifier.named_parameters(), net.named_parameters(), strict=True):
            assert np.shares_memory(one.data, other.data)

    def test_another_image_size_is_refused(self, name):
        classifier, side = small(name)
        with pytest.raises(InputError, match=rf"images have shape .*expected \(N, 3, {side}, {side}\)"):
            classifier(np.zeros((1, 3, side + 32, side + 32), "float32"))

    def test_every_size_is_covered(self, name):
        """Sizes of every remainder by 32, small ones and large ones."""
        model = FCN32s(2, 1 / 64, 2, "same", backbone=name)
        least = model.least_size()
        assert least <= 35
        for size in [*range(least, 129), *range(568, 600)]:
            assert covered(model, size) == size

    def test_transplant_from_the_classifier(self, name):
        classifier, _ = small(name)
        model = FCN32s(5, padding="same", backbone=small(name, seed=7)[0])
        result = transplant(model, classifier.state_dict())
        heads = [] if name == "googlenet" else ["fc6.weight", "fc7.weight"]
        assert result.reshaped == heads
        assert result.left == ["score_fr.weight", "score_fr.bias", "upscore.weight"]
        last = "loss3/classifier" if name == "googlenet" else "fc8"
        assert result.unused == [f"{last}.weight", f"{last}.bias"]
        for key, array in classifier.state_dict().items():
            if key not in result.unused:
                np.testing.assert_array_equal(model.state_dict()[key].ravel(), array.ravel())


def test_a_larger_image_gives_the_heatmap_of_all_crops():
    """Where no layer pads: padding would be seen around every crop, but only around the whole image."""
    bare = type("Bare", (AlexNet,), {"stages": [stage._replace(padding=0) for stage in AlexNet.stages]})
    classifier = bare(n_class=3, width=1 / 8, fc_channels=64).astype("float64").eval()
    image = np.random.default_rng(0).standard_normal((1, 3, 227 + 64, 227 + 32))
    heat = Sequential(convolutionize(classifier)).eval()(image)
    assert heat.shape[2:] == (3, 2)
    for i, j in np.ndindex(3, 2):
        crop = image[:, :, 32 * i : 32 * i + 227, 32 * j : 32 * j + 227]
        np.testing.assert_allclose(heat[:, :, i, j], classifier(crop), atol=1e-12)
    assert heat.std(axis=(2, 3)).min() > 1e-3


def test_freezing_saves_the_gradients_before_the_first_layer_that_learns():
    model = FCN32s(3, 1 / 32, 4, "same", dropout=0)
    for name, parameter in model.named_parameters():
        parameter.trainable = name.startswith(("score", "fc7"))
    model.train_only()
    rng = np.random.default_rng(0)
    model.named["score_fr"].weight.data[...] = rng.standard_normal((3, 4, 1, 1))
    scores = model(rng.standard_normal((1, 3, 40, 40)).astype("float32"))
    kept = [name for name, layer in model.children() if layer._kept is not None]
    assert not any(name.startswith(("conv", "pool", "fc6")) for name in kept)
    assert model.backward(rng.standard_normal(scores.shape).astype("float32")) is None
    learned = {name for name, parameter in model.named_parameters() if parameter._grad is not None}
    assert learned <= {"fc7.weight", "fc7.bias", "score_fr.weight", "score_fr.bias"} and "score_fr.weight" in learned


def test_nothing_that_fits_is_refused():
    with pytest.raises(InputError, match="none of the weights is one of FCN32s's"):
        transplant(FCN32s(2, 1 / 64, 2), {"other.weight": np.zeros(3)})


def test_as_many_numbers_in_another_order_are_refused():
    """(O, C*kh*kw) are (O, C, kh, kw); of a layer's transpose the numbers are as many, but lie otherwise."""
    state = FCN32s(2, 1 / 64, 2, "same").state_dict()
    for name, turned in (("conv2_1.weight", (1, 0, 2, 3)), ("fc6.weight", (1, 2, 3, 0))):
        with pytest.raises(InputError, match=f"{name} has shape"):
            transplant(FCN32s(2, 1 / 64, 2, "same"), state | {name: state[name].transpose(turned)})


def test_at_once_scales_the_pools_before_their_scores():
    """As if the score layers' weights were so much smaller; their gradients are."""
    rng = np.random.default_rng(0)
    settings = {"n_class": 2, "width": 1 / 32, "fc_channels": 2, "padding": "same", "dropout": 0}
    plain, scaled = FCN8s(**settings).astype("float64"), FCN8s(**settings, at_once=True).astype("float64")
    for one, other in zip(plain.parameters(), scaled.parameters(), strict=True):
        one.data[...] = other.data[...] = rng.uniform(-0.5, 1, one.data.shape)
    for pool, scale in (("pool4", 0.01), ("pool3", 0.0001)):
        plain.named[f"score_{pool}"].weight.data *= scale
    images = rng.standard_normal((1, 3, 40, 33))
    scores, dscores = scaled(images), rng.standard_normal((1, 2, 40, 33))
    np.testing.assert_allclose(scores, plain(images), rtol=1e-9)
    np.testing.assert_allclose(scaled.backward(dscores), plain.backward(dscores), rtol=1e-7, atol=1e-12)
    theirs = plain.named["score_pool3"].weight.grad
    np.testing.assert_allclose(scaled.named["score_pool3"].weight.grad, 0.0001 * theirs, rtol=1e-9)
    assert theirs.any()
    with pytest.raises(InputError, match="FCN32s: at_once scales pools"):
        FCN32s(**settings, at_once=True)


@pytest.mark.parametrize(("model", "arrays"), [(None, {}), (FCN32s, {}), ("a network", None), ("a network", [1])])
def test_what_is_no_transplant(model, arrays):
    model = FCN32s(2, 1 / 64, 2) if model == "a network" else model
    with pytest.raises(InputError, match=r"^transplant: (model|arrays) is "):
        transplant(model, arrays)
