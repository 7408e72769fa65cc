"""Checkpoints of many trainers: the weights in them are found, what is beside them is left, and nothing is run."""

import argparse
import collections
import itertools
import os
import pathlib
import pickle
import pickletools

import numpy as np
import pytest
from handmade import NUMBERS, archive, ask, entries, group, legacy, refused, tensor, text, whole

from minifcn.weights import read_pth

DTYPE = ask("numpy", "dtype") + group(text("f8"), b"\x89", b"\x88") + b"R"
DTYPE += group(whole(3), text("<"), b"N", b"N", b"N", whole(-1), whole(-1), whole(0)) + b"b"
BYTES = ask("_codecs", "encode") + group(text("\x00\x00\x00\x00\x00\x00à?"), text("latin1")) + b"R"
OTHER = {"epoch": whole(3), "arch": text("FCN32s"), "none": b"N", "rate": b"G" + bytes(8), "done": b"\x88"}
NAMES = ("model_state_dict", "state_dict", "model", "net", "network", "module", "weights", "params")


def number(core="numpy.core", raw=BYTES):
    """A NumPy number of the kind f8, as NumPy 1 and 2 pickle it."""
    return ask(f"{core}.multiarray", "scalar") + group(DTYPE, raw) + b"R"


@pytest.fixture(params=[archive, legacy], ids=["archive", "legacy"])
def write(request, tmp_path):
    """write(body) -> the path of a file with this pickle, in both formats."""
    return lambda body: request.param(tmp_path / "w.pth", body)


def reads_a(path):
    arrays = read_pth(path)
    assert list(arrays) == ["a.weight"]
    np.testing.assert_array_equal(arrays["a.weight"], NUMBERS.reshape(3, 4))


@pytest.mark.parametrize("key", [*NAMES, "fcn", "ema"])
def test_the_one_dict_of_tensors_is_taken_whatever_it_is_called(write, key):
    reads_a(write(entries(**OTHER, **{key: entries(a__weight=tensor())})))


@pytest.mark.parametrize("first, second", [*itertools.pairwise(NAMES), ("params", "ema")])
def test_of_several_the_first_known_name_is_taken(tmp_path, first, second):
    wanted, other = entries(a__weight=tensor()), entries(b=tensor(offset=0))
    reads_a(archive(tmp_path / "w.pth", entries(**{second: other, first: wanted})))


def test_of_several_without_a_known_name_none_is_taken(write):
    body = entries(generator=entries(a=tensor()), critic=entries(b=tensor()))
    refused(write(body), "its entries generator, critic are dicts of tensors", "model_state_dict, state_dict", "NAME")


@pytest.mark.parametrize(
    "body, words",
    [
        (entries(state=b"}", param_groups=b"]"), ["the state of an optimizer"]),
        (entries(epoch=whole(3), optimizer=entries(state=b"}")), ["its entry epoch is a int", "model_state_dict"]),
        (entries(model=entries(a=tensor(), b=text("x"))), ["its entry b is a str"]),
        (ask("argparse", "Namespace") + b")R", ["it holds a argparse.Namespace"]),
    ],
)
def test_where_there_are_no_weights_it_is_said_what_there_is(tmp_path, body, words):
    refused(archive(tmp_path / "w.pth", body), *words, "expected")


@pytest.mark.parametrize("core", ["numpy.core", "numpy._core"])
@pytest.mark.parametrize("raw", [BYTES, *(begin + bytes(8) for begin in (b"C\x08", b"B\x08\0\0\0", b"U\x08"))])
def test_a_numpy_number_beside_the_weights(write, core, raw):
    best = {"best_mean_iu": number(core, raw), "bests": b"](" + number(core) + number(core) + b"e"}
    reads_a(write(entries(**OTHER, **best, model_state_dict=entries(a__weight=tensor()))))


@pytest.mark.parametrize("protocol", [2, 3, 4])
@pytest.mark.parametrize(
    "value",
    [
        np.float64(0.5),
        np.float32(2),
        np.int64(3),
        np.bool_(True),
        {"means": np.arange(3.0), "empty": np.zeros((0, 2)), "order": np.arange(6).reshape(2, 3).T},
        argparse.Namespace(lr=0.1, device=None, more={"a": [1, (2, 3)]}),
        collections.defaultdict(list, {"loss": [1.0, 2.0]}),
        {"raw": b"", "some": b"abc"},
        pathlib.Path("runs/a"),
    ],
    ids=str,
)
def test_plain_values_of_python_and_numpy_beside_the_weights(write, value, protocol):
    """As this Python and this NumPy pickle them."""
    beside = instructions(value, protocol)
    reads_a(write(entries(value=beside, state_dict=entries(a__weight=tensor()))))


def instructions(value, protocol):
    """Those that make the value: without protocol, frame and end."""
    content = pickle.dumps(value, protocol)
    frames = [position for opcode, _, position in pickletools.genops(content) if opcode.name == "FRAME"]
    return content[frames[0] + 9 if frames else 2 : -1]


