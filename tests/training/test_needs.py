"""What a training is said to take at the least is no more than it takes."""

import tracemalloc

import pytest
import tiny

from minifcn.training import needs
from minifcn.training.pretraining import Pretrainer
from minifcn.training.settings import PretrainSettings


@pytest.fixture
def told(monkeypatch):
    """{what: bytes} that `check_memory` has asked for."""
    told = {}
    monkeypatch.setattr(needs, "check_room", lambda count, what, *by: told.update({what: count}))
    tiny.draw_nothing(monkeypatch)
    return told


def peak(run):
    tracemalloc.start()
    try:
        run.run()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("settings", "least"),
    [
        ({}, 0.3),
        ({"padding": 100, "model": "fcn8s"}, 0.3),
        ({"crop": 64, "recompute": True}, 0.02),
        ({"freeze": ["conv*", "fc*"], "crop": 64}, 0.02),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_maps_and_weights_of_a_training(told, tmp_path, settings, least):
    run = tiny.trainer(tmp_path / "run", batch_size=5, **settings)
    needs.check_memory(run)
    taken = peak(run)
    side = settings.get("crop", 32)
    assert told[f"5 images of {side}x{side} pixels"] == 5 * side * side * 3 * 4
    assert least * taken < sum(told.values()) <= taken + told[f"5 images of {side}x{side} pixels"]
    weights = sum(p.size * (3 if p.trainable else 1) for p in run.model.parameters())
    assert told["the network's weights, gradients and velocities"] == 4 * weights
    assert all(count <= taken for count in told.values())


def test_maps_and_weights_of_a_pretraining(told, tmp_path):
    settings = PretrainSettings(model="vgg11", width=1 / 16, fc_channels=8, crop=32, epochs=1, batch_size=5)
    run = Pretrainer(settings, tmp_path / "run", datasets=tuple(tiny.scenes()))
    needs.check_memory(run)
    assert max(told.values()) <= peak(run)
    assert len(told) == 3


def test_the_size_that_images_are_brought_to_counts_without_bringing_them_to_it(told, monkeypatch, tmp_path):
    run = tiny.trainer(tmp_path / "run")
    resized = needs.Resized(run.training, (60_000,))
    monkeypatch.setattr(run, "training", resized)
    needs.check_memory(run)
    assert told["2 images of 60000x60000 pixels"] == 2 * 60_000**2 * 3 * 4
