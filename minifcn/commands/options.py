"""Options made from the table of settings."""

import argparse
import typing
from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

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
            way |= {"nargs": "+", "type": about.parse} if value is list else {"type": about.parse or value}
        help = about.help + (f": {', '.join(about.choices)}" if about.choices else "")
        if said := about.otherwise if default is None else shown(default):
            help += f"; default: {said}"
        groups[about.group].add_argument(option(field.name), default=argparse.SUPPRESS, help=help, **way)
    return groups
