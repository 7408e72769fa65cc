# %% [markdown]
# # 3. Which matrix is a convolution?
#
# **Time:** 45 minutes
#
# **Know before:** the convolution, its gradients and im2col (lesson 2); what a
# matrix times a vector is.
#
# A convolution slides a kernel over an image. It is also one matrix $C$ times
# the image, if you lay the image's pixels into one long vector. Nobody computes
# it like that: $C$ is huge and nearly empty. But you can *see* in it what a
# formula hides: where each weight goes, what the way back must be, and in
# lesson 7 what a transposed convolution is. In this lesson you build $C$ entry
# by entry, with stride, padding, dilation and channels; find im2col in it; and
# read both gradients off it.

# %%
from textwrap import fill

import numpy as np

from lessontools import new_figure, pytorch, show
from minifcn.backend import resolve_device, to_device, to_host
from minifcn.convolution import (
    conv2d,
    conv2d_grad_input,
    conv2d_grad_weight,
    conv_matrix,
    im2col,
    symbolic_conv_matrix,
)
from minifcn.errors import InputError
from minifcn.gradcheck import check_gradients
from minifcn.layers import Layer, Parameter

rng = np.random.default_rng(0)

# %% [markdown]
# ## One output pixel is one row
#
# The example of the lecture's slides (lesson 1): 4x4 pixels, a kernel of 3x3,
# no padding, stride 1; so 2x2 pixels come out. Write the first of them down in
# full:
#
# $$y_0 = W_{0,0} \, x_{0,0} + W_{0,1} \, x_{0,1} + W_{0,2} \, x_{0,2} +
# 0 \, x_{0,3} + W_{1,0} \, x_{1,0} + ...$$
#
# Pixels that the window does not see are in the sum too, times 0. So $y_0$ is a
# sum over *all* 16 pixels, each times a fixed number. Put the pixels into a
# vector, row after row; that is called $\mathrm{vec}(x)$, and pixel (row, col)
# of an image $w$ pixels wide gets the place
# $w \cdot \mathrm{row} + \mathrm{col}$. Put the 16 numbers into a row of a
# matrix, and $y_0$ is that row times $\mathrm{vec}(x)$.
#
# **Predict.** Between $W_{0,2}$ and $W_{1,0}$ in that row: how many zeros?
# After $W_{2,2}$? And what does the row of $y_1$ look like, whose window lies
# one pixel further right? Write both rows down.


# %%
def row_of_names(row, col, kernel=3, width=4):
    """What output pixel (row, col) multiplies each of width*width pixels by."""
    names = ["0"] * width**2
    for i, j in np.ndindex(kernel, kernel):
        place = width * (row + i) + col + j
        names[place] = f"W{i}{j}"
    return names


for pixel in np.ndindex(2, 2):
    print(*(f"{name:3}" for name in row_of_names(*pixel)))
first, second, third = (row_of_names(*p) for p in [(0, 0), (0, 1), (1, 0)])
assert first[2:5] == ["W02", "0", "W10"] and first[11:] == ["0"] * 5
assert second == ["0", *first[:-1]]  # moved on by one pixel
assert third == ["0"] * 4 + first[:-4]  # by a whole row of the image

# %% [markdown]
# These are the four rows on the slide "Convolution vs Transposed Convolution":
# a matrix $C$ of 4x16, a row for each output pixel, a column for each input
# pixel, and
#
# $$\mathrm{vec}(y) = C \, \mathrm{vec}(x)$$
#
# Each row is the first one, moved on. One pixel further right is one place; one
# pixel further down is a whole row of the image, four places. Nine weights fill
# 36 of the 64 places. minifcn makes the same, by name and by number:

