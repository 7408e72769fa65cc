"""The scores of an FCN as a sum: of the coarsest map's and each pool's, each brought to the image's size by itself.

Upsampling that is fixed is linear and mixes no classes, so that it does not matter whether maps are added first and
upsampled then, as the network does, or the other way round.
"""

from typing import Any

import numpy as np

from minifcn.errors import InputError
from minifcn.layers import ConvTranspose2d, Crop, Graph
from minifcn.models.fcn import FCN


def score_maps(model: FCN, x: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """({name: map (n_class, h, w)}, scores (n_class, H, W)) of the network's input (1, 3, H, W).

    The maps are the scores that nothing was added to yet: score_fr, and score_pool4 and score_pool3 where there are.
    """
    names = ("score_fr", *(f"score_{pool}" for pool in model.skips))
    *maps, scores = _through(model, (*names, "crop"))(x)
    return {name: found[0] for name, found in zip(names, maps)}, scores[0]


def way_up(model: FCN, name: str, image_size: tuple[int, int]) -> list[dict[str, Any]]:
    """The steps that bring the map `name` to the image's size, each fit for JSON.

    {"stride": s, "taps": [...]}               a transposed convolution of every class with the taps' outer product
    {"crop": [first row, column], "size": [rows, columns]}
    Raises InputError where upsampling is learned: it may then mix classes.
    """
    if model.settings["upsampling"] != "fixed":
        raise InputError(f"{model.title}: its upsampling is learned; expected fixed, which adds up class by class")
    along = [model.places_along(axis, size) for axis, size in enumerate(image_size)]
    steps = []
    while carries := [node for node in model.named if _carries(model, node, name)]:
        (name,) = carries
        layer = model.named[name]
        if isinstance(layer, ConvTranspose2d):
            tent = np.asarray(layer.weight.data[0, 0])  # (k, k), of class 0 to class 0: the outer product of its taps
            steps.append({"stride": layer.stride[0], "taps": (tent[len(tent) // 2] / np.sqrt(tent.max())).tolist()})
        elif isinstance(layer, Crop):
            steps.append({"crop": list(layer.offset), "size": [places[name].size for places in along]})
    return steps


def brought_up(scores: np.ndarray, steps: list[dict[str, Any]]) -> np.ndarray:
    """A map (n_class, h, w) after these steps: (n_class, H, W)."""
    for step in steps:
        if "crop" in step:
            (top, left), (height, width) = step["crop"], step["size"]
            scores = scores[:, top : top + height, left : left + width]
        else:
            n_class, taps = len(scores), np.asarray(step["taps"], scores.dtype)
            up = ConvTranspose2d(n_class, n_class, len(taps), step["stride"], groups=n_class, bias=False)
            up.weight.data = np.tile(np.outer(taps, taps), (n_class, 1, 1, 1))
            scores = up(scores[None])[0]
    return scores


def _carries(model, node, name):
    """Whether this node takes the map `name`, and not for its size alone."""
    taken = model.inputs[node]
    return name in (taken[:1] if isinstance(model.named[node], Crop) else taken)


def _through(model, outputs):
    """The same network with these nodes' maps as outputs."""
    nodes = {name: (layer, *model.inputs[name]) for name, layer in model.named.items()}
    return Graph(nodes, outputs).eval()
