"""Pictures of a run: predictions beside the truth, and the learning curves. Lengths are pixels."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from minifcn.data import VOID, predict_image
from minifcn.errors import InputError
from minifcn.metrics import FIGURES
from minifcn.pictures.colours import BLACK, BLUE, GREEN, VERMILLION, VOID_COLOUR, colour_table
from minifcn.pictures.confusion import save_confusion
from minifcn.pictures.figures import DPI, dress, heights_of_names, new_figure, save
from minifcn.pictures.fonts import readable, write
from minifcn.pictures.legends import class_legend, place_below
from minifcn.training.evaluation import picture_indices, worst_first
from minifcn.training.run_folder import CONFUSION, CURVE, PREDICTIONS
from minifcn.training.trainer import Trainer

Row = tuple[np.ndarray, np.ndarray | None, dict[str, np.ndarray]]  # image, truth, {network's name: predicted}
STYLES = ((BLUE, "-"), (VERMILLION, "--"), (BLACK, ":"), (GREEN, "-."))
CURVES = {"pixel_accuracy": BLUE, "frequency_weighted_iu": GREEN, "mean_accuracy": VERMILLION, "mean_iu": BLACK}
CURVES |= {"accuracy": BLUE}  # of a classifier
WORST = ("the worst", "2nd worst", "3rd worst", "4th worst")  # pictures


def colorize(label: np.ndarray, palette: ArrayLike) -> np.ndarray:
    """The colours of a label image: (H, W) integers -> (H, W, 3) uint8, void (255) in light grey.

    palette   (n_class, 3) uint8, the RGB colour of each class
    Raises InputError for a value that is neither a class nor 255.
    """
    label, palette = np.asarray(label), np.asarray(palette, dtype=np.uint8)
    outside = label[(label != VOID) & ((label < 0) | (label >= len(palette)))]
    if outside.size:
        raise InputError(f"colorize: label {outside[0]} is neither a class 0..{len(palette) - 1} nor {VOID} (void)")
    return colour_table(palette)[label]


def save_predictions(
    path: str | Path,
    rows: Sequence[Row],
    classes: Sequence[str],
    palette: ArrayLike,
    captions: tuple[Sequence[str], Sequence[str]] | None = None,
) -> None:
    """Write a picture: for each image a row, image | truth | one column for each network; below, the classes.

    rows      of any sizes: (image uint8 (H, W, 3) RGB, truth (H, W), {"FCN-32s": predicted (H, W), ...}); every row
              names the same networks, and has None for truth where there is none
    classes   the n_class names; palette: their (n_class, 3) uint8 RGB colours
    captions  (a line above each row, the fonts for them)
    Small images are enlarged by a whole factor, large ones shrunk, to columns of at most 300 pixels.
    Raises InputError where there are no rows.
    """
    if not rows:
        raise InputError("save_predictions: there are no rows to draw, give at least one image")
    images = [image for image, *_ in rows]
    labels = [networks if truth is None else {"truth": truth, **networks} for _, truth, networks in rows]
    titles = ["image", *labels[0]]
    panels = [[image, *(colorize(named[key], palette) for key in titles[1:])] for image, named in zip(images, labels)]
    shown = [_shown_size(image) for image in images]
    column = max(width for width, _ in shown)
    margin, gap, head, line = 12, 6, 24, 0 if captions is None else 22

    width = 2 * margin + len(titles) * (column + gap) - gap
    figure = new_figure(width, DPI)  # its height comes with that of the legend, its width with long names
    words, fonts = captions or ((), ())
    lines = [figure.text(0, 0, "", size=9, color="0.35", va="center") for _ in words]
    for caption, text in zip(lines, words):
        write(caption, text, fonts)
        width = max(width, math.ceil(caption.get_window_extent().width) + 2 * margin)
    colours = [*np.asarray(palette), VOID_COLOUR]
    legend = class_legend(figure, *readable([*classes, "void"]), colours, width - 2 * margin)
    above = head + sum(height for _, height in shown) + (gap + line) * len(rows) + margin
    width, height = place_below(figure, legend, width, above, margin)

    top = height - head
    for number, (pictures, (shown_width, shown_height)) in enumerate(zip(panels, shown, strict=True)):
        if lines:
            lines[number].set_position((margin / width, (top - line / 2) / height))
        top -= line
        for place, picture in enumerate(pictures):
            left = margin + place * (column + gap) + (column - shown_width) // 2
            box = (left / width, (top - shown_height) / height, shown_width / width, shown_height / height)
            axes = figure.add_axes(box)
            # There is no class between two others: only photographs are smoothed, when they shrink.
            smooth = place == 0 and shown_width < picture.shape[1]
            axes.imshow(picture, aspect="auto", interpolation="hanning" if smooth else "nearest")
            axes.set_axis_off()
        top -= shown_height + gap
    for place, title in enumerate(titles):
        middle = margin + place * (column + gap) + column / 2
        figure.text(middle / width, (height - head / 2) / height, title, size=10, ha="center", va="center")
    save(figure, path)


def save_learning_curve(path: Path, history: Sequence[Mapping[str, Any]]) -> None:
    """Write a picture of a run: the loss, the paper's four metrics and the learning rate over the epochs.

    history   a list of dicts, one an epoch, with `epoch` and any of `loss`, `val_loss`, `pixel_accuracy`,
              `mean_accuracy`, `mean_iu`, `frequency_weighted_iu` and `lr`; None or nan: no value
    Each curve is named at its end, together with its last value. Raises InputError where there are no epochs.
    """
    if not history:
        raise InputError("save_learning_curve: the history is empty, there is no epoch to draw")
    figure = new_figure(1260, 360, ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.1))
    panels = (
        (
            "loss" if "accuracy" in history[-1] else "loss per pixel",
            (("loss", "training", BLUE), ("val_loss", "validation", VERMILLION)),
            ".3g",
            None,
        ),
        ("validation", [(key, FIGURES.get(key, key), colour) for key, colour in CURVES.items()], ".3f", 1),
        ("learning rate", (("lr", "", BLUE),), ".2g", None),
    )
    ends = [_draw_curves(axes, history, *panel) for axes, panel in zip(figure.subplots(1, 3), panels, strict=True)]
    figure.draw_without_rendering()  # gives the axes their heights
    for axes, named in zip(figure.axes, map(sorted, ends), strict=True):
        for at, (_, text, colour) in zip(heights_of_names(axes, [value for value, *_ in named]), named):
            axes.text(1.03, at, text, color=colour, size=9, va="center", transform=axes.transAxes)
    save(figure, path)


def save_convergence(path: Path, curves: Mapping[str, Sequence[tuple[float, float]]]) -> None:
    """Write a picture of trainings side by side: the loss over the steps, and over the seconds.

    curves   {name: [(seconds, loss) of each step]}, up to four; the names stand below the panels
    Raises InputError for none, and for more.
    """
    if not 1 <= len(curves) <= len(STYLES):
        raise InputError(f"save_convergence: {len(curves)} curves, expected 1 to {len(STYLES)}")
    figure = new_figure(1000, 420, ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.1))
    by_step, by_clock = figure.subplots(1, 2, sharey=True)
    for (name, curve), (colour, line) in zip(curves.items(), STYLES):
        seconds, losses = zip(*curve, strict=True)
        by_step.plot(range(1, len(curve) + 1), losses, color=colour, linestyle=line, linewidth=1.6, label=name)
        by_clock.plot(seconds, losses, color=colour, linestyle=line, linewidth=1.6)
    for axes, title, unit in ((by_step, "by the step", "step"), (by_clock, "by the clock", "seconds of training")):
        axes.set(xlabel=unit, xlim=(0, None))
        dress(axes, title)
    by_step.set_ylabel("loss per pixel")
    figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=10, handlelength=3)
    save(figure, path)


def draw_run(run: Trainer) -> None:
    """Write the pictures of a run into its folder: learning curve, confusion matrix and, of label maps, predictions.

    They are of the network as it is now. Raises InputError where one cannot be written.
    """
    if not run.accuracies:  # it was trained before
        run.validate()
    run.model.eval()  # every step of a training says anew that it is one
    save_learning_curve(run.folder.path / CURVE, run.progress.history)
    save_confusion(run.folder.path / CONFUSION, run.confusion, run.training.classes)
    if run.validation[0][1].ndim == 2:  # not the label of a whole image
        _draw_predictions(run)


def _draw_predictions(run):
    """Images from all over the validation data, and the worst of the others."""
    worst = worst_first(run.accuracies)
    chosen = picture_indices(run.validation)
    chosen += [index for index in worst if index not in chosen][: len(WORST)]
    numbered = [f"image {number}" for number in range(len(run.validation))]
    names, fonts = readable(run.validation.names or numbered, "image")
    rows, captions = [], []
    for index in chosen:
        image, truth = run.validation[index]
        rows.append((image, truth, {run.title(): predict_image(run.model, image, run.preprocessing, run.device)}))
        low = index in worst[: min(len(WORST), len(worst) // 2)]
        rank = f" ({WORST[worst.index(index)]} of {len(worst)})" if low else ""
        captions.append(f"{names[index]}: pixel acc. {run.accuracies[index]:.3f}{rank}")
    classes, palette = run.training.classes, run.training.palette
    save_predictions(run.folder.path / PREDICTIONS, rows, classes, palette, (captions, fonts))


def _draw_curves(axes, history, title, curves, number, top):
    """Draw the columns `curves` ((key, name, colour), ...) from 0 to `top` (None: what they reach).

    Returns [(last value, name and value as text, colour), ...].
    """
    ends = []
    for key, name, colour in curves:
        there = [row for row in history if row.get(key) is not None and math.isfinite(row[key])]
        points = [(row["epoch"], row[key]) for row in there]
        if points:
            axes.plot(*zip(*points, strict=True), color=colour, marker="o", markersize=3, linewidth=1.6)
            ends.append((points[-1][1], f"{name} {points[-1][1]:{number}}".strip(), colour))
    dress(axes, title, axis="y")
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.set_ylim(0, top)
    return ends


def _shown_size(image):
    """(width, height) in which an image is shown: small ones a whole multiple, others 300 on their longer side."""
    height, width = image.shape[:2]
    longer = max(height, width)
    scale = 300 // longer or 300 / longer
    return max(1, round(scale * width)), max(1, round(scale * height))
