"""The classifiers that a fully convolutional network can be built upon, by name."""

from minifcn.models.alexnet import AlexNet, AlexNetOWT
from minifcn.models.googlenet import GoogLeNet
from minifcn.models.vgg import VGG11, VGG11LRN, VGG13, VGG16, VGG16C, VGG19

BACKBONES = {
    classifier.name: classifier
    for classifier in (VGG11, VGG11LRN, VGG13, VGG16C, VGG16, VGG19, AlexNet, AlexNetOWT, GoogLeNet)
}
