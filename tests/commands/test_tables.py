"""Tables in terminals of any width: no figure is cut, no word of a name either."""

import re
from types import SimpleNamespace

import pytest
import tiny
from rich.cells import cell_len

from minifcn.commands import tables
from minifcn.commands.tables import new_table
from minifcn.commands.terminal import print_results
from minifcn.metrics import FIGURES

CLASSES = ("background", "잎", "a red fruit that is ripe", "an-uninterrupted-name", "[red] $x$ [/]")


@pytest.fixture
def shown(capsys, monkeypatch):
    """What a function prints in a terminal of this width."""

    def show(width, function, *arguments):
        monkeypatch.setattr(tables.console, "_width", width)
        function(*arguments)
        return capsys.readouterr().out

    return show


def results(networks):
    """Figures that differ all, 10.1, 10.2, ... percent in the order in which they are printed; and their data set."""
    numbers = iter(range(101, 1000))
    rows = [(f"FCN-{n}s", SimpleNamespace(**{name: next(numbers) / 1000 for name in FIGURES})) for n in networks]
    for _, confusion in rows:
        confusion.iu_per_class = []
    for _ in CLASSES:
        for _, confusion in rows:
            confusion.iu_per_class.append(next(numbers) / 1000)
    dataset = type("Photos", (), {"name": "photos", "classes": CLASSES, "__len__": lambda _: 7})()
    return rows, dataset


@pytest.mark.parametrize("networks", [(8,), (16, 8), (32, 16, 8), (32, 16, 8, 4)])
def test_every_figure_of_a_result_is_there_at_any_width(shown, networks):
    count = len(networks) * (len(FIGURES) + len(CLASSES))
    figures = [f"{(101 + n) / 10:.1f}" for n in range(count)]
    rows, dataset = results(networks)
    for width in range(20, 101):
        out = shown(width, print_results, rows, dataset)
        assert re.findall(r"\d+\.\d", out) == figures, width
        assert max(map(cell_len, out.splitlines())) <= width
        assert "…" not in out
        assert all(word in out for name in CLASSES for word in name.split() if len(word) < 20), width


@pytest.mark.parametrize("command", [["summary", "fcn8s"], ["arithmetic"], ["train", "--explain", "--recipe", "heavy"]])
def test_a_narrow_terminal_shows_the_same_figures(shown, command):
    def figures(width):
        return sorted(re.findall(r"\d[\dx,.e-]*\d|\d", shown(width, tiny.command, *command)))

    whole = figures(200)
    assert len(whole) > 30
    assert [width for width in (20, 30, 40, 50, 60, 80) if figures(width) != whole] == []


def test_a_row_that_does_not_fit_is_a_line_that_goes_on(shown):
    table = new_table("what a title says", "layer", "output", "field", "")
    table.add_row("conv1_1", "64x698x698", "", "ok")
    table.add_row("a long name", "64x349x349", "3", "")
    expected = [
        "what a title says",
        "conv1_1: output 64x698x698,",
        "  ok",
        "a long name:",
        "  output 64x349x349, field 3",
    ]
    assert [line.rstrip() for line in shown(28, tables.console.print, table).splitlines()] == expected


def test_the_first_column_wraps_between_words(shown):
    table = new_table("", "class", "IU")
    table.add_row("a red fruit", "12.3")
    lines = [line.strip() for line in shown(18, tables.console.print, table).splitlines()]
    assert lines[-3:] == ["a red     12.3", "fruit", ""]


def test_what_looks_like_markup_or_moves_the_cursor_is_shown(shown):
    table = new_table("[red]", "class", "[/]")
    table.add_row("[bold]a[/bold]\x1b[2J\n", "1")
    out = shown(80, tables.console.print, table)
    assert all(text in out for text in ("[red]", "[/]", r"[bold]a[/bold]\x1b[2J\n"))


def test_a_title_is_no_narrower_than_the_terminal(shown):
    def print_narrow():
        table = new_table("a title that is longer than its table", "", "x")
        table.add_row("a", "1")
        tables.console.print(table)

    assert shown(60, print_narrow).startswith("a title that is longer than its table\n")
