"""A built book in chromium, with all but its own host out of reach."""

import re
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlencode

import pytest
from built_book import BOOK, MISSING, pages
from page_drawn import drawn

pytestmark = pytest.mark.skipif(BOOK is None, reason=MISSING)
FORMULAS = "() => [document.querySelectorAll('.math').length, document.querySelectorAll('mjx-container').length]"
BROKEN = "() => [...document.images].filter(i => !(i.complete && i.naturalWidth)).map(i => i.src.slice(0, 100))"
WIDTHS = "() => [document.documentElement.scrollWidth, window.innerWidth]"
TORN = """() => [
  ...[...document.querySelectorAll("table:not(.docstring) .pre")]
    .filter((word) => /^[\\w.]+$/.test(word.textContent) && word.getClientRects().length > 1),
  ...[...document.querySelectorAll(".prev-next-area a")].filter((link) => link.scrollWidth > link.clientWidth),
].map((part) => part.textContent)"""
PROSE = """() => {
  const article = (document.querySelector("article") ?? document.body).cloneNode(true);
  article.querySelectorAll("pre, code, mjx-container, script, .sig").forEach((part) => part.remove());
  return article.textContent;
}"""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *told):
        """Nothing."""


@pytest.fixture(scope="module")
def address():
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(BOOK)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def tab(browser, address):
    """A page of the browser; what fails, is asked of another host or complains is in `tab.wrong` by the test's end."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    tab = context.new_page()
    tab.wrong = []

    def only_own(route):
        if route.request.url.startswith((address, "data:", "blob:")):
            route.continue_()
        else:
            tab.wrong.append(f"asked for {route.request.url}")
            route.abort()

    tab.route("**/*", only_own)
    tab.on("requestfailed", lambda request: tab.wrong.append(f"failed: {request.url}"))
    tab.on("response", lambda r: tab.wrong.append(f"{r.status}: {r.url}") if r.status >= 400 else None)
    tab.on("pageerror", lambda error: tab.wrong.append(str(error)))
    tab.on("console", lambda told: tab.wrong.append(told.text) if told.type == "error" else None)
    yield tab
    context.close()
    assert tab.wrong == []


def ready(tab, address):
    """Open it, and wait until its formulas are drawn."""
    tab.goto(address)
    tab.evaluate("() => window.MathJax?.startup?.promise")


@pytest.mark.parametrize("name", [name for name in pages() if name != "index.html"])
def test_a_page_is_whole_at_both_widths(tab, address, name):
    ready(tab, address + name)
    asked, rendered = tab.evaluate(FORMULAS)
    assert asked == rendered
    assert tab.locator("mjx-merror").count() == 0
    assert not re.search(r"\$[^$\n]+\$|\\(frac|sum|mathrm|cdot|partial|begin)\b", tab.evaluate(PROSE))
    assert tab.evaluate(BROKEN) == []
    for width in (1280, 390):
        tab.set_viewport_size({"width": width, "height": 900})
        wide, there = drawn(tab).evaluate(WIDTHS)
        assert wide <= there == width
        assert tab.evaluate(TORN) == []


def test_lessons_have_formulas_drawn(tab, address):
    ready(tab, address + "lessons/07_transposed.html")
    assert tab.evaluate(FORMULAS)[1] > 40
    assert tab.locator("mjx-container").first.bounding_box()["height"] > 5


@pytest.mark.parametrize(
    ("words", "page"),
    [
        ("convolutions", "lessons/02_convolution.html"),
        ("transposing convolutions", "lessons/07_transposed.html"),
        ("합성곱", "book/glossary.html"),
        ("전치 합성곱은", "book/glossary.html"),
        ("전치합성곱", "book/glossary.html"),
        ("체커보드", "book/glossary.html"),
        ("ConvTranspose2d", "book/api/layers.html"),
    ],
)
def test_the_search_finds(tab, address, words, page):
    tab.goto(f"{address}search.html?q={words}")
    tab.locator(f'#search-results a[href*="{page}"]').first.wait_for(timeout=5000)


def test_the_search_finds_nothing_where_there_is_nothing(tab, address):
    tab.goto(f"{address}search.html?q=zxqvbn")
    tab.get_by_text("did not match any documents").wait_for(timeout=5000)
    assert tab.locator("#search-results li").count() == 0


@pytest.mark.parametrize("words", ["convolution -padding", "1e-10", "<script>alert(1)</script>", "a" * 3000])
def test_what_the_search_finds_is_no_wider_than_a_phone(tab, address, words):
    tab.set_viewport_size({"width": 390, "height": 900})
    tab.goto(f"{address}search.html?{urlencode({'q': words})}")
    tab.get_by_text("Search finished").or_(tab.get_by_text("did not match")).wait_for(timeout=5000)
    tab.wait_for_load_state("networkidle")  # each page is fetched for what stands around the words
    wide, there = drawn(tab).evaluate(WIDTHS)
    assert wide <= there == 390


@pytest.mark.parametrize("width", [1280, 390])
def test_one_sees_which_button_the_keyboard_is_at(tab, address, width):
    tab.set_viewport_size({"width": width, "height": 900})
    tab.goto(address + "lessons/07_transposed.html")
    tab.keyboard.press("Tab")  # from here on the keyboard has the focus
    buttons = tab.locator(".bd-header-article button:visible")
    assert buttons.count() >= 3
    for button in buttons.all():
        button.focus()
        assert button.evaluate("(button) => getComputedStyle(button).outlineStyle") == "solid"


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_dark_and_light_follow_the_machine(browser, address, scheme):
    context = browser.new_context(color_scheme=scheme)
    tab = context.new_page()
    tab.goto(address + "book/index.html")
    background = tab.evaluate("() => getComputedStyle(document.body).backgroundColor")
    context.close()
    assert (sum(map(int, re.findall(r"\d+", background)[:3])) < 200) == (scheme == "dark")


def test_the_first_page_leads_to_the_books(tab, address):
    tab.goto(address)
    tab.wait_for_url("**/book/index.html", timeout=5000)
