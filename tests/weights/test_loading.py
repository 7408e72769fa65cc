"""Weights that others published: to start from, to evaluate and to predict with."""

import re

import numpy as np
import pytest
import tiny
from PIL import Image
from safetensors.numpy import save_file

from minifcn.data import Scenes, Voc
from minifcn.errors import Caution, InputError
from minifcn.models import BACKBONES, FCN8s, FCN32s
from minifcn.weights.loading import load_model, load_weights, start_from
from minifcn.weights.npz import load_arrays, save_arrays

VGG16 = {"n_class": 5, "width": 1 / 16, "fc_channels": 8, "dropout": 0.0, "image_size": 224}
CONVOLUTIONS = [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28]  # torchvision's numbers
CPU = ["--device", "cpu"]


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch):
    tiny.draw_nothing(monkeypatch)


@pytest.fixture
def torchvision(tmp_path):
    """(file, {our name: array}) of a VGG16 under torchvision's names."""
    ours = BACKBONES["vgg16"](**VGG16).state_dict()
    layers = [f"features.{n}" for n in CONVOLUTIONS] + [f"classifier.{n}" for n in (0, 3, 6)]
    names = [f"{layer}.{kind}" for layer in layers for kind in ("weight", "bias")]
    save_file(dict(zip(names, ours.values(), strict=True)), tmp_path / "vgg16.safetensors")
    return tmp_path / "vgg16.safetensors", ours


def published(path, model, changes=None):
    save_file({**model.state_dict(), **(changes or {})}, path)
    return path


def heavy(n_class=21, seed=0):
    return tiny.filled(FCN8s(n_class, 1 / 16, 8, 100, seed=seed)).eval()


def test_a_published_classifier_says_what_it_is(torchvision):
    path, ours = torchvision
    arrays, about = load_weights(path)
    assert arrays.keys() == ours.keys()
    for name, array in ours.items():
        np.testing.assert_array_equal(arrays[name], array)
    assert about["model"] == "vgg16" and about["data"] == "VGG16 of torchvision"
    assert about["preprocessing"] == {
        "mean": [123.675, 116.28, 103.53],
        "std": [58.395, 57.12, 57.375],
        "channels": "RGB",
    }


@pytest.mark.parametrize("ours", [False, True])
@pytest.mark.parametrize("value", [np.nan, -np.inf, 1e39])
def test_weights_of_a_training_that_diverged_are_refused(tmp_path, ours, value):
    path, bias = tmp_path / "w", np.array([1, value, 0, 0])
    if ours:
        tiny.save_network(path)
        arrays, about = load_arrays(path)
        save_arrays(path, arrays | {"conv1_1.bias": bias}, about)
    else:
        published(path, heavy(), {"conv1_1.bias": bias})
    for read in (load_model, load_weights, lambda path: start_from(heavy(), path)):
        with pytest.raises(InputError, match=r"conv1_1\.bias is not finite"):
            read(path)


@pytest.mark.parametrize("padding", [100, "same"])
def test_training_starts_from_a_classifier_and_shows_images_as_its_training_did(torchvision, tmp_path, padding):
    path, ours = torchvision
    settings = {"padding": padding, "image_size": 224}
    run = tiny.trainer(tmp_path / "run", init=str(path), **settings)
    report = run.transplant
    assert report.reshaped == ["fc6.weight", "fc7.weight"] and len(report.copied) == 28
    assert report.left == ["score_fr.weight", "score_fr.bias", "upscore.weight"] and report.missing == []
    assert sorted(report.unused) == ["fc8.bias", "fc8.weight"]
    assert run.preprocessing.mean == (123.675, 116.28, 103.53) and run.preprocessing.channels == "RGB"
    state = run.model.state_dict()
    assert state["fc6.weight"].shape == (8, 32, 7, 7)
    for name, array in ours.items():
        if not name.startswith("fc8"):
            np.testing.assert_array_equal(state[name].ravel(), array.ravel())


def test_the_command_takes_width_and_backbone_from_the_file(capsys, tmp_path, torchvision):
    data = ["--data", "camvid", "--root", tiny.camvid_folder(tmp_path / "data")]
    options = ["--init", torchvision[0], "--epochs", 1, "--lr", 1e-4, "--out", tmp_path / "run"]
    assert tiny.command("train", *data, *options, *CPU) == 0
    said = " ".join(capsys.readouterr().out.split())  # however its lines are broken
    taken = load_model(tmp_path / "run" / "best.npz")[0].settings
    assert (taken["width"], taken["fc_channels"]) == (1 / 16, 8)
    assert f"from {torchvision[0]}: 28 arrays copied, 2 reshaped" in said
    assert "images go in as in its training: RGB, less the mean (123.675, 116.28, 103.53 of R, G, B)" in said
    assert "torchvision's poolings round down, these up: equal where sides divide by 32" in said
    model, about = load_model(tmp_path / "run" / "best.npz")
    assert about["preprocessing"]["mean"] == [123.675, 116.28, 103.53] and model.settings["width"] == 1 / 16


