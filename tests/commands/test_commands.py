"""The command line, as a user types it: what is printed, what is written, how it ends."""

import re

import numpy as np
import pytest
import tiny
from PIL import Image

from minifcn.commands import check, predict
from minifcn.data import CamVid, Preprocessing, open_dataset
from minifcn.gradcheck import check_gradients
from minifcn.layers import ReLU
from minifcn.training.evaluation import evaluate
from minifcn.weights.loading import load_model
from minifcn.weights.npz import load_arrays, save_arrays

CPU = ("--device", "cpu")
FIGURES = ("pixel_accuracy", "mean_accuracy", "mean_iu", "frequency_weighted_iu")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return tiny.camvid_folder(tmp_path_factory.mktemp("data"))


@pytest.fixture
def weights(tmp_path, data):
    """A weights file of a network for CamVid's classes that predicts several of them."""
    tiny.save_network(tmp_path / "w.npz", "fcn16s", dataset=open_dataset("camvid", data))
    return tmp_path / "w.npz"


def ran(capsys, *arguments):
    """Run a command that must succeed; returns what it printed. So small a network may well have learned nothing."""
    assert tiny.command(*arguments) == 0
    out, err = capsys.readouterr()
    assert all(line.startswith("minifcn: caution: ") for line in err.splitlines()), err
    return out


def train(data, out, *more):
    return ["train", "--data", "camvid", "--root", data, *tiny.FLAGS, "--out", out, *more]


def losses(out):
    return [row["loss"] for row in load_arrays(out / "last.npz")[1]["progress"]["history"]]


def test_a_network_is_trained_and_evaluated(capsys, tmp_path, data):
    out = ran(capsys, *train(data, tmp_path / "run", "--epochs", 2, "--model", "fcn8s", "--lr", 0.05, "--no-mirror"))
    assert "NumPy on the CPU" in out and re.search(r"^FCN-8s: \d+,\d{3} parameters$", out, re.MULTILINE)
    assert "camvid: 5 training and 2 validation images, 11 classes" in out
    assert len(re.findall(r"^epoch \d/2  loss \d\.\d{3}, val \d\.\d{3}, mean IU 0", out, flags=re.MULTILINE)) == 2
    assert f"in {tmp_path / 'run'}: best.npz, config.json, confusion.png, history.csv, last.npz" in out
    assert "" not in out.splitlines()

    for name in ("learning_curve.png", "predictions.png", "confusion.png"):
        with Image.open(tmp_path / "run" / name) as picture:
            assert min(picture.size) > 50
    best = tmp_path / "run" / "best.npz"
    picture = tmp_path / "all.png"
    out = ran(capsys, "evaluate", "--weights", best, "--data", "camvid", "--root", data, "--picture", picture)
    scores = load_arrays(best)[1]["scores"]
    row = " +".join(re.escape(f"{100 * scores[figure]:.1f}") for figure in FIGURES)
    assert re.search(rf"FCN-8s +{row}", out)
    assert all(word in out for word in ("pixel acc.", "mean acc.", "mean IU", "f.w. IU", *CamVid.classes))
    assert f"wrote {picture}" in out and picture.exists()


def test_two_networks_of_one_kind_keep_their_figures(capsys, monkeypatch, tmp_path, data):
    monkeypatch.setenv("COLUMNS", "80")
    paths = [tmp_path / f"a_network_in_a_file_with_quite_a_long_name_{number}.npz" for number in (1, 2)]
    rows = []
    dataset = open_dataset("camvid", data, "val")
    common = np.bincount(np.stack([dataset[i][1] for i in range(len(dataset))]).ravel(), minlength=256)[:11].argsort()
    for path, favourite in zip(paths, common[:-3:-1]):
        model = tiny.save_network(path, "fcn8s", dataset=dataset)
        _, about = load_arrays(path)
        model.load_state_dict({name: array * (name[:5] != "score") for name, array in model.state_dict().items()})
        dict(model.named_parameters())["score_fr.bias"].data[favourite] = 1  # predicted everywhere
        save_arrays(path, model.state_dict(), about)
        confusion, _ = evaluate(model, dataset, Preprocessing.from_dict(about["preprocessing"]))
        rows.append(" +".join(re.escape(f"{100 * getattr(confusion, figure):.1f}") for figure in FIGURES))
    assert rows[0] != rows[1]
    out = ran(capsys, "evaluate", "--weights", *paths, "--data", "camvid", "--root", data)
    assert all(re.search(row, out) for row in rows)
    assert all(word in out for word in ("pixel acc.", "mean acc.", "mean IU", "f.w. IU"))


