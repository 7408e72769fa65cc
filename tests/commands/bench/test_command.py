"""One run of bench on cases of a moment: what is timed, printed and written, and what is refused."""

import csv
import subprocess
import sys
from argparse import Namespace

import numpy as np
import pytest
import tiny
from PIL import Image

from minifcn.commands.bench import command, engines, gpu, machine, memory, peers, timing
from minifcn.commands.bench.cases import Case
from minifcn.commands.bench.launches import Launches
from minifcn.commands.bench.machine import Limits
from minifcn.commands.bench.report import bench_files, roofline_points
from minifcn.commands.bench.timing import Measured, medians
from minifcn.commands.tables import console
from minifcn.errors import InputError
from minifcn.pictures.roofline import save_roofline


class TestTiming:
    def test_functions_are_called_in_turn_after_a_call_of_each_that_is_not_counted(self, monkeypatch):
        monkeypatch.setattr(timing, "SAMPLE_SECONDS", 0)
        calls = []
        medians([lambda: calls.append("a"), lambda: calls.append("b")], 2, "cpu")
        assert "".join(calls) == 3 * "aabb"  # the first time to learn how often to call it

    def test_on_a_gpu_its_own_clock_counts(self, monkeypatch):
        calls = []
        monkeypatch.setattr(gpu, "seconds_of", lambda function, count: calls.append(count) or 0.05 * count)
        assert medians([lambda: calls.append("warm")], 2, "gpu") == [0.05]
        assert calls == ["warm", 1, "warm", 2, "warm", 2]  # a sample takes a tenth of a second

    def test_short_functions_are_called_more_often(self, monkeypatch):
        monkeypatch.setattr(timing, "SAMPLE_SECONDS", 0.02)
        calls = []
        (seconds,) = medians([lambda: calls.append(1)], 1, "cpu")
        assert len(calls) > 100
        assert 0 < seconds < 0.001

    def test_the_median_counts(self, monkeypatch):
        taken = iter([1, 5, 3, 9, 100])  # the first says how often to call it in a sample: once
        monkeypatch.setattr(timing, "seconds_of", lambda *_: next(taken))
        assert medians([None], 4, "cpu") == [7]

    def test_ratios_and_rates(self):
        measured = Measured(Case("x", None, 1, flops=100), {"minifcn": 2.0, "PyTorch": 4.0})
        assert measured.ratio("PyTorch") == 0.5
        assert measured.rate == 50


def test_limits_count_every_operation_and_byte(monkeypatch):
    monkeypatch.setattr(machine, "PRODUCT", {"cpu": 10})
    monkeypatch.setattr(machine, "COPY", {"cpu": 1000})
    seconds = iter([2.0, 0.5, 1.0, 4.0, 2.0, 8.0])
    monkeypatch.setattr(machine, "TRIES", 3)
    monkeypatch.setattr(machine, "SECONDS", 0)
    monkeypatch.setattr(machine, "seconds_of", lambda *_: next(seconds))
    limits = machine.measure_limits("cpu")
    assert limits == Limits(2 * 10**3 / 0.5, 2 * 4000 / 2.0)
    assert limits.or_better(Limits(1.0, 5000.0)) == Limits(4000.0, 5000.0)


def test_a_quick_try_is_repeated_until_a_clock_has_risen(monkeypatch):
    now = iter(range(100))
    monkeypatch.setattr(machine.time, "monotonic", lambda: next(now))
    monkeypatch.setattr(machine, "TRIES", 2)
    monkeypatch.setattr(machine, "SECONDS", 5)
    seconds = iter([9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0])
    monkeypatch.setattr(machine, "seconds_of", lambda *_: next(seconds))
    assert machine._fastest(print, "gpu") == 4.0  # two without a look at the clock, and on till it says 5


