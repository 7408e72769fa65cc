# %% [markdown]
# # 2. What does a convolution compute, and how does it learn?
#
# **Time:** 45 minutes
#
# **Know before:** arrays in NumPy, what a derivative and the chain rule are. An
# image is an array of numbers (lesson 1).
#
# A convolutional network is a pile of one operation, repeated. In this lesson
# you write that operation with plain loops, make it fast, work out its three
# gradients on paper, and then learn not to believe them: you check them with
# numbers, and see four ways in which such a check lies to you.

# %%
import time

import numpy as np

from lessontools import draw_maps, frame, new_figure, pytorch, show
from minifcn.backend import resolve_device, to_device
from minifcn.convolution import (
    conv2d,
    conv2d_grad_input,
    conv2d_grad_weight,
    im2col,
)
from minifcn.gradcheck import check_gradients
from minifcn.layers import Conv2d
from minifcn.pictures.colours import BLUE, VERMILLION

rng = np.random.default_rng(0)

# %% [markdown]
# ## One window, one number
#
# Here is an image of 5x6 pixels, dark on the left and bright on the right.
# Beside it lies a **kernel**: a small array of **weights**. Lay the kernel onto
# the upper left corner of the image; the pixels below it are a **window**.
# Multiply each weight with the pixel below it and add up the nine products.
# That sum is one pixel of the output. Then slide on.

# %%
image = np.array([[0, 0, 0, 9, 9, 9]] * 5, dtype=float)
kernel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], dtype=float)
print(image)
print(kernel)

# %% [markdown]
# **Predict.** What is the sum for the window in the upper left corner, where
# all pixels are 0? What is it one pixel further right, where the window's last
# column is bright? And how large is the output, if the kernel must not stick
# out?
#
# Write the three answers down, then go on.


# %%
def slide(image, kernel):
    """image (H, W), kernel (kh, kw) -> (H - kh + 1, W - kw + 1)"""
    (h, w), (kh, kw) = image.shape, kernel.shape
    output = np.zeros((h - kh + 1, w - kw + 1))
    for row, col in np.ndindex(output.shape):
        window = image[row : row + kh, col : col + kw]
        output[row, col] = (window * kernel).sum()
    return output


edges = slide(image, kernel)
print(edges)
assert edges.shape == (3, 4)
assert edges[0, 0] == 0 and edges[0, 1] == 9 + 18 + 9

# %%
maps = {"image, 5x6": image, "kernel, 3x3": kernel, "output, 3x4": edges}
figure, _ = draw_maps(maps)
show(
    figure,
    "02_edge",
    "An image, 0 on the left and 9 on the right; a kernel with -1, -2, -1 in "
    "its left column and 1, 2, 1 in its right one; and the output, 36 in the "
    "two columns where dark meets bright, else 0.",
)

# %% [markdown]
# The output is large where the image gets brighter from left to right, and 0
# where it is even. The kernel is a *detector*; its output is called a **feature
# map**. Nobody will choose the nine weights for us, though: the network learns
# them.
#
# (A mathematician flips the kernel first and calls only that a convolution;
# what we do is a *cross-correlation*. All of deep learning says convolution,
# and so do we. The flip comes back in lesson 7.)

# %% [markdown]
# ## Padding, stride, and the size that comes out
#
# Two settings change where windows lie. **Padding** $p$ puts $p$ rows and
# columns of zeros around the image, so that the border gets windows too.
# **Stride** $s$ moves the window by $s$ pixels at a time. A padded image of
# $i + 2p$ pixels has room for a kernel of $k$ at the start; the $i + 2p - k$
# pixels that are left allow a further step each $s$ pixels:
#
# $$o = \left\lfloor \frac{i + 2p - k}{s} \right\rfloor + 1$$
#
# (the half brackets round down: a step that does not fit whole is not taken).
#
# **Predict.** $i = 5, k = 3, s = 2, p = 1$: what is $o$? And for $i = 6$, the
# rest the same?


# %%
def output_size(size, kernel, stride, padding):
    """The formula above."""
    return (size + 2 * padding - kernel) // stride + 1


for size in (5, 6):
    print(f"{size} pixels -> {output_size(size, 3, stride=2, padding=1)}")
assert output_size(5, 3, 2, 1) == output_size(6, 3, 2, 1) == 3

# %% [markdown]
# Both give 3! From the output alone nobody can tell which it was. Remember that
# for lesson 7, where we go back.

