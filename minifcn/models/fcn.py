"""Fully convolutional networks on any classifier (Long, Shelhamer, Darrell 2015, section 4; slides "Combining what and
where").

The trunk, a classifier after surgery, turns the image into coarse scores, 32 pixels apart. Each skip upsamples the
scores by 2 and adds those of an earlier, finer pool; the last upsampling goes to the image's own size. Maps that are
added must lie over each other, pixel by pixel: which kernel upsamples them so, and where they are cropped, follows from
the places of their pixels on the image (`convolution.geometry`), for every padding and whatever the image's size.
FCN-8s, and where it is cropped with the paper's padding:

    conv1_1 .. pool3 .. pool4 .. pool5, fc6, fc7, score_fr
                 |        |                          |
                 |    score_pool4, crop_pool4     upscore2
                 |                     |             |
                 |                     +----------> fuse_pool4
                 |                                   |
             score_pool3, crop_pool3           upscore_pool4
                              |                      |
                              +-------------------> fuse_pool3, upscore8, crop: the scores
"""

from functools import partial
from numbers import Integral

import numpy as np

from minifcn.backend import Array
from minifcn.checks import MOST, flag, one_of, shown
from minifcn.convolution.checks import check_floats
from minifcn.convolution.geometry import Place, Window, pair
from minifcn.errors import InputError
from minifcn.layers import Conv2d, ConvTranspose2d, Crop, Graph, Parameter, Scale, Sum, bilinear_weight
from minifcn.layers.graph import INPUT
from minifcn.layers.parameter import zeros
from minifcn.models.backbones import BACKBONES
from minifcn.models.classifier import Classifier, check_settings, make_trunk

UPSAMPLING = ("fixed", "learned")
UPSAMPLING_KERNELS = ("full", "per-class")
AT_ONCE = {"pool4": 1e-2, "pool3": 1e-4}  # what the authors multiply the pools with to train all skips at once
ANY_SIZE = 1024  # pixels: kernels and crops do not depend on an image's size


