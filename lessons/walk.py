"""Going through a lesson in the terminal, cell by cell."""

import contextlib
import re
import sys
import webbrowser
from pathlib import Path

from rich.console import Console
from rich.markdown import Markdown
from rich.prompt import Prompt
from rich.syntax import Syntax
from rich.text import Text

from lessons.formulas import readable
from lessons.inline import drawer, size_in_letters
from lessons.lesson import in_clone
from lessons.pager import Pager
from lessons.place import leave, place_of
from lessons.runner import Runner

WIDTH = 100  # longer lines of prose are hard to read
# Lines that a lesson's `show` prints.
FIGURE, STILL = r"^figure: (.+)$", r"^(?:figure|  stills.*): (.+\.png)$"
SILENTLY = {"default": "", "show_default": False, "show_choices": False}


def walk(lesson, pause, start=None):
    """Show and run the lesson's cells, waiting for a key after each if `pause`.

    start   the cell to begin with, from 1 on: those before it only run. None:
            where the learner left, if `pause`
    Returns whether no cell failed.
    """
    screen = _Screen(lesson, pause)
    at = (start or (place_of(lesson) if pause else 1)) - 1
    if at and not start:
        print(f"You left at cell {at + 1}. (--from 1 begins anew.)")
    if at and not screen.run_unseen(at):
        return False
    while at < len(screen.cells):
        if pause:
            leave(lesson, at + 1)
        if not screen.show(at):
            return False
        key = screen.ask(at) if pause else ""
        if key == "q":
            if at:
                again = f"python -m lessons {lesson.number}"
                print(f"{again} goes on from here.")
            return True
        at = max(0, at - 1) if key == "b" else at + 1
    if pause:
        leave(lesson, 1)
        print(f"The end. Exercises: {in_clone(lesson.answers())}")
    print(f"To check them: python -m lessons test {lesson.number}")
    return True


class _Screen:
    """A lesson's cells as they appear in the terminal."""

    def __init__(self, lesson, pause):
        self.runner = Runner(lesson)
        self.cells = self.runner.cells
        self.predictions = {}  # {place of the cell that asks: what was typed}
        # This file, also while what cells print goes elsewhere.
        self.console = Console(file=sys.stdout, highlight=False)
        self.console.width = min(self.console.width, WIDTH)
        self.pager = Pager(self.console, stops=pause)
        self.picture = drawer(self.console)

    def run_unseen(self, end):
        """Run the cells before the place `end`; whether none failed."""
        with self._computing(f"computing cells 1 to {end} ..."):
            errors = ((at, self.runner.run(at)) for at in range(end))
            failed = next((pair for pair in errors if pair[1]), None)
        if failed:
            self._show_error(*failed)
        return not failed

    def show(self, at):
        """Show a cell, and run it if it is code; whether it did not fail."""
        cell, error = self.cells[at], None
        self.pager.begin()
        if cell.kind == "markdown":
            text = readable(cell.text, self.console.width)
            self.pager.show(Markdown(text))
        else:
            self.pager.show(_code(cell.text))
            with self._computing("computing ..."):
                error = self.runner.run(at)
            self.pager.write(self.runner.outputs[at])
            self._draw_pictures(at)
            if said := self.predictions.get(at - 1):
                self.pager.show(Text(f"Your prediction: {said}", "bold"))
        if error:
            self._show_error(at, error)
            return False
        print()
        return True

    def ask(self, at):
        """What comes next: "" goes on, "b" back, "q" quits."""
        where, figures = f"{at + 1}/{len(self.cells)}", self._figures(at)
        try:
            if self._asks_for_a_prediction(at):
                return self._predict(at, where)
            choices = ["", "b", "q", *["o"] * bool(figures)]
            opens = ", o: open the picture" * bool(figures)
            question = f"[dim]{where}  Enter: go on, b: back, q: quit{opens}[/]"
            how = SILENTLY | {"console": self.console, "choices": choices}
            while (key := Prompt.ask(question, **how)) == "o":
                for path in figures:
                    webbrowser.open(path.absolute().as_uri())
        except EOFError:  # nobody there to press a key
            print()
            return "q"
        print()
        return key

    def _asks_for_a_prediction(self, at):
        """Whether it does, and the code that answers has not run yet."""
        asks = "**Predict" in self.cells[at].text
        return asks and at + 1 not in self.runner.outputs

    def _predict(self, at, where):
        """Keep what the learner predicts, for when the answer is there."""
        said = self.console.input(
            f"[dim]{where}  b: back, q: quit[/]  "
            "your prediction (Enter: none): "
        ).strip()
        print()
        if said in ("b", "q"):
            return said
        self.predictions[at] = said
        return ""

    def _figures(self, at):
        """The files that the cell saved and told of."""
        told = self.runner.outputs.get(at, "")
        return [Path(path) for path in re.findall(FIGURE, told, re.M)]

    def _draw_pictures(self, at):
        """Those that do not move; stills stand for those that do."""
        told = self.runner.outputs[at] if self.picture else ""
        for path in re.findall(STILL, told, re.M):
            room = self.console.width, self.console.height - 3
            columns, rows = size_in_letters(path, *room)
            self.pager.make_room(rows)
            self.console.print(self.picture(path, columns, rows))

    def _computing(self, words):
        """Meanwhile a spinner turns, where somebody sees it."""
        if self.console.is_terminal:
            return self.console.status(words)
        return contextlib.nullcontext()

    def _show_error(self, at, error):
        """The cell with its line that failed, and what was raised."""
        name, line = self.runner.name(at), self.runner.line(at, error)
        self.console.print(f"\n[bold red]{name} failed[/], in line {line}:")
        self.console.print(_code(self.cells[at].text, line))
        self.console.print(f"{type(error).__name__}: {error}", markup=False)


def _code(text, line=None):
    """Code, with line numbers where one of its lines is to be marked."""
    numbers = {"line_numbers": True, "highlight_lines": {line}} if line else {}
    return Syntax(text, "python", word_wrap=True, **numbers)
