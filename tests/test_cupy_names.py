"""Every name and keyword that minifcn/ takes from an array's module is one that CuPy has too."""

import ast
from pathlib import Path

import cupy_names
import pytest

PACKAGE = Path(__file__).parents[1] / "minifcn"
MODULE_NAMES = ("xp", "cupy")


def test_every_name_in_the_source_exists_in_cupy():
    names, where = cupy_names.known()
    used = [(path, *use) for path in sorted(PACKAGE.rglob("*.py")) for use in uses(path.read_text())]
    assert len(used) > 30, "the scan finds hardly anything"
    wrong = [
        f"{path.relative_to(PACKAGE.parent)}:{line}: {problem}"
        for path, line, name, keywords in used
        if (problem := trouble(names, name, keywords))
    ]
    assert not wrong, f"against {where}:\n" + "\n".join(wrong)


@pytest.mark.parametrize(
    "code, problem",
    [
        ("xp.maximum(x, 0)", None),
        ("xp.lib.stride_tricks.as_strided(x, shape=s, strides=t)", None),
        ("array_module(array_module(x).zeros(3)).zeros_like(x)", None),
        ("xp.finfo(x.dtype).eps", None),
        ("xp.errstate(all='ignore')", "errstate is none of CuPy's names"),
        ("y = 1 + xp.exp(xp.block(x))[0].sum()", "block is none of CuPy's names"),
        (
            "xp.lib.stride_tricks.broadcast_shapes(x)",
            "lib.stride_tricks.broadcast_shapes is none of CuPy's names",
        ),
        ("xp.add.at(x, i, 1)", "add.at is none of CuPy's names"),  # it is there, but adds in any order
        ("backend.array_module(x).nditer", "nditer is none of CuPy's names"),
        ("module = array_module(x)\nmodule.insert(x, 0, 1)", "insert is none of CuPy's names"),
        ("self.xp.seterr", "seterr is none of CuPy's names"),
        ("cupy.cuda.runtime.isThere()", "cuda.runtime.isThere is none of CuPy's names"),
        ("xp.einsum('ij->i', x, out=y)", "CuPy's einsum takes no out="),
        ("xp.clip(x, min=0)", "CuPy's clip takes no min="),
        ("xp.max(x, axis=1, initial=0)", "CuPy's max takes no initial="),
        ("xp.divide(x, y, out=z, where=y > 0)", "CuPy's divide takes no where="),
    ],
)
def test_the_scan_finds_what_cupy_lacks(code, problem):
    names = cupy_names.parse(cupy_names.LIST.read_text())
    found = [trouble(names, name, keywords) for _, name, keywords in uses(code)]
    assert found and [f for f in found if f] == [p for p in [problem] if p]


def test_the_list_is_what_this_cupy_says():
    cupy = pytest.importorskip("cupy", reason="CuPy is not installed")
    first, *lines = cupy_names.LIST.read_text().splitlines()
    if f"CuPy {cupy.__version__}:" not in first:
        pytest.skip(f"the list is of another version than the installed CuPy {cupy.__version__}")
    assert lines == list(cupy_names.dump(cupy))


def trouble(names, name, keywords):
    """What is wrong with this use of a name, None if nothing is."""
    if name not in names:
        return f"{name} is none of CuPy's names"
    unknown = [] if names[name] is None else [k for k in keywords if k not in names[name]]
    return f"CuPy's {name} takes no {unknown[0]}=" if unknown else None


def uses(source):
    """(line, dotted name, keywords it is called with) of everything taken from an array's module in some source code.

    Such a module is what is called xp or cupy, what array_module(...) returns, and any name that this was given to.
    """
    tree = ast.parse(source)
    modules = set(MODULE_NAMES)
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and _asks_for_module(node.value):
            modules.update(target.id for target in node.targets if isinstance(target, ast.Name))
    calls = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
    inner = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and id(node) not in inner:
            name = _name_in_module(node, modules)
            if name and not name.startswith("__"):
                keywords = [k.arg for k in calls[id(node)].keywords if k.arg] if id(node) in calls else []
                yield node.lineno, name, keywords


def _asks_for_module(node):
    return isinstance(node, ast.Call) and (
        getattr(node.func, "id", None) == "array_module" or getattr(node.func, "attr", None) == "array_module"
    )


def _name_in_module(node, modules):
    """The dotted name below the module of a whole chain of attributes, None if it does not start at one."""
    parts = []
    while isinstance(node, ast.Attribute) and node.attr not in modules:
        parts.append(node.attr)
        node = node.value
    starts = isinstance(node, ast.Attribute) or _asks_for_module(node) or getattr(node, "id", None) in modules
    return ".".join(reversed(parts)) if starts and parts else None
