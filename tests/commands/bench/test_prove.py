"""`bench --prove` from its beginning to its end, on the strict double and with a pretended clock."""

import csv
import json
import sys
from argparse import Namespace

import numpy as np
import pytest
import rehearse_gpu
import strict_array
import tiny
from PIL import Image

from minifcn.commands.bench import account, launches, prove, quick, right, sections, trainings, twins
from minifcn.commands.bench.account import CUT_OFF, NOT_REACHED, Table
from minifcn.commands.bench.cases import Case
from minifcn.commands.bench.machine import Limits
from minifcn.errors import InputError
from minifcn.layers import Conv2d, MaxPool2d
from minifcn.optim import SGD


@pytest.fixture
def small(monkeypatch):
    """Of everything little: a rehearsal of seconds."""
    every_layer, convolutions = right.every_layer, sections.layers
    few = {"fcn16s": right.MODELS["fcn16s"]}
    monkeypatch.setattr(right, "MODELS", few)
    monkeypatch.setattr(right, "DRAWS", 2)
    monkeypatch.setattr(right, "every_layer", lambda device: [(*case[:3], 2) for case in every_layer(device)[::3]])
    monkeypatch.setattr(trainings, "STEPS", 2)
    monkeypatch.setattr(sections, "layers", lambda: convolutions()[:2])
    monkeypatch.setattr(sections, "parts", lambda: [])


@pytest.fixture
def short(small, monkeypatch):
    """Without what takes seconds."""
    monkeypatch.setattr(trainings, "trainings", lambda ways: iter([("a training", [*[0.0] * len(ways), True])]))
    for part in ("network", "layers", "launched"):
        monkeypatch.setattr(quick.Quick, part, lambda self: iter(()))


@pytest.fixture
def there(monkeypatch):
    """A kernel for each plain function, which is that itself: so that no kernel needs a compiler here."""
    kernels = type(sys)("minifcn.kernels")
    kernels.TWINS = {name: twin.plain.__wrapped__ for name, twin in twins.TWINS.items()}
    monkeypatch.setitem(sys.modules, "minifcn.kernels", kernels)
    monkeypatch.setattr("minifcn.backend.kernels._twins", lambda: kernels.TWINS)
    return kernels.TWINS


def rehearse(out, monkeypatch):
    """-> the exit code."""
    try:
        rehearse_gpu.rehearse(out, patch(monkeypatch))
    except SystemExit as end:
        return end.code
    return 0


def patch(monkeypatch):
    def put(owner, name, value):
        monkeypatch.setitem(owner, name, value) if isinstance(owner, dict) else monkeypatch.setattr(owner, name, value)

    return put


def tables_of(folder):
    """{title: {row: {column: value}}} as gpu.csv has them."""
    tables = {}
    with (folder / "gpu.csv").open(newline="") as file:
        for line in csv.DictReader(file):
            tables.setdefault(line["table"], {}).setdefault(line["row"], {})[line["column"]] = line["value"]
    return tables


@pytest.mark.slow
@pytest.mark.usefixtures("small", "there")
def test_a_rehearsal(monkeypatch, tmp_path, capsys):
    """All of it: all is right, and nothing is timed."""
    assert rehearse(tmp_path / "new", monkeypatch) == 0
    text = (tmp_path / "new" / "gpu.md").read_text()
    assert f"**{rehearse_gpu.MARK}**" in text and NOT_REACHED not in text and "Broke off" not in text
    assert "checks passed" in text and "checks passed" in capsys.readouterr().out
    assert str(tmp_path) not in text
    tables = tables_of(tmp_path / "new")
    layers = tables["Layers and networks, GPU beside CPU"]
    assert list(layers)[-2:] == ["fcn16s", "SGD, 3 steps"] and layers["fcn16s"]["float32 kernels"] != ""
    assert set(tables["Kernels, each beside its plain function"]) == set(twins.TWINS)
    timed = tables["The full FCN-8s, one image of 500x500"]["training step, TF32"]
    assert timed == dict.fromkeys(timed, "nan") | {"rate / limit": "", "goal": "", "goal reached": ""}
    assert len(list((tmp_path / "new").iterdir())) == 2  # there is no rate to draw


