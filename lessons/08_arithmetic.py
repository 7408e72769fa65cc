# %% [markdown]
# # 8. How large is the result, and which zeros lead there?
#
# **Time:** 45 minutes
#
# **Know before:** the convolution's settings (lesson 2), its matrix $C$ (lesson
# 3), and the transposed convolution with its three ways (lesson 7).
#
# Two layers whose maps do not fit each other: a frequent error in networks that
# go down and up again. The lecture's slides (lesson 1) show seven animations of
# transposed convolutions, each with other zeros around and between its pixels,
# and leave it to you to see why. Here you derive each number: how large the
# result is, how many zeros go where, why a size can be impossible, and why the
# way back has to be told what it cannot know. The seven cases and their letters
# come from V. Dumoulin and F. Visin, *A guide to convolution arithmetic for
# deep learning* (2016), short: the guide.

# %%
from textwrap import fill

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch

from lessontools import frame, new_figure, pytorch, show
from minifcn.backend import resolve_device, to_device
from minifcn.convolution import (
    SEVEN_CASES,
    conv2d,
    conv_matrix,
    conv_transpose2d,
    relationship,
)
from minifcn.errors import InputError
from minifcn.gradcheck import check_gradients
from minifcn.layers import ConvTranspose2d
from minifcn.pictures import animate_transposed
from minifcn.pictures.colours import BLUE, VERMILLION

rng = np.random.default_rng(0)

# %% [markdown]
# ## Where windows can begin
#
# Everything here holds along one axis; rows and columns do not know of each
# other. The letters: $i$ pixels come in, the kernel has $k$ weights, the stride
# is $s$, the padding $p$, and $o$ pixels come out.
#
# Call the image's first pixel 0. The first window begins in the padding, at
# $-p$. A window that begins at $b$ ends at $b + k - 1$, and must not reach
# beyond the padding's end, $i + p - 1$. So $b$ is at most $i + p - k$: from
# first to last there is a way of $i + 2p - k$ pixels, with a window every $s$
# pixels.
#
# $$o = \left\lfloor \frac{i + 2p - k}{s} \right\rfloor + 1$$
#
# The steps that fit whole, and the first window itself.
#
# **Predict.** These are the slides' seven cases, seen from the convolution that
# each is the transpose of. Write down $o$ for each line.
#
# - no padding, no strides: $i = 4, k = 3, s = 1, p = 0$
# - arbitrary padding, no strides: $i = 5, k = 4, s = 1, p = 2$
# - half padding, no strides: $i = 5, k = 3, s = 1, p = 1$
# - full padding, no strides: $i = 5, k = 3, s = 1, p = 2$
# - no padding, strides: $i = 5, k = 3, s = 2, p = 0$
# - padding, strides: $i = 5, k = 3, s = 2, p = 1$
# - padding, strides (odd): $i = 6, k = 3, s = 2, p = 1$


# %%
def starts(i, k, s, p):
    """Where windows begin: counted, not computed."""
    return range(-p, i + p - k + 1, s)


cases = {
    "no padding, no strides": (4, 3, 1, 0),
    "arbitrary padding, no strides": (5, 4, 1, 2),
    "half padding, no strides": (5, 3, 1, 1),
    "full padding, no strides": (5, 3, 1, 2),
    "no padding, strides": (5, 3, 2, 0),
    "padding, strides": (5, 3, 2, 1),
    "padding, strides (odd)": (6, 3, 2, 1),
}
for name, (i, k, s, p) in cases.items():
    begin = list(starts(i, k, s, p))
    print(f"{name:30} o = {len(begin)}   windows begin at {begin}")
    assert len(begin) == (i + 2 * p - k) // s + 1
    assert len(begin) == relationship(i, k, s, p).output
assert [case.name for case in SEVEN_CASES] == list(cases)

# %% [markdown]
# ## What no window reaches
#
# The last two lines differ in $i$ alone, 5 and 6, and both give 3. Where the
# way of $i + 2p - k$ is no multiple of $s$, some pixels at the end are left
# over:
#
# $$a = (i + 2p - k) \ \mathrm{mod} \ s$$
#
# (**mod** is the remainder of a division, Python's `%`.) The guide calls it
# $a$.
#
# **Predict.** What is $a$ for 5, and for 6 pixels, with $k = 3, s = 2, p = 1$?
# Is it a pixel of the image that no window reaches? And for 6 pixels without
# padding?


