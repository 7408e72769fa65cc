"""Pickles that ask for more than tensors: refused by name, and nothing is run, imported, or made large."""

import io
import os
import pickle
import subprocess
import sys
from pathlib import Path

import handmade as hm
import pytest
from handmade import archive, ask, entries, group, legacy, refused, tensor, text, whole

from minifcn.weights import read_pth
from minifcn.weights.pth import unpickling

REPOSITORY = Path(__file__).parents[3]
OTHER = "refused, it could run any code"


class Trap:
    """Calls `function` when unpickled."""

    def __init__(self, function, *arguments):
        self.reduced = function, arguments

    def __reduce__(self):
        return self.reduced


def body_of(value, protocol):
    return pickle.dumps(value, protocol)[2:-1]


@pytest.fixture(params=[archive, legacy], ids=["archive", "legacy"])
def write(request, tmp_path):
    """write(body) -> the path of a file with this pickle, in both formats."""
    return lambda body: request.param(tmp_path / "w.pth", body)


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize(
    "function, name",
    [(os.system, f"{os.name if os.name == 'nt' else 'posix'}.system"), (eval, "eval"), (exec, "exec"), (open, "open")],
)
def test_a_function_is_refused_by_name_and_not_called(tmp_path, write, protocol, function, name):
    trap = tmp_path / "trap"
    argument = f"touch {trap}" if function is os.system else f"open({str(trap)!r}, 'w')"
    arguments = (str(trap), "w") if function is open else (argument,)
    message = refused(write(body_of({"a": Trap(function, *arguments)}, protocol)), OTHER)
    assert f"{name}:" in message
    assert not trap.exists()


@pytest.mark.parametrize(
    "module, name",
    [
        ("os", "system"),
        ("builtins", "eval"),
        ("builtins", "getattr"),
        ("torch", "load"),
        ("torch.hub", "load"),
        ("torch._utils", "_rebuild_tensor_v2.__globals__"),
        ("collections", "OrderedDict.__init__.__globals__"),
        ("collections", "namedtuple"),
        ("numpy", "load"),
        ("antigravity", "geohash"),
        ("minifcn.weights.pth.reading", "read_pth"),
        ("torchvision.models.vgg", "VGG"),
    ],
)
def test_all_other_names_are_refused(write, module, name):
    refused(write(entries(a=ask(module, name) + b")R")), f"{module}.{name}", OTHER, "state_dict()")
    refused(write(b"\x8c" + bytes([len(module)]) + module.encode() + text(name) + b"\x93"), f"{module}.{name}", OTHER)
    assert "antigravity" not in sys.modules


def test_a_long_name_with_line_breaks_stays_one_short_line(write):
    refused(write(text("os\nX" * 10_000) + text("system\r\n\x1b[31m\u2028") + b"\x93"), "os\\nXos", OTHER)


@pytest.mark.parametrize(
    "name",
    ["torch float8_e4m3fn", "torch quint8", "torch QInt8Storage", "torch bits8", "torch._utils _rebuild_sparse_tensor"],
)
def test_other_kinds_of_tensors_are_named(write, name):
    refused(write(entries(a=ask(*name.split()))), name.replace(" ", "."), "kind of tensor", "float()")


@pytest.mark.parametrize(
    "body, words",
    [
        (text("abc") + b")R", ["calls abc"]),
        (text("torch._utils._rebuild_tensor_v2") + b")R", ["calls torch._utils._rebuild_tensor_v2: refused"]),
        (b"})R", ["calls a dict"]),
        (tensor() + b")R", ["calls a Tensor"]),
        (ask("torch", "FloatStorage") + b")R", ["calls torch.FloatStorage"]),
        (ask("torch", "FloatStorage") + b")\x81", ["calls torch.FloatStorage"]),
        (ask("collections", "OrderedDict") + b"]R", ["with a list"]),
        (ask("collections", "OrderedDict") + group(text("abab")) + b"R", ["a dict of a str"]),
        (ask("torch._utils", "_rebuild_tensor_v2") + b")R", ["damaged"]),
        (tensor() + b"}b", ["changes a Tensor"]),
        (tensor() + group(b"}", b"}") + b"b", ["changes a Tensor"]),
        (b"]}b", ["changes a list"]),
        (text("a") + b"}b", ["changes a str"]),
        (tensor() + b"Na", ["changes a Tensor"]),
        (tensor() + text("offset") + whole(9) + b"s", ["changes a Tensor"]),
        (b"}" + group(whole(1)) + b"Ns", ["a tuple as a dict's key"]),
        (text("0") + b"Q", ["damaged"]),
        (group(text("module"), ask("torch", "FloatStorage"), text("0"), text("cpu"), whole(1)) + b"Q", ["no storage"]),
        (group(*[text("storage")] * 4, whole(1)) + b"Q", ["no storage"]),
        (b"\x82\x01", ["EXT1"]),
        (b"(ios\nsystem\n", ["INST"]),
        (b"(ccollections\nOrderedDict\no", ["OBJ"]),
        (b"P0\n", ["PERSID"]),
        (b"\x96" + bytes(8), ["BYTEARRAY8"]),
        (b"\x8e" + (10**12).to_bytes(8, "little"), ["damaged"]),
        (b"NN", ["damaged"]),
        (b"", ["damaged"]),
        (b"a", ["damaged"]),
        (b"h\x05", ["damaged"]),
    ],
)
def test_instructions_that_no_state_dict_needs_are_refused(write, body, words):
    refused(write(body), *words)


