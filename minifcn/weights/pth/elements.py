"""Bytes of a storage as numbers, and a tensor's place among them as an array."""

import math
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np

from minifcn.errors import InputError

UNTYPED = "torch.storage.UntypedStorage"  # bytes; what they are is said with each tensor
# NumPy's code of each kind of number; it has none for the two that are spelt out.
_TYPED = {"Double": "f8", "Float": "f4", "Half": "f2", "BFloat16": "bfloat16", "Long": "i8", "Int": "i4", "Short": "i2"}
_TYPED |= {"Char": "i1", "Byte": "u1", "Bool": "bool", "ComplexDouble": "c16", "ComplexFloat": "c8"}
CODES = {f"torch.{name}Storage": code for name, code in _TYPED.items()}
CODES |= {"torch.uint16": "u2", "torch.uint32": "u4", "torch.uint64": "u8", "torch.complex32": "complex32"}
_STORED_AS = {"bfloat16": "u2", "complex32": "u4", "bool": "u1"}
_LEAST_LIMIT = 1 << 18  # elements
# Reads the storages with these keys, in the file's order: (key, bytes as a uint8 array, "little" or "big") of each.
ReadStorages = Callable[[Iterable[str]], Iterator[tuple[str, np.ndarray, str]]]


class Storage(NamedTuple):
    """A run of numbers in the file: `kind` as PyTorch writes it ("torch.FloatStorage"), its key, and how many."""

    kind: str
    key: str
    numbers: int


class Tensor(NamedTuple):
    """Where a tensor lies in its storage, in elements. kind: of the elements; conj, neg: still to be done to them."""

    storage: Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]
    kind: str
    conj: bool = False
    neg: bool = False


def item_size(kind: str) -> int:
    """Bytes of one element of a storage of this kind."""
    return 1 if kind == UNTYPED else np.dtype(_STORED_AS.get(CODES[kind], CODES[kind])).itemsize


def decode(raw: np.ndarray, code: str, order: str = "little") -> np.ndarray:
    """The numbers in `raw`, uint8 (bytes,), of one of CODES' codes -> (elements,), a view of it where it can be.

    order  "little" or "big": of the bytes of each number. bfloat16 becomes float32, complex32 complex64, both exactly.
    """
    order = "<" if order == "little" else ">"
    if code == "bool":
        return raw != 0  # a view could hold a 2, which is neither true nor false
    if code == "bfloat16":  # the upper half of a float32
        bits = raw.view(f"{order}u2").astype(np.uint32)
        bits <<= 16
        return bits.view(np.float32)
    if code == "complex32":
        return raw.view(f"{order}f2").astype(np.float32).view(np.complex64)
    return raw.view(f"{order}{code}").astype(code, copy=False)


def array_of(tensor: Tensor, elements: np.ndarray) -> np.ndarray:
    """The array that a `Tensor` describes in the elements of its storage, in C order.

    A view of them where they lie that way, else a copy. InputError where it reaches out of them, or where it repeats
    them (`expand`) to more than the storage's size, which a small file could use to fill the memory.
    """
    size, stride, offset = tensor.size, tensor.stride, tensor.offset
    count = math.prod(size)
    if count:
        last = offset + sum((n - 1) * step for n, step in zip(size, stride))
        if last >= elements.size:
            raise InputError(f"size {size}, stride {stride} and offset {offset} reach out of {elements.size} numbers")
        if count > max(elements.size, _LEAST_LIMIT):
            raise InputError(f"its size {size} repeats {elements.size} numbers more often than is reasonable")
        steps = [step * elements.itemsize if n > 1 else 0 for n, step in zip(size, stride)]  # one element takes none
        array = np.lib.stride_tricks.as_strided(elements[offset:], size, steps)
        array = array if array.flags.c_contiguous else array.copy()
    else:
        array = elements[:0].reshape(size)
    array = np.conj(array) if tensor.conj else array
    return -array if tensor.neg else array
