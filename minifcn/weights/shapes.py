"""The shape of every weight of a network, from its settings alone: what a file must hold to be that network's.

Building the network would tell too, but a file of nonsense could ask for one larger than the memory.
"""

from minifcn.models.alexnet import AlexNet, AlexNetOWT
from minifcn.models.classifier import scaled
from minifcn.models.googlenet import AUXILIARY, MODULES
from minifcn.models.vgg import CHANNELS, CONFIGURATIONS, VGG11, VGG13, VGG16, VGG19

BACKBONE = {"fcn32s": "vgg16", "fcn16s": "vgg16", "fcn8s": "vgg16"}  # of each FCN
BACKBONE |= {"fcn-alexnet": "alexnet", "fcn-googlenet": "googlenet"}
UPSAMPLINGS = {  # of each FCN: name and kernel
    "fcn32s": {"upscore": 64},
    "fcn16s": {"upscore2": 4, "upscore16": 32},
    "fcn8s": {"upscore2": 4, "upscore_pool4": 4, "upscore8": 16},
    "fcn-alexnet": {"upscore": 63},
    "fcn-googlenet": {"upscore": 63},
}
_SKIPS = {  # of each FCN that has some: score layer, and the convolution before its pool
    "fcn16s": {"score_pool4": "conv4_3"},
    "fcn8s": {"score_pool4": "conv4_3", "score_pool3": "conv3_3"},
}
_VGG = {vgg.name: vgg.configuration for vgg in (VGG11, VGG13, VGG16, VGG19)}
_ALEXNET = {alexnet.name: alexnet.stages for alexnet in (AlexNet, AlexNetOWT)}
_AUXILIARY_SIDE = 4  # of the maps that an auxiliary classifier of GoogLeNet averages to


def weight_shapes(model, n_class=1, width=1.0, fc_channels=1, auxiliary=False, upsampling_kernels="full"):
    """{name: shape} of all weights and biases of a network of BACKBONES or MODELS with these settings.

    A classifier's fully connected weights have 2 axes, those of an FCN 4. Images have the published size.
    """
    backbone = BACKBONE.get(model, model)
    layers, channels, side = _features(backbone, width)
    if model in BACKBONE:
        layers |= _fcn_head(model, backbone, layers, channels, side, n_class, fc_channels)
    elif backbone == "googlenet":
        layers["loss3/classifier"] = n_class, channels
        layers |= _auxiliary(layers, width, n_class) if auxiliary else {}
    else:
        layers |= {"fc6": (fc_channels, channels * side**2), "fc7": (fc_channels, fc_channels)}
        layers["fc8"] = n_class, fc_channels
    shapes = {}
    for name, shape in layers.items():
        shapes |= {f"{name}.weight": shape, f"{name}.bias": shape[:1]}
    inputs = n_class if upsampling_kernels == "full" else 1
    for name, kernel in UPSAMPLINGS.get(model, {}).items():
        shapes[f"{name}.weight"] = n_class, inputs, kernel, kernel
    return shapes


def _features(backbone, width):
    """{convolution: shape of its weight}, the channels that come out, and the side of the maps that fc6 sees."""
    if backbone in _VGG:
        return *_vgg(CONFIGURATIONS[_VGG[backbone]], width), 7
    if backbone in _ALEXNET:
        return *_alexnet(_ALEXNET[backbone], width), 6
    return *_googlenet(width), 1


def _vgg(blocks, width):
    layers, inputs = {}, 3
    for number, (channels, kernels) in enumerate(zip(CHANNELS, blocks), start=1):
        for i, kernel in enumerate(kernels, start=1):
            layers[f"conv{number}_{i}"] = scaled(channels, width), inputs, kernel, kernel
            inputs = scaled(channels, width)
    return layers, inputs


def _alexnet(stages, width):
    layers, inputs = {}, 3
    for number, stage in enumerate(stages, start=1):
        channels = scaled(stage.channels, width, groups=2)
        layers[f"conv{number}"] = channels, inputs // stage.groups, stage.kernel, stage.kernel
        inputs = channels
    return layers, inputs


def _googlenet(width):
    first, second, inputs = (scaled(channels, width) for channels in (64, 64, 192))
    layers = {
        "conv1/7x7_s2": (first, 3, 7, 7),
        "conv2/3x3_reduce": (second, first, 1, 1),
        "conv2/3x3": (inputs, second, 3, 3),
    }
    for module, sizes in MODULES.items():
        one, reduce3, three, reduce5, five, project = (scaled(channels, width) for channels in sizes)
        branches = {
            "1x1": (one, inputs, 1, 1),
            "3x3_reduce": (reduce3, inputs, 1, 1),
            "3x3": (three, reduce3, 3, 3),
            "5x5_reduce": (reduce5, inputs, 1, 1),
            "5x5": (five, reduce5, 5, 5),
            "pool_proj": (project, inputs, 1, 1),
        }
        layers |= {f"inception_{module}/{name}": shape for name, shape in branches.items()}
        inputs = one + three + five + project
    return layers, inputs


def _auxiliary(layers, width, n_class):
    channels, fc_channels = scaled(128, width), scaled(1024, width)
    auxiliary = {}
    for loss, module in AUXILIARY.items():
        inputs = sum(layers[f"{module}/{end}"][0] for end in ("1x1", "3x3", "5x5", "pool_proj"))
        auxiliary[f"{loss}/conv"] = channels, inputs, 1, 1
        auxiliary[f"{loss}/fc"] = fc_channels, channels * _AUXILIARY_SIDE**2
        auxiliary[f"{loss}/classifier"] = n_class, fc_channels
    return auxiliary


def _fcn_head(model, backbone, layers, channels, side, n_class, fc_channels):
    head = {}
    if backbone != "googlenet":  # which has no fc6 and fc7
        head = {"fc6": (fc_channels, channels, side, side), "fc7": (fc_channels, fc_channels, 1, 1)}
        channels = fc_channels
    head["score_fr"] = n_class, channels, 1, 1
    skips = _SKIPS.get(model, {})
    return head | {score: (n_class, layers[conv][0], 1, 1) for score, conv in skips.items()}
