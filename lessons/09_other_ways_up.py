# %% [markdown]
# # 9. Which other ways lead up, and what do they cost?
#
# **Time:** 60 minutes
#
# **Know before:** the transposed convolution (lesson 7), pooling (lesson 4),
# and what a receptive field is (lesson 5).
#
# Lesson 7 led a small map up by a layer that learns. There are other ways:
# interpolation, which learns nothing; unpooling, which remembers where the
# maxima were; and not to shrink in the first place. You build each, hold it
# against the transposed convolution, and count what it costs. At the end you
# see how a transposed convolution can go wrong: checkerboards.

# %%
from math import ceil

import numpy as np

from lessontools import draw_maps, frame, new_figure, pytorch, show
from minifcn.alternatives import (
    by_interpolation,
    by_transposed_convolution,
    coverage,
    rarefied,
    tradeoff,
    without_pool_strides,
)
from minifcn.backend import resolve_device, to_device, to_host
from minifcn.convolution import contributions, conv2d, conv_transpose2d
from minifcn.gradcheck import check_gradients
from minifcn.layers import (
    Conv2d,
    Layer,
    MaxPool2d,
    MaxUnpool2d,
    ReLU,
    Sequential,
    Upsample,
    bilinear_upsampling,
)

rng = np.random.default_rng(0)

# %% [markdown]
# ## Nearest: every pixel a block
#
# The plainest way: a pixel becomes a block of $s$ x $s$ equal pixels, as when
# you zoom into a photo. Each fine pixel takes the **nearest** coarse one's
# value.
#
# **Predict.** Lesson 7's transposed convolution can do that, too. With which
# kernel, and which stride?

# %%
small = np.array([[1.0, 2], [3, 4]])
blocks = small.repeat(2, axis=0).repeat(2, axis=1)
print(blocks)
ones = np.ones((1, 1, 2, 2))
stamped = conv_transpose2d(small[None, None], ones, (4, 4), stride=2)[0, 0]
layer = Upsample(scale_factor=2, mode="nearest")
assert np.array_equal(stamped, blocks)
assert np.array_equal(layer(small[None, None])[0, 0], blocks)

# %% [markdown]
# A stamp of ones, as large as the stride: the stamps touch and do not overlap.
#
# ## Bilinear: a straight line between two pixels
#
# Blocks have hard edges. **Interpolation** lets the values go over from one
# pixel to the next, here in a straight line. First, along one axis. Two pixels,
# 0 and 8, shall become eight, factor $s = 4$. Where do the fine ones lie? A
# pixel is not a point but a small square; its *middle* carries the value. The
# middle of fine pixel $o$ is $o + \frac{1}{2}$ fine pixels from the edge;
# divided by $s$ that is in coarse pixels; and coarse pixel $i$ has its middle
# at $i + \frac{1}{2}$. So on the axis on which coarse pixel $i$ lies at $i$,
# fine pixel $o$ lies at
#
# $$c_o = \frac{o + 1/2}{s} - \frac{1}{2}$$
#
# and takes from coarse pixel $i$ the share $1 - |c_o - i|$, or 0 where that is
# below 0. Left of pixel 0 and right of the last one there is nothing to go over
# to: those fine pixels take the last value as it is.
#
# **Predict.** What are the eight values?


# %%
def interpolation(size, factor):
    """The shares: R (size * factor, size), a row for each fine pixel."""
    place = (np.arange(size * factor) + 0.5) / factor - 0.5
    place = np.clip(place, 0, size - 1)  # beyond the ends: the last pixel
    return np.maximum(0, 1 - abs(place[:, None] - np.arange(size)))


R = interpolation(2, 4)
print(R)
fine = R @ [0, 8]
print(fine)
assert np.array_equal(fine, [0, 0, 1, 3, 5, 7, 8, 8])

# %% [markdown]
# A matrix again. For an image: interpolate along the rows, then along the
# columns, $y = R \, x \, K^\top$. Each fine pixel is a mixture of four coarse
# ones, its weights products of two shares. The surface is a straight line along
# each axis: hence **bilinear**.

