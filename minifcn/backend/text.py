"""Texts that come from outside, as names of files and of classes do: what they hold moves no cursor."""

import re

# Control characters, ends of lines, overrides of the writing direction, and the surrogates that stand for bytes of a
# file's name which are no UTF-8.
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def one_line(text: object) -> str:
    r"""A text as one line of what can be shown: "a<line feed>b" as "a\nb", with each such character escaped."""
    return CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), str(text))


def first_line(error: BaseException) -> str:
    """The kind of an error and the first line of what it says."""
    return f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0]}"
