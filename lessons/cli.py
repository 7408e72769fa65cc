"""The command line of the lessons: `python -m lessons`.

Exit code 0; 1 where a cell fails or an exercise is not right; 2 and one line
for bad input; 130 for Ctrl-C.
"""

import argparse
import os
import sys

import jupytext
from rich import box
from rich.console import Console
from rich.table import Table

from lessons.lesson import all_lessons, lesson
from lessons.testing import verdicts
from lessons.walk import walk
from minifcn.backend import DEVICES, resolve_device
from minifcn.commands.streams import any_letter, say
from minifcn.errors import InputError

USAGE = """python -m lessons              list the lessons
       python -m lessons N            go through lesson N (-h: its options)
       python -m lessons test N       tell which of its exercises are right
       python -m lessons notebook N   write it as a Jupyter notebook"""
COLOURS = {"right": "green", "wrong": "red", "not begun": "yellow"}


def main(arguments=None):
    """Run one command; returns the exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments and arguments[0] not in ("test", "notebook", "-h", "--help"):
        arguments = ["walk", *arguments]
    with any_letter():
        try:
            options = _parser().parse_args(arguments)
            return options.run(options)
        except InputError as error:
            say(f"lessons: error: {error}", error=True)
            return 2
        except KeyboardInterrupt:
            say("lessons: stopped", error=True)
            return 130


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        raise InputError(f"{message} (see python -m lessons --help)")


def _parser():
    parser = _Parser(
        "python -m lessons",
        usage=USAGE,
        description="Fully convolutional networks, lesson by lesson.",
    )
    parser.set_defaults(run=list_lessons)
    subparsers = parser.add_subparsers(parser_class=_Parser, metavar="")

    def command(name, run):
        sub = subparsers.add_parser(
            name, prog="python -m lessons", description=run.__doc__
        )
        sub.set_defaults(run=run)
        sub.add_argument("number", metavar="N", help="the lesson's number")
        return sub

    walking = command("walk", go_through)
    walking.add_argument(
        "--no-pause",
        action="store_true",
        help="run from the first cell to the last",
    )
    walking.add_argument(
        "--list-figures",
        action="store_true",
        help="only name the figures that the lesson draws",
    )
    walking.add_argument(
        "--device",
        choices=DEVICES,
        help="default: $MINIFCN_DEVICE, else auto: the GPU if one works",
    )
    command("test", test)
    notebook = command("notebook", write_notebook)
    notebook.add_argument(
        "--overwrite",
        action="store_true",
        help="replace the notebook that is there",
    )
    return parser


def list_lessons(_):
    """List the lessons."""
    table = Table("", "lesson", "minutes", box=box.SIMPLE)
    for one in all_lessons():
        table.add_row(str(one.number), one.title, str(one.minutes))
    Console(highlight=False).print(
        table, "python -m lessons N goes through lesson N.", sep=""
    )
    return 0


def go_through(options):
    """Go through a lesson, cell by cell: Enter goes on, b back, q quits."""
    one = lesson(options.number)
    if options.list_figures:
        print(*(f"lessons/figures/{name}" for name in one.figures), sep="\n")
        return 0
    if options.device:
        os.environ["MINIFCN_DEVICE"] = options.device
    resolve_device()  # refuses a GPU that does not work before all else
    return 0 if walk(one, pause=not options.no_pause) else 1


def test(options):
    """Tell of each exercise of a lesson whether it is right, or why not."""
    one = lesson(options.number)
    found = verdicts(one, one.beside("exercises"))
    console = Console(highlight=False)
    for name, state, hint in found:
        console.print(f"{name}: [{COLOURS[state]}]{state}[/]", end="")
        print(f": {hint}" if hint else "")
    return 0 if all(state == "right" for _, state, _ in found) else 1


def write_notebook(options):
    """Write a lesson as a Jupyter notebook, beside its script."""
    one = lesson(options.number)
    path = one.path.with_suffix(".ipynb")
    if path.exists() and not options.overwrite:
        raise InputError(
            f"{path} is there already: move it, or say --overwrite"
        )
    notebook = one.notebook()
    notebook.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    jupytext.write(notebook, path)
    print(f"wrote {path}")
    return 0
