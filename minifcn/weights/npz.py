"""Weights files: a NumPy .npz of arrays under their published names, and beside them what is needed to use them.

The entry "about" is a line of JSON: the number of this format, the network and its settings, the preprocessing its
images went through, the classes and their colours. So nobody can feed a network images prepared for another. Nothing is
pickled, and pickles are refused.
"""

import json
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from minifcn.backend import Array
from minifcn.backend.files import write_whole
from minifcn.errors import InputError
from minifcn.weights.opening import open_weights

ABOUT = "about"
VELOCITY = "velocity/"  # before the names of the optimizer's arrays, which a checkpoint holds too
FORMAT = 1  # of weights files and of a run's config.json; files without one are older, and read as they are
# What ABOUT holds at least.
KEYS = {"model": str, "settings": dict, "preprocessing": dict, "data": str, "classes": list, "palette": list}


def save_arrays(path: str | Path, arrays: dict[str, Array], about: dict[str, Any]) -> None:
    """Write {name: NumPy array} and the JSON-able dict `about` to `path`, whole or not at all.

    The file appears under its name only when every byte is on the disk; what was there before stays until then.
    Raises InputError where it cannot be written, a full disk for instance.
    """
    arrays = arrays | {ABOUT: np.array(json.dumps({"format": FORMAT} | about))}

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
        try:
            about = json.loads(str(arrays.pop(ABOUT, None)))
        except json.JSONDecodeError:
            about = None
        if not isinstance(about, dict) or not about.keys() >= KEYS.keys():
            raise InputError(f"no {ABOUT!r} entry with {', '.join(sorted(KEYS))}: not written by minifcn train")
        for key, kind in KEYS.items():
            if not isinstance(about[key], kind):
                what = f"{ABOUT!r} has {about[key]!r} for {key!r}, expected a {kind.__name__}"
                raise InputError(f"{what}: not written by minifcn train")
        if len(about["classes"]) != len(about["palette"]):
            what = f"{len(about['classes'])} classes, but {len(about['palette'])} colours"
            raise InputError(f"{ABOUT!r} has {what}: not written by minifcn train")
    check_format(about.pop("format", FORMAT), f"weights {path}")
    return arrays, about


def read_about(path: str | Path) -> dict[str, Any]:
    """What a file of `save_arrays` says of its arrays, without reading them; nothing where it is another file."""
    if not is_ours(path):
        return {}
    with open_weights(path) as file, np.load(file, allow_pickle=False) as archive:
        return json.loads(str(archive[ABOUT]))


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


def check_format(number: Any, what: str) -> None:
    """InputError unless this version reads files of that format; `what` names the file."""
    if type(number) is not int or number < 1:
        raise InputError(f"{what}: its format is {number!r}, expected a number from 1: the file is damaged")
    if number > FORMAT:
        newer = f"its format is {number}, this version reads {FORMAT}"
        raise InputError(f"{what}: written by a newer minifcn: {newer}: upgrade minifcn")
