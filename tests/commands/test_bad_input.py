"""Bad input at the command line: one line that says what is wrong, exit code 2, and nothing lost.

Every case compares all files before and after: nothing may be made, changed or removed.
"""

import json
import math
import os
import shutil

import numpy as np
import pytest
import tiny
from PIL import Image

from minifcn.backend.arrays import GpuStatus
from minifcn.commands import results
from minifcn.data import open_dataset
from minifcn.metrics import ConfusionMatrix
from minifcn.weights.npz import load_arrays, save_arrays

CPU = ["--device", "cpu"]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """A folder with data, photographs, networks and a run that was stopped; no case may change it."""
    folder = tmp_path_factory.mktemp("workspace")
    data = tiny.camvid_folder(folder / "data")
    dataset = open_dataset("camvid", data)
    tiny.save_network(folder / "8s.npz", "fcn8s", dataset=dataset)
    tiny.save_network(folder / "wide.npz", "fcn8s", dataset=dataset, width=1 / 8)
    tiny.save_network(folder / "scenes.npz", "fcn8s")
    (folder / "cut.npz").write_bytes((folder / "8s.npz").read_bytes()[:5000])
    np.savez(folder / "pickle.npz", weight=np.array([{}], dtype=object))
    (folder / "notes.txt").write_text("dear diary\n")
    (folder / "empty").mkdir()
    os.mkfifo(folder / "pipe")
    (folder / "circle").symlink_to("circle")
    (folder / "link.npz").symlink_to("nothing")
    for name in ("a.png", "a_view.png", "b.jpg", "more/a.png"):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(data / "train" / "0.png", folder / name)
    (folder / "cut.png").write_bytes((folder / "a.png").read_bytes()[:500])
    run = tiny.trainer(folder / "run", data="camvid", root=str(data), model="fcn8s", epochs=2)
    tiny.stop_after(1, run)
    return folder


def assert_refused(capsys, workspace, arguments, *words):
    """The command ends with 2, one line with these words, and every file as before."""
    before = tiny.listing(workspace)
    capsys.readouterr()
    code = tiny.command(*[str(a).format(w=workspace) for a in arguments])
    err = capsys.readouterr().err
    assert code == 2
    assert err.startswith("minifcn: error: ") and err.endswith("\n") and err.count("\n") == 1, err
    assert "Traceback" not in err
    for word in words:
        assert word.format(w=workspace) in err, err
    after = tiny.listing(workspace)
    assert after.keys() == before.keys()
    assert [name for name in before if after[name] != before[name]] == []


def cases(*rows):
    """Parameters from rows of (command line, word that the message has, ...)."""
    return [pytest.param(row[0].split(), row[1:], id=row[0].replace("{w}/", "")) for row in rows]


