"""The classifiers that a fully convolutional network can be built upon, by name."""

from minifcn.errors import InputError
from minifcn.models.alexnet import AlexNet, AlexNetOWT
from minifcn.models.googlenet import GoogLeNet
from minifcn.models.vgg import VGG11, VGG11LRN, VGG13, VGG16, VGG16C, VGG19

BACKBONES = {
    classifier.name: classifier
    for classifier in (VGG11, VGG11LRN, VGG13, VGG16C, VGG16, VGG19, AlexNet, AlexNetOWT, GoogLeNet)
}


def build_classifier(name, n_class, width, fc_channels, dropout, image_size=None, seed=0):
    """The classifier of that name, with random weights. GoogLeNet has no fc6 and fc7, and ignores fc_channels.

    image_size  None: the published one

    Raises InputError for an unknown name, and for settings that make no sense.
    """
    if name not in BACKBONES:
        raise InputError(f"backbone {name!r} is none of {', '.join(BACKBONES)}")
    settings = {"n_class": n_class, "width": width, "fc_channels": fc_channels, "dropout": dropout}
    settings |= {"image_size": image_size, "seed": seed}
    if name == GoogLeNet.name:
        del settings["fc_channels"]
    return BACKBONES[name](**settings)