# %%
x = rng.standard_normal((1, 1, 3, 5))
ours = interpolation(3, 4) @ x @ interpolation(5, 4).T
theirs = Upsample(scale_factor=4, mode="bilinear")(x)
print(x.shape, "->", ours.shape, " differ by", abs(ours - theirs).max())
assert ours.shape == (1, 1, 12, 20) and np.allclose(ours, theirs)

# %% [markdown]
# ## The same as a stamp
#
# A row of $R$ says what a fine pixel *takes*. A column says what a coarse pixel
# *gives*: that is its stamp.
#
# **Predict.** Take a map that is 0 but for a 1 in its middle, and interpolate
# it by factor 2. How many pixels are not 0, and what is the largest value? (Is
# there a fine pixel right on the middle of the coarse one?)

# %%
lone = np.zeros((3, 3))
lone[1, 1] = 1
spread = interpolation(3, 2) @ lone @ interpolation(3, 2).T
maps = {"a lone 1": lone, "interpolated, times 16": 16 * spread}
figure, axes = draw_maps(maps)
frame(axes[0], 1, 1, 1, 1)
frame(axes[1], 1, 1, 4, 4)
show(
    figure,
    "09_stamp",
    "A 3x3 map, 0 but for a 1 in its middle; interpolated to 6x6 pixels and "
    "times 16, with 9 in the four middle ones, 3 beside them, and 1 in the "
    "corners of a 4x4 square.",
)
print("not 0:", (spread > 0).sum(), " largest:", spread.max())
assert (spread > 0).sum() == 16 and spread.max() == 9 / 16

# %% [markdown]
# The stamp is a tent along each axis, 1 3 3 1 (over 4), and the product of the
# two in the plane. In general it has $k = 2s$ weights along an axis, or
# $2s - 1$ for an odd factor, whose middle pixel lies right on the coarse one:
#
# $$w_t = 1 - \frac{|t - (k - 1)/2|}{s}$$
#
# Let us write that down, and use it as the kernel of a transposed convolution
# with stride $s$. That gives $s(h - 1) + k$ rows and we want $sh$, so as
# padding $\left\lfloor s/2 \right\rfloor$ rows are cut off on each side.


# %%
def tent(factor):
    """The bilinear stamp along one axis: (2 * factor or one less,)"""
    k = 2 * factor - factor % 2
    return 1 - abs(np.arange(k) - (k - 1) / 2) / factor