# %% [markdown]
# ## Many channels, many kernels
#
# A colour image has three **channels**: red, green, blue. A kernel then has
# weights for each of them, and still makes one sum. And a layer has many
# kernels, each with its own output channel. Arrays carry four axes: images $N$,
# channels $C$, rows $H$, columns $W$. With the weights $W_{o,c,i,j}$ of $O$
# kernels and a **bias** $b_o$, a number added to all of a channel's pixels:
#
# $$y_{n,o,r,q} = b_o + \sum_{c,i,j} W_{o,c,i,j} \, x_{n,c,\,rs-p+i,\,qs-p+j}$$
#
# Read the indices of $x$ from right to left: output column $q$ has its window
# $qs$ pixels to the right, less the padding, and weight $j$ lies $j$ pixels
# further. Where the index falls into the padding, $x$ is 0.
#
# **Predict.** Two colour images of 5x6 pixels, four kernels of 3x3, padding 1,
# stride 1: what shape has $y$?


# %%
def pad(x, p):
    """(N, C, H, W) -> (N, C, H + 2p, W + 2p)"""
    return np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))


def products(x, weight, stride, padding):
    """Every product: indices of its output pixel, weight and padded pixel."""
    (n, c, h, w), (o, _, kh, kw) = x.shape, weight.shape
    oh = output_size(h, kh, stride, padding)
    ow = output_size(w, kw, stride, padding)
    for out in np.ndindex(n, o, oh, ow):
        for tap in np.ndindex(c, kh, kw):
            row, col = out[2] * stride + tap[1], out[3] * stride + tap[2]
            yield out, (out[1], *tap), (out[0], tap[0], row, col)


def convolve(x, weight, bias, stride=1, padding=0):
    """x (N, C, H, W), weight (O, C, kh, kw), bias (O,) -> y (N, O, oh, ow)"""
    oh = output_size(x.shape[2], weight.shape[2], stride, padding)
    ow = output_size(x.shape[3], weight.shape[3], stride, padding)
    y = np.zeros((len(x), len(weight), oh, ow)) + bias.reshape(1, -1, 1, 1)
    padded = pad(x, padding)
    for out, tap, pixel in products(x, weight, stride, padding):
        y[out] += weight[tap] * padded[pixel]
    return y


x = rng.standard_normal((2, 3, 5, 6))
weight, bias = rng.standard_normal((4, 3, 3, 3)), rng.standard_normal(4)
y = convolve(x, weight, bias, padding=1)
print("x", x.shape, " weight", weight.shape, " y", y.shape)
assert y.shape == (2, 4, 5, 6)
for stride in (1, 2):
    ours = convolve(x, weight, bias, stride, padding=1)
    assert np.allclose(ours, conv2d(x, weight, stride, padding=1, bias=bias))

# %%
if torch := pytorch():
    arrays = map(torch.from_numpy, (x, weight, bias))
    theirs = torch.nn.functional.conv2d(*arrays, padding=1)
    print("largest difference from PyTorch:", abs(y - theirs.numpy()).max())
    assert np.allclose(y, theirs.numpy())

# %% [markdown]
# ## Fast: every window a column, one product for all
#
# Python's loops are slow. But the sums of one window and all kernels are a
# matrix product: put the kernels into the rows of a matrix, and the window into
# a column. Do that for every window, and *one* product makes the whole output.
# Copying the windows into columns is called **im2col**, image to columns.
#
# **Predict.** A 4x4 image with one channel, a 3x3 kernel, no padding: how many
# rows and columns has the matrix of windows?

# %%
small = np.arange(16.0).reshape(1, 1, 4, 4)
windows = [small[0, 0, r : r + 3, q : q + 3] for r in (0, 1) for q in (0, 1)]
columns = np.stack([window.ravel() for window in windows], axis=1)
print(columns.astype(int))
assert columns.shape == (9, 4)  # a row for each weight, a column a window
assert np.array_equal(columns, im2col(small, 3)[0])  # minifcn's, faster

# %%
windows_as_columns = "columns: a row for each weight,\na column for each window"
maps = {"image,\na window framed": small[0, 0], windows_as_columns: columns}
figure, axes = draw_maps(maps)
frame(axes[0], 0, 1, 3, 3)
frame(axes[1], 0, 1, 9, 1)
show(
    figure,
    "02_im2col",
    "A 4x4 image with the numbers 0 to 15 and a framed 3x3 window; beside it "
    "the matrix of 9 rows and 4 columns, whose second column, framed, holds "
    "the window's nine numbers.",
)

