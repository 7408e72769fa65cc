"""Convolutions, pooling, upsampling and padding with drawn settings."""

import torch
from draw import Case, TorchWith, With, alone, called, like, maps, number, one, pair, setting
from torch import nn

from minifcn import layers

WAYS = ("auto", "auto", "textbook", "im2col", "matrix", "definition")


def channels(rng):
    """(in, out, groups) of a convolution; seldom the groups do not divide them."""
    groups = one(rng, 1, 1, 2, 3)
    ins, outs = groups * number(rng, 1, 3), groups * number(rng, 1, 3)
    return ins + int(rng.random() < 0.03), outs, groups


def conv2d(rng):
    ins, outs, groups = channels(rng)
    same = rng.random() < 0.3
    how = {
        "kernel_size": setting(rng, 1, 4),
        "stride": 1 if same and rng.random() < 0.9 else setting(rng, 1, 3),
        "padding": "same" if same else setting(rng, 0, 3),
        "dilation": setting(rng, 1, 3),
        "groups": groups,
        "bias": bool(rng.integers(2)),
    }
    plain = pair(how["stride"]) == (1, 1) and groups == 1
    winograd = plain and pair(how["kernel_size"]) == (3, 3) and pair(how["dilation"]) == (1, 1)
    algorithm = one(rng, *WAYS, *["mec"] * (plain and pair(how["kernel_size"])[0] > 1), *["winograd"] * 4 * winograd)
    case = like("Conv2d", alone(rng, maps(rng, ins)), ins, outs, **how)
    words = f"{case.words}, {algorithm}"
    return case._replace(words=words, ours=lambda: layers.Conv2d(ins, outs, **how, algorithm=algorithm))


def conv_transpose2d(rng):
    ins, outs, groups = channels(rng)
    how = {
        "kernel_size": setting(rng, 1, 4),
        "stride": setting(rng, 1, 3),
        "padding": setting(rng, 0, one(rng, 0, 1, 3)),
        "output_padding": setting(rng, 0, 2) if rng.random() < 0.3 else 0,
        "groups": groups,
        "bias": bool(rng.integers(2)),
        "dilation": setting(rng, 1, 3),
    }
    case = like("ConvTranspose2d", alone(rng, maps(rng, ins, high=6)), ins, outs, **how)
    phases = pair(how["dilation"]) == (1, 1) and min(pair(how["stride"])) > 1
    algorithm = one(rng, *WAYS, *["phases"] * 2 * phases)
    # PyTorch looks at no output_padding where it is given the size.
    size = (number(rng, 1, 14), number(rng, 1, 14)) if rng.random() < 0.1 and how["output_padding"] == 0 else None

    def ours():
        layer = layers.ConvTranspose2d(ins, outs, **how, algorithm=algorithm)
        return layer if size is None else With(layer, output_size=size)

    def theirs():
        module = nn.ConvTranspose2d(ins, outs, **how).double()
        return module if size is None else TorchWith(module, output_size=size)

    return case._replace(words=f"{case.words}, {algorithm}, output_size={size}", ours=ours, theirs=theirs)


def window(rng, dilated):
    """The settings of a pooling, and the least side of a map of which every window holds a pixel."""
    how = {"kernel_size": setting(rng, 1, 4), "ceil_mode": bool(rng.integers(2))}
    if rng.random() < 0.7:
        how["stride"] = setting(rng, 1, 3)
    if rng.random() < 0.7:
        half = max(0, min(pair(how["kernel_size"])) // 2)
        how["padding"] = setting(rng, 0, half + (rng.random() < 0.1))
    if dilated and rng.random() < 0.5:
        how["dilation"] = setting(rng, 1, 3)
    return how, max(1, *pair(how.get("dilation", 1)))


def max_pool2d(rng):
    how, least = window(rng, dilated=True)
    x = maps(rng, number(rng, 1, 4), low=least)
    x = x.round() if rng.integers(2) else x  # ties
    return like("MaxPool2d", alone(rng, x), **how, return_indices=bool(rng.integers(2)))


def avg_pool2d(rng):
    how, _ = window(rng, dilated=False)
    return like("AvgPool2d", alone(rng, maps(rng, number(rng, 1, 4))), **how, count_include_pad=bool(rng.integers(2)))


def max_unpool2d(rng):
    kernel = (number(rng, 1, 4), number(rng, 1, 4))
    stride = tuple(k + number(rng, 0, 2) for k in kernel)
    how = {"kernel_size": kernel, "stride": stride, "padding": tuple(number(rng, 0, k // 2) for k in kernel)}
    pooled = torch.from_numpy(alone(rng, maps(rng, number(rng, 1, 3), low=4)).copy())
    pool = nn.MaxPool2d(**how, ceil_mode=bool(rng.integers(2)), return_indices=True)
    y, indices = pool(pooled)
    if rng.random() < 0.1:
        indices.view(-1)[number(rng, 0, indices.numel() - 1)] = pooled.shape[-2:].numel()  # beyond the last pixel
    size, x = tuple(pooled.shape[-2:]), rng.standard_normal(y.shape)
    return Case(
        f"{called('MaxUnpool2d', **how)} of {x.shape} to {size}",
        lambda: With(layers.MaxUnpool2d(**how), indices.numpy(), size),
        lambda: TorchWith(nn.MaxUnpool2d(**how), indices, size),
        [x],
    )


def upsample(rng):
    x = maps(rng, number(rng, 1, 3))
    how = {"mode": one(rng, "nearest", "nearest-exact", "bilinear", "bilinear", *["cubic"] * (rng.random() < 0.02))}
    if rng.random() < 0.5:
        how["size"] = setting(rng, 1, 20)
    if "size" not in how or rng.random() < 0.02:
        factors = [one(rng, number(rng, 1, 4), float(rng.uniform(0.1, 4))) for _ in range(2)]
        how["scale_factor"] = one(rng, factors[0], tuple(factors))
    if how["mode"] == "bilinear" or rng.random() < 0.03:
        how["align_corners"] = one(rng, None, True, True, False)
    return like("Upsample", x, **how)


def zero_pad2d(rng):
    padding = number(rng, 0, 3) if rng.random() < 0.3 else tuple(number(rng, 0, 3) for _ in range(4))
    return like("ZeroPad2d", alone(rng, maps(rng, number(rng, 1, 3))), padding)