# %%
def draw_windows(axes, i, k, s, p):
    """Pixels as squares, padding dashed, each window a bar below."""
    begin = starts(i, k, s, p)
    seen = {first + tap for first in begin for tap in range(k)}
    for at in range(-p, i + p):
        inside = 0 <= at < i
        fill, line = ("#CCE0F2", "-") if inside else ("white", "--")
        axes.bar(at, 0.9, 0.9, color=fill, edgecolor="0.4", linestyle=line)
        axes.text(at, 0.45, at if inside else "", ha="center", va="center")
        if at not in seen:
            axes.text(at, -0.6, "unseen", ha="center", color=VERMILLION)
    for row, first in enumerate(begin):
        ends = first - 0.4, first + k - 0.6
        axes.plot(ends, [-0.45 * row - 0.4] * 2, linewidth=5, color=BLUE)
    title = f"{i} pixels, padding {p}: {len(begin)} windows"
    axes.set_title(f"{title}, a = {(i + 2 * p - k) % s}", size=11, loc="left")
    axes.set(xlim=(-1.6, 6.9), ylim=(-1.6, 1))
    axes.set_axis_off()


figure = new_figure(620, 420)
settings = [(5, 3, 2, 1), (6, 3, 2, 1), (6, 3, 2, 0)]
for axes, numbers in zip(figure.subplots(3), settings):
    draw_windows(axes, *numbers)
show(
    figure,
    "08_windows",
    "Pixels in a row, and each window as a bar below. Of 5 pixels with "
    "padding all are seen; of 6 with padding a zero at the end is not, of 6 "
    "without padding the last pixel.",
)
unseen = [relationship(*numbers).unseen for numbers in settings]
print("a:", unseen)
assert unseen == [0, 1, 1]

# %% [markdown]
# So $a$ counts from the end of the *padded* image. With padding 1 the unseen
# one is a zero of the padding, and all six pixels are seen; without padding it
# is pixel 5 itself. Remember both.
#
# ## Back: the same windows, laid out again
#
# The transposed convolution has $o$ pixels and goes back to $i$. Floor and
# remainder belong together: what is left over is $a$, and the rest is $o - 1$
# whole steps,
#
# $$i + 2p - k = s (o - 1) + a$$
#
# Solve it for $i$, and you have the size that the way back leads to (the guide
# writes $o'$ for it, with a dash for all that belongs to the transposed side):
#
# $$o' = s (o - 1) + k - 2p + a$$
#
# That is lesson 7's formula, and `output_padding` is nothing else than $a$.
#
# **Predict.** Is $o' = i$ for all settings whatever, or only where $s$ divides?
# Count on paper for one that does not divide, then let the loop try more than a
# thousand.

# %%
tried = 0
for i, k, s, p in np.ndindex(13, 7, 5, 5):
    if i and k and s and i + 2 * p >= k:
        o, a = len(starts(i, k, s, p)), (i + 2 * p - k) % s
        assert s * (o - 1) + k - 2 * p + a == i
        tried += 1
print("settings tried:", tried)
assert tried > 1000

# %% [markdown]
# Always: $a$ is there for the rest. Without it, $o'$ is too small by $a$.
#
# ## Which zeros?
#
# Lesson 7 computed a transposed convolution as a plain one: stretch the map
# with zeros between its pixels, pad it, slide the flipped kernel with stride 1.
# How many zeros go before the first pixel, and how many after the last?
#
# Follow one number, with $x$ for the small map and $y$ for the large one, as in
# lesson 7. Pixel $r$ of the small map was made by the window that begins at
# $sr - p$. Its stamp reaches the large map's pixel $t$ with weight number
# $t + p - sr$, as far as there is such a weight:
#
# $$y_t = \sum_r x_r \, W_{t + p - sr}$$
#
# There is one for $0 \leq t + p - sr \leq k - 1$. Stretched, pixel $r$ lies at
# $sr$: between two pixels are $s - 1$ zeros. Solve the two inequalities for
# that place:
#
# $$t + p - (k - 1) \leq sr \leq t + p$$
#
# This is the window of output $t$: $k$ places of the stretched map, read with
# the weights backwards. The first output, $t = 0$, begins at $p - (k - 1)$.
# Where that is below 0, so many zeros must be there:
#
# $$p' = k - 1 - p$$
#
# The last output, $t = i - 1$, ends at $i - 1 + p$. The stretched map ends at
# its last pixel's place, $s (o - 1)$. Put in $i$ from above:
#
# $$i - 1 + p - s (o - 1) = (k - 1 - p) + a = p' + a$$
#
# So: $p'$ zeros on each side, and $a$ more at the end. More padding there means
# less of it here, as what the padding had received is no part of the image.
#
# **Predict.** For each of the seven cases: $s - 1$, $p'$ and $a$.


