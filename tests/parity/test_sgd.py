"""Twenty steps of SGD on the same batches: our loss curve and weights against PyTorch's."""

import numpy as np

from minifcn.layers import SoftmaxCrossEntropy
from minifcn.models import FCN8s
from minifcn.optim import SGD

from .compare import assert_equal_to, copy_state, relative_error, to_torch, torch
from .twin import SMALL, Twin8s, fill_evenly

STEPS = 20
MOMENTUM, DECAY = 0.9, 5e-3


def batches():
    """Four batches, in turn: random images, labels mostly of class 3, and a void border."""
    rng = np.random.default_rng(1)
    pool = []
    for _ in range(4):
        images = rng.standard_normal((2, 3, 23, 38))
        labels = rng.integers(0, 5, (2, 23, 38)).astype("uint8")
        labels[rng.random(labels.shape) < 0.7] = 3
        labels[:, :2] = labels[:, :, -3:] = 255
        pool.append((images, labels))
    return [pool[step % 4] for step in range(STEPS)]


def learning_rate(step):
    return 0.02 * (1 - step / STEPS) ** 0.9


def train_ours(model):
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            parameter.lr_mult, parameter.decay_mult = 2.0, 0.0
        else:
            parameter.lr_mult, parameter.decay_mult = 1.0, 1.0
    optimizer = SGD(model.named_parameters(), lr=1.0, momentum=MOMENTUM, weight_decay=DECAY)
    criterion = SoftmaxCrossEntropy()
    losses = []
    for step, (images, labels) in enumerate(batches()):
        optimizer.lr = learning_rate(step)
        optimizer.zero_grad()
        losses.append(float(criterion(model(images), labels)))
        model.backward(criterion.backward())
        optimizer.step()
    return losses


def train_twin(twin):
    biases = [p for name, p in twin.named_parameters() if name.endswith("bias")]
    weights = [p for name, p in twin.named_parameters() if not name.endswith("bias")]
    groups = [{"params": weights}, {"params": biases, "weight_decay": 0.0}]
    optimizer = torch.optim.SGD(groups, lr=1.0, momentum=MOMENTUM, weight_decay=DECAY)
    losses = []
    for step, (images, labels) in enumerate(batches()):
        optimizer.param_groups[0]["lr"] = learning_rate(step)
        optimizer.param_groups[1]["lr"] = 2 * learning_rate(step)
        optimizer.zero_grad()
        target = to_torch(labels.astype("int64"))
        loss = torch.nn.functional.cross_entropy(twin(to_torch(images)), target, ignore_index=255)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def test_twenty_steps():
    model = FCN8s(**SMALL, padding="same", dropout=0.0, upsampling="learned").astype("float64")
    fill_evenly(model, np.random.default_rng(2))
    start = model.state_dict()
    twin = copy_state(model, Twin8s(*SMALL.values(), "same"))

    ours, theirs = train_ours(model), train_twin(twin)
    assert relative_error(ours, theirs) < 1e-9, f"{ours}\n{theirs}"
    assert theirs[-1] < 0.9 * theirs[0], f"nothing was learned, so nothing was compared: {theirs}"
    weights = dict(twin.named_parameters())
    for name, value in model.state_dict().items():
        assert_equal_to(weights[name], value, name, tolerance=1e-8)
        assert relative_error(value, start[name]) > 1e-3, f"{name} hardly moved"
