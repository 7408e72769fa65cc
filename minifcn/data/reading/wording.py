"""The values of masks in words: what is told of them, and what is asked where they could mean several things."""

from collections.abc import Sequence

from minifcn.data.dataset import VOID
from minifcn.data.reading.class_names import ClassTable
from minifcn.data.reading.masks import in_words
from minifcn.data.reading.survey import Survey

SHOWN = 12  # values named in a message


def question(values: Sequence[int], table: ClassTable | None, where: str) -> str:
    """What is asked where numbers begin at 1, have gaps, or go beyond the classes."""
    if table is not None:
        count = len(table.names)
        have = (
            f"the {count} classes have the numbers 0 to {count - 1}" if count > 1 else "the one class has the number 0"
        )
        given = f"masks in {where} hold {listed(values)}, but {have}"
        ways = "name all classes, or tell the number of each"
        if values == list(range(1, count + 1)):
            return f"{given}: do they begin at 1? then give --values {_numbers(values)}"
        if values == list(range(count + 1)) and table.names[0].lower().strip("_") != "background":
            begin = f"--values {_numbers(values[1:])} --void 0 if 0 counts nowhere"
            return f"{given}: name 0, too ('background' first), or give {begin}"
        return f"{given}: {ways}, with --values"
    classes = [value for value in values if value != VOID]
    given, these = (
        f"masks in {where} hold {listed(values)}",
        f"are these all classes? then give --values {_numbers(values)}",
    )
    if VOID in values:
        these += f", or --values {_numbers(classes)} if {VOID} counts nowhere"
    if classes == list(range(1, len(classes) + 1)):
        return (
            f"{given}, and never 0: {these}; or is there a class 0 that no picture shows? then name all with --classes"
        )
    return f"{given}, with gaps between: {these}; else name all, with --classes or in classes.txt"


def listed(values: Sequence[int]) -> str:
    """The first of some numbers in words."""
    return _first(values, [str(value) for value in values[:SHOWN]])


def listed_colours(values: Sequence[int], found: Survey) -> str:
    """The commonest of some packed colours in words, with their share of the pixels."""
    values, total = sorted(values, key=lambda value: -found.pixels[value]), sum(found.pixels.values())
    return _first(values, [f"{in_words(v, True)} ({100 * found.pixels[v] / total:.2g} %)" for v in values[:SHOWN]])


def _first(values, words):
    more = f" and {len(values) - SHOWN} more" if len(values) > SHOWN else ""
    return ", ".join(words) + more


def span(values: Sequence[int]) -> str:
    """Numbers in words, from the first to the last where none between is missing."""
    whole = list(values) == list(range(values[0], values[0] + len(values))) and len(values) > 1
    return f"{values[0]} to {values[-1]}" if whole else listed(values)


def masks_of(what: str, nowhere: Sequence[int], found: Survey) -> str:
    """A line on numbers: what they are, and which void occurs."""
    void = [value for value in nowhere if value in found.pixels]
    return f"masks of {what}" + (f"; {listed(void)} is void" if void else "")


def _numbers(values):
    return " ".join(map(str, values))