# %%
def zeros(i, k, s, p):
    """Zeros between two pixels, before the first, after the last."""
    before = k - 1 - p
    return s - 1, before, before + (i + 2 * p - k) % s


def stretch(x, between, before, after):
    """x (h, w) with those zeros, along rows and columns"""
    s, (h, w) = between + 1, x.shape
    stretched = np.zeros((s * (h - 1) + 1, s * (w - 1) + 1))
    stretched[::s, ::s] = x
    return np.pad(stretched, (before, after))


print(f"{'':30} between  before  after")
for name, (i, k, s, p) in cases.items():
    between, before, after = zeros(i, k, s, p)
    print(f"{name:30} {between:7} {before:7} {after:6}")
    kernel = rng.standard_normal((1, 1, k, k))
    C = conv_matrix(kernel, i, s, p)
    o = len(starts(i, k, s, p))
    x = rng.standard_normal((o, o))
    with_zeros = stretch(x, between, before, after)[None, None]
    y = conv2d(with_zeros, kernel[:, :, ::-1, ::-1])[0, 0]
    assert y.shape == (i, i)
    assert np.allclose(y.ravel(), C.T @ x.ravel())

# %% [markdown]
# Size and numbers are right in all seven: they are $C^\top$ times $x$. Here are
# the seven maps, with the first window framed.


# %%
def kinds(i, k, s, p):
    """0 padding, 1 pixel, 2 zero between pixels, 3 the zeros of a"""
    o, (between, before, after) = len(starts(i, k, s, p)), zeros(i, k, s, p)
    pixel = stretch(np.ones((o, o)), between, before, after)
    start, size = before, s * (o - 1) + 1
    pixel[start : start + size, start : start + size] += 2
    picture = np.select([pixel == 3, pixel == 2], [1, 2], 0)
    end = len(picture) - (after - before)
    picture[end:], picture[:, end:] = 3, 3
    return picture


colours = ListedColormap(["white", "#8FBBDD", "#FCE2AA", "#D9B8E0"])
meaning = "padding p'", "pixel", "zero between", "a: at the end"
figure = new_figure(1000, 560)
places = figure.subplots(2, 4).ravel()
for axes, (name, (i, k, s, p)) in zip(places, cases.items()):
    picture = kinds(i, k, s, p)
    axes.pcolormesh(
        picture, cmap=colours, vmin=0, vmax=3, edgecolor="0.6", lw=0.5
    )
    o = len(starts(i, k, s, p))
    settings = f"{o}x{o} to {i}x{i}: k {k}, s {s}, p {p}"
    axes.set_title(f"{name},\ntransposed\n{settings}", size=10)
    frame(axes, 0.5, 0.5, k, k, VERMILLION)
    axes.set(xlim=(-0.1, 9.1), ylim=(9.1, -0.1), aspect="equal")
    axes.set_axis_off()
boxes = [Patch(facecolor=colours(n), edgecolor="0.6") for n in range(4)]
places[-1].legend(boxes, meaning, loc="center", fontsize=11, frameon=False)
places[-1].set_axis_off()
show(
    figure,
    "08_seven",
    "Seven maps, the first window framed in each. Without a stride there are "
    "zeros around the pixels, if any; with a stride also between them, and in "
    "the odd case a row and a column more at the end.",
)

# %% [markdown]
# ## Four without a stride
#
# With $s = 1$ nothing is stretched, $a = 0$, and only $p$ and $p'$ are left.
# They add up to $k - 1$: little padding there is much padding here.
#
# - **No padding**, $p = 0$: the convolution shrinks by $k - 1$, its transpose
#   pads with $k - 1$ and grows.
# - **Half padding**, $p = (k - 1) / 2$ with odd $k$: the size stays, $o = i$,
#   which is why networks like it. $p' = p$: the transpose is a half-padded
#   convolution again. (*Same* padding, in other books.)
# - **Full padding**, $p = k - 1$: every window that touches the image at all
#   counts, and the output *grows* by $k - 1$.
# - **Arbitrary padding**: anything else.
#
# **Predict.** What does the transpose of the fully padded case do, which takes
# 7x7 pixels and has $p' = 0$: grow, stay or shrink? Which operation without any
# "transposed" in its name does the same?

