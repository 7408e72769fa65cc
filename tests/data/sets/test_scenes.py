import hashlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from minifcn.data import Scenes
from minifcn.data.sets import scenes
from minifcn.data.sets.scenes import OBJECTS, SIZES, _places, draw_scene
from minifcn.errors import InputError


def digest(pair):
    return hashlib.sha256(b"".join(np.ascontiguousarray(array).tobytes() for array in pair)).hexdigest()


@pytest.fixture(scope="module")
def pairs():
    dataset = Scenes()
    return [dataset[i] for i in range(120)]


def test_a_scene_is_the_same_on_every_machine():
    """The digest of one scene's bytes, written down once. A change of what scenes show changes it: then anew."""
    assert digest(Scenes("train", seed=0)[7]) == "6724cdac8ecd206cda0931d8c5b3d9db11837db93881b4d6f6ac2a4fdc2e6ab9"


def test_a_pair_is_an_image_and_its_label(pairs):
    for image, label in pairs[:10]:
        assert (image.shape, image.dtype) == ((96, 96, 3), np.uint8)
        assert (label.shape, label.dtype) == ((96, 96), np.uint8)


def test_scenes_do_not_depend_on_what_was_asked_before_nor_on_threads(pairs):
    dataset = Scenes()
    with ThreadPoolExecutor(4) as pool:
        threaded = list(pool.map(dataset.__getitem__, range(39, -1, -1)))[::-1]
    assert [digest(pair) for pair in threaded] == [digest(pair) for pair in pairs[:40]]


def test_scenes_are_drawn_once_if_there_is_room_for_all_and_cannot_be_spoilt(monkeypatch):
    drawn = []
    monkeypatch.setattr(scenes, "draw_scene", lambda *given: drawn.append(given) or draw_scene(*given))
    dataset = Scenes(size=32, count=5)
    before = digest(dataset[3])
    for array in dataset[3]:
        array[...] = 0
    assert digest(dataset[3]) == before
    assert len(drawn) == 1
    monkeypatch.setattr(scenes, "MEMORY", 5 * 32 * 32 * 4 - 1)
    dataset = Scenes(size=32, count=5)
    assert digest(dataset[3]) == digest(dataset[3]) == before
    assert len(drawn) == 3


def test_splits_seeds_and_numbers_have_no_scene_in_common():
    pairs = [
        Scenes(split, seed=seed)[index]
        for split in ("train", "val", "test")
        for seed in (0, 1, 2)
        for index in (0, 1, 2)
    ]
    assert len({digest(pair) for pair in pairs}) == 27


def test_labels_are_classes_and_void_and_every_class_is_there(pairs):
    counts = sum(np.bincount(label.ravel(), minlength=256) for _, label in pairs)
    share = counts / counts.sum()
    n = len(Scenes.classes)
    assert counts[n:255].sum() == 0
    assert 0.4 < share[0] < 0.8
    assert share[1:n].min() > 0.01
    assert 0.03 < share[255] < 0.15


def test_void_parts_any_two_classes(pairs):
    for _, label in pairs:
        for dy, dx in ((0, 1), (1, 0), (1, 1), (1, -1)):
            one = label[: 96 - dy, max(-dx, 0) : 96 - max(dx, 0)]
            other = label[dy:, max(dx, 0) : 96 + min(dx, 0)]
            assert ((one == other) | (one == 255) | (other == 255)).all()


def test_objects_differ_much_in_size_and_the_largest_is_rearmost():
    scenes = [[radius for _, _, radius in _places(np.random.default_rng(seed), 96)] for seed in range(100)]
    assert all(radii == sorted(radii, reverse=True) for radii in scenes)
    assert {len(radii) for radii in scenes} == set(range(OBJECTS[0], OBJECTS[1] + 1))
    radii = np.concatenate(scenes)
    assert radii.min() == SIZES[0] // 2
    assert 1.8 * radii.min() < radii.max() <= SIZES[1] // 2
    assert np.median(radii) < sum(SIZES) / 4  # small ones are more frequent


def test_colour_tells_nothing_of_the_class(pairs):
    colours = {number: [] for number in range(1, 7)}
    for image, label in pairs:
        for number, found in colours.items():
            if (label == number).any():
                found.append(image[label == number].mean(axis=0))
    means = np.array([np.mean(found, axis=0) for found in colours.values()])  # (6, 3)
    assert means.std(axis=0).max() < 15  # while the colours of one class deviate by
    assert min(np.std(found, axis=0).min() for found in colours.values()) > 30


def test_an_object_stands_out_from_the_ground(pairs):
    for image, label in pairs:
        number = label[label != 255].max()
        if number:
            apart = abs(image[label == number].mean(axis=0) - image[label == 0].mean(axis=0))
            assert apart.sum() > 25


def test_mean_and_deviation_are_those_written_down(pairs):
    pixels = np.concatenate([image.reshape(-1, 3) for image, _ in pairs])
    np.testing.assert_allclose(pixels.mean(axis=0), Scenes.mean, atol=8)
    np.testing.assert_allclose(pixels.std(axis=0), Scenes.std, atol=5)


@pytest.mark.parametrize("size", [16, 17, 33, 100, 257])
def test_scenes_of_any_size(size):
    dataset = Scenes(size=size, count=5)
    for image, label in dataset:
        assert (image.shape, label.shape) == ((size, size, 3), (size, size))
        assert (label == 0).any()
        assert ((label > 0) & (label < 7)).any()


def test_larger_scenes_hold_more_objects_of_the_same_size(pairs):
    small = np.mean([(label == 0).mean() for _, label in pairs])
    large = np.mean([(label == 0).mean() for _, label in Scenes(size=256, count=4)])
    assert small - 0.2 < large < small + 0.1  # of 7 times the area, by objects that the sides cut less often


def test_count():
    assert len(Scenes("val", count=12)) == 12
    with pytest.raises(IndexError):
        Scenes(count=12)[12]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"split": "dev"}, "split is 'dev', expected one of train, val, test"),
        ({"size": 15}, "size is 15; expected at least 16"),
        ({"count": 0}, "count is 0; expected at least 1"),
        ({"seed": -1}, "seed is -1; expected at least 0"),
    ],
)
def test_bad_settings_are_named(settings, message):
    with pytest.raises(InputError, match=message):
        Scenes(**settings)


@pytest.mark.parametrize("size", [32, 72])
def test_a_dominant_object_is_alone_and_fills_much_of_its_scene(size):
    forms = set()
    for number in range(40):
        _, label = Scenes(size=size, dominant=True)[number]
        rows, columns = np.nonzero((label != 0) & (label != 255))
        [form] = set(label[rows, columns].tolist())
        forms.add(form)
        width, height = np.ptp(columns) + 1, np.ptp(rows) + 1
        assert max(width, height) >= 0.4 * size  # a square's side is 7/8 of a disc's diameter
    assert forms == set(range(1, 7))
    assert (Scenes(size=size)[0][0] != Scenes(size=size, dominant=True)[0][0]).any()
