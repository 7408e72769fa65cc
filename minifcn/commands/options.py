"""Options made from the table of settings, and the one that only several processes can have."""

import argparse
import typing
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from typing import Any

from minifcn.commands.numbers import READ
from minifcn.errors import InputError
from minifcn.training.settings import GROUPS, Settings, option, settings_of, shown


def add_settings(
    parser: ArgumentParser, kind: type[Settings], command: str | None = None, defaults: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Add the settings of `kind`'s command, or of another, to a parser -> {name: its group of options} of GROUPS.

    A setting that is not given is left out of the result: the run's own holds, or the default, as help tells it.
    defaults  the values that hold otherwise, None: those of `kind`
    """
    groups = {name: parser.add_argument_group(name) for name in GROUPS}
    defaults = defaults or vars(kind())
    for field in settings_of(kind, command):
        about, default = field.metadata["about"], defaults.get(field.name)
        value, *_ = typing.get_args(field.type) or (field.type,)  # int of int | None
        if value is bool:
            way: dict[str, Any] = {"action": argparse.BooleanOptionalAction}
        else:
            way = {"metavar": about.metavar, "choices": about.choices}
            read = about.parse or (str if value is list else value)
            way |= {"type": READ.get(read, read)} | ({"nargs": "+"} if value is list else {})
        help = about.help + (f": {', '.join(about.choices)}" if about.choices else "")
        if said := about.otherwise if default is None else shown(default):
            help += f"; default: {said}"
        groups[about.group].add_argument(option(field.name), default=argparse.SUPPRESS, help=help, **way)
    return groups


def sharing(options: Namespace) -> dict[str, Any]:
    """Who trains together, and how gradients travel between them, for a `Trainer`: {"group": ..., "wire": ...}.

    Raises InputError where they are to travel, but one process trains alone.
    """
    if options.wire and options.group.size == 1:
        what = f"--wire {options.wire}: gradients travel between several processes only"
        raise InputError(f"{what}: leave it out, or start them, mpiexec -n 4 python -m minifcn ...")
    return {"group": options.group, "wire": options.wire}
