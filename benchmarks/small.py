"""Few pictures, as people have of their own: fruit among leaves, cracks in walls, street scenes.

python benchmarks/small.py [--camvid DIR] [--seed 0]

FCN-8s from nothing, with the defaults of `train` and with --recipe small. A fifth of each set is validated on, and the
network of the best epoch is measured on photos, too, that the training has never seen. The first two sets are drawn
here; the third is CamVid's first 40 pictures, of one drive, and the unseen ones its 101 validation images, of others.
"""

import argparse
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))

from minifcn.data import Dataset, open_dataset, voc_palette
from minifcn.data.sets.forms import TURNS, UNIT, cosine, disc, sine
from minifcn.data.sets.textures import clouds, colour, textured
from minifcn.errors import Caution
from minifcn.training.evaluation import compare
from minifcn.training.recipes import recipe
from minifcn.training.settings import Settings
from minifcn.training.trainer import Trainer

VALIDATED = 0.2  # share of a set's pictures
UNSEEN = 60  # photos to measure on, of the drawn sets
EARTH = np.array([[120, 92, 66], [146, 120, 92], [96, 82, 70], [128, 124, 110], [110, 112, 72]], np.int32)
GREENS = np.array([[66, 110, 44], [96, 132, 52], [128, 138, 60], [58, 92, 58], [140, 120, 58]], np.int32)
REDS = np.array([[168, 50, 44], [176, 86, 40], [140, 40, 66]], np.int32)
WALLS = np.array([[170, 165, 160], [190, 180, 165], [150, 152, 158]], np.int32)


class Photos(Dataset):
    """Pairs in memory."""

    def __init__(self, name, classes, pairs, like=None):
        self.name, self.classes, self.palette, self.pairs = name, classes, voc_palette(len(classes)), pairs
        pixels = np.concatenate([image.reshape(-1, 3) for image, _ in pairs]).astype(np.float64)
        self.mean, self.std = (like.mean, like.std) if like else (tuple(pixels.mean(0)), tuple(pixels.std(0)))

    def __len__(self):
        return len(self.pairs)

    def load(self, index):
        return self.pairs[index]


def fruit(rng, width=160, height=120):
    """Green leaves on earth, and a few red fruits among them, 1.5 % of the pixels."""
    y, x = np.arange(height, dtype=np.int32)[:, None], np.arange(width, dtype=np.int32)
    image, label = textured(rng, colour(rng, EARTH), y, x), np.zeros((height, width), np.uint8)
    for kind, count, radii in ((1, rng.integers(4, 12), (14, 34)), (2, rng.integers(1, 5), (4, 9))):
        for _ in range(count):
            radius = int(rng.integers(*radii))
            turn, cy, cx = int(rng.integers(TURNS)), int(rng.integers(height)), int(rng.integers(width))
            u = cosine(turn) * (x - cx) + sine(turn) * (y - cy)
            v = cosine(turn) * (y - cy) - sine(turn) * (x - cx)
            inside = leaf(u, v, radius * UNIT) if kind == 1 else disc(u, v, radius * UNIT)
            rows, columns = np.nonzero(inside)
            image[rows, columns] = textured(rng, colour(rng, GREENS if kind == 1 else REDS), y[rows, 0], x[columns])
            label[inside] = kind
    return photo(rng, image, 64, 12), label


