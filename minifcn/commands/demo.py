"""The command `demo`: the paper's way on generated scenes, from a classifier of whole images to FCN-8s."""

import itertools
import warnings
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from minifcn.backend.files import check_folder
from minifcn.backend.memory import release
from minifcn.commands.following import follow
from minifcn.commands.numbers import whole
from minifcn.commands.streams import say
from minifcn.commands.terminal import print_results
from minifcn.data import open_dataset
from minifcn.errors import Caution, InputError
from minifcn.pictures.runs import save_predictions
from minifcn.training.evaluation import compare
from minifcn.training.lock import Lock
from minifcn.training.pretraining import Pretrainer
from minifcn.training.settings import PretrainSettings, Settings
from minifcn.training.stages import FEWER, STAGES, Stage, share_of
from minifcn.training.stopping import Stopped
from minifcn.training.trainer import Trainer

EPOCHS = 6  # of FCN-32s, and of the classifier, which with 5 has sometimes learned little
# Of the scenes, and of those for the classifier, in pixels each way. For 64 fc6 is 2x2, and FCN-32s has 4x4 scores for
# a scene; for 72 it would be 3x3 and have 3x3: the mean IU is 23 then, where it is 31 after the same epochs.
SIZE, OBJECT_SIZE = 96, 64
COUNTS, OBJECT_COUNTS = {"train": 360, "val": 60}, {"train": 600, "val": 60}
NETWORK: dict[str, Any] = {"width": 0.25, "fc_channels": 256}
TRAINING = {"batch_size": 4, "lr": 0.01}  # at 0.03 an FCN-16s lost four of the seven classes
CLASSIFIER = "vgg16"
NETWORKS = (  # FCN-32s goes on from the fixed one: a score layer of zeros would have no gradient for the layers below
    Stage("fcn32s-fixed", CLASSIFIER, FEWER, {"model": "fcn32s", "freeze": ["conv*", "fc*"]}),
    STAGES[0]._replace(init="fcn32s-fixed", settings=STAGES[0].settings | {"lr": 0.005}),
    STAGES[1]._replace(share=FEWER / 2),
    STAGES[2]._replace(share=1 / 2),
)


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--out", metavar="DIR", help="default: runs/demo, or runs/demo-2, ... where that exists")
    parser.add_argument("--epochs", type=whole, metavar="N", help="of FCN-32s; the others get fewer, in proportion")
    parser.add_argument("--overwrite", action="store_true", help="replace the run in DIR")


def run(options: Namespace) -> None:
    """Train FCN-32s, then 16s from it, then 8s from that, on generated scenes; print the paper's table of them.

    FCN-32s comes from FCN-32s-fixed, whose last layer alone learns, and that from a VGG16 trained on labels of whole
    images.
    """
    print(options.device_reason)
    folder, epochs = _folder(options.out), options.epochs
    Settings(epochs=EPOCHS if epochs is None else epochs).check()
    check_folder(folder)
    if folder.exists() and any(folder.iterdir()) and not options.overwrite:
        raise InputError(f"--out {folder} is not empty: give --overwrite to replace the demo in it, or another folder")
    with Lock(folder):
        _train_all(options, folder)


def _train_all(options, folder):
    """The networks, and what comes of them."""

    def train(kind, settings, name, share, datasets):
        """Train one network; returns the file of its best weights."""
        release()  # what the network before took on a GPU
        settings.epochs = share_of(options.epochs or EPOCHS, share)
        trainer = kind(settings, folder / name, options.device, overwrite=options.overwrite, datasets=datasets)
        try:
            with warnings.catch_warnings():  # the table at the end tells; advice would be on options of `train`
                warnings.simplefilter("ignore", Caution)
                follow(trainer)
        except Stopped:
            raise KeyboardInterrupt("stopped; start the demo again with --overwrite, or another --out") from None
        return trainer.folder.best

    objects = _scenes(OBJECT_SIZE, OBJECT_COUNTS, dominant=True)
    best = {CLASSIFIER: train(Pretrainer, PretrainSettings(**NETWORK, crop=OBJECT_SIZE), CLASSIFIER, 1, objects)}
    scenes = _scenes(SIZE, COUNTS)
    for stage in NETWORKS:
        settings = Settings(**NETWORK | TRAINING | stage.settings, image_size=OBJECT_SIZE, init=str(best[stage.init]))
        best[stage.name] = train(Trainer, settings, stage.name, stage.share, scenes)

    validation = scenes[1]
    scores, rows = compare([best[stage.name] for stage in NETWORKS], validation, options.device)
    print_results(scores, validation)
    save_predictions(folder / "predictions.png", rows, validation.classes, validation.palette)
    say(f"pictures: {folder / 'predictions.png'} and learning_curve.png in each network's folder")
    print("weights:")
    for path in best.values():
        say(f"  {path}")


def _folder(out):
    """The folder asked for, or runs/demo, runs/demo-2, ...: the first that does not exist."""
    if out:
        return Path(out)
    names = itertools.chain(["runs/demo"], (f"runs/demo-{number}" for number in itertools.count(2)))
    return next(folder for folder in map(Path, names) if not folder.exists())


def _scenes(size, counts, **kind):
    """(training, validation) images."""
    return [open_dataset("scenes", split=split, size=size, count=count, **kind) for split, count in counts.items()]
