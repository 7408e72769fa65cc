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
from rich.text import Text

from lessons import handout
from lessons.grading import grade
from lessons.lesson import all_lessons, in_clone, lesson
from lessons.testing import verdicts
from lessons.walk import walk
from minifcn.backend import DEVICES, resolve_device
from minifcn.commands.main import heed_ctrl_c
from minifcn.commands.streams import any_letter, flush, say
from minifcn.errors import InputError

USAGE = """python -m lessons              list the lessons
       python -m lessons N            go through lesson N (-h: its options)
       python -m lessons test [N]     tell which of its exercises are right
       python -m lessons notebook N   write it as a Jupyter notebook
       python -m lessons handout      write them for a class
       python -m lessons grade        grade what the class handed in"""
COMMANDS = ("test", "notebook", "handout", "grade")
COLOURS = {"right": "green", "wrong": "red", "not begun": "yellow"}


def main(arguments=None):
    """Run one command; returns the exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments and arguments[0] not in (*COMMANDS, "-h", "--help"):
        arguments = ["walk", *arguments]
    heed_ctrl_c()
    with any_letter():
        try:
            return _run(arguments)
        except BrokenPipeError:  # nobody reads on, as behind `| head`
            return 1
        except InputError as error:
            say(f"lessons: error: {error}", error=True)
            return 2
        except OSError as error:  # a full disk, say
            what = error.filename or "a file, or what is printed"
            why = error.strerror or error
            say(f"lessons: error: {what}: {why}", error=True)
            return 2
        except KeyboardInterrupt:
            say("lessons: stopped", error=True)
            return 130


def _run(arguments):
    """Run one command; returns the exit code."""
    try:
        options = _parser().parse_args(arguments)
        return options.run(options)
    finally:
        flush()


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
    subparsers = parser.add_subparsers(
        parser_class=_Parser, help=argparse.SUPPRESS
    )

    def command(name, run, called, **number):
        sub = subparsers.add_parser(
            name, prog=f"python -m lessons{called}", description=run.__doc__
        )
        sub.set_defaults(run=run)
        number = {"metavar": "N", "help": "the lesson's number"} | number
        sub.add_argument("number", **number)
        return sub

    walking = command("walk", go_through, "")
    walking.add_argument(
        "--from",
        type=int,
        dest="start",
        metavar="CELL",
        help="begin at this cell; default: where you left",
    )
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
    command("test", test, " test", nargs="?")
    notebook = command("notebook", write_notebook, " notebook")
    notebook.add_argument(
        "--overwrite",
        action="store_true",
        help="replace the notebook that is there",
    )
    for name, module in {"handout": handout, "grade": grade}.items():
        sub = subparsers.add_parser(
            name,
            prog=f"python -m lessons {name}",
            description=module.run.__doc__,
        )
        module.add_arguments(sub)
        sub.set_defaults(run=module.run)
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
    if options.start is not None and options.start not in range(
        1, len(one.cells) + 1
    ):
        raise InputError(
            f"--from {options.start}: lesson {one.number} has the cells 1 to "
            f"{len(one.cells)}"
        )
    return 0 if walk(one, not options.no_pause, options.start) else 1


def test(options):
    """Tell of a lesson's exercises, or of all begun, which are right."""
    if options.number:
        one = lesson(options.number)
        if not one.beside("answers").exists():
            print(f"Write your answers in {in_clone(one.answers())}.")
        return _tell(verdicts(one, one.answers()))
    code = None
    for one in all_lessons():
        path = one.beside("answers")
        try:
            found = verdicts(one, path) if path.exists() else ()
        except InputError as error:
            say(f"lessons: error: {error}", error=True)
            code = 2
        else:
            if any(each.state != "not begun" for each in found):
                print(f"Lesson {one.number}")
                code = max(code or 0, _tell(found))
    if code is None:
        print("Nothing is begun. python -m lessons test 7 begins lesson 7's.")
    return code or 0


def _tell(found):
    """Print verdicts; returns the exit code."""
    console = Console(highlight=False, soft_wrap=True)
    for each in found:
        line, colour = Text(str(each)), COLOURS[each.state]
        start = len(each.name) + 2
        line.stylize(colour, start, start + len(each.state))
        console.print(line)
    return 0 if all(each.state == "right" for each in found) else 1


def write_notebook(options):
    """Write a lesson with its exercises as a notebook, beside its script."""
    one = lesson(options.number)
    path = one.path.with_suffix(".ipynb")
    if path.exists() and not options.overwrite:
        raise InputError(
            f"{path} is there already: move it, or say --overwrite"
        )
    jupytext.write(one.notebook_with_exercises(), path)
    print(f"wrote {path}")
    return 0
