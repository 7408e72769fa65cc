"""ONNX Runtime and OpenVINO, which run a trained network from the ONNX file that `export` writes, on the CPU.

Nothing else in minifcn imports them; where one is missing its figures are left out.
"""

import functools
import importlib
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from minifcn.backend import Array
from minifcn.backend.parallel import thread_count
from minifcn.errors import caution
from minifcn.models import FCN
from minifcn.text import first_line
from minifcn.weights.exporting import export
from minifcn.weights.onnx_file import IMAGES

ERROR = 1e-4  # of the largest score: an engine that is farther off computes something else
Forward = Callable[[], Array]


def forward(model: FCN, images: Array) -> dict[str, Forward]:
    """{engine: its forward pass over these images -> scores}, of those that are installed and agree with minifcn's."""
    there = {name: start for name, (_, start) in ENGINES.items() if not missing(name)}
    functions: dict[str, Forward] = {}
    if not there:
        return functions
    scores = model.eval()(images)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:  # one that an engine still maps
        path = Path(folder, "network.onnx")
        export(path, model, {})
        for name, start in there.items():
            try:
                function = start(str(path), images)
                error = abs(function() - scores).max() / abs(scores).max()
            except Exception as refusal:  # of an older one, say, that does not know the file's format
                caution(f"{name} is not timed: {first_line(refusal)}")
                continue
            if error <= ERROR:
                functions[name] = function
            else:
                caution(f"{name} is not timed: its scores are off by {error:.1g} of the largest")
    return functions


def missing(name: str) -> str:
    """In one line why this engine cannot be measured, "" where it can."""
    try:
        for module in ("onnx", ENGINES[name][0]):
            importlib.import_module(module)
    except Exception as error:  # not installed, or a library of its own is missing
        return first_line(error)
    return ""


def _onnx_runtime(path: str, images: Array) -> Forward:
    """Its threads wait busily for more work within a call as ever, but not after it, in the way of whoever is next."""
    runtime: Any = importlib.import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = thread_count()
    options.add_session_config_entry("session.force_spinning_stop", "1")
    session = runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {IMAGES: images})[0]


def _openvino(path: str, images: Array) -> Forward:
    """As quick as it can be with one call at a time, in float32 where the processor would do with less, too."""
    runtime: Any = importlib.import_module("openvino")
    how = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": thread_count(),
        "INFERENCE_PRECISION_HINT": "f32",
    }
    request = _core(runtime).compile_model(path, "CPU", how).create_infer_request()

    def run():
        request.infer([images], share_inputs=True)
        return request.get_output_tensor().data

    return run


@functools.cache
def _core(runtime):
    """OpenVINO's, which is never let go: it has given a thread another stack to handle signals on, frees that with
    itself, and where it is collected in another thread, the next Ctrl-C finds none.
    """
    return runtime.Core()


# {name: (module, start(ONNX file, images) -> forward pass)}
ENGINES: dict[str, tuple[str, Callable[[str, Array], Forward]]] = {
    "ONNX Runtime": ("onnxruntime", _onnx_runtime),
    "OpenVINO": ("openvino", _openvino),
}
