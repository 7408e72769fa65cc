"""The pictures: each pixel in the colour of its class, nothing clipped, no text on another or on data."""

import errno
import itertools
import math
import os
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from minifcn.data import Preprocessing
from minifcn.errors import InputError
from minifcn.layers import Layer
from minifcn.metrics import ConfusionMatrix
from minifcn.pictures import fonts, runs
from minifcn.pictures.colours import VOID_COLOUR
from minifcn.pictures.confusion import save_confusion
from minifcn.pictures.runs import (
    colorize,
    draw_run,
    save_convergence,
    save_learning_curve,
    save_predictions,
)

PALETTE = np.array([[0, 0, 0], [128, 0, 0], [0, 0, 250]], np.uint8)
CLASSES = ("background", "disc", "a thin structure")
RNG = np.random.default_rng(0)


@pytest.fixture
def drawn(monkeypatch):
    """The figures that get saved, after that."""
    figures, savefig = [], Figure.savefig
    monkeypatch.setattr(Figure, "savefig", lambda f, *a, **k: (figures.append(f), savefig(f, *a, **k))[1])
    return figures


def pixels(path):
    with Image.open(path) as picture:
        return np.array(picture.convert("RGB"))


def border_is_white(picture):
    return all((edge == 255).all() for edge in (picture[:2], picture[-2:], picture[:, :2], picture[:, -2:]))


def sample(height, width, networks=("FCN-32s", "FCN-8s")):
    truth = RNG.integers(0, 3, (height, width))
    truth[0, 0] = 255
    predictions = {name: RNG.integers(0, 3, (height, width)) for name in networks}
    return RNG.integers(0, 256, (height, width, 3)).astype(np.uint8), truth, predictions


def test_colours_of_a_label():
    label = np.array([[0, 1, 2], [255, 2, 0]], np.uint8)
    light = list(VOID_COLOUR)
    expected = [[[0, 0, 0], [128, 0, 0], [0, 0, 250]], [light, [0, 0, 250], [0, 0, 0]]]
    coloured = colorize(label, PALETTE.tolist())
    assert coloured.dtype == np.uint8 and coloured.tolist() == expected
    assert min(light) > 220
    assert (colorize(label.astype(np.int64), PALETTE) == coloured).all()


@pytest.mark.parametrize("value", [3, -1, 254, 256])
def test_a_value_that_is_no_class_has_no_colour(value):
    with pytest.raises(InputError, match=f"label {value} is neither a class 0..2 nor 255"):
        colorize(np.array([[0, value]]), PALETTE)


def find(picture, panel):
    """The (row, column) at which `panel` lies in `picture`, pixel by pixel; None if nowhere."""
    picture, panel = (colours @ np.array([1 << 16, 1 << 8, 1]) for colours in (picture, panel))  # a number each
    height, width = panel.shape
    rows, columns = picture.shape[0] - height + 1, picture.shape[1] - width + 1
    fits = np.ones((rows, columns), bool)  # by a few pixels; then by all
    for i, j in zip(RNG.integers(0, height, 20), RNG.integers(0, width, 20), strict=True):
        fits &= picture[i : i + rows, j : j + columns] == panel[i, j]
    for row, column in np.argwhere(fits):
        if (picture[row : row + height, column : column + width] == panel).all():
            return row, column
    return None


def test_every_label_pixel_has_its_colour_at_a_whole_magnification(tmp_path):
    rows = [sample(60, 96), sample(75, 144)]
    save_predictions(tmp_path / "p.png", rows, CLASSES, PALETTE)
    picture = pixels(tmp_path / "p.png")
    places = []
    for (_, truth, predictions), factor in zip(rows, (3, 2), strict=True):
        for label in (truth, *predictions.values()):
            panel = colorize(label, PALETTE).repeat(factor, axis=0).repeat(factor, axis=1)
            places.append(find(picture, panel))
    (a, b, c), (d, e, f) = places[:3], places[3:]
    assert a[0] == b[0] == c[0] and d[0] == e[0] == f[0] >= a[0] + 180  # one below the other
    assert a[1] == d[1] and b[1] == e[1] >= a[1] + 288 and c[1] == f[1] >= b[1] + 288  # truth, 32s, 8s
    image = rows[0][0].repeat(3, axis=0).repeat(3, axis=1)
    assert find(picture, image)[0] == a[0] and find(picture, image)[1] <= a[1] - 288


