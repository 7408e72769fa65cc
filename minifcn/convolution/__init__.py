"""Pure functions on arrays: the mathematics of convolution. Nothing here has state."""

from minifcn.convolution.gemm import conv2d, conv2d_grad_input, conv2d_grad_weight
from minifcn.convolution.im2col import col2im, im2col
from minifcn.convolution.matrix import conv_matrix

__all__ = ["col2im", "conv2d", "conv2d_grad_input", "conv2d_grad_weight", "conv_matrix", "im2col"]
