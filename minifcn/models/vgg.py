"""VGG, configurations A to E (Simonyan, Zisserman 2014, table 1; slides "VGG"): 3x3 convolutions in five blocks."""

import numpy as np

from minifcn.layers import Conv2d, LocalResponseNorm, MaxPool2d, ReLU
from minifcn.layers.parameter import Draws
from minifcn.models.classifier import FullyConnectedClassifier, Layers, scaled

CHANNELS = (64, 128, 256, 512, 512)  # of each block
CONFIGURATIONS = {  # the kernels of each block's convolutions
    "A": ((3,), (3,), (3, 3), (3, 3), (3, 3)),
    "A-LRN": ((3,), (3,), (3, 3), (3, 3), (3, 3)),
    "B": ((3, 3), (3, 3), (3, 3), (3, 3), (3, 3)),
    "C": ((3, 3), (3, 3), (3, 3, 1), (3, 3, 1), (3, 3, 1)),
    "D": ((3, 3), (3, 3), (3, 3, 3), (3, 3, 3), (3, 3, 3)),
    "E": ((3, 3), (3, 3), (3, 3, 3, 3), (3, 3, 3, 3), (3, 3, 3, 3)),
}


class VGG(FullyConnectedClassifier):
    """A VGG of one of the CONFIGURATIONS; D is the VGG16 of the FCN paper, E is VGG19.

    Layers have their published names, conv1_1 .. pool5 and fc6 .. fc8.
    """

    configuration = "D"

    def make_features(self, width: float, rng: Draws) -> tuple[Layers, int]:
        features: Layers = {}
        channels = 3
        for number, (paper, kernels) in enumerate(zip(CHANNELS, CONFIGURATIONS[self.configuration]), start=1):
            inputs, channels = channels, scaled(paper, width)
            block = vgg_block(number, inputs, channels, kernels, rng)
            if self.configuration == "A-LRN" and number == 1:  # before the pooling, with AlexNet's parameters
                name, pool = block.popitem()
                block |= {"norm1": LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0), name: pool}
            features |= block
        return features, channels


def vgg_block(
    number: int, in_channels: int, channels: int, kernels: tuple[int, ...], rng: np.random.Generator | Draws
) -> Layers:
    """One block: convolutions with ReLU, then a 2x2 max-pooling that rounds up.

    number   1..5, for the names ("conv3_2", "relu3_2", "pool3")
    kernels  the size of each convolution's kernel; the convolutions keep the map's size
    """
    layers: Layers = {}
    for i, kernel in enumerate(kernels, start=1):
        layers[f"conv{number}_{i}"] = Conv2d(in_channels, channels, kernel, padding=kernel // 2, rng=rng)
        layers[f"relu{number}_{i}"] = ReLU(inplace=True)
        in_channels = channels
    # Rounding up: rounding down would leave 372 of the sizes 1..1024 without enough pixels for FCN-32s' last crop.
    layers[f"pool{number}"] = MaxPool2d(2, 2, ceil_mode=True)
    return layers


class VGG11(VGG):
    name, title, configuration = "vgg11", "VGG11", "A"


class VGG11LRN(VGG):
    name, title, configuration = "vgg11-lrn", "VGG11-LRN", "A-LRN"


class VGG13(VGG):
    name, title, configuration = "vgg13", "VGG13", "B"


class VGG16C(VGG):
    name, title, configuration = "vgg16-c", "VGG16-C", "C"


class VGG16(VGG):
    name, title, configuration = "vgg16", "VGG16", "D"


class VGG19(VGG):
    name, title, configuration = "vgg19", "VGG19", "E"
