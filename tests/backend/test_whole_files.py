"""Files written whole or not at all."""

import errno
import os
import sys
import time

import pytest
import tiny

from minifcn.backend import files
from minifcn.backend.files import remove_unfinished, write_whole
from minifcn.errors import InputError

# A picture, saved where a file may have N bytes, for many N below those that it takes.
LIMITED = """
import io, os, resource, sys
from pathlib import Path
from PIL import Image
from minifcn.backend.files import write_whole
from minifcn.errors import InputError
path = Path(sys.argv[1])
picture = Image.radial_gradient("L").resize((24, 24))
for format in "JPEG", "PNG", "GIF":
    picture.save(held := io.BytesIO(), format)
    size = len(held.getvalue())
    for limit in (*range(0, size, size // 30), size - 1):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        try:
            write_whole(path, lambda file: picture.save(file, format))
        except InputError as error:
            assert f"{path} could not be written: File too large" in str(error), error
        else:
            sys.exit(f"{format}: of {size} bytes {limit} were written, and nobody said so")
        assert not os.listdir(path.parent), os.listdir(path.parent)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    write_whole(path, lambda file: picture.save(file, format))
    assert path.read_bytes() == held.getvalue()
    path.unlink()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit of a file's size")
def test_a_picture_is_there_whole_or_not_at_all(tmp_path):
    assert tiny.run(tmp_path / "a.picture", code=LIMITED) == (0, "", "")


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device"),
        (OSError("encoder error -2 when writing image file"), "encoder error -2 when writing image file"),
    ],
)
def test_the_cause_is_told_and_the_old_file_stays(tmp_path, error, why):
    (tmp_path / "a").write_bytes(b"old")

    def write(file):
        file.write(b"new")
        raise error

    with pytest.raises(InputError) as refused:
        write_whole(tmp_path / "a", write)
    assert str(refused.value) == f"{tmp_path / 'a'} could not be written: {why}; what was there before is untouched"
    assert tiny.listing(tmp_path) == {"a": b"old"}


def test_a_folder_that_is_none_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"a\.png could not be written: Not a directory"):
        write_whole(tmp_path / "file" / "a.png", lambda file: None)


def test_two_processes_do_not_write_into_each_others_file(tmp_path, monkeypatch):
    def other(file):  # another process writes the same file, from its beginning to its end, meanwhile
        file.write(b"first half, ")
        with monkeypatch.context() as patch:
            patch.setattr(os, "getpid", lambda: -1)
            write_whole(tmp_path / "a", lambda other: other.write(b"other"))
        assert (tmp_path / "a").read_bytes() == b"other"
        file.write(b"second half")

    write_whole(tmp_path / "a", other)
    assert tiny.listing(tmp_path) == {"a": b"first half, second half"}


def test_the_longest_names_are_written(tmp_path):
    name = "사" * 83 + ".png"  # 253 bytes in UTF-8; 255 are allowed
    write_whole(tmp_path / name, lambda file: file.write(b"x"))
    assert tiny.listing(tmp_path) == {name: b"x"}


def test_what_killed_processes_left_goes_but_not_what_is_being_written(tmp_path):
    hour_ago = time.time() - files.LEFT - 1
    for name in (".a.1.unfinished", ".b.2.unfinished", "mine.unfinished"):
        (tmp_path / name).touch()
    for name in (".a.1.unfinished", "mine.unfinished"):
        os.utime(tmp_path / name, (hour_ago, hour_ago))
    write_whole(tmp_path / "c", lambda file: None)
    assert tiny.listing(tmp_path).keys() == {".b.2.unfinished", "mine.unfinished", "c"}
    remove_unfinished(tmp_path / "b")  # by whoever knows that nobody else writes it
    assert tiny.listing(tmp_path).keys() == {"mine.unfinished", "c"}
