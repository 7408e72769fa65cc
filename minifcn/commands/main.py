"""The command line: what can be asked, and how it ends.

Exit code 0; 2 and one line for bad input; 130 for Ctrl-C.
"""

import argparse
import re
import sys
import warnings

from minifcn import __version__
from minifcn.backend import DEVICES
from minifcn.commands import actions
from minifcn.commands.bench import ALL as BENCH_SECTIONS
from minifcn.errors import Caution, InputError
from minifcn.models import BACKBONES, MODELS
from minifcn.models.fcn import UPSAMPLING, UPSAMPLING_KERNELS
from minifcn.optim import SCHEDULES
from minifcn.training.pretraining import PretrainSettings
from minifcn.training.recipes import RECIPES
from minifcn.training.settings import LOSSES, Settings, option

DATA = ("scenes", "camvid", "voc")


def main(arguments=None):
    """Run one command; returns the exit code."""
    # A run that diverges overflows; its loss says so in one line, NumPy would in many.
    warnings.filterwarnings("ignore", category=RuntimeWarning, module="minifcn")
    warnings.filterwarnings("always", category=Caution)
    warnings.showwarning = _show_warning
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


def _show_warning(message, category, filename, lineno, file=None, line=None):
    if issubclass(category, Caution):
        print(f"minifcn: caution: {message}", file=sys.stderr)
    else:
        print(warnings.formatwarning(message, category, filename, lineno, line), end="", file=sys.stderr)


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

    demo = command(actions.demo, "train FCN-32s, 16s and 8s on generated scenes, in minutes")
    demo.add_argument("--out", metavar="DIR", help="default: runs/demo, or runs/demo-2, ... where that exists")
    demo.add_argument("--epochs", type=int, metavar="N", help="of FCN-32s; the others get fewer, in proportion")
    demo.add_argument("--overwrite", action="store_true", help="replace the run in DIR")
    train = command(actions.train, "train one network")
    _add_training(train, Settings(), MODELS, [name for name in SETTINGS if name != "auxiliary"])
    train.add_argument("--recipe", choices=RECIPES, help="a published training; what is given beside it holds")
    train.add_argument("--explain", action="store_true", help="say what each setting is, whence, and for a pixel; stop")
    pretrain = command(actions.pretrain, "train a classifier on labels of whole images, for train --init")
    _add_training(pretrain, PretrainSettings(), BACKBONES, PRETRAINING)

    evaluate = command(actions.evaluate, "the paper's four figures of one or more networks")
    evaluate.add_argument("--weights", nargs="+", required=True, metavar="FILE", help="best.npz of one or more runs")
    _add_data(evaluate)
    evaluate.add_argument("--split", default="val", help="default: val")
    evaluate.add_argument(
        "--picture", metavar="FILE", help="write a picture too: image | truth | a column for each network"
    )

    predict = command(actions.predict, "label maps of images")
    predict.add_argument("images", nargs="+", metavar="IMAGE")
    predict.add_argument("--weights", required=True, metavar="FILE", help="best.npz of a run")
    predict.add_argument("--out", required=True, metavar="FILE-OR-DIR", help="a .png file for one image, else a folder")
    predict.add_argument("--overwrite", action="store_true", help="replace files that are there")

    summary = command(actions.summary, "a network layer by layer: sizes, parameters, arithmetic, receptive fields")
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

    arithmetic = command(actions.arithmetic, "the sizes and the matrix of a convolution and its transpose, drawn too")
    arithmetic.add_argument("--input", type=int, metavar="N", help="pixels; default: the slides' seven cases")
    arithmetic.add_argument("--kernel", type=int, metavar="N", help="pixels; goes with --input")
    arithmetic.add_argument("--stride", type=int, metavar="N", help="default: 1")
    arithmetic.add_argument("--padding", type=int, metavar="N", help="default: 0")
    arithmetic.add_argument("--dilation", type=int, metavar="N", help="default: 1")
    arithmetic.add_argument("--out", metavar="DIR", help="draw the matrices, and animations of both")
    arithmetic.add_argument("--overwrite", action="store_true", help="replace pictures that are there")

    bench = command(actions.bench, "how fast this is here, beside PyTorch and the machine's own limits")
    known = ", ".join(BENCH_SECTIONS)
    bench.add_argument("sections", nargs="*", metavar="SECTION", help=f"{known}; default: all")
    bench.add_argument("--out", metavar="DIR", help="write bench.csv and roofline.png")
    bench.add_argument("--overwrite", action="store_true", help="replace those files")

    command(actions.check, "compare every hand-written gradient with a numerical one")
    return parser


