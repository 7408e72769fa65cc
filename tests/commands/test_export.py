"""The command `export`: every format, read back with all that is known about the network; and what is refused."""

import errno
import json
import os
import sys

import numpy as np
import pytest
import tiny
from PIL import Image
from safetensors import safe_open

from minifcn.data import Preprocessing, open_dataset, predict_image
from minifcn.errors import InputError
from minifcn.models import BACKBONES
from minifcn.weights.loading import load_any, load_model
from minifcn.weights.npz import VELOCITY, load_arrays, save_arrays
from minifcn.weights.tensors import read_about

BACK = [".pth", ".safetensors", ".npz"]  # what is read here, too


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of FCN-8s on tiny scenes that was trained to its end."""
    trainer = tiny.trainer(tmp_path_factory.mktemp("runs") / "8s", model="fcn8s", mirror=False)
    trainer.run(tiny.Silent())
    return trainer.folder


def export(capsys, weights, out, *more):
    """What the command prints, its lines joined."""
    code = tiny.command("export", "--weights", weights, "--out", out, *more)
    said, err = capsys.readouterr()
    assert (code, err) == (0, ""), err
    return said


def assert_refused(capsys, folder, arguments, *words):
    before = tiny.listing(folder)
    assert tiny.command("export", *arguments) == 2
    err = capsys.readouterr().err
    assert err.startswith("minifcn: error: ") and err.count("\n") == 1 and all(word in err for word in words), err
    assert tiny.listing(folder) == before


@pytest.mark.filterwarnings("ignore::minifcn.errors.Caution")
@pytest.mark.parametrize("suffix", BACK)
def test_weights_classes_and_preprocessing_come_back(capsys, tmp_path, run, suffix):
    export(capsys, run.last, tmp_path / f"more/w{suffix}")
    (arrays, expected), (model, about) = load_arrays(run.last), load_model(tmp_path / f"more/w{suffix}")
    del expected["progress"], expected["run"]
    assert about == expected and about["settings"]["padding"] == "same"
    weights = {name: array for name, array in arrays.items() if not name.startswith(VELOCITY)}
    state = model.state_dict()
    assert state.keys() == weights.keys() and len(arrays) > len(weights)
    for name, array in weights.items():
        np.testing.assert_array_equal(state[name], array)
    assert [path.name for path in (tmp_path / "more").iterdir()] == [f"w{suffix}"]


def test_an_npz_is_without_what_only_a_training_needs(capsys, tmp_path, run):
    for weights in (run.last, run.best):
        export(capsys, weights, tmp_path / "w.npz", "--overwrite")
        arrays, about = load_arrays(tmp_path / "w.npz")
        assert not any(name.startswith(VELOCITY) for name in arrays)
        more = load_arrays(weights)[1].keys() - about.keys()
        assert more == {"run", "progress" if weights == run.last else "scores"}


def test_other_programs_find_it_in_the_metadata(capsys, tmp_path, run):
    export(capsys, run.best, tmp_path / "w.safetensors")
    with safe_open(tmp_path / "w.safetensors", "np") as file:
        about = json.loads(file.metadata()["minifcn"])
        assert file.get_tensor("conv1_1.weight").shape == (4, 3, 3, 3)
    assert about["model"] == "fcn8s" and about["classes"][1] == "disc" and about["settings"]["padding"] == "same"
    assert about["preprocessing"].keys() == {"mean", "std", "channels"}


@pytest.mark.parametrize("suffix", BACK)
def test_images_are_resized_as_the_training_resized_them(capsys, tmp_path, suffix):
    """So are those that `evaluate` compares with, and --size is said where the file is written."""
    tiny.save_network(tmp_path / "w.npz", dataset=open_dataset("camvid", tiny.camvid_folder(tmp_path / "data")))
    arrays, about = load_arrays(tmp_path / "w.npz")
    save_arrays(tmp_path / "w.npz", arrays, about | {"size": "20x16"})
    assert "  resized before that, as by --size 20x16\n" in export(
        capsys, tmp_path / "w.npz", tmp_path / f"new{suffix}"
    )
    said = []
    for name in ("w.npz", f"new{suffix}"):
        data = ["--data", "camvid", "--root", tmp_path / "data"]
        assert tiny.command("evaluate", "--weights", tmp_path / name, *data, "--device", "cpu") == 0
        said.append(capsys.readouterr().out)
    assert said[0] == said[1] and read_about(tmp_path / f"new{suffix}")["size"] == "20x16"


@pytest.mark.parametrize("suffix", BACK)
def test_a_classifier_stays_what_it_was(capsys, tmp_path, suffix):
    """With names as in Caffe, but RGB: without what stands beside them they would pass for Caffe's."""
    model = BACKBONES["vgg11"](2, 1 / 16, 8, image_size=32)
    about = {"model": "vgg11", "settings": model.settings, "data": "leaves"}
    about |= {"preprocessing": Preprocessing((1, 2, 3), (4, 5, 6)).to_dict()}
    save_arrays(tmp_path / "in.npz", model.state_dict(), about | {"classes": ["a", "b"], "palette": [[0] * 3] * 2})
    said = export(capsys, tmp_path / "in.npz", tmp_path / f"out{suffix}")
    assert "VGG11, " in said and "(N, 3, 32, 32), from 0 to 255, RGB,\n  less the mean (1, 2, 3 of R, G, B)" in said
    again, about = load_any(tmp_path / f"out{suffix}")
    assert about["preprocessing"]["channels"] == "RGB" and about["classes"] == ["a", "b"]
    np.testing.assert_array_equal(again.state_dict()["fc6.weight"], model.state_dict()["fc6.weight"])


