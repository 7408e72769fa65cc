"""The command `arithmetic`: what it prints, by hand, what it writes, and what it refuses."""

import re

import pytest
import tiny
from PIL import Image

from minifcn.commands import arithmetic, terminal

NAMES = ["convolution.gif", "convolution.png", "matrices.png", "transposed.gif", "transposed.png"]


@pytest.fixture
def ran(capsys, monkeypatch):
    """Run the command with these options in a terminal of this width; returns its lines."""

    def run(options="", width=80):
        monkeypatch.setattr(terminal.console, "_width", width)
        assert tiny.command("arithmetic", *options.split()) == 0
        out, err = capsys.readouterr()
        assert err == ""
        return [line.rstrip() for line in out.splitlines()]

    return run


def test_a_case_with_every_number(ran):
    lines = ran("--input 6 --kernel 3 --stride 2 --padding 1")
    assert lines[:9] == [
        "padding, strides (odd): i = 6, k = 3, s = 2, p = 1, d = 1",
        "convolution (relationship 6 of the guide)",
        "  output         o = floor((i + 2p - k) / s) + 1 = floor((6 + 2*1 - 3) / 2) + 1 = 3",
        "  unseen         a = (i + 2p - k) mod s = (6 + 2*1 - 3) mod 2 = 1",
        "transposed (relationship 14 of the guide)",
        "  zeros between  s - 1 = 2 - 1 = 1",
        "  padding        p' = k - p - 1 = 3 - 1 - 1 = 1",
        "  output         o' = s(o - 1) + k - 2p + a = 2*2 + 3 - 2*1 + 1 = 6",
        "",
    ]
    assert lines[9:12] == ["C: 9 x 36, wider than the 80 characters of a line here", "", "C^T: 36 x 9"]
    assert lines[12] == "W[1,1] 0      0      0      0      0      0      0      0"
    assert lines[-5:] == [
        "C^T is not the inverse of C: C^TC has rank 9 of 36 (the input's pixels),",
        "  singular values from 0 to 74.9 (the inverse's would all be 1),",
        "  for the kernel 2 3 1 / 3 1 2 / 1 2 3",
        "products that an output pixel of the transpose sums: 1 to 4;",
        "  far from the border 1 to 4: the risk of a checkerboard",
    ]


def test_the_slides_matrix_and_a_terminal_too_narrow_for_it(ran):
    lines = ran("--input 4 --kernel 3")
    at = lines.index("C: 4 x 16: 01 stands for W[0,1], . for 0")
    assert lines[at + 1 : at + 3] == [
        "00 01 02 .  10 11 12 .  20 21 22 .  .  .  .  .",
        ".  00 01 02 .  10 11 12 .  20 21 22 .  .  .  .",
    ]
    at = lines.index("C^T: 16 x 4")
    assert lines[at + 1 : at + 3] == ["W[0,0] 0      0      0", "W[0,1] W[0,0] 0      0"]
    assert lines[-2].endswith("sums: 1 to 4;") and lines[-1] == "  far from the border 9: no checkerboard"
    assert "has rank 4 of 16" in lines[-5]
    wide = ran("--input 4 --kernel 3", width=200)
    assert wide[wide.index("C: 4 x 16") + 1].startswith("W[0,0] W[0,1] W[0,2] 0      W[1,0] ")
    assert "C: 4 x 16, wider than the 40 characters of a line here" in ran("--input 4 --kernel 3", width=40)


def test_dilation_negative_padding_and_a_size_that_is_only_calculated(ran):
    lines = ran("--input 7 --kernel 3 --dilation 2 --padding 1")
    assert "  reach          k' = d(k - 1) + 1 = 2*2 + 1 = 5" in lines
    assert "  padding        p' = k' - p - 1 = 5 - 1 - 1 = 3" in lines
    assert "transposed (none of the guide's)" in lines
    assert "  padding        p' = k - p - 1 = 2 - 2 - 1 = -1: that many are cut off" in ran(
        "--input 4 --kernel 2 --padding 2"
    )
    lines = ran("--input 500 --kernel 64 --stride 32")
    assert lines[-4:-2] == [
        "",
        "C: 196 x 250000, C^T: 250000 x 196: too large to show, more than 16 pixels along an axis",
    ]
    assert lines[-2].endswith("sums: 0 to 4;") and lines[-1] == "  far from the border 4: no checkerboard"
    # 0: the 20 that no window sees


