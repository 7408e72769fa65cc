"""A built book, read without a browser: nothing from elsewhere, every link leads somewhere, pages are small."""

import re
from urllib.parse import unquote, urlsplit

import pytest
from built_book import BOOK, MISSING, page, pages, text_of

pytestmark = pytest.mark.skipif(BOOK is None, reason=MISSING)
ELSEWHERE = re.compile(r"(?:https?:)?//")


def test_there_are_pages_of_every_kind():
    names = set(pages())
    assert len([name for name in names if re.match(r"lessons/\d\d_", name)]) == 16
    assert {"index.html", "book/glossary.html", "book/api/layers.html", "search.html", "docs/speed.html"} <= names


@pytest.mark.parametrize("name", pages())
def test_a_page_loads_nothing_from_elsewhere(name):
    assert [address for address in page(name).loads if ELSEWHERE.match(address)] == []
    styles = "\n".join([*page(name).styles, *re.findall(r"<style.*?</style>", text_of(name), re.DOTALL)])
    assert not re.search(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//", styles)


@pytest.mark.parametrize("name", pages())
def test_a_page_names_its_icon_so_that_browsers_ask_for_none_that_is_missing(name):
    icon = page(name).icon
    assert icon == "data:," or ((BOOK / name).parent / icon).resolve().is_file()


def test_style_sheets_load_nothing_from_elsewhere():
    sheets = list(BOOK.rglob("*.css"))
    assert len(sheets) > 3
    for sheet in sheets:
        assert not re.search(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//", sheet.read_text("utf-8")), sheet


@pytest.mark.parametrize("name", pages())
def test_links_lead_somewhere(name):
    for link in page(name).links:
        parts = urlsplit(link)
        if parts.scheme or not (parts.path or parts.fragment):
            continue
        target = (BOOK / name).parent / unquote(parts.path) if parts.path else BOOK / name
        assert target.resolve().is_file(), link
        if parts.fragment and target.suffix == ".html" and "explorer/" not in parts.path:
            there = page(target.resolve().relative_to(BOOK).as_posix())
            assert unquote(parts.fragment) in there.names, link


@pytest.mark.parametrize("name", [name for name in pages() if name.startswith("lessons/")])
def test_a_lesson_is_at_most_2_mb_before_pictures_each_with_its_alternative_text(name):
    assert len(text_of(name).encode()) < 2e6
    assert 'class="output text_plain' not in text_of(name)  # a value that nobody prints
    assert [alt for alt in page(name).alts if not alt or re.fullmatch(r"\S+\.(png|gif|jpe?g)", alt)] == []
