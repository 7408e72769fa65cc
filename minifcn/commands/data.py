"""The command `data`: a data set looked at before anything is trained."""

import math
import textwrap
import warnings
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.text import Text

from minifcn.commands.main import check_free
from minifcn.commands.options import add_settings
from minifcn.commands.streams import say
from minifcn.commands.tables import console, new_table
from minifcn.commands.terminal import Bar
from minifcn.data import VOID, Dataset, open_splits
from minifcn.data.looking.inspection import Inspection, inspect
from minifcn.data.looking.look import Look
from minifcn.data.looking.suspicions import Suspicion, suspicions
from minifcn.data.reading.fitting import size_in_words
from minifcn.data.reading.splitting import SPLITS
from minifcn.errors import Caution, InputError
from minifcn.pictures.colours import VOID_COLOUR
from minifcn.pictures.sheets import Shown, save_sheet, worth_showing
from minifcn.text import one_line
from minifcn.training.settings import TOLD, Settings

MODES = {"L": "grey", "P": "palette", "1": "1-bit", "RGBA": "transparent", "LA": "transparent", "PA": "transparent"}


def add_arguments(parser: ArgumentParser) -> None:
    parser.usage = f"{parser.prog} --data NAME --root DIR [option ...]"
    data = add_settings(parser, Settings, "data")["data"]
    help = f"of its splits; default: {' '.join(SPLITS)}"
    data.add_argument("--split", nargs="+", default=list(SPLITS), metavar="NAME", help=help)
    help = "write a sheet, a .png file: pictures with their masks laid over, suspicious ones first"
    parser.add_argument("--out", metavar="FILE", help=help)
    parser.add_argument("--overwrite", action="store_true", help="replace the file that is there")


def run(options: Namespace) -> None:
    """Look at a data set before anything is trained: its pairs, its classes, and what is suspicious.

    Ends with 2 where no network can be trained on it.
    """
    if options.out is not None:
        if not (options.out.lower().endswith(".png") and Path(options.out).parent.is_dir()):
            raise InputError(f"--out {options.out}: expected a .png file in a folder that exists")
        check_free(Path(options.out), options.overwrite)
    splits = list(dict.fromkeys(options.split))
    datasets, refused = _opened(options, splits)
    by_split, bar = dict(zip(splits, datasets)), Bar()
    with bar:
        bar.begin("looking", sum(map(len, datasets)))
        inspection = inspect(by_split, bar.advance)
    found = suspicions(inspection)
    _tell_facts(inspection)
    _tell_suspicions(found)
    if options.out is None:
        say("see them with their masks laid over: --out sheet.png")
    elif chosen := worth_showing(inspection, found):
        save_sheet(options.out, _shown(by_split, chosen), inspection.classes, inspection.dataset.palette)
        say(f"wrote {options.out}: {len(chosen)} pictures with their masks laid over")
    reasons = [refused] * bool(refused) + [suspicion.words for suspicion in found if suspicion.forbids]
    if reasons:
        raise InputError(f"no network can be trained on this as it is: {reasons[0]}")


def _shown(by_split: dict[str, Dataset], chosen: Sequence[tuple[Look, str]]) -> Iterator[Shown]:
    """The pairs of a sheet, read again one by one."""
    for look, mark in chosen:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Caution)  # what is cautioned of is told already
            image, label = by_split[look.split][look.index]
        yield Shown(f"{look.split}: {look.name}", image, label, mark)


def _opened(options: Namespace, splits: Sequence[str]) -> tuple[list[Dataset], str]:
    """(the splits of the data set, why it is refused or ""). InputError where not even a look is possible."""
    given: dict[str, Any] = {name: getattr(options, name) for name in ("size", *TOLD) if hasattr(options, name)}
    name, root = (getattr(options, key, getattr(Settings, key)) for key in ("data", "root"))
    try:
        return open_splits(name, root, splits, **given), ""
    except InputError as error:
        try:
            return open_splits(name, root, splits, lenient=True, **given), str(error)
        except InputError:
            raise error from None


