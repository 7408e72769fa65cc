"""A photo's classes and their probabilities, at its own size."""

import numpy as np
import pytest
import tiny

from minifcn.backend import to_host
from minifcn.data import Preprocessing, prediction
from minifcn.data.prediction import photo_scores, predict_photo
from minifcn.models import FCN8s
from minifcn.models.tiles import Tiled

PREPROCESSING = Preprocessing((120, 110, 100), (60, 50, 40))
IMAGE = np.random.default_rng(0).integers(0, 256, (70, 101, 3), np.uint8)


def network(tile=60):
    return Tiled(tiny.filled(FCN8s(11, **tiny.NETWORK)).eval(), tile)


def whole(model, image):
    """The scores of all of an image at once, (n_class, H, W)."""
    x = (image - np.float32(PREPROCESSING.mean)) / np.float32(PREPROCESSING.std)
    return model(np.ascontiguousarray(x.transpose(2, 0, 1)[None]))[0]


def test_classes_and_probabilities_of_a_photo():
    net = network()
    scores = whole(net.model, IMAGE)
    for name, parameter in net.model.named_parameters():
        if name.startswith("score"):
            parameter.data *= 3 / scores.std()
    scores = whole(net.model, IMAGE)
    expected = np.exp(scores) / np.exp(scores).sum(axis=0)
    label, probabilities = predict_photo(net, IMAGE, PREPROCESSING, probabilities=True)
    assert label.dtype == np.uint8 and probabilities.dtype == np.float16 and len(np.unique(label)) > 1
    np.testing.assert_array_equal(label, scores.argmax(axis=0))
    np.testing.assert_allclose(probabilities, expected, atol=1e-3)
    assert predict_photo(net, IMAGE, PREPROCESSING)[1] is None


def test_scores_too_large_for_an_exponential():
    probabilities = prediction._softmax(np.float32([[[1000]], [[1000]], [[-1000]]]))
    np.testing.assert_array_equal(probabilities.ravel(), [0.5, 0.5, 0])


class Quadrants(Tiled):
    """A network that sees the image as it is and says of each pixel how bright it is."""

    def __init__(self):
        pass

    def scores(self, size, read):
        x = read(slice(0, size[0]), slice(0, size[1]))[0]
        self.seen = x.shape
        yield slice(0, 3), np.stack([x[0, :3], -x[0, :3]])
        yield slice(3, size[0]), np.stack([x[0, 3:], -x[0, 3:]])


@pytest.mark.parametrize("band", [1 << 24, 50])
@pytest.mark.parametrize("size", [(16,), (20, 10), (150,)])
def test_a_photo_seen_at_another_size_gets_its_own_back(size, band, monkeypatch):
    """A slanted border between bright and dark comes back to where it was, to a pixel, and without stairs."""
    monkeypatch.setattr(prediction, "BAND", band)
    rows, cols = np.mgrid[:40, :60]
    bright = cols < 15 + rows * 0.7
    image = np.repeat(np.uint8(255 * bright)[..., None], 3, axis=2)
    net = Quadrants()
    label, _ = predict_photo(net, image, Preprocessing((127.5,) * 3, (1, 1, 1)), size=size)
    assert net.seen[1:] == {(16,): (11, 16), (20, 10): (10, 20), (150,): (100, 150)}[size]
    assert label.shape == (40, 60)
    borders = (label == 0).sum(axis=1)
    assert abs(borders - (15 + np.arange(40) * 0.7))[3:-3].max() <= 1.6  # a pixel that the network sees has up to 4
    scores = [scores for _, scores in photo_scores(net, image, Preprocessing((127.5,) * 3, (1, 1, 1)), size=size)]
    assert (len(scores) > 1) == (band == 50)
    np.testing.assert_array_equal(np.concatenate(scores, axis=1).argmax(axis=0), label)


def test_bands_meet_without_a_seam(monkeypatch):
    scores = np.random.default_rng(0).standard_normal((3, 9, 7)).astype(np.float32)
    ((_, at_once),) = prediction._resize_scores(scores, (50, 31))
    monkeypatch.setattr(prediction, "BAND", 1)
    bands = list(prediction._resize_scores(scores, (50, 31)))
    assert [rows.start for rows, _ in bands] == list(range(50))
    np.testing.assert_allclose(np.concatenate([band for _, band in bands], axis=1), at_once, atol=1e-5)


def test_a_photo_goes_to_the_device_and_comes_back(device):
    model = tiny.filled(FCN8s(4, **tiny.NETWORK)).eval()
    expected = whole(model, IMAGE)
    scores = photo_scores(Tiled(model.to("gpu"), 60), IMAGE, PREPROCESSING, "gpu")
    found = np.concatenate([to_host(band) for _, band in scores], axis=1)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * abs(expected).max())


def test_only_classes_and_probabilities_come_back(device, monkeypatch):
    """One transfer of each for a band; the scores stay on the device."""
    came = []
    image = IMAGE[:40, :40]
    model = tiny.filled(FCN8s(4, **tiny.NETWORK)).eval()
    expected = predict_photo(Tiled(model), image, PREPROCESSING, probabilities=True)
    net = Tiled(model.to("gpu"))
    device.forget()
    monkeypatch.setattr(prediction, "to_host", lambda x: came.append((str(x.dtype), x.shape)) or to_host(x))
    label, probabilities = predict_photo(net, image, PREPROCESSING, "gpu", probabilities=True)
    assert came == [("uint8", (40, 40)), ("float16", (4, 40, 40))]
    device.assert_copies(waits={"get": 2}, uploads={"asarray": 1})
    assert (label == expected[0]).mean() > 0.99  # but where two scores are equal to rounding
    np.testing.assert_allclose(probabilities, expected[1], atol=2e-3)