def test_finer_networks_start_from_coarser_ones_and_take_over_their_width(capsys, monkeypatch, tmp_path, data):
    tiny.draw_nothing(monkeypatch)
    common = ["train", "--data", "camvid", "--root", data, "--batch-size", 2, *CPU, "--dropout", 0, "--no-mirror"]
    narrow = ["--width", 1 / 32, "--fc-channels", 6, "--padding", 100, "--upsampling", "learned"]
    ran(capsys, *common, *narrow, "--lr", 0.05, "--epochs", 4, "--out", tmp_path / "32s")
    start = tmp_path / "32s" / "best.npz"
    finer = ["--model", "fcn16s", "--init", start, "--lr", 0.01, "--epochs", 2]
    out = ran(capsys, *common, *finer, "--out", tmp_path / "16s")
    taken = load_model(tmp_path / "16s" / "best.npz")[0].settings
    taken = [taken[name] for name in ("width", "fc_channels", "padding", "upsampling")]
    assert taken == [1 / 32, 6, 100, "learned"]
    assert f"from {start}: 32 arrays copied, 0 reshaped" in out
    assert losses(tmp_path / "16s")[-1] < losses(tmp_path / "16s")[0] < losses(tmp_path / "32s")[0] - 0.1

    finer = ["--model", "fcn8s", "--init", tmp_path / "16s" / "best.npz", "--lr", 0.01, "--epochs", 1]
    ran(capsys, *common, *finer, "--out", tmp_path / "8s")
    assert losses(tmp_path / "8s")[0] < losses(tmp_path / "16s")[0]
    assert load_model(tmp_path / "8s" / "best.npz")[0].settings["width"] == 1 / 32


def test_a_run_is_resumed_with_its_own_settings(capsys, monkeypatch, tmp_path, data):
    tiny.draw_nothing(monkeypatch)
    run = tiny.trainer(tmp_path / "run", data="camvid", root=str(data), epochs=2, seed=5)
    tiny.stop_after(2, run)
    out = ran(capsys, "train", "--out", tmp_path / "run", "--resume", "--seed", 5, "--epochs", 2)
    assert "going on after step 2, epoch 1 of 2" in out
    before = tiny.times(tmp_path / "run")
    assert "all 2 epochs are done; --epochs N" in ran(capsys, "train", "--out", tmp_path / "run", "--resume")
    assert tiny.times(tmp_path / "run") == before  # nothing is written again
    assert load_arrays(tmp_path / "run" / "last.npz")[1]["progress"]["epoch"] == 2


def test_a_run_is_replaced_if_asked(capsys, monkeypatch, tmp_path, data):
    tiny.draw_nothing(monkeypatch)
    ran(capsys, *train(data, tmp_path / "run", "--epochs", 1))
    ran(capsys, *train(data, tmp_path / "run", "--epochs", 1, "--lr", 0.5, "--overwrite"))
    row = load_arrays(tmp_path / "run" / "last.npz")[1]["progress"]["history"][0]
    assert row["lr"] > 0.1


def test_ctrl_c_outside_a_training_exits_with_130_and_one_line(capsys, monkeypatch, tmp_path, weights):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(predict, "predict_photo", interrupted)
    Image.new("RGB", (32, 32)).save(tmp_path / "a.png")
    assert tiny.command("predict", tmp_path / "a.png", "--weights", weights, "--out", tmp_path / "out", *CPU) == 130
    assert re.fullmatch(r"minifcn: \w.*\n", capsys.readouterr().err)


def photo(path, width=45, height=31, mode="RGB", seed=0):
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    Image.fromarray(noise).convert(mode).save(path)
    return path


def expected_label(weights, image_path, **changes):
    """What the network says of an image, its input made by hand."""
    model, about = load_model(weights)
    values = about["preprocessing"] | changes
    with Image.open(image_path) as image:
        pixels = np.asarray(image.convert("RGB")).astype("float32")
    x = (pixels - np.float32(values["mean"])) / np.float32(values["std"])
    if values["channels"] == "BGR":
        x = x[..., ::-1]
    return model(np.ascontiguousarray(x.transpose(2, 0, 1)[None])).argmax(axis=1)[0]


def test_a_label_map_holds_classes_in_the_colours_of_the_data_set(capsys, tmp_path, weights):
    image = photo(tmp_path / "photo.jpg")
    target = tmp_path / "labels.png"
    out = ran(capsys, "predict", image, "--weights", weights, "--out", target, *CPU)
    view = tmp_path / "labels_view.png"
    assert f"wrote {target}, {view}\n" in out
    expected = expected_label(weights, image)
    assert len(np.unique(expected)) > 1
    with Image.open(target) as label:
        assert label.mode == "P" and label.size == (45, 31)
        np.testing.assert_array_equal(np.asarray(label), expected)
        colours = np.asarray(label.convert("RGB"))
    np.testing.assert_array_equal(colours, CamVid.palette[expected])
    with Image.open(view) as picture:
        assert picture.size[0] > 90 and picture.size[1] > 31  # the image, the prediction, the legend


