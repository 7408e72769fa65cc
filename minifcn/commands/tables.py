"""Tables that lose no figure, however narrow the terminal is."""

from collections.abc import Iterator
from typing import Any

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from minifcn.text import one_line

console = Console(highlight=False)


def new_table(title: str, first: str, *others: str) -> Table:
    """A table with a left-aligned first column, which wraps between words, and right-aligned others, which do not."""
    table = _Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column(_as_it_is(first), overflow="fold")
    for name in others:
        table.add_column(_as_it_is(name), justify="right", no_wrap=True, overflow="fold")
    return table


class _Table(Table):
    """rich's, but texts in it are shown as they are, and where it would cut words it becomes a list of its rows."""

    def add_row(self, *cells: Any, **how: Any) -> None:
        super().add_row(*map(_as_it_is, cells), **how)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        title, self.title = _as_it_is(self.title), None  # rich would wrap it to the table's width
        if self._narrowest(console, options) <= options.max_width:
            yield from _lines([title], console, options.max_width)
            yield from super().__rich_console__(console, options)
            return
        for words in ([title], *self._rows()):
            yield from _lines(words, console, options.max_width)

    def _narrowest(self, console, options):
        """The width that it needs: a column that wraps gives way as far as its longest word."""
        needed = self.__rich_measure__(console, options.update(width=10_000)).maximum
        for column in self.columns:
            if not column.no_wrap:
                cells = [str(cell) for cell in (column.header, *column.cells)]
                words = [word for cell in cells for word in cell.split()]
                needed -= max(map(cell_len, cells)) - max(map(cell_len, words), default=0)
        return needed

    def _rows(self) -> Iterator[list[Text]]:
        """What is in each row: "first cell:", "heading cell,", "heading cell", where both are there."""
        heads = [_as_it_is(column.header) for column in self.columns[1:]]
        for first, *others in zip(*(column.cells for column in self.columns), strict=True):
            named = [Text(" ").join([head, cell] if head else [cell]) for head, cell in zip(heads, others) if cell]
            yield [first + ":"] * bool(first) + [words + "," for words in named[:-1]] + named[-1:]


def _lines(phrases, console, width):
    """Lines of this width that are filled with the phrases; only one that is longer than a line goes over two."""
    line = Text()
    for phrase in phrases:
        if line and cell_len(line.plain) + 1 + cell_len(phrase.plain) > width:
            yield from line.wrap(console, width, overflow="fold")
            line = Text(" ")
        line = Text(" ").join([line, phrase]) if line else phrase
    yield from line.wrap(console, width, overflow="fold")


def _as_it_is(text):
    """A text that rich takes for no markup, in one line, each letter such as the terminal can show it."""
    if isinstance(text, Text):
        return text
    encoding = console.encoding
    return Text(one_line(text).encode(encoding, "backslashreplace").decode(encoding))
