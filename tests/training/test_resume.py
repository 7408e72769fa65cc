"""A run that was stopped, however, and resumed ends with the same bits as one that never was.

Compared are the weights, the velocities, the best weights and the history (but for its images per second), with
everything on that draws random numbers: order, mirror, jitter, crop, dropout; and with batches accumulated.
"""

import csv
import dataclasses
import json
import os
import random
import re
import shlex
import shutil
import signal
import time

import numpy as np
import pytest
import tiny
from PIL import Image

from minifcn.data import Folder
from minifcn.errors import InputError
from minifcn.pictures.runs import draw_run
from minifcn.weights.npz import load_arrays, save_arrays

# 7 images in 4 batches, 2 of them a step: 2 steps an epoch.
RANDOM = {"model": "fcn16s", "batch_size": 2, "accumulate": 2, "lr": 0.05, "seed": 3}
RANDOM |= {"dropout": 0.4, "mirror": True, "jitter": 3, "crop": 24}


def result(folder):
    """Everything that a run leaves behind and that must not depend on where it was stopped."""
    last, about = load_arrays(folder / "last.npz")
    best, about_best = load_arrays(folder / "best.npz")
    with open(folder / "history.csv", newline="") as file:
        history = list(csv.DictReader(file))
    for row in [*history, *about["progress"]["history"], about_best["scores"]]:
        assert float(row.pop("images_per_second")) >= 0
    assert about["run"].pop("id") == about_best["run"].pop("id")
    return last, best, about, about_best, history


def assert_same(folder, expected):
    found = result(folder)
    for mine, theirs in zip(found[:2], expected[:2]):
        assert mine.keys() == theirs.keys()
        for name, array in theirs.items():
            np.testing.assert_array_equal(mine[name], array, err_msg=name)
    assert found[2:] == expected[2:]


@pytest.fixture(scope="module", autouse=True)
def no_pictures():
    with pytest.MonkeyPatch.context() as patch:
        tiny.draw_nothing(patch)
        yield


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    """A run of two epochs that was never stopped."""
    folder = tmp_path_factory.mktemp("unbroken")
    datasets = tiny.scenes(7)
    tiny.trainer(folder, datasets=datasets, epochs=2, **RANDOM).run(tiny.Silent())
    expected = result(folder)
    assert any(name.startswith("velocity/") and array.any() for name, array in expected[0].items())
    assert len(expected[4]) == 2 and expected[2]["progress"]["step"] == 4
    return datasets, expected


@pytest.mark.parametrize("steps", [[1], [2], [3], [4], [1, 1, 1, 1], [2, 2]], ids=str)
def test_stopped_after_these_many_steps_and_resumed(tmp_path, unbroken, steps):
    datasets, expected = unbroken
    for number, step in enumerate(steps):
        stopped = tiny.trainer(tmp_path, resume=number > 0, datasets=datasets, epochs=2, **RANDOM)
        assert str(tmp_path) in str(tiny.stop_after(step, stopped))
    tiny.trainer(tmp_path, resume=True, datasets=datasets, epochs=2, **RANDOM).run(tiny.Silent())
    assert_same(tmp_path, expected)


def test_a_finished_run_resumed_stays_as_it_is(tmp_path, unbroken):
    datasets, expected = unbroken
    tiny.trainer(tmp_path, datasets=datasets, epochs=2, **RANDOM).run()
    last = (tmp_path / "last.npz").read_bytes()
    (tmp_path / "history.csv").unlink()  # written again, should it have been lost
    watch = tiny.Silent()
    again = tiny.trainer(tmp_path, resume=True, datasets=datasets, epochs=2, **RANDOM)
    again.run(watch)
    draw_run(again)  # and so are pictures
    assert watch.steps == 0 and (tmp_path / "last.npz").read_bytes() == last
    assert (tmp_path / "learning_curve.png").exists() and (tmp_path / "predictions.png").exists()
    assert_same(tmp_path, expected)


def test_where_it_was_stopped_does_matter_to_the_test(tmp_path, unbroken):
    """The comparison is not blind: another seed gives other bits everywhere."""
    datasets, expected = unbroken
    tiny.trainer(tmp_path, datasets=datasets, epochs=2, **RANDOM | {"seed": 4}).run(tiny.Silent())
    with pytest.raises(AssertionError):
        assert_same(tmp_path, expected)


