"""What the masks of a folder say, decided by looking at all of them."""

import contextlib
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from minifcn.data.dataset import VOID
from minifcn.data.reading.class_names import MOST, ClassTable
from minifcn.data.reading.masks import Coding, in_words, mask_values, packed
from minifcn.data.reading.noise import is_noisy, noise_in_words
from minifcn.data.reading.photos import upright_mask
from minifcn.errors import InputError

SHOWN = 12  # values named in a message
LARGEST = 65535  # number in a mask: of 16 bits


@dataclass
class Survey:
    """The values in a folder's masks.

    pixels, images  {value: how many pixels, how many masks have it}, of packed values
    colours         whether they are colours
    palettes        whether palettes are why: one index has several colours in them
    noisy           [(path, how many values)] of masks with more than were drawn; their values are not counted
    """

    colours: bool = False
    palettes: bool = False
    pixels: dict[int, int] = field(default_factory=dict)
    images: dict[int, int] = field(default_factory=dict)
    noisy: list[tuple[Path, int]] = field(default_factory=list)

    @property
    def values(self) -> list[int]:
        return sorted(self.pixels)


def survey(paths: Sequence[Path], colours: bool = False, threads: int = 2, indices: bool = False) -> Survey:
    """Look at masks.

    colours  read all of them as colours; else they are where one of them has any, and where palettes give one index
             several colours: programs that save small files number the colours of each anew
    indices  what palettes say is not looked at

    InputError for a file that cannot be read.
    """

    def count(path):
        image = upright_mask(path)
        mask = mask_values(image, path, colours)
        packed_mask = packed(mask)
        values, pixels = np.unique(packed_mask, return_counts=True)
        palette = [] if indices or mask.ndim == 3 else image.getpalette() or []
        listed = (index for index in values.tolist() if 3 * index < len(palette))
        shades = {(index, tuple(palette[3 * index : 3 * index + 3])) for index in listed}
        return mask.ndim == 3, is_noisy(packed_mask, values, path), values, pixels, shades

    with ThreadPoolExecutor(threads) as pool:
        counted = list(pool.map(count, paths))
    coloured = {in_colours for in_colours, *_ in counted}
    if len(coloured) == 2:  # those all of whose pixels are grey are colours, too
        return survey(paths, colours=True, threads=threads)
    shades = {shade for *_, those in counted for shade in those}
    if len({index for index, _ in shades}) < len(shades):
        return replace(survey(paths, colours=True, threads=threads), palettes=True)
    found = Survey(coloured == {True})
    for path, (_, noisy, values, pixels, _) in zip(paths, counted):
        if noisy:
            found.noisy.append((path, len(values)))
            continue
        for value, n in zip(values.tolist(), pixels.tolist()):
            found.pixels[value] = found.pixels.get(value, 0) + n
            found.images[value] = found.images.get(value, 0) + 1
    return found


def decide(
    paths: Sequence[Path],
    table: ClassTable | None = None,
    values: Sequence[int] | None = None,
    void: int | None = None,
    where: str = "the folder",
) -> tuple[Coding, str]:
    """How masks are to be read -> (Coding, a line that says so).

    table   the classes that somebody told, with colours or without
    values  the number of each class in the masks, in the order of the classes: where they are not 0, 1, 2 ...
    void    a number that counts nowhere, next to 255
    where   the folder, for messages
    InputError where it cannot be told without guessing: the message asks, and says how to answer.
    """
    if void is not None and not 0 <= void <= LARGEST:
        raise InputError(f"--void {void}: expected a number of 0..{LARGEST}, as masks hold them")
    if table and table.colours and values is None:
        found = survey(paths, colours=True)
        told = set(map(packed_colour, table.colours))
        strange = [value for value in found.values if value not in told]
        if not strange and not found.noisy:
            names = tuple(table.names[number] for number in table.kept)
            colours = tuple(packed_colour(table.colours[number]) for number in table.kept)
            nowhere = tuple(packed_colour(table.colours[number]) for number in table.void)
            _refuse_void(void, where)
            return Coding(names, colours, nowhere, colours=True), f"masks in {len(names)} colours, as its classes have"
        numbers = survey(paths)
        if numbers.colours or numbers.noisy or not _are_numbers(numbers.values, table, void):
            _refuse_noise(found)
            listed = _listed(strange, True, found)
            asked = f"which no class has: add a line for each (name and colour) to {where}/classes.txt"
            raise InputError(f"masks in {where} have the colours {listed}, {asked}")
        found = numbers
    else:
        found = survey(paths, indices=values is not None)
    _refuse_noise(found)
    if values is not None:
        return _as_told(found, table, tuple(values), void, where)
    if found.colours:
        _refuse_void(void, where)
        return _of_colours(found, table, where)
    return _of_numbers(found, table, void, where)


