"""PyTorch, to be compared with. Nothing else in minifcn imports it; where it is missing its figures are left out."""

import functools
from typing import Any

import numpy as np

from minifcn import layers
from minifcn.backend import Array, to_host
from minifcn.backend.parallel import thread_count
from minifcn.text import first_line


def pytorch(device: str) -> Any:
    """The module, if it is installed and can use "cpu" or "gpu", else None. It takes as many threads as minifcn."""
    return _tried(device)[0]


def missing(device: str) -> str:
    """In one line why it is None, "" where it is not."""
    return _tried(device)[1]


@functools.cache
def _tried(device):
    try:
        import torch

        torch.set_num_threads(thread_count())
        if device == "gpu":
            torch.backends.cudnn.benchmark = True  # the fastest of cuDNN's algorithms, which it finds by trying
            square = torch.ones(2, 2).to("cuda")  # is_available() does not see that a build is for other cards
            (square @ square).sum().item()
    except Exception as error:  # not installed, a library of its own missing, or no card that it can use
        return None, first_line(error)
    return torch, ""


def allow_tf32(allowed: bool) -> None:
    """Let PyTorch and cuDNN round the factors of float32 products on a GPU to 10 bits, or not."""
    if torch := pytorch("gpu"):
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = allowed


def tensor(array: Array, device: str) -> Any:
    """An array as a PyTorch tensor of its own on "cpu" or "gpu"."""
    copy = pytorch(device).from_numpy(np.array(to_host(array)))
    return copy.to("cuda") if device == "gpu" else copy


class TorchFCN:
    """An FCN of minifcn's in PyTorch's layers, with the same weights: model(images) -> scores, of tensors."""

    def __init__(self, model: layers.Graph, device: str):
        self.model = model
        self.layers = {x: torch_layer(x, device) for x in model.layers() if not isinstance(x, layers.Graph)}
        for _, ours, theirs in self.pairs():
            theirs.requires_grad_(ours.trainable)

    def __call__(self, images: Any) -> Any:
        return self.model.follow(lambda layer, *maps: self.layers[layer](*maps), images)

    def pairs(self) -> list[tuple[str, layers.Parameter, Any]]:
        """[(name, our Parameter, the same of PyTorch)]."""
        inner = [(module, *pair) for layer, module in self.layers.items() for pair in layer.named_parameters()]
        theirs = {id(ours): getattr(module, name) for module, name, ours in inner}
        return [(name, ours, theirs[id(ours)]) for name, ours in self.model.named_parameters()]

    def groups(self, lr: float, weight_decay: float) -> list[dict[str, Any]]:
        """Its learned parameters for torch.optim.SGD, with minifcn's multipliers: weights, then biases."""
        groups: dict[tuple[float, float], list] = {}
        for _, ours, theirs in self.pairs():
            if ours.trainable:
                groups.setdefault((lr * ours.lr_mult, weight_decay * ours.decay_mult), []).append(theirs)
        return [{"params": some, "lr": rate, "weight_decay": decay} for (rate, decay), some in groups.items()]


def torch_layer(layer: Any, device: str) -> Any:
    """The layer of PyTorch that is one of minifcn's, with its weights; of what joins maps the function."""
    torch = pytorch(device)
    nn = torch.nn
    if isinstance(layer, layers.Sum):
        return lambda *maps: sum(maps)
    if isinstance(layer, layers.Concatenation):
        return lambda *maps: torch.cat(maps, 1)
    if isinstance(layer, layers.Crop):
        return lambda x, other: x[layer.index(other.shape[2:])]
    if isinstance(layer, layers.ReLU):
        return nn.ReLU(inplace=layer.inplace)
    if isinstance(layer, layers.Dropout2d):
        return nn.Dropout2d(layer.p)
    if isinstance(layer, layers.MaxPool2d):
        return nn.MaxPool2d(layer.kernel_size, layer.stride, layer.padding, layer.dilation, ceil_mode=layer.ceil_mode)
    if isinstance(layer, layers.LocalResponseNorm):
        return nn.LocalResponseNorm(layer.size, layer.alpha, layer.beta, layer.k)
    if isinstance(layer, layers.SoftmaxCrossEntropy):
        return nn.CrossEntropyLoss(ignore_index=layer.ignore_label)
    kind = nn.ConvTranspose2d if isinstance(layer, layers.ConvTranspose2d) else nn.Conv2d
    settings = {name: getattr(layer, name) for name in ("stride", "padding", "dilation", "groups")}
    bias = layer.bias is not None
    module = kind(layer.in_channels, layer.out_channels, layer.kernel_size, bias=bias, **settings)
    module.load_state_dict({name: tensor(array, "cpu") for name, array in layer.state_dict().items()})
    return module.to("cuda" if device == "gpu" else "cpu")