def apart(figure, boxes):
    """Whether no two boxes overlap, and none reaches out of the figure."""
    whole = figure.bbox
    inside = all(b.x0 >= 0 and b.y0 >= 0 and b.x1 <= whole.x1 and b.y1 <= whole.y1 for b in boxes)
    return inside and not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))


def extents(artists):
    return [artist.get_window_extent() for artist in artists]


@pytest.mark.parametrize("size", [(96, 96), (375, 500), (500, 375), (40, 7), (1, 1)])
def test_texts_and_panels_have_their_own_places(tmp_path, drawn, size):
    names = [f"class number {i}" for i in range(21)]
    palette = RNG.integers(0, 256, (21, 3)).astype(np.uint8)
    save_predictions(tmp_path / "p.png", [sample(*size), sample(30, 50)], names, palette)
    (figure,) = drawn
    (legend,) = figure.legends
    assert [t.get_text() for t in legend.get_texts()] == [*names, "void"]
    assert tuple(np.round(255 * np.array(legend.get_patches()[-1].get_facecolor()[:3]))) == VOID_COLOUR
    assert apart(figure, extents([*figure.axes, *figure.texts, *legend.get_texts()]))
    assert [text.get_text() for text in figure.texts] == ["image", "truth", "FCN-32s", "FCN-8s"]
    assert border_is_white(pixels(tmp_path / "p.png"))


@pytest.mark.parametrize("height, width, shown", [(40, 60, (300, 200)), (60, 40, (200, 300)), (600, 400, (200, 300))])
def test_an_image_is_as_large_whichever_way_it_stands(tmp_path, drawn, height, width, shown):
    save_predictions(tmp_path / "p.png", [sample(height, width)], CLASSES, PALETTE)
    box = drawn[0].axes[0].get_window_extent()
    assert (round(box.width), round(box.height)) == shown


def test_images_without_truth(tmp_path, drawn):
    image, _, _ = sample(30, 50)
    save_predictions(tmp_path / "p.png", [(image, None, {"prediction": np.ones((30, 50), int)})], CLASSES, PALETTE)
    assert [text.get_text() for text in drawn[0].texts] == ["image", "prediction"]


def test_no_rows(tmp_path):
    with pytest.raises(InputError, match="no rows"):
        save_predictions(tmp_path / "p.png", [], CLASSES, PALETTE)


@pytest.mark.parametrize(
    "draw",
    [
        lambda path: save_predictions(path, [sample(8, 8)], CLASSES, PALETTE),
        lambda path: save_learning_curve(path, history(2)),
        lambda path: save_confusion(path, ConfusionMatrix(3), CLASSES),
        lambda path: save_convergence(path, {"a": [(1, 1)]}),
    ],
)
def test_a_picture_is_written_whole_or_not_at_all(tmp_path, monkeypatch, draw):
    path = tmp_path / "p.png"
    path.write_bytes(b"old")

    def full(_):
        assert path.read_bytes() == b"old"
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match=r"p\.png could not be written: No space left"):
        draw(path)
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"old"]


def history(epochs, loss=1.0, figure=0.5, **changes):
    names = ("pixel_accuracy", "mean_accuracy", "mean_iu", "frequency_weighted_iu")
    return [
        {"epoch": e, "loss": loss / e, "val_loss": 1.1 * loss / e, "lr": 0.1, **dict.fromkeys(names, figure)} | changes
        for e in range(1, epochs + 1)
    ]


