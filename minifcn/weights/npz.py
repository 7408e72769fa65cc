"""Weights files: a NumPy .npz of arrays under their published names, and the entry `about`. Nothing is pickled, and
pickles are refused.
"""

import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from minifcn.backend import Array
from minifcn.backend.files import write_whole
from minifcn.errors import InputError
from minifcn.weights.about import ABOUT, from_json, to_json
from minifcn.weights.opening import open_weights

VELOCITY = "velocity/"  # before the names of the optimizer's arrays, which a checkpoint holds too


def save_arrays(path: str | Path, arrays: dict[str, Array], about: dict[str, Any]) -> None:
    """Write {name: NumPy array} and the JSON-able dict `about` to `path`, whole or not at all.

    The file appears under its name only when every byte is on the disk; what was there before stays until then.
    Raises InputError where it cannot be written, a full disk for instance.
    """
    arrays = arrays | {ABOUT: np.array(to_json(about))}

    def write(file):
        # As np.savez from NumPy 2.2 on; before that a full disk left its archive open, to be complained of later.
        with zipfile.ZipFile(file, "w") as archive:
            for name, array in arrays.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                    np.lib.format.write_array(entry, array, allow_pickle=False)

    write_whole(path, write)


def is_ours(path: str | Path) -> bool:
    """Whether a file is one of `save_arrays`, by its content."""
    try:
        with zipfile.ZipFile(path) as archive:
            return f"{ABOUT}.npy" in archive.namelist()
    except Exception:  # there is none, or it is no archive or a damaged one: whoever reads it says what is wrong
        return False


def load_arrays(path: str | Path) -> tuple[dict[str, Array], dict[str, Any]]:
    """Read a file of `save_arrays` -> ({name: array}, about). Raises InputError for any other file."""
    with open_weights(path) as file:
        arrays = read_npz(file)
        about = from_json(str(arrays.pop(ABOUT, None)))
    return arrays, about


def load_about(path: str | Path) -> dict[str, Any]:
    """What such a file says beside its arrays, which are not read. Raises InputError for any other file."""
    with open_weights(path) as file, np.load(file, allow_pickle=False) as archive:
        return from_json(str(archive.get(ABOUT)))


def load_network(path: str | Path) -> tuple[dict[str, Array], dict[str, Any]]:
    """The same without what a checkpoint holds for its optimizer."""
    arrays, about = load_arrays(path)
    return {name: array for name, array in arrays.items() if not name.startswith(VELOCITY)}, about


def read_npz(file: BinaryIO) -> dict[str, Array]:
    """{name: array} of an open .npz of plain arrays. InputError for one array alone and for pickles."""
    try:
        archive = np.load(file, allow_pickle=False)
        if isinstance(archive, np.lib.npyio.NpzFile):
            return dict(archive)
    except ValueError as error:  # NumPy's own word for an object array or a bare pickle; reading it could run any code
        raise InputError("not an .npz of plain arrays; pickles are not read") from error
    raise InputError("one array alone; expected a file written by minifcn train")
