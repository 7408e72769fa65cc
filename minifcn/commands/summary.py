"""The command `summary`."""

import argparse
import inspect
import re
from argparse import ArgumentParser, Namespace
from typing import Any

from minifcn.commands.numbers import whole
from minifcn.commands.options import add_settings
from minifcn.commands.tables import console, new_table
from minifcn.errors import InputError
from minifcn.models import BACKBONES, FCN, MODELS
from minifcn.models.summary import classifiers_field, figures, summarize
from minifcn.training.settings import MOST, PretrainSettings, Settings, settings_of, typed
from minifcn.training.starting import check_backbone

SETTINGS = [field.name for field in settings_of(Settings, "summary")]
OF_FCNS = set(SETTINGS) - {field.name for field in settings_of(PretrainSettings)}


def add_arguments(parser: ArgumentParser) -> None:
    known = [*MODELS, *BACKBONES]
    parser.usage = f"{parser.prog} MODEL [option ...]"
    parser.add_argument("model", choices=known, metavar="MODEL", help=", ".join(known))
    as_published = {name: parameter.default for name, parameter in inspect.signature(FCN).parameters.items()}
    network = add_settings(parser, Settings, "summary", as_published)["network"]
    help = "default: 21, or 1000 of a classifier"
    network.add_argument("--n-class", type=whole, default=argparse.SUPPRESS, metavar="N", help=help)
    network.add_argument("--image", type=_size, metavar="WxH", help="default: 500x500, or the classifier's own size")


def run(options: Namespace) -> None:
    """Print an FCN or a classifier layer by layer, from its geometry alone: nothing is computed.

    A classifier is shown convolutionized: on its own image size one score of each class, on larger images a map.
    """
    name = options.model
    given = {key: getattr(options, key) for key in ("n_class", *SETTINGS) if hasattr(options, key)}
    for key in OF_FCNS & given.keys() if name in BACKBONES else ():
        raise InputError(
            f"{typed(key, given[key])}: {name} is a classifier, and that is for FCNs, as fcn32s: leave it out"
        )
    Settings(**{key: value for key, value in given.items() if key in SETTINGS}).check()
    if given.get("n_class", 1) > MOST:
        raise InputError(f"--n-class is {given['n_class']}; expected 1 to {MOST}")
    check_backbone(name, given)
    networks: dict[str, Any] = {**MODELS, **BACKBONES}
    model = networks[name](**given)
    side = model.image_size if name in BACKBONES else 500
    image = options.image or (side, side)
    _print_layers(model, summarize(model, image), image)
    _print_figures(model)


def _size(text: str) -> tuple[int, int]:
    """ "500x375" (width x height, as pictures are described) -> (375, 500)."""
    size = re.fullmatch(r"([1-9]\d{0,6})x([1-9]\d{0,6})", text, re.ASCII)
    if not size or max(int(size[1]), int(size[2])) > MOST:
        raise argparse.ArgumentTypeError(f"{text!r} is no size as 500x375, width x height, pixels from 1 to {MOST}")
    return int(size[2]), int(size[1])


def _print_layers(model, rows, image_size):
    """A network's layers, for an image of (H, W)."""
    title = f"{model.title}, image {image_size[1]}x{image_size[0]}"
    table = new_table(title, "layer", "output", "parameters", "mult-adds", "field", "stride")
    table.show_edge, table.collapse_padding = False, True  # GoogLeNet's names are long
    for row in rows:
        counts = (f"{row.parameters:,}", f"{row.multiply_adds / 1e6:,.1f}") if row.parameters else ("", "")
        table.add_row(row.name, "x".join(map(str, row.output)), *counts, f"{row.receptive_field}", f"{row.stride}")
    table.add_section()
    parameters, multiply_adds = sum(row.parameters for row in rows), sum(row.multiply_adds for row in rows)
    table.add_row("total", "", f"{parameters:,}", f"{multiply_adds / 1e6:,.1f}", "", "")
    console.print(table)
    print("\noutput: channels x rows x columns; mult-adds: in millions")
    print("field: receptive field; field and stride in image pixels")


def _print_figures(model):
    """A network in a row of the paper's table, and what its columns mean."""
    found = figures(model)
    print()
    table = new_table("in the columns of the paper's table", "", "conv. layers", "parameters", "field", "max stride")
    counts = found.conv_layers, f"{found.parameters:,}", found.receptive_field, found.stride
    table.add_row(model.title, *map(str, counts))
    console.print(table)
    print("conv. layers: the most on any path from image to score")
    if not isinstance(model, FCN):
        print("fully connected layers are shown, and counted, as convolutions")
        return
    print("parameters: without the upsampling; field: of a coarse score")
    if (field := classifiers_field(model)) != found.receptive_field:
        print(f"  ({field} in the paper, which counts the average pooling that the FCN leaves out)")
    way, kernels = model.settings["upsampling"], model.settings["upsampling_kernels"]
    print(f"upsampling: {way}, bilinear", "for good" if way == "fixed" else "to begin with, then learned")
    print(f"upsampling_kernels: {kernels}, one for each", "pair of classes" if kernels == "full" else "class")
    if kernels == "full":
        print("  (between different classes 0)" if way == "fixed" else "  (between different classes 0 at first)")