@pytest.mark.parametrize(
    "rows",
    [
        history(40),
        history(1),
        history(3, loss=1e5, figure=0.99, lr=1e-10),
        history(3, loss=1e-4, figure=0.0),
        history(3, val_loss=None, mean_iu=math.nan),
    ],
)
def test_curves_and_their_names(tmp_path, drawn, rows):
    save_learning_curve(tmp_path / "c.png", rows)
    (figure,) = drawn
    assert apart(figure, [axes.get_tightbbox() for axes in figure.axes])  # with its title, ticks and names
    assert border_is_white(pixels(tmp_path / "c.png"))
    loss, validation, lr = figure.axes
    assert [axes.get_title("left") for axes in figure.axes] == [
        "loss per pixel",
        "validation",
        "learning rate",
    ]
    for axes in figure.axes:  # a name has its curve's colour, and lies outside the data
        assert sorted(t.get_color() for t in axes.texts) == sorted(c.get_color() for c in axes.lines)
        assert apart(figure, extents([*axes.texts, axes]))
        box = axes.get_window_extent()
        assert all(box.y0 - 1 <= (b.y0 + b.y1) / 2 <= box.y1 + 1 for b in extents(axes.texts))
    given = [key for key in ("loss", "val_loss") if rows[0][key] is not None]
    assert [list(line.get_ydata()) for line in loss.lines] == [[row[key] for row in rows] for key in given]
    assert len(validation.lines) == len(validation.texts) == (3 if math.isnan(rows[0]["mean_iu"]) else 4)
    assert list(lr.lines[0].get_xdata()) == [row["epoch"] for row in rows]


def test_epochs_without_validation_are_left_out(tmp_path, drawn):
    rows = [{"epoch": e, "loss": 1.0, "lr": 0.1} for e in (1, 2, 3, 4)]
    rows[1]["mean_iu"], rows[3]["mean_iu"] = 0.25, 0.5
    save_learning_curve(tmp_path / "c.png", rows)
    (line,) = drawn[0].axes[1].lines
    assert list(line.get_xdata()) == [2, 4] and list(line.get_ydata()) == [0.25, 0.5]
    assert [text.get_text() for text in drawn[0].axes[1].texts] == ["mean IU 0.500"]


def test_no_epochs(tmp_path):
    with pytest.raises(InputError, match="history is empty"):
        save_learning_curve(tmp_path / "c.png", [])


@pytest.mark.parametrize("steps", [1, 50])
def test_convergence_by_the_step_and_by_the_clock(tmp_path, drawn, steps):
    names = [f"{p} % of the pixels, {n} images" for p, n in ((100, 20), (50, 40), (25, 80), (10, 200))]
    curves = {name: [(slow * s, 1 / s) for s in range(1, steps + 1)] for slow, name in enumerate(names, 1)}
    save_convergence(tmp_path / "c.png", curves)
    (figure,) = drawn
    by_step, by_clock = figure.axes
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == names
    assert apart(figure, [axes.get_tightbbox() for axes in figure.axes] + extents([legend]))
    assert border_is_white(pixels(tmp_path / "c.png"))
    for slow, (step, clock, handle) in enumerate(zip(by_step.lines, by_clock.lines, legend.get_lines()), 1):
        assert list(step.get_xdata()) == list(range(1, steps + 1))
        assert list(clock.get_xdata()) == [slow * s for s in range(1, steps + 1)]
        assert list(step.get_ydata()) == list(clock.get_ydata()) == [1 / s for s in range(1, steps + 1)]
        assert step.get_color() == clock.get_color() == handle.get_color()
        assert step.get_linestyle() == clock.get_linestyle() == handle.get_linestyle()
    assert (
        len({line.get_color() for line in by_step.lines}) == len({line.get_linestyle() for line in by_step.lines}) == 4
    )


@pytest.mark.parametrize("count", [0, 5])
def test_too_few_or_too_many_curves(tmp_path, count):
    with pytest.raises(InputError, match=f"{count} curves, expected 1 to 4"):
        save_convergence(tmp_path / "c.png", {str(n): [(1, 1)] for n in range(count)})


def finished_run(folder, labels):
    """A run whose network calls a pixel class 1 where it is darker red than 100, else 0."""
    images = [RNG.integers(0, 256, (6, 5, 3)).astype(np.uint8) for _ in labels]
    return SimpleNamespace(
        folder=SimpleNamespace(path=folder),
        progress=SimpleNamespace(history=[{"epoch": 1, "loss": 1.0}]),
        validation=Named(zip(images, labels)),
        training=SimpleNamespace(classes=CLASSES, palette=PALETTE),
        model=DarkRed(),
        preprocessing=Preprocessing((100,) * 3, (50,) * 3),
        device="cpu",
        title=lambda: "FCN-4s",
        confusion=ConfusionMatrix(3),
        accuracies=[0.75] * len(labels),
    )


