"""The arithmetic of a convolution and its transpose (Dumoulin, Visin 2016, sections 2 and 4).

A transposed convolution can be had as a plain one: stretch its input by putting zeros between the pixels, pad it, and
slide the kernel, flipped along both axes, over it with stride 1. How many zeros go where follows from the convolution
that it is the transpose of. All numbers concern one axis.
"""

from dataclasses import dataclass, replace

from minifcn.convolution.geometry import Window, whole


@dataclass(frozen=True)
class Relationship:
    """A convolution of `input` pixels, and its transpose, which goes from `output` pixels back to `input`.

    The guide's letters: i = input, k = kernel, s = stride, p = padding, d = dilation, o = output.
    """

    input: int
    kernel: int
    stride: int = 1
    padding: int = 0
    dilation: int = 1

    @property
    def window(self) -> Window:
        """The convolution's window."""
        return Window(self.kernel, self.stride, self.padding, self.dilation)

    @property
    def output(self) -> int:
        """o: the convolution's output, and the transpose's input."""
        return self.window.output_size(self.input)

    @property
    def unseen(self) -> int:
        """a: pixels at the end of the padded input that no window reaches; the transpose's output_padding."""
        return (self.input + 2 * self.padding - self.window.reach) % self.stride

    @property
    def zeros_between(self) -> int:
        """s - 1: zeros that the transpose puts between two pixels of its input."""
        return self.stride - 1

    @property
    def stretched(self) -> int:
        """The transpose's input with those zeros."""
        return (self.output - 1) * self.stride + 1

    @property
    def transposed_padding(self) -> int:
        """p': zeros on both sides of the stretched input, `unseen` more at its end; below 0 pixels are cut off."""
        return self.window.reach - 1 - self.padding

    @property
    def transposed_output(self) -> int:
        """What comes out of the transpose: the convolution's input size again, by the transpose's own formula."""
        return replace(self.window, transposed=True, output_padding=self.unseen).output_size(self.output)

    @property
    def name(self) -> str:
        """The case as the slides name it, such as "padding, strides (odd)"."""
        if self.stride > 1:
            return f"{'padding' if self.padding else 'no padding'}, strides{' (odd)' if self.unseen else ''}"
        reach = self.window.reach
        if self.padding == 0:
            kind = "no"
        elif self.padding == reach - 1:
            kind = "full"
        else:
            kind = "half" if reach % 2 and self.padding == reach // 2 else "arbitrary"
        return f"{kind} padding, no strides"

    @property
    def numbers(self) -> tuple[int, int | None]:
        """The guide's numbers of the two relationships: (the convolution's, its transpose's; None where dilated)."""
        if self.dilation > 1:
            return 15, None
        if self.stride > 1:
            direct, transposed = (6, 13) if self.padding else (5, 12)
            return direct, 14 if self.unseen else transposed
        return {"no": (1, 8), "arbitrary": (2, 9), "half": (3, 10), "full": (4, 11)}[self.name.split()[0]]


def relationship(
    input_size: int, kernel_size: int, stride: int = 1, padding: int = 0, dilation: int = 1
) -> Relationship:
    """The Relationship of a convolution along one axis, from plain numbers.

    Raises InputError where a setting makes no sense or the kernel is larger than the padded input.
    """
    sizes = whole(input_size, "input_size", 1), whole(kernel_size, "kernel_size", 1)
    settings = whole(stride, "stride", 1), whole(padding, "padding"), whole(dilation, "dilation", 1)
    result = Relationship(*sizes, *settings)
    result.window.output_size(result.input)  # refuses a kernel that does not fit
    return result


# The seven cases of the slides ("Upsampling is backwards strided convolution"), with the guide's figures' numbers.
SEVEN_CASES = (
    relationship(4, 3),
    relationship(5, 4, padding=2),
    relationship(5, 3, padding=1),
    relationship(5, 3, padding=2),
    relationship(5, 3, stride=2),
    relationship(5, 3, stride=2, padding=1),
    relationship(6, 3, stride=2, padding=1),
)
