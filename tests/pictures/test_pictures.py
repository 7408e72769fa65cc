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
    for draw, name in ((animate_convolution, "a.gif"), (animate_transposed, "a.gif"), (draw_matrices, "a.png")):
        with pytest.raises(InputError, match="too large to draw"):
            draw(tmp_path / name, relationship(20, 3))
    with pytest.raises(InputError, match=r"a\.jpg: the matrices are drawn as a \.png file"):
        draw_matrices(tmp_path / "a.jpg", STRIDED)
    with pytest.raises(InputError, match=r"a\.png: an animation is a \.gif file"):
        animate_convolution(tmp_path / "a.png", STRIDED)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def texts(monkeypatch):
    """Every text that is drawn, in order."""
    drawn, text = [], canvas.Canvas.text

    def record(self, x, y, what, *style, **more):
        drawn.append(what.replace(animation.TIMES, "*"))
        text(self, x, y, what, *style, **more)

    monkeypatch.setattr(canvas.Canvas, "text", record)
    return drawn


class TestTexts:
    """What the pictures say, of a convolution from 5x5 to 3x3 with stride 2 and padding 1, and its transpose."""

    # x = 1 2 3 / 4 1 3 / 2 5 3 and W = 2 3 1 / 3 1 2 / 1 2 3: output (0, 1) is 1*2 + 2*3, between two pixels.
    OUTPUT = "1 8 2 13 3 14 11 7 16 15 4 11 1 11 3 14 25 17 17 15 2 19 5 19 3"

    def test_of_the_transposed_animation(self, texts):
        scene = animation._Scene(animation.sliding_transposed(STRIDED))
        frames = scene.frames()
        next(frames)
        for said in (
            "padding, strides, transposed: 3x3 → 5x5, kernel 3, stride 2, padding 1",
            "input 3x3, stretched, padded",
            "1 zero between pixels, padding p' = 1",
            "output 5x5",
            "C: 9 x 25",
            "column 0, row 0 of Cᵀ, makes output pixel (0, 0)",
            "output (0, 0) = 1*1 + 8 products with 0 = 1",
            "zero between pixels",
            "zero of the padding",
        ):
            assert said in texts, said
        list(frames)
        heads = [text for text in texts if text.startswith("column ")]
        sums = [text for text in texts if text.startswith("output (")]
        outputs = [text.rpartition("= ")[2] for text in sums]
        assert heads[8] == "column 8, row 8 of Cᵀ, makes output pixel (1, 3)" and len(heads) == 25
        assert sums[6] == "output (1, 1) = 1*3 + 2*1 + 4*1 + 1*2 + 5 products with 0 = 11"
        assert outputs == self.OUTPUT.split()
        # A frame's texts: the new pixel of the output, nine weights in the window, the sum, two lines above C.
        assert [texts[texts.index(total) - 10] for total in sums] == outputs

    def test_of_the_convolution_s_animation(self, texts):
        list(animation._Scene(animation.sliding_convolution(STRIDED)).frames())
        assert [text for text in texts if text.startswith("row ")][4] == "row 4 makes output pixel (1, 1)"
        assert {"input 5x5", "padding 1", "output 3x3", "C: 9 x 25"} <= set(texts)
        assert "output (1, 1) = 1*2 + 3*3 + 5*1 + 5*3 + 3*1 + 1*2 + 4*1 + 3*2 + 2*3 = 52" in texts

    def test_without_a_stride_nothing_is_stretched_and_with_full_padding_nothing_padded(self):
        heads = [animation._map_head(animation.sliding_transposed(case))[0] for case in SEVEN_CASES]
        assert heads[0] == "input 2x2, padded" and heads[3] == "input 7x7"
        assert heads[4] == "input 2x2, stretched, padded"
        cropped = animation._map_head(animation.sliding_transposed(relationship(6, 1, 2, 1)))
        assert cropped[0] == "input 4x4, stretched, cropped"

    def test_of_the_matrices(self, texts):
        matrices._drawn(sliding_convolution(SEVEN_CASES[0]))
        names = SLIDES.split()
        full = ["0" if number == "0" else "W{}{}".format(*divmod(int(number) - 1, 3)) for number in names]
        start = texts.index("C: 4 x 16")
        cells = [text for text in texts[start:] if text == "0" or text.startswith("W")]
        assert cells[:64] == full
        rows = np.array(full).reshape(4, 16)
        assert cells[64:] == rows.T.ravel().tolist()
        assert {"row 2: output pixel (1, 0)", "column 2: output pixel (1, 0)", "Cᵀ: 16 x 4"} <= set(texts)
