"""The pictures of one case, or of several, in a folder."""

import re
from collections.abc import Sequence
from pathlib import Path

from minifcn.convolution.arithmetic import Relationship
from minifcn.pictures.animation import animate_convolution, animate_transposed
from minifcn.pictures.matrices import draw_matrices
from minifcn.pictures.sliding import check_legible

FILES = ("convolution.gif", "convolution.png", "transposed.gif", "transposed.png", "matrices.png")


def picture_folders(out: str | Path, cases: Sequence[Relationship]) -> list[tuple[Path, Relationship]]:
    """[(folder, Relationship)] for pictures of `cases` in `out`, or in a subfolder for each where there are several.

    Writes nothing. Raises InputError where a case is too large to draw.
    """
    out = Path(out)
    slugs = [re.sub(r"[^a-z]+", "-", case.name).strip("-") for case in cases]  # "padding-strides-odd"
    folders = [out / slug for slug in slugs] if len(cases) > 1 else [out]
    for case in cases:
        check_legible(case)
    return list(zip(folders, cases))


def draw_pictures(folder: Path, case: Relationship) -> None:
    """Write FILES of a Relationship to `folder`, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    animate_convolution(folder / FILES[0], case)
    animate_transposed(folder / FILES[2], case)
    draw_matrices(folder / FILES[4], case)
