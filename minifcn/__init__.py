"""Fully convolutional networks from scratch on NumPy and CuPy: every forward and backward pass by hand."""

__version__ = "0.1.0"
