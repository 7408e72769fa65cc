"""The public names that CuPy has, each with the keywords that it takes: from CuPy itself, or from the list kept beside.

`cupy_names.txt` was written by this file where CuPy is installed (it needs no GPU):

    python tests/cupy_names.py > tests/cupy_names.txt
"""

import inspect
import operator
import re
from pathlib import Path

LIST = Path(__file__).with_name("cupy_names.txt")
# Generator before random: CuPy lists it in `random` once it was asked for.
OWNERS = ["", "ndarray", "linalg", "fft", "random.Generator", "random"]
OWNERS += ["lib", "lib.stride_tricks", "cuda", "cuda.runtime"]
UFUNC = "*args, out, dtype, casting"  # of every universal function: NumPy's where=, order= and subok= raise TypeError
KWARGS = {"einsum": "*operands, dtype, optimize"}  # signatures that say no more than **kwargs


def known():
    """The names and their keywords, and in words where from: an installed CuPy, else the list."""
    try:
        import cupy
    except ImportError:
        return parse(LIST.read_text()), LIST.read_text().splitlines()[0].lstrip("# ")
    return parse("\n".join(dump(cupy))), f"the installed CuPy {cupy.__version__}"


def parse(text):
    """The list's text -> {name: the set of its keywords, or None where they are not known}."""
    found = re.findall(r"^([\w.]+)(?:\((.*)\))?$", text, flags=re.MULTILINE)
    return {name: set(keywords.split(", ")) if keywords else None for name, keywords in found}


def dump(cupy):
    """The lines of the list: "name", or "name(keyword, keyword)"."""
    for owner in OWNERS:
        parent = operator.attrgetter(owner)(cupy) if owner else cupy
        for name in dir(parent):
            value, path = getattr(parent, name), f"{owner}.{name}".lstrip(".")
            # Of cuda.runtime the functions and errors; its hundreds of constants are of no use to us.
            if name.startswith("_") or (owner == "cuda.runtime" and not callable(value)):
                continue
            keywords = UFUNC if isinstance(value, cupy.ufunc) else KWARGS.get(path) or _keywords(value)
            yield f"{path}({keywords})" if keywords else path


def _keywords(value):
    """The parameters' names, "" where they are not known or may be any."""
    if not callable(value) or isinstance(value, type):
        return ""
    try:
        names = [re.split("[:=]", str(p))[0].strip() for p in inspect.signature(value).parameters.values()]
    except (TypeError, ValueError):
        # Compiled functions and methods say it in their docstring's first line: "owner.name(self, int axis=-1)".
        first = re.match(r"[\w.]+\((.+)\)", value.__doc__ or "")
        names = [part.split("=")[0].split()[-1] for part in first[1].split(", ")] if first else []
    if any(name.startswith("**") for name in names):
        return ""
    return ", ".join(name for name in names if name not in ("*", "self"))


if __name__ == "__main__":
    import cupy

    print(f"# CuPy {cupy.__version__}: its public names and their keywords, from python tests/cupy_names.py")
    print(*dump(cupy), sep="\n")
