"""The confusion matrix as a picture: its numbers, and nothing on anything else."""

import itertools

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from minifcn.errors import InputError
from minifcn.metrics import ConfusionMatrix
from minifcn.pictures.confusion import save_confusion


@pytest.fixture
def drawn(monkeypatch):
    """The figures that get saved, after that."""
    figures, savefig = [], Figure.savefig
    monkeypatch.setattr(Figure, "savefig", lambda f, *a, **k: (figures.append(f), savefig(f, *a, **k))[1])
    return figures


def matrix(counts):
    confusion = ConfusionMatrix(len(counts))
    confusion.counts = np.array(counts)
    return confusion


def test_rows_are_in_percent_of_the_truth(tmp_path, drawn):
    save_confusion(tmp_path / "c.png", matrix([[3, 1, 0], [0, 200, 0], [0, 0, 0]]), ["a", "b", "c"])
    (axes,) = drawn[0].axes
    texts = {(round(t.get_position()[1]), round(t.get_position()[0])): t.get_text() for t in axes.texts}
    assert texts == {(0, 0): "75", (0, 1): "25", (1, 1): "100"}  # (row, column)
    shown = axes.images[0].get_array()
    np.testing.assert_allclose(shown[:2], [[75, 25, 0], [0, 100, 0]])
    assert np.ma.getmaskarray(shown)[2].all() or np.isnan(shown[2]).all()  # the truth has none of it
    for ticks in (axes.get_xticklabels(), axes.get_yticklabels()):
        assert [label.get_text() for label in ticks] == ["a", "b", "c"]


@pytest.mark.parametrize("n", [2, 21, 40, 41])
def test_every_name_has_its_place(tmp_path, drawn, n):
    names = [f"${number}$ of a name that is longer than any" if number % 3 == 0 else f"{number}" for number in range(n)]
    save_confusion(tmp_path / "c.png", matrix(np.full((n, n), 7)), names)
    (axes,) = drawn[0].axes
    assert len(axes.texts) == (n * n if n <= 40 else 0)
    labels = [*axes.get_xticklabels(), *axes.get_yticklabels(), *drawn[0].texts]
    boxes = [label.get_window_extent() for label in labels]
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))
    whole = drawn[0].bbox
    assert all(b.x0 >= 0 and b.y0 >= 0 and b.x1 <= whole.x1 and b.y1 <= whole.y1 for b in boxes)
    cell = axes.get_window_extent().width / n
    assert all(max(t.get_window_extent().width, t.get_window_extent().height) < cell for t in axes.texts)
    with Image.open(tmp_path / "c.png") as picture:
        assert picture.size == tuple(round(side) for side in whole.size)


def test_another_number_of_names_is_an_error(tmp_path):
    with pytest.raises(InputError, match="2 names for 3 classes"):
        save_confusion(tmp_path / "c.png", ConfusionMatrix(3), ["a", "b"])
