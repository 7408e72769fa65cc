"""Animations of a convolution and of its transpose: each frame makes one output pixel."""

from pathlib import Path

import numpy as np

from minifcn.backend.files import write_whole
from minifcn.convolution.arithmetic import Relationship
from minifcn.errors import InputError
from minifcn.pictures.canvas import AXIS, GAP, HEAD, MARGIN, WIDEST, Canvas, fitting, head_width, legend_width, width_of
from minifcn.pictures.sliding import example_kernel, matrix_numbers, sliding_convolution, sliding_transposed

FRAME, LAST_FRAME = 600, 2500  # ms
MAP, SUM = 340, 16  # the height that a map or C may take; the size of the sum's letters
TIMES = "\N{MULTIPLICATION SIGN}"
LONGEST = 680  # of a sum that is written out: longer ones would make a large file
TAB = 0.4  # of a cell: where the window writes its weights, below the value


def animate_convolution(path: str | Path, case: Relationship) -> None:
    """Write a GIF of a Relationship's convolution, a frame for each output pixel, and one of its frames as a PNG.

    path ends in .gif, and the PNG gets the same name. Beside the window stands C, with the row that the window is.
    Raises InputError where the case is too large to read, or a file cannot be written.
    """
    _animate(path, sliding_convolution(case))


def animate_transposed(path: str | Path, case: Relationship) -> None:
    """The same of its transpose: the flipped kernel over the stretched input, and the column of C (the row of C^T)."""
    _animate(path, sliding_transposed(case))


def _animate(path, sliding):
    path = Path(path)
    if path.suffix != ".gif":
        raise InputError(f"{path}: an animation is a .gif file, and its still picture a .png of the same name")
    frames = [frame.finished() for frame in _Scene(sliding).frames()]
    durations = [FRAME] * (len(frames) - 1) + [LAST_FRAME]
    options = {"save_all": True, "append_images": frames[1:], "duration": durations, "loop": 0, "interlace": 0}
    write_whole(path.with_suffix(".png"), lambda file: frames[sliding.telling].save(file, "PNG", optimize=True))
    write_whole(path, lambda file: frames[0].save(file, "GIF", **options))


