"""The three networks, small, and the names of their layers."""

import numpy as np

from minifcn.models import FCN8s, FCN16s, FCN32s

NETS = [FCN32s, FCN16s, FCN8s]
TRUNK = [
    *["conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1", "conv3_2", "conv3_3"],
    *["conv4_1", "conv4_2", "conv4_3", "conv5_1", "conv5_2", "conv5_3", "fc6", "fc7", "score_fr"],
]
SKIPS = {FCN32s: [], FCN16s: ["score_pool4"], FCN8s: ["score_pool4", "score_pool3"]}
UPSCORES = {
    FCN32s: ["upscore"],
    FCN16s: ["upscore2", "upscore16"],
    FCN8s: ["upscore2", "upscore_pool4", "upscore8"],
}


def tiny(net, padding=100, **settings):
    return net(**{"n_class": 2, "width": 1 / 64, "fc_channels": 3, "padding": padding, "dropout": 0.0} | settings)


def filled(model, seed=0):
    """Random weights everywhere, score layers too, in float64; with biases that keep the few channels alive."""
    rng = np.random.default_rng(seed)
    for name, parameter in model.astype("float64").named_parameters():
        if name.endswith("bias"):
            parameter.data[...] = rng.uniform(0.5, 1, parameter.data.shape)
        elif not name.startswith("upscore"):
            parameter.data[...] = rng.standard_normal(parameter.data.shape) / np.sqrt(parameter.data[0].size)
    return model
