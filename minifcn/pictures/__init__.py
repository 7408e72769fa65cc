"""A convolution and its transpose in pictures: the matrices, the window sliding over its input; and in words."""

from minifcn.pictures.animation import animate_convolution, animate_transposed
from minifcn.pictures.folder import FILES, draw_pictures, picture_folders
from minifcn.pictures.matrices import draw_matrices
from minifcn.pictures.words import in_words

__all__ = ["FILES", "animate_convolution", "animate_transposed", "draw_matrices"]
__all__ += ["draw_pictures", "in_words", "picture_folders"]
