"""Pure functions on arrays: the mathematics of convolution. Nothing here has state."""

from minifcn.convolution.adjoint import adjoint_error, round_trip
from minifcn.convolution.arithmetic import SEVEN_CASES, Relationship, relationship
from minifcn.convolution.functions import conv2d, conv2d_grad_input, conv2d_grad_weight, conv_transpose2d
from minifcn.convolution.matrix import conv_matrix
from minifcn.convolution.symbolic import SymbolicMatrix, symbolic_conv_matrix
from minifcn.convolution.textbook import col2im, im2col
from minifcn.convolution.transposed import contributions

__all__ = ["SEVEN_CASES", "Relationship", "SymbolicMatrix", "adjoint_error", "relationship", "round_trip"]
__all__ += ["col2im", "conv2d", "conv2d_grad_input", "conv2d_grad_weight", "conv_transpose2d", "im2col"]
__all__ += ["contributions", "conv_matrix", "symbolic_conv_matrix"]
