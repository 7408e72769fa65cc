"""Archives of `torch.save` written without PyTorch: what PyTorch reads of them, and what is read here."""

import io
import struct
import zipfile

import numpy as np
import pytest

from minifcn.errors import InputError
from minifcn.weights import read_pth
from minifcn.weights.pth.reading import read_state_dict
from minifcn.weights.pth.writing import write_pth

KINDS = ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u1", "bool", "c16", "c8", ">f4"]
ARRAYS = {f"kind.{kind}": np.arange(6).reshape(2, 3).astype(kind) for kind in KINDS}
ARRAYS |= {"scalar": np.array(2.5), "empty": np.zeros((0, 3), "f4"), "turned": np.arange(6.0).reshape(2, 3).T}
ARRAYS |= {"größe.weight" * 40: np.random.default_rng(0).standard_normal((3, 4, 2, 2), dtype=np.float32)}


@pytest.fixture
def path(tmp_path):
    with open(tmp_path / "w.pth", "wb") as file:
        write_pth(file, ARRAYS, '{"über": 1}')
    return tmp_path / "w.pth"


def assert_same(arrays):
    assert list(arrays) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert arrays[name].shape == array.shape and arrays[name].dtype == array.dtype.newbyteorder("=")
        np.testing.assert_array_equal(arrays[name], array)


@pytest.mark.parametrize("mapped", [False, True])
def test_pytorch_reads_it(path, mapped):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install -r requirements-test.txt")
    tensors = torch.load(path, weights_only=True, mmap=mapped)
    assert_same({name: tensor.numpy() for name, tensor in tensors.items()})
    torch.nn.Linear(3, 2).load_state_dict({"weight": tensors["kind.f4"], "bias": tensors["kind.f4"][:, 0]})


def test_what_is_written_comes_back_with_the_line_beside_it(path):
    assert_same(read_pth(path))
    with open(path, "rb") as file:
        assert read_state_dict(file)[1] == '{"über": 1}'


def test_numbers_lie_at_multiples_of_64_bytes_and_nothing_is_compressed(path):
    content = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        storages = [entry for entry in archive.infolist() if "/data/" in entry.filename]
    assert len(storages) == len(ARRAYS)
    for entry, array in zip(storages, ARRAYS.values()):
        name, extra = struct.unpack_from("<HH", content, entry.header_offset + 26)
        begin = entry.header_offset + 30 + name + extra
        assert begin % 64 == 0
        assert content[begin : begin + array.nbytes] == array.astype(array.dtype.newbyteorder("<")).tobytes()


def test_the_same_arrays_give_the_same_bytes(path, monkeypatch):
    monkeypatch.setattr("time.time", lambda: 1e9)
    monkeypatch.setattr("time.localtime", lambda *_: (2001, 9, 9, 1, 46, 40, 6, 252, 0))
    again = io.BytesIO()
    write_pth(again, ARRAYS, '{"über": 1}')
    assert again.getvalue() == path.read_bytes()


@pytest.mark.parametrize("dtype", ["M8[s]", "U3", "u4"])
def test_numbers_that_have_no_storage_in_pytorch_are_refused(dtype):
    with pytest.raises(InputError, match=r"^a\.b is an array of .*, expected one of f8"):
        write_pth(io.BytesIO(), {"a.b": np.zeros(2, dtype)}, "{}")
