"""`train --stages`: the paper's way to FCN-8s in one command, stopped anywhere and gone on with."""

import contextlib
import dataclasses
import json
import re
import shlex
import signal

import numpy as np
import pytest
import tiny

from minifcn.commands import stages as command
from minifcn.models import MODELS
from minifcn.optim import SGD
from minifcn.training import stages
from minifcn.training.run_folder import Progress, RunFolder
from minifcn.training.settings import Settings
from minifcn.training.trainer import Trainer
from minifcn.weights.npz import load_arrays, save_arrays

FOLDERS = ("fcn32s", "fcn16s", ".")
CPU = ("--device", "cpu")


@pytest.fixture(scope="module", autouse=True)
def no_pictures():
    with pytest.MonkeyPatch.context() as patch:
        tiny.draw_nothing(patch, command)
        yield


@pytest.fixture(scope="module")
def options(tmp_path_factory):
    """Those of a run in stages; three images in two batches: two steps an epoch."""
    data = tiny.camvid_folder(tmp_path_factory.mktemp("data"), train=3)
    options = ["--model", "fcn8s", "--stages", "--data", "camvid", "--root", data, *tiny.FLAGS]
    return [*options, "--epochs", 3, "--lr", 0.05, "--dropout", 0.3]


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory, options):
    """The folder of a run in stages that was never stopped."""
    out = tmp_path_factory.mktemp("unbroken") / "run"
    assert tiny.command("train", *options, "--out", out) == 0
    return out


def config(folder):
    return json.loads((folder / "config.json").read_text())


def assert_same(out, expected):
    for folder in FOLDERS:
        for name in ("last.npz", "best.npz"):
            mine, theirs = (load_arrays(whole / folder / name)[0] for whole in (out, expected))
            for key, array in theirs.items():
                np.testing.assert_array_equal(mine[key], array, err_msg=f"{folder}/{name}: {key}")


def test_each_network_starts_from_the_one_before_and_has_a_third_of_the_epochs(unbroken):
    models, epochs = ("fcn32s", "fcn16s", "fcn8s"), (3, 1, 1)
    starts = (None, str(unbroken / "fcn32s" / "best.npz"), str(unbroken / "fcn16s" / "best.npz"))
    for folder, model, number, init in zip(FOLDERS, models, epochs, starts, strict=True):
        settings = config(unbroken / folder)
        assert (settings["model"], settings["epochs"], settings["init"]) == (model, number, init)
        assert (settings["lr"], settings["dropout"], settings["width"]) == (0.05, 0.3, 1 / 16)
        assert load_arrays(unbroken / folder / "best.npz")[1]["model"] == model
    first = {folder: load_arrays(unbroken / folder / "last.npz")[1]["progress"]["history"][0] for folder in FOLDERS}
    assert first["fcn16s"]["loss"] < first["fcn32s"]["loss"] - 0.1  # which begins with log 11


def test_the_table_of_the_stages_stands_at_the_end(capsys, tmp_path, options):
    options = [*options[:1], "fcn16s", *options[2:], "--epochs", 1]
    assert tiny.command("train", *options, "--out", tmp_path / "run") == 0
    out, err = capsys.readouterr()
    assert re.search(r"stage 1 of 2, in .*/run/fcn32s\n(.*\n)+stage 2 of 2, in .*/run\n", out)
    assert re.search(r"\n +FCN-32s( +\d+\.\d){4} *\n +FCN-16s( +\d+\.\d){4} *\n", out)
    assert "fcn32s, history.csv" in out and "stages.png" in out.splitlines()[-1]
    assert "every prediction for camvid" not in err  # each stage has told its own, once
    assert {"stages.png", "predictions.png", "fcn32s"} <= tiny.listing(tmp_path / "run").keys()


@pytest.mark.parametrize("step", [1, 4, 7, 9])  # of 6 + 2 + 2
def test_stopped_anywhere_and_gone_on_with(capsys, monkeypatch, tmp_path, options, unbroken, step):
    out, steps, advance = tmp_path / "a run", [], command.follow.__globals__["Bar"].advance

    def press(bar, images, loss=None):
        advance(bar, images, loss)
        steps.extend([1] if loss is not None else [])
        if loss is not None and len(steps) == step:
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr("minifcn.commands.terminal.Bar.advance", press)
        assert tiny.command("train", *options, "--out", out) == 130
    said = capsys.readouterr().err.splitlines()[-1]
    resume = f"python -m minifcn train --out {shlex.quote(str(out))} --resume"
    assert said == f"minifcn: stopped and saved; go on with: {resume}"
    assert tiny.command("train", "--out", out, "--resume", *CPU) == 0
    assert_same(out, unbroken)
    before = tiny.times(out)
    assert tiny.command("train", "--out", out, "--resume", "--stages", *CPU) == 0  # and it is finished
    assert tiny.times(out) == before


