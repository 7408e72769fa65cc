# %% [markdown]
# # 7. How does a small map become large again?
#
# **Time:** 45 minutes
#
# **Know before:** the convolution and its gradients (lesson 2), and that it is
# a matrix $C$ (lesson 3).
#
# A network that recognises things shrinks its maps, again and again: of 500x500
# pixels some 16x16 remain. But we want a class for *each* pixel. So something
# has to lead back up, and it should learn, as everything else does. The paper's
# answer is a heading (section 3.3): *upsampling is backwards strided
# convolution*. In this lesson you build it, see why it is a transpose and no
# inverse, work out its gradients, and compute it in three ways.

# %%
from textwrap import fill

import numpy as np

from lessontools import draw_maps, frame, new_figure, pytorch, show
from minifcn.backend import resolve_device, to_device, to_host
from minifcn.convolution import (
    adjoint_error,
    conv2d,
    conv2d_grad_input,
    conv_matrix,
    relationship,
    round_trip,
    symbolic_conv_matrix,
)
from minifcn.gradcheck import check_gradients
from minifcn.layers import (
    ConvTranspose2d,
    Layer,
    Parameter,
    bilinear_upsampling,
)
from minifcn.pictures import animate_transposed, draw_matrices

rng = np.random.default_rng(0)

# %% [markdown]
# ## Spread instead of gather
#
# A convolution *gathers*: each output pixel is a sum over its window. With
# stride 2 the windows lie 2 pixels apart, and the output has about half as many
# rows. Now run the film backwards: each pixel of the small map *spreads*. It
# stamps the kernel, times its own value, onto the large map. The stamps lie
# `stride` pixels apart; where they overlap, they add up.
#
# **Predict.** This map of 2x2 pixels, this kernel of 3x3, and stride 2: how
# large is the result? Which of its pixels get something from all four stamps?
# What is the value there?
#
# ```text
# map      kernel
# 1  2     1  2  3
# 3  4     0  1  0
#          1  0  1
# ```


# %%
def stamp(x, kernel, stride):
    """x (h, w), kernel (kh, kw) -> (s*(h - 1) + kh, s*(w - 1) + kw)"""
    (h, w), (kh, kw) = x.shape, kernel.shape
    y = np.zeros((stride * (h - 1) + kh, stride * (w - 1) + kw))
    for row, col in np.ndindex(h, w):
        top, left = row * stride, col * stride
        y[top : top + kh, left : left + kw] += x[row, col] * kernel
    return y


small = np.array([[1.0, 2], [3, 4]])
kernel = np.array([[1.0, 2, 3], [0, 1, 0], [1, 0, 1]])
large = stamp(small, kernel, stride=2)
print(large)
assert large.shape == (5, 5)
assert large[2, 2] == 1 * 1 + 2 * 1 + 3 * 3 + 4 * 1  # four corners meet

# %%
last = stamp(small * [[0, 0], [0, 1]], kernel, stride=2)
maps = {"small map": small, "kernel": kernel}
maps |= {"stamp of the 4": last, "all four stamps": large}
figure, axes = draw_maps(maps)
frame(axes[0], 1, 1, 1, 1)
for large_axes in axes[2:]:
    frame(large_axes, 2, 2, 3, 3)
show(
    figure,
    "07_stamps",
    "The 2x2 map, the 3x3 kernel, the stamp of the map's 4 in the lower right "
    "of 5x5 pixels, and all four stamps added up, which overlap in the middle "
    "row and column.",
)

# %% [markdown]
# This is the **transposed convolution**. $h$ pixels, $s$ apart, reach over
# $s(h - 1) + 1$; the last stamp reaches $k - 1$ further. If the convolution had
# padding $p$, the outermost $p$ rows and columns belong to the padding, not to
# the image, and are cut off:
#
# $$o' = s (h - 1) + k - 2p$$
#
# ## Where have we seen this loop?
#
# In lesson 2, in the convolution's *backward* pass: each output pixel sent its
# gradient, times the kernel, back to its window, and the shares added up.
#
# **Predict.** Take minifcn's gradient of the convolution's input, and give it
# our small map in the place of `dy`. What comes out?