# From here on real processes, through the command line.

EPOCHS = 12


@pytest.fixture(scope="module")
def unbroken_command(tmp_path_factory):
    """(the options of a run, what it leaves behind when it is never stopped)."""
    folder = tmp_path_factory.mktemp("unbroken-command")
    data = tiny.camvid_folder(folder / "data", train=7)
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in RANDOM.items() if name != "mirror"]
    options = ["--data", "camvid", "--root", data, *tiny.FLAGS, *flags, "--epochs", EPOCHS]
    assert tiny.command("train", *options, "--out", folder / "run") == 0
    return options, result(folder / "run")


def next_command(options, out):
    """What a user types after the run was killed: start it, or go on with it."""
    if (out / "last.npz").exists():
        return ["train", "--out", out, "--resume", "--device", "cpu"]
    return ["train", *options, "--out", out]


def wait_for(process, words):
    """Read the process' output up to a line with these words."""
    for line in process.stdout:
        if words in line:
            return
    pytest.fail(f"the run ended without a word of {words!r}: {process.stderr.read()}")


# Ctrl-C as soon as the first epoch is told: from outside it could come when all of them are over.
STOPPED_AFTER_AN_EPOCH = """
import os, runpy, signal, sys
def write(text, real=sys.stdout.write):
    real(text)
    if text.startswith("epoch  1/12 "):
        os.kill(os.getpid(), signal.SIGINT)
sys.stdout.write = write
runpy.run_module("minifcn", run_name="__main__")
"""


def test_ctrl_c_exits_with_130_and_says_how_to_go_on(tmp_path, unbroken_command):
    options, expected = unbroken_command
    out = tmp_path / "my run"
    code, printed, err = tiny.run("train", *options, "--out", out, code=STOPPED_AFTER_AN_EPOCH)
    assert code == 130 and "epoch  1/12 " in printed
    said = re.fullmatch(r"minifcn: stopped and saved; go on with: python -m minifcn (train --out .* --resume)\n", err)
    assert said, err
    assert load_arrays(out / "last.npz")[1]["progress"]["epoch"] < EPOCHS

    assert tiny.command(*shlex.split(said[1]), "--device", "cpu") == 0
    assert_same(out, expected)


def test_killed_at_random_moments(tmp_path, unbroken_command):
    options, expected = unbroken_command
    seed = int(os.environ.get("MINIFCN_KILL_SEED") or random.SystemRandom().randrange(10**6))
    print(f"to repeat: MINIFCN_KILL_SEED={seed}")
    dice = random.Random(seed)
    out = tmp_path / "run"
    for _ in range(3):
        process = tiny.start(*next_command(options, out))
        wait_for(process, "as asked")  # the device line: before the network is made
        time.sleep(dice.uniform(0, 0.7))
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        if (out / "last.npz").exists():
            arrays, about = load_arrays(out / "last.npz")
            assert all(np.isfinite(array).all() for array in arrays.values())
            print(f"killed after step {about['progress']['step']}")
    assert tiny.command(*next_command(options, out)) == 0
    assert_same(out, expected)
    assert not [name for name in tiny.listing(out) if "unfinished" in name]


# Kills the process where a file is half written for the nth time: the worst moment.
KILLED_WRITING = """
import os, signal, sys
left = [int(sys.argv[1])]
def fsync(file, real=os.fsync):
    left[0] -= 1
    if left[0] == 0:
        os.ftruncate(file, 1000)
        os.kill(os.getpid(), signal.SIGKILL)
    real(file)
os.fsync = fsync
from minifcn.commands.main import main
sys.exit(main(sys.argv[2:]))
"""


@pytest.mark.parametrize("nth", [1, 2, 4])
def test_killed_while_a_checkpoint_is_written(tmp_path, unbroken_command, nth):
    options, expected = unbroken_command
    out = tmp_path / "run"
    code, _, err = tiny.run(nth, *next_command(options, out), code=KILLED_WRITING)
    assert code == -signal.SIGKILL, err
    assert [name for name in tiny.listing(out) if "unfinished" in name]
    if (out / "last.npz").exists():
        load_arrays(out / "last.npz")
    assert tiny.command(*next_command(options, out)) == 0
    assert_same(out, expected)
    assert not [name for name in tiny.listing(out) if "unfinished" in name]


