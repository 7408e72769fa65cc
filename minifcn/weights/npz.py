"""Weights files: a NumPy .npz of arrays under their published names, and the entry `about`. Nothing is pickled, and
pickles are refused.
"""

import math
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, BinaryIO

import numpy as np

from minifcn.backend import Array
from minifcn.backend.files import write_whole
from minifcn.checks import instance
from minifcn.errors import InputError
from minifcn.layers.parameter import check_real
from minifcn.text import short
from minifcn.weights.about import ABOUT, from_json, to_json
from minifcn.weights.mistaken import mistaken
from minifcn.weights.opening import beginning, open_weights
from minifcn.weights.schema import LONGEST

VELOCITY = "velocity/"  # before the names of the optimizer's arrays, which a checkpoint holds too
BEGINNING = b"PK\x03\x04"  # of every zip archive that is not empty
_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
_LEAST_LIMIT = 1 << 30  # bytes: what a file may hold however small it is, compressed zeros say
_COMPRESSED = 4  # and how many times its own size: numbers of trained weights are hardly made smaller


def save_arrays(path: str | Path, arrays: dict[str, Array], about: dict[str, Any]) -> None:
    """Write {name: NumPy array} and the JSON-able dict `about` to `path`, whole or not at all.

    The file appears under its name only when every byte is on the disk; what was there before stays until then.
    Raises InputError where it cannot be written, a full disk for instance.
    """
    instance(arrays, "save_arrays: arrays", Mapping, "{name: array}")
    for name, array in arrays.items():
        check_real(f"save_arrays: {name}", array)
        instance(array, f"save_arrays: {name}", np.ndarray, "a NumPy array: use to_host")
    write_whole(path, lambda file: write_npz(file, arrays | {ABOUT: np.array(to_json(about))}))


def write_npz(file: IO[bytes], arrays: dict[str, Array]) -> None:
    """Write {name: NumPy array} as `np.savez` does from NumPy 2.2 on; before, a full disk left its archive open, to be
    complained of later.
    """
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, array, allow_pickle=False)


def load_arrays(path: str | Path) -> tuple[dict[str, Array], dict[str, Any]]:
    """Read a file of `save_arrays` -> ({name: array}, about). Raises InputError for any other file."""
    with open_weights(path) as file:
        arrays = read_npz(file)
        return arrays, from_json(take_about(arrays))


def load_about(path: str | Path) -> dict[str, Any]:
    """What such a file says beside its arrays, which are not read. Raises InputError for any other file."""
    with open_weights(path) as file:
        return from_json(take_about(read_npz(file, ABOUT)))


def read_npz(file: BinaryIO, only: str = "") -> dict[str, Array]:
    """{name: array} of an open .npz of plain arrays; `only` one of them. `ABOUT` is a text, all others are numbers.

    InputError, naming the entry, for whatever is no such array, a pickle for instance, and for more than the file can
    hold.
    """
    first = beginning(file)
    if not first.startswith(BEGINNING):
        size = os.fstat(file.fileno()).st_size
        raise InputError(mistaken(first) or f"its {size} bytes are no .npz: expected a file written by minifcn train")
    with zipfile.ZipFile(file) as archive:
        entries = {entry.filename.removesuffix(".npy"): entry for entry in archive.infolist()}
        if len(entries) < len(archive.infolist()):
            raise InputError("two of its entries have one name: it is damaged")
        size, most = os.fstat(file.fileno()).st_size, sum(entry.file_size for entry in entries.values())
        if most > max(_LEAST_LIMIT, _COMPRESSED * size):
            raise InputError(f"its entries are said to have {most} bytes, the file has {size}: refused")
        return {name: _array(archive, entry, name) for name, entry in entries.items() if only in ("", name)}


def take_about(arrays: dict[str, Array]) -> str:
    """Take the line that stands beside {name: array} out of it. InputError where there is none."""
    about = arrays.pop(ABOUT, None)
    if about is None:
        raise InputError(f"it has no entry {ABOUT}: not written by minifcn train")
    if about.shape != () or about.dtype.itemsize > 4 * LONGEST:  # 4 bytes a letter
        raise InputError(f"its entry {ABOUT} is {about.dtype} {about.shape}, expected one text: it is damaged")
    return str(about)


def _array(archive, entry, name):
    """One entry as an array, once it is clear that it is one, and of its own size."""
    if entry.flag_bits & 1:
        raise InputError(f"its entry {short(name)} is encrypted, expected a plain .npz")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # LZMA takes the memory it is told
        raise InputError(f"its entry {short(name)} is packed as NumPy packs none: write it by numpy.savez_compressed")
    with archive.open(entry) as stored:
        try:
            shape, _, dtype = _HEADERS[np.lib.format.read_magic(stored)](stored)
        except (ValueError, KeyError):  # NumPy's word for another beginning, another version
            raise InputError(f"its entry {short(name)} is no array, expected an .npz of arrays alone") from None
        length = entry.file_size - stored.tell()
    if dtype.hasobject:
        raise InputError(f"its entry {short(name)} holds objects; they could run any code, and pickles are not read")
    if dtype.kind not in ("U" if name == ABOUT else "biufc"):
        expected = "a text" if name == ABOUT else "numbers"
        raise InputError(f"its entry {short(name)} is an array of {short(str(dtype))}, expected {expected}")
    if min(shape, default=1) < 0 or math.prod(shape) * dtype.itemsize != length:
        what = f"{short(str(dtype))} {short(str(shape))} but {length} bytes of numbers"
        raise InputError(f"its entry {short(name)} has {what}: it is damaged")
    with archive.open(entry) as stored:
        return np.lib.format.read_array(stored, allow_pickle=False)
