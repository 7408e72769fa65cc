"""From a classifier of whole images to a net for images of any size (paper, section 3.1 and 4.1; slides "Adapting
classifiers for dense prediction").

A fully connected layer looks at all of its input at once. It is a convolution whose kernel is as large as that input:
the same weights, reshaped. On a larger image that convolution has more than one place, and gives a map.
"""

from minifcn.convolution.geometry import Place
from minifcn.layers import AvgPool2d, Conv2d, Dropout, Dropout2d, Flatten, Layer, Linear
from minifcn.models.classifier import Classifier


def convolutionize(classifier: Classifier) -> dict[str, Layer]:
    """The layers of a `Classifier`, fully connected ones as convolutions -> {published name: layer}.

    `Sequential` of them gives (N, n_class, 1, 1) for the classifier's image size, with its very numbers, and a map for
    larger images. Weights are shared with the classifier, not copied; dropout drops whole channels.
    """
    place, layers = Place(classifier.image_size), {}
    for name, layer, *_ in classifier.steps[False]:  # without auxiliary classifiers
        if isinstance(layer, Linear):
            layer = _as_convolution(layer, place.size)
        elif type(layer) is Dropout:
            layer = Dropout2d(layer.p)
        if not isinstance(layer, Flatten):
            layers[name] = layer
            place = layer.output_place(0, place)
    return layers


def _as_convolution(linear, size):
    """A Linear on C x size x size numbers as a Conv2d, its weights a view of the same numbers."""
    conv = Conv2d(linear.in_features // size**2, linear.out_features, size)
    conv.weight = linear.weight.reshaped(conv.weight.shape)
    conv.bias = linear.bias
    return conv


def make_trunk(classifier: Classifier, padding: int | str) -> dict[str, Layer]:
    """What an FCN takes of a `Classifier` -> {published name: layer}: all but the average pooling and the last layer.

    padding  pixels around the image, with none around the maps of fc6; or "same": half of the kernel in both places
    """
    trunk = {name: layer for name, layer in convolutionize(classifier).items() if not isinstance(layer, AvgPool2d)}
    trunk.popitem()
    head = [layer for name, layer in trunk.items() if name in classifier.heads]
    first = next(layer for layer in trunk.values() if isinstance(layer, Conv2d))
    for conv, pixels in [(first, padding)] + [(layer, 0) for layer in head if isinstance(layer, Conv2d)]:
        conv.padding = tuple(k // 2 for k in conv.kernel_size) if padding == "same" else (pixels, pixels)
    return trunk
