"""What is told beside the arrays of a weights file, in every format the same: the entry "about", a line of JSON.

The number of this format, the network and its settings, the preprocessing its images went through, the classes and
their colours. So nobody can feed a network images prepared for another. A file may hold anything: the tables say what
each entry must be, and `from_json` refuses the rest.
"""

import json
from typing import Any

from minifcn.data.resizing import parse_size
from minifcn.errors import InputError
from minifcn.text import brief
from minifcn.weights.schema import (
    above_0,
    anything,
    figure,
    flag,
    listing,
    number,
    one_of,
    optional,
    parse,
    table,
    text,
    whole,
)

ABOUT = "about"
METADATA = "minifcn"  # what ABOUT is called where others have entries, too
FORMAT = 1  # of weights files and of a run's config.json; files without one are older, and read as they are
LARGEST = 1_000_000  # channels, classes or pixels

colour = listing(whole(0, 255), 3, 3)
network = table(
    {},
    {
        "n_class": whole(1, LARGEST),
        "width": number(0, 1000),
        "fc_channels": whole(1, LARGEST),
        "padding": optional(whole(0, LARGEST), "same"),
        "dropout": number(0, 1),
        "upsampling": text,
        "upsampling_kernels": text,
        "backbone": text,
        "at_once": flag,
        "image_size": optional(whole(1, LARGEST)),
        "auxiliary": flag,
    },
)
preprocessing = table(
    {"mean": listing(number(), 3, 3), "std": listing(above_0, 3, 3)}, {"channels": one_of("RGB", "BGR")}
)
names = listing(text, 1, LARGEST)
values = listing(whole(0, (1 << 24) - 1))
coding = table({"classes": names, "values": values, "void": values, "colours": flag})
told = table(  # of a folder of one's own: `minifcn.data.Options`
    {},
    {
        "classes": optional(names),
        "values": optional(values),
        "void": optional(whole()),
        "val_share": optional(number(0, 1)),
        "split_seed": optional(whole(-(1 << 63), 1 << 63)),
        "coding": optional(coding),
    },
)
own_folder = table({"told": told, "splits": table({"train": names, "val": names})})  # how a run took it
epoch = table(
    {"epoch": whole(1), **dict.fromkeys(("loss", "val_loss", "lr", "images_per_second"), figure)}, others=figure
)
progress = table(  # of a checkpoint: `minifcn.training.run_folder.Progress`
    {
        "epoch": whole(),
        "batch": whole(),
        "step": whole(),
        "loss": number(),
        "losses": whole(),
        "best": number(-1, 1),
        "history": listing(epoch),
    }
)
settings = table({}, others=anything)  # of a training: `minifcn.training.settings` says what each must be
of_run = table({"id": optional(text)})
record = table(  # of a checkpoint: `minifcn.training.record`
    {"id": optional(text), "settings": settings, "own": optional(own_folder)},
    {"later": listing(settings, 1), "instead": optional(text)},
)


def run(value: Any, name: str) -> None:
    """Which run a file is of, or the whole record of it."""
    (record if isinstance(value, dict) and len(value) > 1 else of_run)(value, name)


about = table(
    {
        "model": text,
        "settings": network,
        "preprocessing": preprocessing,
        "data": text,
        "classes": names,
        "palette": listing(colour, 1, LARGEST),
    },
    {
        "title": text,
        "size": optional(text),
        "told": told,
        "progress": progress,
        "run": run,
        "scores": table({}, others=figure),
    },
    others=anything,
)


def to_json(about: dict[str, Any]) -> str:
    """The JSON-able dict as the line of a weights file."""
    return json.dumps({"format": FORMAT} | about)


def from_json(line: str) -> dict[str, Any]:
    """The dict that `to_json` made this line of. InputError, naming the entry, for any other text, and one of a newer
    format.
    """
    try:
        said = parse(line)
        if isinstance(said, dict):
            check_format(said.pop("format", FORMAT))
        about(said, "")
        _check_together(said)
    except InputError as error:
        raise InputError(f"what it says of itself ({ABOUT}): {error}: not as minifcn writes it") from error
    return said


def check_format(number: Any, what: str = "") -> None:
    """InputError unless this version reads files of that format; `what` names the file, where the caller does not."""
    before = f"{what}: " if what else ""
    if type(number) is not int or number < 1:
        raise InputError(f"{before}its format is {brief(number)}, expected a number from 1: the file is damaged")
    if number > FORMAT:
        newer = f"its format is {brief(number)}, this version reads {FORMAT}"
        raise InputError(f"{before}written by a newer minifcn: {newer}: upgrade minifcn")


def check_told(said: dict[str, Any], name: str) -> None:
    """InputError unless what is told of a folder of one's own is what `told` admits, and fits together."""
    told(said, name)
    if coding := said.get("coding"):
        most = (1 << 24 if coding["colours"] else 1 << 16) - 1
        for key in ("values", "void"):
            listing(whole(0, most))(coding[key], f"{name}.coding.{key}")
        if len(coding["values"]) != len(coding["classes"]):
            what = f"{len(coding['classes'])} classes, but {len(coding['values'])} values"
            raise InputError(f"{name}.coding has {what}")


def _check_together(said):
    """InputError where entries that are right alone contradict each other."""
    classes, n_class = len(said["classes"]), said["settings"].get("n_class")
    if len(said["palette"]) != classes:
        raise InputError(f"it has {classes} classes, but {len(said['palette'])} colours in palette")
    if n_class not in (None, classes):
        raise InputError(f"it has {classes} classes, but settings.n_class is {n_class}")
    if said.get("size") is not None:
        parse_size(said["size"])
    check_told(said.get("told", {}), "told")
    if own := said.get("run", {}).get("own"):
        check_told(own["told"], "run.own.told")
    if "progress" in said:
        history, epochs = said["progress"]["history"], said["progress"]["epoch"]
        if len(history) != epochs:
            raise InputError(f"progress.epoch is {epochs}, but progress.history has {len(history)} epochs")
        for number, row in enumerate(history, start=1):
            if row.keys() != history[0].keys() or row["epoch"] != number:
                raise InputError(f"progress.history[{number - 1}] is no line of epoch {number} like those before it")
