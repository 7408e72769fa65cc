"""A run's folder: made, refused, saved whole or not at all, and restored."""

import csv
import errno
import json
import os

import numpy as np
import pytest
import tiny

from minifcn.errors import InputError
from minifcn.models import FCN16s, FCN32s
from minifcn.optim import SGD
from minifcn.training.run_folder import Progress, RunFolder
from minifcn.weights.npz import load_arrays, save_arrays

PROGRESS = Progress(epoch=3, batch=2, step=11, loss=1.25, losses=2, best=0.5, history=[])
PROGRESS.history += [
    {"epoch": n, "loss": 0.1 + 0.2, "val_loss": 1, "lr": 0.1, "images_per_second": 9.5} for n in (1, 2, 3)
]
ABOUT = {"model": "fcn32s", "settings": {}, "data": "x", "classes": ["a"], "palette": [[0, 0, 0]]}
ABOUT |= {"preprocessing": {"mean": [1, 2, 3], "std": [4, 5, 6]}}
FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def network(model=FCN32s, seed=0, **changes):
    """A tiny network and its optimizer, with velocities unlike zero and unlike each other."""
    model = tiny.filled(model(3, **tiny.NETWORK | changes), seed)
    optimizer = SGD(model.parameters(), lr=0.1)
    rng = np.random.default_rng(seed)
    for parameter in model.parameters():
        parameter.grad[...] = rng.standard_normal(parameter.data.shape)
    optimizer.step()
    return model, optimizer


def saved(path, **changes):
    folder = RunFolder(path)
    folder.start({"lr": 0.1})
    folder.save(*network(**changes), ABOUT, PROGRESS)
    return folder


def refused(function, *arguments):
    with pytest.raises(InputError) as error:
        function(*arguments)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_new_run_makes_its_folder_and_keeps_its_settings(tmp_path):
    folder = RunFolder(tmp_path / "a" / "b")
    folder.check(overwrite=False)
    assert not folder.path.exists()  # looking changes nothing
    folder.start({"lr": 0.1, "crop": None})
    assert tiny.listing(tmp_path / "a" / "b") == {}
    folder.save(*network(), ABOUT, PROGRESS)
    assert tiny.listing(tmp_path / "a" / "b").keys() == {"config.json", "last.npz"}
    assert folder.saved_settings() == {"lr": 0.1, "crop": None}
    config, run = json.loads(folder.config.read_text()), load_arrays(folder.last)[1]["run"]
    assert config.pop("run") == run["id"] and config == {"format": 1, "lr": 0.1, "crop": None}
    assert run["settings"] == {"lr": 0.1, "crop": None}


def test_settings_from_before_there_was_a_format_are_read_and_newer_ones_refused(tmp_path):
    folder = RunFolder(tmp_path)
    folder.config.write_text('{"lr": 0.1}')
    assert folder.saved_settings() == {"lr": 0.1}
    for number, words in ((2, "written by a newer minifcn: its format is 2"), ("x", "its format is 'x'")):
        folder.config.write_text(json.dumps({"format": number, "lr": 0.1}))
        message = refused(folder.saved_settings)
        assert words in message and message.startswith(f"--resume: {folder.config}: ")


