import base64
import io

import numpy as np
import pytest
from PIL import Image

from minifcn.data.reading.shapes import draw, read_shape
from minifcn.errors import InputError

LABELS = {"leaf": 1, "fruit": 2, "hole": 0, "nothing": 255}


def shape(kind, *points, label="leaf", **more):
    return read_shape(
        {"label": label, "points": [list(p) for p in points], "shape_type": kind, **more}, "x.json: shape 1"
    )


def drawn(*shapes, size=(30, 40)):
    return draw(shapes, LABELS, size, background=0)


def box(label, top, bottom, left, right, size=(30, 40)):
    """A label whose rows top to bottom and columns left to right, both ends among them, have one class."""
    expected = np.zeros(size, np.uint8)
    expected[top : bottom + 1, left : right + 1] = label
    return expected


@pytest.mark.parametrize("corners", [[(4, 3), (9, 7)], [(9, 7), (4, 3)], [(4, 7), (9, 3)]])
def test_a_rectangle_is_its_two_corners_in_any_order(corners):
    np.testing.assert_array_equal(drawn(shape("rectangle", *corners)), box(1, 3, 7, 4, 9))


def test_a_polygon_has_its_outline():
    square = shape("polygon", (4, 3), (9, 3), (9, 7), (4, 7))
    np.testing.assert_array_equal(drawn(square), box(1, 3, 7, 4, 9))
    np.testing.assert_array_equal(drawn(square._replace(kind="rectangle")), box(1, 3, 7, 4, 9))  # told by four corners


def test_a_shape_without_a_type_is_a_polygon():
    told = {"label": "leaf", "points": [[4, 3], [9, 3], [9, 7], [4, 7]]}
    np.testing.assert_array_equal(drawn(read_shape(told, "a shape")), box(1, 3, 7, 4, 9))


def test_a_blank_too_many_makes_no_other_class():
    assert shape("point", (1, 1), label="leaf ").label == "leaf"


def test_a_circle_is_a_centre_and_a_point_on_its_rim():
    label = drawn(shape("circle", (20, 15), (23, 19)))  # radius 5
    rows, columns = np.nonzero(label)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (10, 20, 15, 25)
    assert abs(label.sum() - np.pi * 5.5**2) < 6  # with its rim, a pixel wide


def test_lines_are_ten_pixels_wide_and_points_discs_of_radius_five():
    assert drawn(shape("line", (5, 15), (35, 15)))[:, 20].sum() == 10
    bent = drawn(shape("linestrip", (5, 8), (30, 8), (30, 25)))
    assert (bent[:, 12].sum(), bent[20].sum()) == (10, 10)
    rows, columns = np.nonzero(drawn(shape("point", (20, 15))))
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (10, 20, 15, 25)


def test_later_shapes_lie_over_earlier_ones_and_cut_holes():
    leaf, hole = shape("rectangle", (2, 2), (20, 20)), shape("rectangle", (6, 6), (10, 10), label="hole")
    void = shape("rectangle", (8, 8), (9, 9), label="nothing")
    label = drawn(leaf, hole, void)
    assert [label[4, 4], label[7, 7], label[8, 8]] == [1, 0, 255]
    assert drawn(hole, leaf)[7, 7] == 1


def test_a_mask_lies_in_its_box():
    picture = io.BytesIO()
    Image.fromarray(np.array([[0, 255, 255], [255, 0, 0]], np.uint8)).save(picture, "PNG")
    mask = shape("mask", (5, 3), (7, 4), mask=base64.b64encode(picture.getvalue()).decode())
    expected = np.zeros((30, 40), np.uint8)
    expected[3, 6:8] = expected[4, 5] = 1
    np.testing.assert_array_equal(drawn(mask), expected)
    np.testing.assert_array_equal(drawn(mask._replace(points=((5.7, 3.6), (7.7, 4.6)))), expected)  # as labelme cuts
    outside = drawn(mask._replace(points=((-1, -1), (1, 0))))
    assert (outside.sum(), outside[0].sum()) == (0, 0)  # its lower left pixel lies left of the picture


def test_a_mask_that_cannot_be_read_is_named_with_its_file():
    picture = io.BytesIO()
    Image.fromarray(np.ones((20, 30), np.uint8)).save(picture, "PNG")
    for content, why in ((b"no picture", "is none"), (picture.getvalue()[:50], r"is damaged \(.*\)")):
        mask = shape("mask", (5, 3), (7, 4), mask=base64.b64encode(content).decode())
        with pytest.raises(InputError, match=rf"^x\.json: shape 1 \('leaf'\) is a mask whose picture {why}: draw it"):
            drawn(mask)


def test_a_mask_that_is_too_large_is_named(monkeypatch):
    Image.new("L", (50, 45)).save(picture := io.BytesIO(), "PNG")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    mask = shape("mask", (5, 3), (7, 4), mask=base64.b64encode(picture.getvalue()).decode())
    with pytest.raises(InputError, match=r"is a mask whose picture is too large, 0\.0 million pixels; at most 0\.0"):
        drawn(mask)


def test_what_lies_outside_the_picture_is_cut_off():
    np.testing.assert_array_equal(drawn(shape("rectangle", (-5, -5), (2, 3))), box(1, 0, 3, 0, 2))


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"label": " ", "points": [[1, 1]] * 3}, r"shape 1 has no label, expected the name of a class"),
        ({"points": [[1, 1]]}, r"shape 1 has no label, expected the name of a class"),
        (
            {"label": "leaf", "points": [[1, 1], [2, 2]]},
            r"'leaf'\) is a polygon of 2, expected 3 points at least: ",
        ),
        ({"label": "leaf", "points": [[1, "a"]]}, r"'leaf'\) has no list of points \[x, y\]"),
        *(
            ({"label": "leaf", "points": [[1, far]] * 3}, r"'leaf'\) has a point at .*, where no picture reaches: draw")
            for far in (float("nan"), 1e10, -1e308)
        ),
        ({"label": "leaf", "points": [[1, 10**400]] * 3}, r"'leaf'\) has no list of points"),
        ({"label": "leaf", "points": [[1, 1]] * 3, "shape_type": "cuboid"}, r"is a 'cuboid', expected one of polygon"),
        ({"label": "leaf", "points": [[1, 1]] * 3, "shape_type": ["circle"]}, r"is a \['circle'\], expected one of"),
        ({"label": "leaf", "points": [[1, 1]] * 2, "shape_type": "mask"}, r"is a mask without its picture"),
    ],
)
def test_what_is_no_shape_is_named(told, message):
    with pytest.raises(InputError, match=message):
        read_shape(told, "x.json: shape 1")
