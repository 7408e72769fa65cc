"""Texts that come from outside, as names of files and of classes do: what they hold moves no cursor, ends no line."""

import re
import reprlib
from typing import Any

# Control characters, ends of lines, overrides of the writing direction, and the surrogates that stand for bytes of a
# file's name which are no UTF-8.
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def one_line(text: object) -> str:
    r"""A text as one line of what can be shown: "a<line feed>b" as "a\nb", with each such character escaped."""
    return CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), str(text))


def short(text: str) -> str:
    """A name in a file, as a message shows it: one line of its first 100 letters."""
    return one_line(text[:100])


def brief(value: Any) -> str:
    """A value that a file gave, as a message shows it: a few words of it, however deep, long or large it is."""
    return one_line(_BRIEF.repr(value))


def first_line(error: BaseException) -> str:
    """The kind of an error and the first line of what it says."""
    return f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0]}"


_BRIEF = reprlib.Repr()
_BRIEF.maxlevel = 2
_BRIEF.maxstring = _BRIEF.maxlong = _BRIEF.maxother = 40
