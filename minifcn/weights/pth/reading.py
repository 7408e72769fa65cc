"""Files of `torch.save`, read without PyTorch and without running anything that they name.

`archive` and `legacy` are the two formats, `unpickling` and `descriptions` read the pickle in them, `checkpoint` finds
the weights in what was pickled, `elements` reads the numbers.
"""

import os
from pathlib import Path
from typing import BinaryIO

import numpy as np

from minifcn.errors import InputError
from minifcn.text import short
from minifcn.weights.opening import beginning, open_weights
from minifcn.weights.pth import archive, legacy
from minifcn.weights.pth.checkpoint import find_tensors
from minifcn.weights.pth.elements import CODES, array_of, decode


def read_pth(path: str | Path) -> dict[str, np.ndarray]:
    """Read a file of torch.save(state_dict) -> {name: array}, in the order of the state dict.

    A checkpoint with the state dict in it does too (`checkpoint` finds it); what else it holds is left out. bfloat16
    becomes float32, complex32 complex64. Arrays from one storage share memory, as the tensors did.
    Raises InputError for everything else, above all for a pickle that asks for more than tensors and plain values.
    """
    with open_weights(path) as file:
        return read_state_dict(file)[0]


def read_state_dict(file: BinaryIO) -> tuple[dict[str, np.ndarray], str | None]:
    """What `read_pth` returns, of an open file; and the line that `writing` put beside it, None where it did not."""
    size, about = os.fstat(file.fileno()).st_size, None
    if is_archive(file):
        opened = archive.Archive(file, size)
        saved, read = opened.open()
        about = opened.read(archive.ABOUT).tobytes().decode() if archive.ABOUT in opened else None
    elif is_legacy(file):
        saved, read = legacy.open_legacy(file, size)
    else:
        raise InputError("no file of torch.save, or one older than March 2017: save it with a newer PyTorch")
    return _arrays(find_tensors(saved), read), about


def is_archive(file: BinaryIO) -> bool:
    """Whether an open file begins as a zip archive does."""
    return beginning(file).startswith(archive.BEGINNING)


def is_legacy(file: BinaryIO) -> bool:
    """Whether an open file begins as `torch.save` wrote it until PyTorch 1.5."""
    return legacy.BEGINNING in beginning(file)


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
                raise InputError(f"tensor {short(name)}: {error}") from error
    return arrays
