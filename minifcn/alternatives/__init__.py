"""The roads not taken: what the FCN paper considered and left (sections 3.1 to 3.4), running, to be held against it."""

from minifcn.alternatives.convergence import Step, converge, smoothed
from minifcn.alternatives.dense import dense, patch_by_patch
from minifcn.alternatives.nets import multiply_adds, receptive_field, total_stride
from minifcn.alternatives.patchwise import patch_gradients, sampled_gradients
from minifcn.alternatives.rarefaction import Cost, cost, rarefied
from minifcn.alternatives.shift_and_stitch import shift_and_stitch
from minifcn.alternatives.strides import Variant, tradeoff, without_pool_strides
from minifcn.alternatives.upscale import by_interpolation, by_transposed_convolution, coverage, there_and_back
from minifcn.data import sample_pixels

__all__ = ["Cost", "Step", "Variant", "by_interpolation", "by_transposed_convolution", "converge", "cost", "coverage"]
__all__ += ["dense", "multiply_adds", "patch_by_patch", "patch_gradients", "rarefied", "receptive_field"]
__all__ += ["sample_pixels", "sampled_gradients", "shift_and_stitch", "smoothed", "there_and_back", "total_stride"]
__all__ += ["tradeoff", "without_pool_strides"]
