"""The structure of a MATLAB file, checked before SciPy reads it: at a damaged one it may crash the whole process.

After 128 bytes of heading come elements, each with its kind and its length ("MAT-File Format", MathWorks): matrices,
compressed or not. A matrix is made of elements itself: flags, sizes, its name, then its numbers, or other matrices.
"""

import math
import struct
import zlib
from collections.abc import Iterator

from minifcn.errors import InputError

MOST = 1 << 28  # bytes of a file, unpacked: a label of 16 megapixels takes half of them
_HEADING, _DEEPEST = 128, 20
_ITEM = {1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 4, 9: 8, 12: 8, 13: 8, 16: 1, 17: 2, 18: 4}  # bytes, by kind
_MATRIX, _COMPRESSED = 14, 15  # kinds of elements, too
_CELLS, _STRUCT, _TEXT, _SPARSE, _NUMBERS = 1, 2, 4, 5, range(6, 16)  # what a matrix may hold
_COMPLEX = 0x800  # among its flags


def check_elements(content: bytes, wanted: str) -> None:
    """InputError unless the bytes are a file of MATLAB's versions 5 to 7 whose elements fit into one another.

    wanted  the name of the variable that is read: of others the beginning alone matters
    """
    order, left = {b"IM": "<", b"MI": ">"}.get(content[126:_HEADING], ""), MOST
    _need(content[124:126] not in (b"\0\2", b"\2\0"), "it is of MATLAB's version 7.3, expected 7: save it with -v7")
    _need(order != "" and len(content) <= MOST, f"it is no file of MATLAB's version 5 to 7, of {MOST} bytes at most")
    for kind, data in _elements(memoryview(content)[_HEADING:], order):
        if kind == _COMPRESSED:
            data = memoryview(_unpacked(data, left))
            left -= len(data)
            inner = list(_elements(data, order))
            _need(len(inner) == 1, "what is compressed in it is no matrix")
            ((kind, data),) = inner
        _need(kind == _MATRIX, f"it has an element of the kind {kind}")
        _check_matrix(data, order, _DEEPEST, wanted.encode())


def _unpacked(data, most):
    unpacking = zlib.decompressobj()
    try:
        unpacked = unpacking.decompress(data, max(1, most))
    except zlib.error as error:
        raise InputError(f"what is compressed in it is damaged ({error})") from error
    _need(unpacking.eof, f"what is compressed in it is cut short, or takes more than {MOST} bytes")
    return unpacked


def _elements(data: memoryview, order: str) -> Iterator[tuple[int, memoryview]]:
    """(kind, content) of the elements that lie one after the other."""
    at = 0
    while at < len(data):
        _need(at + 8 <= len(data), "it is cut short")
        kind, size = struct.unpack_from(f"{order}2I", data, at)
        begin = at + 8
        if kind >> 16:  # few bytes, which stand in the place of the length
            kind, size, begin = kind & 0xFFFF, kind >> 16, at + 4
            _need(size <= 4, "an element is longer than its place")
        _need(begin + size <= len(data), "an element reaches beyond the end of what it is in")
        yield kind, data[begin : begin + size]
        at = begin + size if kind == _COMPRESSED else begin + size + -(begin + size) % 8


def _check_matrix(data, order, depth, wanted=None):
    """InputError unless the content of a matrix is as long as its flags and sizes say; wanted: if it has this name."""
    if not len(data):  # an empty one may be nothing but its tag
        return
    _need(depth, f"it has more than {_DEEPEST} matrices one in the other")
    (_, flags), (kind, sizes), (_, name), *parts = _at_least(_elements(data, order), 3)
    if wanted is not None and bytes(name) != wanted:
        return
    _need(len(flags) == 8 and kind == 5 and len(sizes) % 4 == 0 and 8 <= len(sizes) <= 128, "a matrix has no sizes")
    (flags,) = struct.unpack_from(f"{order}I", flags)
    sizes = struct.unpack(f"{order}{len(sizes) // 4}i", sizes)
    _need(min(sizes) >= 0, "a matrix has a size below 0")
    what, count = flags & 0xFF, math.prod(sizes)
    if what in (_CELLS, _STRUCT):
        if what == _STRUCT:
            (_, longest), (_, names), *parts = _at_least(parts, 2)
            _need(len(longest) == 4, "a structure has no names")
            (longest,) = struct.unpack(f"{order}i", longest)
            _need(longest > 0 and len(names) % longest == 0, "a structure has no names")
            count *= len(names) // longest
        _need(len(parts) == count, "a matrix has parts too many or too few")
        _need(all(kind == _MATRIX for kind, _ in parts), "a matrix of matrices holds something else")
        for _, part in parts:
            _check_matrix(part, order, depth - 1)
        return
    _need(what in (_TEXT, _SPARSE, *_NUMBERS), f"it has a matrix of the class {what}")
    _need(all(kind in _ITEM for kind, _ in parts), "a matrix has numbers of an unknown kind")
    if what in _NUMBERS:
        _need(len(parts) == 1 + bool(flags & _COMPLEX), "a matrix has parts too many or too few")
        _need(all(len(part) == count * _ITEM[kind] for kind, part in parts), "a matrix has numbers too many or too few")


def _at_least(parts, count):
    parts = list(parts)
    _need(len(parts) >= count, "a matrix is cut short")
    return parts


def _need(holds, what):
    if not holds:
        raise InputError(what)
