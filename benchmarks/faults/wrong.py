"""Values to give where others are expected, by what they are called; and for which arguments each is surely wrong."""

from typing import Any

import numpy as np


class Tensor:
    """What a PyTorch tensor looks like to whoever asks for a shape and a dtype."""

    shape, ndim, dtype = (2, 4, 6, 5), 4, object()

    def __array__(self, dtype=None, copy=None):
        return np.zeros(self.shape, "float32" if dtype is None else dtype)


def _floats(*shape, dtype="float32"):
    return np.random.default_rng(0).standard_normal(shape).astype(dtype)


def _with_nan():
    x = _floats(2, 4, 6, 5)
    x[0, 0, 0, 0] = np.nan
    return x


# Each is made anew for every call, as a call may change it.
NOTHING = {
    "text": lambda: "three",
    "no text": lambda: "",
    "bytes": lambda: b"3",
    "dict": lambda: {"a": 1},
    "set": lambda: {1, 2},
    "object": object,
    "function": lambda: lambda *given, **named: None,
    "class": lambda: int,
    "ellipsis": lambda: ...,
}
NUMBERS = {
    "0": lambda: 0,
    "-1": lambda: -1,
    "1.5": lambda: 1.5,
    "-0.5": lambda: -0.5,
    "nan": lambda: float("nan"),
    "inf": lambda: float("inf"),
    "-inf": lambda: float("-inf"),
    "huge": lambda: 10**12,
    "beyond 64 bits": lambda: 10**30,
    "1e300": lambda: 1e300,
    "complex": lambda: 1 + 2j,
    "True": lambda: True,
    "NumPy's nan": lambda: np.float32("nan"),
    "NumPy's -3": lambda: np.int64(-3),
}
LISTS = {
    "empty list": list,
    "empty tuple": tuple,
    "list": lambda: [1, 2, 3],
    "ragged list": lambda: [[1, 2], [3]],
    "list of texts": lambda: ["a", "b"],
    "pair of texts": lambda: ("a", "b"),
    "pair with nan": lambda: (1, float("nan")),
    "pair below 0": lambda: (-1, -2),
    "list of None": lambda: [None],
}
NO_NUMBERS = {
    "complex array": lambda: _floats(2, 4, 6, 5) + 1j,
    "object array": lambda: _floats(2, 4, 6, 5).astype(object),
    "text array": lambda: np.full((2, 4, 6, 5), "x"),
    "tensor": Tensor,
}
ARRAYS = {
    "0-d": lambda: np.array(1.0),
    "1-d": lambda: _floats(3),
    "3-d": lambda: _floats(4, 6, 5),
    "5-d": lambda: _floats(1, 2, 4, 6, 5),
    "other sizes": lambda: _floats(2, 4, 1, 1),
    "other channels": lambda: _floats(2, 7, 6, 5),
    "float64": lambda: _floats(2, 4, 6, 5, dtype="float64"),
    "float16": lambda: _floats(2, 4, 6, 5, dtype="float16"),
    "integers": lambda: np.ones((2, 4, 6, 5), int),
    "below 0": lambda: np.full((2, 6, 5), -1),
    "no class": lambda: np.full((2, 6, 5), 1000, "uint64"),
    "bools": lambda: np.ones((2, 4, 6, 5), bool),
    "with nan": _with_nan,
    "no images": lambda: _floats(0, 4, 6, 5),
    "no pixels": lambda: _floats(2, 4, 0, 5),
    "no channels": lambda: _floats(2, 0, 6, 5),
}
WRONG: dict[str, Any] = {"None": lambda: None} | NOTHING | NUMBERS | LISTS | NO_NUMBERS | ARRAYS

# Arguments by what they take: whatever of the above can be nothing of that must be refused.
IMAGES = "x dy dloss scores labels weight columns indices predicted actual first other data image label"
COUNTS = "in_channels out_channels in_features out_features groups n_class batch_size every passes count total_steps "
COUNTS += "accumulate image_size fc_channels input_size kernel_size kernel channels pixels"
PAIRS = "stride padding dilation output_padding offset"
REALS = "lr momentum weight_decay p alpha beta k width power probability lr_mult decay_mult"
IMAGES, COUNTS, PAIRS, REALS = map(str.split, (IMAGES, COUNTS, PAIRS, REALS))
OTHERS = {"rng": {*WRONG} - {"None"}, "layer": {*WRONG}, "device": {*WRONG} - {"None"}}
OTHERS |= {"class_weights": {"-1", *NOTHING, *NO_NUMBERS}, "dtype": {*NUMBERS, "text", "list", "dict", "object"}}


def surely(name: str, parameter: str, label: str) -> bool:
    """Whether this value must be refused as this argument of `name`, whatever else is given."""
    if label in ("NumPy's nan", "NumPy's -3") and parameter in ("dtype", "x") and name != "conv2d":
        return False  # NumPy's numbers are small arrays
    if name == "array_module" and label.endswith(" array"):
        return False  # it is NumPy's, whatever it holds
    if name in ("to_host", "to_device"):
        return label in NOTHING and label not in ("text", "no text", "bytes")  # what NumPy makes an array of will do
    if parameter in IMAGES:
        return label in {"None", *NOTHING, *NUMBERS, *LISTS, *NO_NUMBERS}
    if parameter in COUNTS or parameter in PAIRS or parameter in REALS:
        fits = {"0", "1.5", "huge", "beyond 64 bits", "1e300"} if parameter in REALS else set()
        fits |= {"0"} if parameter in (*PAIRS, "padding", "pixels") else set()
        lists = {"list", "empty list", "empty tuple"} if parameter in ("kernel", "input_size") else set()
        return label in {"None", *NOTHING, *NUMBERS, *LISTS, *NO_NUMBERS, *ARRAYS} - fits - lists - {"0-d"}
    return label in OTHERS.get(parameter, ())
