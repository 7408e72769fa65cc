"""Going through a lesson: what is computed unseen, where one goes on, predictions, long cells and pictures."""

import io
import json

import pytest
from PIL import Image
from rich.console import Console
from small_lesson import SMALL
from textual_image.renderable import HalfcellImage

from lessons import cli, inline, pager, walk

PREDICTS = """
# %% [markdown]
# **Predict.** What is twice 3?

# %%
print("twice 3 is", 6)
"""
TALKS = """
# %%
import time

print("a long line", "-" * 90)
time.sleep(0.4)
print("no end", end="")
"""


def go(*options):
    return cli.main(["1", *options])


@pytest.fixture
def terminal(monkeypatch):
    """terminal(columns, rows): what is printed from now on goes to a terminal of this size."""

    def of_size(columns, rows):
        monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setenv("LINES", str(rows))

    return of_size


def test_from_begins_at_a_cell_and_computes_those_before_unseen(folder, typed, capsys):
    typed("", "")
    assert go("--from", "3") == 0
    out = capsys.readouterr().out
    assert "now 3" in out and "x is 2" not in out and "small?" not in out


def test_an_unseen_cell_that_fails_is_shown(folder, capsys):
    (folder / "01_small.py").write_text(SMALL + "\n# %%\nassert x == 7\n\n# %%\nprint(x)\n")
    assert go("--from", "6", "--no-pause") == 1
    assert "01_small.py, cell 5 failed, in line 1" in capsys.readouterr().out


@pytest.mark.parametrize("cell", ["0", "5", "-1"])
def test_a_cell_that_is_not_there_is_refused(folder, capsys, cell):
    assert go("--from", cell) == 2
    assert capsys.readouterr().err == f"lessons: error: --from {cell}: lesson 1 has the cells 1 to 4\n"


def test_one_goes_on_where_one_left(folder, typed, capsys):
    typed("", "", "q")
    assert go() == 0
    assert capsys.readouterr().out.endswith("python -m lessons 1 goes on from here.\n")
    typed("", "")
    assert go() == 0
    out = capsys.readouterr().out
    assert out.startswith("You left at cell 3. (--from 1 begins anew.)\n")
    assert "now 3" in out and "x is 2" not in out and "The end." in out
    typed("q")
    assert go() == 0
    assert "small?" in capsys.readouterr().out  # at the end it is forgotten


def test_running_through_begins_at_the_first_cell_and_keeps_the_place(folder, typed, capsys):
    typed("", "q")
    assert go() == 0
    assert go("--no-pause") == 0
    assert "small?" in capsys.readouterr().out
    assert json.loads((folder / "answers" / "places.json").read_text()) == {"01_small": 2}


@pytest.mark.parametrize("kept", ["no JSON", "[]", '{"01_small": 99}', '{"01_small": "two"}'])
def test_a_place_that_makes_no_sense_is_none(folder, typed, capsys, kept):
    (folder / "answers").mkdir()
    (folder / "answers" / "places.json").write_text(kept)
    typed("q")
    assert go() == 0
    assert "small?" in capsys.readouterr().out


def test_a_place_that_cannot_be_kept_ends_nothing(folder, typed, capsys):
    (folder / "answers").write_text("a file where the folder should be")
    typed("", "q")
    assert go() == 0


def test_a_prediction_is_asked_for_before_the_answer_and_shown_beside_it(folder, typed, capsys):
    (folder / "01_small.py").write_text(SMALL + PREDICTS)
    typed("[b]5[/b], or 7", "q")
    assert go("--from", "5") == 0
    out = capsys.readouterr().out
    places = [out.index(text) for text in ("What is twice", "(Enter: none)", "twice 3 is 6", "[b]5[/b], or 7")]
    assert places == sorted(places)


def test_a_prediction_may_be_left_out_and_its_question_takes_the_keys(folder, typed, capsys):
    (folder / "01_small.py").write_text(SMALL + PREDICTS)
    typed("b", "", "", "b", "q")  # back, on, none, back from the answer: not asked again
    assert go("--from", "5") == 0
    out = capsys.readouterr().out
    assert out.count("(Enter: none)") == 2 and out.count("The last cell") == 1
    assert "twice 3 is 6" in out and "Your prediction:" not in out and out.rstrip().endswith("goes on from here.")
    typed("q")
    assert go("--from", "5") == 0
    assert "twice 3 is" not in capsys.readouterr().out


