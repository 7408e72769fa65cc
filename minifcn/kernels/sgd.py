"""A step of SGD. The plain function is `sgd_update` in optim.py."""

from minifcn.backend import Array, array_module
from minifcn.kernels.launch import launch

TWINS = ("sgd_update",)

SOURCE = """
extern "C" __global__ void sgd(
    REAL* w, REAL* v, const REAL* g, INDEX size, REAL lr, REAL momentum, REAL decay, REAL share, INDEX nesterov)
{
    INDEX i = (INDEX)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= size) return;
    REAL d = g[i];
    if (decay != 0) d += decay * w[i];
    REAL velocity = d;
    if (momentum != 0) v[i] = velocity = momentum * v[i] + share * d;
    w[i] -= lr * (momentum != 0 && nesterov ? d + momentum * velocity : velocity);
}
"""


def sgd_update(
    w: Array,
    v: Array,
    g: Array,
    lr: float,
    momentum: float,
    decay: float,
    share: float = 1.0,
    nesterov: bool = False,
) -> None:
    """d = g + decay w; v = momentum v + share d; w -= lr v, or lr (d + momentum v); without momentum w -= lr d.
    In place, the same bits.

    A thread for each weight. w and v come and go once, g comes.
    """
    xp = array_module(w)
    dense = [xp.ascontiguousarray(array) for array in (w, v, g)]  # a copy only where there are gaps
    launch(SOURCE, "sgd", 1, w.size, *dense, w.size, *map(float, (lr, momentum, decay, share)), int(nesterov))
    for array, copy in ((w, dense[0]), (v, dense[1])):
        if copy is not array:
            array[...] = copy
