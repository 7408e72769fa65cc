"""How arrays travel between processes: as they are, or as float16."""

import math

import numpy as np

FACTORS = 126  # exponents of two that float32 has, either way


class Wire:
    """Packs a flat array into a message, and has room for one that is received, which it unpacks. Here all three are
    the array itself, and nothing is copied.
    """

    def pack(self, array: np.ndarray) -> np.ndarray:
        """The message that brings this array's numbers."""
        return array

    def room(self, array: np.ndarray) -> np.ndarray:
        """Where the message for this array is received."""
        return array

    def unpack(self, message: np.ndarray, array: np.ndarray) -> None:
        """Put the numbers of a message into the array."""


class HalfWire(Wire):
    """float16, and first the exponent e of the power of two by which all numbers are divided.

    float16 has 11 bits from 6e-5 to 65504; gradients may lie anywhere. 2**e brings the largest to 2**14 or more, below
    2**15. So all down to 2**-28 of it keep 11 bits, and those below 2**-39 become 0. Infinity and NaN stay what they
    are. To divide by a power of two rounds nothing.
    """

    def pack(self, array: np.ndarray) -> np.ndarray:
        message = self.room(array)
        largest = max(float(array.max(initial=0)), -float(array.min(initial=0)))
        exponent = max(-FACTORS, math.frexp(largest)[1] - 15)
        message[0] = exponent
        with np.errstate(over="ignore", under="ignore"):
            message[1:] = array * 2.0**-exponent
        return message

    def room(self, array: np.ndarray) -> np.ndarray:
        return np.empty(array.size + 1, np.float16)

    def unpack(self, message: np.ndarray, array: np.ndarray) -> None:
        np.multiply(message[1:], 2.0 ** int(message[0]), out=array, dtype=array.dtype)
