"""A command that runs out of memory says in one line what would help, and each gives the GPU's memory back."""

import argparse
import functools
import importlib
import re
import weakref

import numpy as np
import pytest

from minifcn.backend import memory
from minifcn.commands import check, main, predict
from minifcn.errors import InputError


class Asked(MemoryError):
    pass


@pytest.fixture
def run(capsys, monkeypatch):
    """Run the command `check`, which does what it is given; returns (exit code, what it said on stderr)."""

    def run(function, device="cpu"):
        monkeypatch.setattr(check, "run", lambda options: function())
        monkeypatch.setattr(main, "resolve_device", lambda device: (device, "as asked"))
        return main.main(["check", "--device", device]), capsys.readouterr().err

    return run


def fail(error):
    raise error


@pytest.mark.parametrize("device, advice", [("cpu", "end other programs that use it"), ("gpu", "use --device cpu")])
def test_it_ends_with_2_and_one_line(run, monkeypatch, tmp_path, device, advice):
    monkeypatch.setattr(memory, "MEMINFO", tmp_path / "none")
    code, said = run(lambda: fail(Asked("Unable to allocate 3 GiB")), device)
    assert (code, said) == (2, f"minifcn: error: not enough memory (Unable to allocate 3 GiB): {advice}\n")


def test_other_errors_are_not_taken_for_a_want_of_memory(run):
    with pytest.raises(ZeroDivisionError):
        run(lambda: 1 / 0)


@pytest.mark.parametrize("name", main.LESS_MEMORY)
def test_the_advice_names_options_that_the_command_has(name):
    parser = argparse.ArgumentParser()
    importlib.import_module(f"minifcn.commands.{name}").add_arguments(parser)
    options = re.findall(r"--[\w-]+", main.LESS_MEMORY[name])
    assert options and not [option for option in options if option not in parser.format_help()]


def test_the_gpus_memory_is_given_back_however_a_command_ends(run, monkeypatch):
    held, given_back = [], []

    def ends(kind):
        array = np.zeros(3)
        held.append(weakref.ref(array))
        if kind:
            raise kind

    monkeypatch.setattr(main, "release", lambda: given_back.append(held[-1]() is None))
    for kind, code in ((None, 0), (InputError, 2), (MemoryError, 2), (KeyboardInterrupt, 130)):
        assert run(functools.partial(ends, kind))[0] == code
    assert given_back == 4 * [True]  # and by then no array of the command was there


def test_a_photo_that_is_too_large_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "MEMINFO", tmp_path / "none")
    said = predict._why("a.png", Asked("Unable to allocate 3 GiB"))
    assert said == "a.png: not enough memory (Unable to allocate 3 GiB): use a smaller --tile or --size"
