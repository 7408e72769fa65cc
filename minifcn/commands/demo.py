"""The demo: the paper's way on generated scenes, from a classifier of whole images to FCN-8s."""

from typing import NamedTuple

from minifcn.commands import terminal
from minifcn.data import open_dataset
from minifcn.errors import InputError
from minifcn.pictures.runs import draw_run, save_predictions
from minifcn.training.evaluation import compare
from minifcn.training.pretraining import Pretrainer, PretrainSettings
from minifcn.training.settings import Settings
from minifcn.training.stopping import Stopped
from minifcn.training.trainer import Trainer

EPOCHS = 5  # of FCN-32s
SIZE, OBJECT_SIZE = 96, 72  # of the scenes, and of those for the classifier, in pixels each way
COUNTS, OBJECT_COUNTS = {"train": 450, "val": 60}, {"train": 600, "val": 60}
NETWORK = {"width": 0.25, "fc_channels": 256}
TRAINING = {"batch_size": 4, "lr": 0.03}
FEWER = 1 / 3  # of EPOCHS: what starts from a network that segments, or trains one layer


class Stage(NamedTuple):
    """One network: its folder, the one whose best weights it starts from, its share of EPOCHS, its own settings."""

    name: str
    init: str
    share: float
    settings: dict


CLASSIFIER = "vgg16"
STAGES = (
    Stage("fcn32s-fixed", CLASSIFIER, FEWER, {"model": "fcn32s", "freeze": ["conv*", "fc*"]}),
    Stage("fcn32s", CLASSIFIER, 1, {"model": "fcn32s", "lr": 0.01}),
    Stage("fcn16s", "fcn32s", FEWER, {"model": "fcn16s"}),
    Stage("fcn8s", "fcn16s", FEWER, {"model": "fcn8s"}),
)


def run_demo(folder, device, epochs=None, overwrite=False):
    """Train five networks, each below `folder`, and print the paper's table of the four that segment.

    VGG16 on labels of whole images; from it FCN-32s, its last layer alone ("fixed") and all of it; from that FCN-16s,
    and FCN-8s from that.
    """
    if epochs is not None and epochs < 1:
        raise InputError(f"--epochs is {epochs}; expected at least 1")
    if folder.exists() and any(folder.iterdir()) and not overwrite:
        raise InputError(f"--out {folder} is not empty: give --overwrite to replace the demo in it, or another folder")

    def train(kind, settings, name, share, datasets):
        """Train one network; returns the file of its best weights."""
        settings.epochs = max(1, round(share * (epochs or EPOCHS)))
        trainer = kind(settings, folder / name, device, overwrite=overwrite, datasets=datasets)
        terminal.describe_run(trainer)
        try:
            with terminal.Watch() as watch:
                trainer.run(watch)
        except Stopped:
            raise KeyboardInterrupt("stopped; start the demo again with --overwrite, or another --out") from None
        draw_run(trainer)
        return trainer.folder.best

    settings = PretrainSettings(**NETWORK, crop=OBJECT_SIZE)
    best = {CLASSIFIER: train(Pretrainer, settings, CLASSIFIER, 1, _scenes(OBJECT_SIZE, OBJECT_COUNTS, dominant=True))}
    scenes = _scenes(SIZE, COUNTS)
    for stage in STAGES:
        settings = Settings(**NETWORK | TRAINING | stage.settings, image_size=OBJECT_SIZE, init=str(best[stage.init]))
        best[stage.name] = train(Trainer, settings, stage.name, stage.share, scenes)

    weights = [best[stage.name] for stage in STAGES]
    results, rows = compare(weights, scenes[1], device)
    terminal.results(results, scenes[1])
    picture = folder / "predictions.png"
    save_predictions(picture, rows, scenes[1].classes, scenes[1].palette)
    terminal.say(
        f"pictures: {picture} and learning_curve.png in each network's folder; weights: "
        + ", ".join(map(str, best.values()))
    )


def _scenes(size, counts, **kind):
    """(training, validation) images."""
    return [open_dataset("scenes", split=split, size=size, count=count, **kind) for split, count in counts.items()]
