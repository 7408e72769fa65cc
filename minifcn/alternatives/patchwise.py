"""Patchwise training is loss sampling (paper, section 3.4).

Training on patches: cut the receptive field of some pixels out of the images, run the net on each, descend. Training on
whole images: run the net once, and sum the loss over all scores. The two are one: the gradient of a sum is the sum of
gradients, and each score of a net without padding is the net's answer to its own patch. So a batch of patches is a
whole image whose loss counts at the patches' pixels only. Where the patches overlap, the whole image computes once
what they compute over and over.

A pixel is left out by giving it the void label, 255, which the loss passes over (`data.sample_pixels`). The paper
(section 4.3) keeps each pixel with probability p, and takes 1/p times as many images to see as many pixels: learning
gets no better by the step, and slower by the clock. So it trains on whole images, all pixels counted.
"""

import copy

import numpy as np

from minifcn.alternatives import nets
from minifcn.alternatives.nets import Net
from minifcn.backend import Array, to_host
from minifcn.data import VOID
from minifcn.errors import InputError
from minifcn.layers import Sequential, SoftmaxCrossEntropy


def sampled_gradients(net: Net, images: Array, labels: Array) -> tuple[float, dict[str, Array]]:
    """Run the net once on whole images; sum the loss over the pixels that are not void.

    net     without padding: Sequential or list of Conv2d, ReLU and MaxPool2d
    images  (N, C, H, W)
    labels  (N, h, w), one for each score
    -> (loss, {parameter's name: gradient}); the net and its own gradients are left as they were

    Raises InputError for a net that pads, and for labels that are not as many as scores.
    """
    own, criterion = _prepared(net, images, labels, "sampled_gradients")
    loss = criterion(own(images), labels)
    own.backward(criterion.backward())
    return loss, _gradients(own)


def patch_gradients(net: Net, images: Array, labels: Array) -> tuple[float, dict[str, Array]]:
    """The same by cutting out the patch of each pixel that is not void and running the net on each, one by one.

    Takes, returns and raises as `sampled_gradients`.
    """
    own, criterion = _prepared(net, images, labels, "patch_gradients")
    (rows, cols), (f, g) = nets.receptive_field(net), nets.total_stride(net)
    loss = 0.0
    for n, i, j in np.argwhere(to_host(labels) != VOID).tolist():
        patch = images[n : n + 1, :, i * f : i * f + rows, j * g : j * g + cols]  # (1, C, R, S), one score
        loss += criterion(own(patch), labels[n : n + 1, i : i + 1, j : j + 1])
        own.backward(criterion.backward())  # adds to the gradients of the patches before
    return loss, _gradients(own)


def _prepared(net, images, labels, road):
    """A copy of the net for training, gradients 0, and the loss, a sum; all that is given is checked."""
    net = copy.deepcopy(Sequential(nets.twins(nets.without_padding(net, road)))).train()
    net.zero_grad()
    nets.check_image(net, images, road)
    expected = len(images), *nets.score_size(net, images.shape[2:], road)
    if getattr(labels, "shape", None) != expected:
        given = tuple(labels.shape) if hasattr(labels, "shape") else type(labels).__name__
        raise InputError(f"{road}: labels are {given}, expected {expected}: one for each score")
    return net, SoftmaxCrossEntropy(VOID, reduction="sum")


def _gradients(net):
    return {name: parameter.grad for name, parameter in net.named_parameters() if parameter.trainable}