def test_a_place_in_the_memo_costs_no_memory(write):
    """Python's own unpickler makes a list of that length, 64 GB."""
    far = b"r" + (2**32 - 1).to_bytes(4, "little")
    assert list(read_pth(write(entries(a=tensor() + far)))) == ["a"]


def test_a_tuple_nested_deep_is_no_crash(tmp_path):
    """In a process of its own: a crash would take the tests along."""
    deep = b")" + b"\x85" * 200_000
    bodies = [b"}" + deep + b"Ns", ask("collections", "OrderedDict") + group(b"](" + group(deep, b"N") + b"e") + b"R"]
    bodies += [deep, entries(a=deep), deep + deep + b"\x93", tensor(stored=deep), deep + b"Q", tensor() + deep + b"b"]
    bodies += [deep + b")R", ask("collections", "OrderedDict") + deep + b"R"]
    paths = [str(archive(tmp_path / f"{number}.pth", body)) for number, body in enumerate(bodies)]
    code = (
        "import sys\nfrom minifcn.weights import read_pth\n"
        "for path in sys.argv[1:]:\n try: read_pth(path)\n except ValueError as error: print(len(str(error)) < 700)"
    )
    process = subprocess.run([sys.executable, "-c", code, *paths], cwd=REPOSITORY, capture_output=True, text=True)
    assert (process.returncode, process.stdout.split()) == (0, ["True"] * len(bodies)), process.stderr


@pytest.mark.parametrize("place", [1, 3, 4])
def test_tuples_of_tuples_are_not_compared_or_written_out(tmp_path, place):
    """Twice the same in each of 64 levels: to look at all of it would take centuries."""
    path = legacy(tmp_path / "w.pth", entries(a=tensor()))
    pickles = path.read_bytes().split(b".\x80\x02", 4)
    doubled = b"N" + b"q\x00h\x00\x86" * 64
    pickles[place] = b"](" + doubled + doubled + b"e" if place == 4 else doubled
    path.write_bytes(b".\x80\x02".join(pickles) + b"." + bytes(99))
    refused(path)


def test_pairs_used_again_do_not_fill_the_memory():
    """A file could make a dict of the same thousand pairs a thousand times; what PyTorch writes names them once."""
    pairs = b"](" + b"".join(group(whole(n), b"N") for n in range(1000)) + b"eq\x00"
    ordered = ask("collections", "OrderedDict")
    body = group(pairs, ordered + group(b"h\x00") + b"R", ordered + group(b"h\x00") + b"R")
    (_, first, second), _ = unpickling.read_pickle(io.BytesIO(hm.pickled(body)))
    assert len(first) == 1000 and second == {}


def test_a_pickle_longer_than_names_and_sizes_is_refused(write, monkeypatch):
    monkeypatch.setattr(unpickling, "LONGEST", 5000)
    refused(write(b"0".join([b"}"] * 6000)), "POP")
    refused(write(group(b"}" * 6000)), "longer than 5000 bytes")


def test_numbers_that_are_no_numbers_are_refused(write):
    for stride in (b"N", text("1"), b"\x88", b"G" + bytes(8), group()):
        storage, size = hm.storage(), group(whole(3))
        body = ask("torch._utils", "_rebuild_tensor_v2")
        body += group(storage, whole(0), size, group(stride), b"\x89", hm.ORDERED_DICT) + b"R"
        refused(write(entries(a=body)), "a tensor's place or size")
