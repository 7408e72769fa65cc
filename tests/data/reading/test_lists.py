"""Lists as editors of all kinds write them."""

import os

import pytest

from minifcn.data.reading.lists import files_below, read_lines
from minifcn.errors import InputError

NAMES = ["사진 1", "사진 2"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp949"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_list_is_read_in_the_encoding_it_has(tmp_path, encoding, end):
    path = tmp_path / "train.txt"
    path.write_bytes("".join(f"{name} {end}" for name in [*NAMES, ""]).encode(encoding))
    assert read_lines(path) == [(1, "사진 1"), (2, "사진 2")]


def test_of_two_guesses_the_one_whose_names_are_there_is_taken(tmp_path):
    path = tmp_path / "train.txt"
    path.write_bytes("größe".encode("cp1252"))
    assert "größe".encode("cp1252").decode("cp949") != "größe"
    assert read_lines(path, lambda line: line == "größe") == [(1, "größe")]


def test_a_list_that_cannot_be_decoded_says_so_instead_of_blaming_a_file(tmp_path):
    path = tmp_path / "train.txt"
    path.write_bytes(bytes(range(128, 256)))
    with pytest.raises(InputError, match=r"train\.txt cannot be decoded as text: save it as UTF-8"):
        read_lines(path)
    path.write_bytes("사진".encode("cp949"))
    with pytest.raises(InputError, match=r"is not UTF-8, and read as cp949 its line 1 is '사진': save it as UTF-8"):
        read_lines(path, lambda line: False)


def test_a_line_that_is_not_known_is_left_to_the_reader_where_the_encoding_is_sure(tmp_path):
    path = tmp_path / "train.txt"
    path.write_text("a\n\nb\n", "utf-8")
    assert read_lines(path, lambda line: line == "a") == [(1, "a"), (3, "b")]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes here")
def test_pipes_are_no_files_and_links_to_nowhere_are_told_of_later(tmp_path):
    (tmp_path / "a.png").touch()
    (tmp_path / "c.png").symlink_to("nothing")
    os.mkfifo(tmp_path / "b.png")
    assert [path.name for path in files_below(tmp_path, {".png"})] == ["a.png", "c.png"]