@pytest.mark.slow
@pytest.mark.usefixtures("short", "there")
class TestRehearsal:
    def test_a_wrong_kernel_is_told_and_left_out_of_what_follows(self, monkeypatch, tmp_path, there):
        plain = there["max_pool"]
        there["max_pool"] = lambda x, *how: (plain(x, *how)[0] * 1.01, plain(x, *how)[1])
        assert rehearse(tmp_path, monkeypatch) == 1
        tables = tables_of(tmp_path)
        assert tables["Kernels, each beside its plain function"]["max_pool"]["right"] == "NO"
        assert tables["Kernels, each beside its plain function"]["spread"]["right"] == "yes"
        assert "checks FAILED: max_pool." in (tmp_path / "gpu.md").read_text()
        assert "max_pool" not in there and "spread" in there
        assert tables["Which should be the default"]["max_pool"] == {
            "right": "no",
            "kernel / plain": "nan",
            "take": "plain",
        }

    def test_a_wrong_layer_is_told_with_its_error(self, monkeypatch, tmp_path):
        backward = Conv2d.backward

        def wrong(self, dy):
            dx = backward(self, dy)
            return dx if isinstance(dy, np.ndarray) else dx * 1.001

        monkeypatch.setattr(Conv2d, "backward", wrong)
        monkeypatch.setattr(right, "MODELS", {})
        assert rehearse(tmp_path, monkeypatch) == 1
        row = tables_of(tmp_path)["Layers and networks, GPU beside CPU"]["Conv2d"]
        assert row["right"] == "NO" and float(row["float64 plain"]) == pytest.approx(1e-3, rel=0.1)

    def test_what_breaks_off_does_not_end_the_run(self, monkeypatch, tmp_path):
        """A row that does is told in its first cell; a table that does, below its rows."""

        def broken(ways):
            yield "one row", lambda: 1 / 0
            yield "another", lambda: (0.0, 0.0, True)
            raise MemoryError("out of memory in /home/somebody/place/file.py")

        monkeypatch.setattr(trainings, "trainings", broken)
        assert rehearse(tmp_path, monkeypatch) == 1
        text = (tmp_path / "gpu.md").read_text()
        assert (
            "| one row | broke off: ZeroDivisionError: division by zero |  |  |\n| another | 0 | 0 | yes |\n\n" in text
        )
        assert "\n\nbroke off: MemoryError: out of memory in .../file.py\n" in text
        assert "checks FAILED: one row; Trainings." in text and "## The demo" in text

    def test_a_layer_that_breaks_off_leaves_the_others(self, monkeypatch, tmp_path):
        def wrong(self, dy):
            raise TypeError("CuPy does not do this")

        monkeypatch.setattr(MaxPool2d, "backward", wrong)
        monkeypatch.setattr(right, "MODELS", {})
        assert rehearse(tmp_path, monkeypatch) == 1
        layers = tables_of(tmp_path)["Layers and networks, GPU beside CPU"]
        assert layers["MaxPool2d, dilated"]["float64 kernels"] == "broke off: TypeError: CuPy does not do this"
        assert layers["MaxPool2d, dilated"]["right"] == "NO" and layers["SGD, 3 steps"]["right"] == "yes"

    def test_out_of_time(self, monkeypatch, tmp_path):
        """What was measured stays, what was not reached is named, and that is no failure."""
        clock = iter([0.0] + [1.0] * 6 + [1e6] * 1000)
        monkeypatch.setattr(prove.time, "monotonic", lambda: next(clock))
        assert rehearse(tmp_path, monkeypatch) == 0
        text = (tmp_path / "gpu.md").read_text()
        assert text.count(CUT_OFF) == 1 and text.count(NOT_REACHED) > 8
        assert "tables were not reached" in text

    def test_an_interruption_leaves_what_there_is(self, monkeypatch, tmp_path):
        def stop(ways):
            raise KeyboardInterrupt

        monkeypatch.setattr(trainings, "trainings", stop)
        with pytest.raises(KeyboardInterrupt):
            rehearse(tmp_path, monkeypatch)
        text = (tmp_path / "gpu.md").read_text()
        assert "| fcn16s | " in text and "## Trainings\n" in text and NOT_REACHED in text

    def test_without_kernels(self, monkeypatch, tmp_path, there):
        there.clear()
        assert rehearse(tmp_path, monkeypatch) == 0
        text = (tmp_path / "gpu.md").read_text()
        assert "There is no minifcn/kernels/" in text and "float64 kernels" not in text

    def test_files_in_the_way(self, monkeypatch, tmp_path):
        (tmp_path / "gpu.csv").write_text("mine")
        with pytest.raises(InputError, match=r"gpu.csv exists: give --overwrite"):
            rehearse(tmp_path, monkeypatch)
        assert [path.name for path in tmp_path.iterdir()] == ["gpu.csv"]


