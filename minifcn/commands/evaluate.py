"""The command `evaluate`."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from minifcn.commands.options import add_settings
from minifcn.commands.streams import say
from minifcn.commands.terminal import print_results
from minifcn.data import open_dataset
from minifcn.errors import InputError
from minifcn.pictures.runs import save_predictions
from minifcn.training.evaluation import compare
from minifcn.training.settings import Settings


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
    data, root = (getattr(options, name, getattr(Settings, name)) for name in ("data", "root"))
    dataset = open_dataset(data, root, options.split)
    scores, rows = compare(options.weights, dataset, options.device)
    print_results(scores, dataset)
    if options.picture:
        save_predictions(options.picture, rows, dataset.classes, dataset.palette)
        say(f"wrote {options.picture}")
