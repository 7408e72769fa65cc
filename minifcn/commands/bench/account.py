"""The account of a proof: tables that are written, whole, as Markdown and as CSV whenever one is done."""

import csv
import io
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from minifcn.backend.files import write_whole
from minifcn.commands.tables import console, new_table

NOT_REACHED = "Not reached: the time was over."
CUT_OFF = "Cut off here: the time was over."
COMMAND = "python -m minifcn bench --device gpu --prove --out DIR"


@dataclass
class Table:
    """A part of the account.

    columns  of its rows, the first one's name included
    about    what the figures mean
    fill     () -> an iterator of (name of a row, its cells or the function that finds them out)
    rows     of a name and cells: texts, floats (nan: not measured), and bools (False: a check that failed)
    ended    why it is not whole, where it is not
    broken   rows, or the whole table, that broke off; each is a check that failed
    """

    title: str
    about: str
    columns: tuple[str, ...]
    fill: Callable[[], Iterable[tuple[str, Any]]]
    rows: list[tuple] = field(default_factory=list)
    ended: str = NOT_REACHED
    broken: list[str] = field(default_factory=list)

    @property
    def checks(self) -> list[tuple[str, bool]]:
        """(what, whether it was right) of every check in it."""
        found = [(row[0], cell) for row in self.rows for cell in row[1:] if isinstance(cell, bool)]
        return found + [(name, False) for name in self.broken]

    def add(self, name: str, cells: Any) -> None:
        """Add a row; where its function breaks off, that is told in its first cell, and the next row has its turn."""
        try:
            self.rows.append((name, *(cells() if callable(cells) else cells)))
        except Exception as error:  # of CuPy, PyTorch, or a GPU that is too small
            self.rows.append((name, reason(error), *[""] * (len(self.columns) - 2)))
            self.broken.append(name)

    def show(self) -> None:
        """Print it."""
        table = new_table(self.title, *self.columns)
        for row in self.rows:
            table.add_row(*map(shown, row))
        console.print(table)
        if self.ended:
            console.print(f"  {self.ended}")


def reason(error: Exception) -> str:
    """What went wrong, in a line without anybody's folders."""
    line = (str(error).strip().splitlines() or [""])[0]
    return f"broke off: {type(error).__name__}: " + re.sub(
        r"(?:[A-Za-z]:)?(?:[/\\][^\s/\\:'\"]+)+(?=[/\\])", "...", line
    )


def verdict(tables: Sequence[Table]) -> str:
    """How the checks went, in a line."""
    checks = [check for table in tables for check in table.checks]
    failed = [what for what, right in checks if not right]
    missing = sum(table.ended == NOT_REACHED for table in tables)
    words = f"{len(failed)} of {len(checks)} checks FAILED: {'; '.join(failed)}." if failed else ""
    words = words or f"All {len(checks)} checks passed."
    return words + (f" {missing} of {len(tables)} tables were not reached." if missing else "")


def write(folder: Path, gpu: str, mark: str, tables: Sequence[Table], pictures: dict[str, str]) -> None:
    """Write gpu.md and gpu.csv; pictures {file's name: what it shows} lie beside them; `mark` stands on top."""
    lines = [f"# On a GPU: {gpu}", ""] + ([f"**{mark}**", ""] if mark else [])
    lines += [f"{date.today()}. {verdict(tables)}", "", f"Written by `{COMMAND}`.", ""]
    for table in tables:
        lines += [f"## {table.title}", "", table.about, ""]
        if table.rows:
            lines += [_line(table.columns), "|---" + "|---:" * (len(table.columns) - 1) + "|"]
            lines += [*(_line(map(shown, row)) for row in table.rows), ""]
        lines += [table.ended, ""] if table.ended else []
    for file, words in pictures.items():
        lines += [f"![{words}]({file})", ""]
    write_whole(folder / "gpu.md", lambda file: file.write("\n".join(lines).encode()))

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("date", "gpu", "table", "row", "column", "value"))
    for table in tables:
        for row in table.rows:
            for column, cell in zip(table.columns[1:], row[1:]):
                value = shown(cell) if isinstance(cell, bool) else f"{cell:.4g}" if isinstance(cell, float) else cell
                writer.writerow((date.today(), mark or gpu, table.title, row[0], column, value))
    write_whole(folder / "gpu.csv", lambda file: file.write(text.getvalue().encode()))


def shown(cell: Any) -> str:
    """A cell as text: numbers of three digits, "-" for nan."""
    if isinstance(cell, bool):
        return "yes" if cell else "NO"
    if not isinstance(cell, float):
        return str(cell)
    if not math.isfinite(cell):
        return "-" if math.isnan(cell) else "inf"
    if cell and not 1e-3 <= abs(cell) < 1e6:
        return f"{cell:.1e}"
    digits = 2 - math.floor(math.log10(abs(cell))) if cell else 0
    return f"{cell:,.{max(0, digits)}f}"


def _line(cells):
    return f"| {' | '.join(str(cell).replace('|', '/') for cell in cells)} |"
