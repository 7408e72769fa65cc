"""The book that the tests look at: built before, in the folder that the environment variable BOOK names.

sphinx-build -c book . book/_build/html && BOOK=book/_build/html pytest -n 0 tests/book
"""

import os
import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

BOOK = Path(os.environ["BOOK"]).resolve() if "BOOK" in os.environ else None
MISSING = "looks at a built book: BOOK=FOLDER names it"


def pages():
    """The pages that somebody wrote, by their paths in the book, and one of those with code."""
    if BOOK is None:
        return []
    found = {path.relative_to(BOOK).as_posix() for path in BOOK.rglob("*.html")}
    code = {name for name in found if name.startswith("_modules/")}
    static = {name for name in found if name.startswith("_static/")}
    return sorted(found - code - static) + sorted(code)[-1:]


def text_of(name):
    """The page's HTML without pictures that stand in it."""
    return re.sub(r"data:[\w/+;=-]+,[^\"')\s]*", "data:", (BOOK / name).read_text("utf-8"))


class Page(HTMLParser):
    """What a page links to, what can be linked to in it, what it loads, and its pictures' alternative texts."""

    def __init__(self, text):
        super().__init__()
        self.links, self.names, self.loads, self.styles, self.alts = [], set(), [], [], []
        self.icon = None
        self.feed(text)

    def handle_starttag(self, tag, given):
        given = dict(given)
        self.names |= {given[key] for key in ("id", "name") if given.get(key)}
        self.styles.append(given.get("style") or "")
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag == "link" and given.get("rel") in ("stylesheet", "preload", "icon", "shortcut icon"):
            self.loads.append(given["href"])
            self.icon = given["href"] if "icon" in given["rel"] else self.icon
        elif given.get("src"):
            self.loads.append(given["src"])
        if tag == "img":
            self.alts.append(given.get("alt"))


@cache
def page(name):
    """The Page of that path in the book."""
    return Page(text_of(name))