def sound(paths: Sequence[Path], table: ClassTable | None = None, void: int | None = None) -> list[Path]:
    """Those masks that are read as most are: no damaged one, no noisy one, none with values of its own.

    table, void  as of `decide`. For a look at a folder that `decide` refuses; whoever loads the others is told why.
    """
    colours = bool(table and table.colours)
    held = {}  # values by mask
    for path in paths:
        with contextlib.suppress(InputError):
            held[path] = survey([path], colours, threads=1).values
    held = {path: values for path, values in held.items() if values}
    if table:
        known = {path for path, values in held.items() if _are_known(values, table, void)}
        if 2 * len(known) > len(held):
            return [path for path in held if path in known]
    masks = Counter(value for values in held.values() for value in values)
    return [path for path, values in held.items() if all(masks[value] > 1 for value in values)]


def packed_colour(colour: tuple[int, int, int]) -> int:
    """One number for a colour, as `masks.packed`."""
    return colour[0] << 16 | colour[1] << 8 | colour[2]


def _of_colours(found, table, where):
    """Masks in colours that no table tells."""
    if len(found.values) == 2 and (table is None or len(table.kept) == len(table.names) == 2):
        return _two_tones(found.values, table, colours=True)
    lines = _listed(found.values, True, found)
    if found.palettes:
        lines += "; one index has several colours in their palettes (if it is the class all the same, give --values)"
    asked = "write classes.txt into it, a line a class: its name and its colour, as 'leaf 0 128 0'"
    raise InputError(f"masks in {where} are in colours, and none says which class each is: {lines}; {asked}")


def _of_numbers(found, table, void, where):
    """Masks of numbers, the classes told by a table or not at all."""
    if min(found.values, default=0) < 0:
        raise InputError(
            f"masks in {where} hold {found.values[0]}: save what counts nowhere as {VOID}, classes from 0 on"
        )
    values = [value for value in found.values if value != void]
    if len(values) > MOST + 1 or (values and values[-1] > VOID and len(values) > MOST):
        raise InputError(
            f"masks in {where} hold {len(values)} numbers; labels of 8 bits tell at most {MOST} classes apart"
        )
    nowhere = sorted({VOID} | ({void} if void is not None else set()))
    if table is not None:
        two_names = len(table.names) == len(table.kept) == 2
        if len(values) == 2 and two_names and values != [0, 1]:  # 0 and 255 above all
            return _two_tones(values, table, void)
        if _are_numbers(found.values, table, void):
            kept, count = table.kept, len(table.names)
            names = tuple(table.names[number] for number in kept)
            nowhere = tuple(sorted({*table.void, *(value for value in nowhere if value >= count or value == void)}))
            return Coding(names, tuple(kept), nowhere), _told(f"class numbers {_range(kept)}", nowhere, found)
        raise InputError(_question(values, table, where))
    if len(values) == 2:
        return _two_tones(values, None, void)
    numbers = [value for value in values if value != VOID] or values
    if numbers != list(range(len(numbers))) and len(numbers) > 1:
        raise InputError(_question(values, None, where))
    coding = Coding(names_by_number(numbers), tuple(numbers), tuple(v for v in nowhere if v not in numbers))
    return coding, _told(f"class numbers {_range(numbers)}", coding.void, found)


def names_by_number(numbers: Sequence[int]) -> tuple[str, ...]:
    """Names of classes that nobody named."""
    return tuple(f"class {number}" for number in numbers)


def _are_numbers(values, table, void):
    """Whether these can be the numbers of a table's lines, and void."""
    count = len(table.names)
    return all(0 <= value < count or value in (VOID, void) for value in values)


def _are_known(values, table, void):
    """Whether all values are of a table: its colours where it has some, else its numbers."""
    if table.colours:
        return set(map(packed_colour, table.colours)).issuperset(values)
    return _are_numbers(values, table, void)