@pytest.fixture
def small(monkeypatch):
    """Cases, limits and networks of a moment."""
    monkeypatch.setattr(timing, "SAMPLE_SECONDS", 0)
    monkeypatch.setattr(machine, "PRODUCT", {"cpu": 64})
    monkeypatch.setattr(machine, "COPY", {"cpu": 1 << 16})
    monkeypatch.setattr(machine, "SECONDS", 0)
    x = np.ones(1000)

    def functions(*names):
        return lambda device: {name: lambda: np.exp(x) for name in names}

    sections = {
        "networks": lambda: [
            Case("a net", functions("minifcn", "PyTorch", "ONNX Runtime", "OpenVINO"), 1, 1e12),
            Case("a step", functions("minifcn", "PyTorch"), 1, 1e12),
        ],
        "layers": lambda: [Case("a layer", functions("minifcn", "PyTorch", "textbook"), 1, 1e9, 1e6)],
        "parts": lambda: [Case("a part", functions("minifcn", "PyTorch"), 1, 100, 1e6)],
    }
    monkeypatch.setattr(command, "SECTIONS", sections)


@pytest.mark.usefixtures("small")
class TestCommand:
    def test_sections_are_printed_and_written(self, capsys, tmp_path):
        out = tmp_path / "new" / "folder"
        assert tiny.command("bench", "networks", "layers", "parts", "--out", out, "--device", "cpu") == 0
        printed, errors = capsys.readouterr()
        assert errors == ""
        for words in ("GFLOP/s", "a net", "a layer", "a part", "/ PyTorch", "/ textbook", "of peak", "geometric mean"):
            assert words in printed
        assert max(map(len, printed.splitlines()[1:-1])) <= 120  # all but the device's and the files' lines
        with (out / "bench.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert [(row["section"], row["name"], row["unit"]) for row in rows] == [
            ("networks", "a net", "ms"),
            ("networks", "a step", "ms"),
            ("layers", "a layer", "ms"),
            ("parts", "a part", "ms"),
        ]
        assert all(float(row["minifcn"]) > 0 and float(row["PyTorch"]) > 0 for row in rows)
        assert [bool(row["textbook"]) for row in rows] == [False, False, True, False]
        assert [bool(row["ONNX Runtime"]) and bool(row["OpenVINO"]) for row in rows] == [True, False, False, False]
        assert all(row["device"] == "CPU" and int(row["threads"]) > 0 for row in rows)
        with Image.open(out / "roofline.png") as picture:
            assert picture.size == (900, 560)

    def test_a_section_alone(self, capsys):
        assert tiny.command("bench", "parts", "--device", "cpu") == 0
        printed = capsys.readouterr().out
        assert "a part" in printed and "a net" not in printed
        assert "of peak" not in printed and "textbook" not in printed  # nothing that would need explaining

    def test_files_in_the_way_are_kept(self, capsys, tmp_path):
        (tmp_path / "bench.csv").write_text("mine")
        assert tiny.command("bench", "parts", "--out", tmp_path, "--device", "cpu") == 2
        assert "bench.csv exists: give --overwrite to replace it, or another --out" in capsys.readouterr().err
        assert (tmp_path / "bench.csv").read_text() == "mine"
        assert tiny.command("bench", "parts", "--out", tmp_path, "--overwrite", "--device", "cpu") == 0
        assert (tmp_path / "bench.csv").read_text().startswith("date,")

    def test_an_unknown_section(self, capsys):
        assert tiny.command("bench", "layer", "--device", "cpu") == 2
        known = "networks, small, layers, parts, memory"
        assert capsys.readouterr().err == f"minifcn: error: bench: section 'layer' is none of {known}\n"

    def test_without_pytorch_it_says_so(self, capsys, monkeypatch):
        monkeypatch.setattr(peers, "missing", lambda device: "No module named 'torch'")
        assert tiny.command("bench", "parts", "--device", "cpu") == 0
        printed = capsys.readouterr().out
        assert "PyTorch was not measured: No module named 'torch'; pip install -r requirements-test.txt" in printed
        assert "the median" in printed and "/:" not in printed  # there is no ratio to explain
        assert tiny.command("bench", "layers", "--device", "cpu") == 0
        assert "/:" in capsys.readouterr().out  # the textbook's

    def test_engines_that_are_missing_are_named_where_they_would_have_been_timed(self, capsys, monkeypatch):
        monkeypatch.setattr(engines, "missing", lambda name: "not here")
        monkeypatch.setattr(peers, "missing", lambda device: "")
        assert tiny.command("bench", "networks", "parts", "--device", "cpu") == 0
        said = [line for line in capsys.readouterr().out.splitlines() if "not measured" in line]
        assert said == [
            "ONNX Runtime was not measured: not here; pip install onnx onnxruntime",
            "OpenVINO was not measured: not here; pip install onnx openvino",
        ]
        assert tiny.command("bench", "parts", "--device", "cpu") == 0
        assert "ONNX Runtime" not in capsys.readouterr().out

    def test_a_table_of_all_competitors_fits_80_columns(self, monkeypatch, capsys):
        monkeypatch.setattr(console, "_width", 80)
        assert tiny.command("bench", "networks", "--device", "cpu") == 0
        lines = capsys.readouterr().out.splitlines()
        (heads,) = (line for line in lines if "/ PyTorch" in line)
        assert "/ ONNX Runtime" in heads and "/ OpenVINO" in heads and "of peak" in heads and len(heads) <= 80
        (step,) = (line for line in lines if "a step" in line)
        assert len(step.split()) == 5  # two words, ms, one ratio, of peak

    def test_memory_without_pytorch(self, capsys, monkeypatch):
        monkeypatch.setattr(memory, "_in_a_process", lambda peer, what: (100e6, 300e6))
        monkeypatch.setattr(peers, "pytorch", lambda device: None)
        monkeypatch.setattr(peers, "missing", lambda device: "not here")
        assert tiny.command("bench", "memory", "--device", "cpu") == 0
        printed = capsys.readouterr().out
        assert "/ PyTorch" not in printed and "PyTorch was not measured" in printed
        lines = [line.split() for line in printed.splitlines() if "500x500" in line]
        assert lines[0] == ["FCN-8s,", "500x500:", "forward", "300", "200"]

    def test_memory(self, capsys, monkeypatch, tmp_path):
        megabytes = {"minifcn": (100e6, 300e6), "PyTorch": (200e6, 600e6)}
        monkeypatch.setattr(memory, "_in_a_process", lambda peer, what: megabytes[peer])
        monkeypatch.setattr(peers, "pytorch", lambda device: True)
        assert tiny.command("bench", "memory", "--out", tmp_path, "--device", "cpu") == 0
        lines = [line.split() for line in capsys.readouterr().out.splitlines() if "500x500" in line]
        assert lines[0] == ["FCN-8s,", "500x500:", "forward", "300", "0.50", "200", "0.50"]
        with (tmp_path / "bench.csv").open(newline="") as file:
            rows = [(row["unit"], row["minifcn"], row["PyTorch"]) for row in csv.DictReader(file)]
        assert rows == 2 * [("MB at the peak", "300", "600"), ("MB more than before", "200", "400")]
        assert not (tmp_path / "roofline.png").exists()


