"""The command `evaluate`."""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from minifcn.commands.options import add_settings
from minifcn.commands.streams import say
from minifcn.commands.terminal import print_results
from minifcn.data import open_splits
from minifcn.errors import InputError
from minifcn.machines.together import in_first
from minifcn.pictures.runs import save_predictions
from minifcn.training.evaluation import compare
from minifcn.training.settings import TOLD, Settings
from minifcn.weights.tensors import read_about


def add_arguments(parser: ArgumentParser) -> None:
    parser.usage = f"{parser.prog} --weights FILE ... [option ...]"
    parser.add_argument("--weights", nargs="+", required=True, metavar="FILE", help="best.npz of one or more runs")
    help = "write a picture too: image | truth | a column for each network"
    parser.add_argument("--picture", metavar="FILE", help=help)
    data = add_settings(parser, Settings, "evaluate")["data"]
    data.add_argument("--split", default="val", metavar="NAME", help="of its splits; default: val")


def run(options: Namespace) -> None:
    """Compare predictions with the truth: pixel accuracy, mean accuracy, mean IU, frequency-weighted IU."""
    if options.picture is not None and not (options.picture.endswith(".png") and Path(options.picture).parent.is_dir()):
        raise InputError(f"--picture {options.picture}: expected a .png file in a folder that exists")
    print(options.device_reason)
    given = in_first(options.group, lambda: _given(options))
    given["root"] = getattr(options, "root", given["root"])  # it may lie elsewhere on this machine
    dataset = open_splits(splits=[options.split], **given)[0]
    scores, rows = compare(options.weights, dataset, options.device, options.group)
    print_results(scores, dataset)
    if options.picture and options.group.rank == 0:
        save_predictions(options.picture, rows, dataset.classes, dataset.palette)
        say(f"wrote {options.picture}")


def _given(options: Namespace) -> dict[str, Any]:
    """What opens the data set; what is not told of it is as the first of the networks was trained with."""
    about = read_about(options.weights[0])
    sizes = {path: read_about(path).get("size") or "their own size" for path in options.weights}
    if not hasattr(options, "size") and len(set(sizes.values())) > 1:
        told = ", ".join(f"{path}: {size}" for path, size in sizes.items())
        raise InputError(f"the networks saw images at different sizes ({told}): give --size, or evaluate one by one")
    given = {name: getattr(options, name) for name in ("root", "size", *TOLD) if hasattr(options, name)}
    data = getattr(options, "data", Settings.data)
    told = about.get("told", {}) if data == about.get("data") else {}
    how = {"root": None, "size": about.get("size"), **told} | given
    if how["size"]:
        say(
            f"images and labels are brought to {how['size']} pixels, as {'asked' if 'size' in given else 'in training'}"
        )
    return {"name": data, **how}
