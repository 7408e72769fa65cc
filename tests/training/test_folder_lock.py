"""One process at a time has a run's folder, and loses it however it ends."""

import errno
import os
import re
import runpy
import signal
import socket
import subprocess
import sys
from types import SimpleNamespace

import pytest
import tiny

from minifcn.errors import Caution, InputError
from minifcn.training import lock as locking
from minifcn.training.lock import Lock

HOLDER = """
import sys, time
from pathlib import Path
from minifcn.training.lock import Lock
Lock(Path(sys.argv[1])).take()
print("taken", flush=True)
time.sleep(60)
"""


def test_who_has_the_folder_is_said_and_nothing_is_left(tmp_path):
    one, other = Lock(tmp_path / "a" / "run"), Lock(tmp_path / "a" / "run")
    for _ in range(2):
        with one:
            with pytest.raises(InputError) as refused:
                other.take()
            who = f"process {os.getpid()} on {socket.gethostname()} trains there"
            assert f"{tmp_path / 'a' / 'run'} is in use: {who}; wait until it ends, or" in str(refused.value)
        assert tiny.listing(tmp_path) == {}
    with other, one.folder.joinpath("mine").open("w"):
        pass
    assert tiny.listing(tmp_path).keys() == {"a", "a/run", "a/run/mine"}


def test_whoever_has_it_may_take_it_again(tmp_path):
    one, other = Lock(tmp_path), Lock(tmp_path)
    with one:
        with one:
            pass
        with pytest.raises(InputError, match="in use"):
            other.take()
    with other:
        pass


def test_a_killed_process_has_it_no_more(tmp_path):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, tmp_path], cwd=tiny.REPOSITORY, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout.readline() == "taken\n"
        with pytest.raises(InputError, match=f"is in use: process {holder.pid} on "):
            Lock(tmp_path).take()
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.communicate(timeout=30)
    assert re.search(rf"process {holder.pid} on ", (tmp_path / ".lock").read_text())
    with Lock(tmp_path):
        assert (tmp_path / ".lock").read_text() == f"process {os.getpid()} on {socket.gethostname()}"
    assert tiny.listing(tmp_path) == {}


def test_a_file_that_vanishes_while_it_is_locked_is_none(tmp_path, monkeypatch):
    """Who had it before removes it last of all, when another one may have opened it."""
    lock, calls = locking._lock, []

    def vanish(file):
        calls.append(file)
        if len(calls) < 3:
            (tmp_path / ".lock").unlink()
        lock(file)

    monkeypatch.setattr(locking, "_lock", vanish)
    with Lock(tmp_path):
        monkeypatch.undo()
        assert len(calls) == 3
        with pytest.raises(InputError, match="in use"):
            Lock(tmp_path).take()


def test_where_there_are_no_locks_that_is_said_once(tmp_path, monkeypatch):
    def none(_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(locking, "_lock", none)
    with (
        pytest.warns(Caution, match="has no locks .* see to it that no other process trains there") as told,
        Lock(tmp_path),
    ):
        pass
    assert len(told) == 1 and tiny.listing(tmp_path) == {}


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path):
    (tmp_path / "file").write_text("mine")
    for out in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(InputError, match=rf"--out {out} cannot be written: .*; name another folder"):
            Lock(out).take()


def test_on_windows_what_is_locked_lies_far_beyond_what_it_says(tmp_path, monkeypatch):
    """There nobody else can read what is locked."""
    locked = []

    def lock(file, mode, count):
        locked.append((os.lseek(file, 0, os.SEEK_CUR), mode, count))

    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setitem(sys.modules, "msvcrt", SimpleNamespace(LK_NBLCK=2, locking=lock))
    windows = runpy.run_path(locking.__file__)
    with (tmp_path / "file").open("w+b", buffering=0) as file:
        windows["_lock"](file.fileno())
        assert locked == [(1 << 20, 2, 1)] and file.tell() == 0
