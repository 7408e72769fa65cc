"""Names in pictures: as they are where a font has their letters, else numbers; nothing in them is a formula."""

import warnings

import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from PIL import Image

from minifcn.errors import Caution
from minifcn.pictures import fonts
from minifcn.pictures.fonts import readable, write
from minifcn.pictures.runs import save_predictions

LETTER = "\U000f1234"  # for private use: no font of this machine has it


@pytest.fixture(autouse=True)
def afresh(monkeypatch):
    """As in a process of its own."""
    monkeypatch.setattr(fontManager, "ttflist", list(fontManager.ttflist))
    caches = (fonts._readable, fonts.fonts_for, fonts._add_new_fonts)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


def install(monkeypatch, folder, letters):
    """A font in which each of the letters is a black square, installed since matplotlib made its list."""
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    for corner in ((0, 700), (700, 700), (700, 0)):
        pen.lineTo(corner)
    pen.closePath()
    font = FontBuilder(1000, isTTF=True)
    font.setupGlyphOrder([".notdef", "square"])
    font.setupCharacterMap({ord(letter): "square" for letter in letters})
    font.setupGlyf({".notdef": TTGlyphPen(None).glyph(), "square": pen.glyph()})
    font.setupHorizontalMetrics({".notdef": (500, 0), "square": (800, 0)})
    font.setupHorizontalHeader(ascent=800, descent=-200)
    font.setupNameTable({"familyName": "Squares", "styleName": "Regular"})
    font.setupOS2()
    font.setupPost()
    font.save(folder / "squares.ttf")
    (folder / "broken.ttf").write_bytes(b"no font")
    monkeypatch.setattr(fonts, "findSystemFonts", lambda: [str(folder / "broken.ttf"), str(folder / "squares.ttf")])


def dark_pixels(path, words, fonts):
    figure = Figure((3, 0.5))
    write(figure.text(0.05, 0.3, ""), words, fonts)
    figure.savefig(path)
    with Image.open(path) as picture:
        return int((np.array(picture.convert("L")) < 100).sum())


def test_a_name_without_a_font_becomes_its_number_and_is_told_once():
    names = ["background", f"a{LETTER}", "leaf"]
    with pytest.warns(Caution, match=rf"class 1 is a{LETTER}.*fonts-noto-cjk") as told:
        assert readable(names) == (["background", "class 1", "leaf"], ["DejaVu Sans"])
        assert readable(names)[0][1] == "class 1"
    assert len(told) == 1


def test_a_font_that_has_the_letters_draws_them(tmp_path, monkeypatch):
    install(monkeypatch, tmp_path, LETTER)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        texts, families = readable([f"a{LETTER}", "leaf"])
        assert (texts, families) == ([f"a{LETTER}", "leaf"], ["DejaVu Sans", "Squares"])
        one, two = (dark_pixels(tmp_path / "p.png", "a" + LETTER * count, families) for count in (1, 2))
    assert two - one > 60  # of a square of 10 x 10


def test_names_are_drawn_as_they_are(tmp_path, monkeypatch):
    names = ["_hidden", "$x$", r"\alpha$ \$", "a\nb\x1b[2J", "x" * 25 + "y" * 25, "\udcff"]
    legends, savefig = [], Figure.savefig
    monkeypatch.setattr(Figure, "savefig", lambda f, *a, **k: (legends.extend(f.legends), savefig(f, *a, **k)))
    row = (np.zeros((8, 8, 3), np.uint8), None, {"FCN-8s": np.zeros((8, 8), np.uint8)})
    save_predictions(tmp_path / "p.png", [row], names, np.zeros((6, 3), np.uint8))
    shown = ["_hidden", "$x$", r"\alpha$ \$", r"a\nb\x1b[2J", "x" * 20 + "…" + "y" * 19, r"\udcff", "void"]
    assert [text.get_text() for text in legends[0].get_texts()] == shown
    assert not any(text.get_parse_math() for text in legends[0].get_texts())


@pytest.mark.parametrize("count", [1, 60])
def test_a_legend_lies_within_its_picture_however_long_its_names(tmp_path, count):
    row = (np.zeros((160, 151, 3), np.uint8), None, {"FCN-8s": np.zeros((160, 151), np.uint8)})
    save_predictions(tmp_path / "p.png", [row], ["W" * 40] * count, np.zeros((count, 3), np.uint8))
    with Image.open(tmp_path / "p.png") as picture:
        grey = np.array(picture.convert("L"))
    assert (grey[-100:, -8:] == 255).all() and (grey[-100:, -40:] < 100).any()
