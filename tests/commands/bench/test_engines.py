"""ONNX Runtime and OpenVINO as competitors: the same scores, or they are none."""

import gc
import signal
import sys
import threading

import numpy as np
import pytest

from minifcn.commands.bench import cases, engines
from minifcn.errors import Caution

NETWORK = {"n_class": 3, "width": 1 / 32, "fc_channels": 5, "padding": "same"}


@pytest.fixture
def network():
    """(model, images, PyTorch's scores or, without PyTorch, the model's)."""
    model, other = cases.twins(NETWORK, "cpu")
    functions = cases.forward(model, other, (2, 3, 40, 33), "cpu")
    return model, cases.random_maps((2, 3, 40, 33), "cpu"), np.asarray(functions.get("PyTorch", functions["minifcn"])())


@pytest.mark.parametrize("name", engines.ENGINES)
def test_an_engine_computes_the_same_scores(name, network):
    pytest.importorskip(engines.ENGINES[name][0], reason=f"{name} is not installed")
    model, images, scores = network
    run = engines.forward(model, images)[name]
    for _ in range(2):
        np.testing.assert_allclose(run(), scores, rtol=1e-4, atol=1e-5 * abs(scores).max())


def test_an_engine_that_computes_something_else_is_not_timed(monkeypatch, network):
    model, images, scores = network
    off = {"right": lambda path, images: lambda: scores, "wrong": lambda path, images: lambda: 1.001 * scores}
    monkeypatch.setattr(engines, "ENGINES", {name: ("numpy", start) for name, start in off.items()})
    with pytest.warns(Caution, match=r"wrong is not timed: its scores are off by 0\.001 of the largest"):
        assert list(engines.forward(model, images)) == ["right"]


def test_an_engine_that_refuses_the_file_is_not_timed(monkeypatch, network):
    def refuse(path, images):
        raise RuntimeError("Unsupported model IR version: 99\nand more")

    model, images, scores = network
    starts = {"right": lambda path, images: lambda: scores, "older": refuse}
    monkeypatch.setattr(engines, "ENGINES", {name: ("numpy", start) for name, start in starts.items()})
    with pytest.warns(Caution, match="older is not timed: RuntimeError: Unsupported model IR version: 99$"):
        assert list(engines.forward(model, images)) == ["right"]


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_an_engine_that_is_missing_is_left_out(monkeypatch, network, package):
    monkeypatch.setitem(sys.modules, package, None)
    assert "ModuleNotFoundError" in engines.missing("ONNX Runtime")
    model, images, _ = network
    assert "ONNX Runtime" not in engines.forward(model, images)


def test_onnx_runtimes_threads_come_to_rest_after_a_call(monkeypatch, network):
    """As many as minifcn has, and none that waits busily beside whoever is timed next."""
    runtime = pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
    made = []

    class Options(runtime.SessionOptions):
        def __init__(self):
            super().__init__()
            made.append(self)

    monkeypatch.setattr(runtime, "SessionOptions", Options)
    monkeypatch.setattr(engines, "thread_count", lambda: 3)
    model, images, _ = network
    engines.forward(model, images)
    assert made[0].intra_op_num_threads == 3
    assert made[0].get_session_config_entry("session.force_spinning_stop") == "1"


def test_a_signal_is_handled_after_openvino_was_collected_in_another_thread(network):
    pytest.importorskip("openvino", reason="OpenVINO is not installed")
    model, images, _ = network
    runs, handled = [engines.forward(model, images)["OpenVINO"]], []
    before = signal.signal(signal.SIGINT, lambda *_: handled.append(True))
    try:
        thread = threading.Thread(target=runs.clear)
        thread.start()
        thread.join()
        gc.collect()
        signal.raise_signal(signal.SIGINT)  # a crash, if its stack is gone
    finally:
        signal.signal(signal.SIGINT, before)
    assert handled
