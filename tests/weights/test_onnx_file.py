"""ONNX files: ONNX Runtime gives the same scores, on images of any size, and everything is in the file once."""

import io
import sys

import numpy as np
import pytest

from minifcn import layers
from minifcn.errors import InputError
from minifcn.models import BACKBONES, MODELS
from minifcn.weights import onnx_file
from minifcn.weights.onnx_file import write_onnx

SIZES = [(64, 64), (45, 61), (1, 98)]
ABOUT = '{"classes": ["Blatt", "葉"]}'


def filled(model, seed=0):
    """The model with numbers that keep every layer alive, in evaluation mode."""
    rng = np.random.default_rng(seed)
    for name, parameter in model.named_parameters():
        inputs = 4 if name.startswith("upscore") else np.prod(parameter.shape[1:])  # taps that meet in an output
        scale = 0.1 if name.endswith("bias") else np.sqrt(2 / inputs)
        parameter.data[...] = scale * rng.standard_normal(parameter.shape)
    return model.eval()


def written(model):
    """The file's bytes, once ONNX has checked them."""
    onnx = pytest.importorskip("onnx", reason="onnx is not installed: pip install 'minifcn[onnx]'")
    file = io.BytesIO()
    write_onnx(file, model, ABOUT)
    onnx.checker.check_model(onnx.load_from_string(file.getvalue()), full_check=True)
    return file.getvalue()


def assert_same_scores(model, sizes):
    """ONNX Runtime gives what the model gives, for one image and for several."""
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    session = runtime.InferenceSession(written(model), providers=["CPUExecutionProvider"])
    assert session.get_modelmeta().custom_metadata_map == {"minifcn": ABOUT}
    rng = np.random.default_rng(1)
    for number, size in enumerate(sizes, start=1):
        images = rng.standard_normal((number, 3, *size), dtype=np.float32)
        (theirs,) = session.run(["scores"], {"images": images})
        ours = model(images)
        assert theirs.shape == ours.shape and np.ptp(ours) > 0.01
        np.testing.assert_allclose(theirs, ours, rtol=1e-3, atol=1e-5 * abs(ours).max())


@pytest.mark.parametrize("padding", [100, "same"])
@pytest.mark.parametrize("name", ["fcn32s", "fcn16s", "fcn8s"])
def test_fcns_on_vgg16_at_three_sizes(name, padding):
    assert_same_scores(filled(MODELS[name](5, 1 / 16, 8, padding)), SIZES)


@pytest.mark.parametrize(
    "name, settings",
    [
        ("fcn-alexnet", {"fc_channels": 8}),  # groups, normalisation, poolings that overlap
        ("fcn-googlenet", {"padding": "same"}),  # networks inside the network
        ("fcn8s", {"backbone": "vgg11-lrn", "at_once": True, "upsampling_kernels": "per-class", "fc_channels": 8}),
    ],
)
def test_fcns_on_other_classifiers(name, settings):
    assert_same_scores(filled(MODELS[name](3, 1 / 16, **settings)), SIZES[:2])


@pytest.mark.parametrize("name, settings", [("alexnet", {"fc_channels": 8}), ("googlenet", {"auxiliary": False})])
def test_classifiers_at_their_own_size(name, settings):
    assert_same_scores(filled(BACKBONES[name](4, 1 / 8, image_size=67, **settings)), [(67, 67)] * 2)


def test_what_lies_around_a_map():
    """A padding that is larger at the end, and one that does not count."""
    model = BACKBONES["alexnet"](4, 1 / 8, image_size=67, fc_channels=8)
    model.named["conv3"] = layers.Conv2d(32, 48, (2, 4), padding="same", dilation=(3, 1))
    model.named["pool5"] = layers.AvgPool2d(3, 2, padding=1, count_include_pad=False)
    model.named["fc6"] = layers.Linear(32 * 2 * 2, 8)
    assert_same_scores(filled(model), [(67, 67)])


def test_no_weight_is_there_twice():
    model = filled(MODELS["fcn8s"](3, 1 / 16, 64, "same"))
    taken = sum(parameter.data.nbytes for parameter in model.parameters())
    assert taken < len(written(model)) < taken + 20_000


def test_the_same_network_gives_the_same_bytes():
    assert written(filled(MODELS["fcn16s"](3, 1 / 16, 8))) == written(filled(MODELS["fcn16s"](3, 1 / 16, 8)))


class Halved(layers.Scale):
    """A layer that nobody but this test knows."""


def test_a_layer_without_a_row_is_refused_by_name():
    pytest.importorskip("onnx", reason="onnx is not installed: pip install 'minifcn[onnx]'")
    model = MODELS["fcn8s"](3, 1 / 16, 8, at_once=True)
    model.named["scale_pool4"] = Halved(0.5)
    with pytest.raises(InputError, match=r"^scale_pool4 is a Halved, which is not written as ONNX here$"):
        write_onnx(io.BytesIO(), model, ABOUT)


def test_more_than_protobuf_holds_is_refused(monkeypatch):
    pytest.importorskip("onnx", reason="onnx is not installed: pip install 'minifcn[onnx]'")
    with pytest.raises(InputError, match=r"^the weights take 3\.4 GiB, ONNX holds less than 2: take .safetensors or"):
        write_onnx(io.BytesIO(), MODELS["fcn32s"](3, fc_channels=20_000), ABOUT)  # no number of it is drawn
    monkeypatch.setattr(onnx_file, "MOST", 1000)
    with pytest.raises(InputError, match="ONNX holds less"):
        write_onnx(io.BytesIO(), MODELS["fcn32s"](3, 1 / 16, 8), ABOUT)


def test_without_the_package_its_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(InputError, match=r"needs the package onnx .*: pip install 'minifcn\[onnx\]'$") as error:
        write_onnx(io.BytesIO(), MODELS["fcn32s"](3, 1 / 16, 8), ABOUT)
    assert "\n" not in str(error.value)