class FCN(Graph):
    """A classifier's trunk, scores at 1/32, `skips` to finer pools, and upsampling to the image's size.

    forward   images (N, 3, H, W)               -> scores (N, n_class, H, W)
    backward  dL/dscores (N, n_class, H, W)     -> dL/dimages (N, 3, H, W), or None after `train_only()`

    n_class             classes, and so channels of the scores
    width               scales the trunk's channel counts, VGG's 64..512
    fc_channels         channels of fc6 and fc7, where the backbone has those
    padding             100: the paper's, around the image, and none in fc6; "same": half of the first kernel, and half
                        of fc6's there, which costs less
    dropout             probability of dropping a channel, where the classifier has dropout
    upsampling          "fixed": bilinear for good; "learned": bilinear to begin with
    upsampling_kernels  "full": one for each pair of classes, as in the published weights; "per-class": one for each
                        class, which never mixes classes and costs n_class times less
    backbone            the classifier's name, or a `Classifier` whose layers the net takes over with their weights:
                        then width, fc_channels, dropout and image_size are that classifier's
    at_once             multiply pool4 by 0.01 and pool3 by 0.0001 before their scores: then all skips can be trained at
                        once instead of one after the other (the authors' reference nets)
    image_size          side of the images that the classifier is made for, which gives fc6 its kernel: 7x7 of VGG16's
                        224 pixels, 3x3 of 96; None: the published one
    seed                of the initial weights: He for the trunk, 0 for the score layers (paper, section 4.1)

    Biases learn at twice the rate and do not decay (paper, section 4.3).
    Raises InputError for an image smaller than the geometry admits.
    """

    title = ""  # as the paper writes it
    skips: tuple[str, ...] = ()  # pools whose scores are added, coarse to fine

    def __init__(
        self,
        n_class: int = 21,
        width: float = 1.0,
        fc_channels: int = 4096,
        padding: int | str = 100,
        dropout: float = 0.5,
        upsampling: str = "fixed",
        upsampling_kernels: str = "full",
        backbone: str | Classifier = "vgg16",
        at_once: bool = False,
        image_size: int | None = None,
        seed: int = 0,
    ) -> None:
        self._check_settings(n_class, width, fc_channels, padding, upsampling, upsampling_kernels, at_once)
        classifier = backbone
        if not isinstance(classifier, Classifier):
            classifier = _classifier(classifier, width, fc_channels, dropout, image_size, seed)
        if classifier.name != "vgg16":
            self.title = f"{self.title}, {classifier.title}" if self.skips else f"FCN-{classifier.title}"
        self.settings = {
            "n_class": n_class,
            "width": classifier.settings["width"],
            "fc_channels": classifier.settings.get("fc_channels", fc_channels),
            "padding": padding,
            "dropout": classifier.settings["dropout"],
            "upsampling": upsampling,
            "upsampling_kernels": upsampling_kernels,
            "backbone": classifier.name,
            "at_once": at_once,
            "image_size": classifier.image_size,
        }
        trunk = make_trunk(classifier, padding)
        if missing := [pool for pool in self.skips if pool not in trunk]:
            raise InputError(f"{type(self).__name__}: {classifier.title} has no {missing[0]} to skip from: use FCN32s")
        try:
            super().__init__(self._nodes(trunk))
        except InputError as error:
            raise InputError(
                f"{type(self).__name__}: with padding {padding} the scores do not align, or never cover the image: "
                f'use 100, or "same" ({error})'
            ) from error
        self._admitted: set[tuple[int, int]] = set()  # sizes of images that are large enough
        for name, parameter in self.named_parameters():
            if name.endswith("bias"):
                parameter.lr_mult, parameter.decay_mult = 2.0, 0.0

    def _nodes(self, trunk):
        """The whole network on a trunk {name: layer}, conv1_1 .. pool5, fc6, fc7 -> {name: node}."""
        nodes = dict(trunk)
        # What: a score of each class, at the trunk's end and of each pool to skip from.
        nodes["score_fr"] = self._score(nodes, list(trunk)[-1])
        for pool in self.skips:
            taken = pool
            if self.settings["at_once"]:
                taken = f"scale_{pool}"
                nodes[taken] = Scale(AT_ONCE[pool]), pool
            nodes[f"score_{pool}"] = self._score(nodes, pool), taken

        # Where: the scores so far are upsampled, cropped and added to the next finer ones; then to the image's size.
        coarse = "score_fr"
        for up, pool in zip(["upscore2", *(f"upscore_{pool}" for pool in self.skips)], self.skips):
            score, crop, fuse = f"score_{pool}", f"crop_{pool}", f"fuse_{pool}"
            fine = _places(nodes, score)
            nodes[up] = self._upsampling(_places(nodes, coarse), fine), coarse
            offset = _offset(fine, _places(nodes, up))
            if min(offset) >= 0:  # the pool's scores begin first: crop them to the upsampled ones
                nodes[crop] = Crop(offset), score, up
                nodes[fuse] = Sum(), up, crop
            else:
                nodes[crop] = Crop([-pixels for pixels in offset]), up, score
                nodes[fuse] = Sum(), crop, score
            coarse = fuse

        places, image = _places(nodes, coarse), (Place(ANY_SIZE), Place(ANY_SIZE))
        up = f"upscore{places[0].pitch}" if self.skips else "upscore"
        nodes[up] = self._upsampling(places, image), coarse
        nodes["crop"] = Crop(_offset(_places(nodes, up), image)), up, INPUT
        return nodes

    def _score(self, nodes, name):
        """A 1x1 convolution that scores the map of a node, and begins at 0."""
        conv = Conv2d(Graph(nodes, (name,)).output_channels(3), self.settings["n_class"], 1)
        conv.weight = zeros(conv.weight.shape)
        return conv

    def _upsampling(self, coarse, fine):
        """The layer that interpolates scores that lie at `coarse` so that they come to lie over a map at `fine`."""
        n_class = self.settings["n_class"]
        kernel, stride = aligning_kernel(coarse[0], fine[0])
        groups = 1 if self.settings["upsampling_kernels"] == "full" else n_class
        up = ConvTranspose2d(n_class, n_class, kernel, stride, groups=groups, bias=False)
        up.weight = Parameter.later(up.weight.shape, partial(bilinear_weight, n_class, kernel, groups))
        up.weight.trainable = self.settings["upsampling"] == "learned"
        return up

    def check(self, x: Array) -> None:
        """InputError unless images are (N, 3, H, W) of floats, and no smaller than the geometry admits."""
        check_floats(self, x)
        height, width = size = x.shape[2:]
        if size in self._admitted:
            return
        try:
            self.places_along(0, height)
            self.places_along(1, width)
        except InputError as error:
            raise InputError(
                f"{type(self).__name__}: an image of {width}x{height} pixels is too small for padding "
                f"{self.settings['padding']}; each side needs at least {self.least_size()}"
            ) from error
        self._admitted.add(size)

    def recompute_maps(self, *others: str) -> Graph:
        """While training keep no map from now on but the poolings'; up to the coarse scores. Returns the network."""
        return super().recompute_maps("score_fr", *others)

    def crops(self, image_size: tuple[int, int]) -> dict[str, tuple]:
        """The part of each map that is used: {pool: (index of the upsampled map, of the pool's), "image": index}.

        image_size (H, W). Raises InputError for an image smaller than the geometry admits.
        """
        image_size = pair(image_size, "image_size", 1)
        self.check(np.empty((0, 3, *image_size), np.float32))
        along = [self.places_along(axis, size) for axis, size in enumerate(image_size)]

        def used(name):
            """What the node `name` leaves of its map, or of the one that it crops."""
            offset = getattr(self.named[name], "offset", (0, 0))
            return ..., *(slice(first, first + places[name].size) for first, places in zip(offset, along))

        crops = {pool: tuple(used(name) for name in self.inputs[f"fuse_{pool}"]) for pool in self.skips}
        return crops | {"image": used("crop")}

    def least_size(self) -> int:
        """The smallest image, in pixels along one axis."""
        size = 1
        while True:  # comes to an end, since the constructor has seen a size that will do
            try:
                self.places_along(0, size)
                return size
            except InputError:
                size += 1

    def _check_settings(self, n_class, width, fc_channels, padding, upsampling, upsampling_kernels, at_once):
        name = type(self).__name__
        check_settings(name, n_class, width, fc_channels)
        whole_number = isinstance(padding, Integral) and not isinstance(padding, bool) and 0 <= padding <= MOST
        if not whole_number and not (isinstance(padding, str) and padding == "same"):
            raise InputError(
                f'{name}: padding is {shown(padding)}; expected 100 (the paper\'s), another number of pixels, or "same"'
            )
        kernels = "upsampling_kernels", upsampling_kernels, UPSAMPLING_KERNELS
        for setting, value, known in (("upsampling", upsampling, UPSAMPLING), kernels):
            one_of(value, f"{name}: {setting}", known)
        if flag(at_once, f"{name}: at_once") and not self.skips:
            raise InputError(f"{name}: at_once scales pools, and this net skips from none: use FCN8s")

    def __repr__(self):
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self.settings.items())})"