@pytest.mark.parametrize(
    "arguments, words",
    cases(
        ("fly", "fly"),
        ("train", "--out"),
        ("train --out {w}/new --speed 3", "--speed"),
        ("train --out", "--out"),
        ("check now", "now"),
        ("check --device tpu", "tpu"),
        ("summary", "MODEL"),
        ("summary fcn4s", "fcn4s", "fcn8s"),
        ("summary fcn8s --image 500", "--image", "500", "x"),
        ("summary fcn8s --image 500x", "--image", "500x"),
        ("summary fcn8s --image x500", "--image", "x500"),
        ("summary fcn8s --image 0x0", "0x0"),
        ("summary fcn8s --image 10x0", "10x0"),
        ("summary fcn8s --image=-5x5", "-5x5"),
        ("summary fcn8s --image 1.5x3", "1.5x3"),
        ("summary fcn8s --image 5x5x5", "5x5x5"),
        ("summary fcn8s --width 0.02 --fc-channels 4 --padding 72 --image 9x9", "9x9", "too small", "padding 72"),
        ("summary fcn8s --padding abc", "--padding", "abc", "same"),
        ("summary fcn8s --padding -1", "padding", "-1"),
        ("summary fcn8s --padding 1.5", "--padding", "1.5"),
        ("summary fcn8s --n-class 0", "n_class", "0"),
        ("summary fcn8s --n-class few", "--n-class", "few"),
        ("summary fcn8s --width 0", "width", "0"),
        ("summary fcn8s --width -1", "width", "-1"),
        ("summary fcn8s --width nan", "width", "nan"),
        ("summary fcn8s --width inf", "width", "inf"),
        ("train --width 1e9 --out {w}/new", "--width is 1000000000.0", "at most 1000"),
        ("summary fcn8s --fc-channels 0", "fc_channels"),
        ("demo --epochs few", "--epochs", "few"),
        ("demo --epochs 0 --out {w}/new", "--epochs", "0"),
        ("demo --out {w}/notes.txt", "--out", "notes.txt is a file; name a folder"),
        ("predict {w}/a.png --weights {w}/8s.npz --out {w}/notes.txt", "notes.txt is a file; name a folder"),
        ("predict {w}/a.png --weights {w}/8s.npz --out {w}/notes.txt/b.png", "notes.txt is a file; name a folder"),
        ("predict {w}/a.png --weights {w}/run --out {w}/new", "it is a folder; name a file", "{w}/run/best.npz"),
        ("export --weights {w}/8s.npz --out {w}/notes.txt/w.pth", "notes.txt is a file; name a folder"),
        ("train --out {w}/notes.txt/run", "notes.txt is a file; name a folder"),
        ("demo --speed 3", "--speed"),
        ("demo --epochs 1000001 --out {w}/new", "--epochs is 1000001; expected 1 to 1000000"),
        ("summary fcn8s --n-class 1000001", "--n-class is 1000001; expected 1 to 1000000"),
        ("summary fcn8s --fc-channels 1000001", "--fc-channels is 1000001; expected at most 1000000"),
        ("summary fcn8s --width 1e18", "--width", "expected at most 1000"),
        ("summary fcn8s --image 1000001x1", "1000001x1", "pixels from 1 to 1000000"),
        ("summary fcn8s --padding ٣٣٣", "--padding", "'٣٣٣'", "same"),
        ("summary vgg16 --upsampling fixed", "--upsampling fixed: vgg16 is a classifier"),
        ("predict {w}/pipe --weights {w}/8s.npz --out {w}/new", "image {w}/pipe: it is a pipe or a device"),
        ("predict {w}/a.png --weights {w}/8s.npz --out {w}/circle/x", "circle"),
        ("export --weights {w}/8s.npz --out {w}/circle", "circle"),
        ("export --weights {w}/8s.npz --out {w}/link.npz", "{w}/link.npz exists", "--overwrite"),
        ("data --split=--", "--split=--: -- is no value"),
    ),
)
def test_commands_that_cannot_be(capsys, workspace, arguments, words):
    assert_refused(capsys, workspace, arguments, *words)