@pytest.mark.skipif(not memory.STATUS.exists(), reason="this system has no /proc/self/status")
@pytest.mark.parametrize("what", memory.WHATS)
def test_a_process_tells_its_memory(what):
    """In a process of its own, as bench does it: in this one other tests have left memory to use again."""
    program = f"""
from minifcn.commands.bench import memory, sections
sections.FULL = {{"n_class": 3, "width": 1 / 16, "fc_channels": 8, "padding": "same"}}
memory.print_memory("minifcn", {what!r})
"""
    out = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    before, peak = map(int, out.split())
    maps = 4 * 500 * 500 * 4  # bytes of conv1_1's output: two of them are there at a time
    assert before + 2 * maps < peak < before + 200e6


def test_a_system_that_does_not_tell_memory(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "STATUS", tmp_path / "none")
    with pytest.raises(InputError, match=r"bench memory: this system has no .*/none or .*; leave the section out"):
        memory.measure_memory()


def test_a_file_where_the_folder_should_be(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"--out .*out: .*file is a file; name a folder"):
        bench_files(tmp_path / "file" / "out", overwrite=False)


def test_tf32_has_files_of_its_own(tmp_path):
    assert [path.name for path in bench_files(tmp_path, False, ["-tf32"])[0]] == ["bench-tf32.csv", "roofline-tf32.png"]


def test_a_roofline_of_points_on_both_sides_of_the_ridge(tmp_path):
    results = [
        Measured(Case("left", None, 1, 1e6, 1e6), {"minifcn": 1e-3, "PyTorch": 2e-3}),
        Measured(Case("right", None, 1, 1e9, 1e6), {"minifcn": 1e-2}),
        Measured(Case("uncounted", None, 1), {"minifcn": 1.0}),
    ]
    points = roofline_points(results)
    assert points == {
        "minifcn": [("left", 1.0, 1e9), ("right", 1e3, 1e11)],
        "PyTorch": [("left", 1.0, 5e8)],
    }
    save_roofline(tmp_path / "roofline.png", "here", 1e11, 1e10, points)
    with Image.open(tmp_path / "roofline.png") as picture:
        assert picture.size == (900, 560)