def test_it_needs_a_gpu_a_folder_and_no_sections(capsys):
    assert tiny.command("bench", "--prove", "--device", "cpu", "--out", "x") == 2
    assert "bench --prove needs a GPU, but" in capsys.readouterr().err
    given = {"device": "gpu", "device_reason": "", "overwrite": False}
    with pytest.raises(InputError, match="name a folder for them with --out"):
        prove.prove(Namespace(sections=[], out=None, **given))
    with pytest.raises(InputError, match="leave 'parts' out"):
        prove.prove(Namespace(sections=["parts"], out="x", **given))


def near(*numbers):
    return [pytest.approx(number, rel=1e-3) for number in numbers]


def measured(rows):
    return [(name, *(cells() if callable(cells) else cells)) for name, cells in rows]


class TestQuick:
    """With a clock that says what a test wants."""

    @pytest.fixture
    def quick(self, monkeypatch):
        monkeypatch.setattr(quick.gpu, "has_tf32", lambda: True)
        self.rounding = []
        monkeypatch.setattr(quick.gpu, "allow_tf32", self.rounding.append)
        monkeypatch.setattr(quick.gpu, "release", lambda: None)
        monkeypatch.setattr(quick.gpu, "name", lambda: "A card")
        made = quick.Quick(lambda: 100.0)
        made.ways["kernels"] = True
        made.limits = {"no TF32": Limits(10e12, 1e12), "TF32": Limits(100e12, 1.1e12)}
        return made

    def seconds(self, monkeypatch, *each):
        given = iter(each)
        monkeypatch.setattr(quick, "medians", lambda functions, runs, device: list(next(given)))

    def test_limits_are_measured_with_each_rounding(self, quick, monkeypatch):
        found = iter([Limits(1e12, 2e9), Limits(8e12, 3e9)])
        monkeypatch.setattr("minifcn.commands.bench.quick.measure_limits", lambda device: next(found))
        rows = measured(quick.machine())
        assert self.rounding == [False, True]
        assert [row[1] for row in rows] == [1.0, 8.0, 3.0]

    def test_layers_are_held_against_the_limit_with_their_own_rounding(self, quick, monkeypatch, tmp_path):
        names = {"minifcn": None, "PyTorch": lambda: None, "textbook": None}
        monkeypatch.setattr(sections, "layers", lambda: [Case("conv", lambda device: names, 1, 1e9, 1e6)])
        monkeypatch.setattr(sections, "parts", lambda: [Case("relu", lambda device: names, 1, 1e6, 1e7)])
        self.seconds(monkeypatch, (1e-3, 2e-4, 1e-4), (2e-5, 1e-5, 2e-5), (1e-3, 2e-5, 1e-5))
        rows = measured(quick.layers())
        assert rows == [
            ("conv, no TF32", *near(1, 0.2, 0.1, 10, 2), "0.50 of product"),
            ("relu, no TF32", *near(0.02, 0.01, 0.02, 1, 0.5), "0.91 of copy"),
            ("conv, TF32", *near(1, 0.02, 0.01, 100, 2), "0.50 of product"),
        ]
        assert self.rounding == [False, False, True]
        assert list(prove._rooflines(tmp_path, quick)) == ["gpu_roofline.png", "gpu_roofline_tf32.png"]
        for path in tmp_path.iterdir():
            with Image.open(path) as picture:
                assert picture.size == (900, 560)

    def test_where_pytorch_breaks_off_the_rest_is_measured(self, quick, monkeypatch):
        def too_large():
            raise MemoryError("out of memory")

        functions = {"minifcn": print, "PyTorch": too_large}
        monkeypatch.setattr(sections, "full", lambda: {"forward": Case("forward", lambda device: functions, 1, 1e9)})
        self.seconds(monkeypatch, (3e-3, 1e-3), (3e-3, 1e-3))
        first, _ = measured(quick.network())
        assert first[:4] == ("forward, no TF32", *near(3, 1), "broke off: MemoryError: out of memory")
        assert np.isnan(first[4:6]).all() and first[6:] == ("0.10 of product", "2", "not known")

    @pytest.mark.parametrize(
        "seconds, left, told",
        [
            (59.0, 200.0, (59.0, "60", "yes")),
            (61.0, 200.0, (61.0, "60", "no")),
            (None, 200.0, ("more than 120", "60", "no")),
            (None, 30.0, ("more than 30", "60", "not known")),
        ],
    )
    def test_the_demo(self, quick, monkeypatch, seconds, left, told):
        quick.left = lambda: left
        monkeypatch.setattr("minifcn.commands.bench.quick.demo_seconds", lambda kernels, most: seconds)
        assert measured(quick.demo()) == [("plain", *told), ("kernels", *told)]

    def test_goals_are_for_no_tf32(self, quick, monkeypatch):
        functions = {"minifcn": lambda: np.ones(3), "PyTorch": lambda: np.ones(3) + 1e-5}
        full = {what: Case(what, lambda device: functions, 1, 1e9) for what in quick_goals()}
        monkeypatch.setattr(sections, "full", lambda: full)
        monkeypatch.setattr("minifcn.commands.bench.quick._on_host", lambda scores: scores)
        monkeypatch.setattr("minifcn.commands.bench.quick.gpu.memory_held", lambda name, function: 2e9)
        self.seconds(monkeypatch, (3.0, 1.9, 1.0), (1.0, 1.0, 1.0), (2.6, 2.7, 1.0), (1.0, 1.0, 1.0))
        assert [row[-2:] for row in measured(quick.network())] == [
            ("2", "by kernels"),
            ("", ""),
            ("2.5", "no"),
            ("", ""),
        ]
        assert measured(quick.memory()) == [(what, 2.0, 2.0, 2.0) for what in quick_goals()]
        assert measured(quick.scores()) == [("forward", *near(1e-5, 1e-5), True)]
        assert measured(quick.advice({})) == [
            ("all that are right, FCN-8s' forward", "", pytest.approx(1.9 / 3), "kernel"),
            ("all that are right, FCN-8s' training step", "", pytest.approx(2.7 / 2.6), "plain"),
        ]

    def test_a_kernel_is_taken_if_it_is_right_and_five_percent_faster_over_its_shapes(self, quick):
        quick.kernels = {"a": [(1.0, 0.5), (1.0, 1.4)], "b": [(1.0, 0.96)], "c": [(1.0, 0.1)]}
        rows = {row[0]: row[1:] for row in measured(quick.advice({"a": True, "b": True, "c": False, "d": True}))}
        assert rows["a"] == ("yes", pytest.approx(0.95), "kernel")
        assert rows["b"] == ("yes", 0.96, "plain")
        assert rows["c"] == ("no", 0.1, "plain")
        assert rows["d"][2] == "not known"

    def test_launches_are_right_without_uploads_and_with_one_wait_a_step(self, quick, monkeypatch):
        functions = {"minifcn": print, "PyTorch": print}
        full = {what: Case(what, lambda device: functions, 1) for what in quick_goals()}
        monkeypatch.setattr(sections, "full", lambda: full)
        Launches = launches.Launches
        forward, step = [(0, 0), (0, 1), (5, 5)], [(0, 1), (1, 1), (5, 5)]
        counted = iter([Launches(9, up, down, 0, 0, 1.0) for up, down in forward + step])
        monkeypatch.setattr("minifcn.commands.bench.quick.launches.count", lambda function: next(counted))
        quick.full = {"forward": {"plain": 2.0}}
        rows = measured(quick.launched())
        assert [row[-1] for row in rows] == [True, False, "", True, False, ""]
        assert rows[0] == ("forward, plain", "9", "0", "0", "0", "0", 1e3, 0.5, True)


