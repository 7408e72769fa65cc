"""Going through a lesson in the terminal, cell by cell."""

import io
import sys
import traceback

from rich.console import Console
from rich.markdown import Markdown
from rich.prompt import Prompt
from rich.syntax import Syntax

from lessons.formulas import readable
from lessons.lesson import FOLDER, in_clone

WIDTH = 100  # longer lines of prose are hard to read
SILENTLY = {"default": "", "show_default": False, "show_choices": False}


def walk(lesson, pause):
    """Show and run the lesson's cells, waiting for a key after each if `pause`.

    Returns whether no cell failed.
    """
    console = Console(highlight=False)
    console.width = min(console.width, WIDTH)
    if str(FOLDER) not in sys.path:
        sys.path.insert(0, str(FOLDER))  # as for a script: lessontools is there
    cells, outputs = lesson.cells, {}
    names = {"__name__": "__main__", "__file__": str(lesson.path)}
    at = 0
    while at < len(cells):
        cell = cells[at]
        if cell.kind == "markdown":
            console.print(Markdown(readable(cell.text)))
        else:
            _show_code(console, cell.text)
            if at in outputs:  # seen again after going back: it ran already
                print(outputs[at], end="")
            else:
                name = f"{lesson.path.name}, cell {at + 1}"
                outputs[at], error = _run(cell.text, name, names)
                if error:
                    _show_error(console, name, cell.text, error)
                    return False
        print()
        key = _ask(console, at, len(cells)) if pause else ""
        if key == "q":
            return True
        at = max(0, at - 1) if key == "b" else at + 1
    if pause:
        print(f"The end. Exercises: {in_clone(lesson.answers())}")
    print(f"To check them: python -m lessons test {lesson.number}")
    return True


def _ask(console, at, count):
    question = f"[dim]{at + 1}/{count}  Enter: go on, b: back, q: quit[/]"
    try:
        key = Prompt.ask(
            question, console=console, choices=["", "b", "q"], **SILENTLY
        )
    except EOFError:  # nobody there to press a key
        return "q"
    print()
    return key


def _show_code(console, text, line=None):
    """Show code, and line numbers where one of its lines is to be marked."""
    numbers = {"line_numbers": True, "highlight_lines": {line}} if line else {}
    console.print(Syntax(text, "python", word_wrap=True, **numbers))


class _Recorder(io.StringIO):
    """Passes on what is printed, and keeps it."""

    def __init__(self):
        super().__init__()
        self.screen = sys.stdout

    def write(self, text):
        self.screen.write(text)
        return super().write(text)

    def flush(self):
        self.screen.flush()

    def isatty(self):
        return self.screen.isatty()


def _run(text, name, names):
    """Run a cell; -> (what it printed, the error it ended with or None).

    name    what tracebacks call it
    names   {name: value} of the cells before it; it adds its own
    """
    recorder = sys.stdout = _Recorder()
    try:
        exec(compile(text, name, "exec"), names)
    except Exception as error:
        return recorder.getvalue(), error
    finally:
        sys.stdout = recorder.screen
    return recorder.getvalue(), None


def _show_error(console, name, text, error):
    """The cell with its line that failed, and what was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == name]
    line = lines[-1] if lines else error.lineno  # of a SyntaxError
    console.print(f"\n[bold red]{name} failed[/], in line {line}:")
    _show_code(console, text, line)
    console.print(f"{type(error).__name__}: {error}", markup=False)