@pytest.mark.parametrize(
    "options, words",
    cases(
        ("--model fcn4s", "fcn4s", "fcn32s"),
        ("--data imagenet", "imagenet", "camvid"),
        ("--epochs 0", "--epochs", "0"),
        ("--epochs -3", "--epochs", "-3"),
        ("--epochs 1.5", "--epochs", "1.5"),
        ("--epochs 1_0", "--epochs", "'1_0' is no whole number"),
        ("--epochs ٣", "--epochs", "'٣' is no whole number"),
        ("--epochs=", "--epochs", "'' is no whole number"),
        (f"--seed {10**18}", "--seed", "at most 18 digits"),
        (f"--jitter {'9' * 5000}", "--jitter", "... (5000 letters) is out of range"),
        ("--crop 1000001", "--crop is 1000001; expected at most 1000000"),
        ("--lr 1e400", "--lr", "'1e400' is out of range"),
        ("--lr ٣.٣", "--lr", "'٣.٣' is no number"),
        ("--values 0 ٣", "--values", "'٣' is no whole number"),
        ("--epoch-steps 1000000 --batch-size 11", "--epoch-steps 1000000, of --batch-size 11", "10000000 images"),
        ("--size 1", "--size 1: labels of camvid show one class at that size: give a larger one"),
        ("--batch-size 0", "--batch-size", "0"),
        ("--batch-size -1", "--batch-size", "-1"),
        ("--accumulate 0", "--accumulate", "0"),
        ("--lr 0", "lr", "0"),
        ("--lr -0.1", "lr", "-0.1"),
        ("--lr nan", "lr", "nan"),
        ("--lr inf", "lr", "inf"),
        ("--lr fast", "--lr", "fast"),
        ("--schedule triangle", "triangle", "cosine"),
        ("--momentum 1.5", "momentum", "1.5"),
        ("--momentum -0.1", "momentum", "-0.1"),
        ("--weight-decay -1", "decay", "-1"),
        ("--weight-decay inf", "decay", "inf"),
        ("--width 0", "width", "0"),
        ("--width -1", "width", "-1"),
        ("--width inf", "width", "inf"),
        ("--fc-channels 0", "fc_channels", "0"),
        ("--padding abc", "--padding", "abc", "same"),
        ("--padding -3", "padding", "-3"),
        ("--padding 50", "padding 50", "never cover"),
        ("--padding 0 --crop 16", "padding 0", "never cover"),
        ("--padding 82 --crop 16", "padding 82", "16x16", "too small"),
        ("--image-size 0", "image_size", "0"),
        ("--image-size -3", "image_size", "-3"),
        ("--model fcn-alexnet --backbone vgg16", "--backbone vgg16", "fcn-alexnet has its own"),
        ("--model fcn-vgg16 --backbone vgg11", "--backbone vgg11", "fcn-vgg16 has its own"),
        ("--model fcn-googlenet", "--fc-channels 8", "neither fc6 nor fc7"),
        ("--model fcn32s --backbone googlenet", "--fc-channels 8", "neither fc6 nor fc7"),
        ("--dropout 1", "1"),
        ("--dropout -0.5", "-0.5"),
        ("--upsampling cubic", "cubic", "learned"),
        ("--crop 0", "crop", "0"),
        ("--crop -8", "crop", "-8"),
        ("--jitter -1", "jitter", "-1"),
        ("--seed -1", "seed", "-1"),
        ("--seed x", "--seed", "x"),
        ("--device tpu", "--device", "tpu"),
        ("--data scenes", "scenes", "{w}/data"),  # with a root
        ("--data voc", "{w}/data", "VOC"),
        ("--root {w}/nowhere", "{w}/nowhere"),
        ("--root {w}/empty", "{w}/empty", "empty"),
        ("--root {w}/notes.txt", "{w}/notes.txt"),
        ("--root {w}/more", "train.txt"),
        ("--init {w}/nowhere.npz", "{w}/nowhere.npz"),
        ("--init {w}/data", "{w}/data"),
        ("--init {w}/cut.npz", "{w}/cut.npz"),
        ("--init {w}/pickle.npz", "{w}/pickle.npz", "pickle"),
        ("--init {w}/notes.txt", "{w}/notes.txt"),
        ("--init {w}/wide.npz", "{w}/wide.npz", "conv1_1.weight", "(8, 3, 3, 3)", "(4, 3, 3, 3)"),
        ("--out {w}/notes.txt", "{w}/notes.txt"),
        ("--out {w}/notes.txt/new", "{w}/notes.txt/new"),
        ("--out /proc/nowhere", "/proc/nowhere"),
        ("--out {w}/run", "{w}/run", "--overwrite", "--resume"),
        ("--resume", "{w}/new", "holds no run"),
        ("--resume --out {w}/empty", "{w}/empty", "holds no run"),
        ("--resume --out {w}/notes.txt", "{w}/notes.txt"),
        ("--resume --overwrite --out {w}/run", "--resume", "--overwrite"),
    ),
)
def test_a_training_that_cannot_be(capsys, workspace, options, words):
    """Last options win, so each case changes one thing in a training that would run."""
    good = ["train", "--data", "camvid", "--root", "{w}/data", "--model", "fcn8s", "--epochs", 1, *tiny.FLAGS]
    assert_refused(capsys, workspace, [*good, "--out", "{w}/new", *options], *words)


@pytest.mark.parametrize(
    ("masks", "options", "words"),
    [
        ([0, 255], "--void 255", ("one class", "always right", "two-tone masks give two")),
        ([0, 255], "--classes a b c", ("is 'a' or void (255)", "reads two-tone masks as background and object")),
        ([7], "", ("one class", "exp(x) / exp(x) = 1 whatever the weights are")),
        ([255], "--classes a b", ("void (255)", "nothing to learn")),
        (range(1, 4), "", ("hold 1, 2, 3, and never 0", "--values 1 2 3")),
        (range(299), "", ("holds 299 values", "at most 255 classes")),
        ([0, 1], "--val-share 1.5", ("--val-share is 1.5",)),
        ([0, 1], "--size 0", ("--size", "640x480")),
        ([0, 1], "--values 0 0", ("--values 0 0", "each once")),
        ([0, 1], "--classes leaf leaf", ("'leaf' is there twice",)),
    ],
)
def test_one_s_own_pictures_that_no_network_learns_from(capsys, tmp_path, masks, options, words):
    (tmp_path / "own/images").mkdir(parents=True), (tmp_path / "own/masks").mkdir()
    for number in range(4):
        values = np.resize(np.array(list(masks), np.uint16 if max(masks) > 255 else np.uint8), (20, 20))
        Image.fromarray(values).save(tmp_path / f"own/masks/{number}.png")
        Image.new("RGB", (20, 20)).save(tmp_path / f"own/images/{number}.png")
    train = ["train", "--data", "folder", "--root", "{w}/own", *tiny.FLAGS, "--out", "{w}/run", *options.split()]
    assert_refused(capsys, tmp_path, train, *words)


