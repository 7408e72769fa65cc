"""Whether several processes are about to train the same network on the same data."""

import dataclasses
import hashlib

from minifcn import __version__
from minifcn.data import Dataset
from minifcn.errors import InputError
from minifcn.machines import Group
from minifcn.training.settings import Settings

HERE = ("root", "init")  # settings that name files, which may lie elsewhere on each machine


def check_alike(group: Group, settings: Settings, training: Dataset, validation: Dataset) -> None:
    """InputError in all processes where one has another version, other settings or another data set than rank 0."""
    mine = {
        "version": __version__,
        "settings": {name: value for name, value in dataclasses.asdict(settings).items() if name not in HERE},
        "training images": _told(training),
        "validation images": _told(validation),
    }
    everyone = group.gather((group.host, mine))
    first_host, first = everyone[0]
    for rank, (host, told) in enumerate(everyone):
        if others := [what for what in mine if told[what] != first[what]]:
            what, (one, other) = others[0], (told[others[0]], first[others[0]])
            if what == "settings":
                what = next(name for name in one | other if one.get(name) != other.get(name))
                one, other = one.get(what), other.get(what)
            differs = f"rank {rank} on {host} has {what} {one}, rank 0 on {first_host} {other}"
            raise InputError(f"{differs}: give all processes the same program, options and data")


def _told(dataset):
    """What tells a data set from another: how many pairs it has, and a digest of their names and its classes."""
    text = repr((dataset.name, list(dataset.classes), list(dataset.names)))
    return f"{len(dataset)} (digest {hashlib.sha256(text.encode()).hexdigest()[:8]})"
