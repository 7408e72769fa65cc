"""A large image in tiles: the scores of the whole, at every pixel."""

from itertools import pairwise

import numpy as np
import pytest
import tiny

from minifcn.errors import InputError
from minifcn.models import MODELS, FCN8s, tiles
from minifcn.models.tiles import Tiled

NETS = [
    ("fcn32s", {}),
    ("fcn16s", {}),
    ("fcn8s", {}),
    ("fcn8s", {"at_once": True, "upsampling_kernels": "per-class"}),
    ("fcn8s", {"backbone": "vgg11-lrn"}),
    ("fcn-alexnet", {}),
    ("fcn-googlenet", {}),
]


def assert_equal_to_the_whole(model, tile, x):
    whole = model(x)
    assert len(np.unique(whole)) > 1000  # no network of zeros
    bands = list(Tiled(model, tile).scores(x.shape[2:], lambda rows, cols: x[:, :, rows, cols]))
    assert [rows.start for rows, _ in bands] == [0, *(rows.stop for rows, _ in bands[:-1])]
    found = np.concatenate([scores for _, scores in bands], axis=1)
    np.testing.assert_allclose(found, whole[0], rtol=0, atol=1e-5 * abs(whole).max())


@pytest.mark.parametrize("padding", [100, "same"])
@pytest.mark.parametrize("name, settings", NETS)
def test_tiles_give_the_scores_of_the_whole_image(name, settings, padding, monkeypatch):
    monkeypatch.setattr(tiles, "BAND", 15_000)  # some rows at a time
    if name == "fcn-googlenet":
        settings = {"width": 1 / 8}
    elif name == "fcn-alexnet":
        settings = {"width": 1 / 4}
    model = tiny.filled(MODELS[name](3, **{**tiny.NETWORK, "padding": padding, **settings})).eval()
    rng = np.random.default_rng([len(name), len(settings)])
    for _ in range(1 if padding == 100 else 3):
        height, width = rng.integers(70, 180, 2)
        tile = Tiled(model).least_tile() + rng.integers(20, 80)
        assert_equal_to_the_whole(model, int(tile), rng.standard_normal((1, 3, height, width)).astype("float32"))


def test_the_overlap_is_the_receptive_field():
    """VGG16's pool3 sees 44 pixels in steps of 8 (Simonyan and Zisserman's table, by hand): 2 more for each 3x3."""
    seen = 1
    for convolutions, step in ((3, 4), (2, 2), (2, 1)):  # from pool3 back: of each block, and the pitch in it
        seen += step + convolutions * 2 * step
    assert seen == 44
    model = FCN8s(2, **tiny.NETWORK).eval()
    assert Tiled(model).least_tile() == 44 + 7
    with pytest.raises(InputError, match=r"tile 50: expected at least 51 pixels for FCN-8s, .* receptive field of 44$"):
        Tiled(model, 50)
    windows = []
    x = tiny.scenes()[0][0][0].transpose(2, 0, 1)[None].astype("float32").repeat(5, axis=3)  # 32x160

    def read(rows, cols):
        windows.append((rows.start, rows.stop, cols.start, cols.stop))
        return x[:, :, rows, cols]

    list(Tiled(model, 76).scores((32, 160), read))
    assert max(stop - start for _, _, start, stop in windows) <= 76 and len(windows) > 2
    assert all(before - after >= 44 - 8 for (_, _, _, before), (_, _, after, _) in pairwise(windows))


def test_an_image_that_is_too_small_says_so():
    model = FCN8s(2, **tiny.NETWORK | {"padding": 70}).eval()
    with pytest.raises(InputError, match="an image of 20x30 pixels is too small for padding 70"):
        list(Tiled(model).scores((30, 20), lambda *_: None))


def test_the_model_itself_is_as_before():
    model = tiny.filled(FCN8s(3, **tiny.NETWORK)).eval()
    x = np.random.default_rng(0).standard_normal((1, 3, 90, 70)).astype("float32")
    before, names = model(x), dict(model.named_parameters())
    list(Tiled(model, 60).scores((90, 70), lambda rows, cols: x[:, :, rows, cols]))
    np.testing.assert_array_equal(model(x), before)
    assert dict(model.named_parameters()) == names


@pytest.mark.parametrize(("model", "tile"), [(None, 64), (FCN8s, 64), ("a network", "64"), ("a network", 0)])
def test_what_has_no_tiles(model, tile):
    model = FCN8s(3, **tiny.NETWORK) if model == "a network" else model
    with pytest.raises(InputError, match=r"^Tiled: (model|tile) is "):
        Tiled(model, tile)
