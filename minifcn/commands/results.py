"""What `predict` writes of each photograph, and of all of them."""

import csv
import io
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from minifcn.backend.files import write_whole
from minifcn.commands.photos import result_names
from minifcn.commands.streams import say
from minifcn.data import VOID
from minifcn.data.resizing import resize_image, resize_label, resized
from minifcn.errors import InputError
from minifcn.pictures.colours import VOID_COLOUR
from minifcn.pictures.overlay import save_overlay
from minifcn.pictures.runs import save_predictions
from minifcn.weights.npz import write_npz

VIEW = 600  # pixels of a photo's longer side in its view: as good as any that the view shows smaller
ENDS = ("view.png", "overlay.jpg", "scores.npz")  # of the names of what is made beside a label map


class Job(NamedTuple):
    """A photograph and the files that are made of it; None where nobody asked for one."""

    photo: Path
    label: Path
    view: Path
    overlay: Path | None = None
    scores: Path | None = None

    @property
    def files(self) -> list[Path]:
        """All that is written of it."""
        return [path for path in self[1:] if path]


def plan(photos: Sequence[Path], out: Path, options: Namespace) -> tuple[list[Job], str]:
    """A Job for each photograph, and a line on names that are not the usual ones, or "".

    out  a .png file for one photograph, else a folder. Raises InputError for another file, and several photographs.
    """
    if out.suffix.lower() not in Image.registered_extensions() or out.is_dir():
        names, line = result_names(photos)
        labels = [out / f"{name}.png" for name in names]
    elif out.suffix.lower() != ".png":
        raise InputError(f"--out {out}: label maps are written as .png, which keeps their values, or name a folder")
    elif len(photos) > 1:
        raise InputError(f"--out {out} is one file, but {len(photos)} images are given: name a folder")
    else:
        labels, line = [out], ""
    jobs = []
    for photo, label in zip(photos, labels):
        view, overlay, scores = (label.with_name(f"{label.stem}_{end}") for end in ENDS)
        jobs.append(Job(photo, label, view, overlay if options.overlay else None, scores if options.scores else None))
    return jobs, line


def write_results(
    job: Job, image: np.ndarray, label: np.ndarray, probabilities: np.ndarray | None, about: dict[str, Any], most: int
) -> np.ndarray:
    """Write a photograph's files and print its line, with the shares of the `most` largest classes.

    Returns the share of each class, (n_class,).
    """
    classes, palette = about["classes"], about["palette"]
    shares = np.bincount(label.ravel(), minlength=len(classes)) / label.size
    told = [_percent(share) for share in shares]
    there = [f"{classes[number]} {told[number]}" for number in np.argsort(-shares, kind="stable") if shares[number]]
    line = ", ".join(there[:most]) + (f" and {len(there) - most} more" if len(there) > most else "")
    job.label.parent.mkdir(parents=True, exist_ok=True)
    picture = label_map(label, palette)
    write_whole(job.label, lambda file: picture.save(file, "PNG"))
    small = resized((min(VIEW, max(label.shape)),), label.shape)
    row = resize_image(image, small), None, {"prediction": resize_label(label, small)}
    save_predictions(job.view, [row], classes, palette)
    if job.overlay:
        clear = [number for number, name in enumerate(classes) if name == "background"]
        save_overlay(job.overlay, image, label, classes, told, palette, clear)
    if job.scores and probabilities is not None:
        arrays = {"probabilities": probabilities, "classes": np.array(classes)}
        write_whole(job.scores, lambda file: write_npz(file, arrays))
        line += f"; probabilities: {probabilities.nbytes / 2**20:.1f} MiB"
    say(f"{job.photo}: {line}")
    return shares


def write_table(path: Path, shares: dict[Path, np.ndarray], classes: Sequence[str]) -> None:
    """Write each image's shares in percent, a row an image."""
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    rows.writerow(["image", *(f"{name} %" for name in classes)])
    rows.writerows([photo, *(f"{100 * share:.4f}" for share in row)] for photo, row in shares.items())
    # With the mark by which spreadsheets know UTF-8; a file's name may hold bytes that are no text.
    data = text.getvalue().encode("utf-8-sig", errors="backslashreplace")
    write_whole(path, lambda file: file.write(data))


def summary(done: Sequence[Job], table: Path | None) -> str:
    """What was written, in a line."""
    if len(done) == 1 or not table:
        return "wrote " + ", ".join(str(path) for job in done for path in (*job.files, *([table] if table else [])))
    names = ["X.png", *(f"X_{path.stem.rpartition('_')[2]}{path.suffix}" for path in done[0].files[1:])]
    return f"in {table.parent}: {', '.join(names)} of {len(done)} images, {table.name}"


def label_map(label: np.ndarray, palette: Sequence[Sequence[int]]) -> Image.Image:
    """A palette picture whose values are the classes, 255 for void."""
    picture = Image.fromarray(label).convert("P")
    colours = [tuple(colour) for colour in palette] + [(0, 0, 0)] * (VOID - len(palette)) + [VOID_COLOUR]
    picture.putpalette([value for colour in colours for value in colour])
    return picture


def _percent(share):
    """A share as text; what is there is never 0 %, and what is not all never 100 %."""
    if 0 < share < 0.0005:
        return "<0.1 %"
    return ">99.9 %" if 0.9995 <= share < 1 else f"{100 * share:.1f} %"