@pytest.mark.parametrize(
    "option, words",
    cases(
        ("--padding 50", "never cover"),
        ("--lr -1", "lr"),
        ("--root {w}/nowhere", "nowhere"),
        ("--init {w}/cut.npz", "cut.npz"),
        ("--crop 0", "crop"),
    ),
)
def test_a_run_to_be_replaced_is_kept_where_the_new_one_cannot_be(capsys, workspace, option, words):
    good = ["train", "--data", "camvid", "--root", "{w}/data", "--model", "fcn8s", "--epochs", 1, *tiny.FLAGS]
    assert_refused(capsys, workspace, [*good, "--out", "{w}/run", "--overwrite", *option], *words)


@pytest.mark.parametrize(
    "option, words",
    cases(
        ("--lr 0.5", "--lr", "0.5", "0.02"),
        ("--batch-size 3", "--batch-size", "3", "2"),
        ("--model fcn16s", "--model", "fcn16s", "fcn8s"),
        ("--epochs 0", "--epochs", "0", "1 to 1000000"),
        ("--no-mirror", "--resume: --no-mirror is given, the run has --mirror"),
        ("--at-once", "--resume: --at-once is given, the run has --no-at-once"),
        ("--freeze conv* fc*", "--resume: --freeze 'conv*' 'fc*' is given, the run has none"),
        ("--init {w}/8s.npz", "--init", "8s.npz"),
        ("--root {w}/nowhere", "{w}/nowhere"),
    ),
)
def test_a_run_is_not_resumed_with_other_settings(capsys, workspace, option, words):
    assert_refused(capsys, workspace, ["train", "--out", "{w}/run", "--resume", *CPU, *option], *words)


def without_velocities(folder):
    arrays, about = load_arrays(folder / "last.npz")
    arrays = {name: array for name, array in arrays.items() if not name.startswith("velocity/")}
    save_arrays(folder / "last.npz", arrays, about)


def changed_settings(**changes):
    def change(folder):
        settings = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(settings | changes))

    return change


def changed_last(entry, **changes):
    def change(folder):
        arrays, about = load_arrays(folder / "last.npz")
        save_arrays(folder / "last.npz", arrays, about | {entry: about[entry] | changes})

    return change


def changed_twice(**changes):
    """As if the run had been made so: config.json and last.npz agree."""

    def change(folder):
        changed_settings(**changes)(folder)
        settings = load_arrays(folder / "last.npz")[1]["run"]["settings"]
        changed_last("run", settings=settings | changes)(folder)

    return change


def with_record(record):
    def change(folder):
        arrays, about = load_arrays(folder / "last.npz")
        save_arrays(folder / "last.npz", arrays, about | {"run": record})

    return change


def replaced(make):
    def change(folder):
        (folder / "last.npz").unlink()
        make(folder / "last.npz")

    return change