# %%
C_names = symbolic_conv_matrix(3, 4)
print(C_names.text(width=60))  # 01 stands for W[0,1], a dot for 0
kernel = np.array([[2.0, 3, 1], [3, 1, 2], [1, 2, 3]])
C = conv_matrix(kernel[None, None], 4)
image = np.arange(16.0).reshape(4, 4)
y = (C @ image.ravel()).reshape(2, 2)
print("C", C.shape, " C x:", y.ravel())
ours = [row_of_names(*pixel) for pixel in np.ndindex(2, 2)]
assert ours == [
    [name.replace("[", "").replace(",", "").replace("]", "") for name in row]
    for row in C_names.names()
]
assert np.array_equal(y, conv2d(image[None, None], kernel[None, None])[0, 0])

# %% [markdown]
# For a paper or a notebook there is LaTeX. Here of a smaller one, 2x2 on 3x3
# pixels; in a notebook, put it between two double dollars in a Markdown cell.

# %%
print(symbolic_conv_matrix(2, 3).latex())

# %% [markdown]
# ## The general rule, entry by entry
#
# Lesson 2 had the rule for everything: output pixel $r, q$ of kernel $o$ meets,
# with weight $i, j$ of channel $c$, the pixel
#
# $$\mathrm{row} = r s - p + i d$$
#
# $$\mathrm{col} = q s - p + j d$$
#
# with stride $s$, padding $p$ and **dilation** $d$ (the kernel's weights lie
# $d$ pixels apart). Each such meeting is one entry of $C$: in the row of
# $(o, r, q)$ and the column of $(c, \mathrm{row}, \mathrm{col})$. We keep all
# six as axes of one array, and flatten at the end: NumPy numbers the places in
# the same order as $\mathrm{vec}$.
#
# Where row or column fall into the padding, there is no pixel, so no column of
# $C$, and the weight is left out: the padding's zeros would have cancelled it.
#
# **Predict.** 4x4 pixels, 3x3, padding 1, stride 1: what shape has $C$ now? How
# many weights stand in its first row? And with stride 2?