def quick_goals():
    return list(quick.GOALS)


class TestAccount:
    @pytest.mark.parametrize(
        "cell, text",
        [
            (0.0, "0"),
            (1.0, "1.00"),
            (0.5, "0.500"),
            (123.4, "123"),
            (12345.6, "12,346"),
            (2e-8, "2.0e-08"),
            (np.nan, "-"),
            (np.inf, "inf"),
            (True, "yes"),
            (False, "NO"),
            ("as it is", "as it is"),
        ],
    )
    def test_a_cell(self, cell, text):
        assert account.shown(cell) == text

    def test_a_verdict(self):
        tables = [Table("a", "", ("", "x", "right"), None, [("one", 1.0, True), ("two", 2.0, False)], "")]
        tables.append(Table("b", "", (), None))
        assert account.verdict(tables) == "1 of 2 checks FAILED: two. 1 of 2 tables were not reached."
        tables[1].broken, tables[1].ended = ["b"], "broke off: x"
        assert account.verdict(tables) == "2 of 3 checks FAILED: two; b."

    @pytest.mark.parametrize("path", ["/home/somebody/x/file.cu(3)", r"C:\Users\somebody\file.cu(3)"])
    def test_a_reason_tells_nobodys_folders(self, path):
        words = account.reason(RuntimeError(f"{path}: error: no such thing\nmore"))
        assert words.startswith("broke off: RuntimeError: ...") and words.endswith("file.cu(3): error: no such thing")
        assert "somebody" not in words


