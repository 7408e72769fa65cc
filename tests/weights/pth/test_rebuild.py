"""From a file of PyTorch's, or of names as in Caffe, to the network that it was: the same scores."""

import numpy as np
import pytest

from minifcn.errors import InputError
from minifcn.layers import MaxPool2d
from minifcn.models import BACKBONES, MODELS
from minifcn.weights import read_tensors, recognise

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install -r requirements-test.txt")
from parity.twin import Twin8s, Twin16s, Twin32s  # noqa: E402  (needs PyTorch)

nn = torch.nn
VGGS = {  # convolutions of each block, and the poolings
    "vgg11": "4 M 8 M 16 16 M 32 32 M 32 32 M",
    "vgg13": "4 4 M 8 8 M 16 16 M 32 32 M 32 32 M",
    "vgg16": "4 4 M 8 8 M 16 16 16 M 32 32 32 M 32 32 32 M",
    "vgg19": "4 4 M 8 8 M 16 16 16 16 M 32 32 32 32 M 32 32 32 32 M",
}


def alive(module):
    """The torch module with biases so large that no channel of the few is dead."""
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if name.endswith("bias"):
                parameter.uniform_(0.1, 0.5)
            else:
                nn.init.kaiming_normal_(parameter)
    return module.eval()


def torchvisions_vgg(name):
    features, channels = [], 3
    for word in VGGS[name].split():
        if word == "M":
            features.append(nn.MaxPool2d(2, 2))
        else:
            features += [nn.Conv2d(channels, int(word), 3, padding=1), nn.ReLU()]
            channels = int(word)
    head = [
        nn.Linear(32 * 7 * 7, 6),
        nn.ReLU(),
        nn.Dropout(),
        nn.Linear(6, 6),
        nn.ReLU(),
        nn.Dropout(),
        nn.Linear(6, 5),
    ]
    return classifier(features, head)


def torchvisions_alexnet():
    features = [nn.Conv2d(3, 8, 11, 4, 2), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Conv2d(8, 24, 5, padding=2), nn.ReLU()]
    features += [nn.MaxPool2d(3, 2), nn.Conv2d(24, 48, 3, padding=1), nn.ReLU(), nn.Conv2d(48, 32, 3, padding=1)]
    features += [nn.ReLU(), nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2)]
    head = [
        nn.Dropout(),
        nn.Linear(32 * 6 * 6, 6),
        nn.ReLU(),
        nn.Dropout(),
        nn.Linear(6, 6),
        nn.ReLU(),
        nn.Linear(6, 5),
    ]
    return classifier(features, head)


def classifier(features, head):
    module = nn.Module()
    module.features, module.classifier = nn.Sequential(*features), nn.Sequential(*head)
    return alive(module)


def same_scores(theirs, ours):
    assert abs(theirs).max() > 0.1 and np.ptp(theirs) > 0.01
    np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-4 * abs(theirs).max())


@pytest.mark.parametrize("name", [*VGGS, "alexnet-owt"])
def test_classifiers_of_torchvision(name, tmp_path):
    torch.manual_seed(0)
    twin = torchvisions_alexnet() if name == "alexnet-owt" else torchvisions_vgg(name)
    torch.save(twin.state_dict(), tmp_path / "weights.pth")
    found = recognise(read_tensors(tmp_path / "weights.pth"))
    assert found.model == name
    assert found.settings == {"n_class": 5, "width": 1 / 8 if name == "alexnet-owt" else 1 / 16, "fc_channels": 6}
    model = BACKBONES[found.model](**found.settings).eval()
    model.load_state_dict(found.arrays)
    images = torch.randn(2, 3, 224, 224)
    theirs = twin.classifier(twin.features(images).flatten(1))
    same_scores(theirs.detach().numpy(), model(images.numpy()))