def test_several_images_go_into_a_folder(capsys, tmp_path, weights):
    images = [photo(tmp_path / "a.jpg"), photo(tmp_path / "b.png", 20, 50, seed=1), photo(tmp_path / "c.png", mode="L")]
    ran(capsys, "predict", *images, "--weights", weights, "--out", tmp_path / "new" / "labels", *CPU)
    folder = tmp_path / "new" / "labels"
    assert tiny.listing(folder).keys() == {f"{n}.png" for n in "abc"} | {f"{n}_view.png" for n in "abc"} | {
        "shares.csv"
    }
    for image in images:
        with Image.open(folder / f"{image.stem}.png") as label:
            np.testing.assert_array_equal(np.asarray(label), expected_label(weights, image))


def test_the_preprocessing_of_the_file_is_used(capsys, tmp_path, weights):
    image = photo(tmp_path / "photo.png")
    arrays, about = load_arrays(weights)
    plain = expected_label(weights, image)
    for number, change in enumerate([{"channels": "BGR"}, {"mean": [0, 0, 250]}, {"std": [1, 300, 5]}]):
        other = tmp_path / f"{number}.npz"
        save_arrays(other, arrays, about | {"preprocessing": about["preprocessing"] | change})
        target = tmp_path / f"{number}.png"
        ran(capsys, "predict", image, "--weights", other, "--out", target, *CPU)
        with Image.open(target) as label:
            found = np.asarray(label)
        assert (found != plain).any()
        np.testing.assert_array_equal(found, expected_label(weights, image, **change))


def test_label_maps_are_replaced_if_asked(capsys, tmp_path, weights):
    image = photo(tmp_path / "photo.jpg")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "photo.png").write_text("old")
    ran(capsys, "predict", image, "--weights", weights, "--out", tmp_path / "out", "--overwrite", *CPU)
    with Image.open(tmp_path / "out" / "photo.png") as label:
        assert label.size == (45, 31)


def test_summary_adds_up(capsys):
    small = ("--width", 1 / 16, "--fc-channels", 8, "--n-class", 3, "--padding", "same")
    out = ran(capsys, "summary", "fcn32s", *small, "--image", "64x32")
    assert "image 64x32" in out
    # weights and biases of every layer, channels 4, 8, 16, 32, 32
    trunk = 112 + 148 + 296 + 584 + 1168 + 2 * 2320 + 4640 + 2 * 9248 + 3 * 9248
    total = trunk + (32 * 8 * 49 + 8) + (8 * 8 + 8) + (8 * 3 + 3) + 3 * 3 * 64 * 64
    assert re.search(rf"total +{total:,}\b", out)
    assert re.search(r"conv1_1 +4x32x64 +112 +0\.2 ", out)  # 4 * 32 * 64 * 27 multiply-adds
    assert re.search(r"fc7 +8x1x2 +72 .* 32\b", out)


def test_summary_shows_the_paper_s_field_and_grid(capsys):
    out = ran(capsys, "summary", "fcn32s", "--width", 1 / 64, "--fc-channels", 4, "--image", "500x375")
    assert re.search(r"fc6 +4x12x16 .* 404 +32\b", out)  # receptive field 404, stride 32


@pytest.mark.parametrize(
    "given, said, weights",
    [
        (
            [],
            ["upsampling: fixed, bilinear for good", "full, one for each pair of classes", "different classes 0)"],
            9,
        ),
        (
            ["--upsampling", "learned", "--upsampling-kernels", "per-class"],
            ["upsampling: learned, bilinear to begin with", "upsampling_kernels: per-class, one for each class"],
            3,
        ),
    ],
)
def test_summary_says_how_the_network_upsamples(given, said, weights, capsys):
    small = ("--width", 1 / 64, "--fc-channels", 4, "--n-class", 3)
    out = ran(capsys, "summary", "fcn32s", *small, *given)
    assert all(line in out for line in said)
    assert re.search(rf"upscore +3x544x544 +{weights * 64 * 64:,} ", out)


