"""The zip archive of `torch.save(state_dict)`, written without PyTorch: the mirror of `archive` and `unpickling`.

Beside what PyTorch writes stands an entry of ours, ABOUT, which PyTorch leaves alone and `reading` finds again.
"""

import math
import struct
import zipfile
from collections.abc import Mapping
from typing import IO, Any

import numpy as np

from minifcn.errors import InputError
from minifcn.weights.pth.archive import ABOUT, BYTEORDER, DATA, PICKLE
from minifcn.weights.pth.elements import CODES

_FOLDER = "archive/"  # what PyTorch calls it where it does not know the file's name
_ALIGNMENT = 64  # bytes: where the numbers of a storage begin, so that they can be mapped into memory
_PADDING = b"FB"  # the kind of the extra field that moves them there, as PyTorch names it
_HEADER, _ZIP64_FIELD = 30, 20  # bytes: of a header before the name, and of what zipfile adds for large entries
_KINDS = {code: name.removeprefix("torch.") for name, code in CODES.items() if name.endswith("Storage")}
_ORDERED_DICT = b"ccollections\nOrderedDict\n)R"


def write_pth(file: IO[bytes], arrays: Mapping[str, np.ndarray], about: str) -> None:
    """Write {name: array} to an open file as torch.save does an OrderedDict of tensors, and the line `about` beside.

    The same arrays give the same bytes. Raises InputError for numbers of a kind that has no storage in PyTorch.
    """
    arrays = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    with zipfile.ZipFile(file, "w") as archive:
        _write(archive, PICKLE, pickled(arrays))
        _write(archive, BYTEORDER, b"little")
        for key, array in enumerate(arrays.values()):
            _write(archive, f"{DATA}{key}", array.astype(array.dtype.newbyteorder("<"), copy=False).reshape(-1).data)
        _write(archive, "version", b"3\n")
        _write(archive, ABOUT, about.encode())


def _write(archive, name, content):
    """An entry that is not compressed, with its first byte at a multiple of _ALIGNMENT and no date of its own."""
    entry = zipfile.ZipInfo(_FOLDER + name)
    entry.file_size = memoryview(content).nbytes
    begin = archive.start_dir + _HEADER + len(entry.filename)
    begin += _ZIP64_FIELD if entry.file_size * 1.05 > zipfile.ZIP64_LIMIT else 0  # zipfile's own condition
    padding = -(begin + 4) % _ALIGNMENT
    entry.extra = _PADDING + struct.pack("<H", padding) + bytes(padding)
    with archive.open(entry, "w") as stored:
        stored.write(content)


def pickled(arrays: Mapping[str, np.ndarray]) -> bytes:
    """The state dict, with descriptions in place of the arrays, as a pickle of protocol 2."""
    items = b"".join(_text(name) + _tensor(name, array, key) for key, (name, array) in enumerate(arrays.items()))
    return b"\x80\x02" + _ORDERED_DICT + b"(" + items + b"u."


def _tensor(name, array, key):
    kind = _KINDS.get(array.dtype.newbyteorder("<").str[1:] if array.dtype.kind != "b" else "bool")
    if kind is None:
        raise InputError(f"{name} is an array of {array.dtype}, expected one of {', '.join(_KINDS)}")
    strides = [math.prod(array.shape[axis + 1 :]) for axis in range(array.ndim)]
    identity = _text("storage") + _name("torch", kind) + _text(str(key)) + _text("cpu") + _whole(array.size)
    arguments = [_tuple(identity) + b"Q", _whole(0), _sizes(array.shape), _sizes(strides), b"\x89", _ORDERED_DICT]
    return _name("torch._utils", "_rebuild_tensor_v2") + _tuple(b"".join(arguments)) + b"R"


def _text(text: str) -> bytes:
    encoded = text.encode()
    return b"X" + struct.pack("<I", len(encoded)) + encoded


def _name(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def _tuple(items: bytes) -> bytes:
    return b"(" + items + b"t"


def _sizes(numbers: Any) -> bytes:
    return _tuple(b"".join(map(_whole, numbers)))


def _whole(number: int) -> bytes:
    encoded = number.to_bytes(number.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(encoded)]) + encoded