def test_it_says_what_the_network_takes_and_gives(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("COLUMNS", "80")
    tiny.save_network(tmp_path / "w.npz", "fcn8s", channels="BGR")
    said = export(capsys, tmp_path / "w.npz", tmp_path / "w.pth").splitlines()
    assert said[0].startswith(f"wrote {tmp_path / 'w.pth'}, 0.4 MB: FCN-8s on vgg16, padding same, 84,977 parameters")
    assert said[1:] == [
        "torch.load(FILE, weights_only=True) gives the weights alone; the file has this for minifcn:",
        "images go in as floats (N, 3, height and width from 1 on), from 0 to 255, BGR,",
        "  less the mean (120, 110, 100 of R, G, B), over (60, 50, 40)",
        "classes: 0 background, 1 disc, 2 square, 3 triangle, 4 ring, 5 star, 6 ladder",
    ]


def test_a_file_of_others_may_be_exported(capsys, tmp_path):
    model = tiny.filled(BACKBONES["vgg16"](1000, 1 / 16, 8))
    names = [f"features.{n}" for n in (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)]
    names = [f"module.{layer}.{kind}" for layer in [*names, "classifier.0", "classifier.3", "classifier.6"]
             for kind in ("weight", "bias")]  # fmt: skip
    np.savez(tmp_path / "vgg16.npz", **dict(zip(names, model.state_dict().values(), strict=True)))
    said = export(capsys, tmp_path / "vgg16.npz", tmp_path / "w.npz")
    assert "39 class 39 and 960 more" in " ".join(said.split())
    arrays, about = load_arrays(tmp_path / "w.npz")
    assert (
        len(about["classes"]) == 1000
        and about["data"] == "VGG16 of torchvision"
        and about["preprocessing"]["mean"] == [123.675, 116.28, 103.53]
    )
    np.testing.assert_array_equal(arrays["conv5_3.weight"], model.state_dict()["conv5_3.weight"])


def test_onnx_of_a_run(capsys, tmp_path, run):
    onnx = pytest.importorskip("onnx", reason="onnx is not installed: pip install 'minifcn[onnx]'")
    export(capsys, run.best, tmp_path / "W.ONNX")
    made = onnx.load(tmp_path / "W.ONNX")
    (metadata,) = made.metadata_props
    assert metadata.key == "minifcn" and json.loads(metadata.value)["classes"][6] == "ladder"
    names = [[dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
             for value in (*made.graph.input, *made.graph.output)]  # fmt: skip
    assert names == [["count", 3, "height", "width"], ["count", 7, "height", "width"]]


@pytest.mark.parametrize("suffix", BACK)
def test_a_damaged_file_is_refused_in_one_line(capsys, tmp_path, suffix):
    """Cut anywhere; or with bits turned, also in what is told beside the weights, where it may still be read."""
    path, dice = tmp_path / f"w{suffix}", np.random.default_rng(0)
    tiny.save_network(tmp_path / "in.npz", "fcn32s")
    export(capsys, tmp_path / "in.npz", path)
    content = path.read_bytes()
    told = max(content.find(word) for word in (b'"settings', "settings".encode("utf-32-le")))
    cut = [content[:length] for length in dice.integers(len(content), size=30)]
    for number in range(60):
        turned = bytearray(content)
        turned[told + dice.integers(300) if number % 2 else dice.integers(len(content))] ^= 1 << dice.integers(8)
        cut.append(bytes(turned))
    for number, damaged in enumerate(cut):
        path.write_bytes(damaged)
        try:
            load_any(path)
            assert number >= 30
        except InputError as error:
            assert str(path) in str(error) and "\n" not in str(error)


EXAMPLE = tiny.readme_block("mine.onnx")


@pytest.mark.parametrize("channels", ["RGB", "BGR"])
def test_the_example_of_onnx_runtime(capsys, monkeypatch, tmp_path, channels):
    pytest.importorskip("onnx", reason="onnx is not installed: pip install 'minifcn[onnx]'")
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    monkeypatch.chdir(tmp_path)
    model = tiny.save_network("w.npz", "fcn8s", channels=channels)
    export(capsys, "w.npz", "mine.onnx")
    image = tiny.scenes()[0][0][0]
    Image.fromarray(image).save("photo.png")
    names = {}
    exec(EXAMPLE, names)
    expected = predict_image(model, image, Preprocessing((120, 110, 100), (60, 50, 40), channels))
    assert len(np.unique(expected)) > 1 and (names["label"] == expected).mean() > 0.99
    assert eval(capsys.readouterr().out) == [tiny.scenes()[0].classes[number] for number in np.unique(names["label"])]


def test_without_onnx_nothing_is_left_behind(capsys, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "onnx", None)
    tiny.save_network(tmp_path / "in.npz")
    arguments = ["--weights", tmp_path / "in.npz", "--out", tmp_path / "w.onnx"]
    assert_refused(capsys, tmp_path, arguments, "pip install 'minifcn[onnx]'")


@pytest.mark.parametrize("out", ["w", "w.txt", "w.caffemodel", "w.pth.tar", ".pth"])
def test_another_format_is_refused_with_a_list(capsys, tmp_path, out):
    tiny.save_network(tmp_path / "in.npz")
    assert_refused(
        capsys,
        tmp_path,
        ["--weights", tmp_path / "in.npz", "--out", tmp_path / out],
        f"{out} names no format: expected a file that ends in .pth, .safetensors, .npz, .onnx",
    )


def test_what_is_there_is_kept(capsys, tmp_path):
    tiny.save_network(tmp_path / "in.npz")
    (tmp_path / "w.pth").write_bytes(b"mine")
    (tmp_path / "d.pth").mkdir()
    weights = ["--weights", tmp_path / "in.npz", "--out"]
    assert_refused(capsys, tmp_path, [*weights, tmp_path / "w.pth"], "exists: give --overwrite")
    assert_refused(capsys, tmp_path, [*weights, tmp_path / "d.pth"], "is a folder")
    itself = [*weights, tmp_path / "in.npz", "--overwrite"]
    assert_refused(capsys, tmp_path, itself, "is the file of --weights itself: name another --out")
    assert_refused(capsys, tmp_path, [*weights, tmp_path / "w.pth/w.npz"], "w.pth")
    assert_refused(capsys, tmp_path, ["--weights", tmp_path / "w.pth", "--out", tmp_path / "x.npz"], "format is not")
    export(capsys, tmp_path / "in.npz", tmp_path / "w.pth", "--overwrite")
    assert load_model(tmp_path / "w.pth")[1]["classes"][1] == "disc"


@pytest.mark.parametrize("suffix", [*BACK, ".onnx"])
def test_a_full_disk_leaves_what_was_there(capsys, monkeypatch, tmp_path, suffix):
    if suffix == ".onnx":
        pytest.importorskip("onnx", reason="onnx is not installed: pip install 'minifcn[onnx]'")
    tiny.save_network(tmp_path / "in.npz")
    (tmp_path / f"w{suffix}").write_bytes(b"mine")

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    arguments = ["--weights", tmp_path / "in.npz", "--out", tmp_path / f"w{suffix}", "--overwrite"]
    assert_refused(capsys, tmp_path, arguments, "could not be written: No space left", "untouched")
