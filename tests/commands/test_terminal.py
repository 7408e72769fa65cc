"""What a training shows while it runs: in a terminal a bar and lines above it, in a file the lines alone."""

import io
import re

import numpy as np
import pytest
from rich.console import Console

from minifcn.commands import terminal
from minifcn.commands.streams import say
from minifcn.metrics import ConfusionMatrix

ROW = {"epoch": 3, "loss": 1.30534, "val_loss": 1.11876, "mean_iu": 0.1234, "pixel_accuracy": 0.75}
LINE = "epoch  3/10  loss 1.305, val 1.119, mean IU 0.123, pixel acc. 0.750, 210.6 img/s"


def followed(monkeypatch, is_terminal, width=80):
    """What is written of a moment of training, without colours and moves of the cursor."""
    file = io.StringIO()
    console = Console(file=file, force_terminal=is_terminal, width=width, highlight=False)
    monkeypatch.setattr(terminal, "console", console)
    bar = terminal.Bar()
    with bar:
        bar.begin("epoch 3/10", 20)
        bar.advance(4, 1.5)
        bar.shown.refresh()
        bar.epoch(ROW | {"images_per_second": 210.63}, 10)
        bar.begin("validation", 6)
        bar.advance(6)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", file.getvalue())


def test_in_a_terminal_lines_stand_above_the_bar(monkeypatch, capsys):
    written = followed(monkeypatch, True)
    lines = re.split(r"[\r\n]+", written)
    assert LINE in lines and len(LINE) == 80  # alone on its line, and not wrapped
    bars = [line for line in lines if "━" in line]
    assert bars and all(len(line) <= 80 for line in bars)
    assert any(re.match(r"epoch 3/10 .*4/20 .*loss 1\.5000", line) for line in bars)
    assert re.match(r"validation .*6/6", bars[-1]) and "loss" not in bars[-1]
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("width", [20, 30, 40, 69, 70, 100])
def test_a_narrow_terminal_loses_no_figure(monkeypatch, width):
    written = followed(monkeypatch, True, width)
    assert "…" not in written and max(map(len, re.split(r"[\r\n]+", written))) <= width
    words = " ".join(written.split())
    assert LINE.replace("  ", " ") in words
    assert re.search(r"epoch 3/10\S* .*4/20.*loss 1\.5000", words)


def test_errors_that_go_to_a_file_are_not_shown_in_its_place(monkeypatch, capsys):
    """As with 2> errors.txt, while standard output is a terminal."""
    shown = io.StringIO()
    monkeypatch.setattr(terminal, "console", Console(file=shown, force_terminal=True))
    with terminal.Bar():
        say("failed", error=True)
    assert capsys.readouterr().err == "failed\n" and "failed" not in shown.getvalue()


def test_in_a_file_there_are_lines_alone(monkeypatch, capsys):
    assert followed(monkeypatch, False) == ""
    assert capsys.readouterr().out == LINE + "\n"


def test_classes_have_a_line_each_whose_figures_come_first(capsys):
    confusion = ConfusionMatrix(4)
    confusion.counts = np.array([[880, 20, 0, 0], [50, 50, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]])
    terminal.print_classes(confusion, ["background", "a fruit with a very long name indeed", "leaf", "stem"])
    assert capsys.readouterr().out.splitlines() == [
        "     IU  truth  found  (shares in %)",
        "  0.926   90.0   93.0  background",  # 880 / 950
        "  0.417   10.0    7.0  a fruit with a very long name indeed",  # 50 / 120
        "      -    0.0    0.0  leaf",
        "      -    0.0    0.0  stem",
    ]


@pytest.mark.parametrize("row, figure", [({"accuracy": 0.5}, ", accuracy 0.500"), ({}, "")])
def test_an_epoch_s_line_names_the_figures_there_are(capsys, row, figure):
    terminal.Bar().epoch({"epoch": 1, "loss": 2.0, "val_loss": 1.0, "images_per_second": 0.4372} | row, 2)
    assert capsys.readouterr().out == f"epoch 1/2  loss 2.000, val 1.000{figure}, 0.4 img/s\n"
