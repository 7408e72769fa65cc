"""Running the cells of a lesson, one namespace for all of them."""

import contextlib
import io
import sys
import traceback

from lessons.lesson import FOLDER


class Runner:
    """Runs a lesson's cells by their places, each only once.

    outputs   {place: what the cell printed}
    """

    def __init__(self, lesson):
        if str(FOLDER) not in sys.path:
            sys.path.insert(0, str(FOLDER))  # as for a script
        self.lesson, self.cells, self.outputs = lesson, lesson.cells, {}
        self.names = {"__name__": "__main__", "__file__": str(lesson.path)}

    def run(self, at):
        """Run the cell at this place, if it has not run; its error, or None."""
        cell = self.cells[at]
        if cell.kind == "markdown" or at in self.outputs:
            return None
        printed = io.StringIO()  # no terminal: `show` opens no browser
        try:
            with contextlib.redirect_stdout(printed):
                exec(compile(cell.text, self.name(at), "exec"), self.names)
        except Exception as error:
            return error
        finally:
            self.outputs[at] = printed.getvalue()
        return None

    def name(self, at):
        """What tracebacks call the cell at this place."""
        return f"{self.lesson.path.name}, cell {at + 1}"

    def line(self, at, error):
        """The line of the cell at this place that led to the error."""
        frames = traceback.extract_tb(error.__traceback__)
        lines = [f.lineno for f in frames if f.filename == self.name(at)]
        return lines[-1] if lines else error.lineno  # of a SyntaxError
