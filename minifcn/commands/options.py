"""Options made from the table of settings."""

import argparse
import typing
from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from minifcn.training.settings import GROUPS, Settings, option, settings_of


def add_settings(
    parser: ArgumentParser,
    kind: type[Settings],
    command: str | None = None,
    defaults: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Add the settings of `kind`'s command, or of another, to a parser -> {name: its group of options} of GROUPS.

    A setting that is not given is left out of the result: the run's own holds, or the default, as help tells it.
    defaults  the values that hold otherwise, None: those of `kind`
    """
    groups = {name: parser.add_argument_group(name) for name in GROUPS}
    defaults = defaults or vars(kind())
    for field in settings_of(kind, command):
        about = field.metadata
        groups[about["group"]].add_argument(
            option(field.name),
            default=argparse.SUPPRESS,
            help=_help(about, defaults.get(field.name)),
            **_way_to_give(field),
        )
    return groups


def _way_to_give(field):
    """How argparse takes a setting, by its type."""
    kind, *_ = typing.get_args(field.type) or (field.type,)  # int of int | None
    if kind is bool:
        return {"action": argparse.BooleanOptionalAction}
    about = {"metavar": field.metadata["metavar"], "choices": field.metadata["choices"]}
    return about | ({"nargs": "+"} if kind is list else {"type": field.metadata["parse"] or kind})


def _help(about, default):
    text = about["help"] + (f": {', '.join(about['choices'])}" if about["choices"] else "")
    if default is None:
        default = about["otherwise"]
    elif isinstance(default, bool):
        default = "yes" if default else "no"
    elif isinstance(default, float):
        default = f"{default:g}"
    return text if default is None else f"{text}; default: {default}"
