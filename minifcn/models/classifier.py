"""What VGG, AlexNet and GoogLeNet share as classifiers of whole images; and the surgery that makes of them a net for
images of any size (paper, sections 3.1 and 4.1; slides "Adapting classifiers for dense prediction").
"""

import math
from typing import Any

from minifcn.backend import Array
from minifcn.checks import number
from minifcn.convolution.checks import check_floats
from minifcn.convolution.geometry import Place, pair, whole
from minifcn.errors import InputError
from minifcn.layers import AvgPool2d, Conv2d, Dropout, Dropout2d, Flatten, Graph, Layer, Linear, ReLU, Sequential
from minifcn.layers.parameter import Draws

Layers = dict[str, Layer]  # {published name: layer}, one after another


class Classifier(Graph):
    """Features of an image, layer by layer, then a head that looks at all of them together.

    forward   images (N, 3, S, S), S the `image_size`  -> scores (N, n_class)
    backward  dL/dscores (N, n_class)                  -> dL/dimages (N, 3, S, S)

    features, head  conv1_1 .. pool5, and flatten, fc6 .. fc8
    others          nodes of more classifiers on the way, and `ends` their last ones, for training only
    settings        what the subclass was given, kept with its weights; among it `image_size`, the side of the images
                    that the head is made for
    Raises InputError for images of another size, whose features the head cannot take.
    """

    name = ""  # in BACKBONES
    title = ""  # as papers write it

    def __init__(
        self, features: Layers, head: Layers, others: dict | None = None, ends: tuple[str, ...] = (), **settings: Any
    ) -> None:
        super().__init__(features | head | (others or {}), (list(head)[-1],), ends)
        self.image_size, self.settings = settings["image_size"], settings
        self.heads = tuple(head)  # the names of its layers

    @property
    def head(self) -> Sequential:
        """The layers that look at all features together, as a network."""
        return Sequential({name: self.named[name] for name in self.heads})

    @property
    def features(self) -> Sequential:
        """The layers before the head, as a network."""
        return Sequential(dict(self.children()[: list(self.named).index(self.heads[0])]))

    def check(self, x: Array) -> None:
        """InputError unless images are (N, 3, S, S) of floats."""
        check_floats(self, x)
        size = self.image_size
        if x.shape[1:] != (3, size, size):
            raise InputError(
                f"{self.title}: images have shape {tuple(x.shape)}, expected (N, 3, {size}, {size}): its fully "
                "connected layers take no other size; crop or resize, or convolutionize it"
            )

    def __repr__(self):
        return f"{self.title}({', '.join(f'{k}={v!r}' for k, v in self.settings.items())})"


def check_settings(name: str, n_class: int, width: float, fc_channels: int = 1, image_size: int | None = None) -> None:
    """InputError unless these settings of a network make sense."""
    whole(n_class, f"{name}: n_class", 1)
    whole(1 if image_size is None else image_size, f"{name}: image_size", 1)
    whole(fc_channels, f"{name}: fc_channels", 1)
    expected = "; expected a number above 0, 1 for the paper's"
    number(width, f"{name}: width", lambda width: 0 < width < math.inf, expected)


def scaled(channels: int, width: float, groups: int = 1) -> int:
    """`channels` times `width`, at least 1, divisible by `groups`."""
    return groups * max(1, round(channels * width / groups))


def features_size(features: Layers, image_size: int) -> int:
    """The side of the maps that come out of these layers for an image of `image_size`. InputError where none do."""
    try:
        return Graph(features).output_place(0, Place(image_size)).size
    except InputError as error:
        raise InputError(
            f"of {image_size}x{image_size} pixels none are left after the classifier's last pooling: take larger images"
        ) from error


class FullyConnectedClassifier(Classifier):
    """What VGG and AlexNet end in: fc6, fc7 and fc8, which see all features at once.

    n_class      classes, and so scores
    width        scales the channels of the convolutions
    fc_channels  channels of fc6 and fc7
    dropout      probability of dropping a number after fc6 and fc7
    image_size   None: the published one
    seed         of the weights, as He et al. 2015 draw them
    """

    published_size = 224

    def __init__(
        self,
        n_class: int = 1000,
        width: float = 1.0,
        fc_channels: int = 4096,
        dropout: float = 0.5,
        image_size: int | None = None,
        seed: int = 0,
    ) -> None:
        check_settings(self.title, n_class, width, fc_channels, image_size)
        rng, image_size = Draws(seed), image_size or self.published_size
        features, channels = self.make_features(width, rng)
        inputs = channels * features_size(features, image_size) ** 2
        head = {
            "flatten": Flatten(),
            "fc6": Linear(inputs, fc_channels, rng=rng),
            "relu6": ReLU(inplace=True),
            "drop6": Dropout(dropout),
            "fc7": Linear(fc_channels, fc_channels, rng=rng),
            "relu7": ReLU(inplace=True),
            "drop7": Dropout(dropout),
            "fc8": Linear(fc_channels, n_class, rng=rng),
        }
        super().__init__(
            features,
            head,
            n_class=n_class,
            width=width,
            fc_channels=fc_channels,
            dropout=dropout,
            image_size=image_size,
        )

    def make_features(self, width: float, rng: Draws) -> tuple[Layers, int]:
        """The features and the channels of their last map: a subclass writes this."""
        raise NotImplementedError


def convolutionize(classifier: Classifier) -> Layers:
    """The layers of a classifier, fully connected ones as convolutions.

    A fully connected layer looks at all of its input at once. It is a convolution whose kernel is as large as that
    input: the same weights, reshaped. On a larger image that convolution has more than one place, and gives a map.
    `Sequential` of the layers gives (N, n_class, 1, 1) for the classifier's image size, with its very numbers. Weights
    are shared with the classifier, not copied; dropout drops whole channels.
    """
    place, layers = Place(classifier.image_size), {}
    for name, *_ in classifier.nodes[False]:  # without auxiliary classifiers
        layer = classifier.named[name]
        if isinstance(layer, Linear):
            linear, size = layer, place.size
            layer = Conv2d(linear.in_features // size**2, linear.out_features, size)
            layer.weight, layer.bias = linear.weight.reshaped(layer.weight.shape), linear.bias
        elif type(layer) is Dropout:
            layer = Dropout2d(layer.p)
        if not isinstance(layer, Flatten):
            layers[name] = layer
            place = layer.output_place(0, place)
    return layers


def make_trunk(classifier: Classifier, padding: int | str) -> Layers:
    """What an FCN takes of a convolutionized classifier: all but the average pooling and the last layer.

    padding  pixels around the image, with none around the maps of fc6; or "same": half of the kernel in both places
    """
    trunk = {name: layer for name, layer in convolutionize(classifier).items() if not isinstance(layer, AvgPool2d)}
    trunk.popitem()
    convs = [(name, layer) for name, layer in trunk.items() if isinstance(layer, Conv2d)]
    for place, (name, conv) in enumerate(convs):
        if padding == "same" and (place == 0 or name in classifier.heads):
            conv.padding = conv.kernel_size[0] // 2, conv.kernel_size[1] // 2
        elif place == 0:
            conv.padding = pair(padding)
    return trunk