# %%
begin = time.perf_counter()
slow = convolve(x, weight, bias, padding=1)
middle = time.perf_counter()
columns = im2col(x, 3, padding=1)  # (N, C*3*3, oh*ow)
fast = weight.reshape(4, -1) @ columns + bias[:, None]  # (N, O, oh*ow)
end = time.perf_counter()
print(f"loops: {1e3 * (middle - begin):.1f} ms")
print(f"columns and one product: {1e3 * (end - middle):.2f} ms")
assert np.allclose(slow, fast.reshape(slow.shape))

# %% [markdown]
# ## Backwards, on paper
#
# To learn, the network needs to know how its loss $L$, one number that says how
# wrong it was, changes with each weight. Say the layers above have already told
# us $\frac{\partial L}{\partial y}$, one number for each output pixel; we write
# `dy`. We need three gradients: of the weights, of the bias, and of $x$, to
# hand down to the layer below.
#
# Look at the loop: everything in it is `y[out] += weight[tap] * padded[pixel]`.
# A product of two numbers. If the weight grows by a little $\epsilon$, this
# product grows by $\epsilon$ times the pixel, and $L$ by `dy[out]` times that.
# A weight takes part in many products, so its shares add up (the chain rule):
#
# $$\frac{\partial L}{\partial W_{o,c,i,j}} =
# \sum_{n,r,q} \frac{\partial L}{\partial y_{n,o,r,q}} \,
# x_{n,c,\,rs-p+i,\,qs-p+j}$$
#
# The pixel's share is the same with the roles swapped: weight times `dy[out]`,
# sent back to the pixel. Pixel $u, v$ gets one from each window that sees it:
#
# $$\frac{\partial L}{\partial x_{n,c,u,v}} =
# \sum_{o,r,q,i,j} \frac{\partial L}{\partial y_{n,o,r,q}} \, W_{o,c,i,j}$$
#
# where the sum takes only those with $rs-p+i = u$ and $qs-p+j = v$. And the
# bias was added to every pixel of its channel, so
#
# $$\frac{\partial L}{\partial b_o} =
# \sum_{n,r,q} \frac{\partial L}{\partial y_{n,o,r,q}}$$
#
# **Predict.** `dx` is collected in an array of the *padded* size. What must
# happen to the padding's part at the end?


# %%
def convolve_backward(dy, x, weight, stride=1, padding=0):
    """dy (N, O, oh, ow) -> dx, dweight, dbias, each of its array's shape"""
    padded = pad(x, padding)
    dpadded, dweight = np.zeros_like(padded), np.zeros_like(weight)
    for out, tap, pixel in products(x, weight, stride, padding):
        dweight[tap] += dy[out] * padded[pixel]
        dpadded[pixel] += dy[out] * weight[tap]
    h, w = x.shape[2:]
    p = padding  # which is no pixel of x: cut it off
    dx = dpadded[:, :, p : p + h, p : p + w]
    return dx, dweight, dy.sum(axis=(0, 2, 3))


dy = rng.standard_normal(y.shape)
dx, dweight, dbias = convolve_backward(dy, x, weight, padding=1)
print("dx", dx.shape, " dweight", dweight.shape, " dbias", dbias.shape)
assert np.allclose(dx, conv2d_grad_input(dy, weight, (5, 6), padding=1))
assert np.allclose(dweight, conv2d_grad_weight(dy, x, 3, padding=1))
if torch:
    tensors = [torch.tensor(a, requires_grad=True) for a in (x, weight, bias)]
    theirs = torch.nn.functional.conv2d(*tensors, padding=1)
    theirs.backward(torch.from_numpy(dy))
    for gradient, tensor in zip((dx, dweight, dbias), tensors):
        assert np.allclose(gradient, tensor.grad.numpy())
    print("PyTorch gives the same three")

# %% [markdown]
# In columns the same two gradients are two products. Forward was $Y = W X$,
# with $X$ the columns; so $\partial L / \partial W = \mathrm{d}Y \, X^\top$ and
# $\partial L / \partial X = W^\top \, \mathrm{d}Y$. The second one is a
# gradient *of the columns*. A pixel lies in several columns, and gets the sum
# of what comes back to its copies: that is **col2im**, im2col's way back.

