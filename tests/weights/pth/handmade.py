"""Files of `torch.save` put together byte by byte, without PyTorch: instructions of a pickle, archives around them."""

import struct
import zipfile

import numpy as np
import pytest

from minifcn.errors import InputError
from minifcn.weights import read_pth

ORDERED_DICT = b"ccollections\nOrderedDict\n)R"
NUMBERS = np.arange(12, dtype="<f4")


def ask(module, name):
    """The instruction that asks for module.name."""
    return f"c{module}\n{name}\n".encode()


def text(string):
    encoded = string.encode()
    return b"X" + struct.pack("<I", len(encoded)) + encoded


def whole(number):
    encoded = number.to_bytes(16, "little", signed=True)
    return b"\x8a" + bytes([len(encoded)]) + encoded


def group(*items):
    """A tuple."""
    return b"(" + b"".join(items) + b"t"


def storage(key="0", count=12, kind="FloatStorage"):
    return group(text("storage"), ask("torch", kind), text(key), text("cpu"), whole(count)) + b"Q"


def tensor(size=(3, 4), stride=(4, 1), offset=0, stored=None):
    places = [group(*map(whole, numbers)) for numbers in (size, stride)]
    arguments = group(storage() if stored is None else stored, whole(offset), *places, b"\x89", ORDERED_DICT)
    return ask("torch._utils", "_rebuild_tensor_v2") + arguments + b"R"


def entries(**values):
    """A dict; of underscores in the names the double ones stand for dots."""
    return b"}(" + b"".join(text(name.replace("__", ".")) + value for name, value in values.items()) + b"u"


def pickled(body):
    return b"\x80\x02" + body + b"."


def archive(path, body, storages=None, byteorder="little", compression=zipfile.ZIP_STORED, extra=()):
    """Write an archive with the pickle of `body` and {key: bytes}; returns its path."""
    storages = {"0": NUMBERS.tobytes()} if storages is None else storages
    with zipfile.ZipFile(path, "w", compression) as file:
        file.writestr("net/data.pkl", pickled(body))
        file.writestr("net/version", "3\n")
        if byteorder is not None:
            file.writestr("net/byteorder", byteorder)
        for key, content in storages.items():
            file.writestr(f"net/data/{key}", content)
        for name in extra:
            file.writestr(f"net/{name}", b"")
    return path


def legacy(path, body, storages=((b"0", NUMBERS),)):
    """Write a file of the format until PyTorch 1.5, with (key, array) of its storages; returns its path."""
    body = body.replace(b"tQ", b"NtQ")  # there a storage had a sixth thing to tell, None for nearly all
    parts = [pickled(whole_exactly(0x1950A86A20F9469CFC6C)), pickled(whole(1001)), pickled(b"}"), pickled(body)]
    parts.append(pickled(b"](" + b"".join(text(key.decode()) for key, _ in storages) + b"e"))
    parts += [struct.pack("<q", array.size) + array.tobytes() for _, array in storages]
    path.write_bytes(b"".join(parts))
    return path


def whole_exactly(number):
    """A whole number as Python pickles it, in no more bytes than needed."""
    encoded = number.to_bytes(number.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(encoded)]) + encoded


def refused(path, *words, read=read_pth):
    """Reading it is an InputError of one line that names the file and has these words; returns the line."""
    with pytest.raises(InputError) as error:
        read(path)
    message = str(error.value)
    assert message.startswith(f"weights {path}: ") and "\n" not in message and len(message) < 700
    for word in words:
        assert word in message, message
    return message