def test_summary_of_a_classifier_of_its_own_size_and_of_a_larger_one(capsys):
    small = ("--width", 1 / 48, "--fc-channels", 8)
    out = ran(capsys, "summary", "alexnet", *small)
    assert "AlexNet, image 227x227" in out
    assert re.search(r"fc6 +8x1x1 +1,736 +0\.0 +355 +32\b", out)  # 6 channels of 6x6 pixels, to 8, and biases
    assert re.search(r"fc8 +1000x1x1 +9,000 ", out)
    assert re.search(r"AlexNet +8 +[\d,]+ +355 +32\b", out)
    assert "fully connected layers are shown, and counted, as convolutions" in out and "upsampling" not in out
    out = ran(capsys, "summary", "alexnet", *small, "--image", "500x400", "--n-class", 3)
    assert "AlexNet, image 500x400" in out and re.search(r"fc8 +3x7x10 +27 ", out)


def test_summary_tells_why_googlenets_fcn_sees_less_than_the_paper_says(capsys):
    out = ran(capsys, "summary", "fcn-googlenet", "--width", 1 / 16)
    assert re.search(r"FCN-GoogLeNet +22 +[\d,]+ +715 +32\b", out)
    assert "(907 in the paper, which counts the average pooling that the FCN leaves out)" in out
    assert "inception_3a/3x3_reduce" in out and "703x703" in out  # no name is cut short at 80 columns
    out = ran(capsys, "summary", "fcn-alexnet", "--width", 1 / 64, "--fc-channels", 4)
    assert re.search(r"FCN-AlexNet +8 +[\d,]+ +355 +32\b", out) and "average pooling" not in out


@pytest.mark.parametrize(
    "arguments, said",
    [
        ("alexnet --padding same", "--padding same: alexnet is a classifier"),
        ("vgg16 --backbone vgg11", "--backbone vgg11: vgg16 is a classifier"),
        ("googlenet --upsampling fixed", "--upsampling fixed: googlenet is a classifier"),
        ("vgg11 --upsampling-kernels full", "--upsampling-kernels full: vgg11 is a classifier"),
        ("fcn-alexnet --backbone vgg11", "--backbone vgg11: fcn-alexnet has its own"),
        ("googlenet --fc-channels 4", "--fc-channels 4: GoogLeNet has neither fc6 nor fc7"),
        ("fcn-googlenet --fc-channels 4", "--fc-channels 4: GoogLeNet has neither fc6 nor fc7"),
        ("fcn32s --backbone googlenet --fc-channels 4", "--fc-channels 4: GoogLeNet has neither fc6 nor fc7"),
    ],
)
def test_summary_refuses_options_that_would_do_nothing(arguments, said, capsys):
    assert tiny.command("summary", *arguments.split()) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith(f"minifcn: error: {said}") and err.count("\n") == 1


def test_check_prints_a_table(capsys, monkeypatch):
    x = np.random.default_rng(0).standard_normal((2, 3))
    monkeypatch.setattr(check, "check_everything", lambda device: [("ReLU", check_gradients(ReLU(), x))])
    out = ran(capsys, "check")
    assert re.search(r"ReLU +\d\.\de[+-]\d\d +6 +0 +ok", out)


def test_check_fails_where_a_gradient_is_wrong(capsys, monkeypatch):
    class Wrong(ReLU):
        def backward(self, dy):
            return -super().backward(dy)

    x = np.random.default_rng(0).standard_normal((2, 3))
    reports = [("right", check_gradients(ReLU(), x)), ("wrong", check_gradients(Wrong(), x))]
    monkeypatch.setattr(check, "check_everything", lambda device: reports)
    assert tiny.command("check") == 2
    out, err = capsys.readouterr()
    assert re.search(r"wrong .* WRONG", out) and re.search(r"right .* ok", out)
    assert err == "minifcn: error: gradients differ from the numerical ones: wrong\n"


def test_the_device_comes_from_the_environment_too(capsys, monkeypatch, tmp_path, data, weights):
    command = ("evaluate", "--weights", weights, "--data", "camvid", "--root", data)
    monkeypatch.setenv("MINIFCN_DEVICE", "cpu")
    assert "as asked" in ran(capsys, *command)
    monkeypatch.setenv("MINIFCN_DEVICE", "tpu")
    assert tiny.command(*command) == 2
    assert "tpu" in capsys.readouterr().err
    ran(capsys, *command, *CPU)  # what is typed wins


def test_the_module_runs_too():
    code, out, err = tiny.run("summary", "fcn8s", *("--width", 1 / 64, "--fc-channels", 4, "--image", "40x30"))
    assert code == 0 and err == ""
    assert "image 40x30" in out and "upscore_pool4" in out
    assert max(len(line) for line in out.splitlines() if "  " in line) <= 80  # the table
