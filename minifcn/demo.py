"""The demo: the paper's three networks on generated scenes, each from the one before."""

from minifcn import display
from minifcn.data import open_dataset
from minifcn.errors import InputError
from minifcn.evaluation import compare
from minifcn.plots import save_predictions
from minifcn.training import Settings, Stopped, Trainer

STAGES = (("fcn32s", 1.0), ("fcn16s", 0.5), ("fcn8s", 0.5))  # model, share of the epochs
EPOCHS = 4
BATCH, LR = 4, 0.03
TRAIN, VALIDATE = 600, 80  # images


def run_demo(folder, device, epochs=None, overwrite=False):
    """Train FCN-32s, FCN-16s from it and FCN-8s from that, below `folder`; print the paper's table of them."""
    datasets = open_dataset("scenes", split="train", count=TRAIN), open_dataset("scenes", split="val", count=VALIDATE)
    if epochs is not None and epochs < 1:
        raise InputError(f"--epochs is {epochs}; expected at least 1")
    if folder.exists() and any(folder.iterdir()) and not overwrite:
        raise InputError(f"--out {folder} is not empty: give --overwrite to replace the demo in it, or another folder")
    weights = []
    for model, share in STAGES:
        settings = Settings(
            model=model,
            epochs=max(1, round(share * (epochs or EPOCHS))),
            batch_size=BATCH,
            lr=LR,
            init=str(weights[-1]) if weights else None,
        )
        trainer = Trainer(settings, folder / model, device, overwrite=overwrite, datasets=datasets)
        display.describe_run(trainer)
        try:
            with display.Watch() as watch:
                trainer.run(watch)
        except Stopped:
            raise KeyboardInterrupt("stopped; start the demo again with --overwrite, or another --out") from None
        weights.append(trainer.folder.best)

    results, rows = compare(weights, datasets[1], device)
    display.results(results, datasets[1])
    picture = folder / "predictions.png"
    save_predictions(picture, rows, datasets[1].classes, datasets[1].palette)
    display.say(
        f"pictures: {picture} and learning_curve.png in each network's folder; weights: {', '.join(map(str, weights))}"
    )
