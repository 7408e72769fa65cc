"""python -m lessons grade: from a folder of answers to a table of grades."""

import csv
from pathlib import Path

from lessons.grading.answers import Answers
from lessons.grading.submissions import cells_of, handed_in
from lessons.hints import Wrong
from lessons.lesson import lesson
from lessons.testing import Verdict, checks_of
from minifcn.commands.streams import say
from minifcn.errors import InputError


def add_arguments(parser):
    parser.add_argument(
        "folder",
        metavar="FOLDER",
        type=Path,
        help="a folder for each student, or files such as kim_07_transposed.py",
    )
    parser.add_argument(
        "--lessons",
        metavar="N",
        nargs="+",
        default=(),
        help="the lessons to grade (default: those that somebody handed in)",
    )
    parser.add_argument(
        "--out", metavar="FILE.csv", type=Path, required=True, help="the table"
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace a table that is there"
    )


def run(options):
    """Grade what a class handed in, a point for each exercise that is right."""
    students, others = handed_in(options.folder)
    for path in others:
        say(f"no answers to a lesson, by its name: {path}", error=True)
    numbers = {number for files in students.values() for number in files}
    asked = dict.fromkeys(options.lessons) or map(str, sorted(numbers))
    lessons = [lesson(number) for number in asked]
    if not lessons:
        raise InputError(
            f"{options.folder} has no answers to any lesson: they are files "
            "such as kim/07_transposed.py or kim_07_transposed.ipynb"
        )
    if options.out.exists() and not options.overwrite:
        raise InputError(
            f"{options.out} is there already: move it, or say --overwrite"
        )
    exercises = [f"{o.number} {name}" for o in lessons for name in checks_of(o)]
    with _opened(options.out) as file:
        table = csv.writer(file)
        table.writerow(["student", *exercises, "points", "of", "feedback"])
        for student, files in sorted(students.items()):
            found = [
                (one.number, each)
                for one in lessons
                for each in graded(one, files.get(one.number))
            ]
            points = [int(each.state == "right") for _, each in found]
            feedback = "\n".join(f"{number} {each}" for number, each in found)
            cells = [*points, sum(points), len(points), plain(feedback)]
            table.writerow([plain(student), *cells])
            file.flush()  # whoever stops here keeps what has been graded
            say(f"{student}: {sum(points)} of {len(points)}")
    return 0


def graded(lesson, path):
    """[Verdict] of somebody's answers to a lesson; path: None without any."""
    checks = checks_of(lesson)
    if path is None:
        return [Verdict(name, "not begun", "no file") for name in checks]
    try:
        cells = cells_of(path)
    except Wrong as error:
        return [Verdict(name, "wrong", str(error)) for name in checks]
    with Answers(cells) as answers:
        return [answers.verdict(name, check) for name, check in checks.items()]


def _opened(path):
    """A new file; its mark tells spreadsheets that it is in UTF-8."""
    try:
        return open(path, "w", encoding="utf-8-sig", newline="")
    except OSError as error:
        why = error.strerror
        raise InputError(f"{path} cannot be written: {why}") from error


def plain(text):
    """Text that spreadsheets take for no formula, and terminals for no more."""
    text = "".join(c if c.isprintable() or c == "\n" else "?" for c in text)
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text
