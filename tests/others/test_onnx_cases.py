"""ONNX's node tests through the layers here, each compared with the outputs that its case stores."""

import numpy as np
import pytest

from .onnx_cases import compare, judged

pytest.importorskip("onnx", reason="onnx is not installed: pip install -r requirements-test.txt")

# Cases that were equal in onnx 1.16; later versions have more.
AT_LEAST = {
    "Add": 1,
    "AveragePool": 5,
    "Col2Im": 4,
    "Concat": 4,
    "Conv": 6,
    "ConvTranspose": 6,
    "Dropout": 8,
    "Flatten": 3,
    "Gemm": 10,
    "GlobalAveragePool": 2,
    "GlobalMaxPool": 2,
    "LRN": 2,
    "MaxPool": 9,
    "MaxUnpool": 1,
    "Momentum": 2,
    "NegativeLogLikelihoodLoss": 18,
    "Relu": 1,
    "Resize": 5,
    "SoftmaxCrossEntropyLoss": 34,
    "Sum": 3,
    "Upsample": 1,
}

pytestmark = pytest.mark.xdist_group("onnx-cases")


@pytest.fixture(scope="module")
def verdicts():
    return judged()


@pytest.mark.parametrize("operator", AT_LEAST)
def test_every_case_that_can_be_expressed_is_equal(verdicts, operator):
    assert verdicts.wrong[operator] == []
    assert verdicts.equal[operator] >= AT_LEAST[operator]


def test_an_operator_without_a_line_above_has_no_case_that_is_equal(verdicts):
    assert set(verdicts.operators()) == set(AT_LEAST)


def test_a_wrong_number_is_noticed():
    x = np.array([[-1.0, 2.0]], "float32")
    compare("Relu", {}, [x], [np.array([[0.0, 2.0]], "float32")])
    for expected in ([[0.0, 2.001]], [[0.0, 2.0, 0.0]]):
        with pytest.raises(AssertionError):
            compare("Relu", {}, [x], [np.array(expected, "float32")])
