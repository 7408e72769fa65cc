"""The numbers and pictures behind the page "What a network sees", from three trained networks.

python -m book.network.make --runs runs/camvid --camvid DIR [--photos 12 44 80] [--out book/network/data]

--runs is the folder of a `train --stages --model fcn8s`. For each photo and network, network.json has the score maps
and how they are brought up to the photo's size; field_*.webp how much the image's pixels matter to some pixels' scores.
The page computes everything else from these, and checks.json has what this project's networks say, to compare.
"""

import argparse
import base64
import itertools
import json
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from book.network.scores import score_maps, way_up
from book.network.seen import BLOCK, blocks, gradients, spans, square
from minifcn.data import Preprocessing, open_dataset
from minifcn.errors import InputError
from minifcn.metrics import predicted_classes
from minifcn.pictures.runs import save_predictions
from minifcn.training.evaluation import evaluate
from minifcn.training.stages import Staged
from minifcn.weights.loading import load_model

LAYERS = ("conv1_1", "conv1_2", "pool1", "conv2_2", "pool2", "conv3_3", "pool3", "conv4_3", "pool4", "conv5_3", "pool5")
LAYERS += ("fc6",)  # whose pixels' receptive fields the page draws
STEP = 20  # pixels from one whose gradient is measured to the next
CHECKED = 12  # pixels of each photo and network, for the page's tests
BRIGHT = 0.98  # of a tile's blocks are not yet as bright as can be
LARGEST = 32767  # of an int16


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", required=True, metavar="DIR", help="the folder of a training in stages")
    parser.add_argument("--camvid", required=True, metavar="DIR", help="the folder with CamVid's train.txt")
    parser.add_argument("--photos", type=int, nargs="+", default=[12, 44, 80], metavar="N", help="of its val.txt")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("data"), metavar="DIR")
    options = parser.parse_args()
    try:
        make(options.runs, open_dataset("camvid", options.camvid, "val"), options.photos, options.out)
    except (InputError, OSError) as error:
        parser.exit(2, f"make: {error}\n")


def make(runs, dataset, photos, out):
    """Write all files of the page into `out`."""
    if missing := [number for number in photos if not 0 <= number < len(dataset)]:
        raise InputError(f"--photos {missing[0]}: expected numbers from 0 to {len(dataset) - 1}")
    pairs = [dataset[number] for number in photos]
    if len({image.shape for image, _ in pairs}) > 1 or any(n % STEP or n % BLOCK for n in pairs[0][0].shape[:2]):
        sizes = ", ".join(f"{image.shape[1]}x{image.shape[0]}" for image, _ in pairs)
        raise InputError(f"photos of {sizes}: expected one size, of sides that {STEP} and {BLOCK} divide")
    out.mkdir(parents=True, exist_ok=True)
    networks = [load_model(folder.best) for folder in Staged(runs, "fcn8s").folders]
    size = pairs[0][0].shape[:2]
    page = {
        "width": size[1],
        "height": size[0],
        "step": STEP,
        "block": BLOCK,
        "classes": [{"name": n, "colour": c} for n, c in zip(dataset.classes, np.asarray(dataset.palette).tolist())],
        "layers": layers(networks[0][0], size),
        "networks": {},
        "photos": [],
    }
    for number, (image, label) in zip(photos, pairs):
        photo = f"photo_{number}.webp"
        Image.fromarray(image).save(out / photo, quality=92, method=6)
        page["photos"].append({"number": number, "photo": photo, "truth": runs_of(label), "networks": {}})
    checks, predicted = [], [{} for _ in pairs]
    for model, about in networks:
        name = about["model"]
        preprocessing = Preprocessing.from_dict(about["preprocessing"])
        confusion, _ = evaluate(model, dataset, preprocessing)
        page["networks"][name] = network(model, size) | {"mean_iu": round(float(confusion.mean_iu), 4)}
        for described, (image, _), labels in zip(page["photos"], pairs, predicted):
            x = preprocessing(image)[None]
            maps, scores = score_maps(model, x)
            field = f"field_{described['number']}_{name}.webp"
            squares = draw_fields(out / field, model, x)
            described["networks"][name] = {"maps": packed(maps), "field": field, "squares": squares}
            labels[model.title] = predicted_classes(scores, axis=0)
            checks += checked(described["number"], name, scores)
    (out / "network.json").write_text(json.dumps(page, separators=(",", ":")) + "\n")
    (out / "checks.json").write_text(json.dumps(checks, separators=(",", ":")) + "\n")
    rows = [(*pair, labels) for pair, labels in zip(pairs, predicted)]
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "side_by_side.png"
        save_predictions(picture, rows, dataset.classes, dataset.palette)
        Image.open(picture).convert("RGB").save(out / "side_by_side.webp", quality=80, method=6)


