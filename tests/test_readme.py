"""What the README shows works as it is written there."""

import re
import shlex
from pathlib import Path

import pytest
import tiny

from minifcn.backend import arrays
from minifcn.commands.main import main
from minifcn.data.sets import scenes

README = (Path(__file__).parents[1] / "README.md").read_text()
COMMANDS = [line.split("minifcn", 1)[1] for line in README.splitlines() if line.startswith("    python -m minifcn ")]
PRETRAIN = [command for command in COMMANDS if command.startswith(" pretrain ")]


def test_the_tour_and_the_loop_after_it_run(capsys):
    names = {}
    tour = tiny.readme_block("check_gradients(")
    exec(tour, names)
    printed = capsys.readouterr().out
    assert printed.startswith("[[1 2 3 0 4 5 6 0 7 8 9 0 0 0 0 0]\n")
    assert pytest.approx(float(printed.splitlines()[-1]), abs=1e-4) == 1.6094  # -log(1/5): nothing is learned yet
    assert len([line for line in tour.splitlines() if line]) == 10
    exec(tiny.readme_block("import fit"), names)
    numbers, losses = zip(*(line.split() for line in capsys.readouterr().out.splitlines()))
    assert numbers == ("0", "1", "2") and all(0 < float(loss) < 2 for loss in losses)


def test_the_transposed_convolution_prints_what_it_says(capsys):
    block = tiny.readme_block("symbolic_conv_matrix")
    exec(block, {})
    *matrix, layer = capsys.readouterr().out.splitlines()
    assert len(matrix) == 16 and matrix[1].split() == ["W[0,1]", "W[0,0]", "0", "0"]
    said = re.search(r"print\(layer\)  # \.\.\. (.*)", block).group(1)
    assert layer.endswith(said)


@pytest.mark.parametrize("command", [command for command in COMMANDS if command not in PRETRAIN])
def test_commands_are_understood(command, tmp_path, monkeypatch, capsys):
    """Each command line passes the parser and fails only for want of its data, weights or GPU."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(arrays, "gpu_status", lambda: arrays.GpuStatus(False, "there is no GPU"))
    wanting = r"PATH|VOCdevkit|photos|there is no such file|a folder that exists|new/|there is no GPU"
    assert main(shlex.split(command)) == 2
    assert re.search(wanting, capsys.readouterr().err)
    assert list(tmp_path.iterdir()) == []


def test_pretraining_needs_no_data_and_writes_what_the_next_command_reads(tmp_path, monkeypatch):
    (command,) = PRETRAIN
    assert "--epochs" in command
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(scenes, "COUNTS", {"train": 16, "val": 8, "test": 8})  # to be quick
    assert main([*shlex.split(command), "--epochs", "1"]) == 0
    following = COMMANDS[COMMANDS.index(command) + 1]
    assert main([*shlex.split(following), "--explain"]) == 0
    assert "runs/vgg11/best.npz" in following and Path("runs/vgg11/best.npz").is_file()
    assert not Path("runs/fixed").exists()


def test_pictures_exist():
    for picture in re.findall(r"!\[.*?\]\((.*?)\)", README, re.DOTALL):
        assert (Path(__file__).parents[1] / picture).is_file(), picture