@pytest.mark.parametrize(
    "size, theirs_up, ours_up, equal",
    [
        ((64, 64), False, True, True),  # sides that divide by 32: rounding makes no difference
        ((96, 32), False, True, True),
        ((50, 70), False, True, False),
        ((50, 70), True, True, True),  # torchvision's with ceil_mode=True
        ((50, 70), False, False, True),  # ours with ceil_mode=False
    ],
)
def test_torchvisions_networks_round_down_where_ours_round_up(tmp_path, size, theirs_up, ours_up, equal):
    torch.manual_seed(0)
    twin = torchvisions_vgg("vgg11")
    torch.save(twin.state_dict(), tmp_path / "weights.pth")
    found = recognise(read_tensors(tmp_path / "weights.pth"))
    model = BACKBONES[found.model](**found.settings).eval()
    model.load_state_dict(found.arrays)
    for kind, layers, up in ((nn.MaxPool2d, twin.modules(), theirs_up), (MaxPool2d, model.layers(), ours_up)):
        for layer in layers:
            if isinstance(layer, kind):
                layer.ceil_mode = up
    images = torch.randn(2, 3, *size)
    theirs, ours = twin.features(images).detach().numpy(), model.features(images.numpy())
    assert (theirs.shape == ours.shape) == equal
    if equal:
        same_scores(theirs, ours)


@pytest.mark.parametrize("name, make", [("fcn32s", Twin32s), ("fcn16s", Twin16s), ("fcn8s", Twin8s)])
def test_fcns_on_vgg16(name, make, tmp_path):
    torch.manual_seed(0)
    twin = alive(make(n_class=5, width=1 / 16, fc_channels=6, padding=100))
    torch.save(twin.state_dict(), tmp_path / "weights.pth")
    found = recognise(read_tensors(tmp_path / "weights.pth"))
    assert found.model == name
    assert found.settings == {
        "n_class": 5,
        "width": 1 / 16,
        "fc_channels": 6,
        "padding": 100,
        "upsampling_kernels": "full",
    }
    model = MODELS[found.model](**found.settings).eval()
    model.load_state_dict(found.arrays)
    images = torch.randn(1, 3, 45, 61)
    same_scores(twin(images).detach().numpy(), model(images.numpy()))


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda state: {"epoch": 3, "arch": "FCN16s", "best_mean_iu": np.float64(0.5), "model_state_dict": state},
        lambda state: {"model_state_dict": {f"module.{name}": tensor for name, tensor in state.items()}, "epoch": 3},
        lambda state: {f"module._orig_mod.{name}": tensor for name, tensor in state.items()},
        lambda state: {  # of Lightning
            "pytorch-lightning_version": "2.5.0",
            "state_dict": {f"net.{name}": tensor for name, tensor in state.items()},
            "callbacks": {"ModelCheckpoint{'mode': 'min'}": {"best": torch.tensor(0.5), "path": "a.ckpt"}},
            "optimizer_states": [{"state": {0: {"momentum_buffer": torch.ones(3)}}, "param_groups": [{"lr": 0.1}]}],
            "hyper_parameters": {"lr": 0.1, "betas": (0.9, 0.99)},
        },
    ],
    ids=["pytorch-fcn", "parallel", "compiled", "lightning"],
)
def test_checkpoints_of_many_trainers_are_the_network_in_them(wrapped, tmp_path):
    torch.manual_seed(0)
    state = Twin16s(n_class=5, width=1 / 16, fc_channels=6, padding=100).state_dict()
    torch.save(wrapped(state), tmp_path / "checkpoint.pth.tar")
    found = recognise(read_tensors(tmp_path / "checkpoint.pth.tar"))
    assert found.origin == "FCN-16s of Caffe" and found.arrays.keys() == state.keys()
    for name, tensor in state.items():
        np.testing.assert_array_equal(found.arrays[name], tensor.numpy())