@pytest.mark.parametrize(
    "options, words",
    [
        (["--model", "fcn-alexnet"], ["vgg16's weights", "--model fcn-alexnet", "fcn32s"]),
        (["--width", 0.125], ["conv1_1.weight", "(4, 3, 3, 3)", "(8, 3, 3, 3)", "another width"]),
        (["--backbone", "vgg19"], []),
        (["--image-size", 96], ["fc6.weight", "image_size"]),
    ],
)
def test_weights_of_another_network(capsys, tmp_path, torchvision, options, words):
    data = ["--data", "camvid", "--root", tiny.camvid_folder(tmp_path / "data")]
    options = ["--init", torchvision[0], "--epochs", 1, "--lr", 1e-4, "--out", tmp_path / "run", *options]
    code = tiny.command("train", *data, *options, *CPU)
    err = capsys.readouterr().err
    if words:
        assert code == 2 and err.count("\n") == 1 and not (tmp_path / "run").exists()
        assert all(word in err for word in words)
    else:  # VGG19 has all of VGG16's layers, and three more
        assert code == 0
        more = [f"conv{block}_4.{kind}" for block in (3, 4, 5) for kind in ("weight", "bias")]
        assert f"no weights for {', '.join(more)}: they keep random ones" in err


@pytest.mark.parametrize("at_once", [True, False])
def test_pools_stay_scaled_in_a_net_that_starts_from_one_with_scaled_pools(capsys, tmp_path, monkeypatch, at_once):
    monkeypatch.setenv("COLUMNS", "300")  # the file's path, too, is in a table's cell
    tiny.save_network(tmp_path / "16s.npz", "fcn16s", at_once=at_once)
    assert tiny.command("train", "--model", "fcn8s", "--init", tmp_path / "16s.npz", "--explain") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert f"--at-once {'yes' if at_once else 'no'} of the weights of --init" in said


def test_missing_weights_are_cautioned_of_by_name(tmp_path):
    model = tiny.filled(FCN32s(7, 1 / 16, 8, "same"))
    state = model.state_dict()
    for lost in ("conv4_2.weight", "fc7.bias", "score_fr.bias"):
        del state[lost]
    about = {"model": "fcn32s", "settings": model.settings, "data": "scenes"}
    about |= {"preprocessing": {"mean": [1, 2, 3], "std": [4, 5, 6]}}
    save_arrays(tmp_path / "w.npz", state, about | {"classes": list("abcdefg"), "palette": [[0, 0, 0]] * 7})
    with pytest.warns(Caution, match=r"w\.npz: no weights for conv4_2\.weight, fc7\.bias: they keep random ones"):
        start_from(FCN32s(7, 1 / 16, 8, "same"), tmp_path / "w.npz")


def test_other_classes_leave_the_score_layers_as_they_were(tmp_path):
    tiny.save_network(tmp_path / "w.npz", "fcn8s")
    model = FCN8s(3, 1 / 16, 8, "same")
    report, _ = start_from(model, tmp_path / "w.npz")
    scores = [f"{layer}.{kind}" for layer in ("score_fr", "score_pool4", "score_pool3") for kind in ("weight", "bias")]
    assert report.left == [*scores, "upscore2.weight", "upscore_pool4.weight", "upscore8.weight"]
    assert report.missing == [] and not model.state_dict()["score_fr.weight"].any()


def test_a_published_fcn_predicts(capsys, tmp_path):
    model, image = heavy(), Scenes(size=40)[0][0]
    path = published(tmp_path / "fcn8s.safetensors", model)
    Image.fromarray(image).save(tmp_path / "a.png")
    assert tiny.command("predict", tmp_path / "a.png", "--weights", path, "--out", tmp_path / "new", *CPU) == 0
    capsys.readouterr()
    blue_first = image[:, :, ::-1] - np.float32([104.00699, 116.66877, 122.67892])
    expected = model(blue_first.transpose(2, 0, 1)[None].astype("float32")).argmax(axis=1)[0]
    with Image.open(tmp_path / "new" / "a.png") as label:
        np.testing.assert_array_equal(np.asarray(label), expected)
    assert len(np.unique(expected)) > 1
    _, about = load_model(path)
    assert about["classes"] == list(Voc.classes) and about["palette"] == Voc.palette.tolist()


