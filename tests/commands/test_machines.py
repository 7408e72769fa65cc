"""Commands as mpiexec starts them, in several processes of this machine; they take turns, as they take all cores."""

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tiny

from minifcn.weights.npz import load_arrays

MPIEXEC = shutil.which("mpiexec", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
needs_mpi = pytest.mark.skipif(
    not (MPIEXEC and importlib.util.find_spec("mpi4py")), reason="mpi4py or mpiexec is not there: the extra [mpi]"
)
pytestmark = pytest.mark.xdist_group("machines")


def start(ranks, *arguments, **environment):
    """Start `python -m minifcn` in so many processes."""
    return subprocess.Popen(
        [MPIEXEC, "-n", str(ranks), sys.executable, "-m", "minifcn", *map(str, arguments)],
        cwd=tiny.REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"COLUMNS": "80", "NO_COLOR": "1"} | environment,
    )


def run(ranks, *arguments, **environment):
    """The same to a good end; returns what was printed. Of cautions each is told once, and nothing else."""
    process = start(ranks, *arguments, **environment)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert all(line.startswith("minifcn: caution: ") for line in err.splitlines())
    assert len(err.splitlines()) == len(set(err.splitlines()))
    return out


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """A data set of 5 training and 3 validation images, and the options that train a tiny network on it."""
    return tiny.camvid_folder(tmp_path_factory.mktemp("photos"), validate=3)


def training(photos, out, epochs=2):
    """The options of a training: 3 batches an epoch, the last of one image."""
    return ["train", *tiny.FLAGS, "--data", "camvid", "--root", photos, "--epochs", epochs, "--out", out, *SAME]


SAME = ["--schedule", "fixed", "--lr", "0.01"]  # so that the number of epochs changes no step


@pytest.fixture(scope="module")
def alone(photos, tmp_path_factory):
    """The folder of a run in one process."""
    folder = tmp_path_factory.mktemp("alone") / "run"
    assert tiny.command(*training(photos, folder)) == 0
    return folder


def assert_same_run(folder, other):
    """Weights and velocities equal to rounding, in float32; the same files."""
    (arrays, about), (others, _) = (load_arrays(path / "last.npz") for path in (folder, other))
    assert about["progress"]["epoch"] == 2 and arrays.keys() == others.keys()
    for name, array in arrays.items():
        np.testing.assert_allclose(array, others[name], rtol=1e-3, atol=1e-4 * np.abs(array).max(), err_msg=name)
    assert {path.name for path in folder.iterdir()} == {path.name for path in other.iterdir()}


@needs_mpi
def test_a_training_is_resumed_by_another_number_of_processes(alone, photos, tmp_path):
    out = run(3, *training(photos, tmp_path / "run", epochs=1))
    lines = out.splitlines()
    assert re.fullmatch(r"3 processes on 1 host, \d+ threads? each", lines[0])
    assert out.count("\nepoch ") == out.count("training and 3 validation images") == 1
    assert "going on after step 3" in run(2, *training(photos, tmp_path / "run"), "--resume")
    assert_same_run(tmp_path / "run", alone)


@needs_mpi
def test_evaluation_and_prediction_are_those_of_one_process(alone, photos, tmp_path, capsys):
    evaluation = ["evaluate", "--data", "camvid", "--root", photos, "--weights", alone / "best.npz", "--device", "cpu"]
    assert tiny.command(*evaluation) == 0
    first, *rest = run(2, *evaluation).splitlines()
    assert first.startswith("2 processes") and rest == capsys.readouterr().out.splitlines()

    prediction = ["predict", photos / "val", "--weights", alone / "best.npz", "--overlay", "--device", "cpu", "--out"]
    assert tiny.command(*prediction, tmp_path / "one") == 0
    run(2, *prediction, tmp_path / "two")
    assert tiny.listing(tmp_path / "one") == tiny.listing(tmp_path / "two")


@needs_mpi
def test_a_classifier_is_pretrained_and_an_fcn_trained_in_stages(photos, tmp_path):
    options = [*tiny.FLAGS, "--data", "camvid", "--root", photos, "--epochs", 1]
    run(2, "pretrain", *options, "--crop", 32, "--out", tmp_path / "vgg16")
    assert (tmp_path / "vgg16" / "best.npz").is_file()
    out = run(2, "train", *options, "--model", "fcn16s", "--stages", "--wire", "float16", "--out", tmp_path / "stages")
    assert out.count("stage 1 of 2") == 1 and "stages.png" in out


@needs_mpi
def test_what_is_wrong_is_said_once(photos, tmp_path):
    process = start(3, *training(photos, tmp_path), "--crop", 0)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert err.startswith("minifcn: error: ") and len(err.splitlines()) == 1


def without_mpi4py(folder):
    """A search path on which mpi4py is missing."""
    (folder / "mpi4py.py").write_text("raise ModuleNotFoundError(\"No module named 'mpi4py'\", name='mpi4py')\n")
    return os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])


