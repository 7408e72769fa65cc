"""What is told beside the arrays of a weights file, in every format the same: the entry "about", a line of JSON.

The number of this format, the network and its settings, the preprocessing its images went through, the classes and
their colours. So nobody can feed a network images prepared for another.
"""

import json
from typing import Any

from minifcn.errors import InputError

ABOUT = "about"
METADATA = "minifcn"  # what ABOUT is called where others have entries, too
FORMAT = 1  # of weights files and of a run's config.json; files without one are older, and read as they are
# What ABOUT holds at least.
KEYS = {"model": str, "settings": dict, "preprocessing": dict, "data": str, "classes": list, "palette": list}


def to_json(about: dict[str, Any]) -> str:
    """The JSON-able dict as the line of a weights file."""
    return json.dumps({"format": FORMAT} | about)


def from_json(text: str) -> dict[str, Any]:
    """The dict that `to_json` made this line of. InputError for any other text, and one of a newer format."""
    try:
        about = json.loads(text)
    except ValueError:
        about = None
    if not isinstance(about, dict) or not about.keys() >= KEYS.keys():
        raise InputError(f"no {ABOUT!r} entry with {', '.join(sorted(KEYS))}: not written by minifcn train")
    for key, kind in KEYS.items():
        if not isinstance(about[key], kind):
            what = f"{ABOUT!r} has {about[key]!r} for {key!r}, expected a {kind.__name__}"
            raise InputError(f"{what}: not written by minifcn train")
    if len(about["classes"]) != len(about["palette"]):
        what = f"{len(about['classes'])} classes, but {len(about['palette'])} colours"
        raise InputError(f"{ABOUT!r} has {what}: not written by minifcn train")
    check_format(about.pop("format", FORMAT))
    return about


def check_format(number: Any, what: str = "") -> None:
    """InputError unless this version reads files of that format; `what` names the file, where the caller does not."""
    before = f"{what}: " if what else ""
    if type(number) is not int or number < 1:
        raise InputError(f"{before}its format is {number!r}, expected a number from 1: the file is damaged")
    if number > FORMAT:
        newer = f"its format is {number}, this version reads {FORMAT}"
        raise InputError(f"{before}written by a newer minifcn: {newer}: upgrade minifcn")