# %%
kernel = rng.standard_normal((1, 1, 3, 3))
x = rng.standard_normal((1, 1, 7, 7))
y = conv_transpose2d(x, kernel, (5, 5), padding=2)
print(x.shape[2:], "->", y.shape[2:])
assert y.shape[2:] == (5, 5)
assert np.allclose(y, conv2d(x, kernel[:, :, ::-1, ::-1]))

# %% [markdown]
# It shrinks, as a plain convolution without padding, with the kernel flipped.
# "Transposed" does not mean "larger": without a stride, the transpose of any
# convolution is itself a convolution. No padding and full padding change
# places, half stays half.
#
# Two of the four as animations. Each frame makes one pixel of the output; on
# the right, the column of $C$, that is the row of $C^\top$, that makes it.

# %%
show(
    lambda path: animate_transposed(path, SEVEN_CASES[0]),
    "08_none.gif",
    "The flipped 3x3 kernel moves over 2x2 pixels with two rows of zeros "
    "around them and makes one pixel of the 4x4 output in each frame; the "
    "column of C that makes it is framed.",
)
show(
    lambda path: animate_transposed(path, SEVEN_CASES[3]),
    "08_full.gif",
    "The flipped 3x3 kernel moves over 7x7 pixels without any zeros and makes "
    "one pixel of the 5x5 output in each frame; the column of C that makes it "
    "is framed.",
)

# %% [markdown]
# ## Three with a stride
#
# Now the map is stretched. The flipped kernel still moves by one place at a
# time, and it takes $s$ places from one pixel of the small map to the next. So
# it moves by $1/s$ of a pixel, and people also say **fractionally strided
# convolution**.
#
# The slides' last case, called *odd*, has $a = 1$: a row and a column of zeros
# more at the end.
#
# **Predict.** 3x3 pixels become 6x6 with $k = 3, s = 2, p = 1, a = 1$. Fill the
# small map with ones, and the kernel too, so that each output pixel counts how
# many products it sums. Is the additional row, at the end, just zeros? And in
# the case of 2x2 to 6x6 with $p = 0, a = 1$?

# %%
ones = np.ones((1, 1, 3, 3))
with_padding = conv_transpose2d(ones, ones, (6, 6), stride=2, padding=1)[0, 0]
without = conv_transpose2d(ones[..., :2, :2], ones, (6, 6), stride=2)[0, 0]
print(with_padding)
print(without)
assert with_padding[-1].any() and not without[-1].any()

# %% [markdown]
# With padding the row is real: it is a row of stamps that had been cut off with
# the padding, and now is not. Without padding no stamp reaches so far, and the
# row is empty: it belongs to pixel 5, which no window had seen (look at the
# first picture again). In $C$, that pixel is a column of zeros.

# %%
show(
    lambda path: animate_transposed(path, SEVEN_CASES[6]),
    "08_odd.gif",
    "The flipped kernel moves over 3x3 pixels with zeros between and around "
    "them and one more row and column at the end, and makes one pixel of the "
    "6x6 output in each frame.",
)

# %% [markdown]
# ## The guide's relationships
#
# The guide numbers its formulas; with the numbers you can look them up. 1 to 6
# are convolutions: four without a stride, as above, then strides without and
# with padding. 7 is pooling, whose windows obey the same formula. 8 to 13 are
# the transposes of 1 to 6 in the same order, for sizes that divide, and 14 is
# 13 with $a$. (15, the last, is dilation: put $d (k - 1) + 1$, the pixels that
# the kernel reaches over, in the place of $k$, in every formula of this
# lesson.)
#
# **Predict.** Which two numbers belong to each of our seven cases? One number
# comes up twice.

# %%
print(f"{'':30}  i  k  s  p   o  s-1  p'  a  relationships")
for case in SEVEN_CASES:
    settings = case.input, case.kernel, case.stride, case.padding
    numbers = "".join(f"{n:3}" for n in settings)
    zero = f"{case.zeros_between:5}{case.transposed_padding:4}{case.unseen:3}"
    there, back = case.numbers
    print(f"{case.name:30}{numbers}{case.output:4}{zero}  {there} and {back}")
    between, before, after = zeros(*settings)
    assert case.zeros_between == between
    assert case.transposed_padding == before
    assert case.unseen == after - before
pairs = [case.numbers for case in SEVEN_CASES]
assert pairs[:6] == [(n, n + 7) for n in range(1, 7)] and pairs[6] == (6, 14)
wide = relationship(9, 3, stride=2, padding=1, dilation=2)  # reaches over 5
assert wide.output == len(starts(9, 5, 2, 1))
assert wide.transposed_padding == zeros(9, 5, 2, 1)[1]

