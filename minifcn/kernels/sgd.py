"""A step of SGD. The plain function is `sgd_update` in optim.py."""

from minifcn.backend import Array, array_module
from minifcn.kernels.launch import launch

TWINS = ("sgd_update",)

SOURCE = """
extern "C" __global__ void sgd(
    REAL* w, REAL* v, const REAL* g, INDEX size, REAL lr, REAL momentum, REAL decay)
{
    INDEX i = (INDEX)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= size) return;
    REAL velocity = momentum * v[i] + g[i];
    if (decay != 0) velocity += decay * w[i];
    v[i] = velocity;
    w[i] -= lr * velocity;
}
"""


def sgd_update(w: Array, v: Array, g: Array, lr: float, momentum: float, decay: float) -> None:
    """v = momentum v + g + decay w; w -= lr v: in place, the same bits.

    A thread for each weight. w and v come and go once, g comes.
    """
    xp = array_module(w)
    dense = [xp.ascontiguousarray(array) for array in (w, v, g)]  # a copy only where there are gaps
    launch(SOURCE, "sgd", 1, w.size, *dense, w.size, *map(float, (lr, momentum, decay)))
    for array, copy in ((w, dense[0]), (v, dense[1])):
        if copy is not array:
            array[...] = copy
