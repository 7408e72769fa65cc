"""A disk that is full: python benchmarks/faults/full_disk.py [--steps 8] [--only NAME ...]

Each command that writes files runs where there is too little room, from none to almost enough, in two ways: in a file
system of so many pages (tmpfs; wants root), and with files of so many bytes at most (RLIMIT_FSIZE). Each is tried where
nothing is, and with --overwrite where older files are. What is expected of a trial that fails: exit code 2 and one line
that names a file and the cause; under the files' own names what was there before, or all of it; nothing else; and the
same command succeeds once there is room. Prints a table; exit code 1 if a trial went otherwise.
"""

import argparse
import contextlib
import csv
import io
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections import Counter
from pathlib import Path

from PIL import Image
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))
sys.path.insert(0, str(Path(__file__).parents[2]))

import tiny
from writers import writers

PAGE = resource.getpagesize()
OLD = b"older"  # what is in a file that is to be replaced
ROOM = 2**26
CAUSES = "No space left on device", "File too large"


def in_child(run, most=None):
    """Run it in a child process, whose files may have so many bytes at most -> (exit code, standard error)."""
    sys.stdout.flush()
    read, write = os.pipe()
    child = os.fork()
    if not child:
        code = 70
        sys.stdout, sys.stderr = io.StringIO(), os.fdopen(write, "w")
        try:
            if most is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
            code = run()
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    os.close(write)
    with open(read, errors="replace") as told:
        words = told.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), words


@contextlib.contextmanager
def small_disk(folder, room):
    """Meanwhile `folder` is a disk of so many bytes, whole pages."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={max(room, PAGE)}", "tmpfs", folder]
    subprocess.run(mount, check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


def grow(folder):
    subprocess.run(["mount", "-o", f"remount,size={ROOM}", folder], check=True, capture_output=True)


def can_mount(folder):
    try:
        with small_disk(folder, PAGE):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


def is_whole(name, data):
    """Whether a file that differs from what is expected can be read to its end: a table of fewer pictures, say."""
    if name.endswith((".png", ".jpg", ".gif")):
        with Image.open(io.BytesIO(data)) as picture:
            for frame in range(getattr(picture, "n_frames", 1)):
                picture.seek(frame)
                picture.load()
        return data.endswith((b"IEND\xaeB`\x82", b"\xff\xd9", b";"))
    if name.endswith(".csv"):
        rows = list(csv.reader(data.decode("utf-8-sig").splitlines()))
        return data.endswith(b"\n") and len({len(row) for row in rows}) == 1
    return False


def faults(folder, code, words, expected, overwrite):
    """What a trial did wrong, in a few words each."""
    there = {name: data for name, data in tiny.listing(folder).items() if data is not None}
    if code == 2:
        if words.count("\n") != 1 or not words.startswith("minifcn: error: ") or not any(c in words for c in CAUSES):
            yield f"told as {words[-200:]!r}"
        elif str(folder) not in words:
            yield f"no file is named: {words!r}"
    elif code:
        yield f"exit code {code}: {words[-200:]!r}"
    elif there.keys() != expected.keys():
        yield "exit code 0, and files are missing"
    for name, data in there.items():
        if name not in expected:
            yield f"left {name}"
        elif data != expected[name] and not (overwrite and data == OLD):
            try:
                whole = is_whole(name, data)
            except Exception:
                whole = False
            if not whole:
                yield f"{name} has {len(data)} bytes of {len(expected[name])}"


def trial(folder, run, room, expected, overwrite, tmpfs):
    """Run it with so little room, and again with enough -> (whether it was refused, what went wrong)."""
    with small_disk(folder, room) if tmpfs else contextlib.nullcontext():
        for name in expected if overwrite else ():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(OLD)
        code, words = in_child(lambda: run(folder, overwrite), None if tmpfs else room)
        wrong = list(faults(folder, code, words, expected, overwrite))
        if tmpfs:
            grow(folder)
        again, words = in_child(lambda: run(folder, overwrite or any(folder.iterdir())))
        if again:
            wrong.append(f"not even with room: {words!r}")
        wrong += faults(folder, again, words, expected, False) if again == 0 else []
        if not tmpfs:
            empty(folder)
    return code == 2, wrong


def rooms(expected, steps, tmpfs, overwrite):
    """How much room the trials have, in bytes: spread evenly, and at the edges of the files."""
    if tmpfs:
        pages = [max(1, -(-len(data) // PAGE)) for data in expected.values()]
        before = len(pages) * overwrite  # the older files' own
        most = before + sum(pages) + (max(pages) if overwrite else 0)
        return sorted({PAGE * (before + max(1, step * most // steps)) for step in range(steps)})
    sizes = [len(data) for data in expected.values()]
    edges = {size - 1 for size in sizes} | {0}
    return sorted(edges | {step * max(sizes) // steps for step in range(steps)})


def trials(only, steps, ways):
    """All trials -> ([(command, way, trials, refused, failures)], why tmpfs was left out, or "")."""
    rows, left_out = [], ""
    with tempfile.TemporaryDirectory() as place:
        given, folder = Path(place) / "given", Path(place) / "out"
        folder.mkdir()
        tiny.camvid_folder(given / "data")
        tiny.save_network(given / "weights.npz", "fcn8s", dataset=tiny.open_dataset("camvid", given / "data"))
        if "tmpfs" in ways and not can_mount(folder):
            ways, left_out = [way for way in ways if way != "tmpfs"], "tmpfs was left out: it cannot be mounted here"
        for name, run in writers(given).items():
            if not only or name in only:
                expected = written(folder, run)
                rows += [(name, way, *trials_of(f"{name}, {way}", way, folder, run, expected, steps)) for way in ways]
    return rows, left_out


def written(folder, run):
    """{file: bytes} that it writes where there is room."""
    code, words = in_child(lambda: run(folder, False))
    expected = {file: data for file, data in tiny.listing(folder).items() if data is not None}
    assert code == 0 and expected, words
    empty(folder)
    return expected


def trials_of(what, way, folder, run, expected, steps):
    """All trials of one command in one way -> (how many, how many were refused, failures in words)."""
    done, failures = Counter(), []
    for overwrite in (False, True):
        for room in rooms(expected, steps, way == "tmpfs", overwrite):
            refused, wrong = trial(folder, run, room, expected, overwrite, way == "tmpfs")
            done["trials"] += 1
            done["refused"] += refused
            failures += [f"{what}, room for {room} bytes: {fault}" for fault in wrong]
    return done["trials"], done["refused"], failures


def empty(folder):
    for place in list(folder.iterdir()):
        shutil.rmtree(place) if place.is_dir() else place.unlink()


def print_trials():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=8, help="trials of a command each way, about")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="commands, as the table names them")
    parser.add_argument("--ways", nargs="+", default=["tmpfs", "RLIMIT_FSIZE"])
    options = parser.parse_args()
    rows, left_out = trials(options.only, options.steps, options.ways)
    table = Table("command", "room", "trials", "refused", "failures", title="on a full disk")
    for name, way, count, refused, failures in rows:
        table.add_row(name, way, f"{count}", f"{refused}", f"{len(failures)}")
    Console().print(table)
    failures = [failure for *_, some in rows for failure in some]
    print(*failures[:20], *filter(None, [left_out]), sep="\n", end="\n" if failures or left_out else "")
    return 1 if failures or not rows else 0


if __name__ == "__main__":
    sys.exit(print_trials())
