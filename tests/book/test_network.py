"""The numbers behind the page "What a network sees"."""

import base64
import json

import numpy as np
import pytest
import tiny
from PIL import Image

from book.network import make
from book.network.scores import brought_up, score_maps, way_up
from book.network.seen import blocks, gradients, spans, square
from minifcn.data import Preprocessing, open_dataset
from minifcn.errors import InputError
from minifcn.layers import Conv2d, ConvTranspose2d, Crop, Graph, MaxPool2d, Sum
from minifcn.models import FCN8s, FCN16s, FCN32s
from minifcn.weights.exporting import export

SIZE = 40, 60


def network(kind, n_class=3, padding="same"):
    """A tiny network in float64 whose scores differ, and whose pools count."""
    model = kind(n_class, **tiny.NETWORK | {"padding": padding}).astype("float64").eval()
    rng = np.random.default_rng(0)
    for name, parameter in model.named_parameters():
        if name.startswith("score"):
            parameter.data = rng.normal(size=parameter.data.shape)
    return model


def image():
    return np.random.default_rng(1).normal(size=(1, 3, *SIZE))


@pytest.mark.parametrize("padding", ["same", 100])
@pytest.mark.parametrize("kind", [FCN32s, FCN16s, FCN8s])
def test_maps_brought_up_one_by_one_sum_to_the_scores(kind, padding):
    model, x = network(kind, padding=padding), image()
    maps, scores = score_maps(model, x)
    assert list(maps) == ["score_fr", "score_pool4", "score_pool3"][: 1 + len(kind.skips)]
    parts = [brought_up(scores, way_up(model, name, SIZE)) for name, scores in maps.items()]
    assert all(np.abs(part).max() > 0.01 for part in parts)
    np.testing.assert_allclose(sum(parts), model(x)[0], atol=1e-6)  # taps come from weights in float32
    np.testing.assert_array_equal(scores, model(x)[0])


def test_learned_upsampling_is_refused():
    with pytest.raises(InputError, match="upsampling is learned"):
        way_up(FCN8s(3, upsampling="learned", **tiny.NETWORK), "score_fr", SIZE)


NODES = {
    "conv": Conv2d(1, 1, 3, padding=1),
    "pool": MaxPool2d(2, ceil_mode=True),
    "deep": Conv2d(1, 1, (3, 5), padding=(3, 2)),  # some of its windows lie in the padding alone
    "up": ConvTranspose2d(1, 1, 4, 2),
    "crop": (Crop((5, 1)), "up", "conv"),
    "sum": (Sum(), "crop", "conv"),
}


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("name", NODES)
def test_spans_are_the_pixels_that_change_something(name, axis):
    """Each row (column) of an image is pushed, and it is noted which pixels of the map move."""
    net = Graph(NODES, (name,)).astype("float64").eval()
    for parameter in net.parameters():
        parameter.data = np.ones_like(parameter.data)  # so that nothing cancels
    x = np.ones((1, 1, 13, 18))
    size, before, moved = x.shape[2 + axis], net(x), []
    for pixel in range(size):
        pushed = x.copy()
        pushed[(..., pixel, slice(None)) if axis == 0 else (..., pixel)] += 100
        moved.append((net(pushed) != before).any(axis=(0, 1, 3 - axis)))
    seen = spans(net, axis, size)[name]
    for first, last, changes in zip(*seen, np.transpose(moved), strict=True):
        if changes.any():
            assert (first, last) == (changes.argmax(), size - 1 - changes[::-1].argmax())
        else:
            assert first > last


def test_gradients_are_those_of_the_winning_score():
    """Against differences of the score of that class itself, pixel by pixel, all colours at once."""
    model, x = network(FCN16s), image()
    row, col = 20, 33
    (found,) = gradients(model, x, [(row, col)])
    winner, step = model(x)[0, :, row, col].argmax(), 1e-6
    for y, z in ((20, 33), (3, 50), (31, 8)):
        slopes = []
        for colour in range(3):
            ends = [x.copy(), x.copy()]
            ends[0][0, colour, y, z] += step
            ends[1][0, colour, y, z] -= step
            up, down = (model(end)[0, winner, row, col] for end in ends)
            slopes.append((up - down) / (2 * step))
        assert found[y, z] == pytest.approx(np.abs(slopes).sum(), rel=1e-4, abs=1e-9)
    assert not model.training


def test_a_square_holds_half():
    gradient = np.zeros((9, 12))
    gradient[4, 5], gradient[4, 7], gradient[0, 5] = 3, 2, 4  # 0, 2 and 4 pixels away
    assert square(gradient, 4, 5) == 5  # 3 of 9 is less than half, 5 of 9 is more
    assert square(gradient, 0, 5) == 9