# %%
dy_rows = dy.reshape(2, 4, -1)  # (N, O, oh*ow)
by_product = (dy_rows @ columns.transpose(0, 2, 1)).sum(axis=0)
by_product = by_product.reshape(weight.shape)  # (O, C, kh, kw)
assert np.allclose(by_product, dweight)
print("the same dweight, to", abs(by_product - dweight).max())

# %% [markdown]
# ## Do not believe it: check it
#
# A backward pass can be wrong and still learn a little, so nobody notices. The
# cure is a **numerical gradient**: move one number $t$ by a small $h$ up and
# down, and see by how much the loss changes:
#
# $$\frac{\partial L}{\partial t} \approx \frac{L(t + h) - L(t - h)}{2h}$$
#
# For a loss we take $L = \sum \mathrm{d}y \cdot y$ with random $\mathrm{d}y$:
# its derivative by $y$ is just that $\mathrm{d}y$.


# %%
def numerical_gradient(loss, array, h=1e-6):
    """The slope of `loss()` along each entry of `array`."""
    gradient = np.zeros_like(array)
    for entry in np.ndindex(array.shape):
        start = array[entry]
        array[entry] = start + h
        above = loss()
        array[entry] = start - h
        below = loss()
        array[entry] = start
        gradient[entry] = (above - below) / (2 * h)
    return gradient


def error(gradient, numerical):
    """The largest difference, relative to the largest entry."""
    return abs(gradient - numerical).max() / abs(numerical).max()


def loss():
    return (dy * conv2d(x, weight, padding=1, bias=bias)).sum()


pairs = {"dx": (x, dx), "dweight": (weight, dweight), "dbias": (bias, dbias)}
for name, (array, gradient) in pairs.items():
    wrong_by = error(gradient, numerical_gradient(loss, array))
    print(f"{name:8} differs from the numerical gradient by {wrong_by:.1e}")
    assert wrong_by < 1e-8

# %% [markdown]
# How small should $h$ be? **Predict:** is $10^{-12}$ better than $10^{-6}$? A
# convolution is linear, so we try it with a curved function, $e^t$ at $t = 1$,
# whose derivative we know.

# %%
steps = 10.0 ** np.arange(-14, 0)
errors = {}
for dtype in (np.float64, np.float32):
    t, h = dtype(1), steps.astype(dtype)
    errors[dtype] = abs((np.exp(t + h) - np.exp(t - h)) / (2 * h) / np.e - 1)
best = steps[errors[np.float64].argmin()]
print(f"float64: error {errors[np.float64].min():.0e}, at h = {best:.0e}")
print(f"float32: error {errors[np.float32].min():.0e} at best")
assert 1e-8 < best < 1e-3 and errors[np.float64][0] > 1e-4

# %%
figure = new_figure(640, 380)
axes = figure.subplots()
axes.loglog(steps, errors[np.float64], "o-", color=BLUE)
axes.loglog(steps, errors[np.float32], "s-", color=VERMILLION)
axes.text(2e-13, 2e-6, "float64", color=BLUE)
axes.text(2e-7, 4e-1, "float32", color=VERMILLION)
axes.set(xlabel="step h", ylabel="relative error of the slope")
axes.set_title("too small: rounding; too large: the curve bends", size=11)
axes.grid(color="0.9")
show(
    figure,
    "02_step",
    "The error of a numerical slope against the step, both logarithmic. In "
    "float64 it is least, some 1e-11, for steps near 1e-6, and rises on "
    "either side; in float32 it is never better than about 1e-5.",
)

# %% [markdown]
# ## Four ways in which a check lies
#
# **1. An incoming gradient of all ones.** It is tempting to take $L = \sum y$,
# so that `dy` is all ones. Here is a backward pass with a mistake: it turns
# `dy` upside down first. **Predict:** what does a check with all ones say of
# it?


# %%
def upside_down(dy, x, weight, padding):
    """A wrong dweight: rows of dy in the wrong order."""
    return convolve_backward(dy[:, :, ::-1], x, weight, padding=padding)[1]


def checked(wrong_dweight, dy, padding):
    """The error that a numerical check finds in a dweight."""

    def loss():
        return (dy * conv2d(x, weight, padding=padding)).sum()

    numerical = numerical_gradient(loss, weight)
    return error(wrong_dweight(dy, x, weight, padding), numerical)


with_ones = checked(upside_down, np.ones_like(dy), 1)
with_random = checked(upside_down, dy, 1)
print(f"upside down, dy all ones: error {with_ones:.0e}")
print(f"upside down, dy random:   error {with_random:.1f}")
assert with_ones < 1e-8 and with_random > 0.1