@pytest.mark.parametrize("width", [60, 80, 200])
def test_the_seven_cases(ran, width):
    lines = ran(width=width)
    table = [line for line in lines if re.search(r"\d, \d+$", line)]
    assert [re.sub(r"^\D+|,", "", line).split() for line in table] == [
        ["4", "3", "1", "0", "2", "0", "2", "0", "4", "1", "8"],
        ["5", "4", "1", "2", "6", "0", "1", "0", "5", "2", "9"],
        ["5", "3", "1", "1", "5", "0", "1", "0", "5", "3", "10"],
        ["5", "3", "1", "2", "7", "0", "0", "0", "5", "4", "11"],
        ["5", "3", "2", "0", "2", "1", "2", "0", "5", "5", "12"],
        ["5", "3", "2", "1", "3", "1", "1", "0", "5", "6", "13"],
        ["6", "3", "2", "1", "3", "1", "1", "1", "6", "6", "14"],
    ]
    assert max(map(len, lines)) <= width and "…" not in "".join(lines)
    if width >= 80:
        assert "  padding, strides (odd)" in "\n".join(lines)


def test_pictures_are_written_once(ran, capsys, tmp_path):
    options = f"--input 3 --kernel 2 --out {tmp_path}/new/folder"
    lines = ran(options)
    folder = tmp_path / "new" / "folder"
    assert lines[-1].startswith(f"in {folder}: ") and all(name in lines[-1] for name in NAMES)
    assert sorted(path.name for path in folder.iterdir()) == NAMES
    with Image.open(folder / "transposed.gif") as gif, Image.open(folder / "convolution.gif") as other:
        assert (gif.n_frames, other.n_frames) == (9, 4)
    (folder / "matrices.png").write_bytes(b"mine")
    before = tiny.listing(tmp_path)
    assert tiny.command("arithmetic", *options.split()) == 2
    assert "exists: give --overwrite" in capsys.readouterr().err
    assert tiny.listing(tmp_path) == before
    ran(f"{options} --overwrite")
    assert (folder / "matrices.png").read_bytes() != b"mine"


def test_each_of_the_seven_cases_has_its_folder(ran, monkeypatch, tmp_path):
    drawn = []
    monkeypatch.setattr(
        arithmetic, "draw_pictures", lambda folder, case: drawn.append((folder.name, case.input, case.padding))
    )
    ran(f"--out {tmp_path}")
    assert drawn == [
        ("no-padding-no-strides", 4, 0),
        ("arbitrary-padding-no-strides", 5, 2),
        ("half-padding-no-strides", 5, 1),
        ("full-padding-no-strides", 5, 2),
        ("no-padding-strides", 5, 0),
        ("padding-strides", 5, 1),
        ("padding-strides-odd", 6, 1),
    ]


@pytest.mark.parametrize(
    "options, words",
    [
        ("--input 4", "needs both --input and --kernel"),
        ("--kernel 3", "needs both --input and --kernel"),
        ("--stride 2", "needs both --input and --kernel"),
        ("--input four --kernel 3", "--input.*'four'"),
        ("--input 4 --kernel 1.5", "--kernel.*'1.5'"),
        ("--input 0 --kernel 3", "input_size is 0"),
        ("--input 4 --kernel 0", "kernel_size is 0"),
        ("--input 4 --kernel 3 --stride 0", "stride is 0"),
        ("--input 4 --kernel 3 --padding -1", "padding is -1"),
        ("--input 4 --kernel 3 --dilation 0", "dilation is 0"),
        ("--input 4 --kernel 7 --padding 1", "reaches over 7 pixels, but the padded input has only 6"),
        ("--input 9 --kernel 3 --out {w}/new", "an input of 9 pixels is too large to draw: at most 8"),
        ("--out {w}/notes.txt", "notes.txt is a file"),
        ("--out {w}/notes.txt/new", "notes.txt is a file"),
        ("--input 3 --kernel 2 --out {w}/taken --overwrite", "matrices.png is a folder"),
        ("--device tpu", "tpu"),
    ],
)
def test_what_is_refused(capsys, tmp_path, options, words):
    (tmp_path / "notes.txt").write_text("dear diary\n")
    (tmp_path / "taken" / "matrices.png").mkdir(parents=True)
    before = tiny.listing(tmp_path)
    assert tiny.command("arithmetic", *options.format(w=tmp_path).split()) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("minifcn: error: ") and err.count("\n") == 1
    assert re.search(words, err), err
    assert tiny.listing(tmp_path) == before