def test_a_folder_with_other_files_is_welcome(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    RunFolder(tmp_path).check(overwrite=False)
    saved(tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("sign", ["config.json", "last.npz"])
def test_another_run_is_never_touched_unless_asked(tmp_path, sign):
    for name in ("best.npz", "history.csv", "predictions.png", "photo.png", "notes.txt"):
        (tmp_path / name).write_text("old")
    (tmp_path / sign).write_text('{"lr": 0.1}')
    before = tiny.listing(tmp_path)
    message = refused(RunFolder(tmp_path).check, False)
    assert "--overwrite" in message and str(tmp_path) in message
    assert ("--resume" in message) == (sign == "config.json")  # without, there is nothing to go on with
    assert tiny.listing(tmp_path) == before

    RunFolder(tmp_path).check(overwrite=True)
    assert tiny.listing(tmp_path) == before
    folder = RunFolder(tmp_path)
    folder.start({"lr": 1})
    assert tiny.listing(tmp_path) == before  # until there is a checkpoint
    folder.save(*network(), ABOUT, PROGRESS)
    after = tiny.listing(tmp_path)
    assert json.loads(after.pop("config.json"))["lr"] == 1 and after.pop("last.npz") != before.get("last.npz")
    assert after == {"notes.txt": b"old", "photo.png": b"old"}


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").write_text("mine")
    before = tiny.listing(tmp_path)
    for overwrite in (False, True):
        assert str(tmp_path / "file") in refused(RunFolder(tmp_path / "file").check, overwrite)
    for out in (tmp_path / "file", tmp_path / "file" / "run", "/proc/nowhere"):
        assert str(out) in refused(RunFolder(out).start, {})
    assert tiny.listing(tmp_path) == before


def test_settings_of_no_run_or_damaged_ones_are_an_error(tmp_path):
    folder = RunFolder(tmp_path)
    assert "holds no run" in refused(folder.saved_settings)
    for text in ("", '{"lr": 0.', "[1, 2]", "5", "null"):
        folder.config.write_text(text)
        assert str(folder.config) in refused(folder.saved_settings)
    folder.config.write_bytes(b"\xff\xfe\x00")
    assert str(folder.config) in refused(folder.saved_settings)


@pytest.mark.parametrize("upsampling", ["fixed", "learned"])
def test_weights_velocities_and_progress_come_back(tmp_path, upsampling):
    model, optimizer = network(upsampling=upsampling)
    folder = RunFolder(tmp_path)
    folder.start({})
    folder.save(model, optimizer, ABOUT, PROGRESS)
    folder = RunFolder(tmp_path)

    other, other_optimizer = network(upsampling=upsampling, seed=1)
    progress, about = folder.restore(other, other_optimizer)
    assert progress == PROGRESS and {key: about[key] for key in ABOUT} == ABOUT
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(other.state_dict()[name], array)
    velocities = optimizer.state_dict()["velocity"]
    assert len(velocities) == len(model.parameters()) - (upsampling == "fixed")
    for mine, theirs in zip(velocities, other_optimizer.state_dict()["velocity"], strict=True):
        assert mine.any()
        np.testing.assert_array_equal(mine, theirs)


def test_a_run_that_saved_nothing_starts_from_its_beginning(tmp_path):
    model, optimizer = network()
    before = model.state_dict()
    (tmp_path / "config.json").write_text("{}")
    assert RunFolder(tmp_path).restore(model, optimizer) == (Progress(), None)
    for name, array in before.items():
        np.testing.assert_array_equal(model.state_dict()[name], array)


@pytest.mark.parametrize("other", [{"model": FCN16s}, {"width": 1 / 8}])
def test_a_checkpoint_of_another_network_is_refused_and_changes_nothing(tmp_path, other):
    folder = saved(tmp_path)
    model, optimizer = network(**other)
    weights, velocities = model.state_dict(), [v.copy() for v in optimizer.state_dict()["velocity"]]
    assert "last.npz" in refused(folder.restore, model, optimizer)
    for name, array in weights.items():
        np.testing.assert_array_equal(model.state_dict()[name], array)
    for before, after in zip(velocities, optimizer.state_dict()["velocity"], strict=True):
        np.testing.assert_array_equal(after, before)


def test_a_damaged_checkpoint_is_refused(tmp_path):
    folder = saved(tmp_path)
    whole = folder.last.read_bytes()
    folder.last.write_bytes(whole[: len(whole) // 2])
    assert "last.npz" in refused(folder.restore, *network())
    folder.last.write_bytes(b"")
    assert "last.npz" in refused(folder.restore, *network())


def test_a_checkpoint_without_its_position_or_velocities_is_refused(tmp_path):
    folder = saved(tmp_path)
    arrays, about = load_arrays(folder.last)
    save_arrays(folder.last, {name: a for name, a in arrays.items() if not name.startswith("velocity/")}, about)
    assert "last.npz" in refused(folder.restore, *network())
    save_arrays(folder.last, arrays, about | {"progress": {"epoch": 1, "mood": "good"}})
    assert "last.npz" in refused(folder.restore, *network())
    del about["progress"]
    save_arrays(folder.last, arrays, about)
    assert "last.npz" in refused(folder.restore, *network())


def test_a_full_disk_leaves_the_old_checkpoint(tmp_path, monkeypatch):
    folder = saved(tmp_path)
    before = tiny.listing(tmp_path)

    def full(_):
        raise FULL

    monkeypatch.setattr(os, "fsync", full)
    message = refused(folder.save, *network(seed=1), ABOUT, Progress(epoch=4))
    assert "last.npz" in message and "No space left" in message
    assert tiny.listing(tmp_path) == before


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)  # no file may grow beyond it
from minifcn.commands.main import main
sys.exit(main(sys.argv[2:]))
"""


@pytest.mark.parametrize("share", [0.4, 0.8])  # of last.npz: fails at best.npz, or at last.npz after it
def test_a_disk_that_fills_up_while_training_leaves_the_old_checkpoint(tmp_path, share):
    data = tiny.camvid_folder(tmp_path / "data")
    run = tiny.trainer(tmp_path / "run", data="camvid", root=str(data), model="fcn8s")
    tiny.stop_after(1, run)
    before = run.folder.last.read_bytes()
    limit = int(share * len(before))
    code, _, err = tiny.run(limit, "train", "--out", tmp_path / "run", "--resume", "--device", "cpu", code=LIMITED)
    assert code == 2
    *cautions, line = err.splitlines()  # so short a training has learned nothing
    assert line.startswith("minifcn: error:") and "could not be written" in line
    assert all(caution.startswith("minifcn: caution:") for caution in cautions)
    assert run.folder.last.read_bytes() == before
    files = {"config.json", "last.npz"} | ({"best.npz"} if share > 0.5 else set())
    assert tiny.listing(tmp_path / "run").keys() == files


def test_history_is_written_exactly(tmp_path):
    folder = RunFolder(tmp_path)
    folder.write_history([])
    assert not folder.history.exists()
    rows = [{"epoch": 1, "loss": 0.1 + 0.2, "lr": 1e-7}, {"epoch": 2, "loss": 1 / 3, "lr": 5e-8}]
    folder.write_history(rows)
    with open(folder.history, newline="") as file:
        read = list(csv.DictReader(file))
    assert [{key: float(value) for key, value in row.items()} for row in read] == rows
    assert read[0].keys() == rows[0].keys()


def test_a_full_disk_leaves_the_old_history_and_the_run_that_was_to_be_replaced(tmp_path, monkeypatch):
    folder = saved(tmp_path)
    folder.write_history([{"epoch": 1}])
    before = tiny.listing(tmp_path)

    def full(_):
        raise FULL

    monkeypatch.setattr(os, "fsync", full)
    other = RunFolder(tmp_path)
    other.start({"lr": 9})
    for function, *arguments in (
        (folder.write_history, [{"epoch": 1}, {"epoch": 2}]),
        (other.save, *network(seed=1), ABOUT, Progress()),
    ):
        assert "No space left" in refused(function, *arguments)
        assert tiny.listing(tmp_path) == before
    assert RunFolder(tmp_path).saved_settings() == {"lr": 0.1}


@pytest.mark.parametrize("place", ["nowhere", "empty"])
def test_where_there_is_no_run_none_is_resumed(tmp_path, place):
    (tmp_path / "empty").mkdir()
    message = refused(lambda: tiny.trainer(tmp_path / place, resume=True))
    assert message == f"--resume: {tmp_path / place} holds no run (no config.json); leave --resume out to start one"
    assert tiny.listing(tmp_path).keys() == {"empty"}


OLD, NEW = {"lr": 1, "seed": 0}, {"lr": 2, "seed": 1}


def run_of(path, settings, seed):
    """A run that has come as far as an epoch, with all its files; returns its folder."""
    folder = RunFolder(path)
    folder.start(settings)
    model, optimizer = network(seed=seed)
    folder.save(model, optimizer, ABOUT, PROGRESS)
    folder.save_best(model, ABOUT, {"epoch": 1})
    folder.write_history([{"epoch": 1, "seed": seed}])
    (path / "predictions.png").write_text(str(seed))
    return folder


@pytest.mark.parametrize("count", range(6))
def test_wherever_a_run_s_replacement_is_cut_off_one_of_the_two_is_there(tmp_path, count):
    before = tiny.listing(run_of(tmp_path, OLD, seed=0).path)
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        tiny.cut_off(patch, count)
        run_of(tmp_path, NEW, seed=1)
    settings = RunFolder(tmp_path).saved_settings()
    if count == 0:
        after = tiny.listing(tmp_path)
        assert {name: after[name] for name in before} == before and settings == OLD
        return
    assert settings == NEW
    again, model = RunFolder(tmp_path), network(seed=7)
    again.restore(*model)
    again.take(begun=True)
    again.release()
    np.testing.assert_array_equal(model[0].state_dict()["conv1_1.weight"], load_arrays(again.last)[0]["conv1_1.weight"])
    assert tiny.listing(tmp_path).keys() - {"best.npz"} == {"config.json", "last.npz"}
    assert json.loads(again.config.read_text())["seed"] == 1
    assert not again.best.exists() or load_arrays(again.best)[1]["run"]["id"] == again.record["id"]


def test_what_tells_a_run_s_settings_stays_with_its_weights(tmp_path):
    folder = run_of(tmp_path, OLD, seed=0)
    config = json.loads(folder.config.read_text())
    folder.config.unlink()
    again = RunFolder(tmp_path)
    assert again.saved_settings() == OLD
    again.restore(*network())
    again.take(begun=True)
    again.release()
    assert json.loads(folder.config.read_text()) == config and folder.best.exists()

    folder.config.write_text(json.dumps(config | {"seed": 5}))
    message = refused(RunFolder(tmp_path).saved_settings)
    assert message.startswith("--resume: ") and f"{folder.config} says seed 5, {folder.last} 0" in message
    folder.config.write_text(json.dumps(config | {"epochs": 9}))
    assert RunFolder(tmp_path).saved_settings() == OLD | {"epochs": 9}


@pytest.mark.parametrize("left", [["best.npz"], ["history.csv"], ["best.npz", "history.csv"]])
def test_a_lost_checkpoint_is_missed_before_anything_is_replaced(tmp_path, left):
    folder = run_of(tmp_path, OLD, seed=0)
    for path in {folder.last, folder.best, folder.history} - {tmp_path / name for name in left}:
        path.unlink()
    before = tiny.listing(tmp_path)
    message = refused(RunFolder(tmp_path).restore, *network())
    assert f"{tmp_path} has {' and '.join(left)}, but no last.npz" in message and "--overwrite" in message
    assert tiny.listing(tmp_path) == before
