"""ONNX's operators by the layers here, those with windows aside: (attributes, *inputs) -> the outputs, a tuple."""

import numpy as np

from minifcn import SGD
from minifcn.layers import (
    Concatenation,
    Dropout,
    Flatten,
    Linear,
    LocalResponseNorm,
    Parameter,
    ReLU,
    SoftmaxCrossEntropy,
    Sum,
    Upsample,
)
from minifcn.layers.loss import softmax_loss

from . import onnx_windows as windows
from .verdicts import Inexpressible, made

COORDINATES = "other coordinates or rounding"


def lrn(how, x):
    norm = LocalResponseNorm(how["size"], how.get("alpha", 1e-4), how.get("beta", 0.75), how.get("bias", 1.0))
    return (norm(x),)


def resize(how, x, roi=None, scales=None, sizes=None):
    axes = [axis % x.ndim for axis in how.get("axes", range(x.ndim))]
    both = dict(zip(axes, (scales if sizes is None else sizes).tolist()))
    target = both[2], both[3]
    reached = [n * t for n, t in zip(x.shape[2:], target)] if sizes is None else target
    mode, places = how["mode"].decode(), how.get("coordinate_transformation_mode", b"half_pixel").decode()
    corners = places == "align_corners"
    if "keep_aspect_ratio_policy" in how:
        raise Inexpressible("sizes by aspect ratio")
    if mode == "nearest":
        rounding = how.get("nearest_mode", b"round_prefer_floor").decode()
        if (places, rounding) == ("half_pixel", "round_prefer_floor"):
            if any(m % n for n, m in zip(x.shape[2:], reached)):  # else this is "nearest" just so
                mode = "nearest-exact"
            if any(_ties(n, m) for n, m in zip(x.shape[2:], reached)):  # there PyTorch takes the other one
                raise Inexpressible(COORDINATES)
        elif (places, rounding) != ("asymmetric", "floor"):
            raise Inexpressible(COORDINATES)
    elif mode == "linear":
        mode = "bilinear"
        # Between corners, ONNX's length may be broken.
        if not (places == "half_pixel" or (corners and all(float(n).is_integer() for n in reached))):
            raise Inexpressible(COORDINATES)
    given = {"scale_factor": target} if sizes is None else {"size": target}
    return (made(Upsample, **given, mode=mode, align_corners=corners or None, antialias=bool(how.get("antialias")))(x),)


def _ties(size, reached):
    """Whether a pixel lies just in the middle between two of `size`."""
    return any(((2 * o + 1) * size) % (2 * reached) == 0 for o in range(int(reached)))


def upsample(how, x, scales):
    return resize({"coordinate_transformation_mode": b"asymmetric", "nearest_mode": b"floor", **how}, x, scales=scales)


def gemm(how, a, b, c=None):
    a, b = (m.T if how.get(name) else m for m, name in ((a, "transA"), (b, "transB")))
    if c is not None:
        if c.ndim == 2 and len(c) > 1:
            raise Inexpressible("another bias for each row")
        c = np.broadcast_to(np.float32(how.get("beta", 1.0)) * c.reshape(-1), b.shape[1])
    linear = Linear(*b.shape, bias=c is not None)
    return (windows.filled(linear, np.float32(how.get("alpha", 1.0)) * b.T, c)(a),)


def cross_entropy(how, scores, labels, weights=None):
    """The loss, and the log of softmax, which the layer computes by this function, but does not return."""
    flat = scores.reshape(*scores.shape[:2], -1)  # (N, C, P)
    nothing = np.zeros((len(flat), flat.shape[2]))
    softmax, _ = softmax_loss(flat, nothing.astype("int64"), nothing.astype(scores.dtype))
    return _criterion(how, weights)(scores, labels), np.log(softmax).reshape(scores.shape)


def log_likelihood(how, scores, labels, weights=None):
    """A loss that takes any numbers for logarithms of probabilities, and is linear in them.

    9 below they are: one more class takes what is left of 1, and softmax then leaves all as it is.
    """
    criterion = _criterion(how, None if weights is None else [*weights, 0.0])

    def loss(logs):
        rest = np.log1p(-np.exp(logs).sum(axis=1, keepdims=True))
        return criterion(np.concatenate((logs, rest), axis=1), labels)

    below = scores.astype("float64") - 9
    return (loss(below) - loss(np.full_like(below, -9)),)


def _criterion(how, weights):
    return SoftmaxCrossEntropy(how.get("ignore_index", -100), weights, how.get("reduction", b"mean").decode())


def relu(how, x):
    return (ReLU()(x),)


def dropout(how, x, ratio=None, training=None):
    """y, and what was kept."""
    ratio = float(how.get("ratio", 0.5) if ratio is None else ratio)
    if training and ratio:
        raise Inexpressible("random numbers of its own")
    return Dropout(ratio).train(bool(training))(x), np.ones(x.shape, bool)


def flatten(how, x):
    if how.get("axis", 1) % x.ndim != 1:
        raise Inexpressible("other axes")
    return (Flatten()(x),)


def concat(how, *maps):
    if maps[0].ndim < 2 or how["axis"] % maps[0].ndim != 1:
        raise Inexpressible("other axes")
    y = Concatenation()(*(x.reshape(*x.shape, *[1] * (4 - x.ndim)) for x in maps))  # (N, C, H, 1) or (N, C, 1, 1)
    return (y.reshape(*y.shape[: maps[0].ndim]),)


def add(how, *maps):
    if len({x.shape for x in maps}) > 1:
        raise Inexpressible("maps of different shapes")
    return (Sum()(*maps),)


def momentum(how, rate, step, *arrays):
    """Weights, gradients, velocities -> weights, velocities."""
    if step > 0 and how["beta"] != 1:
        raise Inexpressible("gradients scaled in the velocity")
    count = len(arrays) // 3
    weights, grads, velocities = arrays[:count], arrays[count : 2 * count], arrays[2 * count :]
    parameters = [Parameter(weight.copy()) for weight in weights]
    rule = {"momentum": how["alpha"], "weight_decay": how["norm_coefficient"], "nesterov": how["mode"] == b"nesterov"}
    optimizer = made(SGD, parameters, lr=float(rate), **rule)
    optimizer.load_state_dict({"velocity": list(velocities)})
    for parameter, grad in zip(parameters, grads):
        parameter.add_grad(grad)
    optimizer.step()
    return *(parameter.data for parameter in parameters), *optimizer.state_dict()["velocity"]


OPERATORS = {
    "Add": add,
    "AveragePool": windows.average_pool,
    "Col2Im": windows.col_to_im,
    "Concat": concat,
    "Conv": windows.conv,
    "ConvTranspose": windows.conv_transpose,
    "Dropout": dropout,
    "Flatten": flatten,
    "Gemm": gemm,
    "GlobalAveragePool": windows.global_average_pool,
    "GlobalMaxPool": windows.global_max_pool,
    "LRN": lrn,
    "MaxPool": windows.max_pool,
    "MaxUnpool": windows.max_unpool,
    "Momentum": momentum,
    "NegativeLogLikelihoodLoss": log_likelihood,
    "Relu": relu,
    "Resize": resize,
    "SoftmaxCrossEntropyLoss": cross_entropy,
    "Sum": add,
    "Upsample": upsample,
}
