"""A network as an ONNX file: its graph of named nodes, node by node, for images of any number and size.

The input "images" are floats (N, 3, H, W), prepared as the network's preprocessing does it; the output "scores" are
those of `forward` while evaluating: (N, n_class, H, W) of an FCN. The line `about` travels in the metadata.
"""

from collections.abc import Callable, Mapping
from typing import IO, Any

import numpy as np

from minifcn import layers
from minifcn.backend import Array, to_host
from minifcn.errors import InputError
from minifcn.layers.graph import INPUT
from minifcn.models import FCN
from minifcn.models.classifier import Classifier
from minifcn.weights.about import METADATA

OPSET, IR = 15, 8  # of 2021: what came later reads it, too
MOST = 2**31 - 2**20  # bytes of weights: protobuf, in which ONNX is written, ends at 2 GiB
IMAGES, SCORES = "images", "scores"


def write_onnx(file: IO[bytes], model: FCN | Classifier, about: str) -> None:
    """Write a network, an FCN or a classifier of images (N, 3, S, S), to an open file.

    Raises InputError where the package onnx is missing, for more weights than the format holds, and for a layer that
    is not in the table below.
    """
    try:
        import onnx
    except ImportError as error:
        raise InputError(f"ONNX needs the package onnx ({error}): pip install 'minifcn[onnx]'") from error
    taken = sum(parameter.size * parameter.dtype.itemsize for parameter in model.parameters())
    if taken > MOST:
        raise InputError(f"the weights take {taken / 2**30:.1f} GiB, ONNX holds less than 2: take .safetensors or .pth")
    helper, writer = onnx.helper, Writer(onnx, model)
    writer.node("Identity", SCORES, [writer.network(model, IMAGES)])
    size = ["height", "width"] if isinstance(model, FCN) else [model.image_size] * 2
    shapes = {IMAGES: ["count", 3, *size], SCORES: ["count", model.settings["n_class"]]}
    shapes[SCORES] += size if isinstance(model, FCN) else []
    images, scores = (helper.make_tensor_value_info(name, 1, shape) for name, shape in shapes.items())  # 1: float32
    graph = helper.make_graph(writer.nodes, type(model).__name__, [images], [scores])
    opsets = [helper.make_opsetid("", OPSET)]
    made = helper.make_model(graph, producer_name="minifcn", opset_imports=opsets, ir_version=IR)
    for name, array in writer.weights.items():  # not before: whatever is made of a message copies it
        made.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    helper.set_model_props(made, {METADATA: about})
    file.write(made.SerializeToString(deterministic=True))


class Writer:
    """The nodes and weights of an ONNX graph so far. A node is called as its layer here, and so is its output."""

    def __init__(self, onnx: Any, model: layers.Graph) -> None:
        self.onnx = onnx
        self.nodes: list[Any] = []
        self.weights: dict[str, np.ndarray] = {}
        self.names = {parameter: name for name, parameter in model.named_parameters()}

    def network(self, graph: layers.Graph, taken: str, name: str = "") -> str:
        """Add the nodes of a network, and of those inside it -> the name of what comes out."""
        maps = {INPUT: taken}
        for inner, inputs, _ in graph.nodes[False]:
            layer, path = graph.named[inner], name + graph.joint + inner if name else inner
            given = [maps[i] for i in inputs]
            if isinstance(layer, layers.Graph):
                maps[inner] = self.network(layer, given[0], path)
            elif type(layer) in ROWS:
                maps[inner] = ROWS[type(layer)](self, layer, path, given)
            else:
                raise InputError(f"{path} is a {type(layer).__name__}, which is not written as ONNX here")
        return maps[graph.outputs[False][0]]

    def node(self, kind: str, name: str, inputs: list[str], **attributes: Any) -> str:
        """Add a node of ONNX's -> the name of its output."""
        self.nodes.append(self.onnx.helper.make_node(kind, inputs, [name], name, **attributes))
        return name

    def constant(self, name: str, array: Array) -> str:
        """Add an array of numbers -> its name."""
        self.weights[name] = to_host(array)
        return name

    def parameters(self, layer: Any) -> list[str]:
        """Add a layer's weight, and its bias if it has one -> their names."""
        given = [layer.weight, layer.bias] if layer.bias else [layer.weight]
        return [self.constant(self.names[parameter], parameter.data) for parameter in given]


def _window(layer):
    """How a kernel goes over a map, in ONNX's words."""
    last = [window.padding + window.end for window in layer.windows]
    return {"kernel_shape": layer.kernel_size, "strides": layer.stride, "pads": [*layer.padding, *last]}


def _conv(writer, layer, name, maps):
    how = _window(layer) | {"dilations": layer.dilation, "group": layer.groups}
    return writer.node("Conv", name, maps + writer.parameters(layer), **how)


def _conv_transpose(writer, layer, name, maps):
    how = _window(layer) | {"dilations": layer.dilation, "group": layer.groups}
    return writer.node(
        "ConvTranspose", name, maps + writer.parameters(layer), output_padding=layer.output_padding, **how
    )


def _max_pool(writer, layer, name, maps):
    how = _window(layer) | {"dilations": layer.dilation, "ceil_mode": int(layer.ceil_mode)}
    return writer.node("MaxPool", name, maps, **how)


def _avg_pool(writer, layer, name, maps):
    how = _window(layer) | {"ceil_mode": int(layer.ceil_mode), "count_include_pad": int(layer.count_include_pad)}
    return writer.node("AveragePool", name, maps, **how)


def _norm(writer, layer, name, maps):
    return writer.node("LRN", name, maps, size=layer.size, alpha=layer.alpha, beta=layer.beta, bias=layer.k)


def _linear(writer, layer, name, maps):
    return writer.node("Gemm", name, maps + writer.parameters(layer), transB=1)


def _scale(writer, layer, name, maps):
    return writer.node("Mul", name, [*maps, writer.constant(f"{name}/factor", np.float32(layer.factor))])


def _crop(writer, layer, name, maps):
    """From the offset on, of the other map's size, which is known only when it is there."""
    x, other = maps
    first = writer.constant(f"{name}/first", np.array(layer.offset, np.int64))
    size = writer.node("Shape", f"{name}/size", [other], start=2, end=4)  # (h, w)
    last = writer.node("Add", f"{name}/last", [first, size])
    return writer.node("Slice", name, [x, first, last, writer.constant("rows and columns", np.array([2, 3]))])


def _plain(kind: str, **attributes: Any) -> Callable[..., str]:
    """The row of a layer that is a node of ONNX's as it is."""
    return lambda writer, layer, name, maps: writer.node(kind, name, maps, **attributes)


def _nothing(writer, layer, name, maps):
    return maps[0]


# What is written for a layer: row(writer, layer, its name, names of its inputs) -> the name of its output.
ROWS: Mapping[type, Callable[..., str]] = {
    layers.AvgPool2d: _avg_pool,
    layers.Concatenation: _plain("Concat", axis=1),
    layers.Conv2d: _conv,
    layers.ConvTranspose2d: _conv_transpose,
    layers.Crop: _crop,
    layers.Dropout: _nothing,
    layers.Dropout2d: _nothing,
    layers.Flatten: _plain("Flatten"),
    layers.Linear: _linear,
    layers.LocalResponseNorm: _norm,
    layers.MaxPool2d: _max_pool,
    layers.ReLU: _plain("Relu"),
    layers.Scale: _scale,
    layers.Sum: _plain("Sum"),
}