def layers(model, size):
    """What the page draws of the trunk's layers: of each map its size, stride, and every pixel's receptive field."""
    along = [(model.places_along(axis, n), spans(model, axis, n)) for axis, n in enumerate(size)]
    return [
        {"name": name, "stride": int(along[0][0][name].pitch), "field": along[0][0][name].receptive_field}
        | {key: axis(*both, name) for key, both in zip(("rows", "cols"), along)}
        for name in LAYERS
    ]


def axis(places, seen, name):
    """Along one axis: where the map's first pixel has its centre on the image; of each pixel, what it sees from to."""
    return {"start": float(places[name].start), "seen": np.stack(seen[name], axis=1).tolist()}


def network(model, size):
    """What the page needs to know of a network: how each of its score maps comes up to the photo's size."""
    names = ["score_fr", *(f"score_{pool}" for pool in model.skips)]
    places = [model.places_along(axis, n) for axis, n in enumerate(size)]
    maps = {}
    for name in names:
        rows, cols = (place[name] for place in places)
        about = {"size": [rows.size, cols.size], "stride": int(rows.pitch), "field": rows.receptive_field}
        maps[name] = about | {"steps": way_up(model, name, size)}
    return {"title": model.title, "maps": maps}


def packed(maps):
    """Score maps as int16 in base64, with what one step of these numbers is worth."""
    unit = max(float(np.abs(scores).max()) for scores in maps.values()) / LARGEST
    return {name: {"unit": unit, "values": encoded(np.rint(scores / unit), "<i2")} for name, scores in maps.items()}


def runs_of(label):
    """A label map as runs along its rows, (class, length up to 255) after (class, length), in base64."""
    flat, runs = label.ravel(), []
    starts = [0, *(np.flatnonzero(np.diff(flat)) + 1).tolist(), len(flat)]
    for start, stop in itertools.pairwise(starts):
        for first in range(start, stop, 255):
            runs += [int(flat[start]), min(stop - first, 255)]
    return encoded(runs, "u1")


def draw_fields(path, model, x):
    """Draw a tile for each pixel measured, brighter where its winning score depends more on the image.

    Returns the side of each pixel's `square`, row by row.
    """
    height, width = x.shape[2:]
    pixels = [(row, col) for row in range(STEP // 2, height, STEP) for col in range(STEP // 2, width, STEP)]
    found = gradients(model, x, pixels)
    tiles = blocks(found)  # (pixels, H/4, W/4)
    bright = np.quantile(tiles, BRIGHT, axis=(1, 2), keepdims=True)  # else a few pixels would leave all others dark
    tiles = np.sqrt(np.minimum(tiles / bright, 1))
    grid = tiles.reshape(height // STEP, width // STEP, *tiles.shape[1:]).transpose(0, 2, 1, 3)
    grid = grid.reshape(-1, width // STEP * tiles.shape[2])  # (rows * H/4, columns * W/4)
    Image.fromarray(np.rint(255 * grid).astype(np.uint8)).save(path, quality=30, method=6)
    return [square(gradient, *pixel) for gradient, pixel in zip(found, pixels)]


def checked(photo, name, scores):
    """The network's probabilities at some pixels, in percent, for the page's own to be compared with."""
    height, width = scores.shape[1:]
    rng = np.random.default_rng(photo)
    exponentials = np.exp(scores.astype(np.float64) - scores.max(axis=0))
    percent = 100 * exponentials / exponentials.sum(axis=0)
    pixels = np.stack([rng.integers(width, size=CHECKED), rng.integers(height, size=CHECKED)], axis=1).tolist()
    values = [{"x": x, "y": y, "percent": np.round(percent[:, y, x], 3).tolist()} for x, y in pixels]
    return [{"photo": photo, "network": name} | value for value in values]


def encoded(values, dtype):
    return base64.b64encode(np.asarray(values, dtype).tobytes()).decode()


if __name__ == "__main__":
    main()