# %% [markdown]
# All ones upside down are all ones. **Draw `dy` at random.**
#
# **2. Padding 0.** The next one forgets the padding: it reads the weight's
# pixels from the image as if it had none.


# %%
def forgets_padding(dy, x, weight, padding):
    """A wrong dweight: windows lie `padding` pixels too far down and right."""
    after = 0, 2 * padding
    shifted = np.pad(x, ((0, 0), (0, 0), after, after))
    return convolve_backward(dy, shifted, weight)[1]


without = checked(forgets_padding, dy[:, :, :3, :4], 0)
with_padding = checked(forgets_padding, dy, 1)
print(f"forgets the padding, padding 0: error {without:.0e}")
print(f"forgets the padding, padding 1: error {with_padding:.1f}")
assert without < 1e-8 and with_padding > 0.1

# %% [markdown]
# So it is with every setting at its plainest: stride 1, square images, one
# image, one channel. **Check with settings that differ from each other**:
# padding (1, 2), stride (2, 1), 5x6 pixels.
#
# **3. float32.** Networks compute in 32-bit floats, with some seven digits.
# Subtracting two nearly equal losses leaves few of them. **Predict:** what
# error does our *right* `dweight` show in float32, with the same step?

# %%
x32, weight32, dy32 = (a.astype(np.float32) for a in (x, weight, dy))


def loss32():
    return (dy32 * conv2d(x32, weight32, padding=1)).sum()


right = error(dweight, numerical_gradient(loss32, weight32))
print(f"the right dweight in float32: error {right:.0e}")
assert right > 1e-3

# %% [markdown]
# As large as that of a real mistake; and whoever loosens the tolerance until it
# passes lets real mistakes pass, too. **Check in float64**, whatever the
# network trains in: the formulas are the same.
#
# **4. Kinks.** Behind a convolution stands a ReLU, $\max(t, 0)$, which has no
# slope at 0: left of it 0, right of it 1. Where the step $h$ reaches over the
# kink, the numerical gradient is something in between, and blames a right
# backward pass.

# %%
t = np.array([2.0, -1.0, 3e-7])  # the last within h = 1e-6 of the kink
slopes = numerical_gradient(lambda: np.maximum(t, 0).sum(), t)
print("numerical slopes of ReLU:", slopes.round(3))
print("its formula's:           ", (t > 0).astype(float))
assert np.allclose(slopes[:2], [1, 0]) and 0.6 < slopes[2] < 0.7

# %% [markdown]
# **Leave entries near kinks out, and count them**, so that you see when too
# many are missing.
#
# minifcn's `check_gradients` does all four: a random `dy`, float64 whatever
# comes in, kinks found and counted, and a relative error that is "not a number"
# rather than 0 where nothing was tested. Here with settings that all differ:

# %%
device, reason = resolve_device()
print(reason)
layer = Conv2d(3, 4, (3, 2), stride=(2, 1), padding=(1, 2), rng=rng).to(device)
report = check_gradients(layer, to_device(x, device))
print(report)
assert report.ok(1e-6)

# %% [markdown]
# ## What was left out, and where the real thing stands
#
# - The loops, forward and backward, with dilation (gaps between the weights)
#   and groups (kernels that see some channels only):
#   `minifcn/convolution/loops.py`. Every fast version is tested against them.
# - The page to read: `minifcn/convolution/textbook.py` has im2col without a
#   loop over windows, col2im, and with them the convolution and its gradients.
# - For large images the columns would fill the memory: they are made and
#   multiplied band by band in `minifcn/convolution/fast/bands.py`; beside it
#   `minifcn/convolution/fast/winograd.py` needs fewer products for 3x3 kernels
#   (lesson 16).
# - The layer, with forward and backward side by side: `minifcn/layers/conv.py`.
#   The check: `minifcn/gradcheck.py`.
#
# The next lesson writes all of this as one matrix.

# %% [markdown]
# ## Exercises
#
# `python -m lessons test 2` puts them into `lessons/answers/`, for you to write
# there, and tells you what is right, and what is wrong if not.
#
# 1. `output_size`: with **dilation** $d$, the kernel's weights lie $d$ pixels
#    apart. How large is the output then?
# 2. `grad_weight`: $\partial L / \partial W$ of one image and one kernel, with
#    stride and padding, without the loop over single products: one sum for each
#    weight.
# 3. `grad_input`: $\partial L / \partial x$ of the same, one stamp of the
#    kernel for each output pixel.
