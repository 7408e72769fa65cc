"""A network's weights as a file of the format that its name ends in, for other programs or for here again."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from safetensors.numpy import save

from minifcn.backend import to_host
from minifcn.backend.files import write_whole
from minifcn.errors import InputError
from minifcn.models import FCN
from minifcn.models.classifier import Classifier
from minifcn.weights.about import METADATA, to_json
from minifcn.weights.npz import save_arrays
from minifcn.weights.onnx_file import write_onnx
from minifcn.weights.pth.writing import write_pth

OF_TRAINING = ("progress", "scores", "run")  # told beside weights: for nobody else, and no JSON where one is NaN


def export(path: str | Path, model: FCN | Classifier, about: dict[str, Any]) -> None:
    """Write a network's weights and what is known about them to `path`, whole or not at all.

    InputError for a format that is none of FORMATS, and where it cannot be written.
    """
    write = FORMATS[format_of(path)]
    write(Path(path), model, {key: value for key, value in about.items() if key not in OF_TRAINING})


def format_of(path: str | Path) -> str:
    """The suffix that names the format, one of FORMATS. InputError for any other."""
    suffix = Path(path).suffix.lower()
    if suffix not in FORMATS:
        raise InputError(f"{path} names no format: expected a file that ends in {', '.join(FORMATS)}")
    return suffix


def _arrays(model):
    """{published name: NumPy array}, no copies."""
    return {name: to_host(parameter.data) for name, parameter in model.named_parameters()}


def _npz(path, model, about):
    save_arrays(path, _arrays(model), about)


def _pth(path, model, about):
    write_whole(path, lambda file: write_pth(file, _arrays(model), to_json(about)))


def _safetensors(path, model, about):
    write_whole(path, lambda file: file.write(save(_arrays(model), {METADATA: to_json(about)})))


def _onnx(path, model, about):
    write_whole(path, lambda file: write_onnx(file, model, to_json(about)))


FORMATS: dict[str, Callable[[Path, FCN | Classifier, dict], None]] = {
    ".pth": _pth,
    ".safetensors": _safetensors,
    ".npz": _npz,
    ".onnx": _onnx,
}
