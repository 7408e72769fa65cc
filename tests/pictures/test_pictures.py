"""The files: what a reader of them sees, pixel by pixel where it can be told by hand."""

import numpy as np
import pytest
from PIL import Image

from minifcn.convolution import SEVEN_CASES, relationship
from minifcn.errors import InputError
from minifcn.pictures import animate_convolution, animate_transposed, animation, canvas, draw_matrices, matrices
from minifcn.pictures.colours import FILLS, NOW, entry_colours, ink_on, palette
from minifcn.pictures.sliding import sliding_convolution, sliding_transposed

STRIDED = relationship(5, 3, stride=2, padding=1)
LARGEST = relationship(8, 4, padding=1)  # of all cases that are accepted, the largest file
SLIDES = """
    1 2 3 0 4 5 6 0 7 8 9 0 0 0 0 0
    0 1 2 3 0 4 5 6 0 7 8 9 0 0 0 0
    0 0 0 0 1 2 3 0 4 5 6 0 7 8 9 0
    0 0 0 0 0 1 2 3 0 4 5 6 0 7 8 9"""


def pixels(path):
    with Image.open(path) as picture:
        return np.array(picture.convert("RGB")).astype(int)


def frames(path):
    """(list of frames as arrays, their durations) of a GIF."""
    with Image.open(path) as picture:
        shown = []
        for number in range(picture.n_frames):
            picture.seek(number)
            shown.append((np.array(picture.convert("RGB")), picture.info["duration"]))
        assert picture.info["loop"] == 0
    return [list(part) for part in zip(*shown)]


def is_near(picture, colour):
    return np.abs(picture - np.array(colour)).max(axis=-1) <= 4  # Pillow finds a palette's colour to 4 levels


def border_is_white(picture):
    return all((edge == 255).all() for edge in (picture[:8], picture[-8:], picture[:, :8], picture[:, -8:]))


@pytest.mark.parametrize("animate, pixels_out", [(animate_convolution, 9), (animate_transposed, 25)])
def test_an_animation_has_a_frame_for_each_output_pixel(tmp_path, animate, pixels_out):
    animate(tmp_path / "a.gif", STRIDED)
    shown, durations = frames(tmp_path / "a.gif")
    assert len(shown) == pixels_out
    assert set(durations[:-1]) == {600} and durations[-1] == 2500
    still = pixels(tmp_path / "a.png")
    telling = {9: 4, 25: 8}[pixels_out]
    assert [number for number, frame in enumerate(shown) if (frame == still).all()] == [telling]
    assert all(border_is_white(frame) for frame in shown)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.gif", "a.png"]


def test_the_marks_move_as_the_window_does(tmp_path):
    """The frame of C lies on row 4 where the fifth output pixel is made, of the transpose on column 6."""
    for sliding, number, box in (
        (sliding_convolution(STRIDED), 4, (0, 4, 25, 1)),
        (sliding_transposed(STRIDED), 6, (6, 0, 1, 9)),
    ):
        scene = animation._Scene(sliding)
        picture = list(scene.frames())[number].finished().convert("RGB")
        x, y, width, height = (scene.side * part for part in box)
        x, y = x + scene.matrix_x, y + scene.matrix_y
        marked = is_near(np.array(picture).astype(int), NOW)
        marked[:, : scene.matrix_x - 5] = False
        rows, cols = np.nonzero(marked)
        assert (cols.min(), rows.min()) == (x - 2, y - 2)
        assert (cols.max(), rows.max()) == (x + width + 2, y + height + 2)


def test_the_map_shows_pixels_zeros_and_padding_and_the_window_their_weights():
    scene = animation._Scene(sliding_transposed(STRIDED))
    first, *_, last = scene.frames()
    for frame, corner in ((first, 0), (last, 4)):
        picture = np.array(frame.finished().convert("RGB")).astype(int)

        def colour(row, col, part, picture=picture):
            at = scene.y + round((row + part) * scene.cell), canvas.MARGIN + col * scene.cell + 5
            return picture[at]

        assert is_near(colour(3, 3, 0.2), FILLS["pixel"])
        assert is_near(colour(3, 2, 0.2), FILLS["zero"])
        assert is_near(colour(0, 3, 0.2), FILLS["padding"])
        assert is_near(colour(corner, corner, 0.8), entry_colours(9)[9])  # turned: the last entry comes first
        assert is_near(colour(corner + 2, corner + 2, 0.8), entry_colours(9)[1])
        assert is_near(colour(3, 3, 0.8), FILLS["pixel"])  # no window there


