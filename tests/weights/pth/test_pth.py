"""Files that PyTorch itself writes, in both formats, come back as PyTorch reads them."""

import io
import warnings
from collections import Counter

import numpy as np
import pytest
from handmade import archive, entries, legacy, refused, tensor
from hypothesis import given, settings
from hypothesis import strategies as st

from minifcn.errors import InputError
from minifcn.weights import read_pth

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install -r requirements-test.txt")

REAL = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.bool]
WHOLE = [getattr(torch, f"{sign}int{bits}") for sign in ("", "u") for bits in (8, 16, 32, 64)]
DTYPES = [*REAL, *WHOLE, torch.complex128, torch.complex64, torch.complex32]
UNREAD = [torch.float8_e4m3fn, torch.float8_e5m2, torch.float4_e2m1fn_x2, torch.bits8, torch.quint8, torch.qint32]


@pytest.fixture(params=[True, False], ids=["archive", "legacy"])
def save(request, tmp_path):
    """save(value) -> the path of a file that PyTorch wrote."""

    def write(value, **options):
        path = tmp_path / "w.pth"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of kinds of numbers that PyTorch is about to give up
            torch.save(value, path, _use_new_zipfile_serialization=request.param, **options)
        return path

    return write


def random(*shape, dtype=torch.float32):
    """A tensor of random bytes, NaNs and infinities among them; of 0 and 1 for truth values."""
    if dtype == torch.bool:
        return torch.rand(shape) < 0.5
    generator = torch.Generator().manual_seed(len(shape))
    count = int(np.prod(shape)) * dtype.itemsize
    return torch.randint(256, (count,), generator=generator, dtype=torch.uint8).view(dtype).reshape(shape)


def expected(given):
    """The array that is to come of a tensor."""
    given = given.detach().resolve_conj().resolve_neg()
    exact = {torch.bfloat16: torch.float32, torch.complex32: torch.complex64}
    return given.to(exact.get(given.dtype, given.dtype)).numpy()


def assert_same(arrays, tensors):
    assert list(arrays) == list(tensors)
    for name in tensors:
        array, other = arrays[name], expected(tensors[name])
        assert (array.dtype, array.shape) == (other.dtype, other.shape), name
        np.testing.assert_array_equal(array, other, err_msg=name)


@pytest.mark.parametrize("write", [archive, legacy])
def test_pytorch_reads_what_the_other_tests_make_by_hand(tmp_path, write):
    path = write(tmp_path / "w.pth", entries(a=tensor(), b=tensor((2, 2), (1, 5), 3)))
    assert_same(read_pth(path), torch.load(path, weights_only=True))


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_every_kind_of_number(save, dtype):
    base = random(5, 6, dtype=dtype)
    tensors = {"whole": random(2, 3, 4, dtype=dtype), "transposed": base.T, "sliced": base[1:4, ::2]}
    tensors |= {"scalar": base[2, 3], "empty": base[:0], "expanded": base[:, :1].expand(5, 3)}
    assert_same(read_pth(save(tensors)), tensors)


@pytest.mark.filterwarnings("ignore:torch.quantize")
@pytest.mark.parametrize("dtype", UNREAD, ids=str)
def test_other_kinds_of_numbers_are_named(save, dtype):
    values = torch.zeros(4)
    if str(dtype).startswith("torch.q"):
        refused(save({"a": torch.quantize_per_tensor(values, 0.1, 0, dtype)}), "_rebuild_qtensor", "dequantize")
    else:
        refused(save({"a": torch.zeros(4, dtype=torch.uint8).view(dtype)}), str(dtype), "float()")


def test_sparse_and_imagined_tensors_are_named(save):
    refused(save({"a": torch.eye(3).to_sparse()}), "_rebuild_sparse_tensor", "to_dense()")
    refused(save({"a": torch.empty(3, device="meta")}), "_rebuild_meta_tensor")


