"""VGG, AlexNet and GoogLeNet in PyTorch, written down from their papers, with the published names of the layers.

narrow  divides all channels of the convolutions
side    of the maps that the first fully connected layer sees
"""

from collections import OrderedDict

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install -r requirements-test.txt")
nn, F = torch.nn, torch.nn.functional

# Simonyan and Zisserman 2014, table 1: channels of 3x3 convolutions, "1x1" before those of the others.
VGG = {
    "vgg11": "64 | 128 | 256 256 | 512 512 | 512 512",
    "vgg11-lrn": "64 LRN | 128 | 256 256 | 512 512 | 512 512",
    "vgg13": "64 64 | 128 128 | 256 256 | 512 512 | 512 512",
    "vgg16-c": "64 64 | 128 128 | 256 256 1x1-256 | 512 512 1x1-512 | 512 512 1x1-512",
    "vgg16": "64 64 | 128 128 | 256 256 256 | 512 512 512 | 512 512 512",
    "vgg19": "64 64 | 128 128 | 256 256 256 256 | 512 512 512 512 | 512 512 512 512",
}

# Szegedy et al. 2014, table 1: 1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, projection of the pool; by the maps' channels.
INCEPTION = {
    "3a": (192, (64, 96, 128, 16, 32, 32)),
    "3b": (256, (128, 128, 192, 32, 96, 64)),
    "4a": (480, (192, 96, 208, 16, 48, 64)),
    "4b": (512, (160, 112, 224, 24, 64, 64)),
    "4c": (512, (128, 128, 256, 24, 64, 64)),
    "4d": (512, (112, 144, 288, 32, 64, 64)),
    "4e": (528, (256, 160, 320, 32, 128, 128)),
    "5a": (832, (256, 160, 320, 32, 128, 128)),
    "5b": (832, (384, 192, 384, 48, 128, 128)),
}


