"""Files of `torch.save`, read without PyTorch and without running anything that they name.

`archive` and `legacy` are the two formats, `unpickling` and `descriptions` read the pickle in them, `elements` the
numbers.
"""

import os
from pathlib import Path
from typing import BinaryIO

import numpy as np

from minifcn.errors import InputError
from minifcn.weights.opening import beginning, open_weights
from minifcn.weights.pth import archive, legacy
from minifcn.weights.pth.descriptions import Parameter, shown
from minifcn.weights.pth.elements import CODES, Tensor, array_of, decode

_WRAPPERS = ("state_dict", "model")


def read_pth(path: str | Path) -> dict[str, np.ndarray]:
    """Read a file of torch.save(state_dict) -> {name: array}, in the order of the state dict.

    A checkpoint with the state dict under "state_dict" or "model" does too; what else it holds is left out. bfloat16
    becomes float32, complex32 complex64. Arrays from one storage share memory, as the tensors did.
    Raises InputError for everything else, above all for a pickle that asks for more than tensors and containers.
    """
    with open_weights(path) as file:
        return read_state_dict(file)


def read_state_dict(file: BinaryIO) -> dict[str, np.ndarray]:
    """What `read_pth` returns, of an open file."""
    size = os.fstat(file.fileno()).st_size
    if is_archive(file):
        saved, read = archive.open_archive(file, size)
    elif is_legacy(file):
        saved, read = legacy.open_legacy(file, size)
    else:
        raise InputError("no file of torch.save, or one older than March 2017: save it with a newer PyTorch")
    return _arrays(_tensors(saved), read)


def is_archive(file: BinaryIO) -> bool:
    """Whether an open file begins as a zip archive does."""
    return beginning(file).startswith(archive.BEGINNING)


def is_legacy(file: BinaryIO) -> bool:
    """Whether an open file begins as `torch.save` wrote it until PyTorch 1.5."""
    return legacy.BEGINNING in beginning(file)


def _tensors(saved):
    """{name: Tensor} of what was saved."""
    if not isinstance(saved, dict):
        raise InputError(f"it holds a {type(saved).__name__}, expected a state dict: save model.state_dict()")
    wrapped = [saved[key] for key in _WRAPPERS if isinstance(saved.get(key), dict)]
    tensors = {}
    for name, value in (wrapped or [saved])[0].items():
        tensor = value.tensor if isinstance(value, Parameter) else value
        if not isinstance(name, str) or not isinstance(tensor, Tensor):
            expected = f"expected tensors alone, or a checkpoint with them under {' or '.join(_WRAPPERS)}"
            raise InputError(f"its entry {shown(str(name))} is a {type(tensor).__name__}, {expected}")
        tensors[name] = tensor
    if not tensors:
        raise InputError("it holds no tensor, expected a state dict: save model.state_dict()")
    return tensors


def _arrays(tensors, read):
    """{name: array} of {name: Tensor}. Storage by storage: what is not an array of the result is soon let go."""
    names_in = {}
    for name, tensor in tensors.items():
        names_in.setdefault(tensor.storage.key, []).append(name)
    arrays = dict.fromkeys(tensors)
    for key, raw, order in read(names_in):
        elements = {}  # by kind of number: bytes may be read as several
        for name in names_in[key]:
            tensor = tensors[name]
            if tensor.kind not in elements:
                elements[tensor.kind] = decode(raw, CODES[tensor.kind], order)
            try:
                arrays[name] = array_of(tensor, elements[tensor.kind])
            except InputError as error:
                raise InputError(f"tensor {shown(name)}: {error}") from error
    return arrays