CAFFES = {  # which network, its settings
    "caffenet": (BACKBONES, "alexnet", {"n_class": 5, "width": 1 / 8, "fc_channels": 6}),
    "googlenet": (BACKBONES, "googlenet", {"n_class": 5, "width": 1 / 8}),
    "googlenet, auxiliary": (BACKBONES, "googlenet", {"n_class": 5, "width": 1 / 8, "auxiliary": True}),
    "fcn-alexnet": (
        MODELS,
        "fcn-alexnet",
        {"n_class": 5, "width": 1 / 8, "fc_channels": 6, "padding": 100, "upsampling_kernels": "full"},
    ),
    "fcn-googlenet": (
        MODELS,
        "fcn-googlenet",
        {"n_class": 5, "width": 1 / 8, "padding": 100, "upsampling_kernels": "per-class"},
    ),
    "fcn8s, a kernel for each class": (
        MODELS,
        "fcn8s",
        {"n_class": 5, "width": 1 / 16, "fc_channels": 6, "padding": 100, "upsampling_kernels": "per-class"},
    ),
    "fcn32s, one class": (
        MODELS,
        "fcn32s",
        {"n_class": 1, "width": 1 / 16, "fc_channels": 6, "padding": 100, "upsampling_kernels": "full"},
    ),
}


@pytest.mark.parametrize("case", CAFFES)
def test_networks_with_names_as_in_caffe(case, tmp_path):
    models, name, settings = CAFFES[case]
    original, rng = models[name](**settings, seed=1).eval(), np.random.default_rng(0)
    for parameter in original.parameters():
        parameter.data += rng.uniform(0, 0.1, parameter.data.shape).astype("float32")
    state = {key: torch.from_numpy(array) for key, array in original.state_dict().items()}
    torch.save(state, tmp_path / "weights.pth")
    found = recognise(read_tensors(tmp_path / "weights.pth"))
    assert (found.model, found.settings) == (name, settings)
    model = models[name](**found.settings).eval()
    model.load_state_dict(found.arrays)
    side = original.image_size if models is BACKBONES else 40
    images = rng.standard_normal((1, 3, side, side)).astype("float32")
    scores = original(images)
    assert scores.any()
    np.testing.assert_array_equal(model(images), scores)


def test_slashes_in_the_names_of_an_npz(tmp_path):
    original = BACKBONES["googlenet"](3, 1 / 16)
    np.savez(tmp_path / "weights.npz", **original.state_dict())
    found = recognise(read_tensors(tmp_path / "weights.npz"))
    BACKBONES[found.model](**found.settings).load_state_dict(found.arrays)
    assert found.settings == {"n_class": 3, "width": 1 / 16}


def changed(name, shape):
    arrays = MODELS["fcn16s"](3, 1 / 16, 4).state_dict()
    assert name in arrays and arrays[name].shape != shape
    return arrays | {name: np.zeros(shape, "float32")}


@pytest.mark.parametrize(
    "name, shape",
    [
        ("conv1_1.weight", (4, 4, 3, 3)),  # images with 4 channels
        ("conv1_1.weight", (0, 3, 3, 3)),
        ("conv1_1.weight", ()),
        ("conv1_1.weight", (10**9, 0, 3, 3)),  # a network of that width would not fit in the memory
        ("conv2_1.weight", (9, 4, 3, 3)),
        ("conv4_3.bias", (31,)),
        ("fc6.weight", (4, 32 * 49)),  # a classifier's
        ("fc7.weight", (5, 4, 1, 1)),
        ("score_fr.weight", (4, 4, 1, 1)),
        ("score_pool4.weight", (3, 31, 1, 1)),
        ("upscore2.weight", (3, 2, 4, 4)),
        ("upscore2.weight", (3, 1, 4, 4)),  # a kernel for each class there, for each pair of classes in upscore16
        ("upscore16.weight", (3, 3, 16, 16)),
    ],
)
def test_shapes_that_make_no_network_are_refused_in_one_line(name, shape):
    with pytest.raises(InputError, match="shape") as error:
        recognise(changed(name, shape))
    assert "\n" not in str(error.value) and len(str(error.value)) < 300


def test_no_classes_are_refused():
    arrays = MODELS["fcn32s"](3, 1 / 16, 4).state_dict()
    for name in ("score_fr.weight", "score_fr.bias", "upscore.weight"):
        arrays[name] = arrays[name][:0]
    arrays["upscore.weight"] = arrays["upscore.weight"][:, :0]
    with pytest.raises(InputError, match=r"score_fr.weight of the weights has the shape \(0, 4, 1, 1\)"):
        recognise(arrays)
