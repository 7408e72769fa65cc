"""What does not fit a terminal's window, shown a windowful at a time."""

from rich.control import Control
from rich.segment import ControlType
from rich.text import Text

# The question's line is taken away again once it is answered.
ERASE = Control((ControlType.CURSOR_UP, 1), (ControlType.ERASE_IN_LINE, 2))


class Pager:
    """Writes to a console, and waits for a key where the window is full.

    stops   whether it waits: somebody sits at a terminal
    """

    def __init__(self, console, stops):
        self.console, self.stops = console, stops and console.is_terminal
        self.used = 0  # rows of the window, since the last key

    def begin(self):
        """What follows begins a new window."""
        self.used = 0

    def show(self, renderable):
        """Write what rich renders."""
        with self.console.capture() as captured:
            self.console.print(renderable)
        self.write(captured.get())

    def write(self, text):
        """Write text as it is, which may have colours."""
        for line in text.splitlines():
            width = Text.from_ansi(line).cell_len
            self.make_room(max(1, -(-width // self.console.width)))
            self.console.file.write(f"{line}\n")
        self.console.file.flush()

    def make_room(self, rows):
        """Before so many rows: wait for a key where they do not fit."""
        room = self.console.height - 2  # the question's, and one to go on from
        if self.stops and self.used and self.used + rows > room:
            try:
                self.console.input("[dim]Enter: more[/]")
                self.console.control(ERASE)
            except EOFError:  # nobody there to press a key
                self.stops = False
            self.used = 0
        self.used += rows