class _Scene:
    """Where everything stands. From left to right: the map; the kernel, and below it the output; C."""

    def __init__(self, sliding):
        self.sliding, self.numbers = sliding, matrix_numbers(sliding.case)
        (rows, cols), n, m, k = self.numbers.shape, len(sliding.kinds), sliding.output, sliding.case.kernel
        self.kernels = [("kernel", "", sliding.entries)]
        if sliding.transposed:
            self.kernels = [("kernel", "", sliding.entries[::-1, ::-1]), ("flipped", "by 180°", sliding.entries)]

        self.cell = max(28, min(44, MAP // n))
        self.output_cell, self.kernel_cell = max(28, min(40, 280 // m)), max(20, min(32, 120 // k))
        self.middle_x = MARGIN + max(n * self.cell, head_width(_map_head(sliding))) + GAP
        self.kernel_step = max(k * self.kernel_cell, head_width(self.kernels[-1][:2])) + GAP // 2
        kernels_width = len(self.kernels) * self.kernel_step - GAP // 2
        middle = max(kernels_width, m * self.output_cell, width_of("a pixel each step", 12))
        self.matrix_x = self.middle_x + middle + GAP + AXIS
        self.side = min(28, (WIDEST - MARGIN - self.matrix_x) // cols, MAP // rows)
        matrix_width = max(cols * self.side, head_width(self._matrix_head(sliding.step(m * m - 1))))
        contents = width_of(sliding.title, 20), legend_width(sliding.kinds_there)
        self.width = max(self.matrix_x + matrix_width, MARGIN + max(contents)) + MARGIN

        self.top = MARGIN + 44
        self.y, self.matrix_y = self.top + HEAD, self.top + HEAD + AXIS
        self.output_y = self.y + k * self.kernel_cell + GAP // 2 + HEAD
        ends = self.y + n * self.cell, self.output_y + m * self.output_cell, self.matrix_y + rows * self.side
        self.sum_y = max(ends) + MARGIN
        self.legend_y = self.sum_y + 36

    def frames(self):
        """A Canvas for each output pixel. All that is there to stay is drawn only once."""
        sliding, lasting = self.sliding, self._background()
        steps = [sliding.step(number) for number in range(sliding.output**2)]
        size = fitting([str(step.total) for step in steps], self.output_cell)
        for number, step in enumerate(steps):
            (row, col), side = step.pixel, self.output_cell
            x, y = self.middle_x + col * side, self.output_y + row * side
            lasting.cell(x, y, side, "pixel", str(step.total), size)
            frame = lasting.copy()
            frame.frame(x, y, side, side)
            weights = [f"{TIMES}{product.weight}" for product in step.products]
            frame.window(MARGIN, self.y, self.cell, step, sliding.case.window.reach, weights, TAB)
            frame.text(MARGIN, self.sum_y, self._sum(step), SUM)
            self._mark(frame, step, number)
            yield frame

    def _background(self):
        sliding, numbers, m = self.sliding, self.numbers, self.sliding.output
        weights = np.array([0, *example_kernel(sliding.case.kernel).flat])
        canvas = Canvas(self.width, self.legend_y + 18 + MARGIN, sliding.case.kernel**2)
        canvas.text(MARGIN, MARGIN, sliding.title, 20)
        canvas.head(MARGIN, self.top, *_map_head(sliding))
        canvas.map(MARGIN, self.y, self.cell, sliding.kinds, sliding.values, TAB)
        for place, (name, more, entries) in enumerate(self.kernels):
            x = self.middle_x + place * self.kernel_step
            canvas.head(x, self.top, name, more)
            canvas.kernel(x, self.y, self.kernel_cell, entries, weights[entries])
        canvas.head(self.middle_x, self.output_y - HEAD, f"output {m}x{m}", "a pixel each step")
        canvas.map(self.middle_x, self.output_y, self.output_cell, np.full((m, m), "empty"), np.full((m, m), ""))
        axes = ("input pixels", "output pixels") if sliding.transposed else ("output pixels", "input pixels")
        canvas.matrix(self.matrix_x, self.matrix_y, self.side, numbers, [str(weight) for weight in weights], axes)
        canvas.legend(MARGIN, self.legend_y, sliding.kinds_there)
        return canvas

    def _mark(self, frame, step, number):
        """Mark the row of C that makes this output pixel; of the transpose the column."""
        (rows, cols), side = self.numbers.shape, self.side
        frame.head(self.matrix_x, self.top, *self._matrix_head(step))
        if self.sliding.transposed:
            frame.frame(self.matrix_x + number * side, self.matrix_y, side, rows * side)
        else:
            frame.frame(self.matrix_x, self.matrix_y + number * side, cols * side, side)

    def _matrix_head(self, step):
        number = step.pixel[0] * self.sliding.output + step.pixel[1]
        line = f"column {number}, row {number} of Cᵀ," if self.sliding.transposed else f"row {number}"
        return "C: {} x {}".format(*self.numbers.shape), f"{line} makes output pixel ({step.pixel[0]}, {step.pixel[1]})"

    def _sum(self, step):
        """The sum as text, with its products if the picture's width takes them."""
        start = f"output ({step.pixel[0]}, {step.pixel[1]}) = "
        products = [f"{product.value}{TIMES}{product.weight}" for product in step.products if product.kind == "pixel"]
        zeros = len(step.products) - len(products)
        rest = [f"{zeros} product{'s' * (zeros > 1)} with 0"] if zeros else []
        text = f"{start}{' + '.join(products + rest)} = {step.total}"
        if width_of(text, SUM) <= min(LONGEST, self.width - 2 * MARGIN):
            return text
        return f"{start}the sum of the {len(products)} products of a pixel in the window = {step.total}"


def _map_head(sliding):
    """The two lines above the map."""
    case = sliding.case
    if not sliding.transposed:
        return f"input {case.input}x{case.input}", f"padding {case.padding}" if case.padding else "no padding"
    parts = [f"{case.zeros_between} zero{'s' * (case.zeros_between > 1)} between pixels"] if case.zeros_between else []
    parts += [f"padding p' = {case.transposed_padding}"]
    parts += [f"a = {case.unseen} more at the end"] if case.unseen else []
    done = ["stretched"] if case.zeros_between else []
    if case.transposed_padding:
        done.append("padded" if case.transposed_padding > 0 else "cropped")
    return ", ".join([f"input {case.output}x{case.output}", *done]), ", ".join(parts)
