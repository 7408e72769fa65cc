"""What writes files: commands and pictures, made small, for trials of what may befall them."""

import sys

import numpy as np

from minifcn.commands.bench import report
from minifcn.commands.bench.machine import Limits
from minifcn.commands.bench.memory import Memory
from minifcn.commands.main import main
from minifcn.errors import InputError
from minifcn.metrics import ConfusionMatrix
from minifcn.pictures.confusion import save_confusion
from minifcn.pictures.overlay import save_overlay
from minifcn.pictures.roofline import save_roofline
from minifcn.pictures.runs import save_learning_curve

HISTORY = ("loss", "val_loss", "lr", "pixel_accuracy", "mean_accuracy", "mean_iu", "frequency_weighted_iu")


def writers(given):
    """{name: what runs it, told the folder to write to and whether files are there} on the files in `given`."""
    weights, data = given / "weights.npz", ["--data", "camvid", "--root", given / "data"]
    photos = given / "data" / "val"

    def command(*arguments):
        def run(folder, overwrite):
            words = [str(word).replace("OUT", str(folder)) for word in arguments]
            replaces = overwrite and words[0] != "evaluate"  # which replaces its picture unasked
            return main([*words, "--device", "cpu", *["--overwrite"] * replaces])

        return run

    def told(draw):
        """A function that draws, with the exit code and the line that a command would have."""

        def run(folder, overwrite):
            try:
                draw(folder)
            except InputError as error:
                print(f"minifcn: error: {error}", file=sys.stderr)
                return 2
            return 0

        return run

    def figures(folder):
        """What `bench` and `train` draw and write after minutes."""
        report.write_csv(folder / "bench.csv", "CPU", 2, Limits(1e9, 1e9), {}, [Memory("a", *[{"minifcn": 1e6}] * 2)])
        save_roofline(folder / "roofline.png", "CPU", 1e9, 1e9, {"minifcn": [("a", 1.0, 1e8), ("b", 2.0, 1e8)]})
        save_learning_curve(folder / "curve.png", [dict.fromkeys(HISTORY, 0.5) | {"epoch": n} for n in (1, 2)])
        save_confusion(folder / "confusion.png", confusion, ["sky", "road"])

    def overlay(folder):
        """The JPEG of `predict`, which other files would stop before its turn."""
        image, label = np.full((80, 90, 3), 99, np.uint8), np.eye(80, 90, dtype=np.uint8)
        save_overlay(folder / "a.jpg", image, label, ["sky", "road"], ["99 %", "1 %"], [(0, 0, 200), (90, 90, 90)])

    confusion = ConfusionMatrix(2)
    confusion.update(np.array([[0, 1, 1]]), np.array([[0, 1, 0]]))
    export = ["export", "--weights", weights, "--out"]
    return {
        "predict": command("predict", photos, "--weights", weights, "--overlay", "--scores", "--out", "OUT/new"),
        "predict, one file": command("predict", photos / "0.png", "--weights", weights, "--out", "OUT/a.png"),
        "data": command("data", *data, "--out", "OUT/sheet.png"),
        "evaluate": command("evaluate", "--weights", weights, *data, "--picture", "OUT/evaluated.png"),
        "arithmetic": command("arithmetic", "--input", 4, "--kernel", 3, "--out", "OUT/figures"),
        "export .pth": command(*export, "OUT/a.pth"),
        "export .npz": command(*export, "OUT/a.npz"),
        "bench, run": told(figures),
        "overlay": told(overlay),
    }