# %%
back = conv2d_grad_input(
    small[None, None], kernel[None, None], (5, 5), stride=2
)
print(back[0, 0])
assert np.array_equal(back[0, 0], large)

# %% [markdown]
# The same numbers. What is a layer's way *forward* here is another layer's way
# *backward*: hence "backwards convolution".
#
# ## As a matrix
#
# Lesson 3 wrote the convolution as a matrix:
# $\mathrm{vec}(y) = C \, \mathrm{vec}(x)$, where $\mathrm{vec}$ lays an image's
# rows one after the other. Here is $C$ for a 3x3 kernel on 4x4 pixels, the
# example of the lecture's slides (lesson 1). `01` stands for the weight
# $W_{0,1}$, a dot for 0. Each *row* holds the kernel where the window of one
# output pixel lies.

# %%
C_names = symbolic_conv_matrix(3, 4)
print(C_names.text(width=60))  # full names would take more
assert C_names.shape == (4, 16)

# %% [markdown]
# **Predict.** Transpose it: rows become columns. What shape has $C^\top$? What
# does each *column* of it hold, and where have you seen that in this lesson?

# %%
print(C_names.T)
C = C_names.at(kernel[None, None])  # the numbers in the names' place
by_matrix = C.T @ small.ravel()
assert C.T.shape == (16, 4)
assert np.array_equal(by_matrix.reshape(4, 4), stamp(small, kernel, stride=1))

# %% [markdown]
# A column of $C^\top$ is a stamp: the kernel, where one pixel of the small map
# puts it. $C^\top$ times the small map adds the stamps, each times its pixel.
# (That was stride 1; a larger stride shifts the rows of $C$ by more.)

# %%
show(
    lambda path: draw_matrices(path, relationship(4, 3)),
    "07_matrices",
    "The kernel and its window on the 4x4 input; C, whose 4 rows of 16 hold "
    "the kernel's coloured weights where the windows lie; and its transpose, "
    "16 rows of 4, with the same weights in a column.",
)

# %% [markdown]
# ## Why the transpose: the chain rule
#
# Call a layer's input $x^{(l)}$ and its output $x^{(l+1)}$, both as vectors.
# The convolution is
#
# $$x_i^{(l+1)} = \sum_j C_{ij} \, x_j^{(l)}$$
#
# so one output changes with one input by
#
# $$\frac{\partial x_i^{(l+1)}}{\partial x_j^{(l)}} = C_{ij}$$
#
# All these derivatives together, a matrix called the **Jacobian**, are $C$
# itself. An input $j$ takes part in many outputs, and the loss feels it through
# all of them:
#
# $$\frac{\partial L}{\partial x_j^{(l)}} =
# \sum_i \frac{\partial L}{\partial x_i^{(l+1)}} \, C_{ij}$$
#
# The sum runs over the *rows* of $C$: it is $C^\top$ times the incoming
# gradient. The slides have it as a formula, "transposed convolution of $Y$ =
# $Y$ times the derivative of the convolution by $X$". They lay the derivatives
# out with a row for each *input* pixel, 16x4; that is another custom, and what
# we call $C^\top$.
#
# **Predict.** Push each of the 16 input pixels up by a little, one after the
# other, and note by how much each of the 4 outputs moves. Which array do you
# get?


# %%
def convolve(x):
    """x (4, 4) -> (2, 2), with minifcn's convolution"""
    return conv2d(x[None, None], kernel[None, None])[0, 0]


x = rng.standard_normal((4, 4))
h, jacobian = 1e-6, np.zeros((4, 16))
for j in range(16):
    push = np.zeros(16)
    push[j] = h
    push = push.reshape(4, 4)
    moved = convolve(x + push) - convolve(x - push)
    jacobian[:, j] = moved.ravel() / (2 * h)
print("largest difference from C:", abs(jacobian - C).max())
assert np.allclose(jacobian, C, atol=1e-8)

