"""The sections: whose cases they time, and what the definition of each costs."""

import numpy as np
import pytest

from minifcn.commands.bench import engines, sections
from minifcn.models import MODELS
from minifcn.models.summary import summarize

TINY = {"n_class": 3, "width": 1 / 32, "fc_channels": 5, "upsampling": "learned"}


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="PyTorch is not installed")


def test_the_layers_are_vggs():
    """Nine shapes among thirteen layers; sizes for 500x500 with padding 100, multiplications by hand for one."""
    layers = {case.name: case for case in sections.layers()}
    names = "conv1_1 conv1_2 conv2_1 conv2_2 conv3_1 conv3_2 conv4_1 conv4_2 conv5_1"
    assert " ".join(layers) == names
    assert layers["conv2_1"].flops == 3 * 2 * 9 * 64 * 128 * 349 * 349
    assert layers["conv2_1"].bytes == 3 * 4 * (64 * 349 * 349 + 128 * 349 * 349 + 9 * 64 * 128)


def test_the_forward_passes_flops_are_the_summarys():
    assert sections.full()["forward"].flops == pytest.approx(2 * 182e9, rel=0.01)


def test_a_steps_flops_are_those_of_two_gradients_but_of_the_images():
    """By hand for the first two convolutions: forward, dL/dweight, and dL/dx of the second alone; two images."""
    first, second, *_ = (2 * 9 * 6 * 4 * pairs for pairs in (3 * 2, 2 * 2))
    net = {"n_class": 2, "width": 1 / 32, "fc_channels": 2, "padding": "same"}
    case = sections._step_case("a step", net, (2, 3, 6, 4), 1)
    others = [2 * row.multiply_adds for row in summarize(MODELS["fcn8s"](**net), (6, 4))][2:]
    assert case.flops == 2 * (2 * first + 3 * second + 3 * sum(others))


def test_each_forward_pass_is_of_the_network_it_names(torch, monkeypatch):
    """Their layers tell them apart; all sides give the same scores."""
    monkeypatch.setattr(sections, "FULL", TINY | {"padding": 100})
    monkeypatch.setattr(sections, "IMAGE", (1, 3, 40, 33))
    installed = [name for name in engines.ENGINES if not engines.missing(name)]
    built, twins = [], sections.twins
    monkeypatch.setattr(sections, "twins", lambda *given: built.append(twins(*given)) or built[-1])
    first_layers = {
        "FCN-8s": "conv1_1",
        "FCN-AlexNet": "conv1",
        "FCN-VGG16": "conv1_1",
        "FCN-GoogLeNet": "conv1/7x7_s2",
    }
    titles = []
    for case in sections.networks():
        title, what = case.name.split(", 500x500: ")[0], case.name.rpartition(": ")[2]
        if what == "forward":
            functions = case.make("cpu")
            names = [name for name, _ in built[-1][0].children()]
            assert names[0] == first_layers[title]
            assert ("upscore8" in names) == (title == "FCN-8s")
            assert set(functions) == {"minifcn", "PyTorch", *installed}
            scores = functions.pop("minifcn")()
            assert scores.shape == (1, 3, 40, 33)
            for name, function in functions.items():
                np.testing.assert_allclose(
                    np.asarray(function()), scores, rtol=1e-4, atol=1e-5 * abs(scores).max(), err_msg=name
                )
            titles.append(title)
    assert titles == list(first_layers)


def test_parts_name_what_fcn_8s_has():
    names = [case.name for case in sections.parts()]
    assert names[:2] == ["relu1_1", "pool1"]
    assert names[-4:] == ["upscore2", "upscore_pool4", "upscore8", "loss, 21 classes, 500x500"]


def test_the_small_networks_are_of_the_batches_they_name(monkeypatch):
    """Forward passes of whoever has one, steps of minifcn and PyTorch; kernels that are learned are not bilinear."""
    built = []
    monkeypatch.setattr(sections, "SMALL", TINY | {"padding": "same", "upsampling": "fixed"})
    monkeypatch.setattr(sections, "twins", lambda settings, device, *network: built.append(settings) or (None, None))
    monkeypatch.setattr(sections, "forward", lambda model, other, shape, device: {"minifcn": shape})
    monkeypatch.setattr(sections, "training_step", lambda model, other, shape, device: {"minifcn": shape})
    monkeypatch.setattr(sections.engines, "forward", lambda model, images: {"an engine": images.shape})
    for case in sections.small():
        functions = case.make("cpu")
        images, side = case.name.split("x")[0].split(" of ")
        assert functions["minifcn"] == (int(images), 3, int(side), int(side))
        if ": forward" in case.name:
            assert functions["an engine"] == functions["minifcn"]
            assert "an engine" not in case.make("gpu")
        else:
            assert list(functions) == ["minifcn"]
        assert built[-1]["upsampling"] == ("learned" if "learned" in case.name else "fixed")
