"""How an FCN's maps come to lie over each other: the upsampling kernels that fit, and where to crop.

Maps are added pixel by pixel, so their pixels must look at the same places of the image. Where they do follows from
the layers' windows (`convolution.geometry`), along rows and along columns. What is asked for here is asked of

    sections     {name: Sequential}: the trunk, cut after every pool; the last section ends in score_fr
    skips        the pools whose scores are added, coarse to fine
    upsamplings  {name: ConvTranspose2d}: one to each skip's pool, and one to the image
"""

import itertools
from typing import NamedTuple

from minifcn.backend import array_module
from minifcn.convolution.geometry import Place, Window
from minifcn.errors import InputError


class Alignment(NamedTuple):
    """The maps of a net, laid over each other."""

    sections: dict
    skips: tuple
    upsamplings: dict

    def walk(self, axis, size):
        """The places of all maps along one axis of an image of `size` pixels, and the crops that align them.

        -> ({layer name: Place}, {pool: (slice of the upsampled map, of the pool's), "image": slice of the last map})
        Raises InputError where a map is too small for its crop.
        """
        image, crops = Place(size), {}
        places = trunk_places(self.sections, axis, image)
        place = places["score_fr"]
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

    def crops(self, image_size):
        """The part of each map that is used, for an image of (H, W), as indices of the arrays.

        -> {pool: (index of the upsampled map, of the pool's), "image": index of the last map}. Raises as `walk`.
        """
        rows, cols = (self.walk(axis, size)[1] for axis, size in enumerate(image_size))
        crops = {pool: tuple((..., r, c) for r, c in zip(rows[pool], cols[pool])) for pool in self.skips}
        return crops | {"image": (..., rows["image"], cols["image"])}

    def least_size(self):
        """The smallest image, in pixels along one axis. Only for a net that admits one: else it never ends."""
        for size in itertools.count(1):
            try:
                self.walk(0, size)
                return size
            except InputError:
                pass


def trunk_places(sections, axis, place):
    """{layer name: Place} of the trunk's layers, for an image at `place`."""
    places = {}
    for section in sections.values():
        place = section.trace("", place, axis, places)
    return places


def aligning_kernels(sections, skips):
    """(published name, kernel, stride) of the upsamplings that a trunk needs: to each skip's pool, and to the image.

    Raises InputError where no bilinear kernel fits.
    """
    image = Place(1024)
    places = trunk_places(sections, 0, image)
    place = places["score_fr"]
    names = ["upscore"]
    if skips:
        names = ["upscore2", *(f"upscore_{pool}" for pool in skips[:-1])]
        names.append(f"upscore{int(places[skips[-1]].pitch)}")
    for name, fine in zip(names, [*(places[pool] for pool in skips), image]):
        stride = int(place.pitch / fine.pitch)
        kernel = _aligning_kernel(place, fine, stride)
        yield name, kernel, stride
        place = place.after(Window(kernel, stride, transposed=True))


def _aligning_kernel(place, fine, stride):
    """How many taps interpolate by `stride` so that the map at `place` comes to lie over that at `fine`.

    Bilinear kernels have 2*stride taps or one less; which of them depends on where the pixels' centres are.
    """
    for kernel in (2 * stride - stride % 2, 2 * stride - 1):
        try:
            place.after(Window(kernel, stride, transposed=True)).offset_of(fine)
            return kernel
        except InputError as error:
            between = error
    raise between


def uncrop(dy, index, shape):
    """The gradient of a crop: dy where the crop was taken from, zeros around it.

    Raises InputError where dy has not the crop's shape.
    """
    dx = array_module(dy).zeros(shape, dtype=dy.dtype)
    if dx[index].shape != dy.shape:
        raise InputError(f"the gradient has shape {tuple(dy.shape)}, the scores {tuple(dx[index].shape)}")
    dx[index] = dy
    return dx
