"""Values as lines of JSON: what goes between the checks and an answer.

No pickles: whoever reads such a line gets numbers, text and arrays, whatever
the other side would like. What is none of these, a function or a number that
counts its products, stays where it is and travels as a reference.
"""

import base64
import json
import numbers

import numpy as np

DTYPES = "biufc"  # bool, whole numbers, floats, complex: kinds of arrays
OPERATORS = (  # what can be done with a reference
    *("__call__", "__neg__", "__add__", "__radd__", "__sub__", "__rsub__"),
    *("__mul__", "__rmul__", "__truediv__"),
)


def to_line(message, refer):
    """A message as bytes that end with a newline. refer(object) -> a number.

    Raises TypeError where `refer` does, for what cannot travel.
    """

    def encode(value):
        if value is None or isinstance(value, (bool, int, str)):
            return value
        if hasattr(value, "__array__"):  # NumPy's numbers, too
            return encode_array(np.asarray(value))
        if isinstance(value, numbers.Real):  # fractions, too
            return {"float": float(value).hex()}
        if isinstance(value, (list, tuple, range)):
            kind = "tuple" if isinstance(value, tuple) else "list"
            return {kind: [encode(part) for part in value]}
        if isinstance(value, dict):
            pairs = [[encode(k), encode(v)] for k, v in value.items()]
            return {"dict": pairs}
        return {"object": refer(value)}

    def encode_array(array):
        if array.dtype.kind not in DTYPES:  # of objects
            return {"list": [encode(part) for part in array]}
        data = base64.b64encode(array.tobytes()).decode()
        kind = "array" if array.shape else "scalar"
        return {kind: [array.dtype.str, list(array.shape), data]}

    message = {name: encode(value) for name, value in message.items()}
    return json.dumps(message).encode() + b"\n"


def from_line(line, referred):
    """The message of such a line. referred(number) -> the object.

    Raises ValueError for a line that is none.
    """

    def decode(value):
        if not isinstance(value, dict):
            return value
        ((kind, content),) = value.items()
        return readers[kind](content)

    def array(content):
        dtype, shape, data = content
        if np.dtype(dtype).kind not in DTYPES:
            raise ValueError(f"{dtype} is no dtype of numbers")
        flat = np.frombuffer(base64.b64decode(data), dtype)
        return flat.reshape(shape).copy()

    readers = {
        "float": float.fromhex,
        "array": array,
        "scalar": lambda content: array(content)[()],
        "list": lambda content: [decode(part) for part in content],
        "tuple": lambda content: tuple(decode(part) for part in content),
        "dict": lambda content: {decode(k): decode(v) for k, v in content},
        "object": referred,
    }
    try:
        message = json.loads(line)
        return {name: decode(value) for name, value in message.items()}
    except Exception as error:  # whatever was sent
        raise ValueError(f"no message: {type(error).__name__}") from None
