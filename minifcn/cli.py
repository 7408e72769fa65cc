"""The command line: what can be asked, and how it ends.

Exit code 0; 2 and one line for bad input; 130 for Ctrl-C.
"""

import argparse
import re
import sys
import warnings

from minifcn import __version__, commands
from minifcn.backend import DEVICES
from minifcn.bench import ALL as BENCH_SECTIONS
from minifcn.errors import InputError
from minifcn.models import BACKBONES, MODELS
from minifcn.models.fcn import UPSAMPLING, UPSAMPLING_KERNELS
from minifcn.optim import SCHEDULES
from minifcn.training import Settings

DATA = ("scenes", "camvid", "voc")


def main(arguments=None):
    """Run one command; returns the exit code."""
    # A run that diverges overflows; its loss says so in one line, NumPy would in many.
    warnings.filterwarnings("ignore", category=RuntimeWarning, module="minifcn")
    try:
        options = _parser().parse_args(arguments)
        options.run(options)
    except InputError as error:
        print(f"minifcn: error: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"minifcn: error: {error.filename or 'a file'}: {error.strerror or error}", file=sys.stderr)
        return 2
    except MemoryError as error:
        print(f"minifcn: error: not enough memory ({error}): use smaller images, batches or width", file=sys.stderr)
        return 2
    except KeyboardInterrupt as stop:
        print(f"minifcn: {str(stop) or 'stopped'}", file=sys.stderr)
        return 130
    return 0


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        raise InputError(f"{message} (see {self.prog} --help)")


def _parser():
    parser = _Parser("minifcn", description="Fully convolutional networks from scratch on NumPy and CuPy.")
    parser.add_argument("--version", action="version", version=__version__)
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(run, help):
        sub = subparsers.add_parser(run.__name__, help=help, description=run.__doc__)
        sub.set_defaults(run=run)
        sub.add_argument("--device", choices=DEVICES, help="default: $MINIFCN_DEVICE, else auto: the GPU if one works")
        return sub

    demo = command(commands.demo, "train FCN-32s, 16s and 8s on generated scenes, in minutes")
    demo.add_argument("--out", metavar="DIR", help="default: runs/demo, or runs/demo-2, ... where that exists")
    demo.add_argument("--epochs", type=int, metavar="N", help="of FCN-32s; the others get fewer, in proportion")
    demo.add_argument("--overwrite", action="store_true", help="replace the run in DIR")
    _add_training(command(commands.train, "train one network"))

    evaluate = command(commands.evaluate, "the paper's four figures of one or more networks")
    evaluate.add_argument("--weights", nargs="+", required=True, metavar="FILE", help="best.npz of one or more runs")
    _add_data(evaluate)
    evaluate.add_argument("--split", default="val", help="default: val")
    evaluate.add_argument(
        "--picture", metavar="FILE", help="write a picture too: image | truth | a column for each network"
    )

    predict = command(commands.predict, "label maps of images")
    predict.add_argument("images", nargs="+", metavar="IMAGE")
    predict.add_argument("--weights", required=True, metavar="FILE", help="best.npz of a run")
    predict.add_argument("--out", required=True, metavar="FILE-OR-DIR", help="a .png file for one image, else a folder")
    predict.add_argument("--overwrite", action="store_true", help="replace files that are there")

    summary = command(commands.summary, "a network layer by layer: sizes, parameters, arithmetic, receptive fields")
    summary.add_argument("model", choices=[*MODELS, *BACKBONES], metavar="MODEL", help=", ".join([*MODELS, *BACKBONES]))

    def setting(name, help, **kind):
        summary.add_argument(f"--{name}", default=argparse.SUPPRESS, help=help, **kind)

    setting("image", "default: 500x500, or the classifier's own size", type=_image_size, metavar="WxH")
    setting("n-class", "default: 21, or 1000 of a classifier", type=int, metavar="N")
    setting("width", "default: 1", type=float, metavar="X")
    setting("fc-channels", "of fc6 and fc7; default: 4096", type=int, metavar="N")
    setting("backbone", "of fcn32s, 16s or 8s; default: vgg16", choices=BACKBONES)
    setting("padding", "of an FCN; default: 100", type=_padding, metavar="100|same")
    setting("upsampling", "of an FCN; default: fixed", choices=UPSAMPLING)
    setting("upsampling-kernels", "of an FCN; default: full", choices=UPSAMPLING_KERNELS)

    arithmetic = command(commands.arithmetic, "the sizes and the matrix of a convolution and its transpose, drawn too")
    arithmetic.add_argument("--input", type=int, metavar="N", help="pixels; default: the slides' seven cases")
    arithmetic.add_argument("--kernel", type=int, metavar="N", help="pixels; goes with --input")
    arithmetic.add_argument("--stride", type=int, metavar="N", help="default: 1")
    arithmetic.add_argument("--padding", type=int, metavar="N", help="default: 0")
    arithmetic.add_argument("--dilation", type=int, metavar="N", help="default: 1")
    arithmetic.add_argument("--out", metavar="DIR", help="draw the matrices, and animations of both")
    arithmetic.add_argument("--overwrite", action="store_true", help="replace pictures that are there")

    bench = command(commands.bench, "how fast this is here, beside PyTorch and the machine's own limits")
    known = ", ".join(BENCH_SECTIONS)
    bench.add_argument("sections", nargs="*", metavar="SECTION", help=f"{known}; default: all")
    bench.add_argument("--out", metavar="DIR", help="write bench.csv and roofline.png")
    bench.add_argument("--overwrite", action="store_true", help="replace those files")

    command(commands.check, "compare every hand-written gradient with a numerical one")
    return parser


def _add_data(parser):
    parser.add_argument("--data", choices=DATA, default=argparse.SUPPRESS, help="default: scenes, which are generated")
    parser.add_argument("--root", metavar="DIR", default=argparse.SUPPRESS, help="the data set's folder")


def _add_training(parser):
    """Options of train. Those not given are left out of the result: the run's, or the defaults, hold."""
    _add_data(parser)
    default = Settings()

    def option(name, help, **kind):
        value = getattr(default, name.replace("-", "_"))
        text = f"{help}; default: {value}" if value is not None else help
        parser.add_argument(f"--{name}", default=argparse.SUPPRESS, help=text, **kind)

    parser.add_argument("--model", choices=MODELS, default=argparse.SUPPRESS, help=f"default: {default.model}")
    parser.add_argument("--out", required=True, metavar="DIR", help="the run's folder")
    parser.add_argument("--resume", action="store_true", help="go on with the run in DIR, with its settings")
    parser.add_argument("--overwrite", action="store_true", help="replace the run in DIR")
    option(
        "init", "start from these weights, by name: FCN-16s from an FCN-32s, FCN-8s from an FCN-16s", metavar="WEIGHTS"
    )
    option("epochs", "passes over the training images", type=int, metavar="N")
    option("batch-size", "images a batch", type=int, metavar="N")
    option("accumulate", "batches whose gradients make one step", type=int, metavar="N")
    option("lr", "learning rate", type=float, metavar="X")
    option("schedule", "of the learning rate", choices=SCHEDULES)
    option("momentum", "of SGD", type=float, metavar="X")
    option("weight-decay", "of SGD, not for biases", type=float, metavar="X")
    option("backbone", "the classifier that an fcn32s, 16s or 8s is built upon; default: vgg16", choices=BACKBONES)
    option("at-once", "scale the pools, to train all skips at once", action=argparse.BooleanOptionalAction)
    option("width", "scales the trunk's channels", type=float, metavar="X")
    option("fc-channels", "channels of fc6 and fc7", type=int, metavar="N")
    option("padding", "100: the paper's; same: economical", type=_padding, metavar="100|same")
    option("dropout", "after fc6 and fc7", type=float, metavar="P")
    option("upsampling", "bilinear for good, or to begin with", choices=UPSAMPLING)
    option("upsampling-kernels", "one for each pair of classes, or for each class", choices=UPSAMPLING_KERNELS)
    option("mirror", "show half of the images mirrored", action=argparse.BooleanOptionalAction)
    option("crop", "train on random crops of N x N pixels", type=int, metavar="N")
    option("jitter", "shift images by up to N pixels", type=int, metavar="N")
    option("recompute", "compute maps twice to keep fewer", action=argparse.BooleanOptionalAction)
    option("seed", "of everything random", type=int, metavar="N")


def _padding(text):
    if text != "same" and not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number of pixels, as 100, nor same")
    return text if text == "same" else int(text)


def _image_size(text):
    """ "500x375" (width x height, as pictures are described) -> (375, 500)."""
    size = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", text)
    if not size:
        raise argparse.ArgumentTypeError(f"{text!r} is no size as 500x375, width x height")
    return int(size[2]), int(size[1])