# %%
pushed = np.zeros((4, 4))
pushed[1, 1] = 1  # pixel 5
dy = small  # as if the loss had sent these four numbers back
dx = (C.T @ dy.ravel()).reshape(4, 4)
moves = "each output\nmoves by"
maps = {"push up\npixel 5": pushed, moves: C[:, 5].reshape(2, 2)}
maps |= {"the Jacobian: 4 outputs, 16 inputs.\nframed: column 5": C}
maps |= {"incoming\ngradient": dy, "each input's\ngradient": dx}
figure, axes = draw_maps(maps, cell=34)
frame(axes[0], 1, 1, 1, 1)
frame(axes[2], 0, 5, 4, 1)
frame(axes[4], 1, 1, 1, 1)
show(
    figure,
    "07_jacobian",
    "Pixel 5 of a 4x4 map is pushed, the four outputs move by 1, 0, 2 and 1, "
    "and these are column 5 of the 4x16 Jacobian. Times the incoming 1, 2, 3, "
    "4 they add up to 11, the gradient of pixel 5.",
)
assert dx[1, 1] == 1 * 1 + 0 * 2 + 2 * 3 + 1 * 4
assert np.array_equal(dx, stamp(dy, kernel, stride=1))

# %% [markdown]
# Read the picture from left to right. Pushing pixel 5 moves the four outputs by
# 1, 0, 2 and 1: the weights that they see it through. Those four numbers are
# column 5 of the Jacobian, and every other pixel fills its own column in the
# same way. Now backwards: the loss says of the outputs how much it feels each,
# here 1, 2, 3 and 4. It feels pixel 5 through all four, so it feels it by
# $1 \cdot 1 + 0 \cdot 2 + 2 \cdot 3 + 1 \cdot 4 = 11$: the column times the
# incoming gradient. All sixteen such sums are $C^\top$ times it, and that is
# the small map's four stamps once more.
#
# ## It is not the inverse
#
# People call this layer a *deconvolution*, as if it undid a convolution. The
# sizes do come back: 4x4 to 2x2 to 4x4.
#
# **Predict.** Is $C^\top C x$ the same as $x$? Could *any* function bring $x$
# back from the four numbers of $C x$?

# %%
image = np.arange(16.0).reshape(4, 4)
there = (C @ image.ravel()).reshape(2, 2)
back = (C.T @ there.ravel()).reshape(4, 4)
maps = {"x": image, "C x": there, "back: CᵀC x": back}
figure, _ = draw_maps(maps)
show(
    figure,
    "07_no_inverse",
    "x with the numbers 0 to 15; the four numbers 31, 40, 67 and 76 of C x; "
    "and what the transpose makes of them, 4x4 numbers up to 393, not those "
    "of x.",
)
assert back.shape == image.shape and not np.allclose(back, image)

# %%
trip = round_trip(kernel[None, None], (4, 4))
print("stretches of C^T C:", trip.singular_values.round(2), sep="\n")
print("directions that survive:", trip.rank, "of", image.size)
assert trip.rank == 4

# %% [markdown]
# The **singular values** tell by how much $C^\top C$ stretches each of 16
# directions that an image can vary in. An inverse would stretch all by 1. Here
# 12 are lost altogether: four numbers cannot hold sixteen. The same size, other
# numbers; so we say *transposed* convolution.
#
# What a transpose does promise is less, and exact: for all $x$ and $y$, the
# product of $Cx$ with $y$ is that of $x$ with $C^\top y$,
#
# $$\langle C x, y \rangle = \langle x, C^\top y \rangle$$
#
# That is a handy test for any pair of forward and backward functions, without a
# single derivative:

# %%
miss = adjoint_error(
    lambda x: conv2d(x, kernel[None, None], stride=2),
    lambda y: stamp(y[0, 0], kernel, stride=2)[None, None],
    rng.standard_normal((1, 1, 5, 5)),
    rng.standard_normal((1, 1, 2, 2)),
)
print(f"the two products differ by {miss:.0e}")
assert miss < 1e-14

# %% [markdown]
# ## Three ways, one result
#
# **Stamps** is one way, the **matrix** $C^\top$ another. The third needs
# nothing but a plain convolution, and is how most pictures show it. Ask what
# one pixel $t$ of the large map gets (in one dimension): the small map's pixel
# $r$ reaches it with the weight that lies $t - sr$ from the stamp's start,
#
# $$y_t = \sum_r x_r \, W_{t - sr}$$
#
# As $r$ grows, the index of $W$ falls: the kernel is read backwards, *flipped*
# along both axes. And $sr$ means that the small map's pixels lie $s$ apart. So:
# **stretch** the map with $s - 1$ zeros between two pixels, **pad** it with
# $k - 1$ zeros, and slide the flipped kernel over it with stride 1.
#
# **Predict.** 2x2 pixels, stride 2, kernel 3x3: how large is the stretched map,
# how large with its padding, and how large is the output?