class Named(list):
    """Pairs; `names` may be given."""

    names = ()


class DarkRed(Layer):
    def forward(self, x):
        assert not self.training  # nothing is dropped
        return np.stack([x[:, 0], -x[:, 0]], axis=1)


@pytest.fixture
def shown(monkeypatch):
    """What save_predictions is given."""
    given = []
    monkeypatch.setattr(runs, "save_predictions", lambda *arguments: given.append(arguments))
    return given


def test_a_run_s_pictures_are_its_learning_curve_confusion_and_predictions(tmp_path, shown):
    labels = [np.full((6, 5), number % 3) for number in range(4)]
    run = finished_run(tmp_path, labels)
    draw_run(run)
    assert (tmp_path / "learning_curve.png").exists() and (tmp_path / "confusion.png").exists()
    [(path, rows, classes, palette, _)] = shown
    assert path == tmp_path / "predictions.png" and classes is CLASSES and palette is PALETTE
    for number, (image, truth, predicted) in enumerate(rows):
        assert truth is labels[number]
        np.testing.assert_array_equal(image, run.validation[number][0])
        np.testing.assert_array_equal(predicted["FCN-4s"], image[..., 0] < 100)


def test_the_worst_are_shown_after_those_from_all_over(tmp_path, shown):
    run = finished_run(tmp_path, [np.full((6, 5), number % 3) for number in range(12)])
    run.accuracies = [0.5, 0.3, 0.9, 0.9, 0.2, math.nan, 0.9, 0.9, 0.1, 0.9, 0.9, 0.4]
    run.validation.names = [f"{number}.jpg" for number in range(12)]
    draw_run(run)
    [(_, rows, _, _, (captions, fonts))] = shown
    assert fonts == ["DejaVu Sans"]
    numbers = [1, 4, 7, 10, 8, 11, 0, 2]  # 1 and 4 are among the worst, and shown already; 5 is all void
    assert [caption.partition(":")[0] for caption in captions] == [f"{number}.jpg" for number in numbers]
    for number, (image, *_) in zip(numbers, rows, strict=True):
        assert image is run.validation[number][0]
    assert captions[:2] == ["1.jpg: pixel acc. 0.300 (3rd worst of 11)", "4.jpg: pixel acc. 0.200 (2nd worst of 11)"]
    assert captions[2] == "7.jpg: pixel acc. 0.900" and captions[4] == "8.jpg: pixel acc. 0.100 (the worst of 11)"


@pytest.mark.parametrize("widths", [(50, 20), (151, 151)])  # the latter narrower than its captions
def test_captions_stand_above_their_rows(tmp_path, drawn, widths):
    captions = ["$a$ and b", "a photo with a long name" * 5], ["DejaVu Sans"]
    rows = [sample(height, width) for height, width in zip((30, 40), widths)]
    save_predictions(tmp_path / "p.png", rows, CLASSES, PALETTE, captions)
    (figure,) = drawn
    assert [text.get_text() for text in figure.texts][:2] == captions[0]
    assert not figure.texts[0].get_parse_math()
    assert apart(figure, extents([*figure.axes, *figure.texts, *figure.legends[0].get_texts()]))
    tops = [text.get_window_extent().y0 for text in figure.texts[:2]]
    assert all(top > axes.get_window_extent().y1 for top, axes in zip(tops, figure.axes[::4]))


def test_a_name_without_a_font_is_a_number(tmp_path, shown, monkeypatch):
    monkeypatch.setattr(fonts, "_others", lambda _: [])
    fonts._readable.cache_clear(), fonts.fonts_for.cache_clear()
    run = finished_run(tmp_path, [np.full((6, 5), number % 3) for number in range(3)])
    run.validation.names = ["a", "나무", "photo \udcff"]
    draw_run(run)
    fonts._readable.cache_clear(), fonts.fonts_for.cache_clear()
    [(*_, (captions, _))] = shown
    assert captions[1].startswith("image 1: pixel acc.") and captions[0].startswith("a: pixel acc.")


def test_a_run_on_labels_of_whole_images_has_no_predictions_to_show(tmp_path):
    draw_run(finished_run(tmp_path, [np.uint8(1)] * 3))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["confusion.png", "learning_curve.png"]
