"""What a pickle of tensors may ask for, and the descriptions made of it. Nothing is imported or called by name."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from minifcn.errors import InputError
from minifcn.text import short
from minifcn.weights.pth.elements import CODES, UNTYPED, Storage, Tensor

MOST_AXES = 64  # of a NumPy array


class Parameter:
    """A parameter as PyTorch wrote it until 0.3: its tensor, and a state that may bring the tensor along."""

    def __init__(self, tensor: Tensor | None = None):
        self.tensor = tensor

    def set_state(self, state: Any) -> None:
        if len(state) == 5:  # of the first releases: (tensor, gradient, hooks, requires_grad, volatile)
            self.tensor = state[0]


@dataclass(frozen=True)
class Opaque:
    """Some other value of the pickle, of which no more is known than the name of its kind."""

    name: str


class Name(str):
    """A known name that the pickle asks for; a string of the file cannot pass for one."""


def known(name: str) -> Name:
    """The `Name` "module.name" that a pickle asks for. InputError for all but tensors, containers and plain values."""
    name = name.replace("torch.cuda.", "torch.")  # where the numbers were is no matter
    name = name.replace("__builtin__.", "builtins.").replace("numpy._core.", "numpy.core.")  # Python 2, NumPy 2
    if name in _FUNCTIONS or name in _PLAIN or name in CODES or name == UNTYPED:
        return Name(name)
    if _OTHER_TENSORS.fullmatch(name):
        advice = "make it a dense one of floats in PyTorch (dequantize(), to_dense(), float()) and save it again"
        raise InputError(f"it holds {short(name)}, a kind of tensor that is not read here: {advice}")
    why = "refused, it could run any code; if a whole model was saved, save model.state_dict() instead"
    raise InputError(f"the pickle asks for {short(name)}: {why}")


def call(function: Any, arguments: Any) -> Any:
    """What the pickle makes by calling `function`. InputError for all but the functions in the tables below.

    Plain values are not made, but stand as `Opaque`: weights need none of them.
    """
    if not isinstance(function, Name) or not (function in _FUNCTIONS or function in _PLAIN):
        what = short(function) if isinstance(function, str) else f"a {type(function).__name__}"
        raise InputError(f"the pickle calls {what}: refused, only tensors and dicts are made")
    if not isinstance(arguments, tuple):
        raise InputError(f"the pickle calls {function} with a {type(arguments).__name__}, expected a tuple")
    if function in _PLAIN:
        return Opaque(str(function))
    return _FUNCTIONS[function](*arguments)


def storage(identity: Any) -> Storage:
    """The `Storage` that a pickle refers to as ("storage", kind, key, device, count), in old files with a view."""
    word, kind, key, _device, count, *view = identity
    typed = isinstance(kind, Name) and (kind in CODES or kind == UNTYPED)
    if word != "storage" or not typed or not isinstance(key, str):
        raise InputError("the pickle refers to something outside it that is no storage: refused")
    if any(view):
        raise InputError("it has storages inside storages: save it with PyTorch 0.4 or newer")
    return Storage(str(kind), key, _whole(count))


def plain_key(value: Any) -> str | int | float | None:
    """`value`, fit for a dict's key. InputError for all but text and numbers.

    Python hashes a tuple by recursion: one nested 100,000 deep would crash the process.
    """
    if not isinstance(value, str | int | float | None):
        raise InputError(f"the pickle has a {type(value).__name__} as a dict's key, expected text or a number")
    return value


def _tensor(storage, offset, size, stride, _requires_grad=False, _hooks=None, metadata=None):
    return _any_tensor(storage, offset, size, stride, getattr(storage, "kind", None), metadata)


def _tensor_of_bytes(storage, offset, size, stride, _requires_grad, _hooks, dtype, metadata=None):
    if not isinstance(dtype, Name):
        raise InputError(f"the pickle has a {type(dtype).__name__} as a tensor's kind of number")
    return _any_tensor(storage, offset, size, stride, str(dtype), metadata)


def _any_tensor(storage, offset, size, stride, kind, metadata):
    if not isinstance(storage, Storage) or kind not in CODES or storage.kind not in (kind, UNTYPED):
        raise InputError("the pickle has a tensor without a storage of its kind of number")
    if not len(size) == len(stride) <= MOST_AXES:
        raise InputError(f"the pickle has a tensor with {len(size)} axes and {len(stride)} strides")
    offset, size, stride = _whole(offset), tuple(map(_whole, size)), tuple(map(_whole, stride))
    return Tensor(storage, offset, size, stride, kind, **(metadata or {}))


def _dict(pairs=None):
    if not pairs:
        return {}
    if not isinstance(pairs, list | dict):
        raise InputError(f"the pickle makes a dict of a {type(pairs).__name__}, expected a list or a dict")
    result = {plain_key(name): value for name, value in (pairs.items() if isinstance(pairs, dict) else pairs)}
    pairs.clear()  # written for this dict alone; a file that names them again and again would fill the memory
    return result


def _whole(number):
    if type(number) is not int or number < 0:
        what = number if type(number) is int else f"a {type(number).__name__}"
        raise InputError(f"the pickle has {what} as a tensor's place or size, expected a whole number from 0")
    return number


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "collections.OrderedDict": _dict,
    "collections.Counter": _dict,
    "collections.defaultdict": lambda *_: {},
    "torch._utils._rebuild_tensor": _tensor,  # until 0.3
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_tensor_v3": _tensor_of_bytes,  # of kinds that have no storage of their own
    "torch._utils._rebuild_parameter": lambda tensor, *_: tensor,
    "torch._utils._rebuild_parameter_with_state": lambda tensor, *_: tensor,
    "torch.nn.parameter.Parameter": Parameter,  # until 0.3
}
# What trainers save beside the weights. None of it is made, imported or called: see `call`.
_PLAIN = {f"builtins.{kind}" for kind in ("bool", "bytearray", "bytes", "dict", "float", "int", "list", "set", "str")}
_PLAIN |= {"numpy.dtype", "numpy.ndarray", "numpy.core.multiarray.scalar", "numpy.core.multiarray._reconstruct"}
_PLAIN |= {f"pathlib{place}.{kind}" for place in ("", "._local") for kind in ("PosixPath", "WindowsPath")}
_PLAIN |= {"_codecs.encode", "argparse.Namespace", "torch.Size", "torch.device"}
_OTHER_TENSORS = re.compile(r"torch\.(_utils\._rebuild_\w+|_tensor\._rebuild_\w+|\w*Storage|(q?u?int|float|bits)\d\w*)")
