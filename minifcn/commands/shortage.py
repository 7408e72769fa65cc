"""What to do where there is too little memory for a command: which of its options ask for so much."""

from argparse import Namespace

from minifcn.errors import TooLarge
from minifcn.training.settings import Settings, option, typed

LESS_MEMORY = {  # the options of a command that make it take more or less
    "train": ("batch_size", "crop", "size", "width", "fc_channels", "image_size", "padding", "jitter"),
    "pretrain": ("batch_size", "crop", "size", "width", "fc_channels", "jitter"),
    "data": ("size",),
    "evaluate": ("size",),
    "predict": ("tile", "size"),
    "summary": ("width", "image"),
    "arithmetic": ("input",),
}
OF_WEIGHTS = ("width", "fc_channels", "image_size", "crop")  # how many numbers a network has


def less_memory(command: str, options: Namespace, error: BaseException) -> str:
    """How the command would take less memory than it did when this error came, in words."""
    # The settings that asked for it, where that is known.
    by = OF_WEIGHTS if isinstance(error, TooLarge) else getattr(error, "by", None)
    names = [name for name in LESS_MEMORY.get(command, ()) if by is None or name in by]
    much = [typed(name, getattr(options, name)) for name in names if _is_much(name, getattr(options, name, None))]
    ways = [f"less than {', '.join(much)}"] if much else [f"a smaller {', '.join(map(option, names))}"] if names else []
    if command == "train" and {"batch_size", "padding"} <= {*names} and not getattr(options, "recompute", False):
        ways.append("--recompute")
    if getattr(options, "device", "cpu") == "gpu":
        ways.append("--device cpu")
    return f"use {', or '.join(ways)}" if ways else "end other programs that use it"


def _is_much(name, value):
    """Whether a value that was given, not None, is more than what holds otherwise."""
    usual = getattr(Settings, name, None)
    return value is not None and (isinstance(value, str) or not isinstance(usual, int | float) or value > usual)