def test_a_published_fcn_is_evaluated_on_its_classes_alone(capsys, tmp_path):
    path = published(tmp_path / "fcn8s.safetensors", heavy())
    assert tiny.command("evaluate", "--weights", path, *CPU) == 2
    _, error = capsys.readouterr().err.splitlines()  # after a caution
    assert "FCN-8s of Caffe" in error and "other classes than those of scenes" in error


def test_names_of_no_network(tmp_path):
    save_file({"layer1.weight": np.zeros((3, 3), "float32")}, tmp_path / "w.safetensors")
    with pytest.raises(InputError, match=r"w\.safetensors: the 1 weights \(layer1\.weight \.\.\.\) are of no network"):
        load_weights(tmp_path / "w.safetensors")


class TestCautions:
    def test_an_fcn_that_nobody_published_and_that_says_no_more(self, tmp_path):
        """As somebody saves it in PyTorch who trained it on from an exported one."""
        path = published(tmp_path / "w.safetensors", tiny.filled(FCN8s(4, 1 / 16, 8, "same")))
        words = r"w\.safetensors: its width 0\.0625 is no published FCN's.* padding 100 and images as in Caffe, BGR"
        with pytest.warns(Caution, match=words):
            load_model(path)

    def test_scores_that_are_zero_as_before_training(self, tmp_path):
        zero = [f"score_{pool}" for pool in ("fr", "pool4", "pool3")]
        with pytest.warns(Caution, match=re.escape(f"{', '.join(zero)} are all zero") + ".*every score will be 0"):
            load_model(published(tmp_path / "w.safetensors", FCN8s(21, 1 / 16, 8, 100)))
        pool4 = np.zeros((21, 32, 1, 1), "float32")
        path = published(tmp_path / "w.safetensors", heavy(), {"score_pool4.weight": pool4})
        with pytest.warns(Caution, match=r"score_pool4 are all zero.*counts for nothing"):
            load_model(path)

    def test_images_with_red_and_blue_swapped(self, capsys, tmp_path, monkeypatch):
        """A net that tells classes by red alone, and a file that says the images go in as BGR."""
        monkeypatch.setattr(Scenes, "load", red_or_blue)
        model = FCN32s(7, 1 / 16, 8, "same")
        for name, parameter in model.named_parameters():
            if not name.startswith("upscore"):
                parameter.data[...] = 0
        pass_on(model)
        about = {"model": "fcn32s", "settings": model.settings, "data": "scenes"}
        about |= {"classes": list(Scenes.classes), "palette": Scenes.palette.tolist()}
        for channels in ("RGB", "BGR"):
            shown = {"mean": [0, 0, 0], "std": [255, 255, 255], "channels": channels}
            save_arrays(tmp_path / "w.npz", model.state_dict(), about | {"preprocessing": shown})
            assert tiny.command("evaluate", "--weights", tmp_path / "w.npz", *CPU) == 0
            err = capsys.readouterr().err
            assert ("were the weights trained on RGB?" in err) == (channels == "BGR")
            assert err.count("caution") == (channels == "BGR")

    def test_every_pixel_predicted_alike(self, capsys, tmp_path):
        tiny.save_network(tmp_path / "w.npz")
        model, about = load_model(tmp_path / "w.npz")
        state = model.state_dict()
        state["score_fr.bias"][3] = 1e6
        save_arrays(tmp_path / "w.npz", state, about)
        assert tiny.command("evaluate", "--weights", tmp_path / "w.npz", *CPU) == 0
        assert "caution: FCN-32s: every prediction for scenes is 'triangle'" in capsys.readouterr().err


def red_or_blue(self, index):
    """Images all red, class 1, or all blue, class 2."""
    image, label = np.zeros((32, 32, 3), np.uint8), np.full((32, 32), 1 + index % 2, np.uint8)
    image[:, :, 2 * (index % 2)] = 255
    return image, label


def pass_on(model):
    """Weights that carry the first and third channel of the input through to the scores of classes 1 and 2."""
    for name, parameter in model.named_parameters():
        if name.endswith("weight") and not name.startswith("upscore"):
            middle = parameter.data.shape[2] // 2
            parameter.data[0, 0, middle, middle] = 1
    parameters = dict(model.named_parameters())
    first, score = parameters["conv1_1.weight"].data, parameters["score_fr.weight"].data
    first[1, 2, 1, 1] = 1
    for name in parameters:
        if name.endswith("weight") and not name.startswith(("upscore", "conv1_1", "score")):
            middle = parameters[name].data.shape[2] // 2
            parameters[name].data[1, 1, middle, middle] = 1
    score[...] = 0
    score[1, 0], score[2, 1] = 20, 20
