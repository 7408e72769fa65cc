"""Weights to use or to start from, whoever trained them: `minifcn train`, or somebody who published theirs."""

from minifcn.data import Voc, voc_palette
from minifcn.errors import InputError, caution
from minifcn.models import BACKBONES, MODELS
from minifcn.models.transplant import transplant
from minifcn.weights import is_ours, read_tensors, recognise
from minifcn.weights.npz import VELOCITY, load_arrays


def load_weights(path):
    """Read a file of weights -> ({name: array}, about).

    about is what `minifcn train` writes beside them: the model and its settings, the preprocessing of its images, the
    data set, its classes and their palette. Of published files, which say nothing, it follows from names and shapes.
    Raises InputError for any other file.
    """
    if is_ours(path):
        arrays, about = load_arrays(path)
        return {name: array for name, array in arrays.items() if not name.startswith(VELOCITY)}, about
    tensors = read_tensors(path)
    try:
        published = recognise(tensors)
    except InputError as error:
        raise InputError(f"weights {path}: {error}") from error
    classes, palette = _classes(published)
    return published.arrays, {
        "model": published.model,
        "settings": published.settings,
        "preprocessing": published.preprocessing.to_dict(),
        "data": published.origin,
        "classes": classes,
        "palette": palette,
        "origin": published.origin,
    }


def load_model(path):
    """Build the network that a file of weights describes, with its weights -> (model in evaluation mode, about).

    Raises InputError where that is no network of scores for every pixel.
    """
    arrays, about = load_weights(path)
    if about["model"] in BACKBONES:
        raise InputError(
            f"weights {path}: {BACKBONES[about['model']].title} is a classifier of whole images: train an FCN from it, "
            f"minifcn train --init {path}"
        )
    if about["model"] not in list(MODELS):
        raise InputError(f"weights {path}: model {about['model']!r} is none of {', '.join(MODELS)}")
    try:
        model = MODELS[about["model"]](**about["settings"])
        model.load_state_dict(arrays)
    except (InputError, TypeError) as error:
        raise InputError(f"weights {path}: {error}") from error
    zero = [name for name, layer in model.children() if name.startswith("score") and not layer.weight.data.any()]
    if zero:
        caution(
            f"{path}: {', '.join(zero)} are all zero, as before any training: "
            + ("what comes before counts for nothing" if len(zero) < 1 + len(model.skips) else "every score will be 0")
        )
    return model.eval(), about


def start_from(model, path):
    """Copy a file's weights into a model by name and shape -> (Transplant, about).

    Cautions where layers get none. Raises InputError where nothing fits, or a shape does not.
    """
    arrays, about = load_weights(path)
    try:
        report = transplant(model, arrays)
    except InputError as error:
        raise InputError(f"--init {path}: {error}") from error
    if report.missing:
        caution(f"--init {path}: no weights for {', '.join(report.missing)}: they keep random ones")
    return report, about


def _classes(published):
    """Names and colours of the classes: VOC's where there are so many, ImageNet's thousand by number."""
    n_class = published.settings["n_class"]
    names = Voc.classes if n_class == Voc.palette.shape[0] else [f"class {number}" for number in range(n_class)]
    return list(names), voc_palette(min(n_class, 255)).tolist()
