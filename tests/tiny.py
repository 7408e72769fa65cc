"""Runs, networks and data folders small enough for tests: a step takes milliseconds."""

import itertools
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from minifcn.commands.main import main
from minifcn.data import VOID, Preprocessing, open_dataset
from minifcn.models import MODELS
from minifcn.pictures import runs as pictures
from minifcn.training.settings import Settings
from minifcn.training.stopping import Stopped
from minifcn.training.trainer import Trainer
from minifcn.training.watch import Watch
from minifcn.weights.npz import save_arrays

NETWORK = {"width": 1 / 16, "fc_channels": 8, "padding": "same"}
FLAGS = ["--width", "0.0625", "--fc-channels", "8", "--batch-size", "2", "--device", "cpu"]
REPOSITORY = Path(__file__).resolve().parents[1]


def readme_block(word):
    """The block of Python in the README that has this word."""
    blocks = re.findall(r"```python\n(.*?)```", (REPOSITORY / "README.md").read_text("utf-8"), re.DOTALL)
    (block,) = (block for block in blocks if word in block)
    return block


class Silent(Watch):
    """Calls `after_step(number)` after each step, and keeps the rows."""

    def __init__(self, after_step=None):
        self.after_step, self.steps, self.rows = after_step, 0, []

    def advance(self, images, loss=None):
        if loss is not None:  # only steps tell a loss
            self.steps += 1
            if self.after_step:
                self.after_step(self.steps)

    def epoch(self, row, epochs):
        self.rows.append(row)


def scenes(train=5, validate=2):
    """(training, validation) of generated scenes, 32x32."""
    return [open_dataset("scenes", split=s, size=32, count=n) for s, n in (("train", train), ("val", validate))]


def trainer(out, resume=False, overwrite=False, datasets=None, device="cpu", **settings):
    """A Trainer of a tiny network on tiny scenes (unless `data` names others): 5 images in batches of 2."""
    if "data" not in settings:
        datasets = datasets or scenes()
    settings = Settings(**{"batch_size": 2, "epochs": 1, "width": 1 / 16, "fc_channels": 8} | settings)
    return Trainer(settings, out, device, resume, overwrite, datasets)


def stop_after(step, trainer):
    """Run `trainer` until this step, during which it is asked to stop; returns what it raised."""

    def press(number):
        if number == step:
            trainer.stop()

    with pytest.raises(Stopped) as stopped:
        trainer.run(Silent(press))
    return stopped.value


def draw_nothing(patch, *modules):
    """Leave empty files for the pictures of a run, which take most of the time of a tiny one."""
    for module in (pictures, *modules):
        for name in ("save_learning_curve", "save_predictions", "save_confusion"):
            patch.setattr(module, name, lambda path, *_, **__: Path(path).touch(), raising=False)


def cut_off(patch, count):
    """Let so many files be replaced or removed; the next one ends all, as a kill does."""
    left, remove = itertools.count(count, -1), Path.unlink

    def counted(act):
        def do(path, *others, **how):
            unfinished = act is remove and path.name.endswith(".unfinished")  # in the way of a new one: no file yet
            if not unfinished and next(left) == 0:
                raise KeyboardInterrupt
            return act(path, *others, **how)

        return do

    patch.setattr(os, "replace", counted(os.replace))
    patch.setattr(Path, "unlink", counted(remove))


def filled(model, seed=0):
    """The model with random numbers in its score layers, which start at zero: its predictions differ then."""
    rng = np.random.default_rng(seed)
    for name, parameter in model.named_parameters():
        if name.startswith("score"):
            parameter.data[...] = rng.standard_normal(parameter.data.shape) * 3
    return model


def save_network(path, name="fcn32s", channels="RGB", mean=(120, 110, 100), std=(60, 50, 40), dataset=None, **changes):
    """Write a weights file of a random network as a training does; returns the model, in evaluation mode."""
    dataset = dataset or scenes()[0]
    model = filled(MODELS[name](dataset.n_class, **NETWORK | changes)).eval()
    about = {
        "model": name,
        "settings": model.settings,
        "preprocessing": Preprocessing(mean, std, channels).to_dict(),
        "data": dataset.name,
        "classes": list(dataset.classes),
        "palette": dataset.palette.tolist(),
    }
    save_arrays(path, model.state_dict(), about)
    return model


def camvid_folder(root, train=5, validate=2):
    """A folder in CamVid's layout that holds tiny scenes; the images are 0.png, 1.png and so on."""
    for split, dataset in zip(("train", "val"), scenes(train, validate)):
        lines = []
        for number in range(len(dataset)):
            image, label = dataset[number]
            label = np.where(label == VOID, 11, label).astype(np.uint8)
            for folder, picture in ((split, image), (f"{split}annot", label)):
                (root / folder).mkdir(parents=True, exist_ok=True)
                Image.fromarray(picture).save(root / folder / f"{number}.png")
            lines.append(f"/SegNet/CamVid/{split}/{number}.png /SegNet/CamVid/{split}annot/{number}.png\n")
        (root / f"{split}.txt").write_text("".join(lines))
    return root


def listing(folder):
    """{relative path: bytes, None for a folder} of everything below `folder`."""
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() else None for p in sorted(folder.rglob("*"))}


def times(folder):
    """{relative path: when it was written} of all files below `folder`."""
    return {str(p.relative_to(folder)): p.stat().st_mtime_ns for p in sorted(folder.rglob("*")) if p.is_file()}


def command(*arguments):
    """Run the command line in this process; returns the exit code."""
    return main([str(argument) for argument in arguments])


def start(*arguments, code=None):
    """Start `python -m minifcn`, or `python -c code`, with these arguments as a process of its own."""
    python = [sys.executable, *(["-m", "minifcn"] if code is None else ["-c", code])]
    return subprocess.Popen(
        [*python, *map(str, arguments)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"COLUMNS": "80", "NO_COLOR": "1"},
    )


def run(*arguments, code=None):
    """Run it to its end; returns (exit code, standard output, standard error)."""
    process = start(*arguments, code=code)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err
