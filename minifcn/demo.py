"""The demo: the paper's way on generated scenes, from a classifier of whole images to FCN-8s."""

from typing import NamedTuple

from minifcn import display
from minifcn.data import open_dataset
from minifcn.errors import InputError
from minifcn.evaluation import compare
from minifcn.plots import save_predictions
from minifcn.pretraining import Pretrainer, PretrainSettings
from minifcn.settings import Settings
from minifcn.training import Stopped, Trainer


class Stage(NamedTuple):
    """One network: its folder, the stage whose best weights it starts from, and what else it is trained with."""

    name: str
    init: str | None
    share: float  # of the epochs
    settings: dict
    kind: type = Trainer


CLASSIFIER = Stage("vgg16", None, 2.0, {"model": "vgg16", "crop": 96}, Pretrainer)
STAGES = (
    Stage("fcn32s-fixed", "vgg16", 0.5, {"model": "fcn32s", "freeze": ["conv*", "fc*"]}),
    Stage("fcn32s", "vgg16", 1.0, {"model": "fcn32s"}),
    Stage("fcn16s", "fcn32s", 0.5, {"model": "fcn16s"}),
    Stage("fcn8s", "fcn16s", 0.5, {"model": "fcn8s"}),
)
EPOCHS = 4
NETWORK = {"width": 0.25, "fc_channels": 256}
COMMON = {"batch_size": 4, "lr": 0.03}
TRAIN, VALIDATE = 600, 80  # images


def run_demo(folder, device, epochs=None, overwrite=False):
    """Train a VGG16 on labels of whole images; from it FCN-32s, its last layer alone and all of it, then FCN-16s and
    FCN-8s, each from the one before; print the paper's table of them. All of it lies below `folder`."""
    datasets = open_dataset("scenes", split="train", count=TRAIN), open_dataset("scenes", split="val", count=VALIDATE)
    if epochs is not None and epochs < 1:
        raise InputError(f"--epochs is {epochs}; expected at least 1")
    if folder.exists() and any(folder.iterdir()) and not overwrite:
        raise InputError(f"--out {folder} is not empty: give --overwrite to replace the demo in it, or another folder")
    best = {}
    for stage in (CLASSIFIER, *STAGES):
        settings = PretrainSettings if stage.kind is Pretrainer else Settings
        settings = settings(
            **NETWORK | COMMON | stage.settings,
            epochs=max(1, round(stage.share * (epochs or EPOCHS))),
            init=stage.init and str(best[stage.init]),
            image_size=CLASSIFIER.settings["crop"],
        )
        trainer = stage.kind(settings, folder / stage.name, device, overwrite=overwrite, datasets=datasets)
        display.describe_run(trainer)
        try:
            with display.Watch() as watch:
                trainer.run(watch)
        except Stopped:
            raise KeyboardInterrupt("stopped; start the demo again with --overwrite, or another --out") from None
        best[stage.name] = trainer.folder.best

    weights = [best[stage.name] for stage in STAGES]
    results, rows = compare(weights, datasets[1], device)
    display.results(results, datasets[1])
    picture = folder / "predictions.png"
    save_predictions(picture, rows, datasets[1].classes, datasets[1].palette)
    display.say(
        f"pictures: {picture} and learning_curve.png in each network's folder; weights: "
        + ", ".join(map(str, best.values()))
    )
