"""Convolution as tutorials, DeZero and Chainer compute it: the columns of a whole layer, and tensordot for y, dx, dW.

The columns are made again for dW, as there: to keep them would take nine times the memory of every map of a network.
"""

from minifcn.backend import array_module
from minifcn.convolution.im2col import pad


def textbook_step(layer, x, dy):
    """A function that computes a Conv2d (no dilation, no groups) and its gradients -> (y, dx, dW, db)."""
    xp, weight, bias = array_module(x), layer.weight.data, layer.bias.data
    (ph, pw), (h, w) = layer.padding, x.shape[2:]

    def columns_of(padded):
        columns = xp.empty((*x.shape[:2], *layer.kernel_size, *dy.shape[2:]), dtype=x.dtype)  # (N, C, kh, kw, oh, ow)
        for i, j, seen in _taps(layer, dy):
            columns[:, :, i, j] = padded[seen]
        return columns

    def step():
        y = xp.tensordot(columns_of(pad(x, layer.padding)), weight, ((1, 2, 3), (1, 2, 3))) + bias  # (N, oh, ow, O)
        padded = pad(x, layer.padding)
        dw = xp.tensordot(dy, columns_of(padded), ((0, 2, 3), (0, 4, 5)))  # (O, C, kh, kw)
        dcolumns = xp.tensordot(weight, dy, (0, 1))  # (C, kh, kw, N, oh, ow)
        dx = xp.zeros_like(padded)
        for i, j, seen in _taps(layer, dy):
            dx[seen] += dcolumns[:, i, j].transpose(1, 0, 2, 3)
        return y.transpose(0, 3, 1, 2), dx[:, :, ph : ph + h, pw : pw + w], dw, dy.sum(axis=(0, 2, 3))

    return step


def _taps(layer, dy):
    """(i, j, index of the padded image's pixels that this entry of the kernel meets)."""
    (sh, sw), (oh, ow) = layer.stride, dy.shape[2:]
    for i in range(layer.kernel_size[0]):
        for j in range(layer.kernel_size[1]):
            yield i, j, (..., slice(i, i + sh * oh, sh), slice(j, j + sw * ow, sw))
