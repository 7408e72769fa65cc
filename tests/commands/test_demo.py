"""The demo, with networks and scenes made small."""

import json
import re
import weakref

import numpy as np
import pytest
import tiny

from minifcn.commands import demo
from minifcn.weights.npz import load_arrays

CPU = ("--device", "cpu")


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(demo, "COUNTS", {"train": 4, "val": 2})
    monkeypatch.setattr(demo, "OBJECT_COUNTS", {"train": 4, "val": 2})
    monkeypatch.setattr(demo, "SIZE", 32)
    monkeypatch.setattr(demo, "OBJECT_SIZE", 32)
    monkeypatch.setattr(demo, "NETWORK", {"width": 1 / 16, "fc_channels": 8})


@pytest.fixture
def no_pictures(monkeypatch):
    tiny.draw_nothing(monkeypatch, demo)


def test_it_prints_the_paper_s_table_and_names_what_it_wrote(capsys, tmp_path):
    out = tmp_path / "demo"
    assert tiny.command("demo", "--out", out, "--epochs", 1, *CPU) == 0
    said = capsys.readouterr().out
    titles = r"pixel acc\. +mean acc\. +mean IU +f\.w\. IU"
    rows = [rf"{name}( +\d+\.\d){{4}} *" for name in ("FCN-32s-fixed", "FCN-32s", "FCN-16s", "FCN-8s")]
    assert re.search(titles + r" *\n.*\n *" + r"\n *".join(rows) + r"\n", said)

    files = tiny.listing(out)
    for network in ("vgg16", "fcn32s-fixed", "fcn32s", "fcn16s", "fcn8s"):
        for name in ("best.npz", "last.npz", "history.csv", "config.json", "learning_curve.png", "predictions.png"):
            assert (f"{network}/{name}" in files) == (name != "predictions.png" or network != "vgg16")
        assert f"{out / network / 'best.npz'}" in said
    assert "predictions.png" in files and f"{out / 'predictions.png'}" in said


@pytest.mark.usefixtures("no_pictures")
def test_no_network_is_in_memory_any_more_when_the_next_one_gives_it_back(monkeypatch, tmp_path):
    made, there = [], []

    def watched(kind):
        def make(*args, **kwargs):
            trainer = kind(*args, **kwargs)
            made.append(weakref.ref(trainer.model))
            return trainer

        return make

    for name in ("Pretrainer", "Trainer"):
        monkeypatch.setattr(demo, name, watched(getattr(demo, name)))
    monkeypatch.setattr(demo, "release", lambda: there.append(sum(model() is not None for model in made)))
    assert tiny.command("demo", "--out", tmp_path, "--epochs", 1, *CPU) == 0
    assert len(made) == 5 and there == 5 * [0]


@pytest.mark.usefixtures("no_pictures")
def test_each_network_starts_from_the_one_before(tmp_path):
    assert tiny.command("demo", "--out", tmp_path, "--epochs", 4, *CPU) == 0
    for network, start, epochs in (
        ("vgg16", None, 4),
        ("fcn32s-fixed", "vgg16", 1),
        ("fcn32s", "fcn32s-fixed", 4),
        ("fcn16s", "fcn32s", 1),
        ("fcn8s", "fcn16s", 2),
    ):
        settings = json.loads((tmp_path / network / "config.json").read_text())
        assert settings["init"] == (start and str(tmp_path / start / "best.npz")) and settings["epochs"] == epochs
        assert settings["freeze"] == (["conv*", "fc*"] if network == "fcn32s-fixed" else None)
    arrays = {name: load_arrays(tmp_path / name / "best.npz")[0] for name in ("vgg16", "fcn32s-fixed", "fcn32s")}
    trunk = [name for name in arrays["vgg16"] if not name.startswith("fc8")]
    for name in trunk:
        np.testing.assert_array_equal(arrays["fcn32s-fixed"][name].ravel(), arrays["vgg16"][name].ravel())
    assert any((arrays["fcn32s"][name].ravel() != arrays["vgg16"][name].ravel()).any() for name in trunk)
    histories = [load_arrays(tmp_path / name / "last.npz")[1]["progress"]["history"] for name in ("fcn32s", "fcn8s")]
    assert histories[1][0]["loss"] < histories[0][0]["loss"]


@pytest.mark.usefixtures("no_pictures")
def test_a_folder_of_its_own_each_time(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for folder in ("runs/demo", "runs/demo-2"):
        assert tiny.command("demo", "--epochs", 1, *CPU) == 0
        assert (tmp_path / folder / "predictions.png").exists()
        assert f"{folder}/predictions.png" in capsys.readouterr().out


@pytest.mark.usefixtures("no_pictures")
def test_another_demo_is_replaced_only_if_asked(capsys, tmp_path):
    assert tiny.command("demo", "--out", tmp_path, "--epochs", 1, *CPU) == 0
    before = tiny.listing(tmp_path)
    capsys.readouterr()
    assert tiny.command("demo", "--out", tmp_path, "--epochs", 1, *CPU) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and err.startswith("minifcn: error:") and "--overwrite" in err
    assert "--resume" not in err  # the demo has no such option
    assert tiny.listing(tmp_path) == before
    assert tiny.command("demo", "--out", tmp_path, "--epochs", 2, "--overwrite", *CPU) == 0
    assert json.loads((tmp_path / "fcn32s" / "config.json").read_text())["epochs"] == 2


@pytest.mark.parametrize("epochs", [0, -5])
def test_a_number_of_epochs_that_cannot_be_is_an_error(capsys, tmp_path, epochs):
    assert tiny.command("demo", "--out", tmp_path, "--epochs", epochs, *CPU) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and err.startswith("minifcn: error:") and str(epochs) in err
    assert tiny.listing(tmp_path) == {}


@pytest.mark.usefixtures("no_pictures")
def test_ctrl_c_gives_no_advice_that_would_not_work(capsys, monkeypatch, tmp_path):
    """`minifcn train --resume` would go on with other scenes than the demo's."""

    class Pressing(demo.Trainer):
        def run(self, watch):
            self.stop_asked = True
            super().run(watch)

    monkeypatch.setattr(demo, "Trainer", Pressing)
    assert tiny.command("demo", "--out", tmp_path, "--epochs", 1, *CPU) == 130
    err = capsys.readouterr().err
    assert re.fullmatch(r"(minifcn: caution: .*\n)?minifcn: stopped; .*\n", err) and "minifcn train" not in err
