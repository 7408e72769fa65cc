"""The command line: which commands there are, and how each ends.

Exit code 0; 2 and one line for bad input; 130 for Ctrl-C; 1 where nobody reads on, as after `| head`. A command's
options, and what it does, stand in the file of its name, which is imported only where that command is asked for.
Where several processes run it together (`minifcn.machines`), all end alike, and the first alone speaks.
"""

import argparse
import contextlib
import importlib
import os
import re
import signal
import sys
import textwrap
import warnings
from collections.abc import Iterator
from pathlib import Path

from minifcn import __version__
from minifcn.backend import DEVICES, resolve_device
from minifcn.backend.files import check_folder
from minifcn.backend.memory import release, shortage
from minifcn.commands.streams import any_letter, flush, one_voice, say
from minifcn.errors import Caution, InputError
from minifcn.machines import Group
from minifcn.machines.ending import ends_together
from minifcn.machines.starting import join, sharing_cores, started

ABOUT = "Fully convolutional networks from scratch on NumPy and CuPy."
COMMANDS = {
    "demo": "train FCN-32s, 16s and 8s on generated scenes, in minutes",
    "train": "train one network",
    "pretrain": "train a classifier on labels of whole images, for train --init",
    "data": "look at a data set before anything is trained on it",
    "evaluate": "the paper's four figures of one or more networks",
    "predict": "label maps of images",
    "export": "weights for other programs: .pth, .safetensors, .npz, .onnx",
    "summary": "a network layer by layer: sizes, parameters, receptive fields",
    "arithmetic": "sizes and matrix of a convolution and its transpose, drawn too",
    "bench": "how fast this is here, beside PyTorch and the machine's limits",
    "check": "compare every hand-written gradient with a numerical one",
}
SHARED = ("train", "pretrain", "evaluate", "predict")  # which several processes may do together


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    # A run that diverges overflows; its loss says so in one line, NumPy would in many.
    warnings.filterwarnings("ignore", category=RuntimeWarning, module="minifcn")
    warnings.filterwarnings("always", category=Caution)
    warnings.filterwarnings("ignore", "Image size .* pixels. exceeds limit")  # Pillow's; `read_photo` has its own
    here = started()
    if here.size == 1:
        heed_ctrl_c()
    warnings.showwarning = _Warnings() if here.rank == 0 else _silent
    with any_letter(), one_voice(here.rank, here.size):
        try:
            _run(sys.argv[1:] if arguments is None else arguments)
            return 0
        except KeyboardInterrupt as stop:
            code, what = 130, str(stop) or "stopped"
        except BrokenPipeError:
            return 1
        except InputError as error:
            code, what = 2, f"error: {error}"
        except OSError as error:
            code, what = 2, f"error: {error.filename or 'a file, or what is printed'}: {error.strerror or error}"
        finally:
            release()
        if here.rank == 0:  # here the others have the same to say, if anything: see `ends_together`
            say(f"minifcn: {what}", error=True)
        return code


def _run(arguments):
    """Run one command."""
    try:
        options = _parse(arguments)
        if getattr(options, "out", None) == "":  # a variable of the shell that is not set, say
            raise InputError("--out is empty: name a folder, . is this one")
        if "device" not in options:
            options.run(options)
            return
        with _company(arguments[0]) as options.group, _shortage_in_words(arguments[0], options):
            options.device, options.device_reason = resolve_device(options.device)
            options.run(options)
    finally:
        flush()


@contextlib.contextmanager
def _company(command: str) -> Iterator[Group]:
    """The group of the processes that run the command together, which end together; of one alone, mostly."""
    _, size, variable = started()
    if size > 1 and command not in SHARED:
        several = f"{command} is run by one process, but {size} were started ({variable})"
        raise InputError(f"{several}: leave mpiexec out; several share {', '.join(SHARED)}")
    group = join()
    heed_ctrl_c()
    with ends_together(group), contextlib.ExitStack() as until_then:
        if group.size > 1:
            print(until_then.enter_context(sharing_cores(group)))
        yield group


def heed_ctrl_c() -> None:
    """From now on Ctrl-C is a KeyboardInterrupt, where so far it ended the process: see `minifcn.__main__`."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextlib.contextmanager
def _shortage_in_words(command, options):
    """A shortage of memory is bad input, with advice on how the command would take less."""
    try:
        yield
    except Exception as error:
        if not (what := shortage(error)):
            raise
        from minifcn.commands.shortage import less_memory

        raise InputError(f"{what}: {less_memory(command, options, error)}") from error


def check_free(path: Path, overwrite: bool) -> None:
    """InputError where a command cannot write to `path`, or would replace what is there unasked."""
    check_folder(path.parent)
    if path.is_dir():
        raise InputError(f"{path} is a folder: name another --out")
    if os.path.lexists(path) and not overwrite:  # a link to nowhere, too
        raise InputError(f"{path} exists: give --overwrite to replace it, or another --out")


class _Warnings:
    """Shows a command's warnings; of cautions of one file after the other, epoch by epoch, the first of a kind."""

    def __init__(self):
        self.first = {}

    def __call__(self, message, category, filename, lineno, file=None, line=None):
        if not issubclass(category, Caution):  # of a library, on a picture's EXIF for instance
            say(f"minifcn: caution: {' '.join(str(message).split())} ({Path(filename).stem})", error=True)
        elif not message.kind:
            say(f"minifcn: caution: {message}", error=True)
        elif self.first.setdefault(message.kind, message) is message:
            say(f"minifcn: caution: {message}; of others like it nothing is said", error=True)


def _silent(*_, **__):
    """Shows no warning."""


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        raise InputError(f"{message} (see {self.prog} --help)")


class _Help(argparse.HelpFormatter):
    def _split_lines(self, text, width):
        return textwrap.wrap(text, width, break_on_hyphens=False)  # "fcn-alexnet" stays whole


def _parse(arguments):
    """The options given, among them `run`, the command's function."""
    if odd := next((text for text in arguments if "\0" in text), None):
        raise InputError(f"{odd!r} holds a null character, which no file's name can: leave it out")
    if odd := next((text for text in arguments if re.fullmatch("--[^=]*=--", text)), None):  # argparse drops the value
        raise InputError(f"{odd}: -- is no value; for a name that is so ./-- will do")
    table = [f"  {name:11} {help}" for name, help in COMMANDS.items()]
    parser = _Parser(
        "minifcn",
        usage="minifcn COMMAND [option ...]",
        description="\n".join([ABOUT, "", "commands:", *table]),
        epilog="minifcn COMMAND --help: its options\npython -m lessons, in the clone's folder: all of it in lessons",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=__version__)
    parser.set_defaults(run=lambda _: parser.print_help())
    commands = parser.add_subparsers(prog="minifcn", metavar="COMMAND", help=argparse.SUPPRESS)
    for name in COMMANDS:
        sub = commands.add_parser(name, formatter_class=_Help)
        if name in arguments[:1]:
            add_command(sub, name)
    return parser.parse_args(arguments)


def add_command(parser: argparse.ArgumentParser, name: str) -> None:
    """Add a command's options to a parser, among them `run`, its function."""
    command = importlib.import_module(f"minifcn.commands.{name}")
    parser.description = command.run.__doc__
    parser.set_defaults(run=command.run)
    help = "default: $MINIFCN_DEVICE, else auto: the GPU if one works"
    parser.add_argument("--device", choices=DEVICES, help=help)
    command.add_arguments(parser)
