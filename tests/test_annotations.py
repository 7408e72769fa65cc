"""Everything public in minifcn says the types of what it takes and returns; that they are right is mypy's to check."""

import importlib
import inspect
import pkgutil
from types import SimpleNamespace

import pytest

import minifcn

MODULES = {module.name for module in pkgutil.walk_packages(minifcn.__path__, "minifcn.")} - {"minifcn.__main__"}


def public_functions(module):
    """(name, function) of a module's own public functions, methods and properties."""
    for name, value in vars(module).items():
        if name.startswith("_") or getattr(value, "__module__", None) != module.__name__:
            continue
        if not inspect.isclass(value):
            if callable(value):
                yield name, inspect.unwrap(value)
            continue
        for key, member in vars(value).items():
            function = getattr(member, "fget", getattr(member, "__func__", member))  # of a property, a classmethod
            if inspect.isfunction(function) and (not key.startswith("_") or key in ("__init__", "__call__")):
                yield f"{name}.{key}", function


def without_type(function):
    """The parameters of a function that have no type, and "return" if that has none."""
    signature = inspect.signature(function)
    parameters = [name for name, parameter in signature.parameters.items() if parameter.annotation is parameter.empty]
    if signature.return_annotation is signature.empty and function.__name__ != "__init__":
        parameters.append("return")
    return [name for name in parameters if name not in ("self", "cls")]


@pytest.mark.parametrize("name", sorted(MODULES))
def test_all_that_is_public_is_annotated(name):
    found = {name: without_type(function) for name, function in public_functions(importlib.import_module(name))}
    assert {name: missing for name, missing in found.items() if missing} == {}


def test_a_missing_type_is_found():
    class Shown:
        def __init__(self, size): ...

        def double(self, x) -> int: ...

        @property
        def area(self): ...

    functions = dict(public_functions(SimpleNamespace(Shown=Shown, __name__=__name__)))
    assert {name: without_type(function) for name, function in functions.items()} == {
        "Shown.__init__": ["size"],
        "Shown.double": ["x"],
        "Shown.area": ["return"],
    }
