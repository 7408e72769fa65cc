"""Pictures while a run trains: drawn often, at little cost, and never in the training's way."""

import contextlib
import errno
import os
import struct
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
import tiny
from PIL import Image

from minifcn.errors import Caution, InputError
from minifcn.metrics import ConfusionMatrix
from minifcn.pictures import watching
from minifcn.pictures.watching import Board, Pictures, pictures_are_old
from minifcn.training.run_folder import PICTURES, RunFolder
from minifcn.training.watch import Watches

FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def clock(monkeypatch):
    """`clock.now`, in seconds, and what a drawing takes: `clock.drawing`; `clock.drawn` has the moments."""
    clock = SimpleNamespace(now=0.0, drawing=0.0, drawn=[])
    monkeypatch.setattr(watching.time, "monotonic", lambda: clock.now)

    def draw(_):
        clock.drawn.append(clock.now)
        clock.now += clock.drawing

    monkeypatch.setattr(watching, "draw_run", draw)
    return clock


def epochs(watch, clock, count, seconds):
    for number in range(1, count + 1):
        clock.now += seconds
        watch.epoch({"epoch": number}, count)


def test_long_epochs_are_all_drawn(clock):
    clock.drawing = 2.0
    epochs(Pictures(None), clock, 5, seconds=60)
    assert clock.drawn == [60, 122, 184, 246, 308]


def test_short_ones_share_a_drawing_that_costs_a_tenth_and_the_last_is_drawn(clock):
    clock.drawing = 2.0
    epochs(Pictures(None), clock, 101, seconds=1)
    assert len(clock.drawn) == 1 + 5  # after 10 seconds, then every 22; and at the end
    assert clock.drawn[-1] == clock.now - 2


def test_a_run_of_a_moment_is_drawn_once(clock):
    epochs(Pictures(None), clock, 3, seconds=0.1)
    assert len(clock.drawn) == 1


def test_a_picture_that_fails_is_told_once_and_training_goes_on(tmp_path, monkeypatch):
    def full(*_):
        raise FULL

    monkeypatch.setattr(watching, "draw_run", full)
    monkeypatch.setattr(watching, "TIMES", 0)
    run = tiny.trainer(tmp_path, epochs=3)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", Caution)
        run.run(Pictures(run))
    told = [str(w.message) for w in caught if "No space" in str(w.message)]
    assert len(told) == 1 and "pictures are not drawn" in told[0] and run.progress.epoch == 3


def test_pictures_appear_whole_after_each_epoch(tmp_path, monkeypatch):
    """Drawn by a training itself, without a change to its steps; none is left half written."""
    monkeypatch.setattr(watching, "TIMES", 0)
    seen, plain = [], tiny.trainer(tmp_path / "plain", epochs=2, dropout=0.4)
    plain.run()
    run = tiny.trainer(tmp_path / "drawn", epochs=2, dropout=0.4)
    look = tiny.Silent()
    look.epoch = lambda *_: seen.append(tiny.times(tmp_path / "drawn"))
    run.run(Watches(Pictures(run), look))
    names = ("confusion.png", "learning_curve.png", "predictions.png")
    for name in names:
        assert seen[0][name] < seen[1][name]
    assert not any("unfinished" in name for name in seen[1])
    for name, array in run.model.state_dict().items():
        np.testing.assert_array_equal(array, plain.model.state_dict()[name], err_msg=name)
    assert not pictures_are_old(run) and pictures_are_old(plain)
    os.utime(run.folder.path / "confusion.png", (0, 0))
    assert pictures_are_old(run)


def events(folder):
    """[(step, {tag: value, or the picture's bytes})] of all event files in a folder, by their format of records."""
    from tensorboardX.proto.event_pb2 import Event

    found = []
    for path in sorted(folder.glob("events.out.tfevents.*"), key=lambda path: int(path.suffix[1:])):
        data, place = path.read_bytes(), 0
        while place < len(data):
            (length,) = struct.unpack_from("<Q", data, place)
            event = Event.FromString(data[place + 12 : place + 12 + length])
            place += 12 + length + 4
            if event.summary.value:
                values = {v.tag: v.image.encoded_image_string or v.simple_value for v in event.summary.value}
                found.append((event.step, values))
    return found


