"""Files made wrong in the ways that files go wrong, or are made wrong by somebody: every change follows from a seed."""

import copy
import io
import json
import random
import zipfile
from collections.abc import Callable

import numpy as np

DEEP = "@deep@"  # stands for brackets in brackets, which no JSON of Python's holds
VALUES = (None, True, False, -1, 0, 1, 0.5, 256, 10**9, 2**63, 10**18, 10**400, -(10**400), 1e308, float("nan"))
VALUES += (float("inf"), "", "same", "x" * 5000, "a\n\x1b[2Jminifcn: error: forged", "\udcff", "../../etc/passwd", "\0")
VALUES += ([], {}, [[]], {"a": {"b": []}}, [0] * 300, [[0, 0, 0] for _ in range(300)], ["a"] * 300, DEEP, "@digits@")
STRANGE = ("", "\0", "x" * 100_000, "/" * 300, "a\u2028b", "\x1b[2J", "../..", "*", "[", "\xed\xb3\xbf")  # lines
ENCODINGS = ("utf-8", "utf-8", "utf-16", "utf-16-le", "utf-8-sig", "cp949")
TELLING = ("about.npy", "minifcn.json", "data.pkl")  # entries that say what the others are
NAMES = ("", "../x.npy", "about.npy", "data.pkl", "a\nb.npy", "x" * 60_000, "a\x1b[2J")  # of entries
KINDS = (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
CANARY = "canary"  # the folder that a pickle makes where it is run
PICKLE = b"\x80\x02cos\nmkdir\nX\x06\x00\x00\x00" + CANARY.encode() + b"\x85R."


def flipped(content: bytes, rng: random.Random, _) -> bytes:
    """A few bytes or bits changed, most of them near the beginning, where headers are."""
    changed = bytearray(content or b"\0")
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        place = rng.randrange(min(len(changed), rng.choice((64, 512, 1 << 30))))
        changed[place] = rng.choice((0, 255, 127, 128, changed[place] ^ 1 << rng.randrange(8), rng.randrange(256)))
    return bytes(changed)


def cut(content: bytes, rng: random.Random, _) -> bytes:
    """The beginning, or the end, or both without what lies between."""
    begin, end = sorted(rng.randrange(len(content) + 1) for _ in range(2))
    return rng.choice((content[:begin], content[:1], content[-end:], content[:begin] + content[end:], b""))


def spliced(content: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    """Parts of another file in it, a part of itself again, or large numbers."""
    place, other = rng.randrange(len(content) + 1), rng.choice(others)
    size = rng.choice((1, 4, 8, 64, 1000))
    begin = rng.randrange(max(1, len(other)))
    middle = rng.choice((other[begin : begin + size], content[:size], b"\xff" * 8, b"\x7f" + b"\xff" * 3, PICKLE))
    return rng.choice(
        (content[:place] + middle + content[place + len(middle) :], content[:place] + middle + content[place:])
    )


def lines(content: bytes, rng: random.Random, _) -> bytes:
    """A text with lines twice, in another order, very long or strange, or in another encoding."""
    rows = content.decode("utf-8", "replace").splitlines() or [""]
    place = rng.randrange(len(rows))
    rows[place] = rng.choice((*STRANGE, rows[place] * 2, rows[place] + rng.choice(STRANGE), "\n".join(rows)))
    if rng.random() < 0.3:
        rng.shuffle(rows)
    return "\n".join(rows).encode(rng.choice(ENCODINGS), "replace")


def told(content: bytes, rng: random.Random, _=None) -> bytes:
    """A JSON some of whose values are of another kind, depth, length, size or sign, or are gone, or are there twice."""
    value = json.loads(content)
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        places = list(_places(value))
        if not places:
            break
        holder, key = rng.choice(places)
        way = rng.random()
        if way < 0.7:
            holder[key] = copy.deepcopy(rng.choice(VALUES))
        elif way < 0.8:
            del holder[key]
        elif way < 0.9 and isinstance(holder, dict):
            holder[rng.choice(("", "x" * 5000, "a\nb", key + " ", "\x1b[31m"))] = holder.pop(key)
        else:
            other, name = rng.choice(places)
            holder[key] = copy.deepcopy(other[name]) if isinstance(other, dict) is isinstance(name, str) else None
    if rng.random() < 0.03:
        value = copy.deepcopy(rng.choice(VALUES))
    depth = rng.choice((15, 30, 900, 990, 100_000))
    deep = rng.choice(("[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth, "[" * depth))
    text = json.dumps(value).replace(f'"{DEEP}"', deep, 2)
    return text.replace('"@digits@"', rng.choice(("", "-")) + "9" * 5000, 2).encode()


def _places(value):
    """(container, key) of every value in it."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])


def zipped(content: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    """A zip archive with one entry changed, renamed, gone, there twice, compressed, or of another size than it says."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = [(entry.filename, archive.read(entry)) for entry in archive.infolist()]
    telling = [number for number, (name, _) in enumerate(entries) if name.endswith(TELLING)]
    number = rng.choice(telling) if telling and rng.random() < 0.6 else rng.randrange(len(entries))
    name, held = entries[number]
    ways = (array_told, array_told, array_told, array, *ANYWHERE, lambda *_: b"plain bytes", lambda *_: PICKLE)
    entries[number] = name, rng.choice(ways)(held, rng, others)
    way = rng.random()
    if way < 0.05:
        entries.append(entries[rng.randrange(len(entries))])
    elif way < 0.1:
        del entries[number]
    elif way < 0.15:
        entries[number] = rng.choice(NAMES), held
    made = _archive(entries, rng)
    return flipped(made, rng, others) if rng.random() < 0.1 else made


def _archive(entries, rng):
    """The bytes of a zip archive of (name, content), whose directory now and then says something else."""
    buffer, kind = io.BytesIO(), rng.choice((zipfile.ZIP_STORED,) * 3 + KINDS)
    with zipfile.ZipFile(buffer, "w", kind) as archive:
        for name, held in entries:
            archive.writestr(zipfile.ZipInfo(name), held, kind)
            if rng.random() < 0.005:
                archive.filelist[-1].file_size = rng.choice((0, 1, 2**31, 2**32 + 5, 2**62))
            if rng.random() < 0.002:
                archive.filelist[-1].header_offset = rng.choice((0, 7, 2**31, 2**40))
    return buffer.getvalue()


def array_told(held: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    """An entry of JSON in an array of text, or as it is, told wrong; any other with its first bytes changed."""
    try:
        if held.startswith(b"{"):
            return told(held, rng)
        text = told(str(np.load(io.BytesIO(held), allow_pickle=False)).encode(), rng)
    except ValueError:
        return flipped(held, rng, others)
    buffer = io.BytesIO()
    np.save(buffer, np.array(text.decode()))
    return buffer.getvalue()


def array(_: bytes, rng: random.Random, __=None) -> bytes:
    """The bytes of an array of another kind or shape, or of one that is said to be huge."""
    buffer = io.BytesIO()
    kinds = ("f8", "f2", "i8", "?", "c16", "U5", "S5", "M8[s]", "V4", "f4,i4")
    shape = rng.choice(((), (0,), (3,), (2, 0), (1, 2, 3), (1,) * 30))
    np.save(buffer, np.zeros(shape, rng.choice(kinds)))
    huge = rng.choice(
        (b"(1000000000000,)", b"(600000000,)", b"(-3,)", b"(3,)", b"(" + b"1," * 70 + b")", b"'3'", b"(True,)")
    )
    made = buffer.getvalue()
    if rng.random() < 0.3:
        made = made.replace(b"(3,)", huge, 1)
    if rng.random() < 0.2:
        header = b"{'descr': '|O', 'fortran_order': False, 'shape': (), }".ljust(117) + b"\n"
        made = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + PICKLE
    return made


def header(content: bytes, rng: random.Random, _) -> bytes:
    """A .safetensors file whose header, a JSON behind its length, is told wrong; sometimes what it says of itself."""
    length = int.from_bytes(content[:8], "little")
    value = json.loads(content[8 : 8 + length])
    if rng.random() < 0.6:
        inner = value["__metadata__"]
        inner["minifcn"] = told(inner["minifcn"].encode(), rng).decode("utf-8", "replace")
        text = json.dumps(value).encode()
    else:
        text = told(json.dumps(value).encode(), rng)
    said = len(text) if rng.random() < 0.9 else rng.choice((0, 2**31, 2**63, len(text) - 1, 10**8))
    return said.to_bytes(8, "little") + text + content[8 + length :]


ANYWHERE: tuple[Callable, ...] = (flipped, cut, spliced)
WAYS: dict[str, tuple[Callable, ...]] = {  # of changing a file, by its kind; the own ones more often
    "bytes": ANYWHERE,
    "text": (*ANYWHERE, lines, lines, lines),
    "json": (*ANYWHERE, told, told, told, told, told, told),
    "zip": (*ANYWHERE, zipped, zipped, zipped, zipped, zipped, zipped),
    "safetensors": (*ANYWHERE, header, header, header, header),
}


def mutant(content: bytes, kind: str, rng: random.Random, others: list[bytes]) -> bytes:
    """The file, changed once or a few times in a way of its kind."""
    changed = rng.choice(WAYS[kind])(content, rng, others)
    while rng.random() < 0.1:
        changed = rng.choice(ANYWHERE)(changed, rng, others)
    return changed