def test_kernels_in_a_process_of_their_own(monkeypatch):
    """Its lines are the rows; where it dies, they are followed by its last words."""
    program = (
        "import json; print(json.dumps(['spread', [0.5, float('nan'), False]])); raise ValueError('illegal address')"
    )

    def run(command, **how):
        assert command[1] == "-c" and "print_kernels" in command[2]
        return original([command[0], "-c", program], **how)

    original = right.subprocess.run
    monkeypatch.setattr(right.subprocess, "run", run)
    monkeypatch.setattr(twins, "names", lambda: ["spread"])
    rows = right.kernels_apart()
    name, cells = next(rows)
    assert name == "spread" and cells[::2] == [0.5, False]
    with pytest.raises(RuntimeError, match="ValueError: illegal address"):
        next(rows)


def test_a_process_that_is_late_has_its_lines_kept():
    process = right.run_process(["-c", "import os, time; print(os.environ['A'], flush=True); time.sleep(60)"], 1, A="1")
    assert process.stdout == "1\n" and right.last_words(process) == "stopped after 1 seconds"
    assert process.returncode == right.OVERDUE


def test_the_process_prints_rows(monkeypatch, capsys):
    monkeypatch.setattr(right, "kernels", lambda: iter([("spread", lambda: [0.0, 1e-7, True])]))
    right.print_kernels()
    assert json.loads(capsys.readouterr().out) == ["spread", [0.0, 1e-7, True]]


def test_differences():
    one, other = {"y": np.array([1.0, 2.0])}, {"y": np.array([1.0, 2.5])}
    assert right.difference(one, other) == 0.2
    assert right.difference(one, {}) == np.inf
    assert right.difference({"y": np.array([np.nan, 2.0])}, other) == np.inf
    assert right.difference({"y": np.array([1e-3])}, {"y": np.zeros(1)}) == 1e-3


def test_a_resumed_training_that_forgets_its_velocities_is_found_out(monkeypatch, tmp_path):
    monkeypatch.setattr(trainings, "STEPS", 2)
    monkeypatch.setattr(trainings, "LIMITS", {})
    monkeypatch.setattr(SGD, "load_state_dict", lambda self, state: None)
    monkeypatch.setitem(sys.modules, "cupy", strict_array.xp)
    twice, resumed = measured(trainings.trainings({"plain": False}))
    assert twice[1:] == (0.0, True)
    assert resumed[1] > 0 and resumed[-1] is False
