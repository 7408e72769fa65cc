"""A command that runs out of memory says in one line what would help, and each gives the GPU's memory back."""

import argparse
import functools
import importlib
import re
import resource
import weakref

import numpy as np
import pytest
import tiny

from minifcn.backend import memory
from minifcn.backend.memory import NoRoom
from minifcn.commands import check, main, predict, shortage
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


@pytest.mark.parametrize("name", shortage.LESS_MEMORY)
def test_the_advice_names_options_that_the_command_has(name):
    parser = argparse.ArgumentParser()
    importlib.import_module(f"minifcn.commands.{name}").add_arguments(parser)
    advice = shortage.less_memory(name, argparse.Namespace(), MemoryError())
    options = re.findall(r"--[\w-]+", advice)
    assert advice.startswith("use a smaller --")
    assert options and not [option for option in options if option not in parser.format_help()]


@pytest.mark.parametrize(
    ("given", "error", "advice"),
    [
        ({"width": 48.0, "fc_channels": 8}, MemoryError(), "use less than --width 48, or --recompute"),
        ({"crop": 9, "batch_size": 2}, MemoryError(), "use less than --crop 9, or --recompute"),
        ({"crop": 9, "width": 48.0}, NoRoom("", ("width", "fc_channels")), "use less than --width 48"),
        ({"batch_size": 2}, NoRoom("", ("batch_size", "crop")), "use a smaller --batch-size, --crop"),
        ({"size": "65535", "recompute": True}, MemoryError(), "use less than --size 65535"),
    ],
)
def test_the_advice_names_what_was_given_and_is_much(given, error, advice):
    assert shortage.less_memory("train", argparse.Namespace(**given), error) == advice


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--width 500", ("GiB for the network's weights, gradients and velocities)", "use less than --width 500\n")),
        ("--fc-channels 900000", ("the network's weights", "use less than --fc-channels 900000\n")),
        ("--width 1000", ("more numbers than any memory holds)", "use less than --width 1000\n")),
        ("--image-size 1000000", ("the network's weights", "use less than --image-size 1000000\n")),
        ("--crop 900000", ("2 images of 900000x900000 pixels)", "use less than --crop 900000\n")),
        ("--padding 90000", ("the maps of 2 images of 32x32 pixels)", "less than --padding 90000, or --recompute\n")),
        ("--size 65000x65000", ("an image of 65000x65000 pixels)", "use less than --size 65000x65000\n")),
        ("--jitter 900000", ("an image grown to 1800032x1800032 pixels)", "use less than --jitter 900000\n")),
    ],
)
def test_a_training_too_large_for_the_machine_is_refused_before_it_takes_anything(
    capsys, monkeypatch, tmp_path, data, options, words
):
    (tmp_path / "meminfo").write_text("MemAvailable:    8388608 kB\nSwapFree:    1048576 kB\n")
    monkeypatch.setattr(memory, "MEMINFO", tmp_path / "meminfo")
    train = ["train", "--data", "camvid", "--root", data, "--out", tmp_path / "run", *tiny.FLAGS, *options.split()]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert tiny.command(*train) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "9.0 GiB are free" in said and all(word in said for word in words), said
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # KiB
    assert not (tmp_path / "run").exists()


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return tiny.camvid_folder(tmp_path_factory.mktemp("camvid") / "data")


def test_the_gpus_memory_is_given_back_however_a_command_ends(run, monkeypatch):
    held, given_back = [], []

    def ends(kind):
        array = np.zeros(3)
        held.append(weakref.ref(array))
        if kind:
            raise kind("")

    monkeypatch.setattr(main, "release", lambda: given_back.append(held[-1]() is None))
    for kind, code in ((None, 0), (InputError, 2), (MemoryError, 2), (KeyboardInterrupt, 130)):
        assert run(functools.partial(ends, kind))[0] == code
    assert given_back == 4 * [True]  # and by then no array of the command was there


def test_a_photo_that_is_too_large_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "MEMINFO", tmp_path / "none")
    said = predict._why("a.png", Asked("Unable to allocate 3 GiB"))
    assert said == "a.png: not enough memory (Unable to allocate 3 GiB): use a smaller --tile or --size"
