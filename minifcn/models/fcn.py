"""FCN-32s, FCN-16s and FCN-8s on VGG16 (Long, Shelhamer, Darrell 2015, section 4; slides "Combining what and where").

The trunk turns the image into coarse scores, 32 pixels apart. Each skip upsamples the scores by 2 and adds those of an
earlier, finer pool; the last upsampling goes to the image's own size. Maps that are added must lie over each other:
where to crop them follows from `convolution.geometry`, for every padding and image size.
"""

import itertools
import math

import numpy as np

from minifcn.backend import array_module
from minifcn.convolution.geometry import Place, whole
from minifcn.errors import InputError
from minifcn.layers import Conv2d, ConvTranspose2d, Dropout2d, Layer, ReLU, Sequential, bilinear_weight
from minifcn.models.vgg import VGG16, vgg_block

UPSAMPLING = ("fixed", "learned")
UPSAMPLING_KERNELS = ("full", "per-class")


class FCN(Layer):
    """A VGG16 trunk, scores at 1/32, `skips` to finer pools, and upsampling to the image's size.

    forward   images (N, 3, H, W)               -> scores (N, n_class, H, W)
    backward  dL/dscores (N, n_class, H, W)     -> dL/dimages (N, 3, H, W), or None after `train_only()`

    n_class             classes, and so channels of the scores
    width               scales the trunk's channel counts 64..512
    fc_channels         channels of fc6 and fc7
    padding             100: the paper's, around the image, and none in fc6; "same": 1, and 3 in fc6, which costs less
    dropout             probability of dropping a channel after fc6 and fc7
    upsampling          "fixed": bilinear for good; "learned": bilinear to begin with
    upsampling_kernels  "full": one for each pair of classes, as in the published weights; "per-class": one for each
                        class, which never mixes classes and costs n_class times less
    seed                of the initial weights: He for the trunk, 0 for the score layers (paper, section 4.1)

    Biases learn at twice the rate and do not decay (paper, section 4.3).
    Raises InputError for an image smaller than the geometry admits.
    """

    title = ""  # as the paper writes it
    skips = ()  # pools whose scores are added, coarse to fine
    upscores = ()  # (name, kernel, stride) of every upsampling, in order; one more than skips

    def __init__(
        self,
        n_class=21,
        width=1.0,
        fc_channels=4096,
        padding=100,
        dropout=0.5,
        upsampling="fixed",
        upsampling_kernels="full",
        seed=0,
    ):
        self._check_settings(n_class, width, fc_channels, padding, upsampling, upsampling_kernels)
        rng = np.random.default_rng(seed)
        channels = [[max(1, round(c * width)) for c in block] for block in VGG16]
        image_padding, fc6_padding = (1, 3) if padding == "same" else (padding, 0)
        inputs = [3, *(block[-1] for block in channels[:-1])]
        blocks = [
            vgg_block(b + 1, inputs[b], channels[b], rng, image_padding if b == 0 else 1) for b in range(len(channels))
        ]
        head = {
            "fc6": Conv2d(channels[-1][-1], fc_channels, 7, padding=fc6_padding, rng=rng),
            "relu6": ReLU(inplace=True),
            "drop6": Dropout2d(dropout),
            "fc7": Conv2d(fc_channels, fc_channels, 1, rng=rng),
            "relu7": ReLU(inplace=True),
            "drop7": Dropout2d(dropout),
            "score_fr": _zero(Conv2d(fc_channels, n_class, 1, rng=rng)),
        }
        self.sections = {f"pool{b}": Sequential(block) for b, block in enumerate(blocks, start=1)}
        self.sections["score_fr"] = Sequential(head)
        pool_channels = {"pool3": channels[2][-1], "pool4": channels[3][-1]}
        self.score_pools = {pool: _zero(Conv2d(pool_channels[pool], n_class, 1, rng=rng)) for pool in self.skips}
        groups = 1 if upsampling_kernels == "full" else n_class
        self.upsamplings = {
            name: ConvTranspose2d(n_class, n_class, kernel, stride, groups=groups, bias=False, rng=rng)
            for name, kernel, stride in self.upscores
        }
        for up in self.upsamplings.values():
            up.weight.data[...] = bilinear_weight(n_class, up.kernel_size[0], groups)
            up.weight.trainable = upsampling == "learned"
        for name, parameter in self.named_parameters():
            if name.endswith("bias"):
                parameter.lr_mult, parameter.decay_mult = 2.0, 0.0
        self.settings = {
            "n_class": n_class,
            "width": width,
            "fc_channels": fc_channels,
            "padding": padding,
            "dropout": dropout,
            "upsampling": upsampling,
            "upsampling_kernels": upsampling_kernels,
        }
        try:
            self._walk(0, 1024)
        except InputError as error:
            raise InputError(
                f'{type(self).__name__}: with padding {padding} the scores never cover the image: use 100, or "same"'
            ) from error

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
            coarse, fine = up(x), self.score_pools[pool](maps.pop(pool))
            shapes[pool] = coarse.shape, fine.shape
            up_crop, pool_crop = crops[pool]
            x = coarse[up_crop] + fine[pool_crop]
        scores = last(x)
        self.keep(crops, shapes, scores.shape)
        return array_module(images).ascontiguousarray(scores[crops["image"]])

    def backward(self, dscores):
        crops, shapes, uncropped = self.kept()
        *upsamplings, last = self.upsamplings.values()
        dx = last.backward(_uncrop(dscores, crops["image"], uncropped))

        dmaps = {}
        for pool, up in reversed(list(zip(self.skips, upsamplings))):
            (up_crop, pool_crop), (coarse, fine) = crops[pool], shapes[pool]
            # The sum hands its gradient to both of its terms.
            dmaps[pool] = self.score_pools[pool].backward(_uncrop(dx, pool_crop, fine))
            dx = up.backward(_uncrop(dx, up_crop, coarse))

        for name, section in reversed(self.sections.items()):
            if name in dmaps:
                dx = dx + dmaps.pop(name)  # a pool that forks gets both branches' gradients
            dx = section.backward(dx)
        return dx

    def train_only(self):
        """Do no more than training needs from now on; returns the network.

        backward gives no gradient of the images, and drops what each layer kept, so it runs once after each forward.
        """
        first = next(layer for layer in self.layers() if isinstance(layer, Conv2d))
        first.input_gradient = False
        for section in self.sections.values():
            section.backward_once = True
        return self

    def recompute(self):
        """Keep no map between the pools while training from now on, but compute each again. Returns the network."""
        for section in self.sections.values():
            section.recompute = True
        return self

    def crops(self, image_size):
        """The part of each map that is used: {pool: (index of the upsampled map, of the pool's), "image": index}.

        image_size (H, W). Raises InputError for an image smaller than the geometry admits.
        """
        try:
            rows, cols = (self._walk(axis, size)[1] for axis, size in enumerate(image_size))
        except InputError as error:
            height, width = image_size
            raise InputError(
                f"{type(self).__name__}: an image of {width}x{height} pixels is too small for padding "
                f"{self.settings['padding']}; each side needs at least {self._least_size()}"
            ) from error
        crops = {pool: tuple((..., r, c) for r, c in zip(rows[pool], cols[pool])) for pool in self.skips}
        return crops | {"image": (..., rows["image"], cols["image"])}

    def places_along(self, axis, size):
        """{layer name: Place} of every layer with windows, along rows (axis 0) or columns (1) of an image of `size`."""
        return self._walk(axis, size)[0]

    def _walk(self, axis, size):
        """The places of all maps along one axis, and the crops that lay them over each other: (places, crops)."""
        image = Place(size)
        places, crops, place = {}, {}, image
        for section in self.sections.values():
            for name, layer in section.children():
                if hasattr(layer, "windows"):
                    place = places[name] = place.after(layer.windows[axis])
        *skips, (last_name, last) = self.upsamplings.items()
        for pool, (name, up) in zip(self.skips, skips):
            fine = places[f"score_{pool}"] = places[pool]
            place = places[name] = place.after(up.windows[axis])
            offset = fine.offset_of(place)
            if offset >= 0:  # the pool's map begins first: crop it to the upsampled one
                fine.cropped(offset, place.size)  # raises where it is too small
                crops[pool] = slice(0, place.size), slice(offset, offset + place.size)
            else:
                place = place.cropped(-offset, fine.size)
                crops[pool] = slice(-offset, -offset + fine.size), slice(0, fine.size)
        place = places[last_name] = place.after(last.windows[axis])
        offset = place.offset_of(image)
        place.cropped(offset, size)
        return places, crops | {"image": slice(offset, offset + size)}

    def _least_size(self):
        for size in itertools.count(1):  # ends: the constructor has seen a size that is admitted
            try:
                self._walk(0, size)
                return size
            except InputError:
                pass

    def _check_settings(self, n_class, width, fc_channels, padding, upsampling, upsampling_kernels):
        name = type(self).__name__
        whole(n_class, f"{name}: n_class", 1)
        whole(fc_channels, f"{name}: fc_channels", 1)
        if not 0 < width < math.inf:
            raise InputError(f"{name}: width is {width}; expected a number above 0, 1 for the paper's")
        if padding != "same" and not (isinstance(padding, int) and padding >= 0):
            raise InputError(
                f'{name}: padding is {padding!r}; expected 100 (the paper\'s), another number of pixels, or "same"'
            )
        if upsampling not in UPSAMPLING:
            raise InputError(f"{name}: upsampling {upsampling!r} is none of {', '.join(UPSAMPLING)}")
        if upsampling_kernels not in UPSAMPLING_KERNELS:
            known = ", ".join(UPSAMPLING_KERNELS)
            raise InputError(f"{name}: upsampling_kernels {upsampling_kernels!r} is none of {known}")

    def __repr__(self):
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self.settings.items())})"


class FCN32s(FCN):
    """No skip: one upsampling by 32."""

    title = "FCN-32s"
    upscores = (("upscore", 64, 32),)


class FCN16s(FCN):
    """One skip, from pool4: up by 2, add, up by 16."""

    title = "FCN-16s"
    skips = ("pool4",)
    upscores = (("upscore2", 4, 2), ("upscore16", 32, 16))


class FCN8s(FCN):
    """Two skips, from pool4 and pool3: up by 2, add, up by 2, add, up by 8."""

    title = "FCN-8s"
    skips = ("pool4", "pool3")
    upscores = (("upscore2", 4, 2), ("upscore_pool4", 4, 2), ("upscore8", 16, 8))


def _zero(layer):
    layer.weight.data[...] = 0
    return layer


def _uncrop(dy, index, shape):
    """The gradient of a crop: dy where the crop was taken from, zeros around it."""
    dx = array_module(dy).zeros(shape, dtype=dy.dtype)
    if dx[index].shape != dy.shape:
        raise InputError(f"the gradient has shape {tuple(dy.shape)}, the scores {tuple(dx[index].shape)}")
    dx[index] = dy
    return dx