@pytest.mark.skipif(not MPIEXEC, reason="there is no mpiexec")
def test_without_mpi4py_they_do_not_train_one_by_one(photos, tmp_path):
    process = start(2, *training(photos, tmp_path / "run"), PYTHONPATH=without_mpi4py(tmp_path))
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, "")
    assert re.fullmatch(r"minifcn: error: 2 processes were started .*mpi4py.*pip install.*\n", err)
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
def test_mpi4py_missing_on_another_host_ends_all(photos, tmp_path):
    """Its first process says so, and is killed, which any launcher takes for the end of all."""
    started = {"PMI_SIZE": "2", "PMI_RANK": "1", "MPI_LOCALRANKID": "0", "PYTHONPATH": without_mpi4py(tmp_path)}
    command = [sys.executable, "-m", "minifcn", *map(str, training(photos, tmp_path / "run"))]
    ended = subprocess.run(command, cwd=tiny.REPOSITORY, capture_output=True, text=True, env=os.environ | started)
    assert (ended.returncode, ended.stdout) == (-signal.SIGTERM, "")
    assert re.fullmatch(
        r"minifcn: error: rank 1 on \S+: 2 processes were started .*mpi4py.*pip install.*\n", ended.stderr
    )


@pytest.mark.parametrize("command", ["demo", "data", "export", "summary", "arithmetic", "bench", "check"])
def test_what_one_process_does_is_refused_once(monkeypatch, capsys, command):
    needed = {"export": ["--weights", "w.npz", "--out", "w.pth"], "summary": ["fcn8s"]}.get(command, [])
    monkeypatch.setenv("PMI_SIZE", "3")
    said = []
    for rank in range(3):
        monkeypatch.setenv("PMI_RANK", str(rank))
        assert tiny.command(command, *needed) == 2
        said.append(capsys.readouterr())
    assert said[0].err.startswith(f"minifcn: error: {command} is run by one process, but 3 were started (PMI_SIZE)")
    assert said[1:] == [("", "")] * 2 and said[0].out == ""


def test_the_wire_needs_several(tmp_path, capsys):
    assert tiny.command("train", "--wire", "float16", "--out", tmp_path / "run") == 2
    assert "--wire float16: gradients travel between several processes only" in capsys.readouterr().err


def begun(photos, folder):
    """A training of three processes whose first epoch is done and saved."""
    process = start(3, *training(photos, folder, epochs=10000))
    while not process.stdout.readline().startswith("epoch "):
        assert process.poll() is None, process.stderr.read()
    return process


@needs_mpi
def test_ctrl_c_saves_once(photos, tmp_path):
    process = begun(photos, tmp_path / "run")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.count("stopped and saved; go on with: python -m minifcn train --out") == 1 and "Traceback" not in err
    assert load_arrays(tmp_path / "run" / "last.npz")[1]["progress"]["step"] >= 3


# Whoever starts these tests by a shell's `&` has them ignore Ctrl-C, and all that they start.
AS_IN_A_TERMINAL = """
import runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("minifcn", run_name="__main__")
"""


def test_ctrl_c_ends_a_process_that_has_not_joined(photos, tmp_path):
    """Those that it left waiting in MPI would wait for good: no exception, which an import may lose, ends them."""
    sleep = "    time.sleep(30)\n"
    lost = f"import os, time\nos.write(2, b'begun\\n')\ntry:\n{sleep}except KeyboardInterrupt:\n{sleep}"
    (tmp_path / "mpi4py.py").write_text(lost)
    process = subprocess.Popen(
        [sys.executable, "-c", AS_IN_A_TERMINAL, *map(str, training(photos, tmp_path / "run"))],
        cwd=tiny.REPOSITORY,
        stderr=subprocess.PIPE,
        env=os.environ | {"PMI_SIZE": "2", "PMI_RANK": "1", "PYTHONPATH": str(tmp_path)},
    )
    assert process.stderr.readline() == b"begun\n"
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)
    assert process.returncode == -signal.SIGINT


@needs_mpi
def test_ctrl_c_ends_a_prediction(alone, photos, tmp_path):
    """Wherever it finds each process; what was predicted is in the table: the first image, once the second is told.

    What it says of 2000 does not fit a pipe that nobody reads: so it cannot end before that.
    """
    (tmp_path / "many").mkdir()
    for number in range(2000):
        shutil.copy(photos / "val" / "0.png", tmp_path / "many" / f"{number}.png")
    process = start(2, "predict", tmp_path / "many", "--weights", alone / "best.npz", "--out", tmp_path / "out")
    while "many/1.png: " not in process.stdout.readline():
        assert process.poll() is None, process.stderr.read()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and err.count("minifcn: ") == err.count("minifcn: stopped\n") == 1
    assert (tmp_path / "out" / "shares.csv").is_file()


@needs_mpi
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="no /proc to find the process in")
def test_a_killed_process_ends_all(photos, tmp_path):
    process = begun(photos, tmp_path / "run")
    os.kill(pid_of_rank(1, process.pid), signal.SIGKILL)
    killed = time.monotonic()
    process.communicate(timeout=60)
    assert process.returncode != 0 and time.monotonic() - killed < 10
    assert load_arrays(tmp_path / "run" / "last.npz")[1]["progress"]["epoch"] >= 1


def pid_of_rank(rank, launcher):
    """The process of this rank, among the launcher's descendants."""
    descendants = [launcher]
    for pid in descendants:
        found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True).stdout
        descendants += map(int, found.split())
    wanted = f"PMI_RANK={rank}".encode()
    return next(pid for pid in descendants if wanted in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"))