def test_a_folder_where_a_file_should_be(tmp_path):
    (tmp_path / "bench.csv").mkdir()
    with pytest.raises(InputError, match=r"bench.csv is a folder"):
        bench_files(tmp_path, overwrite=True)


def test_a_process_that_dies_is_told_in_a_line(monkeypatch):
    monkeypatch.setattr(memory, "WHATS", {"dying": None})  # the process knows no such thing
    with pytest.raises(InputError, match=r"bench memory: minifcn's dying did not end .KeyError"):
        memory._in_a_process("minifcn", "dying")


class TestOnAGpu:
    """With a card that a test makes up: limits and times are what it says."""

    @pytest.fixture
    def card(self, monkeypatch):
        self.tf32 = []
        speed = {False: Limits(1e12, 1e11), True: Limits(8e12, 2e11)}
        patches = {
            "has_tf32": lambda: True,
            "allow_tf32": self.tf32.append,
            "gpu_name": lambda: "A card",
            "measure_limits": lambda device: speed[self.tf32[-1]],
            "measure": lambda case, device: Measured(case, {"minifcn": 1e-3, "PyTorch": 2e-3}),
            "count": lambda function: Launches(7, 0, 1, 0, 2, 4e-4),
            "SECTIONS": {"layers": lambda: [Case("a layer", lambda device: {"minifcn": print}, 1, 8e8, 1e6)]},
        }
        for name, value in patches.items():
            monkeypatch.setattr(command, name, value)
        monkeypatch.setattr(peers, "missing", lambda device: "")
        return {"device": "gpu", "device_reason": "on a card", "overwrite": False, "prove": False}

    def test_both_roundings_each_beside_its_own_limits(self, card, capsys, tmp_path):
        command.run(Namespace(sections=[], out=tmp_path, **card))
        assert self.tf32 == [False, True]
        rows = []
        for name in ("bench.csv", "bench-tf32.csv"):
            with (tmp_path / name).open(newline="") as file:
                rows += csv.DictReader(file)
        assert [(row["device"], row["product_gflops"]) for row in rows] == [
            ("A card, no TF32", "1000.0"),
            ("A card, TF32", "8000.0"),
        ]
        assert (tmp_path / "roofline.png").exists() and (tmp_path / "roofline-tf32.png").exists()
        printed = capsys.readouterr().out
        tables = [line.split() for line in printed.splitlines() if "a layer" in line]
        assert tables == [
            ["a", "layer", "1.00", "0.50", "0.80", "1.0", "1.0"],  # ms, / PyTorch, of peak, MB, GB/s
            ["a", "layer", "1.00", "0.50", "0.10", "1.0", "1.0"],
            ["a", "layer", "10", "0.40"],  # launches, and the milliseconds that they take
        ]
        assert printed.count("geometric mean") == 2
        assert "layers, no TF32" in printed and "layers, TF32" in printed and "the GPU's own clock" in printed

    def test_an_older_card(self, card, monkeypatch, capsys):
        monkeypatch.setattr(command, "has_tf32", lambda: False)
        monkeypatch.setattr(command, "count", lambda function: None)
        command.run(Namespace(sections=[], out=None, **card))
        printed = capsys.readouterr().out
        assert self.tf32 == [False]
        assert "TF32 was not measured, this GPU has none" in printed
        assert "launches were not counted" in printed


def test_memory_is_not_measured_on_a_gpu():
    with pytest.raises(InputError, match="bench memory: only the CPU's is measured"):
        command.run(Namespace(device="gpu", sections=["memory"], out=None, prove=False))


def test_what_overrules_the_roundings_is_refused(monkeypatch):
    monkeypatch.setenv("NVIDIA_TF32_OVERRIDE", "0")
    for prove in (False, True):
        with pytest.raises(InputError, match=r"NVIDIA_TF32_OVERRIDE is set, .*; unset it"):
            command.run(Namespace(device="gpu", sections=[], out=None, prove=prove))
