"""Pictures in the terminal: by kitty's protocol, as sixels or as half blocks.

Which of them the terminal knows, textual-image asks it.
"""

import logging
import sys

from PIL import Image
from rich.control import Control
from rich.segment import ControlType

COLUMN, ROW = 8, 16  # a letter's pixels, about
# Away with a question that a terminal printed, as it does not know it.
CLEAN = Control(ControlType.CARRIAGE_RETURN, (ControlType.ERASE_IN_LINE, 2))


def drawer(console):
    """What makes a picture from (path, width, height) that rich can print.

    None where nobody sees it, or none can be drawn.
    """
    if not (console.is_terminal and sys.stdin.isatty()):
        return None
    logging.getLogger("textual_image").setLevel(logging.CRITICAL)
    try:
        from textual_image.renderable import Image as Picture  # asks it
    except Exception:  # it is not installed, or was answered strangely
        return None
    console.control(CLEAN)
    return Picture


def size_in_letters(path, columns, rows):
    """(columns, rows) that a picture takes, at most those given."""
    with Image.open(path) as image:
        width, height = image.size
    scale = min(1, columns * COLUMN / width, rows * ROW / height)
    size = scale * width / COLUMN, scale * height / ROW
    return tuple(max(1, int(letters)) for letters in size)
