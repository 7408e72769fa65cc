"""GoogLeNet (Szegedy et al. 2014, "Going deeper with convolutions", arXiv 1409.4842, table 1), with Caffe's names."""

from collections.abc import Sequence

from minifcn.checks import flag
from minifcn.errors import InputError
from minifcn.layers import AvgPool2d, Branches, Conv2d, Dropout, Flatten, Graph, Linear, MaxPool2d, ReLU, Sequential
from minifcn.layers.norm import LocalResponseNorm
from minifcn.layers.parameter import Draws
from minifcn.models.classifier import Classifier, check_settings, features_size, scaled

MODULES = {  # channels: 1x1; 3x3_reduce, 3x3; 5x5_reduce, 5x5; pool_proj
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
POOLS = {"3b": "pool3/3x3_s2", "4e": "pool4/3x3_s2"}  # after these modules
AUXILIARY = {"loss1": "inception_4a", "loss2": "inception_4d"}  # auxiliary classifiers, and whose maps they see
AUXILIARY_DROPOUT = 0.7


class GoogLeNet(Classifier):
    """Nine inception modules, an average over the whole map, and one fully connected layer.

    n_class, width, dropout, image_size and seed as of VGG; dropout comes before the classifier, 0.4 in the paper.
    auxiliary  two more classifiers on the way, for training: forward then gives (scores, scores of loss1, of loss2)
               while training, and backward takes a gradient for each. The paper adds their losses times 0.3.
    """

    name, title = "googlenet", "GoogLeNet"
    published_size = 224

    def __init__(
        self,
        n_class: int = 1000,
        width: float = 1.0,
        dropout: float = 0.4,
        image_size: int | None = None,
        auxiliary: bool = False,
        seed: int = 0,
    ) -> None:
        check_settings(self.title, n_class, width, image_size=image_size)
        rng, image_size = Draws(seed), image_size or self.published_size
        first, reduced, in_channels = (scaled(c, width) for c in (64, 64, 192))
        features = {
            **_conv("conv1/7x7_s2", 3, first, 7, rng, stride=2),
            "pool1/3x3_s2": MaxPool2d(3, 2, ceil_mode=True),
            "pool1/norm1": LocalResponseNorm(5),
            **_conv("conv2/3x3_reduce", first, reduced, 1, rng),
            **_conv("conv2/3x3", reduced, in_channels, 3, rng),
            "conv2/norm2": LocalResponseNorm(5),
            "pool2/3x3_s2": MaxPool2d(3, 2, ceil_mode=True),
        }
        seen = {}  # the channels of each module
        for module, sizes in MODULES.items():
            parts = [scaled(c, width) for c in sizes]
            features[f"inception_{module}"] = inception(in_channels, parts, rng)
            seen[f"inception_{module}"] = in_channels = parts[0] + parts[2] + parts[4] + parts[5]
            if module in POOLS:
                features[POOLS[module]] = MaxPool2d(3, 2, ceil_mode=True)
        size = features_size(features, image_size)
        features[f"pool5/{size}x{size}_s1"] = AvgPool2d(size, 1)
        head = {
            f"pool5/drop_{size}x{size}_s1": Dropout(dropout),
            "flatten": Flatten(),
            "loss3/classifier": Linear(in_channels, n_class, rng=rng),
        }
        others: dict = {}
        ends = []
        for loss, module in AUXILIARY.items() if flag(auxiliary, "GoogLeNet: auxiliary") else ():
            side = Graph(features).places_along(0, image_size)[module].size
            if side < 5:
                raise InputError(
                    f"GoogLeNet: of {image_size}x{image_size} pixels {side}x{side} are left at {module}, the auxiliary "
                    "classifiers need 5x5: take larger images, or leave the auxiliary classifiers out"
                )
            pooled, channels, fc_channels = (side - 5) // 3 + 1, scaled(128, width), scaled(1024, width)
            others |= {
                f"{loss}/ave_pool": (AvgPool2d(5, 3), module),
                **_conv(f"{loss}/conv", seen[module], channels, 1, rng),
                f"{loss}/flatten": Flatten(),
                f"{loss}/fc": Linear(channels * pooled**2, fc_channels, rng=rng),
                f"{loss}/relu_fc": ReLU(inplace=True),
                f"{loss}/drop_fc": Dropout(AUXILIARY_DROPOUT),
                f"{loss}/classifier": Linear(fc_channels, n_class, rng=rng),
            }
            ends.append(f"{loss}/classifier")
        settings = {"n_class": n_class, "width": width, "dropout": dropout, "image_size": image_size}
        super().__init__(features, head, others, tuple(ends), **settings, auxiliary=auxiliary)


def inception(in_channels: int, sizes: Sequence[int], rng: Draws) -> Branches:
    """An inception module: 1x1, 3x3 and 5x5 convolutions and a pooling side by side.

    Before the larger kernels and after the pooling 1x1 convolutions reduce the channels. sizes as in MODULES.
    """
    one, reduce3, three, reduce5, five, project = sizes
    return Branches(
        Sequential(_conv("1x1", in_channels, one, 1, rng)),
        Sequential(_conv("3x3_reduce", in_channels, reduce3, 1, rng) | _conv("3x3", reduce3, three, 3, rng)),
        Sequential(_conv("5x5_reduce", in_channels, reduce5, 1, rng) | _conv("5x5", reduce5, five, 5, rng)),
        Sequential({"pool": MaxPool2d(3, 1, padding=1)} | _conv("pool_proj", in_channels, project, 1, rng)),
    )


def _conv(name, in_channels, channels, kernel, rng, stride=1):
    """{name: convolution that keeps the map's size, but for the stride; then its ReLU}."""
    conv = Conv2d(in_channels, channels, kernel, stride, kernel // 2, rng=rng)
    place, _, last = name.rpartition("/")
    return {name: conv, f"{place}/relu_{last}" if place else f"relu_{last}": ReLU(inplace=True)}
