"""What `export` writes, in PyTorch: a module of the same layers loads it, and gives the same scores."""

import numpy as np
import pytest

from minifcn.models import FCN8s, FCN16s, FCN32s
from minifcn.weights.exporting import export

from .compare import assert_equal_to, to_torch, torch
from .twin import SMALL, Twin8s, Twin16s, Twin32s, fill_evenly

ABOUT = {"model": "", "settings": {}, "preprocessing": {}, "data": "", "classes": [], "palette": []}
SIZES = [(64, 64), (45, 61), (33, 98)]

EXAMPLE = """
import torch
from torch.nn.functional import conv2d, conv_transpose2d, max_pool2d

w = torch.load("fcn8s.pth", weights_only=True)  # {"conv1_1.weight": tensor, ...}

def conv(x, name):
    return conv2d(x, w[f"{name}.weight"], w[f"{name}.bias"], padding="same")

x, pools = images, [images]
for block, convs in enumerate((2, 2, 3, 3, 3), start=1):
    for number in range(convs):
        x = conv(x, f"conv{block}_{number + 1}").relu()
    pools.append(x := max_pool2d(x, 2, ceil_mode=True))
x = conv(conv(conv(x, "fc6").relu(), "fc7").relu(), "score_fr")
for name, stride, pool in ("upscore2", 2, 4), ("upscore_pool4", 2, 3), ("upscore8", 8, 0):
    weight, crop, (height, width) = w[f"{name}.weight"], stride // 2, pools[pool].shape[2:]
    x = conv_transpose2d(x, weight, stride=stride, groups=x.shape[1] // weight.shape[1])
    x = x[:, :, crop : crop + height, crop : crop + width]
    x = x + conv(pools[pool], f"score_pool{pool}") if pool else x
"""  # x: the scores (N, n_class, H, W)


def images_of(size, seed=1):
    return np.random.default_rng(seed).standard_normal((2, 3, *size), dtype=np.float32)


@pytest.mark.parametrize("padding", [100, "same"])
@pytest.mark.parametrize("ours, twin", [(FCN32s, Twin32s), (FCN16s, Twin16s), (FCN8s, Twin8s)])
def test_a_module_of_the_same_layers_loads_the_pth(tmp_path, ours, twin, padding):
    model = ours(**SMALL, padding=padding)
    fill_evenly(model, np.random.default_rng(0))
    export(tmp_path / "w.pth", model.eval(), ABOUT)
    module = twin(*SMALL.values(), padding)
    module.load_state_dict(torch.load(tmp_path / "w.pth", weights_only=True), strict=True)
    with torch.no_grad():
        for size in SIZES:
            assert_equal_to(module(to_torch(images_of(size))), model(images_of(size)), f"scores of {size}")


@pytest.mark.parametrize("kernels", ["full", "per-class"])
def test_the_example_of_an_fcn8s_in_pytorch(tmp_path, monkeypatch, kernels):
    monkeypatch.chdir(tmp_path)
    model = FCN8s(**SMALL, padding="same", upsampling_kernels=kernels)
    fill_evenly(model, np.random.default_rng(0))
    export("fcn8s.pth", model.eval(), ABOUT)
    for size in SIZES:
        names = {"images": to_torch(images_of(size))}
        exec(EXAMPLE, names)
        assert_equal_to(names["x"], model(images_of(size)), f"scores of {size}")
