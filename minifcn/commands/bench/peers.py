"""PyTorch, to be compared with. Nothing else in minifcn imports it; where it is missing its figures are left out."""

import functools

import numpy as np

from minifcn import layers
from minifcn.backend import to_host
from minifcn.backend.parallel import thread_count


@functools.cache
def pytorch(device):
    """The module, if it is installed and can use "cpu" or "gpu", else None. It takes as many threads as minifcn."""
    try:
        import torch
    except ImportError:
        return None
    torch.set_num_threads(thread_count())
    return torch if device == "cpu" or torch.cuda.is_available() else None


def allow_tf32(allowed):
    """Let PyTorch round the factors of float32 products on a GPU to 10 bits, or not."""
    if torch := pytorch("gpu"):
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = allowed


def tensor(array, device):
    """An array as a PyTorch tensor of its own on "cpu" or "gpu"."""
    copy = pytorch(device).from_numpy(np.array(to_host(array)))
    return copy.to("cuda") if device == "gpu" else copy


class TorchFCN:
    """An FCN of minifcn's in PyTorch's layers, with the same weights: model(images) -> scores, of tensors."""

    def __init__(self, model, device):
        self.model = model
        self.layers = {name: torch_layer(layer, device) for name, layer in model.children()}

    def groups(self, lr, weight_decay):
        """Its learned parameters for torch.optim.SGD, with minifcn's multipliers: weights, then biases."""
        groups = {}
        for name, layer in self.model.children():
            for (_, ours), theirs in zip(layer.named_parameters(), self.layers[name].parameters()):
                if ours.trainable:
                    groups.setdefault((lr * ours.lr_mult, weight_decay * ours.decay_mult), []).append(theirs)
        return [{"params": some, "lr": rate, "weight_decay": decay} for (rate, decay), some in groups.items()]

    def __call__(self, images):
        model, maps, x = self.model, {}, images
        crops = model.crops(tuple(images.shape[2:]))
        for section_name, section in model.sections.items():
            for name, _ in section.children():
                x = self.layers[name](x)
            if section_name in model.skips:
                maps[section_name] = x
        *ups, last = model.upsamplings
        for pool, up in zip(model.skips, ups):
            coarse, fine = crops[pool]
            x = self.layers[up](x)[coarse] + self.layers[f"score_{pool}"](maps.pop(pool))[fine]
        return self.layers[last](x)[crops["image"]]


def torch_layer(layer, device):
    """The layer of PyTorch that is one of minifcn's, with its weights."""
    nn = pytorch(device).nn
    if isinstance(layer, layers.ReLU):
        return nn.ReLU(inplace=layer.inplace)
    if isinstance(layer, layers.Dropout2d):
        return nn.Dropout2d(layer.p)
    if isinstance(layer, layers.MaxPool2d):
        return nn.MaxPool2d(layer.kernel_size, layer.stride, layer.padding, layer.dilation, ceil_mode=layer.ceil_mode)
    if isinstance(layer, layers.LocalResponseNorm):
        return nn.LocalResponseNorm(layer.size, layer.alpha, layer.beta, layer.k)
    if isinstance(layer, layers.Branches):
        return _torch_branches(layer, device)
    kind = nn.ConvTranspose2d if isinstance(layer, layers.ConvTranspose2d) else nn.Conv2d
    settings = {name: getattr(layer, name) for name in ("stride", "padding", "dilation", "groups")}
    bias = layer.bias is not None
    module = kind(layer.in_channels, layer.out_channels, layer.kernel_size, bias=bias, **settings)
    module.load_state_dict({name: tensor(array, "cpu") for name, array in layer.state_dict().items()})
    return module.to("cuda" if device == "gpu" else "cpu")


def _torch_branches(layer, device):
    torch = pytorch(device)

    class Joined(torch.nn.ModuleList):
        def forward(self, x):
            return torch.cat([branch(x) for branch in self], 1)

    inner = [[torch_layer(one, device) for _, one in branch.children()] for branch in layer.branches]
    return Joined(torch.nn.Sequential(*some) for some in inner)
