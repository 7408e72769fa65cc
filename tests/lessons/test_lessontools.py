"""What lessons draw and show: where a figure goes, and who sees it."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from lessons.display import output
from lessons.lesson import FOLDER
from lessons.testing import load


@pytest.fixture
def tools(tmp_path, monkeypatch):
    """lessontools, with figures in a folder of the test's own, and the addresses that it opened."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    tools = load(FOLDER / "lessontools.py")
    tools.FIGURES, tools.opened = tmp_path / "figures", []
    monkeypatch.setattr("webbrowser.open", tools.opened.append)
    monkeypatch.setenv("DISPLAY", ":0")
    return tools


@pytest.mark.parametrize(("columns", "lines"), [(200, 2), (80, 2), (50, 3), (1, 8)])
def test_a_figure_is_saved_and_named(tools, columns, lines, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", str(columns))
    tools.show(tools.new_figure(320, 200), "00_empty", "Nothing is to be seen. " * 5)
    with Image.open(tools.FIGURES / "00_empty.png") as picture:
        assert picture.size == (320, 200)
    first, *alt = capsys.readouterr().out.splitlines()
    assert first == f"figure: {tools.FIGURES / '00_empty.png'}"
    assert " ".join(line.removeprefix("  ") for line in alt) == ("Nothing is to be seen. " * 5).strip()
    assert len(alt) == lines and max(map(len, alt)) <= max(20, min(78, columns))
    assert tools.opened == []  # nobody watches: the output is no terminal


def test_a_figure_may_write_itself_and_what_moves_has_stills(tools, capsys):
    tools.show(lambda path: Image.new("L", (30, 20)).save(path), "00_moves.gif", "Nothing moves.")
    with (
        Image.open(tools.FIGURES / "00_moves.gif") as moving,
        Image.open(tools.FIGURES / "00_moves_stills.png") as still,
    ):
        assert moving.size == still.size == (30, 20)
    assert f"  stills of it: {tools.FIGURES / '00_moves_stills.png'}\n" in capsys.readouterr().out


@pytest.mark.parametrize(("screen", "opens"), [(":0", True), ("", False)])
def test_a_figure_opens_where_somebody_watches(tools, monkeypatch, screen, opens):
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("DISPLAY", screen)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    tools.show(tools.new_figure(320, 200), "00_empty", "Nothing.")
    assert tools.opened == [(tools.FIGURES / "00_empty.png").as_uri()] * opens


def test_a_figure_stands_below_a_notebook_s_cell(tools, monkeypatch, capsys):
    shown = []
    display = SimpleNamespace(display=lambda data, raw: shown.append((data, raw)))
    shell = SimpleNamespace(kernel="a notebook's shell has one")
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    tools.show(tools.new_figure(320, 200), "00_empty", "Nothing.")
    assert shown == [(output(tools.FIGURES / "00_empty.png", "Nothing."), True)]
    assert capsys.readouterr().out == "" and tools.opened == []


def test_maps_have_cells_of_one_size_and_their_numbers(tools):
    maps = {"wide": np.array([[1.0, -2.5]]), "tall,\na long second line": np.array([[3.0]] * 4)}
    figure, axes = tools.draw_maps(maps, cell=50)
    tools.frame(axes[1], 2, 0, 2, 1)
    figure.draw_without_rendering()
    sides = [
        (a.get_window_extent().width / n, a.get_window_extent().height / m) for a, (m, n) in zip(axes, [(1, 2), (4, 1)])
    ]
    np.testing.assert_allclose(sides, 50)
    assert [text.get_text() for text in axes[0].texts] == ["1", "-2.5"]
    inside = figure.bbox.padded(1)
    for a in axes:
        box = a.get_tightbbox()
        assert inside.contains(box.x0, box.y0) and inside.contains(box.x1, box.y1)


def test_pytorch_is_left_out_with_a_line_where_it_is_not_installed(tools, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "torch", None)
    assert tools.pytorch() is None
    assert capsys.readouterr().out == "PyTorch is not installed: the comparison with it is left out\n"
