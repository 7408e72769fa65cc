"""Answers to lesson 5's exercises."""


def receptive_field(layers):
    r, j = 1, 1
    for kernel, stride, dilation in layers:
        r += dilation * (kernel - 1) * j
        j *= stride
    return r, j


def parameters(blocks, channels, n_class):
    total, inputs, side = 0, 3, 224
    for kernels, outputs in zip(blocks, channels):
        for kernel in kernels:
            total += (kernel**2 * inputs + 1) * outputs
            inputs = outputs
        side //= 2
    total += (side**2 * inputs + 1) * 4096
    total += (4096 + 1) * 4096
    return total + (4096 + 1) * n_class


def inception_work(inputs, sizes, side):
    one, reduce3, three, reduce5, five, project = sizes
    weights = inputs * (one + reduce3 + reduce5 + project)
    weights += reduce3 * three * 9 + reduce5 * five * 25
    return weights * side**2
