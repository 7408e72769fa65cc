"""The numbers behind the page "What a network sees"."""

import base64
import json

import numpy as np
import pytest
import tiny
from PIL import Image

from book.network import make
from book.network.scores import brought_up, score_maps, way_up
from book.network.seen import blocks, gradients, spans, square
from minifcn.data import Preprocessing, open_dataset
from minifcn.errors import InputError
from minifcn.models import FCN8s, FCN16s, FCN32s

SIZE = 40, 60


def network(kind, seed=0, **settings):
    """A tiny network in float64 whose scores differ, and whose pools count."""
    model = kind(n_class=3, **tiny.NETWORK | settings).astype("float64").eval()
    rng = np.random.default_rng(seed)
    for name, parameter in model.named_parameters():
        if name.startswith("score"):
            parameter.data = rng.normal(size=parameter.data.shape)
    return model


def image(seed=1):
    return np.random.default_rng(seed).normal(size=(1, 3, *SIZE))


@pytest.mark.parametrize("padding", ["same", 100])
@pytest.mark.parametrize("kind", [FCN32s, FCN16s, FCN8s])
def test_maps_brought_up_one_by_one_sum_to_the_scores(kind, padding):
    model, x = network(kind, padding=padding), image()
    maps, scores = score_maps(model, x)
    assert list(maps) == ["score_fr", "score_pool4", "score_pool3"][: 1 + len(kind.skips)]
    parts = [brought_up(scores, way_up(model, name, SIZE)) for name, scores in maps.items()]
    assert all(np.abs(part).max() > 0.01 for part in parts)
    np.testing.assert_allclose(sum(parts), model(x)[0], atol=1e-6)  # taps come from weights in float32
    np.testing.assert_array_equal(scores, model(x)[0])


def test_learned_upsampling_is_refused():
    with pytest.raises(InputError, match="upsampling is learned"):
        way_up(FCN8s(n_class=3, upsampling="learned", **tiny.NETWORK), "score_fr", SIZE)


@pytest.mark.parametrize("axis", [0, 1])
def test_spans_are_the_pixels_that_change_something(axis):
    """Each row (column) of the image is pushed, and it is noted which pixels of the map move."""
    model, size = network(FCN8s), SIZE[axis]
    for name, parameter in model.named_parameters():  # nothing cancels, and every rectifier passes
        parameter.data = np.ones_like(parameter.data) / parameter.data[0].size
        parameter.data[...] += name.endswith("bias")
    for name in ("conv1_1", "pool1", "pool3", "conv4_2", "pool4"):
        check_span(model, spans(model, axis, size)[name], name, axis, size)


def check_span(model, seen, name, axis, size):
    from minifcn.layers import Graph

    nodes = {node: (layer, *model.inputs[node]) for node, layer in model.named.items()}
    net = Graph(nodes, (name,)).eval()
    x = np.ones((1, 3, *SIZE))
    before = net(x)
    moved = []
    for pixel in range(size):
        pushed = x.copy()
        pushed[(..., pixel, slice(None)) if axis == 0 else (..., pixel)] += 100.0
        moved.append((net(pushed) != before).any(axis=(0, 1, 3 - axis)))
    moved = np.array(moved)  # (pixels of the image, pixels of the map)
    np.testing.assert_array_equal(seen.first, moved.argmax(axis=0))
    np.testing.assert_array_equal(seen.last, size - 1 - moved[::-1].argmax(axis=0))
