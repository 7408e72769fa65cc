"""What help shows, at 80 columns, and the table of settings that options are made from."""

import dataclasses
import re
from argparse import ArgumentParser

import pytest
import tiny

from minifcn.commands.main import COMMANDS
from minifcn.commands.options import add_settings
from minifcn.errors import InputError
from minifcn.training.settings import Settings, in_network

SHARED = {
    "source": "data root classes values void val-share split-seed size",
    "optimisation": "init freeze epochs epoch-steps batch-size accumulate lr schedule momentum weight-decay",
}
GROUPED = {
    "train": {
        "data": SHARED["source"] + " mirror crop jitter",
        "network": "model backbone width fc-channels image-size padding dropout upsampling upsampling-kernels at-once",
        "optimisation": SHARED["optimisation"] + " loss sample class-balance",
        "run": "recompute seed out resume overwrite verbose tensorboard wire recipe stages explain",
    },
    "pretrain": {
        "data": SHARED["source"] + " mirror crop jitter",
        "network": "model width fc-channels dropout auxiliary",
        "optimisation": SHARED["optimisation"],
        "run": "seed out resume overwrite verbose tensorboard wire",
    },
    "evaluate": {"data": SHARED["source"] + " split"},
    "summary": {"network": "backbone width fc-channels padding upsampling upsampling-kernels n-class image"},
}


@pytest.fixture(autouse=True)
def eighty_columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")


def shown(capsys, *words):
    """What the command line prints where it ends with 0, at once or by leaving Python."""
    try:
        code = tiny.command(*words)
    except SystemExit as left:
        code = left.code
    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    return out


def test_minifcn_alone_shows_its_commands(capsys):
    alone = shown(capsys)
    assert alone == shown(capsys, "--help")
    for name in (
        "demo",
        "train",
        "pretrain",
        "evaluate",
        "predict",
        "export",
        "summary",
        "arithmetic",
        "bench",
        "check",
    ):
        assert re.search(rf"^  {name} +\w.*\w$", alone, re.MULTILINE)
    assert max(map(len, alone.splitlines())) <= 80


def test_version(capsys):
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", shown(capsys, "--version"))


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself(capsys, command):
    out = shown(capsys, command, "--help")
    assert out.startswith(f"usage: minifcn {command}") and "--device {auto,cpu,gpu}" in out
    assert max(map(len, out.splitlines())) <= 80
    # No name of a network is cut in two, and no value of a NumPy or Python type is shown as it is stored.
    assert not re.search(r"fcn-\n|None|True|False", out)


@pytest.mark.parametrize("command", COMMANDS)
def test_no_line_is_too_long_for_a_narrow_terminal(capsys, monkeypatch, command):
    monkeypatch.setenv("COLUMNS", "60")
    assert max(map(len, shown(capsys, command, "--help").splitlines())) <= 60


@pytest.mark.parametrize("command", GROUPED)
def test_options_stand_in_their_groups(capsys, command):
    out = shown(capsys, command, "--help")
    for group, names in GROUPED[command].items():
        block = re.search(rf"^{group}:\n(.*?)(\n\n|\Z)", out, re.MULTILINE | re.DOTALL)[1]
        assert re.findall(r"^  --([\w-]+)", block, re.MULTILINE) == names.split()
    known = re.findall(r"^(\w+):$", out, re.MULTILINE)
    assert [name for name in known if name != "options"] == list(GROUPED[command])


def test_defaults_are_those_that_hold(capsys):
    said = {command: " ".join(shown(capsys, command, "--help").split()) for command in ("train", "pretrain", "summary")}
    assert "learning rate; default: 0.02 " in said["train"] and "learning rate; default: 0.006 " in said["pretrain"]
    assert "channels; default: 0.25 " in said["train"] and "channels; default: 1 " in said["summary"]
    assert "fcn-googlenet; default: fcn32s" in said["train"] and "googlenet; default: vgg16 " in said["pretrain"]
    assert "googlenet; default: vgg16, or that of --init" in said["train"] and "--init" not in said["summary"]
    assert "mirrored; default: yes" in said["train"] and "at once; default: no" in said["train"]


def test_a_new_setting_is_one_field():
    @dataclasses.dataclass
    class More(Settings):
        depth: int = in_network(3, "layers", "N", bound=(lambda n: n < 9, "less than 9"))

    parser = ArgumentParser("x")
    groups = add_settings(parser, More)
    assert "--depth N" in parser.format_help() and "layers; default: 3" in parser.format_help()
    assert "depth" in [action.dest for action in groups["network"]._group_actions]
    assert vars(parser.parse_args(["--depth", "5"])) == {"depth": 5} and vars(parser.parse_args([])) == {}
    assert More(depth=5).network()["depth"] == 5
    with pytest.raises(InputError, match="--depth is 9; expected less than 9"):
        More(depth=9).check()
