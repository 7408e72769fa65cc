"""A figure in a notebook and in what is exported from it: every picture, each with its alternative text."""

import base64
import io
import re
from html.parser import HTMLParser

import nbformat
import numpy as np
import pytest
from nbconvert import HTMLExporter
from PIL import Image, ImageChops

from lessons.display import output, save_strip, strip_of

ALT = 'A "map" of 2 < 3 pixels & more.'


def frame(place):
    """A frame of an animation of eight: white but for a column that is black."""
    picture = np.full((30, 80), 255, np.uint8)
    picture[:, 10 * place : 10 * place + 10] = 0
    return Image.fromarray(picture)


@pytest.fixture
def animation(tmp_path):
    path = tmp_path / "00_moves.gif"
    frame(0).save(path, save_all=True, append_images=[frame(n) for n in range(1, 8)], duration=100)
    save_strip(path)
    return path


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "00_still.png"
    frame(3).save(path)
    return path


class _Images(HTMLParser):
    """[(alternative text, PIL image)] of a page: each picture stands in the page itself."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        if tag == "img":
            kind, data = re.fullmatch(r"data:image/(\w+);base64,(.*)", dict(attributes)["src"]).groups()
            image = Image.open(io.BytesIO(base64.b64decode(data)))
            assert image.format.lower() == kind
            self.found.append((dict(attributes)["alt"], image))


def images_of(html):
    return _Images(html).found


def test_a_picture_carries_its_alternative_text(picture):
    shown = output(picture, ALT)
    ((alt, image),) = images_of(shown["text/html"])
    assert alt == ALT and shown["text/plain"] == ALT
    with Image.open(picture) as expected:
        assert not ImageChops.difference(image.convert("RGB"), expected.convert("RGB")).getbbox()
    assert base64.b64decode(shown["image/png"]) == picture.read_bytes()


def test_an_animation_has_its_stills_beside_it(animation):
    shown = output(animation, ALT)
    (alt, moving), (_, strip) = images_of(shown["text/html"])
    assert alt == ALT and moving.n_frames == 8
    assert base64.b64decode(shown["image/png"]) == strip_of(animation).read_bytes()
    black = np.asarray(strip.convert("L"))[15] < 128
    assert black.size == 4 * 80 + 3 * 12
    # Frames 0, 2, 4 and 7 of 8: 12 pixels lie between two.
    expected = [start + at for start, at in zip((0, 92, 184, 276), (0, 20, 40, 70))]
    assert np.flatnonzero(black).tolist() == [n for at in expected for n in range(at, at + 10)]


def test_large_frames_become_smaller_and_two_frames_are_two(tmp_path):
    path = tmp_path / "00_wide.gif"
    wide = [Image.new("L", (1120, 300), value) for value in (0, 255)]
    wide[0].save(path, save_all=True, append_images=wide[1:])
    save_strip(path)
    with Image.open(strip_of(path)) as strip:
        assert strip.size == (2 * 560 + 12, 150)


def test_an_exported_notebook_shows_them_all(animation, picture):
    outputs = [nbformat.v4.new_output("display_data", data=output(path, ALT)) for path in (animation, picture)]
    cell = nbformat.v4.new_code_cell("show(...)", outputs=outputs)
    language = {"language_info": {"name": "python", "pygments_lexer": "python"}}  # else IPython's, if it is installed
    page, _ = HTMLExporter().from_notebook_node(nbformat.v4.new_notebook(cells=[cell], metadata=language))
    assert [(alt, image.format) for alt, image in images_of(page)] == [
        (ALT, "GIF"),
        ("Stills of this animation.", "PNG"),
        (ALT, "PNG"),
    ]
