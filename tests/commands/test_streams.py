"""Any name in any terminal: what is printed never ends a command, and moves no cursor."""

import io
import os
import subprocess
import sys

import pytest
import tiny
from PIL import Image

from minifcn.commands import evaluate
from minifcn.data import open_dataset
from minifcn.weights.npz import load_arrays, save_arrays

CLASSES = ["배경", "잎 [/red]", "a\x1b[2J\nb", "\udcff", "émoji 😀", "שלום", "$x$"]
NAME = os.fsdecode("사진 é 😀\x1b[2J\n".encode() + b"\xff.png")
UNICODE = "사진 é 😀" + r"\x1b[2J\n\udcff.png"
SHOWN = {
    "utf-8": UNICODE,
    "cp949": r"사진 \xe9 \U0001f600\x1b[2J\n\udcff.png",
    "cp1252": r"\uc0ac\uc9c4 é \U0001f600\x1b[2J\n\udcff.png",
    "ascii": r"\uc0ac\uc9c4 \xe9 \U0001f600\x1b[2J\n\udcff.png",
}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """A folder with a photograph and a network, and what is strange in names in theirs."""
    folder = tmp_path_factory.mktemp("workspace")
    tiny.save_network(folder / "8s.npz", "fcn8s")
    arrays, about = load_arrays(folder / "8s.npz")
    save_arrays(folder / "8s.npz", arrays, about | {"classes": CLASSES})
    Image.fromarray(tiny.scenes()[0][0][0]).save(folder / NAME)
    return folder


@pytest.fixture
def terminal(monkeypatch):
    """Standard output and error of an encoding: `terminal(encoding)()` returns what was written to both."""

    def open_in(encoding):
        streams = [io.TextIOWrapper(io.BytesIO(), encoding, "strict", newline="\n") for _ in range(2)]
        for name, stream in zip(("stdout", "stderr"), streams):
            monkeypatch.setattr(sys, name, stream)

        def written():
            assert [stream.errors for stream in streams] == ["strict", "strict"]  # as before
            for stream in streams:
                stream.flush()
            return [stream.buffer.getvalue().decode(encoding) for stream in streams]

        return written

    return open_in


def assert_plain(text):
    assert all(letter.isprintable() or letter == "\n" for letter in text), text


@pytest.mark.parametrize("encoding", SHOWN)
def test_a_photograph_of_any_name_is_predicted_and_missed(workspace, tmp_path, terminal, encoding):
    written = terminal(encoding)
    predict = ["--weights", workspace / "8s.npz", "--device", "cpu", "--out", tmp_path / "out"]
    assert tiny.command("predict", workspace / NAME, *predict) == 0
    assert tiny.command("predict", workspace / "nowhere" / NAME, *predict) == 2
    out, err = written()
    shown = SHOWN[encoding]
    assert f"\n{workspace}/{shown}: " in out and f"{tmp_path}/out/{shown}" in out
    last = err.splitlines()[-1]
    assert last.startswith("minifcn: error: ") and f" {workspace}/nowhere/{shown}: no pictures" in last
    assert_plain(out + err)


@pytest.mark.parametrize("encoding", SHOWN)
def test_classes_of_any_name_are_evaluated(workspace, terminal, monkeypatch, encoding):
    def photos(*_, **__):
        dataset = open_dataset("scenes", split="val", size=32, count=2)
        dataset.name, dataset.classes = "사진 [b]", tuple(CLASSES)
        return [dataset]

    monkeypatch.setattr(evaluate, "open_splits", photos)
    written = terminal(encoding)
    assert tiny.command("evaluate", "--weights", workspace / "8s.npz", "--device", "cpu") == 0
    out, _ = written()
    for name in ("배경", "잎 [/red]", r"a\x1b[2J\nb", r"\udcff", "émoji 😀", "שלום", "$x$", "사진 [b], 2 images"):
        assert name.encode(encoding, "backslashreplace").decode(encoding) in out
    assert_plain(out)
    lines = out[out.index("IU of each class") :].splitlines()[1:-1]
    assert encoding != "ascii" or len(set(map(len, lines))) == 1  # columns stay straight


def test_a_real_process_in_a_locale_that_knows_no_letters(workspace, tmp_path):
    env = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONPATH": str(tiny.REPOSITORY)}
    command = [sys.executable, "-m", "minifcn", "predict", workspace / NAME, "--weights", workspace / "8s.npz"]
    command += ["--device", "cpu", "--out", tmp_path / "out.png"]
    ended = subprocess.run(command, env=os.environ | env, capture_output=True, text=True, encoding="ascii")
    assert ended.returncode == 0, ended.stderr
    assert r"\udcff.png: " in ended.stdout
    assert_plain(ended.stdout + ended.stderr)
    assert (tmp_path / "out.png").exists()


def started(**how):
    command = [sys.executable, "-m", "minifcn", "arithmetic", "--input", "5", "--kernel", "3"]
    env = os.environ | {"PYTHONPATH": str(tiny.REPOSITORY), "PYTHONUNBUFFERED": ""}
    return subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True, **how)


def test_nobody_reads_on():
    with started(stdout=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == "" and process.wait() == 1


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_a_full_disk_takes_no_output():
    with open("/dev/full", "w") as full, started(stdout=full) as process:
        assert process.stderr.read() == "minifcn: error: a file, or what is printed: No space left on device\n"
        assert process.wait() == 2


def test_a_process_without_a_terminal(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    assert tiny.command("arithmetic") == 0
    assert tiny.command("fly") == 2


def test_a_null_character_names_no_file(capsys):
    assert tiny.command("predict", "a\0.png", "--weights", "b.npz", "--out", "c") == 2
    assert (
        capsys.readouterr().err
        == r"minifcn: error: 'a\x00.png' holds a null character, which no file's name can: leave it out" + "\n"
    )
