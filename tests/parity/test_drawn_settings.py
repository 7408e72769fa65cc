"""The short form of benchmarks/faults/settings.py: 300 drawn settings; and that it finds what is wrong."""

import pytest

from minifcn import layers
from minifcn.errors import InputError

from .compare import torch  # noqa: F401, without which all is skipped

settings = pytest.importorskip("benchmarks.faults.settings")


def test_three_hundred_drawn_settings():
    trials = [settings.trial(1, number) for number in range(300)]
    assert [trial for trial in trials if trial.outcome == settings.FAULT] == []
    assert {trial.layer for trial in trials} == set(settings.DRAWS)
    for layer in settings.DRAWS:  # each was compared, not refused alone
        assert sum(trial.outcome == settings.EQUAL for trial in trials if trial.layer == layer) >= 3, layer


def test_every_layer_is_drawn():
    drawn = {name for names in settings.DRAWS for name in names.split(", ")}
    kinds = {name for name in layers.__all__ if isinstance(getattr(layers, name), type)}
    assert kinds - drawn == {"Layer", "Parameter"}


def outcomes_of(layer):
    """{outcome: why} of some trials of a layer."""
    numbers = [number for number in range(300) if settings.ROUND[number % len(settings.ROUND)] == layer]
    trials = [settings.trial(2, number) for number in numbers]
    return {trial.outcome: trial.why for trial in trials}


@pytest.mark.parametrize("layer", ["AvgPool2d", "ZeroPad2d", "SoftmaxCrossEntropy"])
def test_a_wrong_gradient_is_found(layer, monkeypatch):
    kind = getattr(layers, layer)
    right = kind.backward
    monkeypatch.setattr(kind, "backward", lambda self, *dy: right(self, *dy) * (1 + 1e-9))
    assert outcomes_of(layer)[settings.FAULT].startswith("dx: relative error 1.0e-09")


def test_a_changed_input_is_found(monkeypatch):
    right = layers.Scale.forward

    def forward(self, x):
        y = right(self, x)
        x += 1
        return y

    monkeypatch.setattr(layers.Scale, "forward", forward)
    assert outcomes_of("Scale") == {settings.FAULT: "the input differs from the first"}


@pytest.mark.parametrize(
    "error, why", [(InputError, "minifcn refuses it: InputError: no"), (IndexError, "minifcn raises IndexError: no")]
)
def test_a_refusal_of_one_alone_is_found(error, why, monkeypatch):
    def refuse(self, x):
        raise error("no")

    monkeypatch.setattr(layers.Flatten, "forward", refuse)
    assert outcomes_of("Flatten") == {settings.FAULT: why}


def test_what_both_refuse_is_no_fault():
    assert settings.REFUSED in outcomes_of("Conv2d")
