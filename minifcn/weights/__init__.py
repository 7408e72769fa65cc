"""Files of weights, whoever wrote them: several formats, and whose names are in them."""

from minifcn.weights.pth.reading import read_pth
from minifcn.weights.published import Published, recognise
from minifcn.weights.tensors import read_tensors

__all__ = ["Published", "read_pth", "read_tensors", "recognise"]