# %% [markdown]
# ## One size out, several in
#
# A floor forgets. All $i$ with the same $o$ differ only in $a$, and $a$ is a
# remainder: it can be 0, 1, up to $s - 1$. So just $s$ sizes lead to each $o$
# (fewer where the smallest of them would be no pixel at all).
#
# **Predict.** Which sizes become 3 with $k = 3, s = 2, p = 1$? And VGG halves
# five times, each time by windows of 2 with stride 2: how many sizes of images
# become 16?


# %%
def halved_five_times(size):
    for _ in range(5):
        size = relationship(size, 2, stride=2).output
    return size


to_3 = [i for i in range(1, 20) if len(starts(i, 3, 2, 1)) == 3]
to_16 = [i for i in range(32, 1000) if halved_five_times(i) == 16]
print("to 3:", to_3)
print(f"to 16: {len(to_16)} sizes, {to_16[0]} to {to_16[-1]}")
assert to_3 == [5, 6]
assert to_16 == list(range(512, 512 + 2**5))

# %% [markdown]
# From a map of 16 pixels nobody can tell which of 32 sizes the image had. A
# network that must give a label to *each* pixel has to be told; how FCN does
# it, by padding much and cropping the result, is lesson 12.
#
# A layer is told in two ways: `output_padding` in the layer, which adds $a$ for
# ever, or `output_size` in the call, which finds $a$ by itself.

# %%
device, reason = resolve_device()
print(reason)
small = to_device(np.ones((1, 1, 3, 3), "float32"), device)
settings = {"stride": 2, "padding": 1}
free = ConvTranspose2d(1, 1, 3, **settings).to(device)
told = ConvTranspose2d(1, 1, 3, **settings, output_padding=1).to(device)
print("output_padding=1:   ", told(small).shape[2:])
print("output_size=(5, 6): ", free(small, output_size=(5, 6)).shape[2:])
assert told(small).shape[2:] == (6, 6)
assert free(small, output_size=(5, 6)).shape[2:] == (5, 6)

# %%
if torch := pytorch():
    for case in SEVEN_CASES:
        kernel = rng.standard_normal((1, 1, case.kernel, case.kernel))
        x = rng.standard_normal((1, 1, case.output, case.output))
        how = {"stride": case.stride, "padding": case.padding}
        ours = conv_transpose2d(x, kernel, (case.input,) * 2, **how)
        theirs = torch.nn.functional.conv_transpose2d(
            *map(torch.from_numpy, (x, kernel)),
            output_padding=case.unseen,
            **how,
        )
        assert np.allclose(ours, theirs.numpy())
    print("PyTorch agrees in all seven cases")

# %% [markdown]
# ## What cannot be
#
# **Predict.** Three of these four have no answer. Which one has, and what is
# wrong with the others?
#
# 1. A kernel of 5 on 2 pixels, padding 1.
# 2. Transposed, 3 pixels, $k = 3, s = 2, p = 1$: an output of 7 pixels.
# 3. Transposed, 1 pixel, $k = 3, s = 2, p = 1$: the output without being told.
# 4. Transposed with stride 2: an `output_padding` of 2.

# %%
one = small[:, :, :1, :1]
attempts = [
    lambda: relationship(2, 5, padding=1),
    lambda: free(small, output_size=7),
    lambda: free(one),
    lambda: ConvTranspose2d(1, 1, 3, stride=2, output_padding=2),
]
worked = []
for number, attempt in enumerate(attempts, 1):
    try:
        attempt()
        worked.append(number)
    except InputError as error:
        print(fill(f"{number}. {error}", 79))
print("worked:", worked, "with", free(one).shape[2:])
assert worked == [3]

# %% [markdown]
# The third gives $2 \cdot 0 + 3 - 2 = 1$ pixel: small, but right. In the
# second, 7 pixels would have become 4, not 3: the answer would be the transpose
# of no convolution. And an $a$ of 2 with stride 2 is no remainder, but one more
# pixel of the small map.
#
# ## More padding than kernel
#
# $p' = k - 1 - p$ can fall below 0. **Predict.** $i = 5, k = 3, s = 1, p = 3$:
# what is $o$, what is $p'$, and what could a negative number of zeros mean?

