"""The command `arithmetic`."""

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from minifcn.commands.main import check_free
from minifcn.commands.numbers import whole
from minifcn.commands.streams import say
from minifcn.commands.tables import console, new_table
from minifcn.convolution import SEVEN_CASES, relationship
from minifcn.convolution.arithmetic import Relationship
from minifcn.errors import InputError
from minifcn.pictures import FILES, draw_pictures, in_words, picture_folders

NUMBERS = {
    "input": "pixels; default: the slides' seven cases",
    "kernel": "pixels; goes with --input",
    "stride": "default: 1",
    "padding": "default: 0",
    "dilation": "default: 1",
}


def add_arguments(parser: ArgumentParser) -> None:
    for name, help in NUMBERS.items():
        parser.add_argument(f"--{name}", type=whole, metavar="N", help=help)
    parser.add_argument("--out", metavar="DIR", help="draw the matrices, and animations of both")
    parser.add_argument("--overwrite", action="store_true", help="replace pictures that are there")


def run(options: Namespace) -> None:
    """Print the arithmetic of a convolution and its transpose, along one axis, or the slides' seven cases; --out draws.

    Pictures go to DIR, those of the seven cases to a folder each.
    """
    given = {name: getattr(options, name) for name in NUMBERS if getattr(options, name) is not None}
    if given and not given.keys() >= {"input", "kernel"}:
        raise InputError("a case needs both --input and --kernel; without any number: the slides' seven cases")
    cases: Sequence[Relationship] = SEVEN_CASES
    if given:
        cases = (relationship(given.pop("input"), given.pop("kernel"), **given),)
    folders = picture_folders(options.out, cases) if options.out else []
    for path in (folder / name for folder, _ in folders for name in FILES):
        check_free(path, options.overwrite)
    if len(cases) == 1:
        print(*in_words(cases[0], console.width), sep="\n")
    else:
        _print_table(cases)
    for folder, case in folders:
        draw_pictures(folder, case)
        say(f"in {folder}: {', '.join(FILES)}")


def _print_table(cases):
    table = new_table("the slides' seven cases", "case", "i", "k", "s", "p", "o", "zeros", "p'", "a", "o'", "guide")
    table.collapse_padding = True  # for terminals of 60 columns
    for case in cases:
        numbers = (case.input, case.kernel, case.stride, case.padding, case.output)
        back = (case.zeros_between, case.transposed_padding, case.unseen, case.transposed_output)
        table.add_row(case.name, *map(str, numbers + back), "{}, {}".format(*case.numbers))
    console.print(table)
    print("convolution: i input, k kernel, s stride, p padding,")
    print("  o output, in pixels along one axis")
    print("its transpose, from o back to i: zeros between two pixels,")
    print("  p' padding, a zeros at the end, o' output")
    print("guide: the numbers of both relationships in Dumoulin and")
    print("  Visin, A guide to convolution arithmetic, 2016")
