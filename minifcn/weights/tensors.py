"""Arrays by name from a file of any format that is known here; its content tells which, not its name."""

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open

from minifcn.errors import InputError
from minifcn.text import brief, short
from minifcn.weights.about import ABOUT, METADATA, from_json
from minifcn.weights.mistaken import mistaken
from minifcn.weights.npz import VELOCITY, read_npz, take_about
from minifcn.weights.opening import beginning, open_weights
from minifcn.weights.pth.elements import decode
from minifcn.weights.pth.reading import is_archive, is_legacy, read_state_dict

READABLE = ".pth of torch.save(model.state_dict()), .safetensors, .npz of plain arrays"
_LONGEST_HEADER = 100_000_000  # bytes that the safetensors package admits
# Its name of a kind of number: the code that `decode` takes.
_SAFETENSORS = {"F64": "f8", "F32": "f4", "F16": "f2", "BF16": "bfloat16", "I64": "i8", "I32": "i4", "I16": "i2"}
_SAFETENSORS |= {"I8": "i1", "U64": "u8", "U32": "u4", "U16": "u2", "U8": "u1", "BOOL": "bool", "C64": "c8"}


def read_tensors(path: str | Path) -> dict[str, np.ndarray]:
    """Read a file of weights -> {name: array}, in the file's order; bfloat16 becomes float32.

    Of a file of minifcn train it is the network's arrays. Raises InputError for a file of another format, a damaged
    one, and one that could run code.
    """
    return read_weights(path)[0]


def read_weights(path: str | Path) -> tuple[dict[str, np.ndarray], dict[str, Any] | None]:
    """The same, and what minifcn wrote beside them (`about`): None in files of others."""
    with open_weights(path) as file:
        arrays, about = _read(file, path)
        return arrays, None if about is None else from_json(about)


def read_about(path: str | Path) -> dict[str, Any]:
    """What minifcn wrote beside the weights in a file; nothing in files of others."""
    with open_weights(path) as file:
        if f"{ABOUT}.npy" in _names(file):  # there without the weights
            return from_json(take_about(read_npz(file, ABOUT)))
    return read_weights(path)[1] or {}


def _names(file):
    """The names of the entries of an open file that is a zip archive; else none."""
    return zipfile.ZipFile(file).namelist() if is_archive(file) else []


def _read(file, path):
    """({name: array}, the line about them or None) of an open file; without what a checkpoint has for its optimizer."""
    names = _names(file)
    if is_legacy(file) or any(name.split("/")[-1] == "data.pkl" for name in names):
        return read_state_dict(file)
    if f"{ABOUT}.npy" in names:
        arrays = read_npz(file)
        about = take_about(arrays)
        return {name: array for name, array in arrays.items() if not name.startswith(VELOCITY)}, about
    if names and any(name.endswith(".npy") for name in names):
        return read_npz(file), None
    first = beginning(file)
    if first[8:9] == b"{" and int.from_bytes(first[:8], "little") <= _LONGEST_HEADER:
        return _safetensors(file, path)
    raise InputError(mistaken(first) or f"its format is not known; expected {READABLE}")


def _safetensors(file, path):
    """8 bytes with the header's length, the header in JSON, the numbers: little-endian, array by array.

    The package checks that the header fits the file. The numbers are read here, because NumPy has no bfloat16.
    """
    with safe_open(os.fspath(path), "np"):
        pass
    file.seek(0)
    header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    about = header.pop("__metadata__", {}).get(METADATA)
    start, arrays = file.tell(), {}
    for name, entry in header.items():
        if entry["dtype"] not in _SAFETENSORS:
            raise InputError(
                f"{short(name)} has numbers of the kind {brief(entry['dtype'])}, expected {', '.join(_SAFETENSORS)}"
            )
        begin, end = entry["data_offsets"]
        raw = np.empty(end - begin, np.uint8)
        file.seek(start + begin)
        file.readinto(raw)
        arrays[name] = decode(raw, _SAFETENSORS[entry["dtype"]]).reshape(entry["shape"])
    return arrays, about