def _two_tones(tones, table, void=None, colours=False):
    names = tuple(table.names) if table else ("background", "object")
    told = [f"{in_words(value, colours)} is {name}" for value, name in zip(tones, names)]
    nowhere = () if void is None else (void,)
    told += [f"{value} is void" for value in nowhere]
    return Coding(names, tuple(tones), nowhere, colours), f"masks in two tones: {', '.join(told)}"


def _refuse_void(void, where):
    if void is not None:
        ways = f"give it a line 'void' with its colour in {where}/classes.txt"
        raise InputError(f"--void {void} is a number, and masks in {where} are in colours: {ways}")


def _as_told(found, table, values, void, where):
    """Masks whose classes have the numbers that --values tells."""
    if found.colours:
        raise InputError(f"--values: masks in {where} are in colours; name them in classes.txt, as 'leaf 0 128 0'")
    if len(set(values)) < len(values) or min(values) < 0 or max(values) > LARGEST or len(values) > MOST:
        expected = f"expected up to {MOST} numbers of 0..{LARGEST}, each once"
        raise InputError(f"--values {' '.join(map(str, values))}: {expected}")
    if void in values:
        raise InputError(f"--values tells a class for {void}, and --void that it counts nowhere: leave one out")
    names = tuple(table.names) if table else names_by_number(values)
    if len(names) != len(values):
        raise InputError(f"--values tells {len(values)} numbers, but there are {len(names)} classes: one for each")
    nowhere = tuple(sorted({VOID, *([void] if void is not None else [])} - set(values)))
    coding = Coding(names, values, nowhere)
    known = {*values, *nowhere}
    if strange := [value for value in found.values if value not in known]:
        listed = _listed(strange, False, found)
        raise InputError(f"masks in {where} hold {listed}, too: add them to --values, or name one with --void")
    return coding, _told("class numbers " + _range(values), nowhere, found)


def _question(values, table, where):
    """What is asked where numbers begin at 1, have gaps, or go beyond the classes."""
    listed = _listed(values)
    if table is not None:
        count = len(table.names)
        have = (
            f"the {count} classes have the numbers 0 to {count - 1}" if count > 1 else "the one class has the number 0"
        )
        given = f"masks in {where} hold {listed}, but {have}"
        ways = "name all classes, or tell the number of each"
        if values == list(range(1, count + 1)):
            return f"{given}: do they begin at 1? then give --values {_numbers(values)}"
        if values == list(range(count + 1)):
            begin = f"--values {_numbers(values[1:])} --void 0 if 0 counts nowhere"
            return f"{given}: name 0, too ('background' first), or give {begin}"
        return f"{given}: {ways}, with --values"
    classes = [value for value in values if value != VOID]
    given, these = f"masks in {where} hold {listed}", f"are these all classes? then give --values {_numbers(values)}"
    if VOID in values:
        these += f", or --values {_numbers(classes)} if {VOID} counts nowhere"
    if classes == list(range(1, len(classes) + 1)):
        return (
            f"{given}, and never 0: {these}; or is there a class 0 that no picture shows? then name all with --classes"
        )
    return f"{given}, with gaps between: {these}; else name all, with --classes or in classes.txt"


def _refuse_noise(found):
    if found.noisy:
        raise InputError(noise_in_words(*found.noisy[0], others=len(found.noisy) - 1))


def _listed(values, colours=False, found=None):
    """The first of some values in words; of colours with their share of the pixels."""
    if colours:
        values = sorted(values, key=lambda value: -found.pixels[value])
        total = sum(found.pixels.values())
        words = [f"{in_words(v, True)} ({100 * found.pixels[v] / total:.2g} %)" for v in values[:SHOWN]]
    else:
        words = [str(value) for value in values[:SHOWN]]
    more = f" and {len(values) - SHOWN} more" if len(values) > SHOWN else ""
    return ", ".join(words) + more


def _numbers(values):
    return " ".join(map(str, values))


def _range(values):
    values = list(values)
    whole = values == list(range(values[0], values[0] + len(values))) and len(values) > 1
    return f"{values[0]} to {values[-1]}" if whole else _listed(values)


def _told(what, nowhere, found):
    """A line on numbers: what they are, and which void occurs."""
    void = [value for value in nowhere if value in found.pixels]
    return f"masks of {what}" + (f"; {_listed(void)} is void" if void else "")