def test_data_that_moved_can_be_named_again(tmp_path):
    data = tiny.camvid_folder(tmp_path / "data")
    run = tiny.trainer(tmp_path / "run", data="camvid", root=str(data))
    tiny.stop_after(1, run)
    data.rename(tmp_path / "moved")
    assert tiny.command("train", "--out", tmp_path / "run", "--resume") == 2
    assert tiny.command("train", "--out", tmp_path / "run", "--resume", "--root", tmp_path / "moved") == 0
    assert json.loads((tmp_path / "run" / "config.json").read_text())["epochs"] == 1


def test_a_run_from_before_there_were_some_settings_goes_on(tmp_path):
    data = tiny.camvid_folder(tmp_path / "data")
    run = tiny.trainer(tmp_path / "run", data="camvid", root=str(data), epochs=2)
    tiny.stop_after(1, run)
    settings = json.loads(run.folder.config.read_text())
    for name in ("classes", "values", "void", "val_share", "split_seed", "size", "epoch_steps"):
        del settings[name]
    del settings["run"]
    run.folder.config.write_text(json.dumps(settings))
    arrays, about = load_arrays(run.folder.last)
    del about["run"]  # checkpoints did not tell
    save_arrays(run.folder.last, arrays, about)
    assert tiny.command("train", "--out", tmp_path / "run", "--resume", "--size", "32") == 2
    assert tiny.command("train", "--out", tmp_path / "run", "--resume") == 0
    assert load_arrays(run.folder.last)[1]["progress"]["epoch"] == 2


def test_a_run_that_has_saved_nothing_is_said_to_start_again(capsys, tmp_path):
    data = tiny.camvid_folder(tmp_path / "data")
    run = tiny.trainer(tmp_path / "run", data="camvid", root=str(data))
    tiny.stop_after(1, run)
    run.folder.last.unlink()
    assert tiny.command("train", "--out", tmp_path / "run", "--resume", "--device", "cpu") == 0
    assert f"{tmp_path / 'run'} has no checkpoint: the run starts from its beginning\n" in capsys.readouterr().out
    assert load_arrays(run.folder.last)[1]["progress"]["epoch"] == 1


def test_lost_best_weights_are_missed_and_a_copy_of_the_last_ones_goes_on(tmp_path):
    run = tiny.trainer(tmp_path, epochs=2)
    run.run(tiny.Silent())
    run.folder.best.unlink()
    with pytest.raises(InputError, match=r"^--resume: .* has no best\.npz, the weights of its best epoch so far"):
        tiny.trainer(tmp_path, resume=True, epochs=3)
    shutil.copy(run.folder.last, run.folder.best)
    tiny.trainer(tmp_path, resume=True, epochs=3).run(tiny.Silent())
    assert load_arrays(run.folder.last)[1]["progress"]["epoch"] == 3


def lose_a_column(progress):
    for row in progress["history"]:
        del row["mean_iu"]


@pytest.mark.parametrize(
    "change, words",
    [
        (lose_a_column, "its history has no mean_iu: it is of another training"),
        (lambda progress: progress.update(batch=99), "is after batch 99 of an epoch, which has "),
    ],
)
def test_a_checkpoint_of_another_training_is_refused(tmp_path, change, words):
    run = tiny.trainer(tmp_path)
    run.run(tiny.Silent())
    arrays, about = load_arrays(run.folder.last)
    change(about["progress"])
    save_arrays(run.folder.last, arrays, about)
    with pytest.raises(InputError, match=f"^--resume: .*{words}"):
        tiny.trainer(tmp_path, resume=True)


def test_other_settings_than_the_run_s_are_refused_in_python_too(tmp_path):
    tiny.stop_after(1, tiny.trainer(tmp_path, lr=0.01))
    with pytest.raises(InputError, match=r"--resume: lr 0\.02 differs from the run's 0\.01: "):
        tiny.trainer(tmp_path, resume=True, lr=0.02)


