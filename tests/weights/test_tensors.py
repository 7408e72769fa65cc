"""Files of every format by their content: what is read, what is named and refused."""

import json
import shutil

import numpy as np
import pytest
import tiny
from handmade import NUMBERS, archive, entries, legacy, refused, tensor
from safetensors.numpy import save_file

from minifcn.weights import read_tensors

ARRAYS = {"b.weight": np.arange(6, dtype=np.float32).reshape(2, 3), "a": np.array([1, -2]), "scalar": np.array(2.5)}


def safetensors(path, header, content=b""):
    """Write a .safetensors with this header, a dict or bytes; returns the path."""
    header = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + content)
    return path


def assert_same(arrays, expected):
    assert arrays.keys() == expected.keys()
    for name, array in expected.items():
        assert (arrays[name].dtype, arrays[name].shape) == (array.dtype, array.shape)
        assert arrays[name].flags.writeable
        np.testing.assert_array_equal(arrays[name], array)


def test_the_content_tells_the_format_not_the_name(tmp_path):
    pth = {"a": NUMBERS.reshape(3, 4)}
    assert_same(read_tensors(archive(tmp_path / "a.npz", entries(a=tensor()))), pth)
    assert_same(read_tensors(legacy(tmp_path / "a.safetensors", entries(a=tensor()))), pth)
    np.savez(tmp_path / "a.npz", **ARRAYS)
    assert_same(read_tensors(shutil.move(tmp_path / "a.npz", tmp_path / "a.pth")), ARRAYS)
    np.savez_compressed(tmp_path / "b.npz", **ARRAYS)
    assert_same(read_tensors(tmp_path / "b.npz"), ARRAYS)
    save_file(ARRAYS, tmp_path / "c.pth", {"by": "us"})
    assert_same(read_tensors(str(tmp_path / "c.pth")), ARRAYS)


def test_weights_of_minifcn_train_come_without_their_velocities(tmp_path):
    trainer = tiny.trainer(tmp_path / "run")
    trainer.run(tiny.Silent())
    assert_same(read_tensors(trainer.folder.last), trainer.model.state_dict())


@pytest.mark.parametrize(
    "dtype", ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "bool", "c8"], ids=str
)
def test_every_kind_of_number_of_safetensors(tmp_path, dtype):
    arrays = {"a": np.arange(6).reshape(2, 3).astype(dtype), "empty": np.zeros((0, 3), dtype)}
    save_file(arrays, tmp_path / "w.safetensors")
    assert_same(read_tensors(tmp_path / "w.safetensors"), arrays)


def test_bfloat16_of_safetensors(tmp_path):
    numbers = np.array([[0, 1, -2.5], [2.0**100, np.inf, np.nan]], np.float32)  # all of them bfloat16, too
    upper = (numbers.view("<u4") >> 16).astype("<u2").tobytes()
    header = {"a": {"dtype": "BF16", "shape": [2, 3], "data_offsets": [0, 12]}}
    assert_same(read_tensors(safetensors(tmp_path / "w", header, upper)), {"a": numbers})


@pytest.mark.parametrize(
    "header, content, words",
    [
        ({"a": {"dtype": "F8_E4M3", "shape": [2], "data_offsets": [0, 2]}}, bytes(2), ["F8_E4M3", "BF16"]),
        ({"a\n" * 999: {"dtype": "F8_E4M3", "shape": [2], "data_offsets": [0, 2]}}, bytes(2), [r"a\na\na"]),
        ({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}, bytes(7), ["damaged"]),
        ({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}, bytes(9), ["damaged"]),
        ({"a": {"dtype": "F32", "shape": [10**12], "data_offsets": [0, 8]}}, bytes(8), ["damaged"]),
        ({"a": {"dtype": "F32", "shape": [10**12], "data_offsets": [0, 4 * 10**12]}}, bytes(8), ["damaged"]),
        ({"a": {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]}}, bytes(8), ["damaged"]),
        ({"a": {"dtype": "F32", "data_offsets": [0, 8]}}, bytes(8), ["damaged"]),
        (b"{" + b" " * 50, b"", ["damaged"]),
    ],
)
def test_other_safetensors_are_refused(tmp_path, header, content, words):
    refused(safetensors(tmp_path / "w", header, content), *words, read=read_tensors)


def test_a_safetensors_cut_anywhere_is_refused(tmp_path):
    path = tmp_path / "w"
    save_file(ARRAYS, path)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        refused(path, read=read_tensors)


def test_pickles_are_not_run(tmp_path):
    path = tmp_path / "w.npz"
    np.savez(path, a=np.array([{}], dtype=object))
    refused(path, "pickles are not read", read=read_tensors)
    np.savez(path, a=np.array([{}], dtype=object), about=np.array("{}"))
    refused(path, "pickles are not read", read=read_tensors)


def test_other_files_are_refused_with_a_list_of_what_is_read(tmp_path):
    path = tmp_path / "w.pth"
    lists = [".pth of torch.save", ".safetensors", ".npz"]
    for content in (b"dear diary", b"PK\x05\x06" + bytes(18), np.zeros(9).tobytes()):
        path.write_bytes(content)
        refused(path, *lists, read=read_tensors)
    np.save(tmp_path / "a.npy", NUMBERS)
    refused(tmp_path / "a.npy", "one array alone", "np.savez", read=read_tensors)
    shutil.make_archive(str(tmp_path / "b"), "zip", tmp_path)
    refused(tmp_path / "b.zip", "is no array", ".npz of arrays alone", read=read_tensors)
    path.write_bytes((tmp_path / "b.zip").read_bytes()[:-10])
    refused(path, "cut short", read=read_tensors)
    refused(tmp_path, "it is a folder", read=read_tensors)
    refused(tmp_path / "nowhere", "no such file", read=read_tensors)
