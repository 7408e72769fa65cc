"""Training on sampled losses: as many pixels a step, of more images, step by step as written out here."""

import numpy as np
import pytest

from minifcn.alternatives import Step, converge, sample_pixels, smoothed
from minifcn.data import Dataset, Preprocessing, voc_palette
from minifcn.errors import InputError
from minifcn.layers import Conv2d, Dropout, ReLU, Sequential, SoftmaxCrossEntropy
from minifcn.optim import SGD


class Halves(Dataset):
    """Images whose bright pixels are class 1."""

    name, classes, palette = "halves", ("dark", "bright"), voc_palette(2)
    mean, std = (128.0,) * 3, (128.0,) * 3

    def __len__(self):
        return 8

    def load(self, index):
        image = np.random.default_rng(index).integers(0, 256, (6, 5, 3)).astype("uint8")
        return image, (image[..., 0] > 128).astype("uint8")


def net():
    rng = np.random.default_rng(0)
    return Sequential(Conv2d(3, 4, 3, padding=1, rng=rng), ReLU(), Conv2d(4, 2, 1, rng=rng))


class Seen(Sequential):
    """Notes how many images each pass has."""

    def __init__(self, *layers):
        super().__init__(*layers)
        self.images = []

    def forward(self, x):
        self.images.append(len(x))
        return super().forward(x)


@pytest.mark.parametrize(("probability", "images"), [(1, 2), (0.5, 4), (0.25, 8)])
def test_fewer_pixels_of_more_images(probability, images):
    seen = Seen(net())
    curve = converge(seen, Halves(), probability, steps=9, batch_size=2)
    assert seen.images == [images] * 9 and len(curve) == 9


def test_it_is_sgd_on_the_sampled_labels():
    trained, own, data = net(), net(), Halves()
    curve = converge(trained, data, 0.25, steps=2, batch_size=2, lr=0.1, seed=3)
    images = np.stack([Preprocessing(data.mean, data.std)(data[i][0]) for i in range(8)])
    labels = np.stack([data[i][1] for i in range(8)])
    optimizer, criterion = SGD(own.parameters(), 0.1, 0.9), SoftmaxCrossEntropy()
    for epoch, step in enumerate(curve):
        order = np.random.default_rng([3, epoch, 0]).permutation(8)  # all of them in each step
        rng = np.random.default_rng([3, epoch])
        assert criterion(own(images[order]), sample_pixels(labels[order], 0.25, rng)) == pytest.approx(step.loss)
        optimizer.zero_grad()
        own.backward(criterion.backward())
        optimizer.step()
    for name, array in own.state_dict().items():
        np.testing.assert_allclose(trained.state_dict()[name], array, rtol=1e-5, atol=1e-6, err_msg=name)


def test_it_learns_and_the_clock_goes_on():
    curve = converge(net(), Halves(), 0.5, steps=60, batch_size=4, lr=0.1)
    assert curve[-1].loss < curve[0].loss / 2
    seconds = [step.seconds for step in curve]
    assert seconds[0] > 0 and seconds == sorted(set(seconds))


def test_the_seed_fixes_dropout_too():
    losses = [
        [step.loss for step in converge(Sequential(net(), Dropout(0.5)), Halves(), 0.5, steps=3, seed=seed)]
        for seed in (1, 1, 2)
    ]
    assert losses[0] == losses[1] != losses[2]


def test_smoothed_is_the_mean_of_a_step_and_those_before():
    curve = [Step(0.5, 4.0), Step(1.0, 2.0), Step(2.0, 0.0)]
    assert smoothed(curve, 2) == [(0.5, 4.0), (1.0, 3.0), (2.0, 1.0)]
    assert smoothed(curve, 9) == [(0.5, 4.0), (1.0, 3.0), (2.0, 2.0)]


@pytest.mark.parametrize(
    ("probability", "steps", "problem"),
    [(0, 1, "probability is 0"), (1.1, 1, "probability is 1.1"), (0.5, 0, "steps is 0; expected at least 1")],
)
def test_what_is_refused(probability, steps, problem):
    with pytest.raises(InputError, match=problem):
        converge(net(), Halves(), probability, steps)