@pytest.mark.parametrize("stage", [0, 1, 2])
def test_killed_before_a_stage_has_saved_anything(tmp_path, monkeypatch, options, unbroken, stage):
    out, run = tmp_path / "run", Trainer.run

    class Killed(Exception):
        pass

    def begin(trainer, watch=None):
        if trainer.settings.model == ("fcn32s", "fcn16s", "fcn8s")[stage]:
            monkeypatch.setattr(Trainer, "save", kill)
        return run(trainer, watch)

    def kill(*_):
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Trainer, "run", begin)
        tiny.command("train", *options, "--out", out)
    monkeypatch.undo()
    tiny.draw_nothing(monkeypatch, command)
    again = ["--resume", *CPU] if stage else options  # nothing is there yet
    assert tiny.command("train", *again, "--out", out) == 0
    assert_same(out, unbroken)


def test_a_run_that_has_moved_goes_on(tmp_path, options, unbroken):
    run = tmp_path / "run"
    assert tiny.command("train", *options, "--out", run) == 0
    for name in ("last.npz", "best.npz", "history.csv"):
        (run / name).unlink()
    run.rename(tmp_path / "moved")
    assert tiny.command("train", "--out", tmp_path / "moved", "--resume", *CPU) == 0
    assert_same(tmp_path / "moved", unbroken)


def test_old_stages_are_replaced_only_if_asked_and_all_of_them(capsys, tmp_path, options):
    out = tmp_path / "run"
    assert tiny.command("train", *options, "--out", out) == 0
    before = tiny.times(out)
    assert tiny.command("train", *options, "--out", out) == 2
    assert "--overwrite" in capsys.readouterr().err and tiny.times(out) == before
    wrong = [*options, "--out", out, "--overwrite", "--padding", 0]  # seen in the first step
    assert tiny.command("train", *wrong) == 2 and tiny.times(out) == before
    assert stages.staged_run(out).under_way == 2

    def interrupt(*_):
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("minifcn.commands.terminal.Bar.begin", interrupt)
        assert tiny.command("train", *options, "--out", out, "--overwrite") == 130
    assert "--resume" not in capsys.readouterr().err and tiny.times(out) == before  # that would be the old run

    def stop():  # in the first step
        there = [path for path in out.rglob("*") if path.suffix in (".npz", ".png", ".csv")]
        assert there == [out / "fcn32s" / "last.npz"]
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("minifcn.commands.terminal.Bar.advance", lambda bar, images, loss=None: loss and stop())
        assert tiny.command("train", *options, "--out", out, "--overwrite", "--lr", 0.01) == 130
    assert [config(out / folder)["lr"] for folder in FOLDERS] == [0.01] * 3


def checkpoint(folder):
    """Save what is as good as trained."""
    model = MODELS["fcn32s"](3, **tiny.NETWORK)
    about = {"model": "fcn32s", "settings": {}, "data": "x", "classes": ["a"], "palette": [[0, 0, 0]]}
    about |= {"preprocessing": {"mean": [1, 2, 3], "std": [4, 5, 6]}}
    folder.save(model, SGD(model.parameters(), lr=0.1), about, Progress(step=1))


def first_of(path, lr):
    """(a run in stages, as it begins in its first folder)."""
    staged = stages.Staged(path, "fcn8s")
    every = staged.settings(Settings(lr=lr), {})
    return staged, stages.FirstFolder(staged, every), dataclasses.asdict(every[0])