DAMAGES = {
    "config cut": ("config.json", lambda f: (f / "config.json").write_text('{"model": "fcn')),
    "config empty": ("config.json", lambda f: (f / "config.json").write_text("")),
    "config a list": ("config.json", lambda f: (f / "config.json").write_text("[]")),
    "config binary": ("config.json", lambda f: (f / "config.json").write_bytes(b"\xff\x00\xfe")),
    "config of another version": ("config.json", changed_settings(mood="good")),
    "config of another type": ("epochs", changed_settings(epochs="ten")),
    "config of another model": ("last.npz", changed_settings(model="fcn16s")),
    "config of another width": ("last.npz", changed_settings(width=1 / 8)),
    "config of an unknown model": ("fcn4s", changed_settings(model="fcn4s")),
    "config of no text": ("config.json says model ['fcn8s'], ", changed_settings(model=["fcn8s"])),
    "settings of no text": ("config.json: --model is ['fcn8s']", changed_twice(model=["fcn8s"])),
    "config of too many digits": ("config.json: --epochs is 1000", changed_settings(epochs=10**4000)),
    "config deep": ("config.json: it is no JSON", lambda f: (f / "config.json").write_text("[" * 100_000)),
    "settings of no numbers": ("config.json: --values has 'a' in it", changed_twice(values=["a"])),
    "settings of no patterns": ("config.json: --freeze has None in it", changed_twice(freeze=[None])),
    "settings of no rate": ("config.json: SGD: lr is inf", changed_twice(lr=float("inf"))),
    "config of no folder": ("config.json: own.splits is missing", changed_settings(own={"told": {}})),
    "config of no run": ("config.json: run is 5, expected a text", changed_settings(run=5)),
    "epoch below 0": ("progress.epoch is -1, expected", changed_last("progress", epoch=-1)),
    "history a number": ("progress.history is 5, expected a list", changed_last("progress", history=5)),
    "record a number": ("last.npz: what it says of itself (about): run is 5, expected an object", with_record(5)),
    "record cut": ("run.own is missing, expected id, settings, own", with_record({"id": "x", "settings": {}})),
    "record of no name": ("run.id is [1], expected a text", changed_last("run", id=[1])),
    "record of no settings": ("run.settings is [], expected an object", changed_last("run", settings=[])),
    "record of no folder": ("run.own.splits is missing", changed_last("run", own={"told": {}})),
    "record of no plan": ("run.later is 5, expected a list", changed_last("run", later=5)),
    "record of more": ("run has the entry 'mood', expected none but", changed_last("run", mood="good")),
    "last a folder": ("last.npz: it is a folder", replaced(lambda path: path.mkdir())),
    "last a pipe": ("last.npz: it is a pipe", replaced(os.mkfifo)),
    "last a byte": ("last.npz: its 1 bytes are no .npz", replaced(lambda path: path.write_bytes(b"7"))),
    "last gone": ("best.npz", lambda f: (f / "last.npz").rename(f / "best.npz")),
    "last cut": ("last.npz", lambda f: (f / "last.npz").write_bytes((f / "last.npz").read_bytes()[:-100])),
    "last empty": ("last.npz", lambda f: (f / "last.npz").write_bytes(b"")),
    "last a text": ("last.npz", lambda f: (f / "last.npz").write_text("dear diary")),
    "last without velocities": ("last.npz", without_velocities),
    "last without position": ("last.npz", lambda f: shutil.copy(f.parent / "8s.npz", f / "last.npz")),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_run_is_not_resumed(capsys, tmp_path, workspace, damage):
    shutil.copytree(workspace / "run", tmp_path / "run")
    shutil.copy(workspace / "8s.npz", tmp_path)
    word, do = DAMAGES[damage]
    do(tmp_path / "run")
    assert_refused(capsys, tmp_path, ["train", "--out", "{w}/run", "--resume", "--data", "camvid", *CPU], word)


@pytest.mark.parametrize(
    "options, words",
    cases(
        ("--data camvid --root {w}/data", "--weights"),
        ("--weights {w}/nowhere.npz --data camvid --root {w}/data", "{w}/nowhere.npz"),
        ("--weights {w}/data --data camvid --root {w}/data", "{w}/data"),
        ("--weights {w}/cut.npz --data camvid --root {w}/data", "{w}/cut.npz"),
        ("--weights {w}/pickle.npz --data camvid --root {w}/data", "{w}/pickle.npz", "pickle"),
        ("--weights {w}/8s.npz {w}/notes.txt --data camvid --root {w}/data", "{w}/notes.txt"),
        ("--weights {w}/scenes.npz --data camvid --root {w}/data", "{w}/scenes.npz", "other classes"),
        ("--weights {w}/8s.npz --data camvid --root {w}/data --split nonsense", "nonsense"),
        ("--weights {w}/scenes.npz --split nonsense", "nonsense"),
        ("--weights {w}/8s.npz --data camvid --root {w}/nowhere", "{w}/nowhere"),
        ("--weights {w}/8s.npz --data camvid --root {w}/empty", "{w}/empty"),
        ("--weights {w}/8s.npz --data camvid", "--root"),
        ("--weights {w}/8s.npz --data camvid --root {w}/data --picture {w}/nowhere/p.png", "{w}/nowhere"),
        ("--weights {w}/8s.npz --data camvid --root {w}/data --picture {w}/p.xyz", "{w}/p.xyz"),
        ("--weights {w}/8s.npz --data camvid --root {w}/data --picture {w}/empty", "{w}/empty"),
    ),
)
def test_an_evaluation_that_cannot_be(capsys, workspace, options, words):
    assert_refused(capsys, workspace, ["evaluate", *CPU, *options], *words)


@pytest.mark.parametrize(
    "options, words",
    cases(
        ("--weights {w}/8s.npz --out {w}/new", "IMAGE"),
        ("{w}/a.png --weights {w}/8s.npz", "--out"),
        ("{w}/a.png --weights {w}/nowhere.npz --out {w}/new", "{w}/nowhere.npz"),
        ("{w}/a.png --weights {w}/cut.npz --out {w}/new", "{w}/cut.npz"),
        ("{w}/nowhere.png --weights {w}/8s.npz --out {w}/new", "{w}/nowhere.png"),
        ("{w}/cut.png --weights {w}/8s.npz --out {w}/new", "{w}/cut.png"),
        ("{w}/notes.txt --weights {w}/8s.npz --out {w}/new", "{w}/notes.txt"),
        ("{w}/data --weights {w}/8s.npz --out {w}/new", "{w}/data"),
        ("{w}/a.png {w}/b.jpg --weights {w}/8s.npz --out {w}/new.png", "{w}/new.png", "2 images"),
        ("{w}/a.png --weights {w}/8s.npz --out {w}/new --tile 50", "tile 50", "at least 51 pixels for FCN-8s"),
        ("{w}/a.png --weights {w}/8s.npz --out {w}/new --size 10x", "--size", "'10x'", "640x480"),
        ("{w}/empty --weights {w}/8s.npz --out {w}/new", "folder {w}/empty: no pictures", "'{w}/empty/**'"),
        ("{w}/*.gif --weights {w}/8s.npz --out {w}/new", "pattern {w}/*.gif: no pictures"),
        ("{w}/more --weights {w}/8s.npz --out {w}/more", "the folder of the images itself", "{w}/more/predicted"),
        ("{w}/b.jpg --weights {w}/8s.npz --out {w}/a.png", "{w}/a.png", "--overwrite"),
        ("{w}/b.jpg --weights {w}/8s.npz --out {w}/new.jpg", "{w}/new.jpg", ".png"),
        ("{w}/b.jpg --weights {w}/8s.npz --out {w}/new.JPEG", "{w}/new.JPEG", ".png"),
        ("{w}/b.jpg --weights {w}/8s.npz --out {w}/a.jpg --overwrite", "{w}/a.jpg", ".png"),
        ("{w}/a.png --weights {w}/8s.npz --out {w}/a.png", "{w}/a.png"),
        ("{w}/a.png --weights {w}/8s.npz --out {w}/a.png --overwrite", "{w}/a.png", "the images themselves"),
        ("{w}/a.png --weights {w}/8s.npz --out {w} --overwrite", "{w}/a.png", "the images themselves"),
        ("{w}/a.png --weights {w}/8s.npz --out {w}/more/../a.png --overwrite", "a.png", "the images themselves"),
        ("{w}/a_view.png --weights {w}/8s.npz --out {w}/new/../a.png --overwrite", "a_view.png"),
        ("{w}/more/a.png --weights {w}/8s.npz --out {w}", "{w}/a.png", "--overwrite"),
        ("{w}/b.jpg --weights {w}/8s.npz --out {w}/notes.txt", "{w}/notes.txt"),
        ("{w}/b.jpg --weights {w}/8s.npz --out {w}/notes.txt/new", "{w}/notes.txt"),
        ("{w}/b.jpg --weights {w}/8s.npz --out /proc/nowhere", "/proc/nowhere"),
    ),
)
def test_a_prediction_that_cannot_be(capsys, workspace, options, words):
    assert_refused(capsys, workspace, ["predict", *options, *CPU], *words)


def test_a_view_of_an_earlier_prediction_is_kept(capsys, tmp_path, workspace):
    shutil.copy(workspace / "a.png", tmp_path / "photo.jpg")
    shutil.copy(workspace / "8s.npz", tmp_path)
    (tmp_path / "photo_view.png").write_text("mine")
    arguments = ["predict", "{w}/photo.jpg", "--weights", "{w}/8s.npz", "--out", "{w}", *CPU]
    assert_refused(capsys, tmp_path, arguments, "photo_view.png", "--overwrite")


def break_list(root):
    with open(root / "train.txt", "a") as file:
        file.write("/SegNet/CamVid/train/99.png /SegNet/CamVid/trainannot/99.png\n")


def cut_file(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def label(path, change):
    with Image.open(path) as image:
        Image.fromarray(change(np.array(image))).save(path)


def all_void(root, split):
    for path in (root / f"{split}annot").iterdir():
        label(path, lambda array: np.full_like(array, 11))


BROKEN_DATA = {
    "a list naming no file": (break_list, ["{w}/data/train.txt line 6", "99.png"]),
    "a list of half pairs": (lambda r: (r / "train.txt").write_text("train/0.png\n"), ["{w}/data/train.txt line 1"]),
    "an empty list": (lambda r: (r / "train.txt").write_text("\n"), ["{w}/data/train.txt"]),
    "no validation list": (lambda r: (r / "val.txt").unlink(), ["{w}/data/val.txt"]),
    "a truncated image": (lambda r: cut_file(r / "train" / "3.png"), ["{w}/data/train/3.png"]),
    "no image": (lambda r: (r / "train" / "3.png").write_text("dear diary"), ["{w}/data/train/3.png"]),
    "a truncated label": (lambda r: cut_file(r / "trainannot" / "3.png"), ["{w}/data/trainannot/3.png"]),
    "a truncated image to validate on": (lambda r: cut_file(r / "val" / "1.png"), ["{w}/data/val/1.png"]),
    "a label of another size": (
        lambda r: label(r / "trainannot" / "2.png", lambda array: array[:, :30]),
        ["{w}/data/trainannot/2.png", "30x32", "32x32"],
    ),
    "a label outside the classes": (
        lambda r: label(r / "trainannot" / "2.png", lambda array: np.full_like(array, 12)),
        ["{w}/data/trainannot/2.png", "12"],
    ),
    "labels all void": (lambda r: all_void(r, "train"), ["void"]),
    "validation labels all void": (lambda r: all_void(r, "val"), ["void"]),
}


@pytest.mark.parametrize("damage", BROKEN_DATA)
def test_data_that_is_broken(capsys, tmp_path, damage):
    """Found where the file is read, which may be in the midst of a training: what it left by then is whole."""
    data = tiny.camvid_folder(tmp_path / "data")
    do, words = BROKEN_DATA[damage]
    do(data)
    before = tiny.listing(tmp_path)
    out = tmp_path / "run"
    assert tiny.command("train", "--data", "camvid", "--root", data, "--epochs", 1, *tiny.FLAGS, "--out", out) == 2
    err = capsys.readouterr().err
    assert err.startswith("minifcn: error: ") and err.count("\n") == 1, err
    assert all(word.format(w=tmp_path) in err for word in words), err
    after = tiny.listing(tmp_path)
    assert {name: after[name] for name in before} == before
    assert not [name for name in after if name.endswith("unfinished")]
    if (out / "last.npz").exists():
        assert load_arrays(out / "last.npz")[1]["progress"]["batch"] > 0 and "--resume" in err


def test_evaluating_nothing_but_void_is_an_error(capsys, tmp_path, workspace):
    data = tiny.camvid_folder(tmp_path / "data")
    all_void(data, "val")
    arguments = ["evaluate", "--weights", workspace / "8s.npz", "--data", "camvid", "--root", data, *CPU]
    assert_refused(capsys, tmp_path, arguments, "camvid", "void")


@pytest.mark.parametrize("command", ["train --out {w}/new", "evaluate --weights {w}/8s.npz", "demo --out {w}/new"])
def test_a_gpu_that_is_not_there_is_an_error(capsys, monkeypatch, workspace, command):
    monkeypatch.setattr("minifcn.backend.arrays.gpu_status", lambda: GpuStatus(False, "there is none"))
    assert_refused(capsys, workspace, [*command.split(), "--device", "gpu"], "gpu", "there is none", "--device cpu")


def test_a_disk_that_is_full_while_a_label_map_is_written(capsys, monkeypatch, workspace):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(results, "label_map", lambda *_: type("Full", (), {"save": staticmethod(full)}))
    before = tiny.listing(workspace)
    code = tiny.command("predict", workspace / "b.jpg", "--weights", workspace / "8s.npz", "--out", workspace, *CPU)
    err = capsys.readouterr().err
    assert code == 2 and err.count("\n") == 1 and "No space left" in err
    assert tiny.listing(workspace) == before


def test_a_real_process_says_one_line_too(tmp_path):
    code, out, err = tiny.run("train", "--data", "camvid", "--root", tmp_path / "nowhere", "--out", tmp_path / "new")
    assert code == 2 and "Traceback" not in out
    assert err.startswith("minifcn: error: ") and err.count("\n") == 1
    assert tiny.listing(tmp_path) == {}


@pytest.mark.parametrize(
    "options, words",
    cases(
        ("--sample 1e-300", "with --sample 1e-300 no labelled pixel", "give a larger --sample"),
        ("--jitter 500", "with --jitter 500 no labelled pixel", "give a smaller --jitter"),
        (
            "--weight-decay 1e300",
            "weight decay 1e+300 x learning rate 0.",
            "a lower --weight-decay, 0.0005 is the default",
        ),
    ),
)
def test_a_training_that_learns_nothing_blames_what_is_at_fault(capsys, tmp_path, options, words):
    data = tiny.camvid_folder(tmp_path / "data")
    options = [*tiny.FLAGS, "--epochs", 1, "--out", tmp_path / "run", *options]
    assert tiny.command("train", "--data", "camvid", "--root", data, *options) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and all(word in err for word in words) and "check the labels" not in err


@pytest.mark.parametrize("lr, advice", [("1e6", "a lower --lr: 0.02, the default"), ("0.1", "a lower --lr, 0.01 say")])
def test_who_diverged_is_not_advised_to_do_so_again(capsys, monkeypatch, tmp_path, lr, advice):
    """As the loss of a step, or that of the validation, is no number any more."""
    data = tiny.camvid_folder(tmp_path / "data")
    options = ["train", "--data", "camvid", "--root", data, *tiny.FLAGS, "--epochs", 1, "--lr", lr]
    for place in ("training.trainer.evaluate", "training.criterion.PixelLoss.__call__"):
        with monkeypatch.context() as patch:
            none = (ConfusionMatrix(11), math.nan) if place.endswith("evaluate") else math.nan
            patch.setattr(f"minifcn.{place}", lambda *_, none=none: none)
            assert tiny.command(*options, "--out", tmp_path / place) == 2
        err = capsys.readouterr().err
        assert err.count("\n") == 1 and "diverged, learning rate" in err and f"start again with {advice}" in err
        assert ", in epoch 1; " in err


def test_a_real_training_that_diverges_says_one_line(tmp_path):
    data = tiny.camvid_folder(tmp_path / "data")
    options = ["--root", data, *tiny.FLAGS, "--epochs", 2, "--lr", "1e8", "--out", tmp_path / "run"]
    code, _, err = tiny.run("train", "--data", "camvid", *options)
    assert code == 2
    assert err.startswith("minifcn: error: ") and err.count("\n") == 1, err
    assert "diverged" in err and "step 2" in err and "learning rate" in err and "lower --lr" in err
    assert load_arrays(tmp_path / "run" / "last.npz")[1]["progress"]["step"] == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "--epochs", 1, *tiny.FLAGS, "--out", ""],
        ["pretrain", "--epochs", 1, "--out", ""],
        ["demo", "--epochs", 1, "--out", ""],
        ["predict", "{w}/a.png", "--weights", "{w}/8s.npz", "--out", ""],
        ["arithmetic", "--out", ""],
        ["bench", "memory", "--out", ""],
    ],
    ids=lambda arguments: arguments[0],
)
def test_an_empty_out_is_no_folder(capsys, monkeypatch, workspace, arguments):
    """Not even the current one."""
    monkeypatch.chdir(workspace / "empty")
    assert_refused(capsys, workspace, [*arguments, *CPU], "--out is empty: name a folder, . is this one")