def test_blocks_sum():
    np.testing.assert_array_equal(blocks(np.ones((2, 8, 12))), np.full((2, 2, 3), 16))


@pytest.fixture
def camvid(tmp_path):
    """A CamVid of two photos of 60x40 pixels."""
    rng = np.random.default_rng(0)
    for folder in ("val", "valannot"):
        (tmp_path / folder).mkdir()
    for name in "ab":
        Image.fromarray(rng.integers(256, size=(*SIZE, 3), dtype=np.uint8)).save(tmp_path / f"val/{name}.png")
        label = np.repeat(rng.integers(12, size=(40, 6), dtype=np.uint8), 10, axis=1)
        Image.fromarray(label).save(tmp_path / f"valannot/{name}.png")
    (tmp_path / "val.txt").write_text("".join(f"/x/val/{name}.png /x/valannot/{name}.png\n" for name in "ab"))
    return open_dataset("camvid", tmp_path, "val")


def test_the_page_gets_what_the_networks_say(camvid, tmp_path, monkeypatch):
    """From the files alone: the scores to rounding, the truth, a tile for each pixel measured."""
    pictures = []

    def draw(path, rows, *_):
        Image.new("RGB", (9, 7)).save(path)
        pictures.append(rows)

    monkeypatch.setattr(make, "save_predictions", draw)
    models = {}
    preprocessing = Preprocessing(camvid.mean, camvid.std)
    for kind, folder in ((FCN32s, "run/fcn32s"), (FCN16s, "run/fcn16s"), (FCN8s, "run")):
        model = network(kind, n_class=11).astype("float32")
        name = kind.__name__.lower()
        models[name] = model
        about = {
            "model": name,
            "settings": model.settings,
            "preprocessing": preprocessing.to_dict(),
            "data": "camvid",
            "classes": list(camvid.classes),
            "palette": camvid.palette.tolist(),
        }
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        export(tmp_path / folder / "best.npz", model, about)
    make.make(tmp_path / "run", camvid, [1, 0], tmp_path / "out")

    page = json.loads((tmp_path / "out/network.json").read_text())
    checks = json.loads((tmp_path / "out/checks.json").read_text())
    assert [photo["number"] for photo in page["photos"]] == [1, 0]
    for photo in page["photos"]:
        x, truth = preprocessing(camvid[photo["number"]][0])[None], camvid[photo["number"]][1]
        runs = np.frombuffer(base64.b64decode(photo["truth"]), np.uint8).reshape(-1, 2)
        np.testing.assert_array_equal(np.repeat(*runs.T).reshape(SIZE), truth)
        for name, model in models.items():
            given, described = photo["networks"][name], page["networks"][name]["maps"]
            total = np.zeros((11, *SIZE))
            for key, packed in given["maps"].items():
                values = np.frombuffer(base64.b64decode(packed["values"]), "<i2") * packed["unit"]
                total += brought_up(values.reshape(11, *described[key]["size"]), described[key]["steps"])
            np.testing.assert_allclose(total, model(x)[0], atol=4 * packed["unit"])
            with Image.open(tmp_path / "out" / given["field"]) as field:
                assert field.size == (3 * 15, 2 * 10)
            assert len(given["squares"]) == 6
            for check in (c for c in checks if (c["photo"], c["network"]) == (photo["number"], name)):
                scores = total[:, check["y"], check["x"]]
                percent = 100 * np.exp(scores) / np.exp(scores).sum()
                np.testing.assert_allclose(check["percent"], percent, atol=0.1)
    assert len(checks) == 2 * 3 * make.CHECKED
    (rows,) = pictures
    assert [list(row[2]) for row in rows] == [["FCN-32s", "FCN-16s", "FCN-8s"]] * 2
    with Image.open(tmp_path / "out/side_by_side.webp") as picture:
        assert picture.size == (9, 7)


def test_photos_of_other_sizes_are_refused(camvid, monkeypatch, tmp_path):
    monkeypatch.setattr(make, "STEP", 7)
    with pytest.raises(InputError, match="60x40"):
        make.make(tmp_path / "run", camvid, [0], tmp_path / "out")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["--photos", "2"], "--photos 2: expected numbers from 0 to 1"),
        (["--photos", "-1"], "--photos -1: expected numbers from 0 to 1"),
        (["--photos", "0", "--out", "val.txt"], "val.txt"),
        (["--photos", "0", "--out", "out"], "there is no such file"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(camvid, monkeypatch, tmp_path, capsys, given, told):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["make", "--runs", "run", "--camvid", str(tmp_path), *given])
    with pytest.raises(SystemExit) as left:
        make.main()
    assert left.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("make: ") and told in error and error.count("\n") == 1
