import math

import numpy as np
import pytest

from minifcn.data.sets import forms

RADIUS = 40  # pixels


def drawn(form, radius=RADIUS, reach=64):
    """The form as a boolean picture (2 reach + 1, 2 reach + 1), its centre in the middle."""
    v, u = np.mgrid[-reach : reach + 1, -reach : reach + 1] * forms.UNIT
    return form(u, v, radius * forms.UNIT)


ALL = [forms.disc, forms.square, forms.triangle, forms.star, forms.ring, forms.ladder]


@pytest.mark.parametrize(
    ("form", "area"),
    [
        (forms.disc, math.pi * RADIUS**2),
        (forms.square, (2 * 0.875 * RADIUS) ** 2),
        (forms.triangle, 3 * math.sqrt(3) * (9 / 16 * RADIUS) ** 2),
        # A pentagram is five kites: from its centre to a tip at R and to its inner corners at R cos 72 / cos 36.
        (
            forms.star,
            5 * math.sin(math.pi / 5) * (3 / 8 * RADIUS) ** 2 / math.cos(math.pi / 5) / math.cos(0.4 * math.pi),
        ),
        (forms.ring, math.pi * RADIUS**2 * (1 - (5 / 8) ** 2)),
    ],
)
def test_area(form, area):
    assert drawn(form).sum() == pytest.approx(area, rel=0.03)


@pytest.mark.parametrize("form", ALL)
def test_left_mirrors_right(form):
    picture = drawn(form)
    np.testing.assert_array_equal(picture, picture[:, ::-1])


@pytest.mark.parametrize("form", ALL)
@pytest.mark.parametrize("radius", [9, 30, 42])
def test_no_form_reaches_beyond_what_a_scene_sets_aside(form, radius):
    rows, columns = np.nonzero(drawn(form, radius, reach=2 * radius))
    assert max(abs(rows - 2 * radius).max(), abs(columns - 2 * radius).max()) <= radius * 3 // 2


@pytest.mark.parametrize("form", [forms.triangle, forms.star])
def test_tip_is_up(form):
    rows, columns = np.nonzero(drawn(form))
    assert np.ptp(columns[rows == rows.min()]) < 5
    assert np.ptp(columns[rows == rows.max()]) > RADIUS


def test_triangle_widens_downwards():
    widths = drawn(forms.triangle).sum(axis=1)
    widths = widths[widths > 0]
    assert (np.diff(widths) >= 0).all()


def test_star_has_five_tips():
    angles = np.linspace(0, 2 * np.pi, 720, endpoint=False)
    beyond_the_core = (0.8 * RADIUS * np.stack([np.cos(angles), np.sin(angles)]) * forms.UNIT).astype(int)
    inside = forms.star(*beyond_the_core, RADIUS * forms.UNIT)
    assert np.count_nonzero(inside & ~np.roll(inside, 1)) == 5


def test_ring_has_a_hole_and_disc_has_none():
    assert drawn(forms.disc)[64, 64]
    assert not drawn(forms.ring)[64, 64]
    assert drawn(forms.ring)[64, 64 + RADIUS - 2]


@pytest.mark.parametrize("radius", [9, 20, 30])
def test_ladder_is_thin_everywhere_and_open_between_the_rungs(radius):
    picture = drawn(forms.ladder, radius)
    solid = np.lib.stride_tricks.sliding_window_view(picture, (5, 5)).all(axis=(2, 3))
    assert not solid.any()
    along = picture[:, 64].astype(int)  # down the middle, across the rungs
    assert np.count_nonzero(np.diff(along) == 1) == 4
    across = picture[np.nonzero(along)[0][-1] + 1]  # below the last rung: only the rails
    runs = np.flatnonzero(np.diff(across.astype(int)))
    assert len(runs) == 4
    assert {*(runs[1::2] - runs[::2]).tolist()} <= {2, 3, 4}


def test_cosine_and_sine_go_by_steps_of_5_degrees():
    assert [forms.cosine(turn) for turn in (0, 12, 18, 36, 54)] == [64, 32, 0, -64, 0]
    assert [forms.sine(turn) for turn in (0, 6, 18, 36, 54)] == [0, 32, 64, 0, -64]
    ties = [abs(abs(64 * math.cos(math.radians(5 * turn)) % 1) - 0.5) for turn in range(72)]
    assert min(ties) > 1e-3  # no machine rounds one of them the other way