# %%
def matrix(weight, size, stride=1, padding=0, dilation=1):
    """weight (O, C, kh, kw), size (H, W) -> (O*oh*ow, C*H*W)"""
    (o, c, *k), s, p, d = weight.shape, stride, padding, dilation
    reach = [d * (n - 1) + 1 for n in k]
    oh, ow = ((i + 2 * p - n) // s + 1 for i, n in zip(size, reach))
    C = np.zeros((o, oh, ow, c, *size), weight.dtype)
    for out in np.ndindex(o, oh, ow):
        for tap in np.ndindex(c, *k):
            row = out[1] * s - p + tap[1] * d
            col = out[2] * s - p + tap[2] * d
            if 0 <= row < size[0] and 0 <= col < size[1]:
                C[(*out, tap[0], row, col)] = weight[(out[0], *tap)]
    return C.reshape(o * oh * ow, -1)


W = kernel[None, None]
padded, strided = matrix(W, (4, 4), 1, 1), matrix(W, (4, 4), 2, 1)
in_the_corner = np.count_nonzero(padded[0])
print("padding 1:", padded.shape, " weights in row 0:", in_the_corner)
print("and stride 2:", strided.shape)
assert padded.shape == (16, 16) and in_the_corner == 4
assert strided.shape == (4, 16)
assert np.array_equal(strided, padded[[0, 2, 8, 10]])  # every other pixel's

# %% [markdown]
# The corner's window sees four pixels, the rest is padding. And a stride makes
# nothing new: it leaves out rows of $C$, those of the output pixels that are
# stepped over.
#
# Now everything at once, with sides that differ, against minifcn's matrix and
# against its convolution:

# %%
weight = rng.standard_normal((3, 2, 3, 2))  # 2 channels in, 3 kernels
x = rng.standard_normal((1, 2, 6, 7))
for how in [(1, 0, 1), (2, 1, 1), (1, 2, 2), (3, 1, 2)]:
    ours = matrix(weight, (6, 7), *how)
    y = conv2d(x, weight, *how)
    print("stride {}, padding {}, dilation {}:".format(*how), ours.shape)
    assert np.array_equal(ours, conv_matrix(weight, (6, 7), *how))
    assert np.allclose(ours @ x.ravel(), y.ravel())

# %% [markdown]
# ## Drawn
#
# Numbers hide the pattern; colours show it. Each of the nine weights has its
# colour, zeros are white.


# %%
def draw_names(axes, kernel, size, title, **how):
    """C in colours, one for each entry of the kernel; zeros stay white."""
    numbers = symbolic_conv_matrix(kernel, size, **how).numbers
    colours = np.ma.masked_equal(numbers, 0)
    axes.imshow(colours, cmap="viridis", interpolation="nearest")
    rows, cols = numbers.shape
    axes.set_title(f"{title}: {rows} x {cols}", size=11)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(False)


figure = new_figure(900, 520)
places = figure.subplot_mosaic(
    [[name, "padding"] for name in ("plain", "stride", "dilation")],
    height_ratios=(16, 9, 4),
)
draw_names(places["plain"], 3, 6, "3x3 on 6x6 pixels")
draw_names(places["padding"], 3, 6, "padding 1", padding=1)
draw_names(places["stride"], 3, 6, "padding 1, stride 2", padding=1, stride=2)
draw_names(places["dilation"], 3, 6, "dilation 2", dilation=2)
show(
    figure,
    "03_settings",
    "Four matrices in colours, white but for slanting stripes, one for each "
    "row of the kernel: as they are, with gaps for padding, flatter with "
    "stride, pulled apart with dilation.",
)

# %% [markdown]
# Find in each picture: the three stripes, one for each row of the kernel, $w$
# places apart; where a stripe is cut because the image's row ends; the gaps
# where padding took weights away; how stride lays the stripes flatter, and
# dilation pulls them apart.
#
# ## Channels are blocks
#
# **Predict.** 2 channels of 4x4 pixels in, 3 kernels of 3x3, no padding. What
# shape has $C$? Where in it stands the kernel that looks from channel 1 for
# output channel 2, and what else stands in those rows and columns?

# %%
weight = rng.standard_normal((3, 2, 3, 3))
C = matrix(weight, (4, 4))
print("C", C.shape)
assert C.shape == (3 * 4, 2 * 16)
for o, c in np.ndindex(3, 2):
    block = C[4 * o : 4 * o + 4, 16 * c : 16 * c + 16]
    assert np.array_equal(block, matrix(weight[o : o + 1, c : c + 1], (4, 4)))

# %%
figure = new_figure(760, 360)
axes = figure.subplots()
draw_names(axes, weight.shape, 4, "2 channels in, 3 out")
for place in (3.5, 7.5):
    axes.axhline(place, color="black", linewidth=1.5)
axes.axvline(15.5, color="black", linewidth=1.5)
axes.set_xticks([7.5, 23.5], ["channel 0", "channel 1"])
axes.set_yticks([1.5, 5.5, 9.5], ["kernel 0", "kernel 1", "kernel 2"])
axes.tick_params(length=0)
show(
    figure,
    "03_channels",
    "A matrix of two blocks side by side and three below each other. Each "
    "block has the slanting stripes of one kernel, in colours of its own.",
)

# %% [markdown]
# Six blocks, each the matrix of one single kernel. (The colours now run over
# all 54 weights.) Row block $o$ adds up what its kernel sees in all channels.
#
# ## The order of vec
#
# $\mathrm{vec}$ is a custom, not a law. NumPy and this project lay *rows* one
# after the other; many a book of mathematics, and MATLAB, lay *columns*. The
# slides write $x_{11}, x_{12}, ...$: rows, counted from 1.
#
# **Predict.** Somebody computes our $C$ times a vector of columns. Is the
# result the same, the same in another order, or something else? Which kernel
# would put it right?

# %%
image = rng.standard_normal((4, 4))
lopsided = np.array([[1.0, 2, 3], [0, 1, 0], [5, 0, 1]])[None, None]
right = conv2d(image[None, None], lopsided)[0, 0]
by_columns = image.ravel(order="F")  # columns first, as in Fortran
mixed = matrix(lopsided, (4, 4)) @ by_columns
turned = matrix(lopsided.transpose(0, 1, 3, 2), (4, 4)) @ by_columns
print("right, by columns:     ", right.ravel(order="F").round(2))
print("rows' C, columns' x:   ", mixed.round(2))
print("C of the turned kernel:", turned.round(2))
assert not np.allclose(np.sort(mixed), np.sort(right.ravel()))
assert np.allclose(turned, right.ravel(order="F"))

# %% [markdown]
# Something else, with nothing to warn you. Columns of an image are the rows of
# its transpose; so the kernel has to be transposed too. Both orders describe
# one convolution; a mix describes another. (Our `kernel` equals its own
# transpose, and would have hidden that. Test with lopsided ones.)
#
# ## im2col, found in C
#
# Lesson 2 computed the convolution by another matrix product: $W X$, every
# window a column of $X$. The result is the same, so both must hold the same
# pairs of a weight and a pixel. They are laid out in opposite ways:
#
# - $C \, \mathrm{vec}(x)$: in the matrix the weights, each as often as there
#   are windows; beside it the image, each pixel once.
# - $W X$: in $X$ the pixels, each as often as windows see it; beside it the
#   kernels, each weight once.
#
# Take $C$ apart by weights. Let $G_t$ be 1 where weight number $t$ stands in
# $C$, and 0 elsewhere. Then
#
# $$C = \sum_t W_t \, G_t$$
#
# and so
#
# $$\mathrm{vec}(y) = C \, \mathrm{vec}(x) =
# \sum_t W_t \, (G_t \, \mathrm{vec}(x))$$
#
# **Predict.** How many ones has each row of $G_t$, without padding? So what
# does $G_t$ do to an image? And where in $X$ would you look for
# $G_t \, \mathrm{vec}(x)$?

# %%
names = symbolic_conv_matrix(3, 4).numbers  # 1 for W[0,0], 2 for W[0,1] ...
G = np.stack([names == t for t in range(1, 10)]).astype(float)  # (9, 4, 16)
print("ones in each row of each G:", np.unique(G.sum(axis=2)))
X = im2col(image[None, None], 3)[0]  # (9, 4)
print("G", G.shape, " G vec(x)", (G @ image.ravel()).shape, " X", X.shape)
assert (G.sum(axis=2) == 1).all()
assert np.array_equal(G @ image.ravel(), X)
assert np.array_equal(np.tensordot(kernel.ravel(), G, 1), matrix(W, (4, 4)))

# %% [markdown]
# Each $G_t$ *picks*: for every window, the pixel below weight $t$. What it
# picks is row $t$ of $X$. So im2col is $C$ with weights and pixels in exchanged
# roles: $C$ says where each weight goes and leaves the pixels alone; $X$ says
# where each pixel goes and leaves the weights alone. The zeros of $C$, for
# pixels that a window does not see, have no place in $X$.
#
# ## What each would cost
#
# **Predict.** The layer conv1_2 of VGG (lesson 5): 64 channels of 224x224
# pixels in, as many out, 3x3, padding 1; 4 bytes a number. How much memory take
# its weights? Its $X$? Its $C$: rather a gigabyte, or a thousand?


# %%
def readable(count):
    """A number of bytes in words."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            break
        count, unit = count / 1000, "TB"
    return f"{count:.3g} {unit}"


layers = {  # channels in, channels out, kernel, pixels in, pixels out
    "conv1_1": (3, 64, 3, 224, 224),
    "conv1_2": (64, 64, 3, 224, 224),
    "conv3_2": (256, 256, 3, 56, 56),
    "conv5_3": (512, 512, 3, 14, 14),
    "fc6": (512, 4096, 7, 7, 1),
}
print(f"{'':9}{'weights':>9}{'X':>9}{'C':>9}   of it zeros, at least")
numbers = {}
for name, (c, o, k, before, after) in layers.items():
    weights, X_size = o * c * k**2, c * k**2 * after**2
    C_size = o * after**2 * c * before**2
    zeros = C_size - weights * after**2  # each window uses all weights once
    numbers[name] = weights, X_size, C_size, zeros
    bytes_each = (readable(4 * n) for n in numbers[name][:3])
    print(f"{name:9}{''.join(f'{b:>9}' for b in bytes_each)}", end="   ")
    print(f"{zeros / C_size:.4%}")
_, X_size, C_size, _ = numbers["conv1_2"]
assert C_size == (64 * 224 * 224) ** 2 and C_size > 350_000 * X_size
assert numbers["fc6"][3] == 0

# %% [markdown]
# 41 terabytes against 116 megabytes. Even a format that stores only what is not
# zero, with its place, would take 15 GB, for 147 kB of weights. So no library
# builds $C$; minifcn does up to a limit, and refuses beyond:

# %%
refused = ""
try:
    conv_matrix(np.zeros((64, 64, 3, 3), "float32"), 224, padding=1)
except InputError as error:
    refused = str(error)
print(fill(refused, 79))
assert "more than the limit" in refused

# %% [markdown]
# Look at fc6 once more: a kernel as large as its input sees every pixel at
# once, so $C$ has no zeros and a row for each kernel. It *is* the matrix of a
# **fully connected layer**, one in which each output depends on each input.
# Lesson 6 starts there.
#
# ## Both gradients, read off the matrix
#
# $y_a = \sum_b C_{ab} \, x_b$. One output changes with one input by $C_{ab}$.
# An input takes part in all outputs, and the chain rule adds up its shares:
#
# $$\frac{\partial L}{\partial x_b} =
# \sum_a \frac{\partial L}{\partial y_a} \, C_{ab}$$
#
# The sum runs down a column of $C$, that is, along a row of $C^\top$: so
# $\mathrm{d}x = C^\top \, \mathrm{d}y$.
#
# The same product seen from the entry: $y_a$ changes with $C_{ab}$ by $x_b$,
# and no other output holds that entry. So
#
# $$\frac{\partial L}{\partial C_{ab}} =
# \frac{\partial L}{\partial y_a} \, x_b$$
#
# each entry of `dy` times each pixel: $\mathrm{d}C = \mathrm{d}y \, x^\top$,
# with $x$ short for $\mathrm{vec}(x)$.
#
# But nobody may change one entry of $C$ alone. Zeros stay zeros; and all
# entries named $W_t$ are *one* number. Change it by $\epsilon$, and each of
# those entries changes by $\epsilon$. So their shares add up, and the rest of
# $\mathrm{d}C$ is of no use:
#
# $$\frac{\partial L}{\partial W_t} = \sum_{a,b:\, C_{ab} = W_t}
# \frac{\partial L}{\partial C_{ab}}$$
#
# That is **weight sharing**, written as a sum.
#
# **Predict.** 4x4 pixels, 3x3, padding 1: over how many entries goes the sum
# for the weight in the middle? For the one in the corner?

# %%
names = symbolic_conv_matrix(3, 4, padding=1).numbers
uses = np.bincount(names.ravel())[1:].reshape(3, 3)
print(uses)
assert uses[1, 1] == 16 and uses[0, 0] == 9

# %% [markdown]
# The middle one meets a pixel in every window. The upper left one lies on
# padding in the first row and the first column of windows.
#
# Now as a layer. Its forward and backward are the formulas, nothing else:


# %%
class MatrixConvolution(Layer):
    """A convolution by its matrix: x (N, C, H, W) -> y (N, O*oh*ow)."""

    def __init__(self, weight, size, **how):
        self.weight = Parameter(weight)
        self.symbols = symbolic_conv_matrix(weight.shape, size, **how)

    def forward(self, x):
        self.keep(x)
        C = self.symbols.at(self.weight.data)  # numbers for names
        return x.reshape(len(x), -1) @ C.T  # for each image, C vec(x)

    def backward(self, dy):
        (x,), C = self.kept(), self.symbols.at(self.weight.data)
        dC = dy.T @ x.reshape(len(x), -1)  # summed over the images
        sums = np.bincount(self.symbols.numbers.ravel(), dC.ravel())
        dweight = sums[1:].reshape(self.weight.data.shape)  # 0 is no weight
        self.weight.add_grad(dweight)
        return (dy @ C).reshape(x.shape)  # for each image, C^T dy


weight = rng.standard_normal((3, 2, 3, 2))
x = rng.standard_normal((2, 2, 5, 6))
how = {"stride": (2, 1), "padding": (1, 2), "dilation": (1, 2)}
layer = MatrixConvolution(weight, (5, 6), **how)
report = check_gradients(layer, x)
print(report)
assert report.ok(1e-6)

# %%
dy = rng.standard_normal(conv2d(x, weight, **how).shape)
layer.zero_grad()
layer(x)
dx = layer.backward(dy.reshape(2, -1))
dweight = layer.weight.grad
assert np.allclose(dx, conv2d_grad_input(dy, weight, (5, 6), **how))
assert np.allclose(dweight, conv2d_grad_weight(dy, x, (3, 2), **how))
print("dx", dx.shape, " dweight", dweight.shape, " as lesson 2's")

# %% [markdown]
# ## The matrix of derivatives
#
# The slides define $C$ by derivatives: all those of a layer's outputs by its
# inputs,
# $\partial \, \mathrm{vec}(x^{(l+1)}) / \partial \, \mathrm{vec}(x^{(l)})$.
# Such a matrix is called a **Jacobian**. For a linear map it is simply the
# map's own matrix. One trap: the slides give each *input* pixel a row, so what
# they print there is 16x4, the $C^\top$ of this lesson.
#
# **Predict.** PyTorch can compute Jacobians, knowing nothing of $C$. Which
# shape must it find for our 3x3 on 4x4, and does it depend on the image?

# %%
if torch := pytorch():
    kernels = torch.from_numpy(lopsided)

    def convolve(pixels):
        image = pixels.reshape(1, 1, 4, 4)
        return torch.nn.functional.conv2d(image, kernels).ravel()

    pixels = torch.from_numpy(rng.standard_normal(16))
    jacobian = torch.autograd.functional.jacobian(convolve, pixels).numpy()
    print("PyTorch's Jacobian", jacobian.shape)
    print(jacobian[0])
    assert np.array_equal(jacobian, matrix(lopsided, (4, 4)))

# %% [markdown]
# It does not depend on the image: that is what linear means. And on a GPU,
# where there is one, a matrix is a matrix:

# %%
device, reason = resolve_device()
print(reason)
on_device = to_device(weight.astype("float32"), device)
C = conv_matrix(on_device, (5, 6), **how)
vectors = to_device(x.astype("float32").reshape(2, -1), device)
y = to_host(vectors @ C.T)
print("C", C.shape, C.dtype, " y", y.shape)
assert np.allclose(y, layer(x), atol=1e-4)

# %% [markdown]
# ## What was left out, and where the real thing stands
#
# - $C$ without loops over pixels, with groups (kernels that see some channels
#   only), and its limit: `minifcn/convolution/matrix.py`.
# - Names, LaTeX and text: `minifcn/convolution/symbolic.py`. $C$ and $C^\top$
#   drawn beside the sliding window, by `python -m minifcn arithmetic --input 4
#   --kernel 3 --out pictures`: `minifcn/pictures/matrices.py`.
# - With `algorithm="matrix"` a transposed convolution is computed by $C^\top$
#   indeed: `minifcn/layers/conv_transpose.py`. What it is: lesson 7.
# - How $X$ is kept small, a band of rows at a time:
#   `minifcn/convolution/fast/bands.py`.

# %% [markdown]
# ## Exercises
#
# `python -m lessons test 3` puts them into `lessons/answers/`, for you to write
# there, and tells you what is right, and what is wrong if not.
#
# 1. `place`: where a pixel of an image with channels stands in
#    $\mathrm{vec}(x)$.
# 2. `matrix`: $C$ of one kernel, with stride and padding.
# 3. `gradients`: $\mathrm{d}x$ and $\mathrm{d}W$ from $C$, its names and `dy`,
#    by matrices alone.
