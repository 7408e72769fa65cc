"""What settings may be, and what an array is: each check by its borders, and what its error says."""

import numpy as np
import pytest

from minifcn import checks
from minifcn.errors import InputError

FITS = lambda value: 0 < value < 1, ", take 0 < x < 1"


@pytest.mark.parametrize(
    "check, value, expected",
    [
        (lambda v: checks.whole(v, "n"), np.int64(3), 3),
        (lambda v: checks.whole(v, "n", -2), -2, -2),
        (lambda v: checks.whole(v, "n", most=None), 10**30, 10**30),
        (lambda v: checks.pair(v, "n"), [2, 3], (2, 3)),
        (lambda v: checks.pair(v, "n"), 4, (4, 4)),
        (lambda v: checks.number(v, "x", *FITS), np.float32(0.5), 0.5),
        (lambda v: checks.flag(v, "f"), np.bool_(True), True),
        (lambda v: checks.flag(v, "f"), 0, False),
        (lambda v: checks.one_of(v, "way", ("a", "b")), "b", "b"),
        (lambda v: checks.check_seed(v, "seed"), [3, 0], [3, 0]),
        (lambda v: checks.float_dtype(v, "dtype"), np.float16, np.dtype("float16")),
    ],
)
def test_what_passes(check, value, expected):
    assert check(value) == expected


@pytest.mark.parametrize(
    "check, value, message",
    [
        (lambda v: checks.whole(v, "n"), True, "n is True; expected a whole number"),
        (lambda v: checks.whole(v, "n"), 2.0, "n is 2.0; expected a whole number"),
        (lambda v: checks.whole(v, "n", 1), 0, "n is 0; expected at least 1"),
        (lambda v: checks.whole(v, "n"), 1 << 31, "n is 2147483648; expected at most 2147483647"),
        (lambda v: checks.pair(v, "n"), (1, 2, 3), "n is (1, 2, 3); expected a whole number or a pair of them"),
        (lambda v: checks.number(v, "x", *FITS), float("nan"), "x is nan, take 0 < x < 1"),
        (lambda v: checks.number(v, "x", *FITS), "0.5", "x is '0.5', take 0 < x < 1"),
        (lambda v: checks.number(v, "x", *FITS), np.ones((9, 9)), "x is a ndarray, take 0 < x < 1"),
        (lambda v: checks.flag(v, "f"), "False", "f is 'False', expected True or False"),
        (lambda v: checks.one_of(v, "way", ("a", "b")), ["a"], "way ['a'] is none of a, b"),
        (lambda v: checks.instance(v, "x", dict, "a dict"), 1, "x is 1, expected a dict"),
        (lambda v: checks.function(v, "x", "a function"), 1, "x is 1, expected a function"),
        (lambda v: checks.check_seed(v, "seed"), -1, "seed is -1, expected a whole number, 0 or more"),
        (lambda v: checks.check_seed(v, "seed"), [1, 0.5], "seed is [1, 0.5], expected a whole number, 0 or more"),
        (
            lambda v: checks.float_dtype(v, "dtype"),
            "int32",
            "dtype is 'int32', expected one of floats, such as 'float32'",
        ),
        (lambda v: checks.float_dtype(v, "dtype"), None, "dtype is None, expected one of floats, such as 'float32'"),
        (lambda v: checks.check_path(v, "weights"), 1, "weights is 1, expected the path of a file"),
        (lambda v: checks.check_array("x", v), [1.0], "x is a list, expected an array"),
        (lambda v: checks.check_array("x", v), np.ones(2, complex), "x is complex128, expected real numbers"),
        (
            lambda v: checks.check_array("x", v, "f"),
            np.ones(2, int),
            "x is int64, expected floats: use astype('float32')",
        ),
        (lambda v: checks.check_fits("y", v), (1 << 30, 1 << 30), "y would have the shape (1073741824, 1073741824)"),
    ],
)
def test_what_is_refused(check, value, message):
    with pytest.raises(InputError) as refused:
        check(value)
    assert str(refused.value).startswith(message)


def test_a_tensor_is_told_how_to_become_an_array():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    with pytest.raises(InputError, match=r"x is a Tensor, expected an array: use tensor\.detach\(\)\.numpy\(\)"):
        checks.check_array("x", torch.ones(2))
    assert not checks.is_array(torch.ones(2)) and checks.is_array(np.ones(2))
