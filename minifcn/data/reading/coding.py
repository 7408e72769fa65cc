"""What the masks of a folder say, decided by looking at all of them."""

import contextlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from minifcn.data.dataset import VOID
from minifcn.data.reading.class_names import MOST, ClassTable
from minifcn.data.reading.masks import Coding, in_words
from minifcn.data.reading.noise import noise_in_words
from minifcn.data.reading.survey import survey
from minifcn.data.reading.wording import listed, listed_colours, masks_of, question, span
from minifcn.errors import InputError

TONES = ("background", "object")  # what two tones are called
LARGEST = 65535  # number in a mask: of 16 bits


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
            asked = f"which no class has: add a line for each (name and colour) to {where}/classes.txt"
            raise InputError(f"masks in {where} have the colours {listed_colours(strange, found)}, {asked}")
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
            held[path] = survey([path], colours).values
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
    lines = listed_colours(found.values, found)
    if found.palettes:
        lines += "; one index has several colours in their palettes (if it is the class all the same, give --values)"
    asked = "write classes.txt into it, a line a class: its name and its colour, as 'leaf 0 128 0'"
    asked += "; names alone do not tell" * (table is not None)
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
            return Coding(names, tuple(kept), nowhere), masks_of(f"class numbers {span(kept)}", nowhere, found)
        raise InputError(question(values, table, where))
    if len(values) == 2:
        return _two_tones(values, None, void)
    numbers = [value for value in values if value != VOID] or values
    if numbers != list(range(len(numbers))) and len(numbers) > 1:
        raise InputError(question(values, None, where))
    coding = Coding(names_by_number(numbers), tuple(numbers), tuple(v for v in nowhere if v not in numbers))
    return coding, masks_of(f"class numbers {span(numbers)}", coding.void, found)


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
    names = tuple(table.names) if table else TONES
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
        raise InputError(f"masks in {where} hold {listed(strange)}, too: add them to --values, or name one with --void")
    return coding, masks_of("class numbers " + span(values), nowhere, found)


def _refuse_noise(found):
    if found.noisy:
        raise InputError(noise_in_words(*found.noisy[0], others=len(found.noisy) - 1))
