"""Archives of `torch.save` made by hand, so without PyTorch: what is read, what is damaged, what claims too much."""

import zipfile

import handmade as hm
import numpy as np
import pytest
from handmade import NUMBERS, archive, entries, refused, tensor
from hypothesis import given, settings
from hypothesis import strategies as st

from minifcn.errors import InputError
from minifcn.weights import read_pth


def test_names_order_and_numbers_come_back(tmp_path):
    path = archive(tmp_path / "w.pth", entries(b__weight=tensor(), a__bias=tensor((2,), (1,), 5)))
    arrays = read_pth(path)
    assert list(arrays) == ["b.weight", "a.bias"]
    np.testing.assert_array_equal(arrays["b.weight"], NUMBERS.reshape(3, 4))
    np.testing.assert_array_equal(arrays["a.bias"], [5, 6])
    assert arrays["b.weight"].dtype == np.float32 and arrays["b.weight"].flags.writeable
    assert np.shares_memory(*arrays.values())  # one storage, read once


def test_a_stride_along_one_element_says_nothing(tmp_path):
    arrays = read_pth(archive(tmp_path / "w.pth", entries(a=tensor(), row=tensor((1, 4), (99, 1), 8))))
    np.testing.assert_array_equal(arrays["row"], [[8, 9, 10, 11]])
    assert np.shares_memory(*arrays.values())  # as it lies in order, it is no copy


@pytest.mark.parametrize(
    "size, stride, offset, expected",
    [
        ((), (), 7, 7.0),
        ((0,), (1,), 0, []),
        ((2, 0), (0, 1), 12, np.zeros((2, 0))),
        ((4, 3), (1, 4), 0, NUMBERS.reshape(3, 4).T),
        ((2, 2), (8, 2), 1, [[1, 3], [9, 11]]),
        ((2, 3), (0, 1), 9, [[9, 10, 11]] * 2),
        ((2, 2), (1, 1), 0, [[0, 1], [1, 2]]),
    ],
    ids=["scalar", "empty", "empty-2d", "transposed", "sliced", "expanded", "overlapping"],
)
def test_strides(tmp_path, size, stride, offset, expected):
    array = read_pth(archive(tmp_path / "w.pth", entries(a=tensor(size, stride, offset))))["a"]
    assert array.shape == size and array.flags.c_contiguous and array.flags.writeable
    np.testing.assert_array_equal(array, expected)


@pytest.mark.parametrize("key", ["state_dict", "model"])
def test_a_checkpoint_gives_its_state_dict(tmp_path, key):
    other = {"epoch": hm.whole(3), "optimizer": entries(momentum=tensor(stored=hm.storage("9", 10**6))), "none": b"N"}
    path = archive(tmp_path / "w.pth", entries(**other, **{key: entries(a=tensor())}))
    assert list(read_pth(path)) == ["a"]  # storage 9 is not even there


@pytest.mark.parametrize(
    "body, words",
    [
        (tensor(), ["a Tensor", "state_dict()"]),
        (b"]", ["a list"]),
        (b"N", ["a NoneType"]),
        (b"}", ["no tensor"]),
        (entries(state_dict=b"}"), ["no tensor"]),
        (entries(a=tensor(), epoch=hm.whole(3)), ["epoch", "a int"]),
        (entries(state_dict=entries(a=tensor(), epoch=hm.whole(3))), ["epoch", "a int"]),
        (b"}" + hm.whole(5) + tensor() + b"s", ["entry 5"]),
    ],
)
def test_what_is_no_state_dict_is_named(tmp_path, body, words):
    refused(archive(tmp_path / "w.pth", body), *words)


@pytest.mark.parametrize("byteorder, code", [("little", "<"), (None, "<"), ("big", ">")])
@pytest.mark.parametrize("kind, number", [("FloatStorage", "f4"), ("LongStorage", "i8"), ("ComplexFloatStorage", "c8")])
def test_byte_orders(tmp_path, byteorder, code, kind, number):
    body = entries(a=tensor(stored=hm.storage(kind=kind)))
    path = archive(tmp_path / "w.pth", body, {"0": NUMBERS.astype(code + number).tobytes()}, byteorder)
    array = read_pth(path)["a"]
    assert array.dtype == number
    np.testing.assert_array_equal(array, NUMBERS.reshape(3, 4))


def test_bfloat16_of_a_big_machine_and_bytes_that_are_no_truth_values(tmp_path):
    upper = (NUMBERS.view("<u4") >> 16).astype(">u2").tobytes()
    body = entries(a=tensor(stored=hm.storage(kind="BFloat16Storage")))
    np.testing.assert_array_equal(
        read_pth(archive(tmp_path / "w.pth", body, {"0": upper}, "big"))["a"].ravel(), NUMBERS
    )
    body = entries(a=tensor(stored=hm.storage(kind="BoolStorage")))
    array = read_pth(archive(tmp_path / "w.pth", body, {"0": bytes([0, 1, 2, 255] * 3)}))["a"]
    assert array.tolist() == [[False, True, True, True]] * 3 and set(array.tobytes()) == {0, 1}


def test_a_file_cut_anywhere_is_refused(tmp_path):
    path = archive(tmp_path / "w.pth", entries(a=tensor()))
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        refused(path)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_flipped_bits_are_an_error_or_change_nothing(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "flipped.pth"
    bias = tensor((2,), (1,), stored=hm.storage("1", 2))
    archive(path, entries(a=tensor(), b=bias), {"0": NUMBERS.tobytes(), "1": NUMBERS[:2].tobytes()})
    content = bytearray(path.read_bytes())
    for place in data.draw(st.lists(st.integers(0, 8 * len(content) - 1), min_size=1, max_size=4, unique=True)):
        content[place // 8] ^= 1 << place % 8
    path.write_bytes(content)
    try:
        arrays = read_pth(path)
    except InputError:
        return
    assert list(arrays) == ["a", "b"]  # a flip in a date, say: the check sums cover names and numbers
    np.testing.assert_array_equal(arrays["a"], NUMBERS.reshape(3, 4))
    np.testing.assert_array_equal(arrays["b"], [0, 1])


@pytest.mark.parametrize("extra", ["constants.pkl", "code/__torch__.py"])
def test_torchscript_says_how_to_convert_it(tmp_path, extra):
    refused(archive(tmp_path / "w.pth", entries(a=tensor()), extra=[extra]), "TorchScript", "torch.jit.load(FILE)")


def test_other_archives_are_refused(tmp_path):
    path = tmp_path / "w.pth"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a.txt", "dear diary")
    refused(path, "with 0 data.pkl")
    refused(archive(path, entries(a=tensor()), extra=["more/data.pkl"]), "with 2 data.pkl")
    refused(archive(path, entries(a=tensor()), byteorder="middle"), "byteorder", "middle")
    with pytest.warns(UserWarning, match="Duplicate name"):
        archive(path, entries(a=tensor()), extra=["data/0"])
    refused(path, "two entries")
    path.write_text("dear diary\n" * 100)
    refused(path, "no file of torch.save")
    refused(tmp_path, "it is a folder")
    refused(tmp_path / "nowhere.pth", "no such file")