# %%
case = relationship(5, 3, padding=3)
print("o =", case.output, " p' =", case.transposed_padding)
assert (case.output, case.transposed_padding) == (9, -1)
kernel = rng.standard_normal((1, 1, 3, 3))
x = rng.standard_normal((1, 1, 9, 9))
y = conv_transpose2d(x, kernel, (5, 5), padding=3)
cut = conv2d(x[:, :, 1:-1, 1:-1], kernel[:, :, ::-1, ::-1])
print(y.shape[2:], "- with a pixel cut off on each side:", cut.shape[2:])
assert np.allclose(y, cut)

# %% [markdown]
# The first window of that convolution lies in the padding altogether, and so
# does the last. What they send back reaches no pixel of the image: their pixels
# are cut off.
#
# ## The gradient has a size, too
#
# The layer's output is $C^\top$ times its input, so its way back is $C$ (lesson
# 7):
#
# $$\frac{\partial L}{\partial x} = C \, \frac{\partial L}{\partial y}$$
#
# $C$ is the convolution from $i$ to $o$ pixels, with $a$ unseen ones; its floor
# takes care that the gradient has the input's size, whatever $a$ is.
# **Predict.** Let the loss feel only the last row of the output, the one that
# $a$ added. Does the input get a gradient, for $p = 1$, and for $p = 0$?

# %%
for p in (1, 0):
    layer = ConvTranspose2d(1, 1, 3, 2, p, output_padding=1, rng=rng)
    y = layer(np.ones((1, 1, 3, 3), "float32"))
    dy = np.zeros_like(y)
    dy[:, :, -1] = 1
    dx = layer.backward(dy)
    print(f"p = {p}: y {y.shape[2:]}, dx {dx.shape[2:]}, not 0:", dx.any())
    assert dx.shape == (1, 1, 3, 3) and dx.any() == (p == 1)

settings = {"stride": (2, 3), "padding": (1, 0), "output_padding": (1, 2)}
layer = ConvTranspose2d(2, 3, (3, 4), **settings, rng=rng)
report = check_gradients(layer, rng.standard_normal((2, 2, 3, 2)))
print(report)
assert report.ok(1e-6)

# %% [markdown]
# As before: for $p = 1$ the row is real. For $p = 0$ no stamp reaches it, so
# nothing flows back from it either.
#
# ## Settings that fit
#
# Choose $k = 2s$ and $p = s/2$ for an even stride. Then
#
# $$o' = s (o - 1) + 2s - 2 \, \frac{s}{2} = s \, o$$
#
# exactly $s$ times as large, and each output pixel away from the border sums
# equally many stamps, two along each axis. FCN's layers have $k = 2s$: 64 with
# stride 32, 4 with stride 2, 16 with stride 8. On the slides, though, they have
# no padding.
#
# **Predict.** 16 pixels, $k = 64, s = 32$: how many come out with $p = 16$? How
# many without padding, and by how much is that too many?

# %%
for p in (16, 0):
    layer = ConvTranspose2d(1, 1, 64, stride=32, padding=p)
    size = layer(np.ones((1, 1, 16, 1), "float32")).shape[2]
    print(f"p = {p}: {size} pixels, {size - 16 * 32} more than 16 * 32")
    assert size == 16 * 32 + (32 if p == 0 else 0)

# %% [markdown]
# Half a stride too many on each side. FCN crops its result to the image's size
# anyway, at a place that lesson 12 works out by the same arithmetic.

# %% [markdown]
# ## What was left out, and where the real thing stands
#
# - The seven cases and their numbers: `minifcn/convolution/arithmetic.py`;
#   windows in general, with the ceiling in the floor's place that FCN's pooling
#   takes: `minifcn/convolution/geometry.py`.
# - `python -m minifcn arithmetic` prints the table, `--out pictures` draws all
#   fourteen animations, and `--input 8 --kernel 3 --stride 3` a case of yours:
#   `minifcn/pictures/animation.py`.
# - What an impossible `output_size` is told:
#   `minifcn/layers/conv_transpose.py`.
# - Kernels that are no multiple of the stride, and the checkerboard they leave:
#   lesson 9.

# %% [markdown]
# ## Exercises
#
# `python -m lessons test 8` puts them into `lessons/answers/`, for you to write
# there, and tells you what is right, and what is wrong if not.
#
# 1. `convolution`: $o$ and $a$ of a convolution, with dilation.
# 2. `stretched`: the map with its zeros, ready for a plain convolution.
# 3. `possible_sizes`: all sizes that a convolution turns into $o$ pixels.