def test_state_dicts_of_modules(save):
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.Linear(4, 2).double())
    assert_same(read_pth(save(model.state_dict())), model.state_dict())
    assert_same(read_pth(save(dict(model.named_parameters()))), dict(model.named_parameters()))
    refused(save(model), "Sequential", "state_dict()")


def test_a_parameter_with_attributes(save):
    parameter = torch.nn.Parameter(torch.ones(3))
    parameter.mood = "good"
    assert_same(read_pth(save({"a": parameter})), {"a": parameter})


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_protocols_of_pickle(save, protocol):
    tensors = {"ä.weight" * 40: random(3), "b": torch.nn.Parameter(random(2, 2)), "c": random(2, dtype=torch.uint16)}
    assert_same(read_pth(save(tensors, pickle_protocol=protocol)), tensors)


def test_a_shared_storage_is_read_once(save):
    flat = random(100)
    tensors = {
        "a": flat[:60].view(6, 10),
        "b": flat[60:],
        "tied": flat[:60].view(6, 10),
        "all": flat,
        "other": random(9),
    }
    arrays = read_pth(save(tensors))
    assert_same(arrays, tensors)
    assert np.shares_memory(arrays["a"], arrays["tied"]) and np.shares_memory(arrays["b"], arrays["all"])
    assert not np.shares_memory(arrays["a"], arrays["b"])


def test_bytes_shared_by_two_kinds_of_numbers(save):
    tensors = {"a": random(4, dtype=torch.uint32)}
    tensors["b"] = tensors["a"].view(torch.uint16)
    assert_same(read_pth(save(tensors)), tensors)


def test_conjugates_and_negatives_not_yet_computed(save):
    conj, imag, transposed = (torch.complex(torch.arange(6.0), torch.arange(1.0, 7)).conj() for _ in range(3))
    tensors = {"conj": conj, "imag": imag.imag, "transposed": transposed.reshape(2, 3).T}
    assert tensors["imag"].is_neg() and tensors["conj"].is_conj()
    assert_same(read_pth(save(tensors)), tensors)


@pytest.mark.parametrize("key", ["state_dict", "model"])
def test_a_whole_checkpoint(save, key):
    model = torch.nn.Linear(3, 2)
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, [3, 3, 5])
    checkpoint = {"epoch": 3, "optimizer": optimizer.state_dict(), "scheduler": scheduler.state_dict(), "best": 0.5}
    assert isinstance(scheduler.milestones, Counter)
    checkpoint |= {key: model.state_dict(), "notes": ["a", None, True, -(2**40), 1e300, "ß"]}
    assert_same(read_pth(save(checkpoint)), model.state_dict())


def test_a_file_cut_anywhere_is_refused(save):
    path = save({"a": random(3, 4), "b": random(2)})
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        refused(path)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_damaged_bytes_are_an_error_or_change_nothing(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "damaged.pth"
    tensors = {"a": random(3, 4, dtype=torch.int16), "b": random(2, dtype=torch.int64)}
    written = io.BytesIO()
    torch.save(tensors, written)
    content = bytearray(written.getvalue())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        arrays = read_pth(path)
    except InputError:
        return
    assert_same(arrays, tensors)


def test_damaged_bytes_of_the_old_format_are_an_error_or_numbers(tmp_path):
    """It has no check sums: a number may be wrong, but nothing else may happen."""
    written = io.BytesIO()
    torch.save({"a": random(3, 4), "b": random(2)}, written, _use_new_zipfile_serialization=False)
    path, dice, refusals = tmp_path / "w.pth", np.random.default_rng(0), 0
    for _ in range(1500):
        content = np.frombuffer(written.getvalue(), np.uint8).copy()
        content[dice.integers(content.size, size=dice.integers(1, 4))] = dice.integers(256)
        path.write_bytes(content)
        try:
            assert all(isinstance(array, np.ndarray) for array in read_pth(path).values())
        except InputError:
            refusals += 1
    assert refusals > 700