def test_an_empty_picture_is_no_file(capsys, workspace):
    data = ["--data", "camvid", "--root", "{w}/data", "--weights", "{w}/8s.npz"]
    assert_refused(capsys, workspace, ["evaluate", *CPU, *data, "--picture", ""], "--picture")


def test_networks_that_saw_different_sizes_are_not_compared_at_one(capsys, workspace, tmp_path):
    arrays, about = load_arrays(workspace / "8s.npz")
    for name, size in (("whole", None), ("small", "16")):
        save_arrays(tmp_path / f"{name}.npz", arrays, about | {"size": size})
    weights = ["--weights", tmp_path / "small.npz", tmp_path / "whole.npz"]
    evaluate = ["evaluate", "--data", "camvid", "--root", workspace / "data", *CPU, *weights]
    assert_refused(capsys, tmp_path, evaluate, "small.npz: 16, ", "whole.npz: their own size", "give --size")
    assert tiny.command(*evaluate, "--size", "16") == 0
    assert "brought to 16 pixels, as asked" in capsys.readouterr().out
    assert tiny.command(*evaluate[:-1]) == 0
    assert "brought to 16 pixels, as in training" in capsys.readouterr().out


FORGED = "a\nminifcn: error: all is lost\x1b[2J"


@pytest.mark.parametrize("command", ["predict", "evaluate", "export", "train", "data"])
def test_a_name_forges_no_line_of_an_error(capsys, tmp_path, workspace, command):
    odd, out = tmp_path / FORGED, tmp_path / "out.npz"
    arguments = {
        "predict": ["predict", odd, "--weights", workspace / "8s.npz"],
        "evaluate": ["evaluate", "--weights", odd],
        "export": ["export", "--weights", odd],
        "train": ["train", "--init", odd],
        "data": ["data", "--data", "folder", "--root", odd],
    }[command]
    assert tiny.command(*arguments, *(["--out", out] if command not in ("evaluate", "data") else []), *CPU) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and r"a\nminifcn: error: all is lost\x1b[2J" in said and "\x1b" not in said


def test_texts_beside_weights_are_shown_as_they_are_and_move_no_cursor(capsys, tmp_path, workspace):
    arrays, about = load_arrays(workspace / "8s.npz")
    about |= {"title": FORGED, "classes": [FORGED, *about["classes"][1:]], "data": FORGED}
    save_arrays(tmp_path / "odd.npz", arrays, about)
    assert tiny.command("export", "--weights", tmp_path / "odd.npz", "--out", tmp_path / "out.pth", *CPU) == 0
    data = ["--data", "camvid", "--root", workspace / "data", *CPU]
    assert tiny.command("evaluate", "--weights", tmp_path / "odd.npz", *data) == 2
    said = "".join(capsys.readouterr())
    assert (
        said.count(r"a\nminifcn: error: all is lost\x1b[2J") == 2
        and "\x1b" not in said
        and "\nminifcn: error: all" not in said
    )
