"""The inputs that PyTorch tests its own functions and modules with, through the layers here: outputs and gradients."""

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install -r requirements-test.txt")
pytest.importorskip("expecttest", reason="PyTorch's own tests need expecttest: pip install -r requirements-test.txt")

from minifcn.layers import ReLU  # noqa: E402

from . import torch_samples as samples  # noqa: E402
from .torch_functions import Call  # noqa: E402

# Cases that were equal in PyTorch 2.13.
FUNCTIONS = {
    "avg_pool2d": 1,
    "conv2d": 28,
    "conv_transpose2d": 12,
    "cross_entropy": 11,
    "dropout": 9,
    "dropout2d": 6,
    "interpolate bilinear": 24,
    "interpolate linear": 18,
    "interpolate nearest": 14,
    "linear": 8,
    "local_response_norm": 11,
    "max_pool2d": 1440,
    "max_unpool2d": 107,
    "max_unpool2d grad": 35,
    "nll_loss": 41,
    "relu": 4,
    "unfold": 163,
    "upsample_nearest": 8,
}
MODULES = {
    "AvgPool2d": 4,
    "Conv2d": 4,
    "ConvTranspose2d": 2,
    "CrossEntropyLoss": 59,
    "Linear": 2,
    "LocalResponseNorm": 1,
    "MaxPool2d": 3,
    "NLLLoss": 28,
    "ReLU": 4,
}
REFUSALS = {"CrossEntropyLoss": 1, "MaxPool2d": 3, "avg_pool2d": 4, "conv2d": 10, "max_pool2d": 7}

pytestmark = pytest.mark.xdist_group("torch-samples")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_functions(function):
    check(samples.of_functions([function]), {function: FUNCTIONS[function]})


def test_functions_without_a_line_above():
    check(samples.of_functions(samples.functions().keys() - FUNCTIONS.keys()), {})


def test_modules():
    check(samples.of_modules(), MODULES)


def test_refusals():
    check(samples.of_refusals(), REFUSALS)


def check(verdicts, at_least):
    """No case is wrong, and so many at least are equal, by operator."""
    assert {operator: cases for operator, cases in verdicts.wrong.items() if cases} == {}
    assert {name: verdicts.equal[name] for name, least in at_least.items() if verdicts.equal[name] < least} == {}


def test_a_wrong_number_is_noticed():
    x = torch.tensor([[-1.0, 2.0]], dtype=torch.float64, requires_grad=True)
    samples.compare(Call(ReLU(), (samples.array(x),)), lambda: torch.relu(x), x)
    for wrong in (lambda: torch.relu(x) * (1 + 1e-9), lambda: torch.nn.functional.leaky_relu(x, 0) + x.detach() * 1e-9):
        with pytest.raises(AssertionError):
            samples.compare(Call(ReLU(), (samples.array(x),)), wrong, x)
    with pytest.raises(AssertionError, match="gradient of the input"):
        samples.compare(Call(ReLU(), (samples.array(x),)), lambda: torch.relu(x).detach() + 0 * x, x)
