import numpy as np

from minifcn.data.sets.textures import CHANGE, COLOURS, GROUNDS, clouds, colour, textured


def test_colour_is_one_of_the_palettes_or_nearly():
    rng = np.random.default_rng(0)
    for palette in (GROUNDS, COLOURS):
        found = np.array([colour(rng, palette) for _ in range(200)])
        assert found.min() >= 0
        assert found.max() <= 255
        apart = abs(found[:, None] - palette).max(axis=2)  # (200, n)
        assert apart.min(axis=1).max() <= 12
        assert len(np.unique(found, axis=0)) > 150
        assert set(apart.argmin(axis=1)) == set(range(len(palette)))


def test_objects_stand_out_from_any_ground():
    assert abs(GROUNDS[:, None] - COLOURS).sum(axis=2).min() > 100


def test_texture_mixes_two_colours_and_every_kind_occurs():
    y, x = np.arange(64)[:, None], np.arange(48)
    found = set()
    for seed in range(30):
        pixels = textured(np.random.default_rng(seed), np.array([100, 120, 140]), y, x)
        assert pixels.shape == (64, 48, 3)
        assert abs(pixels - [100, 120, 140]).max() <= CHANGE
        found.add(min(len(np.unique(pixels.reshape(-1, 3), axis=0)), 3))
    assert found == {2, 3}  # two colours, or shades between them


def test_texture_of_a_few_pixels_is_that_of_the_whole():
    y, x = np.arange(40)[:, None], np.arange(50)
    rows, columns = np.array([3, 39, 20]), np.array([0, 7, 49])
    for seed in range(12):  # every kind of texture
        whole = textured(np.random.default_rng(seed), COLOURS[0], y, x)
        few = textured(np.random.default_rng(seed), COLOURS[0], rows, columns)
        np.testing.assert_array_equal(few, whole[rows, columns])


def test_clouds_are_smooth_and_span_light_and_shade():
    field = clouds(np.random.default_rng(1), 200)
    assert field.shape == (200, 200)
    assert max(abs(np.diff(field, axis=0)).max(), abs(np.diff(field, axis=1)).max()) <= 17  # 255 / 16 and rounding
    assert field.min() < 40
    assert field.max() > 215
