"""The command `check`."""

from argparse import ArgumentParser, Namespace

from rich.text import Text

from minifcn.commands.tables import console, new_table
from minifcn.errors import InputError
from minifcn.gradcheck import check_everything


def add_arguments(parser: ArgumentParser) -> None:
    """It has none of its own."""


def run(options: Namespace) -> None:
    """Compare every layer's hand-written gradients, and a small FCN-8s', with central differences."""
    print(options.device_reason)
    reports = check_everything(options.device)
    table = new_table("hand-written against numerical gradients, float64", "layer", "error", "entries", "kinks", "")
    for name, report in reports:
        verdict = Text("ok", "green") if report.ok() else Text("WRONG", "red")
        table.add_row(name, f"{report.error:.1e}", f"{report.compared}", f"{report.kinks}", verdict)
    console.print(table)
    print("error: largest relative error of all gradients")
    print("kinks: entries left out, where there is no gradient")
    if wrong := [name for name, report in reports if not report.ok()]:
        raise InputError(f"gradients differ from the numerical ones: {', '.join(wrong)}")