def test_one_s_own_pictures_stay_as_the_run_took_them(tmp_path):
    rng = np.random.default_rng(0)
    root = tmp_path / "own"
    (root / "images").mkdir(parents=True), (root / "masks").mkdir()

    def add(name, values):
        Image.fromarray(rng.integers(256, size=(32, 40, 3), dtype=np.uint8)).save(root / "images" / f"{name}.png")
        Image.fromarray(rng.choice(np.array(values, np.uint8), (32, 40))).save(root / "masks" / f"{name}.png")

    for number in range(6):
        add(f"나무 {number}", (0, 255))
    run = tiny.trainer(tmp_path / "run", data="folder", root=str(root), val_share=0.4, size="32", epochs=2)
    names = list(run.training.names), list(run.validation.names)
    tiny.stop_after(1, run)
    for number in range(6):
        add(f"new {number}", (0, 1, 255))  # by which two tones would be classes 0, 1 and void
    again = tiny.trainer(tmp_path / "run", resume=True, **dataclasses.asdict(run.settings))
    assert (list(again.training.names), list(again.validation.names)) == names
    assert again.training[0][1].shape == run.training[0][1].shape
    assert set(np.unique(again.training[0][1])) == {0, 1}
    assert again.preprocessing == run.preprocessing
    (root / "masks" / "나무 0.png").unlink()
    with pytest.raises(InputError, match=r"--resume: 1 pair of the run is gone from the folder, images/나무 0 first"):
        tiny.trainer(tmp_path / "run", resume=True, **dataclasses.asdict(run.settings))


def test_a_picture_that_cannot_be_read_costs_nothing_that_was_trained(tmp_path):
    for number in range(6):
        Image.fromarray(np.full((32, 32, 3), 50 * number, np.uint8)).save(tmp_path / f"{number}.bmp")
        Image.fromarray(np.eye(32, dtype=np.uint8)).save(tmp_path / f"{number}_mask.png")
    (tmp_path / "val.txt").write_text("4\n5\n")
    settings = {"data": "folder", "root": str(tmp_path), "epochs": 1}
    unbroken = tiny.trainer(tmp_path / "unbroken", **settings)
    unbroken.run()
    whole = (tmp_path / "5.bmp").read_bytes()
    (tmp_path / "5.bmp").write_bytes(whole[:100])
    with pytest.raises(
        InputError, match=r"5\.bmp cannot be read .*; what is trained is saved: mend this, and --resume goes on"
    ):
        tiny.trainer(tmp_path / "run", **settings).run()
    (tmp_path / "5.bmp").write_bytes(whole)
    again = tiny.trainer(tmp_path / "run", resume=True, **settings)
    assert again.progress.batch == len(again.batches)
    again.run()
    for one, other in zip(again.model.parameters(), unbroken.model.parameters(), strict=True):
        np.testing.assert_array_equal(one.data, other.data)
    assert again.progress.best == unbroken.progress.best


def test_pictures_given_in_python_are_not_looked_for_among_the_scenes(capsys, tmp_path):
    for number in range(4):
        Image.fromarray(np.full((32, 32, 3), 50 * number, np.uint8)).save(tmp_path / f"{number}.jpg")
        Image.fromarray(np.eye(32, dtype=np.uint8)).save(tmp_path / f"{number}.png")
    datasets = Folder(tmp_path), Folder(tmp_path, "val")
    tiny.trainer(tmp_path / "run", datasets=datasets).run()
    assert tiny.command("train", "--out", tmp_path / "run", "--resume", "--epochs", 2) == 2
    assert "the run's data sets were given in Python: go on there" in capsys.readouterr().err
    again = tiny.trainer(tmp_path / "run", resume=True, datasets=datasets, epochs=2)
    again.run()
    assert again.progress.epoch == 2


# More epochs than a run was begun with.


def rates(folder):
    return [row["lr"] for row in load_arrays(folder / "last.npz")[1]["progress"]["history"]]