# %%
def by_stretching(x, kernel, stride):
    """The same as `stamp`, by a plain convolution."""
    (h, w), (kh, kw) = x.shape, kernel.shape
    stretched = np.zeros((stride * (h - 1) + 1, stride * (w - 1) + 1))
    stretched[::stride, ::stride] = x
    padded = np.pad(stretched, ((kh - 1, kh - 1), (kw - 1, kw - 1)))
    print("stretched", stretched.shape, " padded", padded.shape)
    flipped = kernel[::-1, ::-1]
    return conv2d(padded[None, None], flipped[None, None])[0, 0]


stretched = by_stretching(small, kernel, stride=2)
C2 = conv_matrix(kernel[None, None], (5, 5), stride=2)
multiplied = (C2.T @ small.ravel()).reshape(5, 5)
assert np.allclose(stretched, large) and np.allclose(multiplied, large)
print("products: stamps", 4 * 9, " matrix", C2.size, " stretching", 25 * 9)

# %% [markdown]
# Equal. Stamps need the fewest products: the others multiply mostly with zeros.
# The animation shows the third way, a pixel of the output in each frame:

# %%
case = relationship(5, 3, stride=2)
show(
    lambda path: animate_transposed(path, case),
    "07_stretched.gif",
    "The flipped kernel moves over the 2x2 map, which zeros stretch and pad "
    "to 7x7, and makes one pixel of the 5x5 output in each frame; the column "
    "of C that makes it is framed.",
)

# %%
if torch := pytorch():
    arrays = [torch.from_numpy(a[None, None]) for a in (small, kernel)]
    theirs = torch.nn.functional.conv_transpose2d(*arrays, stride=2)
    print("PyTorch's result is the same:", np.allclose(theirs[0, 0], large))
    assert np.allclose(theirs[0, 0], large)

# %% [markdown]
# ## Back to which size?
#
# In lesson 2 both 5 and 6 pixels became 3, with kernel 3, stride 2 and padding
# 1: at 6, a step did not fit whole, and one pixel was left unseen.
#
# **Predict.** What size does the transposed convolution of 3x3 pixels have,
# with these settings? How could it know?

# %%
device, reason = resolve_device()
print(reason)
layer = ConvTranspose2d(1, 1, 3, stride=2, padding=1, rng=rng).to(device)
ones = to_device(np.ones((1, 1, 3, 3), "float32"), device)
print("by the formula:", layer(ones).shape[2:])
print("if told:       ", layer(ones, output_size=(6, 6)).shape[2:])
assert layer(ones).shape[2:] == (5, 5)
assert layer(ones, output_size=(6, 6)).shape[2:] == (6, 6)

# %% [markdown]
# It cannot know; it has to be told, by `output_size` in the call or by
# `output_padding`, rows and columns to add at the end, in the layer.
#
# ## It learns: its own gradients
#
# The layer's output is $y = C^\top x$, so by the same chain rule its way back
# multiplies with the transpose of $C^\top$:
#
# $$\frac{\partial L}{\partial x} =
# (C^\top)^\top \, \frac{\partial L}{\partial y} =
# C \, \frac{\partial L}{\partial y}$$
#
# For the weights look at the loop: `y[...] += x[row, col] * kernel`. Weight
# $W_{i,j}$ is multiplied with each $x_{r,q}$ and added at $i, j$ from the
# stamp's corner, so
#
# $$\frac{\partial L}{\partial W_{i,j}} =
# \sum_{r,q} x_{r,q} \, \frac{\partial L}{\partial y_{sr+i,\,sq+j}}$$
#
# **Predict.** Which operation that you know is $C$ times `dy`?


