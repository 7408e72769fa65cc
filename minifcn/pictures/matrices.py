"""C and its transpose beside the sliding window that they stand for, in one picture."""

from pathlib import Path

import numpy as np

from minifcn.backend.files import write_whole
from minifcn.convolution.arithmetic import Relationship
from minifcn.errors import InputError
from minifcn.pictures.canvas import AXIS, GAP, HEAD, MARGIN, WIDEST, Canvas, head_width, legend_width, width_of
from minifcn.pictures.sliding import matrix_numbers, sliding_convolution

TALLEST = 530  # of a matrix
READING = (
    "C x, the convolution: each row of C holds the kernel where the window of one output pixel lies.",
    "Cᵀ y, the transposed convolution: each column of Cᵀ spreads one pixel of y over that window.",
)


def draw_matrices(path: str | Path, case: Relationship) -> None:
    """Write a PNG of a Relationship's convolution: its kernel and window, C with that row marked, C^T with that column.

    Raises InputError where the case is too large to read, or the file cannot be written.
    """
    if Path(path).suffix != ".png":
        raise InputError(f"{path}: the matrices are drawn as a .png file")
    picture = _drawn(sliding_convolution(case)).finished()
    write_whole(Path(path), lambda file: picture.save(file, "PNG", optimize=True))


def _drawn(sliding):
    case, marked = sliding.case, sliding.telling
    numbers, step = matrix_numbers(case), sliding.step(marked)
    rows, cols = numbers.shape
    names = ["0", *(f"{i}{j}" for i, j in np.ndindex(case.kernel, case.kernel))]
    full_names = ["0", *(f"W{name}" for name in names[1:])]
    headline = f"{sliding.title}: the convolution as a matrix C"
    pixel = f"output pixel ({step.pixel[0]}, {step.pixel[1]})"
    kernel_head = "kernel W", "a colour for each entry"
    input_head = f"input {case.input}x{case.input}", f"the window of {pixel}"
    head = f"C: {rows} x {cols}", f"row {marked}: {pixel}"
    transpose_head = f"Cᵀ: {cols} x {rows}", f"column {marked}: {pixel}"
    kinds = sliding.kinds_there

    kernel_side, cell = max(26, min(40, 160 // case.kernel)), max(22, min(40, 300 // len(sliding.kinds)))
    wide = max(case.kernel * kernel_side, len(sliding.kinds) * cell, head_width(kernel_head), head_width(input_head))
    side = min(36, (WIDEST - 2 * MARGIN - wide - 2 * (GAP + AXIS)) // (rows + cols), TALLEST // max(rows, cols))
    left = MARGIN + wide + GAP + AXIS
    left_of_transpose = left + max(cols * side, head_width(head)) + GAP + AXIS
    lines = width_of(headline, 20), legend_width(kinds), width_of(READING[0], 14)
    width = max(left_of_transpose + max(rows * side, head_width(transpose_head)), MARGIN + max(lines)) + MARGIN
    top = MARGIN + 44
    input_top = top + HEAD + case.kernel * kernel_side + GAP
    matrix_top = top + HEAD + AXIS
    bottom = max(input_top + HEAD + len(sliding.kinds) * cell, matrix_top + max(rows, cols) * side) + MARGIN

    canvas = Canvas(width, bottom + len(READING) * 20 + 34 + MARGIN, case.kernel**2)
    canvas.text(MARGIN, MARGIN, headline, 20)
    canvas.head(MARGIN, top, *kernel_head)
    kernel_texts = np.array((full_names if kernel_side >= 32 else names)[1:]).reshape(case.kernel, case.kernel)
    canvas.kernel(MARGIN, top + HEAD, kernel_side, sliding.entries, kernel_texts)
    canvas.head(MARGIN, input_top, *input_head)
    canvas.map(MARGIN, input_top + HEAD, cell, sliding.kinds, np.full(sliding.kinds.shape, ""))
    laid = [names[product.entry] for product in step.products]
    canvas.window(MARGIN, input_top + HEAD, cell, step, case.window.reach, laid)

    texts = full_names if side >= 32 else names
    canvas.head(left, top, *head)
    canvas.matrix(left, matrix_top, side, numbers, texts, ("output pixels", "input pixels"))
    canvas.frame(left, matrix_top + marked * side, cols * side, side)
    canvas.head(left_of_transpose, top, *transpose_head)
    canvas.matrix(left_of_transpose, matrix_top, side, numbers.T, texts, ("input pixels", "output pixels"))
    canvas.frame(left_of_transpose + marked * side, matrix_top, side, cols * side)
    for line, text in enumerate(READING):
        canvas.text(MARGIN, bottom + line * 20, text)
    canvas.legend(MARGIN, bottom + len(READING) * 20 + 16, kinds)
    return canvas