def test_in_a_terminal_a_spinner_turns_and_nothing_printed_is_lost(folder, typed, terminal, capsys):
    terminal(80, 40)
    (folder / "01_small.py").write_text(SMALL + TALKS)
    typed("q")
    assert go("--from", "5") == 0
    out = capsys.readouterr().out
    assert "computing ..." in out and len(set(out) & set("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")) > 1
    assert "a long line " + "-" * 90 + "\nno end\n" in out


def test_a_cell_longer_than_the_window_waits(folder, typed, terminal, monkeypatch, capsys):
    terminal(80, 12)
    (folder / "01_small.py").write_text(SMALL + "\n# %%\nfor n in range(30):\n    print('line', n)\n")
    asked = []
    monkeypatch.setattr("builtins.input", lambda *_: asked.append(capsys.readouterr().out) or "q"[len(asked) < 5 :])
    assert go("--from", "5") == 0
    shown = [out.count("line ") for out in asked]
    assert shown[0] == 8 and shown[-1] <= 10 and sum(shown) == 30
    assert "".join(asked).count("Enter: more") == len(asked) - 1


def test_text_keeps_its_rows_in_a_window():
    console = Console(file=io.StringIO(), force_terminal=True, width=10, height=6)
    asked = []
    console.input = lambda question: asked.append(console.file.getvalue())
    shown = pager.Pager(console, stops=True)
    shown.write("1\n2\n\x1b[31m3\x1b[0m\n" + "4" * 20 + "\n6\n")  # the fourth takes two rows: it does not fit
    assert asked == ["1\n2\n\x1b[31m3\x1b[0m\n"]
    shown.begin()
    shown.write("1\n2\n3\n4\n")
    assert len(asked) == 1


def test_without_a_terminal_nothing_waits():
    shown = pager.Pager(Console(file=io.StringIO(), width=10, height=6), stops=True)
    shown.write("line\n" * 50)
    assert shown.console.file.getvalue() == "line\n" * 50


DRAWS = """
# %%
from pathlib import Path

from PIL import Image

path = Path(__file__).with_name("01_red.png")
Image.new("RGB", (80, 32), "red").save(path)
print(f"figure: {path}")
"""


@pytest.mark.filterwarnings("ignore:Image.Image.getdata:DeprecationWarning")  # textual-image calls it
def test_pictures_are_drawn_in_the_terminal_and_opened_by_a_key(folder, typed, terminal, monkeypatch, capsys):
    monkeypatch.setattr(walk, "drawer", lambda _: HalfcellImage)
    opened = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    terminal(80, 40)
    (folder / "01_small.py").write_text(SMALL + DRAWS)
    typed("o", "q")
    assert go("--from", "5") == 0
    out = capsys.readouterr().out
    assert out.count("\u2580") == 10 * 2  # 80 pixels are 10 letters, 32 are 2
    assert "o: open the picture" in out and opened == [(folder / "01_red.png").as_uri()]


def test_without_a_terminal_pictures_are_told_only(folder, capsys):
    (folder / "01_small.py").write_text(SMALL + DRAWS)
    assert go("--no-pause") == 0
    out = capsys.readouterr().out
    assert f"figure: {folder / '01_red.png'}\n" in out and "\u2580" not in out


def test_a_terminal_that_answers_strangely_draws_nothing(monkeypatch):
    console = Console(file=io.StringIO(), force_terminal=True)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert inline.drawer(console) is None
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setitem(inline.sys.modules, "textual_image.renderable", None)
    assert inline.drawer(console) is None


@pytest.mark.parametrize(
    ("pixels", "room", "letters"),
    [((80, 32), (100, 40), (10, 2)), ((1600, 320), (100, 40), (100, 10)), ((800, 1600), (100, 40), (40, 40))],
)
def test_a_picture_fits_its_room(tmp_path, pixels, room, letters):
    Image.new("RGB", pixels).save(tmp_path / "picture.png")
    assert inline.size_in_letters(tmp_path / "picture.png", *room) == letters