def _add_data(parser):
    parser.add_argument("--data", choices=DATA, default=argparse.SUPPRESS, help="default: scenes, which are generated")
    parser.add_argument("--root", metavar="DIR", default=argparse.SUPPRESS, help="the data set's folder")


def _add_training(parser, settings, models, names):
    """Options of a training. Those not given are left out of the result: the run's, or the defaults, hold."""
    _add_data(parser)
    parser.add_argument("--model", choices=models, default=argparse.SUPPRESS, help=f"default: {settings.model}")
    parser.add_argument("--out", metavar="DIR", help="the run's folder")
    parser.add_argument("--resume", action="store_true", help="go on with the run in DIR, with its settings")
    parser.add_argument("--overwrite", action="store_true", help="replace the run in DIR")
    for name in names:
        help, kind = SETTINGS[name]
        value = getattr(settings, name)
        parser.add_argument(
            option(name),
            default=argparse.SUPPRESS,
            help=help if value is None else f"{help}; default: {value}",
            **kind,
        )


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


# Settings of a training: (help, how argparse takes them).
SETTINGS = {
    "init": (
        "start from these weights, by name: a classifier's (minifcn pretrain, torchvision's .pth), or an FCN-32s' for "
        "FCN-16s, an FCN-16s' for FCN-8s",
        {"metavar": "WEIGHTS"},
    ),
    "freeze": ("layers that do not learn, as 'conv*' 'fc*'", {"nargs": "+", "metavar": "PATTERN"}),
    "epochs": ("passes over the training images", {"type": int, "metavar": "N"}),
    "batch_size": ("images a batch", {"type": int, "metavar": "N"}),
    "accumulate": ("batches whose gradients make one step", {"type": int, "metavar": "N"}),
    "lr": ("learning rate", {"type": float, "metavar": "X"}),
    "schedule": ("of the learning rate", {"choices": SCHEDULES}),
    "momentum": ("of SGD", {"type": float, "metavar": "X"}),
    "weight_decay": ("of SGD, not for biases", {"type": float, "metavar": "X"}),
    "loss": ("mean or sum over the pixels of a batch", {"choices": LOSSES}),
    "sample": ("count each pixel with this probability", {"type": float, "metavar": "P"}),
    "class_balance": ("let rare classes weigh more", {"action": argparse.BooleanOptionalAction}),
    "backbone": (
        "the classifier that an fcn32s, 16s or 8s is built upon; default: vgg16, or that of --init",
        {"choices": BACKBONES},
    ),
    "at_once": ("scale the pools, to train all skips at once", {"action": argparse.BooleanOptionalAction}),
    "width": ("scales the trunk's channels", {"type": float, "metavar": "X"}),
    "fc_channels": ("channels of fc6 and fc7", {"type": int, "metavar": "N"}),
    "image_size": (
        "side of the images that the backbone classifies, which gives fc6 its kernel; default: the published one",
        {"type": int, "metavar": "N"},
    ),
    "padding": ("100: the paper's; same: economical", {"type": _padding, "metavar": "100|same"}),
    "dropout": ("after fc6 and fc7", {"type": float, "metavar": "P"}),
    "upsampling": ("bilinear for good, or to begin with", {"choices": UPSAMPLING}),
    "upsampling_kernels": ("one for each pair of classes, or for each class", {"choices": UPSAMPLING_KERNELS}),
    "mirror": ("show half of the images mirrored", {"action": argparse.BooleanOptionalAction}),
    "crop": ("train on random crops of N x N pixels; a classifier is made for these", {"type": int, "metavar": "N"}),
    "jitter": ("shift images by up to N pixels", {"type": int, "metavar": "N"}),
    "auxiliary": ("train GoogLeNet's auxiliary classifiers too", {"action": argparse.BooleanOptionalAction}),
    "recompute": ("compute maps twice to keep fewer", {"action": argparse.BooleanOptionalAction}),
    "seed": ("of everything random", {"type": int, "metavar": "N"}),
}
PRETRAINING = (
    *("init", "freeze", "epochs", "batch_size", "accumulate", "lr", "schedule", "momentum", "weight_decay"),
    *("width", "fc_channels", "dropout", "mirror", "crop", "jitter", "auxiliary", "seed"),
)