def test_more_epochs_at_a_fixed_rate_end_as_if_they_had_been_there_from_the_start(tmp_path):
    settings, datasets = RANDOM | {"schedule": "fixed"}, tiny.scenes(7)
    tiny.trainer(tmp_path / "whole", datasets=datasets, epochs=4, **settings).run()
    out = tmp_path / "extended"
    tiny.trainer(out, datasets=datasets, epochs=2, **settings).run()
    stopped = tiny.trainer(out, resume=True, datasets=datasets, epochs=3, **settings)
    tiny.stop_after(1, stopped)  # within epoch 3
    tiny.trainer(out, resume=True, datasets=datasets, epochs=4, **settings).run()
    assert_same(out, result(tmp_path / "whole"))
    assert json.loads((out / "config.json").read_text())["epochs"] == 4  # a plain --resume knows it


def test_the_schedule_goes_on_over_the_new_number_of_epochs(tmp_path, unbroken):
    datasets, _ = unbroken  # 2 steps an epoch; each epoch's last one is told
    tiny.trainer(tmp_path, datasets=datasets, epochs=2, **RANDOM).run()
    tiny.trainer(tmp_path, resume=True, datasets=datasets, epochs=4, **RANDOM).run()
    expected = [0.05 * (1 - step / total) ** 0.9 for step, total in ((1, 4), (3, 4), (5, 8), (7, 8))]
    np.testing.assert_allclose(rates(tmp_path), expected, rtol=1e-12)


def test_killed_once_the_new_number_is_kept_it_resumes(tmp_path, unbroken):
    """config.json comes first: the checkpoint is then older than it, as this one is."""
    datasets, _ = unbroken
    for name in ("killed", "whole"):
        tiny.trainer(tmp_path / name, datasets=datasets, epochs=2, **RANDOM).run()
    before = (tmp_path / "killed" / "last.npz").read_bytes()
    run = tiny.trainer(tmp_path / "killed", resume=True, datasets=datasets, epochs=4, **RANDOM)
    tiny.stop_after(1, run)
    assert json.loads((tmp_path / "killed" / "config.json").read_text())["epochs"] == 4
    (tmp_path / "killed" / "last.npz").write_bytes(before)
    for name in ("killed", "whole"):
        tiny.trainer(tmp_path / name, resume=True, datasets=datasets, epochs=4, **RANDOM).run()
    assert_same(tmp_path / "killed", result(tmp_path / "whole"))


def test_nothing_is_changed_before_a_step_is_done(tmp_path, unbroken):
    datasets, _ = unbroken
    tiny.trainer(tmp_path, datasets=datasets, epochs=2, **RANDOM).run()
    before = tiny.times(tmp_path)
    tiny.trainer(tmp_path, resume=True, datasets=datasets, epochs=9, **RANDOM)
    assert tiny.times(tmp_path) == before


def test_fewer_epochs_than_are_begun_are_refused(capsys, tmp_path):
    data = tiny.camvid_folder(tmp_path / "data", train=4)
    out = tmp_path / "run"
    tiny.stop_after(3, tiny.trainer(out, data="camvid", root=str(data), epochs=3))  # within the second
    before = tiny.times(out)
    assert tiny.command("train", "--out", out, "--resume", "--epochs", 1, "--device", "cpu") == 2
    said = "minifcn: error: --resume: --epochs is 1, but epoch 2 is begun: give 2 or more\n"
    assert capsys.readouterr().err == said
    assert tiny.times(out) == before


def test_what_a_longer_run_means_is_said(capsys, tmp_path):
    data = tiny.camvid_folder(tmp_path / "data", train=4)
    out = tmp_path / "run"
    tiny.trainer(out, data="camvid", root=str(data), epochs=2).run()  # 2 steps an epoch
    assert tiny.command("train", "--out", out, "--resume", "--epochs", 4, "--device", "cpu") == 0
    said = capsys.readouterr().out
    rate = 0.02 * (1 - 4 / 8) ** 0.9
    assert f"epochs 2 -> 4: learning rate polynomial over 4, now {rate:.3g} (was 0)\n" in said
    assert "going on after step 4, epoch 3 of 4\n" in said and "epoch 4/4" in said
    assert tiny.command("train", "--out", out, "--resume", "--device", "cpu") == 0
    assert "all 4 epochs are done; --epochs N, with a larger N, goes on\n" in capsys.readouterr().out
