"""The table of algorithms: what "auto" takes, what is refused, and that nothing but speed hangs on the fast ones."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import without_fast

import minifcn
from minifcn.backend import to_device
from minifcn.convolution import conv2d
from minifcn.convolution.algorithms import ALGORITHMS, fastest, find
from minifcn.convolution.fast import winograd
from minifcn.convolution.geometry import How
from minifcn.convolution.transposed import by_definition, gathers, textbook_or_definition
from minifcn.errors import InputError

HOW = (64, 64, 3, 3), How()  # weight's shape, and stride 1


def test_auto_takes_the_fast_ways_on_the_host_and_the_plain_ones_on_the_device(device):
    x = np.empty((1, 64, 40, 40), "float32")
    assert fastest(x, (60, 60), *HOW) == "winograd"
    assert fastest(x, (4, 4), *HOW) == "im2col"
    assert fastest(to_device(x, "gpu"), (60, 60), *HOW) == "definition"
    assert fastest(to_device(x, "gpu"), (60, 60), HOW[0], How.of(stride=2)) == "textbook"


@pytest.mark.parametrize(
    "size, weight, how, expected",
    [
        ((60, 60), (64, 64, 3, 3), {"padding": 1}, True),  # copies the kernels and 64 channels, adds 64 twice over
        ((60, 60), (64, 64, 3, 3), {"padding": 1, "stride": 2}, False),
        ((60, 60), (128, 64, 3, 3), {"padding": 1}, False),  # the same work but for the kernels
        ((4, 4), (64, 64, 3, 3), {"padding": 1}, False),  # 36,864 + 9,216 entries to copy, 9,216 to add
        ((8, 8), (64, 64, 3, 3), {"padding": 1}, True),  # 36,864 + 36,864, and 36,864
        ((60, 60), (64, 16, 3, 3), {"padding": 1, "groups": 4}, True),
        ((60, 60), (64, 16, 3, 3), {"padding": 1}, False),
        ((11, 11), (64, 8, 7, 7), {}, False),
        ((11, 11), (512, 8, 1, 1), {}, True),  # a 1x1 kernel: one product, and nothing to copy or to add
        ((11, 11), (512, 8, 1, 1), {"stride": 2}, False),
    ],
)
def test_where_an_inputs_gradient_is_gathered(size, weight, how, expected):
    assert gathers(size, weight, How.of(**how)) is expected


def test_a_small_inputs_gradient_is_gathered_where_calls_take_time():
    how = (4, 4), (64, 64, 3, 3), How.of(padding=1)  # 46,080 entries to copy, 9,216 to add, in 9 calls
    assert [gathers(*how, call) for call in (0, 3071, 3072)] == [False, False, True]
    x = np.empty((1, 1, 1, 1), "float32")
    assert textbook_or_definition(x, *how) == "definition"
    assert (
        textbook_or_definition(x, (11, 11), (4096, 512, 7, 7), How()) == "textbook"
    )  # fc6: its kernels alone are 103 million


@pytest.mark.parametrize("name", ALGORITHMS)
def test_what_is_asked_for_is_taken(name):
    assert find(name, np.empty((1, 64, 40, 40)), (40, 40), *HOW) is ALGORITHMS[name]


def test_each_is_a_way_of_its_own():
    """Their numbers are equal, so that no other test would notice one that stands in another's place."""
    names = ["loops", "matrix", "definition", "textbook", "im2col", "mec", "winograd", "phases"]
    assert list(ALGORITHMS) == [*names, "separable"]
    assert len(set(ALGORITHMS.values())) == len(ALGORITHMS)
    assert len({way.grad_input for way in ALGORITHMS.values()}) == len(ALGORITHMS)
    assert ALGORITHMS["definition"].grad_input is by_definition
    assert all(name in ALGORITHMS[name].forward.__module__ for name in ("loops", "matrix", "textbook", *names[5:]))


@pytest.mark.parametrize(
    "weight, how, given",
    [
        ((4, 4, 3, 2), {}, "given 3x2"),
        ((4, 4, 3, 3), {"stride": 2}, r"stride \(2, 2\)"),
        ((4, 4, 3, 3), {"dilation": 2}, r"dilation \(2, 2\)"),
        ((4, 2, 3, 3), {"groups": 2}, "groups 2"),
    ],
)
def test_winograd_where_it_does_not_apply(weight, how, given):
    with pytest.raises(InputError, match=f"algorithm winograd is for 3x3 kernels.*{given}.*use auto"):
        conv2d(np.zeros((1, 4, 20, 20)), np.zeros(weight), **how, algorithm="winograd")
    with pytest.raises(InputError, match=f"algorithm winograd is for 3x3 kernels.*{given}.*use auto"):
        winograd.conv2d_backward(np.zeros((1, 4, 20, 20)), np.zeros((1, 4, 20, 20)), np.zeros(weight), How.of(**how))


@pytest.mark.parametrize(
    "line, error",
    [
        ("import nowhere", "No module named 'nowhere'"),
        ("from minifcn.convolution.fast import nowhere", "cannot import name 'nowhere'"),
        ("import minifcn.convolution.fast.nowhere", "No module named 'minifcn.convolution.fast.nowhere'"),
        ("raise ModuleNotFoundError('lost', name='minifcn.convolution.fast')", "lost"),
    ],
)
def test_an_error_inside_the_fast_ways_is_not_taken_for_their_absence(tmp_path, line, error):
    shutil.copytree(Path(minifcn.__file__).parent, tmp_path / "minifcn")
    (tmp_path / "minifcn/convolution/fast/__init__.py").write_text(line)
    command = [sys.executable, "-c", "import minifcn.convolution"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode and error in result.stderr


def test_all_but_speed_works_without_the_folder_of_fast_ways(tmp_path):
    shutil.copytree(Path(minifcn.__file__).parent, tmp_path / "minifcn", ignore=shutil.ignore_patterns("fast"))
    (tmp_path / "minifcn/convolution/fast/__pycache__").mkdir(parents=True)  # what git leaves of a folder it removes
    command = [sys.executable, without_fast.__file__, tmp_path / "without.npz"]
    result = subprocess.run(command, env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr

    without, expected = np.load(tmp_path / "without.npz"), without_fast.step()
    assert without["folder"] == str(tmp_path / "minifcn")
    for name, array in expected.items():
        rounding = 1e-4 if name.startswith("float32") else 1e-11
        assert abs(without[name] - array).max() < rounding * abs(array).max(), name