# %%
class Transposed(Layer):
    """A transposed convolution, one channel in, one channel out."""

    def __init__(self, kernel, stride):
        self.weight, self.stride = Parameter(kernel), stride

    def forward(self, x):
        self.keep(x)
        weight = self.weight.data
        return np.stack([stamp(i, weight, self.stride)[None] for i in x[:, 0]])

    def backward(self, dy):
        (x,), weight, s = self.kept(), self.weight.data, self.stride
        kh, kw = weight.shape
        dx, dweight = np.zeros_like(x), np.zeros_like(weight)
        for n, _, row, col in np.ndindex(x.shape):
            seen = dy[n, 0, row * s :, col * s :][:kh, :kw]  # where it stamped
            dx[n, 0, row, col] = (seen * weight).sum()
            dweight += seen * x[n, 0, row, col]
        self.weight.add_grad(dweight)
        return dx


# %% [markdown]
# `dx` sums a window times the kernel, with stride $s$: it is the convolution,
# as it must be. Now the check, with all that lesson 2 taught: random `dy`,
# float64, sides that differ.

# %%
mine = Transposed(rng.standard_normal((3, 2)), stride=2)
x = rng.standard_normal((2, 1, 3, 4))
report = check_gradients(mine, x)
print(report)
assert report.ok(1e-6)
dy = rng.standard_normal(mine(x).shape)
mine.zero_grad()
dx = mine.backward(dy)
weight = mine.weight.data[None, None]
assert np.allclose(dx, conv2d(dy, weight, stride=2))
if torch:
    tensors = [torch.tensor(a, requires_grad=True) for a in (x, weight)]
    theirs = torch.nn.functional.conv_transpose2d(*tensors, stride=2)
    theirs.backward(torch.from_numpy(dy))
    for gradient, tensor in zip((dx, mine.weight.grad), tensors):
        assert np.allclose(gradient, tensor.grad.numpy())
    print("PyTorch gives the same two gradients")

# %% [markdown]
# ## The layer at work
#
# The paper starts these kernels as **bilinear interpolation**: a stamp like a
# pyramid, so that between two pixels of the small map the values go over in a
# straight line. From there the network may learn something better. Here 6x6
# pixels become 48x48, stride 8:

# %%
up = bilinear_upsampling(1, 8).to(device)
coarse = rng.standard_normal((1, 1, 6, 6)).astype("float32")
fine = to_host(up(to_device(coarse, device)))
print(coarse.shape, "->", fine.shape, "by")
print(fill(str(up), 79))
figure = new_figure(760, 300)
axes = figure.subplots(1, 3)
pyramid = to_host(up.weight.data)[0, 0]
parts = {"6x6 scores": coarse[0, 0], "the stamp, 16x16": pyramid}
parts["48x48 scores"] = fine[0, 0]
for ax, (title, part) in zip(axes, parts.items()):
    ax.imshow(part, cmap="PuOr_r", vmin=-2, vmax=2)
    ax.set_title(title, size=11)
    ax.set_axis_off()
show(
    figure,
    "07_bilinear",
    "6x6 blocks of scores; a stamp of 16x16 pixels, a pyramid with its top in "
    "the middle; and 48x48 scores that go over smoothly from block to block.",
)
assert fine.shape == (1, 1, 48, 48) and pyramid.shape == (16, 16)

# %% [markdown]
# ## What was left out, and where the real thing stands
#
# - Channels, groups, dilation and padding, in all three ways:
#   `minifcn/convolution/transposed.py`; the layer, which stamps unless told
#   otherwise: `minifcn/layers/conv_transpose.py`.
# - The arithmetic of sizes for the slides' seven cases, animated: lesson 8,
#   `minifcn/convolution/arithmetic.py`.
# - Stamps that overlap unevenly, which leaves a checkerboard, and ways up that
#   learn nothing: lesson 9, `minifcn/layers/upsample.py`.
# - The bilinear stamp: `minifcn/layers/bilinear.py`. Whether it should stay
#   fixed or be learned: lesson 12.

# %% [markdown]
# ## Exercises
#
# `python -m lessons test 7` puts them into `lessons/answers/`, for you to write
# there, and tells you what is right, and what is wrong if not.
#
# 1. `output_size`: the formula, with padding and `output_padding`.
# 2. `transposed`: stamps with stride and padding, of one image and one kernel.
# 3. `gradients`: both gradients of that, `dx` and `dweight`. Check them with
#    numbers of your own before you ask the test.
