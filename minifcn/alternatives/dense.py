"""A whole image at once, or patch by patch (paper, section 3.1).

A classifier that takes patches of R x R pixels can be led over an image, f pixels at a time, and asked about each
patch. Convolutional all through, it answers for the whole image in one pass, with the same scores: what two patches
share is computed once. The paper tells of AlexNet and 10x10 scores: 22 ms for the image, 1.2 ms for each patch in large
batches, which is 5 times as much in all, and 5.4 ms for a patch alone, 25 times as much.
"""

import numpy as np

from minifcn.alternatives.nets import Net, evaluating, receptive_field, score_size, total_stride
from minifcn.backend import Array, array_module
from minifcn.convolution.geometry import whole


def dense(net: Net, image: Array) -> Array:
    """The scores of a whole image in one pass.

    net    without padding: Sequential or list of Conv2d, ReLU and MaxPool2d
    image  (N, C, H, W)
    -> scores (N, O, h, w), one every f rows and g columns, where (f, g) is the net's stride. The net is left as it was.

    Raises InputError for a net that pads, and for an image smaller than its receptive field.
    """
    return evaluating(net, image, "dense")(image)


def patch_by_patch(net: Net, image: Array, batch: int = 1) -> Array:
    """The same scores by cutting out the receptive field of each, every f rows and g columns.

    batch  so many patches go through the net together

    Takes, returns and raises as `dense`.
    """
    net = evaluating(net, image, "patch_by_patch")
    batch = whole(batch, "patch_by_patch: batch", 1)
    xp, n = array_module(image), len(image)
    (rows, cols), (f, g) = receptive_field(net), total_stride(net)
    size = score_size(net, image.shape[2:], "patch_by_patch")
    places, scores = list(np.ndindex(*size)), None
    for some in (places[first : first + batch] for first in range(0, len(places), batch)):
        patches = [image[:, :, i * f : i * f + rows, j * g : j * g + cols] for i, j in some]  # (N, C, R, S) each
        answers = net(xp.concatenate(patches))  # (patches * N, O, 1, 1)
        if scores is None:
            scores = xp.empty((n, answers.shape[1], *size), dtype=answers.dtype)
        for number, (i, j) in enumerate(some):
            scores[:, :, i, j] = answers[number * n : (number + 1) * n, :, 0, 0]
    return scores