def test_the_output_fills_up():
    scene = animation._Scene(sliding_convolution(STRIDED))
    for done, frame in enumerate(scene.frames(), 1):
        picture = np.array(frame.finished().convert("RGB")).astype(int)
        filled = [
            bool(
                is_near(
                    picture[scene.output_y + r * scene.output_cell + 6, scene.middle_x + c * scene.output_cell + 6],
                    FILLS["pixel"],
                )
            )
            for r in range(3)
            for c in range(3)
        ]
        assert filled == [True] * done + [False] * (9 - done)


def test_the_sum_is_written_out():
    conv, back = animation._Scene(sliding_convolution(STRIDED)), animation._Scene(sliding_transposed(STRIDED))
    assert conv._sum(conv.sliding.step(4)) == "output (1, 1) = 1×2 + 3×3 + 5×1 + 5×3 + 3×1 + 1×2 + 4×1 + 3×2 + 2×3 = 52"  # noqa: RUF001
    assert back._sum(back.sliding.step(6)) == "output (1, 1) = 1×3 + 2×1 + 4×1 + 1×2 + 5 products with 0 = 11"  # noqa: RUF001
    wide = animation._Scene(sliding_convolution(LARGEST))
    assert wide._sum(wide.sliding.step(24)).startswith("output (3, 3) = the sum of the 16 products of a pixel in")


@pytest.mark.parametrize("case", [LARGEST, relationship(5, 7, padding=3), relationship(4, 2, padding=2)], ids=str)
def test_files_stay_small_and_pictures_within_their_size(tmp_path, case):
    animate_transposed(tmp_path / "t.gif", case)
    draw_matrices(tmp_path / "m.png", case)
    assert all(path.stat().st_size < 500_000 for path in tmp_path.iterdir())
    place = [1 << 16, 1 << 8, 1]
    colours = np.array(palette(case.kernel**2).getpalette()).reshape(-1, 3) @ place
    for name in ("t.png", "m.png"):
        picture = pixels(tmp_path / name)
        assert picture.shape[0] <= 800 and picture.shape[1] <= 1200
        assert border_is_white(picture)
        assert np.isin(picture @ place, colours).all()


class Recorder(canvas.Canvas):
    """A canvas that remembers the matrices and frames that were drawn on it."""

    def __init__(self, *size):
        super().__init__(*size)
        self.matrices, self.frames = [], []

    def matrix(self, *what):
        self.matrices.append(what)
        super().matrix(*what)

    def frame(self, *box):
        self.frames.append(box)
        super().frame(*box)


def test_both_matrices_of_the_slides(monkeypatch):
    monkeypatch.setattr(matrices, "Canvas", Recorder)
    drawn = matrices._drawn(sliding_convolution(SEVEN_CASES[0]))
    expected = np.array(SLIDES.split(), int).reshape(4, 16)
    (x, y, side, numbers, texts, axes), (tx, ty, _, transpose, _, transpose_axes) = drawn.matrices
    assert (numbers == expected).all() and (transpose == expected.T).all()
    assert texts[:3] == ["0", "W00", "W01"] and axes == ("output pixels", "input pixels") == transpose_axes[::-1]
    assert drawn.frames[1:] == [(x, y + 2 * side, 16 * side, side), (tx + 2 * side, ty, side, 16 * side)]
    picture = np.array(drawn.finished().convert("RGB")).astype(int)
    for (row, col), entry in np.ndenumerate(expected):
        for at in ((y + row * side + 5, x + col * side + 4), (ty + col * side + 5, tx + row * side + 4)):
            assert is_near(picture[at], entry_colours(9)[entry])


def test_colours_of_entries_get_brighter_and_their_letters_stand_out():
    for count in (4, 9, 49):
        light = entry_colours(count)[1:] @ [0.299, 0.587, 0.114]
        assert (np.diff(light) > 0).all()
        assert all(
            abs(np.dot(ink_on(c), [0.299, 0.587, 0.114]) - b) > 80 for c, b in zip(entry_colours(count)[1:], light)
        )


def test_what_cannot_be_drawn_leaves_nothing(tmp_path):
    for draw in (animate_convolution, animate_transposed, draw_matrices):
        with pytest.raises(InputError, match="too large to draw"):
            draw(tmp_path / "a.gif", relationship(20, 3))
    with pytest.raises(InputError, match=r"a\.png: an animation is a \.gif file"):
        animate_convolution(tmp_path / "a.png", STRIDED)
    assert list(tmp_path.iterdir()) == []
