"""What makes convolutions fast on a CPU, and nothing else: band by band in the cache, and Winograd's algorithm.

NumPy's arrays only. The whole folder can be deleted: `convolution/algorithms.py` then does without.
"""

from minifcn.convolution.fast import bands, winograd
from minifcn.convolution.fast.crossovers import fastest

ALGORITHMS = {  # name: forward, grad_input, grad_weight
    "im2col": (bands.conv2d, bands.conv2d_grad_input, bands.conv2d_grad_weight),
    "winograd": (winograd.conv2d, winograd.conv2d_grad_input, winograd.conv2d_grad_weight),
}

__all__ = ["ALGORITHMS", "fastest"]
