"""Fully convolutional networks on any classifier (Long, Shelhamer, Darrell 2015, section 4; slides "Combining what and
where").

The trunk, a classifier after surgery, turns the image into coarse scores, 32 pixels apart. Each skip upsamples the
scores by 2 and adds those of an earlier, finer pool; the last upsampling goes to the image's own size. Maps that are
added must lie over each other: `models.alignment` tells where to crop them, for every padding and size.
"""

from minifcn.backend import array_module
from minifcn.errors import InputError
from minifcn.layers import Conv2d, ConvTranspose2d, Layer, MaxPool2d, Sequential, bilinear_weight
from minifcn.layers.sequential import skip_frozen
from minifcn.models.alignment import Alignment, aligning_kernels, uncrop
from minifcn.models.backbones import build_classifier
from minifcn.models.classifier import Classifier, check_settings
from minifcn.models.surgery import make_trunk

UPSAMPLING = ("fixed", "learned")
UPSAMPLING_KERNELS = ("full", "per-class")
AT_ONCE = {"pool4": 1e-2, "pool3": 1e-4}  # what the authors multiply the pools with to train all skips at once


class FCN(Layer):
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
    skips = ()  # pools whose scores are added, coarse to fine

    def __init__(
        self,
        n_class=21,
        width=1.0,
        fc_channels=4096,
        padding=100,
        dropout=0.5,
        upsampling="fixed",
        upsampling_kernels="full",
        backbone="vgg16",
        at_once=False,
        image_size=None,
        seed=0,
    ):
        self._check_settings(n_class, width, fc_channels, padding, upsampling, upsampling_kernels, at_once)
        if not isinstance(backbone, Classifier):
            backbone = build_classifier(backbone, 1, width, fc_channels, dropout, image_size, seed)
        self.settings = {
            "n_class": n_class,
            "width": backbone.settings["width"],
            "fc_channels": backbone.settings.get("fc_channels", fc_channels),
            "padding": padding,
            "dropout": backbone.settings["dropout"],
            "upsampling": upsampling,
            "upsampling_kernels": upsampling_kernels,
            "backbone": backbone.name,
            "at_once": at_once,
            "image_size": backbone.image_size,
        }
        if backbone.name != "vgg16":
            self.title = f"{self.title}, {backbone.title}" if self.skips else f"FCN-{backbone.title}"
        self.scales = AT_ONCE if at_once else {}
        channels = self._cut_into_sections(make_trunk(backbone, padding), n_class)
        if missing := [pool for pool in self.skips if pool not in channels]:
            raise InputError(f"{type(self).__name__}: {backbone.title} has no {missing[0]} to skip from: use FCN32s")
        self.score_pools = {pool: _zero(Conv2d(channels[pool], n_class, 1)) for pool in self.skips}
        groups = 1 if upsampling_kernels == "full" else n_class
        self.upsamplings = {}
        for name, kernel, stride in aligning_kernels(self.sections, self.skips):
            up = ConvTranspose2d(n_class, n_class, kernel, stride, groups=groups, bias=False)
            up.weight.data = bilinear_weight(n_class, kernel, groups)
            up.weight.trainable = upsampling == "learned"
            self.upsamplings[name] = up
        self.alignment = Alignment(self.sections, self.skips, self.upsamplings)
        for name, parameter in self.named_parameters():
            if name.endswith("bias"):
                parameter.lr_mult, parameter.decay_mult = 2.0, 0.0
        try:
            self.alignment.walk(0, 1024)
        except InputError as error:
            raise InputError(
                f'{type(self).__name__}: with padding {padding} the scores never cover the image: use 100, or "same"'
            ) from error

    def _cut_into_sections(self, trunk, n_class):
        """Make self.sections of the trunk {name: layer}, one up to every pool; returns {pool: its channels}."""
        self.sections, section, channels, pools = {}, {}, 3, {}
        for name, layer in trunk.items():
            section[name] = layer
            channels = getattr(layer, "out_channels", channels)
            if isinstance(layer, MaxPool2d):
                self.sections[name], section, pools[name] = Sequential(section), {}, channels
        section["score_fr"] = _zero(Conv2d(channels, n_class, 1))
        self.sections["score_fr"] = Sequential(section)
        return pools

    def children(self):
        """Every layer under its published name: conv1_1 .. fc7, score_fr, score_pool4, upscore2 and so on."""
        trunk = [child for section in self.sections.values() for child in section.children()]
        score_pools = [(f"score_{pool}", layer) for pool, layer in self.score_pools.items()]
        return trunk + score_pools + list(self.upsamplings.items())

    def forward(self, images):
        if images.ndim != 4:
            raise InputError(f"{type(self).__name__}: images have shape {tuple(images.shape)}, expected (N, 3, H, W)")
        crops = self.crops(images.shape[2:])
        maps, x = {}, images
        for name, section in self.sections.items():
            x = section(x)
            if name in self.skips:
                maps[name] = x

        *upsamplings, last = self.upsamplings.values()
        shapes = {}
        for pool, up in zip(self.skips, upsamplings):
            coarse, fine = up(x), self.score_pools[pool](self._scaled(maps.pop(pool), pool))
            shapes[pool] = coarse.shape, fine.shape
            up_crop, pool_crop = crops[pool]
            x = coarse[up_crop] + fine[pool_crop]
        scores = last(x)
        self.keep(crops, shapes, scores.shape)
        return array_module(images).ascontiguousarray(scores[crops["image"]])

    def backward(self, dscores):
        crops, shapes, uncropped = self.kept()
        *upsamplings, last = self.upsamplings.values()
        dx = last.backward(uncrop(dscores, crops["image"], uncropped))

        dmaps = {}
        for pool, up in reversed(list(zip(self.skips, upsamplings))):
            (up_crop, pool_crop), (coarse, fine) = crops[pool], shapes[pool]
            # The sum hands its gradient to both of its terms.
            dmap = self.score_pools[pool].backward(uncrop(dx, pool_crop, fine))
            dmaps[pool] = None if dmap is None else self._scaled(dmap, pool)
            dx = up.backward(uncrop(dx, up_crop, coarse))

        for name, section in reversed(self.sections.items()):
            if name in dmaps:
                dx = dx + dmaps.pop(name)  # a pool that forks gets both branches' gradients
            dx = section.backward(dx)
            if dx is None:  # nothing before it learns
                break
        return dx

    def _scaled(self, x, pool):
        return x * x.dtype.type(self.scales[pool]) if self.scales else x

    def train_only(self):
        """Do no more than training needs from now on; returns the network.

        backward gives no gradient of the images, nor of any map that only frozen layers lead to, and drops what each
        layer kept, so it runs once after each forward. To be called again after freezing.
        """
        first = skip_frozen(self.sections.values())
        for name, section in self.sections.items():
            section.backward_once = True
            if name in self.score_pools:
                self.score_pools[name].input_gradient = section.learns_from < len(section.named)
        for layer in self.layers():
            if isinstance(layer, Conv2d) and layer not in self.score_pools.values():
                layer.input_gradient = layer is not first
        return self

    def recompute_maps(self):
        """Keep no map between the pools while training from now on, but compute each again. Returns the network."""
        for section in self.sections.values():
            section.recompute = True
        return self

    def crops(self, image_size):
        """The part of each map that is used: {pool: (index of the upsampled map, of the pool's), "image": index}.

        image_size (H, W). Raises InputError for an image smaller than the geometry admits.
        """
        try:
            return self.alignment.crops(image_size)
        except InputError as error:
            height, width = image_size
            raise InputError(
                f"{type(self).__name__}: an image of {width}x{height} pixels is too small for padding "
                f"{self.settings['padding']}; each side needs at least {self.alignment.least_size()}"
            ) from error

    def places_along(self, axis, size):
        """{layer name: Place} of every layer with windows, along rows (axis 0) or columns (1) of an image of `size`."""
        return self.alignment.walk(axis, size)[0]

    def _check_settings(self, n_class, width, fc_channels, padding, upsampling, upsampling_kernels, at_once):
        name = type(self).__name__
        check_settings(name, n_class, width, fc_channels)
        if padding != "same" and not (isinstance(padding, int) and padding >= 0):
            raise InputError(
                f'{name}: padding is {padding!r}; expected 100 (the paper\'s), another number of pixels, or "same"'
            )
        if upsampling not in UPSAMPLING:
            raise InputError(f"{name}: upsampling {upsampling!r} is none of {', '.join(UPSAMPLING)}")
        if upsampling_kernels not in UPSAMPLING_KERNELS:
            known = ", ".join(UPSAMPLING_KERNELS)
            raise InputError(f"{name}: upsampling_kernels {upsampling_kernels!r} is none of {known}")
        if at_once and not self.skips:
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


def _zero(layer):
    layer.weight.data[...] = 0
    return layer
