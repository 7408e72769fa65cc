"""A large image's scores in little memory: what is fine in tiles, what is coarse at once, and equal to the whole's.

A network's first maps are as large as the image, and take nearly all of the memory. So its first layers, up to the map
whose pixels lie COARSE image pixels apart, run over one tile of the image after the other; the layers after them, whose
maps are small, run once; the last upsampling runs band by band.

A tile is all that its part of the map looks at: it overlaps its neighbours by that map's receptive field (44 pixels
for VGG's pool3), and begins where a window does. So nothing is cut off but at the image's own edges, which keep their
padding, and the scores are those of the whole image, to rounding, at every pixel and for every size.
"""

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from minifcn.backend import Array, array_module
from minifcn.checks import instance, whole
from minifcn.convolution.geometry import Window
from minifcn.errors import InputError
from minifcn.layers import Graph
from minifcn.layers.graph import INPUT
from minifcn.models.fcn import ANY_SIZE, FCN

COARSE = 8  # a map of this pitch has a 64th of the image's pixels
TILE = 1024  # pixels, a tile's side where none is given: larger ones are no faster
BAND = 1 << 24  # scores at a time
Read = Callable[[slice, slice], Array]  # (rows, columns) of an image -> what the network takes of it, (1, 3, h, w)


class Tiled:
    """An FCN that computes on an image in tiles, a second way through the same layers.

    model  in evaluation mode
    tile   the largest side of what is computed at a time, in pixels; a smaller image is one tile
    Raises InputError for a tile that is smaller than the overlap needs.
    """

    def __init__(self, model: FCN, tile: int = TILE) -> None:
        instance(model, "Tiled: model", FCN, "an FCN")
        whole(tile, "Tiled: tile", 1)
        nodes, places = model.nodes[False], model.places_along(0, ANY_SIZE)
        cut = next(number for number, node in enumerate(nodes) if places[node.name].pitch >= COARSE)
        self.model, self.tile, self.place = model, tile, places[nodes[cut].name]
        if tile < self.least_tile():
            expected = f"expected at least {self.least_tile()} pixels for {model.title}"
            field = self.place.receptive_field
            raise InputError(f"tile {tile}: {expected}, whose tiles overlap by a receptive field of {field}")
        layers: dict[str, Any] = model.named
        fine = {name: layers[name] for name, *_ in nodes[: cut + 1]}  # one after the other
        first, conv = next(iter(fine.items()))
        self.padding = conv.padding  # around the image, where a tile reaches its edge: not around each tile
        fine[first] = copy.copy(conv)
        fine[first].padding = 0, 0
        self.fine = Graph(fine).eval()
        *coarse, (up, *_), (crop, *_) = nodes[cut + 1 :]
        names = {nodes[cut].name: INPUT}
        self.coarse = Graph(
            {name: (layers[name], *(names.get(i, i) for i in inputs)) for name, inputs, _ in coarse}
        ).eval()
        self.up, self.offset = layers[up], layers[crop].offset

    def least_tile(self) -> int:
        """The smallest tile: a pixel's receptive field, wherever it begins between two steps of the coarse map."""
        return self.place.receptive_field + int(self.place.pitch) - 1

    def scores(self, size: tuple[int, int], read: Read) -> Iterator[tuple[slice, Array]]:
        """(rows, scores (n_class, rows, W)) of an image of size (H, W), from the top to the bottom.

        read  gives a part of the image as the model takes it, on the model's device
        Raises InputError for an image smaller than the geometry admits.
        """
        self.model.check(np.empty((0, 3, *size), np.float32))
        return self._bands(self.coarse(self._fine_map(size, read)), size)

    def _fine_map(self, size, read):
        """The map at the cut, (1, C, h, w), tile by tile."""
        rows, cols = (
            self._pieces(_windows(self.fine, axis), n + 2 * padding)
            for axis, (n, padding) in enumerate(zip(size, self.padding))
        )
        whole = None
        for out_rows, in_rows, top in rows:
            for out_cols, in_cols, left in cols:
                part = self.fine(self._padded(read, size, (in_rows, in_cols)))
                if whole is None:
                    shape = *part.shape[:2], rows[-1][0].stop, cols[-1][0].stop
                    whole = array_module(part).empty(shape, dtype=part.dtype)
                bottom, right = top + out_rows.stop - out_rows.start, left + out_cols.stop - out_cols.start
                whole[:, :, out_rows, out_cols] = part[:, :, top:bottom, left:right]
        return whole

    def _pieces(self, windows, size):
        """Tiles along one axis: [(pixels of the map, of the padded image, which of the tile's map is the first)]."""
        sizes = [size]
        for window in windows:
            sizes.append(window.output_size(sizes[-1]))
        stride, total = int(self.place.pitch), sizes[-1]
        most = (self.tile - self.least_tile()) // stride + 1  # pixels of the map that a tile gives
        each = -(-total // -(-total // most))  # of equal tiles
        pieces = []
        for start in range(0, total, each):
            stop = min(start + each, total)
            seen = _seen(windows, sizes, slice(start, stop))
            first = seen.start - seen.start % stride  # where a window begins: so all windows fall as in the whole image
            pieces.append((slice(start, stop), slice(first, seen.stop), start - first // stride))
        return pieces

    def _padded(self, read, size, part):
        """A part (rows, columns) of the padded image, read where it lies in the image, 0 around."""
        inside, around = [], []
        for piece, n, padding in zip(part, size, self.padding):
            length = piece.stop - piece.start
            start, stop = (min(max(end - padding, 0), n) for end in (piece.start, piece.stop))
            before = min(max(padding - piece.start, 0), length)  # all of it where the tile lies in the padding
            inside.append(slice(start, stop))
            around.append((before, length - before - (stop - start)))
        x = read(*inside)
        return array_module(x).pad(x, ((0, 0), (0, 0), *around)) if any(map(any, around)) else x

    def _bands(self, coarse, size):
        """Upsample the coarse scores (1, n_class, h, w) to the image's size."""
        (height, width), (top, left) = size, self.offset
        window = self.up.windows[0]  # without padding: pixel i gives pixels i * stride to i * stride + kernel
        step = max(window.stride, BAND // (coarse.shape[1] * width))
        for start in range(0, height, step):
            stop = min(start + step, height)
            first = max(0, (top + start - window.kernel) // window.stride + 1)
            y = self.up(coarse[:, :, first : (top + stop - 1) // window.stride + 1])
            above = top + start - first * window.stride
            yield slice(start, stop), y[0, :, above : above + stop - start, left : left + width]


def _windows(net, axis):
    return [layer.windows[axis] for layer in net.named.values() if hasattr(layer, "windows")]


def _seen(windows: Sequence[Window], sizes: Sequence[int], outputs: slice) -> slice:
    """The pixels that these outputs of a chain of windows look at; sizes: of its maps, the input's first."""
    start, stop = outputs.start, outputs.stop
    for window, size in zip(reversed(windows), reversed(sizes[:-1])):
        start = max(0, start * window.stride - window.padding)
        stop = min(size, (stop - 1) * window.stride - window.padding + window.reach)
    return slice(start, stop)