@pytest.mark.parametrize("before", ["stages", "alone", "nothing"])
@pytest.mark.parametrize("count", [*range(10), 15, 17, 23])  # of 24 files that are replaced or removed
def test_wherever_the_replacement_of_old_stages_is_cut_off_one_run_is_there(tmp_path, count, before):
    if before == "stages":
        old, first, settings = first_of(tmp_path, 0.1)
        first.start(settings)
        checkpoint(first)
        for folder in old.folders[1:]:
            folder.record = folder.told()
            checkpoint(folder)
    elif before == "alone":
        run = RunFolder(tmp_path)
        run.start(dataclasses.asdict(Settings(lr=0.1)))
        checkpoint(run)
    new, first, settings = first_of(tmp_path, 0.2)
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        tiny.cut_off(patch, count)
        first.start(settings)
        checkpoint(first)
    found = stages.staged_run(tmp_path)
    if count == 0:  # the old run, whatever it is
        assert (found.under_way if found else None) == (2 if before == "stages" else None)
        if before != "nothing":
            assert RunFolder(tmp_path).saved_settings()["lr"] == 0.1
        return
    assert found.under_way == 0 and [settings["lr"] for settings in found.saved_settings()] == [0.2] * 3
    _, first, _ = first_of(tmp_path, 0.2)
    model = MODELS["fcn32s"](3, **tiny.NETWORK)
    first.restore(model, SGD(model.parameters(), lr=0.1))
    first.take(begun=True)
    first.release()
    assert [folder.last.exists() for folder in new.folders] == [True, False, False]
    assert [config(folder.path)["lr"] for folder in new.folders] == [0.2] * 3
    assert stages.staged_run(tmp_path).under_way == 0


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"later": [{"model": "fcn8s"}]}, "followed by ['fcn8s'], expected fcn16s and fcn8s"),
        ({"later": [{"lr": 0.1}, {}]}, "followed by [None, None], expected fcn16s and fcn8s"),
        ({"later": [5]}, "run.later[0] is 5, expected an object"),
        ({"instead": 5}, "run.instead is 5, expected a text"),
    ],
)
def test_a_forged_plan_of_stages_is_refused_in_a_line(capsys, tmp_path, changes, words):
    _, first, settings = first_of(tmp_path, 0.1)
    first.start(settings)
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        tiny.cut_off(patch, 1)
        checkpoint(first)
    arrays, about = load_arrays(first.last)
    save_arrays(first.last, arrays, about | {"run": about["run"] | changes})
    before = tiny.listing(tmp_path)
    assert tiny.command("train", "--out", tmp_path, "--resume", *CPU) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert str(first.last) in line and words in line
    assert tiny.listing(tmp_path) == before


def test_a_run_in_place_of_stages_is_none_in_stages(tmp_path):
    """Wherever the replacement was cut off: the first stage's folder is still there."""
    _, first, settings = first_of(tmp_path, 0.1)
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        tiny.cut_off(patch, 3)
        first.start(settings)
        checkpoint(first)
    for count in (1, None):
        run = RunFolder(tmp_path)
        run.start(dataclasses.asdict(Settings(lr=0.2)))
        with pytest.MonkeyPatch.context() as patch, contextlib.suppress(KeyboardInterrupt):
            if count:
                tiny.cut_off(patch, count)
            checkpoint(run)
        assert stages.staged_run(tmp_path) is None
        assert RunFolder(tmp_path).saved_settings()["lr"] == 0.2


def test_more_epochs_are_for_the_last_stage(capsys, tmp_path, options):
    out = tmp_path / "run"
    assert tiny.command("train", *options, "--out", out) == 0
    capsys.readouterr()
    assert tiny.command("train", "--out", out, "--resume", "--epochs", 2, *CPU) == 0
    assert "epochs 1 -> 2" in capsys.readouterr().out
    assert [config(out / folder)["epochs"] for folder in FOLDERS] == [3, 1, 2]
    (out / "last.npz").unlink()
    before = tiny.times(out)
    assert tiny.command("train", "--out", out, "--resume", "--epochs", 9, *CPU) == 2
    assert f"--epochs 9: {out} is still at fcn16s" in capsys.readouterr().err and tiny.times(out) == before


@pytest.mark.parametrize(
    "given, words",
    [
        (["--model", "fcn32s"], ["--stages", "fcn16s and fcn8s", "fcn32s"]),
        (["--model", "fcn-alexnet"], ["fcn16s and fcn8s", "fcn-alexnet"]),
        (["--model", "fcn8s", "--at-once"], ["--at-once"]),
        (["--model", "fcn8s", "--recipe", "fcn-alexnet-2015"], ["fcn-alexnet-2015"]),
    ],
)
def test_what_cannot_be_in_stages(capsys, tmp_path, given, words):
    assert tiny.command("train", "--stages", *given, "--out", tmp_path / "run", *CPU) == 2
    err = capsys.readouterr().err
    assert err.startswith("minifcn: error: ") and err.count("\n") == 1 and all(word in err for word in words)
    assert tiny.listing(tmp_path) == {}


def test_a_run_without_stages_is_not_resumed_with_them(capsys, tmp_path):
    tiny.trainer(tmp_path / "run").run()
    assert tiny.command("train", "--out", tmp_path / "run", "--resume", "--stages", *CPU) == 2
    assert "holds no run in stages" in capsys.readouterr().err


def test_a_recipe_has_a_learning_rate_for_each_network(capsys):
    assert tiny.command("train", "--stages", "--model", "fcn8s", "--recipe", "heavy", "--explain") == 0
    said = capsys.readouterr().out
    assert re.search(r"--lr +1e-10 ", said) and "--model    " in said
    then = (("fcn16s", "1e-12"), ("fcn8s", "1e-14"))
    assert said.endswith("".join(f"then {model} from its weights: 4 epochs, --lr {lr}\n" for model, lr in then))
