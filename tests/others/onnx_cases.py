"""ONNX's own node tests: the cases of its package `onnx`, each a model of one node, inputs and outputs."""

import importlib
import pkgutil
import warnings
from functools import partial

import numpy as np

from .onnx_operators import OPERATORS
from .verdicts import Inexpressible, Verdicts

TOLERANCE = 1e-5  # of float32; the cases themselves allow 1e-3
FOUR_DIGITS = {"test_averagepool_2d_ceil_last_window_starts_on_pad"}  # are all that it gives


def collected():
    """(operator, name, attributes, inputs, expected outputs) of every case of an operator that has a layer here.

    Models of several nodes, "..._expanded", say again what such a case says, and are left out.
    """
    from onnx.backend.test.case import node
    from onnx.helper import get_attribute_value

    # A module adds its operator's cases to one list. Of all modules, as `collect_testcases` takes, it is far slower.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _, name, _ in pkgutil.iter_modules(node.__path__):
            if any(operator.lower().startswith(name.replace("_", "")) for operator in OPERATORS):
                importlib.import_module(f"{node.__name__}.{name}")
    for case in node._NodeTestCases:
        only, *more = case.model.graph.node
        if only.op_type in OPERATORS and not more:
            how = {attribute.name: get_attribute_value(attribute) for attribute in only.attribute}
            ((inputs, outputs),) = case.data_sets
            given = iter(inputs)
            yield only.op_type, case.name, how, [next(given) if name else None for name in only.input], outputs


def judged():
    """The verdicts on all of them."""
    verdicts = Verdicts()
    for operator, name, how, inputs, outputs in collected():
        verdicts.judge(
            operator, name, partial(compare, operator, how, inputs, outputs, 1e-3 if name in FOUR_DIGITS else TOLERANCE)
        )
    return verdicts


def compare(operator, how, inputs, expected, tolerance=TOLERANCE):
    """Raises AssertionError where a layer's outputs are not those expected."""
    if np.asarray(expected[0]).dtype.kind != "f":
        raise Inexpressible("whole numbers")
    outputs = OPERATORS[operator](how, *inputs)
    assert len(outputs) >= len(expected)
    for ours, theirs in zip(outputs, expected):  # what a case does not ask for is not compared
        assert np.shape(ours) == np.shape(theirs), f"shape {np.shape(ours)}, expected {np.shape(theirs)}"
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance * np.abs(theirs).max())