def _tell_facts(inspection: Inspection) -> None:
    """Print what is there."""
    say(f"{inspection.dataset.name}: {len(inspection.all)} pairs, {len(inspection.classes)} classes")
    for note in inspection.dataset.notes:
        say(note)
    for line in _pictures_in_words(inspection):
        say(line)
    console.print(_pictures(inspection))
    console.print(_classes(inspection))


def _pictures_in_words(inspection):
    modes = Counter(MODES.get(look.mode, look.mode) for look in inspection.all if look.mode)
    if set(modes) - {"RGB"}:
        told = ", ".join(f"{count} {'16-bit' if mode.startswith('I') else mode}" for mode, count in modes.most_common())
        yield f"images: {told}, all read as RGB"
    turned = sum(look.orientation != 1 for look in inspection.all)
    if turned:
        yield f"{turned} image{'s' * (turned > 1)} turned upright, as EXIF asks; with them masks that lie as stored"


def _pictures(inspection):
    """A table of the pictures of each split."""
    table = new_table("pictures (width x height)", "", *inspection.looks)
    looks = inspection.looks.values()
    table.add_row("pairs", *(f"{len(pairs)}" for pairs in looks))
    if any(look.error for look in inspection.all):
        table.add_row("unreadable", *(f"{sum(bool(look.error) for look in pairs)}" for pairs in looks))
    sizes = [inspection.sizes(split) for split in inspection.looks]
    several = any(len(those) > 1 for those in sizes)
    if several:
        table.add_row("sizes", *(f"{len(those)}" for those in sizes))
        table.add_row("smallest", *(size_in_words(min(those, key=math.prod)) if those else "-" for those in sizes))
        table.add_row("largest", *(size_in_words(max(those, key=math.prod)) if those else "-" for those in sizes))
    told = (those.most_common(1)[0] if those else None for those in sizes)
    words = (f"{size_in_words(one[0])}{f', {one[1]}' * several}" if one else "-" for one in told)
    table.add_row("most have" if several else "all have", *words)
    colours = (inspection.colour(split) if inspection.read(split) else None for split in inspection.looks)
    table.add_row("mean RGB", *("-" if rgb is None else " ".join(f"{v:.0f}" for v in rgb) for rgb in colours))
    return table


def _classes(inspection):
    """A table of each class's share of pixels, void left out, and of the pictures that show it; void's below."""
    heads = (head for split in inspection.looks for head in (f"{split} pixels", "pictures"))
    table = new_table("each class's share of pixels, and of the pictures that show it, percent", "class", *heads)
    pixels = [inspection.pixels(split) for split in inspection.looks]
    images = [inspection.images(split) for split in inspection.looks]
    counts = [max(len(inspection.read(split)), 1) for split in inspection.looks]
    colours = np.asarray(inspection.dataset.palette).tolist()
    for number, name in [*enumerate(inspection.classes), (VOID, "void, of all pixels")]:
        cells = []
        for of_pixels, of_images, count in zip(pixels, images, counts):
            whole = of_pixels.sum() if number == VOID else of_pixels[:VOID].sum()
            cells += [_percent(of_pixels[number], whole), _percent(of_images[number], count)]
        table.add_row(_coloured(name, VOID_COLOUR if number == VOID else colours[number]), *cells)
    return table


def _coloured(name, colour):
    """A class's name behind a square in its colour, where the terminal has colours."""
    if not console.color_system or not console.encoding.startswith("utf"):
        return name
    return Text.assemble(("  ", "on rgb({},{},{})".format(*colour)), " ", one_line(name))


def _percent(part, whole):
    """A share that is not 0 never looks as if it were."""
    share = 100 * part / max(whole, 1)
    return "0" if not part else f"{share:.1f}" if share >= 0.05 else f"{share:.1g}"


def _tell_suspicions(found: Sequence[Suspicion]) -> None:
    """Print what is suspicious, a line each."""
    say("suspicious:" if found else "nothing suspicious")
    for suspicion in found:
        line = f"- {one_line(suspicion.words)}"
        if console.is_terminal:  # a file gets each in one line
            wrapper = textwrap.TextWrapper(console.width, break_long_words=False, break_on_hyphens=False)
            wrapper.subsequent_indent = "  "
            line = wrapper.fill(line)
        print(line)
