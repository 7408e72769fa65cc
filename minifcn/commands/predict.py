"""The command `predict`: photographs in; label maps, pictures of them, shares and probabilities out."""

import contextlib
import os
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.progress import Progress

from minifcn.backend.memory import shortage
from minifcn.commands.main import check_free
from minifcn.commands.numbers import whole
from minifcn.commands.photos import find_photos
from minifcn.commands.results import Job, plan, summary, write_results, write_table
from minifcn.commands.streams import errors_in_terminal, say
from minifcn.commands.tables import console
from minifcn.data import VOID, Preprocessing, read_image
from minifcn.data.prediction import predict_photo
from minifcn.data.resizing import Size, parse_size, resized, size_text
from minifcn.errors import InputError
from minifcn.machines.together import in_first, in_turn
from minifcn.models.tiles import TILE, Tiled
from minifcn.weights.loading import load_model

TABLE = "shares.csv"
COMPACT = 5  # classes in the line of one image of several
LISTED = 10  # failed images that the last line names


def add_arguments(parser: ArgumentParser) -> None:
    help = "photographs of any size, folders of them, and patterns in quotes, as 'photos/**/*.jpg'"
    parser.add_argument("images", nargs="+", metavar="IMAGE", help=help)
    parser.add_argument("--weights", required=True, metavar="FILE", help="best.npz of a run")
    parser.add_argument("--out", required=True, metavar="FILE-OR-DIR", help="a .png file for one image, else a folder")
    parser.add_argument("--overlay", action="store_true", help="draw the classes over each photograph, too")
    help = "write each class's probabilities, too: a .npz with float16 (classes, rows, columns)"
    parser.add_argument("--scores", action="store_true", help=help)
    help = "what the network sees images at, longer side or width x height; default: as in training"
    parser.add_argument("--size", type=size_text, metavar="N|WxH", help=help)
    help = f"compute larger images in tiles of N pixels: the same scores in less memory; default: {TILE}"
    parser.add_argument("--tile", type=whole, default=TILE, metavar="N", help=help)
    parser.add_argument("--overwrite", action="store_true", help="replace files that are there")


def run(options: Namespace) -> None:
    """Write a label map for each image, a PNG whose values are the classes, and a picture of it, and tell each class's
    share; of several images in a table, too. One that cannot be read does not stop the others: the last line names it,
    and the exit code is 2.
    """
    jobs, table, lines = in_first(options.group, lambda: _asked(options))
    model, about = load_model(options.weights, options.group)
    if len(about["classes"]) > VOID:
        what = f"{len(about['classes'])} classes, but a label map of 8 bits holds {VOID}"
        raise InputError(f"weights {options.weights}: {what}: use weights of fewer")
    network = Tiled(model, options.tile)
    model.to(options.device)
    size, told = _size(options, about)
    say(options.device_reason)
    for text in filter(None, (*lines, told)):
        say(text)
    failed = _predict_all(options, jobs, table, network, about, size)
    if len(jobs) == 1 and failed:
        raise InputError(failed[jobs[0].photo])
    if failed:
        more = f" and {len(failed) - LISTED} more" if len(failed) > LISTED else ""
        raise InputError(f"{len(failed)} of {len(jobs)} images failed: {', '.join(map(str, [*failed][:LISTED]))}{more}")


def _asked(options: Namespace) -> tuple[list[Job], Path | None, list[str]]:
    """(what is made of each photograph, the table of their shares or None, lines to say); all is free to be written."""
    photos, lines = find_photos(options.images, options.out)
    out = Path(options.out)
    jobs, line = plan(photos, out, options)
    table = out / TABLE if len(jobs) > 1 else None
    _check(options, jobs, table)
    return jobs, table, [*lines, line]


def _predict_all(options, jobs, table, network, about, size):
    """Predict all images, and write what is made of them; returns {photo: why} of those that failed.

    Of several processes each predicts one at a time, and the first writes.
    """
    preprocessing, group = Preprocessing.from_dict(about["preprocessing"]), options.group
    failed, shares, tiled = {}, {}, False
    most = len(about["classes"]) if len(jobs) == 1 else COMPACT

    def predict(job):
        """(image, label, probabilities), or why it failed."""
        nonlocal tiled
        try:
            image = read_image(job.photo)
            seen = max(resized(size, image.shape[:2]) if size else image.shape[:2])
            if seen > options.tile and not tiled:
                say(f"images larger than {options.tile} pixels are computed in tiles, to the same scores")
                tiled = True
            return image, *predict_photo(network, image, preprocessing, options.device, size, bool(job.scores))
        except (InputError, OSError, MemoryError) as error:
            return _why(job.photo, error)

    shown = console.is_terminal and len(jobs) > 1
    bar = Progress(console=console, transient=True, redirect_stderr=errors_in_terminal())
    folder = jobs[0].label.parent if table is None else table.parent
    with contextlib.ExitStack() as until_then:
        if group.rank == 0:
            until_then.enter_context(_made(folder))
        results = in_turn(group, jobs, predict)
        if shown:  # only then: older versions of rich end even a bar that is disabled with a line feed
            results = until_then.enter_context(bar).track(results, len(jobs), description="images")
        try:
            for job, result in results:
                if not isinstance(result, str):
                    shares[job.photo] = write_results(job, *result, about, most)
                    continue
                failed[job.photo] = result
                if len(jobs) > 1:
                    say(f"minifcn: failed: {result}", error=True)
        finally:  # Ctrl-C and full disks, too
            if table and shares:
                write_table(table, shares, about["classes"])
        if shares:
            say(summary([job for job in jobs if job.photo in shares], table))
    return group.broadcast(failed)


def _check(options, jobs, table):
    """InputError, before anything is computed, where a file could not be written or would be lost."""
    for text in options.images:
        if os.path.isdir(text) and os.path.isdir(options.out) and os.path.samefile(text, options.out):
            other = os.path.join(text, "predicted")
            raise InputError(f"--out {options.out} is the folder of the images itself: name another, as {other}")
    photos = {os.path.realpath(job.photo) for job in jobs}  # Path.resolve() fails on links in a circle
    for path in [*(path for job in jobs for path in job.files), *([table] if table else [])]:
        if os.path.realpath(path) in photos:
            raise InputError(f"{path} is one of the images themselves: name another --out")
        check_free(path, options.overwrite)


def _size(options: Namespace, about: dict[str, Any]) -> tuple[Size | None, str]:
    """What the network sees images at, as asked or as in training, and a line that says so."""
    text = options.size or about.get("size")
    if not text:
        return None, ""
    size = parse_size(text)
    whence = "as asked" if options.size else "as in training"
    what = f"with {text} pixels on the longer side" if len(size) == 1 else f"at {text} pixels"
    return size, f"the network sees images {what}, {whence}; results have the photographs' own size"


def _why(photo, error):
    """Why an image failed, with its name."""
    why = f"{short}: use a smaller --tile or --size" if (short := shortage(error)) else str(error)
    return why if str(photo) in why else f"{photo}: {why}"


@contextlib.contextmanager
def _made(folder: Path) -> Iterator[None]:
    """The folder is there meanwhile; if it was made for this and nothing came into it, it goes again."""
    new = [place for place in (folder, *folder.parents) if not place.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):
        raise InputError(f"--out {folder}: nothing can be written there: name another folder")
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # there is something in it
            for place in new:
                place.rmdir()
