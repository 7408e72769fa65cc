"""AlexNet, as Caffe's reference net has it (CaffeNet) and as torchvision has it.

Krizhevsky, Sutskever, Hinton 2012, "ImageNet classification with deep convolutional neural networks". Their two GPUs
each had half of the channels of conv2, conv4 and conv5: that is what the two groups are.
"""

from typing import NamedTuple

from minifcn.layers import Conv2d, LocalResponseNorm, MaxPool2d, ReLU
from minifcn.layers.parameter import Draws
from minifcn.models.classifier import FullyConnectedClassifier, Layers, scaled


class Stage(NamedTuple):
    """One convolution with its ReLU, and whether a 3x3 pooling with stride 2 and a normalisation follow."""

    channels: int
    kernel: int
    stride: int = 1
    padding: int = 0
    groups: int = 1
    pool: bool = False
    norm: bool = False


class AlexNet(FullyConnectedClassifier):
    """CaffeNet, which the FCN paper built upon: pooling comes before normalisation, and conv2, 4, 5 have two groups.

    Layers are conv1 .. conv5, pool1, pool2, pool5, norm1, norm2, fc6 .. fc8.
    """

    name, title = "alexnet", "AlexNet"
    stages = (
        Stage(96, 11, stride=4, pool=True, norm=True),
        Stage(256, 5, padding=2, groups=2, pool=True, norm=True),
        Stage(384, 3, padding=1),
        Stage(384, 3, padding=1, groups=2),
        Stage(256, 3, padding=1, groups=2, pool=True),
    )

    published_size = 227

    def make_features(self, width: float, rng: Draws) -> tuple[Layers, int]:
        features: Layers = {}
        channels = 3
        for number, stage in enumerate(self.stages, start=1):
            inputs, channels = channels, scaled(stage.channels, width, groups=2)
            how = stage.kernel, stage.stride, stage.padding
            features[f"conv{number}"] = Conv2d(inputs, channels, *how, groups=stage.groups, rng=rng)
            features[f"relu{number}"] = ReLU(inplace=True)
            if stage.pool:
                features[f"pool{number}"] = MaxPool2d(3, 2, ceil_mode=True)
            if stage.norm:
                features[f"norm{number}"] = LocalResponseNorm(5)
        return features, channels


class AlexNetOWT(AlexNet):
    """torchvision's AlexNet (Krizhevsky 2014, "One weird trick", arXiv 1404.5997): neither groups nor LRN.

    torchvision drops out before fc6 and fc7 instead of after them, which makes no difference while evaluating.
    """

    name, title = "alexnet-owt", "AlexNet-OWT"
    published_size = 224
    stages = (
        Stage(64, 11, stride=4, padding=2, pool=True),
        Stage(192, 5, padding=2, pool=True),
        Stage(384, 3, padding=1),
        Stage(256, 3, padding=1),
        Stage(256, 3, padding=1, pool=True),
    )
