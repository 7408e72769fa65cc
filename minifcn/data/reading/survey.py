"""The values that a folder's masks hold, all of them looked at once."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from minifcn.data.reading.masks import mask_values, packed
from minifcn.data.reading.noise import is_noisy
from minifcn.data.reading.photos import upright_mask

THREADS = 2


@dataclass
class Survey:
    """The values in a folder's masks.

    pixels    {value: how many pixels have it}, of packed values
    colours   whether they are colours
    palettes  whether palettes are why: one index has several colours in them
    noisy     [(path, how many values)] of masks with more than were drawn; their values are not counted
    """

    colours: bool = False
    palettes: bool = False
    pixels: dict[int, int] = field(default_factory=dict)
    noisy: list[tuple[Path, int]] = field(default_factory=list)

    @property
    def values(self) -> list[int]:
        """Those that occur, in order."""
        return sorted(self.pixels)


def survey(paths: Sequence[Path], colours: bool = False, indices: bool = False) -> Survey:
    """Look at masks.

    colours  read all of them as colours; else they are where one of them has any, and where palettes give one index
             several colours: programs that save small files number the colours of each anew
    indices  what palettes say is not looked at

    InputError for a file that cannot be read.
    """

    def count(path):
        image = upright_mask(path)
        mask = mask_values(image, path, colours)
        packed_mask = packed(mask)
        values, pixels = np.unique(packed_mask, return_counts=True)
        palette = [] if indices or mask.ndim == 3 else image.getpalette() or []
        listed = (index for index in values.tolist() if 3 * index < len(palette))
        shades = {(index, tuple(palette[3 * index : 3 * index + 3])) for index in listed}
        return mask.ndim == 3, is_noisy(packed_mask, values, path), values, pixels, shades

    with ThreadPoolExecutor(THREADS) as pool:
        counted = list(pool.map(count, paths))
    coloured = {in_colours for in_colours, *_ in counted}
    if len(coloured) == 2:  # those all of whose pixels are grey are colours, too
        return survey(paths, colours=True)
    shades = {shade for *_, those in counted for shade in those}
    if len({index for index, _ in shades}) < len(shades):
        return replace(survey(paths, colours=True), palettes=True)
    found = Survey(coloured == {True})
    for path, (_, noisy, values, pixels, _) in zip(paths, counted):
        if noisy:
            found.noisy.append((path, len(values)))
            continue
        for value, n in zip(values.tolist(), pixels.tolist()):
            found.pixels[value] = found.pixels.get(value, 0) + n
    return found