def by_stamps(x, factor):
    """x (h, w) -> (h * factor, w * factor), by a transposed convolution"""
    kernel = np.outer(tent(factor), tent(factor))[None, None]
    size = x.shape[0] * factor, x.shape[1] * factor
    y = conv_transpose2d(x[None, None], kernel, size, factor, factor // 2)
    return y[0, 0]


for factor in (2, 3, 4):
    print(factor, tent(factor).round(3))
assert np.array_equal(np.outer(tent(2), tent(2)), spread[1:5, 1:5])

# %% [markdown]
# ## Where the two part
#
# **Predict.** A map of 3x3 pixels, all 1, by factor 2, interpolated and by
# stamps. What stands in the middle, what at an edge, and what in a corner?

# %%
flat = np.ones((3, 3))
interpolated = by_interpolation(flat[None, None], 2)[0, 0]
stamped = by_stamps(flat, 2)
maps = {"interpolated": interpolated, "by stamps": stamped}
show(
    draw_maps(maps, cell=64)[0],
    "09_edge",
    "Two maps of 6x6 pixels: interpolated, all are 1; by stamps they are 1 "
    "inside, 0.75 along the edges and 0.5625 in the corners.",
)
print("edge", stamped[0, 2], " corner", stamped[0, 0])
assert (interpolated == 1).all() and (stamped[1:-1, 1:-1] == 1).all()
assert stamped[0, 2] == 3 / 4 and stamped[0, 0] == 9 / 16

# %% [markdown]
# Inside, two tents overlap along each axis, and their weights add up to 1.
# Beyond the middle of the last pixel one of the two is missing, as if zeros
# followed. Interpolation goes on with the last value instead. The part of the
# weight that is there is called `coverage` in minifcn, and explains the whole
# difference:
#
# $$\text{by stamps} = \mathrm{coverage} \cdot \text{interpolated}$$

# %%
x = rng.standard_normal((1, 2, 4, 5))
for factor in (2, 3, 4):
    covered = np.outer(coverage(4, factor), coverage(5, factor))
    part = by_transposed_convolution(x, factor)
    whole = by_interpolation(x, factor)
    assert np.allclose(part[0, 1], by_stamps(x[0, 1], factor))
    assert np.allclose(part, covered * whole)
    e = factor // 2
    assert np.allclose(part[..., e:-e, e:-e], whole[..., e:-e, e:-e])
    print(f"factor {factor}: they part in the outermost {e} rows, columns")

# %%
if torch := pytorch():
    functional, image = torch.nn.functional, torch.from_numpy(x)
    up = functional.interpolate(image, scale_factor=4, mode="bilinear")
    print("PyTorch's interpolation:", np.allclose(up, by_interpolation(x, 4)))
    assert np.allclose(up, by_interpolation(x, 4))

# %% [markdown]
# Why take the stamps, then, if the edge fades? Because they are weights.
# Interpolation is *fixed*; a transposed convolution may start there and learn
# something better. (Lesson 12 asks whether it does.)
#
# Both let the gradient through, which is all that the layers below need.
# Interpolation has no weights, and as $y = R \, x \, K^\top$ is a matrix
# product, lesson 3's rule holds on both sides:
#
# $$\frac{\partial L}{\partial x} =
# R^\top \, \frac{\partial L}{\partial y} \, K$$
#
# For "nearest" that says: each coarse pixel gets the sum over its block.

# %%
for mode in ("nearest", "bilinear"):
    report = check_gradients(Upsample(scale_factor=(2, 3), mode=mode), x)
    print(mode, f"{report.error:.0e}")
    assert report.ok(1e-6)
layer = Upsample(scale_factor=3, mode="bilinear")
dy = rng.standard_normal(layer(x).shape)
by_hand = interpolation(4, 3).T @ dy @ interpolation(5, 3)
assert np.allclose(layer.backward(dy), by_hand)

# %% [markdown]
# ## Max-unpooling: back to where it was
#
# Max-pooling keeps the largest of each window and forgets where it was. It need
# not forget: if it hands on the *place*, too, the maximum can go back there
# later. That is **max-unpooling**. It has no weights either.
#
# **Predict.** Pool this 4x4 map by 2x2 windows, then unpool it. How many of the
# 16 pixels have their old value? And the others?


# %%
def pool(x, k):
    """x (H, W) -> the maxima (H/k, W/k), and their places, row * W + col"""
    h, w = x.shape
    windows = x.reshape(h // k, k, w // k, k).transpose(0, 2, 1, 3)
    windows = windows.reshape(h // k, w // k, k * k)  # a window in a row
    row, col = np.indices((h // k, w // k)) * k  # where each window begins
    winner = windows.argmax(axis=2)
    return windows.max(axis=2), (row + winner // k) * w + col + winner % k


def unpool(maxima, places, size):
    """Each maximum to its place, and 0 elsewhere: an array of `size`."""
    y = np.zeros(size)
    y.flat[places] = maxima
    return y


image = np.array([[1.0, 6, 2, 1], [3, 2, 4, 7], [5, 1, 3, 2], [4, 2, 1, 8]])
maxima, places = pool(image, 2)
back = unpool(maxima, places, image.shape)
smooth = by_interpolation(maxima[None, None], 2)[0, 0]
maps = {"map": image, "maxima": maxima, "places": places}
maps |= {"unpooled": back, "interpolated": smooth}
show(
    draw_maps(maps, ".3g")[0],
    "09_unpooling",
    "A 4x4 map; its maxima 6, 7, 5 and 8; their places; the unpooled map with "
    "those four where they were and 0 elsewhere; and the interpolated one, a "
    "smooth slope from 5 to 8.",
)
assert (back == image).sum() == 4 and (back == 0).sum() == 12

# %% [markdown]
# Four old values, each exactly where it was, and twelve zeros. Interpolation,
# which the lecture's slides (lesson 1) list beside it, has a guess for each of
# the sixteen, but the places are lost: the 8 was a lone peak, and is spread
# over its whole quarter.
#
# ## Its gradient
#
# Let $p_i$ be the place of maximum $i$. Then $y_{p_i} = x_i$, and nothing else
# depends on $x_i$. So
#
# $$\frac{\partial L}{\partial x_i} = \frac{\partial L}{\partial y_{p_i}}$$
#
# **Predict.** Forward, unpooling does to $x$ what max-pooling's *backward* pass
# does to `dy`. What, then, does unpooling's backward pass look like? And does
# the place have a gradient?


# %%
class Unpool(Layer):
    """Max-unpooling of maps (N, C, h, w) to the pixels at `places`."""

    def __init__(self, places, size):
        self.places, self.size = places, size  # (N, C, h, w) and (H, W)

    def forward(self, x):
        y = np.zeros((*x.shape[:2], *self.size))
        for n, c in np.ndindex(x.shape[:2]):
            y[n, c].flat[self.places[n, c]] = x[n, c]
        return y

    def backward(self, dy):
        dx = np.zeros(self.places.shape)
        for n, c in np.ndindex(dx.shape[:2]):
            dx[n, c] = dy[n, c].flat[self.places[n, c]]
        return dx


x = rng.standard_normal((2, 3, 6, 8))
maxima, places = MaxPool2d(2, return_indices=True)(x)
mine = Unpool(places, x.shape[2:])
report = check_gradients(mine, maxima)
print(report)
assert report.ok(1e-6)
assert np.array_equal(mine(maxima), MaxUnpool2d(2)(maxima, places))

# %% [markdown]
# The backward pass *picks up* at the places what the forward pass laid down
# there. A place is a whole number and cannot move by a little: it has no
# gradient.

# %%
if torch := pytorch():
    taken = torch.from_numpy(maxima), torch.from_numpy(places)
    theirs = torch.nn.functional.max_unpool2d(*taken, 2)
    print("PyTorch's is the same:", np.array_equal(theirs, mine(maxima)))
    assert np.array_equal(theirs, mine(maxima))

# %% [markdown]
# ## All beside each other
#
# A ring of 32x32 pixels, pooled to 8x8 and led up again by factor 4.

# %%
device, reason = resolve_device()
print(reason)
row, col = np.indices((32, 32)) - 14.2
ring = 1 - abs(np.hypot(row, col) - 9) / 4
ring = to_device(ring[None, None].astype("float32"), device)
coarse, where = MaxPool2d(4, return_indices=True)(ring)
ways = {"32x32": ring, "pooled to 8x8": coarse}
ways["nearest"] = Upsample(scale_factor=4)(coarse)
ways["bilinear stamps"] = bilinear_upsampling(1, 4).to(device)(coarse)
ways["max-unpooling"] = MaxUnpool2d(4)(coarse, where)
figure = new_figure(1000, 250)
for axes, (title, part) in zip(figure.subplots(1, 5), ways.items()):
    axes.imshow(to_host(part)[0, 0], cmap="PuOr_r", vmin=-1, vmax=1)
    axes.set_title(title, size=11)
    axes.set_axis_off()
show(
    figure,
    "09_ways",
    "A ring of 32x32 pixels, pooled to 8x8 blocks, and led up in three ways: "
    "the same blocks, a blurred ring, and a few dots along the ring on an "
    "empty ground.",
)
filled = float((ways["max-unpooling"] != 0).mean())
print(f"max-unpooling fills {filled:.4f} of the pixels")
assert filled == 1 / 16

# %% [markdown]
# Unpooling alone says nothing about 15 of 16 pixels. So it wants convolutions
# after it that fill the gaps: a whole second half of a network, a **decoder**
# (Noh et al. 2015 did that). And the places belong to *channels*: each of VGG's
# 512 feature maps has its own. FCN goes up with maps of 21 class scores, and
# those have been pooled nowhere. The paper needs one layer where unpooling
# needs a decoder.
#
# ## Or not to shrink at all
#
# Why lead up what need not go down? The slides begin with this way: leave the
# poolings out, or let them move by 1 pixel rather than 2. And they name two
# problems: too many parameters, and a smaller receptive field. Let us count,
# for VGG16 as FCN uses it, on 500x500 pixels: weights; products
# (**multiply-adds**); the memory for all maps, which training keeps for the
# backward pass; and the receptive field.
#
# A layer is `(kernel, stride, channels)` here, a pooling has no channels of its
# own. As in lesson 5, a window of $k$ lets the field grow by $k - 1$ steps, and
# a step is the product of all strides so far.


# %%
def numbers(layers, size=500):
    """(step, field, weights, multiply-adds, numbers in maps) of a net"""
    step, field, channels, weights, products, kept = 1, 1, 3, 0, 0, 0
    for kernel, stride, out, *holes in layers:
        dilation = holes[0] if holes else 1
        field += (kernel - 1) * dilation * step
        step *= stride
        pixels = ceil(size / step) ** 2  # padded: only strides shrink it
        if out:
            weights += kernel**2 * channels * out
            products += kernel**2 * channels * out * pixels
            channels = out
        kept += channels * pixels
    return step, field, weights, products, kept


blocks = (64, 2), (128, 2), (256, 3), (512, 3), (512, 3)
vgg = []
for channels, convolutions in blocks:
    vgg += [(3, 1, channels)] * convolutions + [(2, 2, None)]
vgg += [(7, 1, 4096), (1, 1, 4096), (1, 1, 21)]
as_it_is = numbers(vgg)
print("stride {}, field {}, {:,} weights".format(*as_it_is))
assert as_it_is[:2] == (32, 404) and round(as_it_is[2] / 1e6) == 134

# %% [markdown]
# Stride 32, receptive field 404 and 134 million parameters: the numbers in the
# paper's table. Now without strides. The filters' weights keep their number;
# their field shrinks. One can save the field: **dilate** the filters, that is,
# pull them apart with holes between the weights. Or give them more weights, a
# kernel of $d(k - 1) + 1$ in the place of the holes.
#
# **Predict.** For each of the four, say which numbers grow, shrink and stay:
# poolings' strides left out; poolings left out; strides left out and filters
# dilated; strides left out and filters larger.

# %%
strideless = [(k, 1, out) for k, _, out in vgg]
poolless = [layer for layer in vgg if layer[2]]
dilated, larger, rate = [], [], 1
for kernel, stride, out in vgg:
    dilated.append((kernel, 1, out, rate))
    larger.append((rate * (kernel - 1) + 1, 1, out))
    rate *= stride  # the holes that the layers after it need
variants = {"as it is": vgg, "no strides": strideless, "no pooling": poolless}
variants |= {"dilated": dilated, "larger": larger}
print("              stride  field   weights     products  all maps")
table = {name: numbers(net) for name, net in variants.items()}
for name, (step, field, weights, products, kept) in table.items():
    print(f"{name:13}{step:7}{field:7}{weights / 1e6:8,.0f} M", end="")
    print(f"{products / 1e9:11,.0f} G{4 * kept / 1e9:7.1f} GB")
steps, fields, weights, products, kept = zip(*table.values())
assert fields == (404, 38, 33, 404, 404)
assert len(set(weights[:4])) == 1 and weights[4] > 500 * weights[0]
assert products[1] > 200 * products[0] and kept[1] > 20 * kept[0]

# %% [markdown]
# So what is true of the two problems?
#
# - **Parameters.** A convolution's do *not* grow: its weights do not know how
#   large the map is. Work and memory grow, by far. Parameters grow in two cases
#   only: where larger kernels have to save the field (see the last row), or
#   where a fully connected layer follows, as in the classifier. There each
#   pixel of the map has weights of its own.
# - **Receptive field.** It does shrink, from 404 to 38 pixels. Unless the
#   filters are dilated; then it stays, with as much work.

# %%
for poolings in (5, 4, 0):  # on the classifier's 224x224 pixels
    side = 224 // 2**poolings
    millions = 512 * side**2 * 4096 / 1e6
    print(
        f"{poolings} poolings, fc6 on {side}x{side}: {millions:,.0f} M weights"
    )
assert round(512 * 7 * 7 * 4096 / 1e6) == 103
assert 512 * 14 * 14 * 4096 == 4 * 512 * 7 * 7 * 4096

# %% [markdown]
# `minifcn.alternatives` does this to a network that runs. All three have the
# *same* weights. **Predict.** Are the scores of "strides left out", at every
# 4th pixel, those of the net as it is? And the dilated ones?

# %%
net = Sequential(
    *(Conv2d(3, 8, 3, rng=rng), ReLU(), MaxPool2d(2)),
    *(Conv2d(8, 8, 3, rng=rng), ReLU(), MaxPool2d(2)),
    Conv2d(8, 4, 2, rng=rng),
).astype("float64")
for name, stride, parameters, field, work in tradeoff(net, (40, 40)):
    print(f"{name:17} stride {stride[0]}, field {field[0]:2}, ", end="")
    print(f"{parameters} parameters, {work:7,} multiply-adds")
image = rng.standard_normal((1, 3, 40, 40))
scores = net(image)
strideless, dilated = without_pool_strides(net)(image), rarefied(net)(image)
height, width = scores.shape[2:]
thinned = strideless[:, :, ::4, ::4][:, :, :height, :width]
print("strides left out:", abs(thinned - scores).max())
print("dilated:         ", abs(dilated[:, :, ::4, ::4] - scores).max())
assert not np.allclose(thinned, scores, atol=0.01)
assert np.allclose(dilated[:, :, ::4, ::4], scores)

# %% [markdown]
# A filter that learned on a coarse map finds other neighbours on a dense one:
# its scores mean something else, and the net has to be trained anew. Pulled
# apart, it finds its old neighbours again. Why that is so, and what it is good
# for, is lesson 10.
#
# ## Checkerboards
#
# Back to stamps. **Predict.** A map of all ones, a kernel of 3x3 ones, stride
# 2: the stamps overlap by one row or column. Which values stand in the middle
# of the result? And with a kernel of 4x4?

# %%
maps, flat = {}, np.ones((1, 1, 4, 4))
for k in (3, 4):
    side = 2 * 3 + k
    ones = np.ones((1, 1, k, k))
    stamped = conv_transpose2d(flat, ones, (side, side), stride=2)[0, 0]
    assert np.array_equal(stamped, contributions(4, k, stride=2))
    maps[f"kernel {k}, stride 2"] = stamped
figure, axes = draw_maps(maps, cell=34)
frame(axes[0], 2, 2, 5, 5)
frame(axes[1], 2, 2, 6, 6)
show(
    figure,
    "09_checkerboard",
    "How many stamps each pixel gets. Inside, with kernel 3 and stride 2, "
    "they are 4, 2 and 1 in turns; with kernel 4 and stride 2 they are 4 "
    "everywhere.",
)
uneven, even = maps.values()
print(uneven[2:7, 2:7])
assert set(uneven[2:7, 2:7].flat) == {1, 2, 4}
assert set(even[2:8, 2:8].flat) == {4}

# %% [markdown]
# With a kernel of 3 some pixels get one stamp, some two, some four, in turns: a
# **checkerboard**, although the map is flat. The rule: inside, all pixels get
# equally many stamps if, and only if, *the kernel is divisible by the stride*.
# `contributions` counts them.
#
# Equal counts are not yet equal values: the weights differ, too. But how much a
# layer has to learn *against* its counts, that they tell. Here are 2000 layers
# fresh from random numbers, on a flat map; how widely do their outputs vary, at
# each of the 2x2 positions?

# %%
spread = {}
for k in (3, 4):
    kernels = rng.standard_normal((2000, k, k))
    values = np.zeros((2000, 2, 2))
    for i, j in np.ndindex(k, k):
        values[:, i % 2, j % 2] += kernels[:, i, j]  # who meets whom inside
    spread[k] = values.std(axis=0)
    print(f"kernel {k}:", spread[k].round(2).tolist())
assert 1.8 < spread[3].max() / spread[3].min() < 2.2
assert spread[4].max() / spread[4].min() < 1.1

# %% [markdown]
# Two ways out. The weights can make up for it, as bilinear ones do: for factor
# 3 the stamp has 5 weights, which 3 does not divide, and still all add up to 1.
# Or **enlarge first, then convolve** with stride 1: then every pixel gets the
# same number of products, whatever is learned.
#
# **Predict.** FCN's transposed convolutions have kernels and strides of 64/32,
# 32/16, 16/8 and 4/2; FCN-AlexNet's has 63/32. Which of them can give a
# checkerboard?

# %%
for k, s in ((64, 32), (32, 16), (16, 8), (4, 2), (63, 32)):
    inside = contributions(6, k, stride=s)[k:-k, k:-k]
    counts = np.unique(inside).tolist()
    print(f"{k}/{s}: stamps on a pixel inside: {counts}")
    assert (len(counts) == 1) == (k % s == 0)

# %% [markdown]
# Only AlexNet's. It starts bilinear, though, and so does not show it; it could
# learn to. Both ways out, on maps of ones:

# %%
up = bilinear_upsampling(1, 3, "float64")  # a kernel of 5, stride 3
bilinear = up(np.ones((1, 1, 6, 6)))[0, 0, 3:-3, 3:-3]
kernel = rng.standard_normal((1, 1, 3, 3))
learned = conv2d(Upsample(scale_factor=2)(np.ones((1, 1, 6, 6))), kernel)
counts = contributions(6, 5, stride=3, padding=1)[3:-3, 3:-3]
print("bilinear, factor 3: stamps", np.unique(counts).tolist())
print("its values:", np.unique(bilinear.round(12)).tolist())
print("enlarged, then convolved:", np.unique(learned.round(12)).tolist())
assert len(set(counts.flat)) > 1 and np.allclose(bilinear, 1)
assert np.allclose(learned, kernel.sum())

# %% [markdown]
# ## Which one?
#
# | way | learns | knows where | price |
# |---|---|---|---|
# | nearest, bilinear | no | no | next to none |
# | transposed convolution | yes | no | little; checkerboards |
# | max-unpooling | no | of the maxima | places; a decoder |
# | no strides | yes, anew | yes | work, memory, receptive field |
# | no strides, dilated | as before | yes | work, memory |
#
# The paper takes the second, beginning with the first's numbers; and gets the
# "where" from another source, the maps before the poolings (lesson 13).

# %% [markdown]
# ## What was left out, and where the real thing stands
#
# - Interpolation to any size, and the other convention of where pixels lie:
#   `minifcn/layers/upsample.py`. The bilinear stamp:
#   `minifcn/layers/bilinear.py`.
# - Unpooling windows that overlap, padding, sizes that do not divide:
#   `minifcn/layers/unpool.py`; the places come from `minifcn/layers/pool.py`.
# - The comparison of interpolation and stamps:
#   `minifcn/alternatives/upscale.py`; strides left out:
#   `minifcn/alternatives/strides.py`, with `minifcn/alternatives/nets.py`,
#   which counts.
# - The count of stamps: `minifcn/convolution/transposed.py`.

# %% [markdown]
# ## Exercises
#
# `python -m lessons test 9` puts them into `lessons/answers/`, for you to write
# there, and tells you what is right, and what is wrong if not.
#
# 1. `bilinear_kernel`: the bilinear stamp in the plane, for any factor.
# 2. `max_pool`: the maxima and their places, for windows that overlap.
# 3. `stamp_counts`: how many stamps each pixel gets, along one axis, with
#    padding.
