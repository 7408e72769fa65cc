"""The format of `torch.save` until PyTorch 1.5, in which torchvision still publishes VGG16 and VGG19.

Pickles one after the other: a magic number, a version, the writer's machine, the state dict, the storages' keys. Then
storage by storage: the count of its numbers (8 bytes) and the numbers, little-endian. Nothing has a check sum.
"""

import struct
from typing import Any, BinaryIO

import numpy as np

from minifcn.errors import InputError
from minifcn.text import short
from minifcn.weights.pth.elements import ReadStorages, item_size
from minifcn.weights.pth.unpickling import read_pickle

_MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
_VERSION = 1001
BEGINNING = b"\x8a\x0a" + _MAGIC_NUMBER.to_bytes(10, "little")  # of each file, after a few bytes for the protocol


def open_legacy(file: BinaryIO, size: int) -> tuple[Any, ReadStorages]:
    """Read all but the numbers of an open file of `size` bytes -> (what was saved, function `read`).

    read(keys) yields (key, bytes as a uint8 array, "little") of the storages with these keys.
    InputError for what is refused or damaged, and other errors where the bytes make no pickle.
    """
    magic, version, _machine = (read_pickle(file)[0] for _ in range(3))
    if (magic, version) != (_MAGIC_NUMBER, _VERSION):
        raise InputError(f"it is of another version of PyTorch's old format than {_VERSION}, the only one there was")
    saved, storages = read_pickle(file)
    order, _ = read_pickle(file)
    if not all(isinstance(key, str) for key in order) or sorted(order) != sorted(storages):
        raise InputError("the storages that it lists are not those that its tensors need: it is damaged")

    def read(keys):
        for key in order:
            storage = storages[key]
            (count,) = struct.unpack("<q", file.read(8))
            length = count * item_size(storage.kind)
            if count != storage.numbers:
                raise InputError(f"storage {short(key)} has {count} numbers, expected {storage.numbers}: it is damaged")
            if file.tell() + length > size:
                raise InputError(f"storage {short(key)} reaches beyond the end of the file: it is damaged or cut short")
            if key in keys:
                raw = np.empty(length, np.uint8)
                file.readinto(raw)
                yield key, raw, "little"
            else:
                file.seek(length, 1)
        if file.tell() < size:
            raise InputError(f"{size - file.tell()} bytes follow the last storage: it is damaged")

    return saved, read