def test_tensorboard_gets_the_same_curves_and_pictures_and_a_resumed_run_adds_to_them(tmp_path, monkeypatch):
    pytest.importorskip("tensorboardX")

    def draw(run):
        for name, colour in zip(PICTURES, ("red", "green", "blue")):
            Image.new("RGB", (8, 6), colour).save(run.folder.path / name)

    monkeypatch.setattr(watching, "draw_run", draw)
    run = tiny.trainer(tmp_path / "run", epochs=1)
    with contextlib.closing(Board(run)) as board:
        run.run(Watches(Pictures(run), board))
    shown = {name.removesuffix(".png"): (tmp_path / "run" / name).read_bytes() for name in PICTURES}
    run = tiny.trainer(tmp_path / "run", epochs=2, resume=True)
    with contextlib.closing(Board(run)) as board:
        run.run(board)
    (first, at_first), (second, at_second) = events(tmp_path / "run" / "tensorboard")
    assert (first, second) == (1, 2)
    for row, values in zip(run.progress.history, (at_first, at_second), strict=True):
        for name in ("loss", "val_loss", "mean_iu", "pixel_accuracy", "lr"):
            assert values[name] == pytest.approx(row[name], rel=1e-6)
    for number, name in enumerate(run.training.classes):
        iu = run.confusion.iu_per_class[number]
        assert (f"IU/{name}" not in at_second) if np.isnan(iu) else at_second[f"IU/{name}"] == pytest.approx(iu)
    assert {name: at_first[name] for name in shown} == shown
    tiny.trainer(tmp_path / "run", overwrite=True).run()
    assert not list((tmp_path / "run" / "tensorboard").iterdir())  # of another run


def test_a_class_of_any_name_has_its_curve(tmp_path):
    pytest.importorskip("tensorboardX")
    training = SimpleNamespace(classes=["a\udcff", "b\nc"])  # a byte that is no UTF-8, from the command line
    confusion = ConfusionMatrix(2)
    confusion.update(np.array([0, 1]), np.array([0, 1]))
    run = SimpleNamespace(folder=RunFolder(tmp_path), training=training, confusion=confusion)
    with contextlib.closing(Board(run)) as board:
        board.epoch({"epoch": 1}, 1)
    assert events(tmp_path / "tensorboard") == [(1, {"IU/a\\udcff": 1.0, "IU/b\\nc": 1.0})]


def test_a_board_that_cannot_be_written_is_told_once(tmp_path):
    pytest.importorskip("tensorboardX")
    run = SimpleNamespace(folder=SimpleNamespace(path=tmp_path), confusion=ConfusionMatrix(1))
    (tmp_path / "tensorboard").write_text("a file")
    board = Board(run)
    with pytest.warns(Caution, match="nothing more is written for TensorBoard"):
        board.epoch({"epoch": 1}, 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error", Caution)
        board.epoch({"epoch": 2}, 3)


def test_without_tensorboardx_nothing_begins(capsys, monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "tensorboardX", None)
    monkeypatch.setitem(__import__("sys").modules, "tensorboardX.event_file_writer", None)
    with pytest.raises(InputError, match=r"pip install --upgrade 'minifcn\[tensorboard\]'"):
        Board(None)
    data = tiny.camvid_folder(tmp_path / "data")
    options = ["--data", "camvid", "--root", data, *tiny.FLAGS, "--out", tmp_path / "run", "--tensorboard"]
    assert tiny.command("train", *options) == 2
    assert capsys.readouterr().err.count("\n") == 1 and not (tmp_path / "run").exists()
