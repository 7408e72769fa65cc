"""Weights to use or to start from, whoever trained them: `minifcn train`, or somebody who published theirs."""

from pathlib import Path
from typing import Any

import numpy as np

from minifcn.backend import Array
from minifcn.data import Voc, voc_palette
from minifcn.errors import InputError, caution
from minifcn.layers import Layer
from minifcn.machines import ALONE, Group
from minifcn.machines.together import in_first
from minifcn.models import BACKBONES, FCN, MODELS
from minifcn.models.classifier import Classifier
from minifcn.models.transplant import Transplant, transplant
from minifcn.weights.published import recognise
from minifcn.weights.tensors import read_weights

LARGEST = np.finfo(np.float32).max  # which networks begin as: what is beyond would be inf there


def load_weights(path: str | Path) -> tuple[dict[str, Array], dict[str, Any]]:
    """Read a file of weights -> ({name: array}, about).

    about is what `minifcn train` and `export` write beside them: the model and its settings, the preprocessing of its
    images, the data set, its classes and their palette. Of published files, which say nothing, it follows from names
    and shapes: the classes are VOC's where there are so many, else they have numbers.
    Raises InputError for any other file, and where weights are not finite, or none of float32.
    """
    arrays, about = read_weights(path)
    for name, array in arrays.items():
        if array.dtype.kind == "f" and array.size and not (array.min() >= -LARGEST and array.max() <= LARGEST):
            why = "not finite in float32, after a training that diverged say"
            raise InputError(f"weights {path}: {name} is {why}: use others")
    if about is not None:
        return arrays, about
    try:
        published = recognise(arrays)
    except InputError as error:
        raise InputError(f"weights {path}: {error}") from error
    n_class = published.settings["n_class"]
    classes = Voc.classes if n_class == len(Voc.classes) else [f"class {number}" for number in range(n_class)]
    return published.arrays, {
        "model": published.model,
        "settings": published.settings,
        "preprocessing": published.preprocessing.to_dict(),
        "data": published.origin,
        "classes": list(classes),
        "palette": np.resize(voc_palette(min(n_class, 255)), (n_class, 3)).tolist(),  # of 1000 from the start again
    }


def load_any(path: str | Path, group: Group = ALONE) -> tuple[FCN | Classifier, dict[str, Any]]:
    """Build the network that a file of weights describes, with its weights -> (model in evaluation mode, about).

    group  several processes, of which rank 0 alone reads the file
    """
    arrays, about = in_first(group, lambda: load_weights(path))
    networks: dict[str, Any] = {**MODELS, **BACKBONES}
    if about["model"] not in networks:
        raise InputError(f"weights {path}: model {about['model']!r} is none of {', '.join(networks)}")
    try:
        model = networks[about["model"]](**about["settings"])
        model.load_state_dict(arrays)
    except (InputError, TypeError) as error:
        raise InputError(f"weights {path}: {error}") from error
    if about["data"].endswith("of Caffe") and about["model"] in MODELS and model.settings["width"] != 1:
        taken = "it is taken for padding 100 and images as in Caffe, BGR less the mean"
        caution(f"{path}: its width {model.settings['width']:g} is no published FCN's, and it says no more: {taken}")
    return model.eval(), about


def load_model(path: str | Path, group: Group = ALONE) -> tuple[FCN, dict[str, Any]]:
    """The same of a network of scores for every pixel. Raises InputError for another, cautions where scores are 0."""
    model, about = load_any(path, group)
    if isinstance(model, Classifier):
        what = f"{model.title} is a classifier of whole images"
        raise InputError(f"weights {path}: {what}: train an FCN from it, minifcn train --init {path}")
    zero = [
        name.removesuffix(".weight")
        for name, parameter in model.named_parameters()
        if name.startswith("score") and name.endswith("weight") and not parameter.data.any()
    ]
    if zero:
        partly = len(zero) < 1 + len(model.skips)
        effect = "what comes before counts for nothing" if partly else "every score will be 0"
        caution(f"{path}: {', '.join(zero)} are all zero, as before any training: {effect}")
    return model, about


def start_from(model: Layer, path: str | Path, group: Group = ALONE) -> tuple[Transplant, dict[str, Any]]:
    """Copy a file's weights into a model by name and shape -> (Transplant, about).

    group  several processes, of which rank 0 alone reads the file
    Cautions where layers get none. Raises InputError where nothing fits, or a shape does not.
    """
    arrays, about = in_first(group, lambda: load_weights(path))
    try:
        report = transplant(model, arrays)
    except InputError as error:
        raise InputError(f"--init {path}: {error}") from error
    if report.missing:
        caution(f"--init {path}: no weights for {', '.join(report.missing)}: they keep random ones")
    return report, about
