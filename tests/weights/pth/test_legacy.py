"""The format until PyTorch 1.5, and what the first releases wrote in it; made by hand, so without PyTorch."""

import struct

import handmade as hm
import numpy as np
import pytest
from handmade import NUMBERS, ask, entries, group, legacy, refused, tensor, text, whole

from minifcn.weights import read_pth

COUNTED = np.arange(3, dtype="<i8")


def old_tensor(size=(3, 4), stride=(4, 1), stored=None):
    """As until 0.3: without the wish for a gradient."""
    places = [group(*map(whole, numbers)) for numbers in (size, stride)]
    return ask("torch._utils", "_rebuild_tensor") + group(stored or hm.storage(), whole(0), *places) + b"R"


def read(path, body, *storages):
    return read_pth(legacy(path, body, storages or ((b"0", NUMBERS),)))


def test_storages_come_in_the_order_of_their_list(tmp_path):
    body = entries(a=tensor(), b=tensor((3,), (1,), stored=hm.storage("1", 3, "LongStorage")))
    arrays = read(tmp_path / "w.pth", body, (b"1", COUNTED), (b"0", NUMBERS))
    assert list(arrays) == ["a", "b"] and arrays["b"].dtype == np.int64
    np.testing.assert_array_equal(arrays["a"], NUMBERS.reshape(3, 4))
    np.testing.assert_array_equal(arrays["b"], COUNTED)


def test_storages_of_an_optimizer_are_passed_over(tmp_path):
    other = entries(momentum=tensor((3,), (1,), stored=hm.storage("1", 3, "LongStorage")))
    body = entries(state_dict=entries(a=tensor()), optimizer=other)
    arrays = read(tmp_path / "w.pth", body, (b"1", COUNTED), (b"0", NUMBERS))
    np.testing.assert_array_equal(arrays["a"], NUMBERS.reshape(3, 4))


@pytest.mark.parametrize(
    "body",
    [
        old_tensor(),
        old_tensor(stored=hm.storage().replace(b"ctorch\n", b"ctorch.cuda\n")),
        old_tensor(stored=hm.storage().replace(hm.text("storage"), b"U\x07storage")),  # text of Python 2
        ask("torch.nn.parameter", "Parameter") + group(old_tensor()) + b"R" + group(b"\x88", b"\x89", b"}") + b"b",
        ask("torch.nn.parameter", "Parameter") + b")\x81" + group(old_tensor(), b"N", b"}", b"\x88", b"\x89") + b"b",
    ],
    ids=["tensor", "of a GPU", "of Python 2", "parameter", "parameter of the first releases"],
)
def test_what_early_releases_wrote(tmp_path, body):
    np.testing.assert_array_equal(read(tmp_path / "w.pth", entries(a=body))["a"], NUMBERS.reshape(3, 4))


def test_an_ordered_dict_of_python_2(tmp_path):
    pairs = b"](" + b"](" + text("b") + tensor() + b"e" + b"](" + text("a") + tensor() + b"ee"
    assert list(read(tmp_path / "w.pth", ask("collections", "OrderedDict") + group(pairs) + b"R")) == ["b", "a"]


def test_storages_inside_storages_say_what_to_do(tmp_path):
    inner = [text("storage"), ask("torch", "FloatStorage"), text("0"), text("cpu"), whole(12)]
    view = group(text("1"), whole(2), whole(4))
    refused(legacy(tmp_path / "w.pth", entries(a=old_tensor(stored=group(*inner, view) + b"Q"))), "PyTorch 0.4")


@pytest.mark.parametrize(
    "body, storages, words",
    [
        (tensor(), ((b"0", NUMBERS[:11]),), ["has 11 numbers, expected 12"]),
        (tensor(stored=hm.storage(count=10**12)), ((b"0", NUMBERS),), ["has 12 numbers, expected 1000000000000"]),
        (tensor(), (), ["not those"]),
        (tensor(), ((b"0", NUMBERS), (b"0", NUMBERS)), ["not those"]),
        (tensor(), ((b"0", NUMBERS), (b"1", NUMBERS)), ["not those"]),
        (tensor(), ((b"1", NUMBERS),), ["not those"]),
        (tensor(offset=1), ((b"0", NUMBERS),), ["tensor a", "reach out of 12 numbers"]),
    ],
)
def test_claims_beyond_the_file_are_refused(tmp_path, body, storages, words):
    refused(legacy(tmp_path / "w.pth", entries(a=body), storages), *words)


def test_a_trillion_numbers_are_refused_where_both_places_say_so(tmp_path):
    path = legacy(tmp_path / "w.pth", entries(a=tensor(stored=hm.storage(count=10**12))))
    content = path.read_bytes().replace(struct.pack("<q", 12), struct.pack("<q", 10**12))
    path.write_bytes(content)
    refused(path, "cut short")


def test_a_file_cut_anywhere_is_refused(tmp_path):
    path = legacy(tmp_path / "w.pth", entries(a=tensor()))
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        refused(path)


def test_another_version_is_refused(tmp_path):
    path = legacy(tmp_path / "w.pth", entries(a=tensor()))
    path.write_bytes(path.read_bytes().replace(whole(1001), whole(1002)))
    refused(path, "another version", "1001")
