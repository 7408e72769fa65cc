"""Run a layer of ours and its PyTorch counterpart on the same numbers and hold one against the other."""

import numpy as np
import pytest
from hypothesis import settings

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install -r requirements-test.txt")

TOLERANCE = {"float64": 1e-10, "float32": 1e-4}


def drawn(examples):
    """Hypothesis settings of this folder: the same examples on every run, however slow the machine."""
    return settings(max_examples=examples, derandomize=True, deadline=None, database=None)


def relative_error(ours, theirs):
    """Norm of the difference over the norm of what PyTorch found; 0 where both are all zeros."""
    difference = np.linalg.norm(np.asarray(ours, "float64") - np.asarray(theirs, "float64"))
    return difference / np.linalg.norm(np.asarray(theirs, "float64")) if difference else 0.0


def assert_equal_to(theirs, ours, what, tolerance=None):
    """`ours` (ndarray) has the shape, the dtype and the numbers of `theirs` (torch tensor)."""
    theirs = theirs.detach().numpy()
    assert isinstance(ours, np.ndarray), f"{what}: {type(ours)}"
    assert ours.shape == theirs.shape, f"{what}: shape {ours.shape}, PyTorch has {theirs.shape}"
    assert ours.dtype == theirs.dtype, f"{what}: dtype {ours.dtype}, PyTorch has {theirs.dtype}"
    error = relative_error(ours, theirs)
    limit = TOLERANCE[str(ours.dtype)] if tolerance is None else tolerance
    assert error < limit, f"{what}: relative error {error:.2e}, at most {limit:.0e}"


def to_torch(array, requires_grad=False):
    """A tensor with a copy of the array's numbers, so that neither side can change the other's."""
    return torch.from_numpy(np.array(array, order="C")).requires_grad_(requires_grad)


def fill(layer, rng):
    """Random parameters; a third of the default scale of 1, so that deep networks stay in range."""
    for parameter in layer.parameters():
        parameter.data[...] = rng.standard_normal(parameter.data.shape) / 3


def copy_state(layer, module):
    """Give the torch module the layer's parameters, by name, none missing and none left over."""
    state = {name: to_torch(value) for name, value in layer.state_dict().items()}
    for value in state.values():
        module.to(value.dtype)  # first: load_state_dict would round to the module's own float32
    module.load_state_dict(state, strict=True)
    return module


def gradients(layer):
    return {name: parameter.grad.copy() for name, parameter in layer.named_parameters()}


def check_layer(layer, module, x, make_dy, tolerance=None):
    """Outputs and every gradient of `layer` agree with those of the torch `module` on the input x.

    make_dy(shape) gives the incoming gradient. Also: x and dy are left as they were, and a second
    backward gives the same result as the first.
    """
    copy_state(layer, module)
    layer.zero_grad()
    x_before, x_torch = x.copy(), to_torch(x, requires_grad=True)

    y = layer(x)
    y_torch = module(x_torch)
    assert_equal_to(y_torch, y, "output", tolerance)

    dy = make_dy(y.shape)
    dy_before = dy.copy()
    dx = layer.backward(dy)
    first = gradients(layer)
    y_torch.backward(to_torch(dy))
    assert_equal_to(x_torch.grad, dx, "gradient of the input", tolerance)
    theirs = dict(module.named_parameters())
    assert set(first) == set(theirs)
    for name, gradient in first.items():
        assert_equal_to(theirs[name].grad, gradient, f"gradient of {name}", tolerance)

    np.testing.assert_array_equal(x, x_before, err_msg="the input was changed")
    np.testing.assert_array_equal(dy, dy_before, err_msg="the incoming gradient was changed")

    dx_before = dx.copy()
    layer.zero_grad()
    np.testing.assert_array_equal(layer.backward(dy), dx_before, err_msg="second backward: input")
    np.testing.assert_array_equal(dx, dx_before, err_msg="the second backward changed the first one's result")
    for name, gradient in gradients(layer).items():
        np.testing.assert_array_equal(gradient, first[name], err_msg=f"second backward: {name}")
