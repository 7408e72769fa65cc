"""Files of weights, whoever wrote them: several formats, and whose names are in them."""

from minifcn.weights.npz import is_ours
from minifcn.weights.pth.reading import read_pth
from minifcn.weights.published import Published, recognise
from minifcn.weights.tensors import read_tensors

__all__ = ["Published", "is_ours", "read_pth", "read_tensors", "recognise"]