SYSTEM = [b"cos\nsystem\n", b"cposix\nsystem\n", text("os") + text("system") + b"\x93"]
PLACES = {  # where in a NumPy number, or a Namespace, a function could stand or be called
    "instead of scalar": lambda name, call: name + group(DTYPE, BYTES) + b"R",
    "instead of dtype": lambda name, call: ask("numpy.core.multiarray", "scalar") + group(call, BYTES) + b"R",
    "instead of encode": lambda name, call: ask("numpy.core.multiarray", "scalar") + group(DTYPE, call) + b"R",
    "kind of dtype": lambda name, call: ask("numpy", "dtype") + group(call, b"\x89", b"\x88") + b"R",
    "state of dtype": lambda name, call: DTYPE + call + b"b",
    "argument of encode": lambda name, call: ask("_codecs", "encode") + group(call) + b"R",
    "state of a Namespace": lambda name, call: ask("argparse", "Namespace") + b")\x81" + entries(a=call) + b"b",
    "class of an array": lambda name, call: ask("numpy.core.multiarray", "_reconstruct") + group(name) + b"R",
    "of a defaultdict": lambda name, call: ask("collections", "defaultdict") + group(name) + b"R",
    "new object": lambda name, call: name + b")\x81",
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", SYSTEM, ids=["os", "posix", "stack"])
def test_a_function_is_refused_in_every_new_place_and_not_called(tmp_path, name, place):
    trap = tmp_path / "trap"
    body = PLACES[place](name, name + group(text(f"touch {trap}")) + b"R")
    path = archive(tmp_path / "w.pth", entries(best=body, state_dict=entries(a__weight=tensor())))
    refused(path, "system: refused, it could run any code", "model.state_dict()")
    assert not trap.exists()


@pytest.mark.parametrize(
    "body, words",
    [
        (number() + b"}" + text("a") + b"Ns" + b"0", ["POP"]),
        (number() + text("a") + b"Ns", ["changes a Opaque as if it were a dict"]),
        (number() + b"Na", ["changes a Opaque as if it were a list"]),
        (b"}" + number() + b"Ns", ["a Opaque as a dict's key"]),
        (number() + b")R", ["calls a Opaque"]),
        (text("argparse.Namespace") + b")R", ["calls argparse.Namespace: refused"]),
        (ask("argparse", "Namespace") + b"]R", ["argparse.Namespace with a list"]),
        (ask("argparse", "Namespace") + number() + b"R", ["with a Opaque"]),
        (ask("collections", "OrderedDict") + group(number()) + b"R", ["makes a dict of a Opaque"]),
        (ask("torch._utils", "_rebuild_tensor_v2") + number() + b"R", ["with a Opaque"]),
        (tensor(stored=number()), ["without a storage"]),
        (group(text("storage"), ask("numpy", "ndarray"), text("0"), text("cpu"), whole(1)) + b"Q", ["no storage"]),
        (ask("argparse", "Namespace.__init__"), ["argparse.Namespace.__init__: refused"]),
        (ask("numpy.core.multiarray", "fromfile"), ["numpy.core.multiarray.fromfile: refused"]),
        (ask("builtins", "eval"), ["builtins.eval: refused"]),
        (ask("torch.optim.sgd", "SGD"), ["torch.optim.sgd.SGD: refused", "if a whole model was saved"]),
    ],
)
def test_what_stands_for_a_plain_value_is_good_for_nothing_else(write, body, words):
    refused(write(entries(best=body, state_dict=entries(a__weight=tensor()))), *words)


def test_a_damaged_number_gives_no_other_error(tmp_path):
    """Without check sums, any byte may be any other, and the file may end anywhere."""
    body = entries(best=number(), args=ask("argparse", "Namespace") + b")\x81" + entries(a=b"N") + b"b")
    path = legacy(tmp_path / "w.pth", body[:-1] + text("net") + entries(a__weight=tensor()) + b"u")
    reads_a(path)
    content, dice = path.read_bytes(), np.random.default_rng(0)
    for length in range(0, len(content), 11):
        path.write_bytes(content[:length])
        refused(path)
    for _ in range(250):
        changed = bytearray(content)
        changed[dice.integers(len(content))] ^= 1 << dice.integers(8)
        path.write_bytes(changed)
        try:
            arrays = read_pth(path)
        except ValueError as error:
            assert "\n" not in str(error)
        else:
            assert all(isinstance(array, np.ndarray) for array in arrays.values())


class Run:
    def __reduce__(self):
        return os.system, ("exit 1",)


def test_a_checkpoint_of_pytorch_fcns_trainer(tmp_path):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install -r requirements-test.txt")
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.Conv2d(4, 2, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.99)
    model(torch.ones(1, 3, 5, 5)).sum().backward()
    optimizer.step()
    checkpoint = {
        "epoch": 3,
        "iteration": 1200,
        "arch": "FCN32s",
        "optim_state_dict": optimizer.state_dict(),
        "model_state_dict": model.state_dict(),
        "best_mean_iu": np.float64(0.5),
    }
    more = {"args": argparse.Namespace(gpu=0, out=pathlib.Path("logs")), "device": torch.device("cpu")}
    more |= {"size": torch.Size([3, 4]), "numbers": np.arange(3), "rng": torch.get_rng_state()}
    for saved in (checkpoint, checkpoint | more):
        torch.save(saved, tmp_path / "checkpoint.pth.tar")
        arrays = read_pth(tmp_path / "checkpoint.pth.tar")
        assert list(arrays) == list(model.state_dict())
        for name, value in model.state_dict().items():
            np.testing.assert_array_equal(arrays[name], value.numpy())
    torch.save(optimizer.state_dict(), tmp_path / "optimizer.pth")
    refused(tmp_path / "optimizer.pth", "the state of an optimizer")
    torch.save(checkpoint | {"trap": Run()}, tmp_path / "trap.pth")
    refused(tmp_path / "trap.pth", "posix.system: refused" if os.name == "posix" else "system: refused")
