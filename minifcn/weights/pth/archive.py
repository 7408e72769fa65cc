"""The zip archives of `torch.save` since PyTorch 1.6.

NAME/data.pkl holds what was saved, with descriptions in place of the tensors; NAME/data/KEY the numbers of a storage;
NAME/byteorder "little" or "big". Nothing is compressed, and every entry has a check sum, which is compared. What
`writing` adds, NAME/minifcn.json, PyTorch leaves alone.
"""

import io
import zipfile
from typing import Any, BinaryIO

import numpy as np

from minifcn.errors import InputError
from minifcn.text import short
from minifcn.weights.pth.elements import ReadStorages, item_size
from minifcn.weights.pth.unpickling import read_pickle

BEGINNING = b"PK\x03\x04"  # of every zip archive
_END = b"PK\x05\x06"  # of its last record, which has _END_SIZE bytes
_END_SIZE = 22
# Names of entries; DATA stands before the keys of storages, ABOUT is ours.
PICKLE, BYTEORDER, DATA, ABOUT = "data.pkl", "byteorder", "data/", "minifcn.json"
_CHUNK = 1 << 20  # bytes read at a time: they are still in the cache when their check sum is computed


class Archive:
    """An open file of `size` bytes. InputError for what is refused, and other errors for a damaged file."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self.archive, self.size = zipfile.ZipFile(file), size
        file.seek(-_END_SIZE, io.SEEK_END)
        if not file.read().startswith(_END):
            raise InputError("bytes follow the archive's end: it is damaged")
        self.entries = {entry.filename: entry for entry in self.archive.infolist()}
        if len(self.entries) < len(self.archive.infolist()):
            raise InputError("two entries of the archive have one name: it is damaged")
        self.folder = _folder(self.entries)

    def __contains__(self, name: str) -> bool:
        return self.folder + name in self.entries

    def read(self, name: str) -> np.ndarray:
        """The bytes of an entry, uint8 (bytes,)."""
        entry = self._entry(name)
        raw = np.empty(entry.file_size, np.uint8)
        with self.archive.open(entry) as stored:
            for start in range(0, raw.size, _CHUNK):
                stored.readinto(raw[start : start + _CHUNK])  # type: ignore[attr-defined]
        return raw

    def open(self) -> tuple[Any, ReadStorages]:
        """Read all but the numbers -> (what was saved, function `read`).

        read(keys) yields (key, bytes as a uint8 array, "little" or "big") of the storages with these keys.
        """
        saved, storages = read_pickle(io.BytesIO(self.read(PICKLE).tobytes()))
        order = "little"  # what PyTorch takes files of before 2.1 for, which do not tell
        if BYTEORDER in self:
            order = self.read(BYTEORDER).tobytes().decode()
            if order not in ("little", "big"):
                raise InputError(f"its byteorder is {short(order)!r}, expected little or big")

        def read(keys):
            names = {key: f"{DATA}{key}" for key in keys}
            sizes = {key: self._entry(name).file_size for key, name in names.items()}
            if sum(sizes.values()) > self.size:
                raise InputError("its storages are larger than the file: they overlap, it is damaged")
            for key, name in names.items():
                expected = storages[key].numbers * item_size(storages[key].kind)
                if sizes[key] != expected:
                    raise InputError(f"storage {short(key)} has {sizes[key]} bytes, expected {expected}")
                yield key, self.read(name), order

        return saved, read

    def _entry(self, name):
        if name not in self:
            raise InputError(f"{short(name)} is missing in the archive: it is damaged")
        entry = self.entries[self.folder + name]
        if entry.compress_type != zipfile.ZIP_STORED or entry.compress_size != entry.file_size:
            raise InputError(f"{short(name)} is compressed, which torch.save never does: refused")
        if entry.header_offset + entry.file_size > self.size:
            raise InputError(f"{short(name)} reaches beyond the end of the file: it is damaged or cut short")
        return entry


def _folder(entries):
    """NAME/, before the names of the entries. InputError for archives that hold no state dict."""
    folders = [name.removesuffix(PICKLE) for name in entries if name == PICKLE or name.endswith(f"/{PICKLE}")]
    if len(folders) != 1:
        raise InputError(f"a zip archive with {len(folders)} {PICKLE}, expected one, as torch.save writes it")
    (folder,) = folders
    if folder + "constants.pkl" in entries or any(name.startswith(folder + "code/") for name in entries):
        advice = "write them alone, in PyTorch: torch.save(torch.jit.load(FILE).state_dict(), NEW_FILE)"
        raise InputError(f"a TorchScript archive, a program with its weights; {advice}")
    return folder
