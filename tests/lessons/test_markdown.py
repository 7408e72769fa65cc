"""A formula comes out whole wherever a lesson is read: in the book, in exported notebooks, JupyterLab and the terminal.

Markdown knows no formulas. A line of one that begins with a minus or a number becomes a list's item, unless whoever
renders it takes formulas out first; and not everybody does.
"""

import io
import re
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin
from nbconvert.filters.markdown_mistune import markdown2html_mistune
from rich.console import Console
from rich.markdown import Markdown

from lessons.formulas import readable
from lessons.lesson import all_lessons

TAG = "\0"  # in a text, where one of its tags stood


def formulas_in(text):
    """Every formula of a text, in order, as "$x$" or "$$x$$" with single blanks."""
    parts = re.split(r"(\$\$?)", text)
    assert len(parts) % 4 == 1 and parts[1::4] == parts[3::4], "a dollar without its partner"
    return [_as_one_line(dollars, latex) for dollars, latex in zip(parts[1::4], parts[2::4])]


def _as_one_line(dollars, latex):
    return dollars + " ".join(latex.split()) + dollars


def source_of(markdown):
    """The text without its code, in which a dollar is a dollar."""
    markdown = re.sub(r"^```.*?^```$", "", markdown, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"`[^`]*`|^    .*$", "", markdown, flags=re.MULTILINE)


class _Text(HTMLParser):
    """The text of HTML without its code, with a TAG for every tag."""

    def __init__(self, html):
        super().__init__()
        self.parts, self.code = [], 0
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.code += tag in ("code", "pre")
        self.parts.append(TAG)

    def handle_endtag(self, tag):
        self.code -= tag in ("code", "pre")
        self.parts.append(TAG)

    def handle_data(self, data):
        self.parts.append("" if self.code else data)


def by_book(markdown):
    """As MyST reads it."""
    tokens = MarkdownIt("commonmark").enable("table").use(dollarmath_plugin).parse(markdown)
    tokens = [child for token in tokens for child in token.children or [token]]
    dollars = {"math_inline": "$", "math_block": "$$"}
    return [_as_one_line(dollars[token.type], token.content) for token in tokens if token.type in dollars]


def by_nbconvert(markdown):
    """As `jupyter nbconvert` writes it, for MathJax to find the dollars in the page."""
    return formulas_in("".join(_Text(markdown2html_mistune(markdown)).parts))


def by_plain_markdown(markdown):
    """By whoever looks for formulas only behind Markdown, which takes away the backslash of a backslash and a comma."""
    return formulas_in("".join(_Text(MarkdownIt("commonmark").enable("table").render(markdown)).parts))


def plain(formula):
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", formula)


def in_terminal(markdown):
    """What the terminal shows, without blanks and lines."""
    screen = io.StringIO()
    Console(file=screen, width=100).print(Markdown(readable(markdown)))
    return "".join(screen.getvalue().split())


def in_pieces(markdown):
    """{who renders it: the formulas that do not come out whole}"""
    formulas = formulas_in(source_of(markdown))
    expected = {by_book: formulas, by_nbconvert: formulas, by_plain_markdown: [plain(one) for one in formulas]}
    found = {}
    for render, whole in expected.items():
        rendered = render(markdown)
        if rendered != whole:
            found[render.__name__] = [one for one in whole if one not in rendered] or rendered
    terminal = in_terminal(markdown)
    shown = {one: "".join(readable(one).removeprefix("```text").strip("`\n").split()) for one in formulas}
    if broken := [one for one, text in shown.items() if text not in terminal]:
        found["in_terminal"] = broken
    return found


CELLS = [
    pytest.param(cell.text, id=f"{lesson.path.stem}-{number}")
    for lesson in all_lessons()
    for number, cell in enumerate(lesson.cells, 1)
    if cell.kind == "markdown" and "$" in cell.text
]


@pytest.mark.parametrize("cell", CELLS)
def test_formulas_come_out_whole(cell):
    assert in_pieces(cell) == {}


@pytest.mark.parametrize(
    "markdown",
    [
        "it begins at $sr\n- p$, and",
        "A padded image of $i\n+ 2p$ pixels",
        "$$y_0 = W_{0,0} \\, x_{0,0}\n+ 0 \\, x_{0,3}$$",
        "$$\\Delta s =\n-\\eta \\, a^2$$\n\n$$a\n- b$$",
        "1. the first, $r =\n1. 5$",
        "it is $r\n=\n1$, and a heading",
        "$r = *1$ and $2* 3$",
    ],
)
def test_a_formula_in_pieces_is_noticed(markdown):
    assert in_pieces(markdown)
