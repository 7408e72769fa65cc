"""Which taps of a kernel count: on a map of 3x3 pixels fc6's 7x7 kernel has 5x5 that ever see one of them."""

from minifcn.convolution.geometry import How, Pair


def seen_taps(size: Pair, kernel_size: Pair, how: How) -> tuple[tuple, How]:
    """(index of a kernel's taps, how these alone go over an image of this size), to the same output.

    Left out are as many at either end as see nothing but padding.
    """
    unseen = [_unseen(*axis) for axis in zip(size, kernel_size, *how[:3])]
    rows, cols = (p - d * out for p, d, out in zip(how.padding, how.dilation, unseen))
    index = ..., *(slice(out, k - out) for k, out in zip(kernel_size, unseen))
    return index, how._replace(padding=(rows, cols))


def _unseen(n, k, s, p, d):
    """Along one axis the fewer of the taps that end before the image begins and of those that begin after it ends."""
    last = s * ((n + 2 * p - d * (k - 1) - 1) // s)  # from the first window to the last
    return max(0, min((p - last) // d, k - -(-(n + p) // d)))
