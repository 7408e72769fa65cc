"""The zip archives of `torch.save` since PyTorch 1.6.

NAME/data.pkl holds what was saved, with descriptions in place of the tensors; NAME/data/KEY the numbers of a storage;
NAME/byteorder "little" or "big". Nothing is compressed, and every entry has a check sum, which is compared.
"""

import io
import zipfile
from typing import Any, BinaryIO

import numpy as np

from minifcn.errors import InputError
from minifcn.weights.pth.descriptions import shown
from minifcn.weights.pth.elements import ReadStorages, item_size
from minifcn.weights.pth.unpickling import read_pickle

BEGINNING = b"PK\x03\x04"  # of every zip archive
_END = b"PK\x05\x06"  # of its last record, which has _END_SIZE bytes
_END_SIZE = 22
_PICKLE = "data.pkl"
_CHUNK = 1 << 20  # bytes read at a time: they are still in the cache when their check sum is computed


def open_archive(file: BinaryIO, size: int) -> tuple[Any, ReadStorages]:
    """Read all but the numbers of an open file of `size` bytes -> (what was saved, function `read`).

    read(keys) yields (key, bytes as a uint8 array, "little" or "big") of the storages with these keys.
    InputError for what is refused, and other errors for a damaged file.
    """
    archive = zipfile.ZipFile(file)
    file.seek(-_END_SIZE, io.SEEK_END)
    if not file.read().startswith(_END):
        raise InputError("bytes follow the archive's end: it is damaged")
    entries = {entry.filename: entry for entry in archive.infolist()}
    if len(entries) < len(archive.infolist()):
        raise InputError("two entries of the archive have one name: it is damaged")
    folder = _folder(entries)

    def entry_of(name):
        if folder + name not in entries:
            raise InputError(f"{shown(name)} is missing in the archive: it is damaged")
        entry = entries[folder + name]
        if entry.compress_type != zipfile.ZIP_STORED or entry.compress_size != entry.file_size:
            raise InputError(f"{shown(name)} is compressed, which torch.save never does: refused")
        if entry.header_offset + entry.file_size > size:
            raise InputError(f"{shown(name)} reaches beyond the end of the file: it is damaged or cut short")
        return entry

    def read_entry(entry):
        raw = np.empty(entry.file_size, np.uint8)
        with archive.open(entry) as stored:
            for start in range(0, raw.size, _CHUNK):
                stored.readinto(raw[start : start + _CHUNK])
        return raw

    saved, storages = read_pickle(io.BytesIO(read_entry(entry_of(_PICKLE))))
    order = "little"  # what PyTorch takes files of before 2.1 for, which do not tell
    if folder + "byteorder" in entries:
        order = read_entry(entry_of("byteorder")).tobytes().decode()
        if order not in ("little", "big"):
            raise InputError(f"its byteorder is {shown(order)!r}, expected little or big")

    def read(keys):
        chosen = {key: entry_of(f"data/{key}") for key in keys}
        if sum(entry.file_size for entry in chosen.values()) > size:
            raise InputError("its storages are larger than the file: they overlap, it is damaged")
        for key, entry in chosen.items():
            expected = storages[key].numbers * item_size(storages[key].kind)
            if entry.file_size != expected:
                raise InputError(f"storage {shown(key)} has {entry.file_size} bytes, expected {expected}")
            yield key, read_entry(entry), order

    return saved, read


def _folder(entries):
    """NAME/, before the names of the entries. InputError for archives that hold no state dict."""
    folders = [name.removesuffix(_PICKLE) for name in entries if name == _PICKLE or name.endswith(f"/{_PICKLE}")]
    if len(folders) != 1:
        raise InputError(f"a zip archive with {len(folders)} {_PICKLE}, expected one, as torch.save writes it")
    (folder,) = folders
    if folder + "constants.pkl" in entries or any(name.startswith(folder + "code/") for name in entries):
        advice = "write them alone, in PyTorch: torch.save(torch.jit.load(FILE).state_dict(), NEW_FILE)"
        raise InputError(f"a TorchScript archive, a program with its weights; {advice}")
    return folder
