"""Weights of one network in another: which are copied, reshaped, left and not used, told by their names."""

import numpy as np
import pytest

from minifcn.errors import InputError
from minifcn.layers import Conv2d, Sequential
from minifcn.models.transplant import transplant


def network():
    return Sequential({"a": Conv2d(2, 3, 2), "b": Conv2d(3, 1, 1, bias=False), "score": Conv2d(1, 2, 1, bias=False)})


def test_what_becomes_of_each_parameter():
    model, flat = network(), np.arange(24.0, dtype="float32").reshape(3, 8)
    before = model.state_dict()["b.weight"].copy()
    given = {"a.weight": flat, "a.bias": np.ones(3, "float32"), "score.weight": np.ones((5, 1, 1, 1)), "c": flat}
    result = transplant(model, given)
    assert result == (["a.bias"], ["a.weight"], ["b.weight", "score.weight"], ["score.weight", "c"])
    assert result.missing == ["b.weight"]  # the scores are of other classes
    after = model.state_dict()
    np.testing.assert_array_equal(after["a.weight"], flat.reshape(3, 2, 2, 2))
    np.testing.assert_array_equal(after["a.bias"], 1)
    np.testing.assert_array_equal(after["b.weight"], before)


def test_another_shape_is_refused_before_anything_is_changed():
    model = network()
    with pytest.raises(InputError, match=r"b.weight has shape \(1, 4, 1, 1\) in the weights, \(1, 3, 1, 1\) in this"):
        transplant(model, {"a.bias": np.ones(3, "float32"), "b.weight": np.ones((1, 4, 1, 1), "float32")})
    assert not model.state_dict()["a.bias"].any()


def test_weights_of_another_network_are_refused():
    with pytest.raises(InputError, match="none of the weights is one of Sequential's"):
        transplant(network(), {"c": np.ones(3, "float32")})