def vgg(name, n_class, narrow, fc_channels, side):
    layers, channels = OrderedDict(), 3
    for block, words in enumerate(VGG[name].split(" | "), 1):
        for number, word in enumerate(words.split(), 1):
            if word == "LRN":  # AlexNet's k = 2, n = 5, alpha = 1e-4 for the sum; PyTorch divides alpha by n
                layers["norm1"] = nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2)
                continue
            kernel, size = (1, word[4:]) if word.startswith("1x1-") else (3, word)
            layers[f"conv{block}_{number}"] = nn.Conv2d(channels, int(size) // narrow, kernel, padding=kernel // 2)
            layers[f"relu{block}_{number}"] = nn.ReLU()
            channels = int(size) // narrow
        layers[f"pool{block}"] = nn.MaxPool2d(2, 2, ceil_mode=True)
    return nn.Sequential(layers | fully_connected(channels * side**2, fc_channels, n_class))


def alexnet(name, n_class, narrow, fc_channels, side):
    features = caffenet_features(narrow) if name == "alexnet" else one_weird_trick_features(narrow)
    return nn.Sequential(features | fully_connected(256 // narrow * side**2, fc_channels, n_class))


def caffenet_features(narrow, padding=0):
    """Caffe's reference net; its alpha is divided by the size, as PyTorch's is."""
    return OrderedDict(
        conv1=nn.Conv2d(3, 96 // narrow, 11, stride=4, padding=padding),
        relu1=nn.ReLU(),
        pool1=nn.MaxPool2d(3, 2, ceil_mode=True),
        norm1=nn.LocalResponseNorm(5, alpha=1e-4, beta=0.75, k=1),
        conv2=nn.Conv2d(96 // narrow, 256 // narrow, 5, padding=2, groups=2),
        relu2=nn.ReLU(),
        pool2=nn.MaxPool2d(3, 2, ceil_mode=True),
        norm2=nn.LocalResponseNorm(5, alpha=1e-4, beta=0.75, k=1),
        conv3=nn.Conv2d(256 // narrow, 384 // narrow, 3, padding=1),
        relu3=nn.ReLU(),
        conv4=nn.Conv2d(384 // narrow, 384 // narrow, 3, padding=1, groups=2),
        relu4=nn.ReLU(),
        conv5=nn.Conv2d(384 // narrow, 256 // narrow, 3, padding=1, groups=2),
        relu5=nn.ReLU(),
        pool5=nn.MaxPool2d(3, 2, ceil_mode=True),
    )


def one_weird_trick_features(narrow):
    return OrderedDict(
        conv1=nn.Conv2d(3, 64 // narrow, 11, stride=4, padding=2),
        relu1=nn.ReLU(),
        pool1=nn.MaxPool2d(3, 2, ceil_mode=True),
        conv2=nn.Conv2d(64 // narrow, 192 // narrow, 5, padding=2),
        relu2=nn.ReLU(),
        pool2=nn.MaxPool2d(3, 2, ceil_mode=True),
        conv3=nn.Conv2d(192 // narrow, 384 // narrow, 3, padding=1),
        relu3=nn.ReLU(),
        conv4=nn.Conv2d(384 // narrow, 256 // narrow, 3, padding=1),
        relu4=nn.ReLU(),
        conv5=nn.Conv2d(256 // narrow, 256 // narrow, 3, padding=1),
        relu5=nn.ReLU(),
        pool5=nn.MaxPool2d(3, 2, ceil_mode=True),
    )


def fully_connected(features, channels, n_class):
    """What VGG and AlexNet end in; without dropout."""
    return OrderedDict(
        flatten=nn.Flatten(),
        fc6=nn.Linear(features, channels),
        relu6=nn.ReLU(),
        fc7=nn.Linear(channels, channels),
        relu7=nn.ReLU(),
        fc8=nn.Linear(channels, n_class),
    )


class GoogLeNet(nn.Module):
    """side            of the last maps
    auxiliary_side  of the auxiliary classifiers' maps after their pooling; None: there are none. Where there are,
                    forward gives their scores, too
    """

    def __init__(self, n_class, narrow, side, auxiliary_side=None):
        super().__init__()
        self.narrow, self.side, self.auxiliary = narrow, side, auxiliary_side is not None
        self.add("conv1/7x7_s2", 3 * narrow, 64, 7, stride=2)
        self.add("conv2/3x3_reduce", 64, 64, 1)
        self.add("conv2/3x3", 64, 192, 3)
        for name, (channels, (one, reduce3, three, reduce5, five, project)) in INCEPTION.items():
            self.add(f"inception_{name}/1x1", channels, one, 1)
            self.add(f"inception_{name}/3x3_reduce", channels, reduce3, 1)
            self.add(f"inception_{name}/3x3", reduce3, three, 3)
            self.add(f"inception_{name}/5x5_reduce", channels, reduce5, 1)
            self.add(f"inception_{name}/5x5", reduce5, five, 5)
            self.add(f"inception_{name}/pool_proj", channels, project, 1)
        self.add_module("loss3/classifier", nn.Linear(1024 // narrow, n_class))
        if self.auxiliary:
            for loss, channels in (("loss1", 512), ("loss2", 528)):
                self.add(f"{loss}/conv", channels, 128, 1)
                self.add_module(f"{loss}/fc", nn.Linear(128 // narrow * auxiliary_side**2, 1024 // narrow))
                self.add_module(f"{loss}/classifier", nn.Linear(1024 // narrow, n_class))

    def add(self, name, channels, out_channels, kernel, stride=1):
        sizes = channels // self.narrow, out_channels // self.narrow
        self.add_module(name, nn.Conv2d(*sizes, kernel, stride, kernel // 2))

    def relu(self, name, x):
        return F.relu(getattr(self, name)(x))

    def inception(self, name, x):
        def conv(part, x):
            return self.relu(f"inception_{name}/{part}", x)

        three, five = conv("3x3", conv("3x3_reduce", x)), conv("5x5", conv("5x5_reduce", x))
        return torch.cat([conv("1x1", x), three, five, conv("pool_proj", F.max_pool2d(x, 3, 1, 1))], 1)

    def loss(self, name, x):
        x = self.relu(f"{name}/conv", F.avg_pool2d(x, 5, 3))
        return getattr(self, f"{name}/classifier")(self.relu(f"{name}/fc", x.flatten(1)))

    def forward(self, x):
        x = F.max_pool2d(self.relu("conv1/7x7_s2", x), 3, 2, ceil_mode=True)
        x = self.relu("conv2/3x3_reduce", F.local_response_norm(x, 5, alpha=1e-4, beta=0.75, k=1))
        x = F.local_response_norm(self.relu("conv2/3x3", x), 5, alpha=1e-4, beta=0.75, k=1)
        x = F.max_pool2d(x, 3, 2, ceil_mode=True)
        x = F.max_pool2d(self.inception("3b", self.inception("3a", x)), 3, 2, ceil_mode=True)
        after_4a = self.inception("4a", x)
        after_4d = self.inception("4d", self.inception("4c", self.inception("4b", after_4a)))
        x = F.max_pool2d(self.inception("4e", after_4d), 3, 2, ceil_mode=True)
        x = F.avg_pool2d(self.inception("5b", self.inception("5a", x)), self.side)
        scores = getattr(self, "loss3/classifier")(x.flatten(1))
        return (scores, self.loss("loss1", after_4a), self.loss("loss2", after_4d)) if self.auxiliary else scores
