"""The command `export`."""

import os
from argparse import ArgumentParser, Namespace
from pathlib import Path

from minifcn.commands.main import check_free
from minifcn.commands.streams import say
from minifcn.commands.tables import console
from minifcn.commands.terminal import print_preprocessing
from minifcn.data import Preprocessing
from minifcn.errors import InputError
from minifcn.models import FCN
from minifcn.text import one_line
from minifcn.weights.exporting import FORMATS, export, format_of
from minifcn.weights.loading import load_any

MOST_CLASSES = 40  # that are named
READ_BY = {
    ".pth": "torch.load(FILE, weights_only=True) gives the weights alone; the file has this for minifcn:",
    ".safetensors": "its metadata has this, too, under 'minifcn':",
    ".npz": "for --weights and --init; a training is resumed from its own folder alone",
    ".onnx": "input 'images', output 'scores'; its metadata has this, too, under 'minifcn':",
}


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--weights", required=True, metavar="FILE", help="best.npz of a run, or a file of others")
    help = f"the file to write; how its name ends says in which format: {', '.join(FORMATS)}"
    parser.add_argument("--out", required=True, metavar="FILE", help=help)
    parser.add_argument("--overwrite", action="store_true", help="replace a file that is there")


def run(options: Namespace) -> None:
    """Write a network's weights for other programs, PyTorch and ONNX Runtime among them, or for minifcn again."""
    out = Path(options.out)
    suffix = format_of(out)
    if out.exists() and os.path.realpath(out) == os.path.realpath(options.weights):
        raise InputError(f"--out {out} is the file of --weights itself: name another --out")
    check_free(out, options.overwrite)
    model, about = load_any(options.weights)
    preprocessing, classes = Preprocessing.from_dict(about["preprocessing"]), about["classes"]
    out.parent.mkdir(parents=True, exist_ok=True)
    export(out, model, about)

    if isinstance(model, FCN):
        title = f"{model.title} on {model.settings['backbone']}, padding {model.settings['padding']}"
        size = f"height and width from {model.least_size()} on"
    else:
        title, size = model.title, f"{model.image_size}, {model.image_size}"
    parameters = sum(parameter.size for parameter in model.parameters())
    say(f"wrote {out}, {out.stat().st_size / 1e6:.1f} MB: {title}, {parameters:,} parameters")
    print(READ_BY[suffix])
    print_preprocessing(f"images go in as floats (N, 3, {size}), from 0 to 255,", preprocessing)
    if about.get("size"):
        print(f"  resized before that, as by --size {about['size']}")
    named = ", ".join(f"{number} {name}" for number, name in enumerate(classes[:MOST_CLASSES]))
    more = f" and {len(classes) - MOST_CLASSES} more" if len(classes) > MOST_CLASSES else ""
    console.print(one_line(f"classes: {named}{more}"), markup=False)