def leaf(u, v, r):
    """Where two discs overlap: a form of `minifcn.data.sets.forms`."""
    return disc(u, v + r * 7 // 10, r) & disc(u, v - r * 7 // 10, r)


def crack(rng, width=200, height=150):
    """A wall under slanting light, with stains, and one to three dark cracks, 5 or 7 pixels wide."""
    y, x = np.arange(height, dtype=np.int32)[:, None], np.arange(width, dtype=np.int32)
    image, label = textured(rng, colour(rng, WALLS), y, x), np.zeros((height, width), np.uint8)
    for _ in range(rng.integers(0, 4)):  # stains: dark, and no cracks
        cy, cx, radius = int(rng.integers(height)), int(rng.integers(width)), int(rng.integers(5, 20))
        image[disc(x - cx, y - cy, radius)] -= int(rng.integers(20, 50))
    for _ in range(rng.integers(1, 4)):
        cy, cx, turn = rng.uniform(0, (height, width, 2 * np.pi))
        broad, dark = int(rng.integers(2, 4)), int(rng.integers(35, 80))
        marks = np.zeros(label.shape, bool)
        for _ in range(rng.integers(60, 260)):
            turn += rng.normal(0, 0.25)
            cy, cx = cy + np.sin(turn), cx + np.cos(turn)
            marks |= disc(x - int(cx), y - int(cy), broad)
        image[marks] -= dark
        label[marks] = 1
    slant = (x * int(rng.integers(-60, 61)) // width + y * int(rng.integers(-60, 61)) // height)[..., None]
    return photo(rng, image + slant, 64, 14), label


def photo(rng, image, shade, noise):
    """Light and shade, softened and with noise: uint8 (height, width, 3)."""
    height, width = image.shape[:2]
    shadows = clouds(rng, max(height, width))[:height, :width, None]
    soft = Image.fromarray((image * (256 - shade * shadows // 256) >> 8).clip(0, 255).astype(np.uint8))
    soft = np.asarray(soft.filter(ImageFilter.GaussianBlur(0.8))).astype(np.int32)
    return (soft + rng.integers(-noise, noise + 1, size=image.shape)).clip(0, 255).astype(np.uint8)


def small_set(name, classes, pairs, unseen):
    """(training, validation, unseen) data sets: a fifth of the pairs, drawn by lot, is validated on."""
    order = np.random.default_rng(0).permutation(len(pairs))
    count = round(VALIDATED * len(pairs))
    train = Photos(name, classes, [pairs[number] for number in order[count:]])
    return train, *(Photos(name, classes, rest, train) for rest in ([pairs[n] for n in order[:count]], unseen))


def drawn(name, classes, draw, count, seed):
    pairs = [draw(np.random.default_rng([seed, number])) for number in range(count + UNSEEN)]
    return small_set(name, classes, pairs[:count], pairs[count:])


def street(root):
    train, val = (open_dataset("camvid", root, split) for split in ("train", "val"))
    return small_set("street", train.classes, [train[n] for n in range(40)], [val[n] for n in range(len(val))])


def sets(camvid):
    yield drawn("fruit", ("earth", "leaf", "fruit"), fruit, 40, seed=1)
    yield drawn("cracks", ("wall", "crack"), crack, 24, seed=2)
    if camvid:
        yield street(camvid)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--camvid", metavar="DIR", help="the folder with CamVid's train.txt")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the trainings")
    options = parser.parse_args()
    warnings.filterwarnings("ignore", category=Caution)  # that a class is not found is told in the table
    columns = "set", "training", "steps", "CPU seconds", "minutes", "mean IU, validated", "unseen", "never found"
    table = Table(*columns, title="FCN-8s: mean IU in percent, and the classes it never finds on unseen photos")
    small = {name: value.value for name, value in recipe("small").items()}
    for datasets in sets(options.camvid):
        for name, values in (("defaults", {"model": "fcn8s"}), ("--recipe small", small)):
            row = measure(Settings(**values, seed=options.seed), *datasets)
            table.add_row(f"{datasets[0].name}, {len(datasets[0])} + {len(datasets[1])}", name, *row)
            print(datasets[0].name, name, *row, flush=True)
    Console(width=120).print(table)


def measure(settings, training, validation, unseen):
    """Train; what it took, and how the network of the best epoch does on photos it has never seen, in words."""
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(settings, folder, datasets=(training, validation))
        wall, cpu = time.monotonic(), time.process_time()
        trainer.run()
        wall, cpu = time.monotonic() - wall, time.process_time() - cpu
        [(_, confusion)], _ = compare([trainer.folder.best], unseen)
    missed = [unseen.classes[n] for n in np.flatnonzero(confusion.iu_per_class == 0)]
    cost = f"{trainer.progress.step}", f"{cpu:.0f}", f"{wall / 60:.1f}"
    figures = (f"{100 * mean_iu:.1f}" for mean_iu in (trainer.progress.best, confusion.mean_iu))
    return *cost, *figures, f"{len(missed)}: {', '.join(missed)}" if missed else "0"


if __name__ == "__main__":
    main()
