"""Weights that others published: files of several formats, and whose names are in them."""

from minifcn.formats.pth import read_pth
from minifcn.formats.published import Published, recognise
from minifcn.formats.tensors import is_ours, read_tensors

__all__ = ["Published", "is_ours", "read_pth", "read_tensors", "recognise"]
