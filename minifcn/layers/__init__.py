"""Layers with state: parameters, forward and backward side by side, one idea a file."""

from minifcn.layers.bilinear import bilinear_upsampling, bilinear_weight
from minifcn.layers.conv import Conv2d
from minifcn.layers.conv_transpose import ConvTranspose2d
from minifcn.layers.elementwise import Dropout, Dropout2d, ReLU, Scale
from minifcn.layers.flatten import Flatten
from minifcn.layers.graph import Graph
from minifcn.layers.joins import Concatenation, Crop, Sum
from minifcn.layers.layer import Layer
from minifcn.layers.linear import Linear
from minifcn.layers.loss import SoftmaxCrossEntropy
from minifcn.layers.norm import LocalResponseNorm
from minifcn.layers.padding import ZeroPad2d
from minifcn.layers.parameter import Parameter
from minifcn.layers.pool import AvgPool2d, MaxPool2d
from minifcn.layers.sequential import Branches, Sequential
from minifcn.layers.unpool import MaxUnpool2d
from minifcn.layers.upsample import Upsample

__all__ = [
    "AvgPool2d", "Branches", "Concatenation", "Conv2d", "ConvTranspose2d", "Crop", "Dropout", "Dropout2d", "Flatten",
    "Graph", "Layer", "Linear", "LocalResponseNorm", "MaxPool2d", "MaxUnpool2d", "Parameter", "ReLU", "Scale",
    "Sequential", "SoftmaxCrossEntropy", "Sum", "Upsample", "ZeroPad2d", "bilinear_upsampling", "bilinear_weight",
]  # fmt: skip