class FCN32s(FCN):
    """No skip: one upsampling by 32."""

    title = "FCN-32s"


class FCN16s(FCN):
    """One skip, from pool4: up by 2, add, up by 16."""

    title = "FCN-16s"
    skips = ("pool4",)


class FCN8s(FCN):
    """Two skips, from pool4 and pool3: up by 2, add, up by 2, add, up by 8."""

    title = "FCN-8s"
    skips = ("pool4", "pool3")


def aligning_kernel(coarse: Place, fine: Place) -> tuple[int, int]:
    """(kernel, stride) of the bilinear upsampling that lays the map at `coarse` over that at `fine`.

    Such kernels have 2*stride taps or one less; which of them depends on where the pixels' centres are.
    Raises InputError where neither fits.
    """
    stride = int(coarse.pitch / fine.pitch)
    for kernel in (2 * stride - stride % 2, 2 * stride - 1):
        try:
            coarse.after(Window(kernel, stride, transposed=True)).offset_of(fine)
            return kernel, stride
        except InputError as error:
            between = error
    raise between


def _classifier(name, width, fc_channels, dropout, image_size, seed):
    """The classifier of that name, for one class. GoogLeNet has no fc6 and fc7, and ignores fc_channels."""
    one_of(name, "backbone", BACKBONES)
    own = {} if name == "googlenet" else {"fc_channels": fc_channels}
    return BACKBONES[name](1, width, dropout=dropout, image_size=image_size, seed=seed, **own)


def _places(nodes, name):
    """Where the map of a node lies on an image: its Place along rows, and along columns."""
    net = Graph(nodes, (name,))
    return net.output_place(0, Place(ANY_SIZE)), net.output_place(1, Place(ANY_SIZE))


def _offset(places, others):
    """On which pixel of a map the first one of another lies, (row, column); below 0 where the other begins first."""
    return [place.offset_of(other) for place, other in zip(places, others)]
