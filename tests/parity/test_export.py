"""What `export` writes, in PyTorch: a module of the same layers loads it, and gives the same scores."""

import numpy as np
import pytest
import tiny

from minifcn.models import FCN8s, FCN16s, FCN32s
from minifcn.weights.exporting import export

from .compare import assert_equal_to, to_torch, torch
from .twin import SMALL, Twin8s, Twin16s, Twin32s, fill_evenly

ABOUT = {"model": "", "settings": {}, "preprocessing": {}, "data": "", "classes": [], "palette": []}
SIZES = [(64, 64), (45, 61), (33, 98)]

EXAMPLE = tiny.readme_block("fcn8s.pth")


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
