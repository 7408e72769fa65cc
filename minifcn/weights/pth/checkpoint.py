"""Where in what somebody saved the weights are, among epochs, figures and optimizers."""

from typing import Any

from minifcn.errors import InputError
from minifcn.text import short
from minifcn.weights.pth.descriptions import Opaque, Parameter
from minifcn.weights.pth.elements import Tensor

# What trainers call the state dict.
NAMES = ("model_state_dict", "state_dict", "model", "net", "network", "module", "weights", "params")
_EXPECTED = "expected a state dict: save model.state_dict()"


def find_tensors(saved: Any) -> dict[str, Tensor]:
    """{name: Tensor} of what was saved: all of it where that is tensors alone, else the entry of it that is.

    Of several such entries it is the first under one of NAMES. InputError where there is none, and says what is there.
    """
    if not isinstance(saved, dict):
        raise InputError(f"it holds {_kind(saved)}, {_EXPECTED}")
    if tensors := _alone(saved):
        return tensors
    found = {name: tensors for name, value in saved.items() if (tensors := _alone(value))}
    if named := [name for name in NAMES if name in found]:
        return found[named[0]]
    if len(found) > 1:
        several = ", ".join(short(str(name)) for name in found)
        advice = "save one of them alone, in PyTorch: torch.save(torch.load(FILE)[NAME], NEW_FILE)"
        raise InputError(f"its entries {several} are dicts of tensors, expected one of {', '.join(NAMES)}: {advice}")
    if found:
        return next(iter(found.values()))
    if saved.keys() >= {"state", "param_groups"}:
        raise InputError(f"it holds the state of an optimizer (state, param_groups), {_EXPECTED}")
    named = [saved[name] for name in NAMES if isinstance(saved.get(name), dict)]
    raise InputError(_why_not(named[0] if named else saved))


def _alone(value):
    """{name: Tensor} of a dict of tensors alone, else an empty one."""
    tensors = {}
    for name, one in value.items() if isinstance(value, dict) else ():
        tensor = one.tensor if isinstance(one, Parameter) else one
        if not isinstance(name, str) or not isinstance(tensor, Tensor):
            return {}
        tensors[name] = tensor
    return tensors


def _why_not(saved):
    """What is wrong with a dict that is not of tensors alone."""
    for name, value in saved.items():
        if not isinstance(name, str) or not _alone({name: value}):
            expected = f"expected tensors alone, or a checkpoint with them under {', '.join(NAMES)}"
            return f"its entry {short(str(name))} is {_kind(value)}, {expected}"
    return f"it holds no tensor, {_EXPECTED}"


def _kind(value):
    return f"a {value.name if isinstance(value, Opaque) else type(value).__name__}"
