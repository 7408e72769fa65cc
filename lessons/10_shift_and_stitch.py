# %% [markdown]
# # 10. Why is shift-and-stitch the same as filter rarefaction?
#
# **Time:** 60 minutes
#
# **Know before:** pooling (lesson 4), receptive fields (lesson 5), a net slid
# over a larger image (lesson 6), strides left out (lesson 9).
#
# A net with poolings has a score only every $f$ pixels. Must the pixels between
# be *guessed*, by going up? No: they can be computed, with the net as it is. In
# this lesson you do it in two ways, a trick called shift-and-stitch and its
# faster twin, filters with holes. You prove that the two are equal, check it
# number by number, count what each costs, and see why the paper takes neither.

# %%
import time

import numpy as np

from lessontools import draw_map, draw_maps, frame, new_figure, pytorch, show
from minifcn.alternatives import (
    cost,
    rarefied,
    receptive_field,
    shift_and_stitch,
)
from minifcn.backend import resolve_device, to_device, to_host
from minifcn.convolution import conv2d, conv_transpose2d
from minifcn.gradcheck import check_gradients
from minifcn.layers import (
    Conv2d,
    Layer,
    MaxPool2d,
    Parameter,
    ReLU,
    Sequential,
    bilinear_weight,
)
from minifcn.pictures.colours import BLACK, BLUE, GREEN, VERMILLION

rng = np.random.default_rng(0)

# %% [markdown]
# ## What max-pooling forgets
#
# Three maps of 6x6 pixels, each with one bright pixel: in row 2, and in column
# 2, 3 or 4.
#
# **Predict.** All three are max-pooled, 2x2 with stride 2. Which of the results
# are equal?


# %%
def pool(x, k=2, stride=2):
    """The largest of each k x k window of x (H, W)"""
    h, w = ((n - k) // stride + 1 for n in x.shape)
    y = np.zeros((h, w))
    for i, j in np.ndindex(h, w):
        y[i, j] = x[i * stride :, j * stride :][:k, :k].max()
    return y


pooled = {}
for column in (2, 3, 4):
    spot = np.zeros((6, 6))
    spot[2, column] = 9
    pooled[column] = pool(spot)
    print(f"column {column}:", pooled[column].tolist())
assert np.array_equal(pooled[2], pooled[3])
assert not np.array_equal(pooled[3], pooled[4])

# %% [markdown]
# The first two: inside a window the place is lost. That is wanted when a cat is
# to be a cat wherever it sits. It is not wanted when each pixel shall get a
# class. After VGG16's five poolings the windows begin 32 pixels apart.
#
# ## Shift the input, interlace the output
#
# The windows begin at pixel 0, 2, 4, ... only because we began at 0. So pool a
# second time, beginning at pixel 1. Then lay the results into each other like
# the teeth of a zip: one from the first, one from the second, and so on. That
# is the trick of OverFeat (Sermanet et al. 2014), used at its last pooling:
# **input shifting and output interlacing**. FCN's paper calls it
# **shift-and-stitch**.
#
# **Predict.** Take the pixels 3 1 4 1 5 9 2, windows of 2 with stride 2. What
# comes out from pixel 0 on, from pixel 1 on, and interlaced?

# %%
row = np.array([[3, 1, 4, 1, 5, 9, 2], [0] * 7])  # two rows: windows are 2x2
first, second = pool(row), pool(row[:, 1:])
interlaced = np.zeros((1, 6))
interlaced[:, 0::2], interlaced[:, 1::2] = first, second
print("from 0 on", first, " from 1 on", second)
print("interlaced", interlaced)
assert np.array_equal(interlaced, [[3, 4, 4, 5, 9, 9]])

# %% [markdown]
# In the plane there are four pixels to begin at: (0, 0), (0, 1), (1, 0) and (1,
# 1). The lecture's slides (lesson 1) draw it like that: four coordinates, 2x2
# max-pooling with stride 2 from each, combined.
#
# **Predict.** Of a map of 5x5 pixels, how large are the four results, and how
# large is the interlaced one? There is a pooling that gives the same at once.
# Which?

# %%
image = rng.permutation(np.arange(25.0)).reshape(5, 5)
starts = {(0, 0): BLUE, (0, 1): VERMILLION, (1, 0): GREEN, (1, 1): BLACK}
stitched, results = np.zeros((4, 4)), {}
for i, j in starts:
    results[i, j] = pool(image[i:, j:])
    stitched[i::2, j::2] = results[i, j]
print(stitched)
assert np.array_equal(stitched, pool(image, stride=1))

# %%
figure = new_figure(1000, 440)
axes = figure.subplot_mosaic(
    [["a", "b", "c", "d", "all"], ["e", "f", "g", "h", "all"]],
    width_ratios=(1, 1, 1, 1, 1.5),
)
draw_map(axes["all"], stitched, "interlaced, 4x4")
for above, below, ((i, j), colour) in zip("abcd", "efgh", starts.items()):
    draw_map(axes[above], image, f"begun at ({i}, {j})")
    draw_map(axes[below], results[i, j], "its maxima")
    for r, q in np.ndindex(2, 2):
        frame(axes[above], 2 * r + i, 2 * q + j, 2, 2, colour)
        row, col = 2 * r + i + 0.08, 2 * q + j + 0.08
        frame(axes["all"], row, col, 0.84, 0.84, colour)
    frame(axes[below], 0, 0, 2, 2, colour)
show(
    figure,
    "10_four_starts",
    "A 5x5 map four times, with windows of 2x2 that begin at (0, 0), (0, 1), "
    "(1, 0) and (1, 1), each time in a colour of their own; their maxima; and "
    "all sixteen interlaced to 4x4, in those colours.",
)

# %% [markdown]
# The four together are max-pooling with stride 1: each window of the map, none
# left out. Keep that in mind.
#
# (The paper shifts the image right and down, so that zeros come in from the
# left and from above. Here it moves left and up, and what leaves it is cut off.
# The shifts are the same, and no window sees a pixel that does not exist.)
#
# ## A whole net
#
# Several layers change nothing in the idea. All strides multiplied are the
# net's total stride $f$; there are $f$ x $f$ places to begin. Our net has two
# poolings, so $f = 4$. It has no padding: its score is a function of the $R$ x
# $R$ pixels of its receptive field, wherever they lie.
#
# **Predict.** On an image of 26x29 pixels: how many passes are there? And how
# many places, one pixel apart, are there for a receptive field of 14x14, so how
# many scores come out in all?

# %%
net = Sequential(
    *(Conv2d(3, 8, 3, rng=rng), ReLU(), MaxPool2d(2)),
    *(Conv2d(8, 8, 3, rng=rng), ReLU(), MaxPool2d(2)),
    Conv2d(8, 5, 2, rng=rng),
).astype("float64")
R, f = receptive_field(net)[0], 4
image = rng.standard_normal((1, 3, 26, 29))
size = image.shape[2] - R + 1, image.shape[3] - R + 1
stitched, passes = np.zeros((1, 5, *size)), 0
for i, j in np.ndindex(f, f):
    stitched[:, :, i::f, j::f] = net(image[:, :, i:, j:])
    passes += 1
print("R =", R, " one pass", net(image).shape[2:], end="")
print(f"  {passes} passes, stitched {stitched.shape[2:]}")
assert (R, passes) == (14, 16) and stitched.shape == (1, 5, 13, 16)

# %% [markdown]
# Are those the right scores? The definition decides: cut out the 14x14 pixels
# of each place, and ask the net about that patch alone.

# %%
worst = 0
for row, col in np.ndindex(*size):
    patch = image[:, :, row : row + R, col : col + R]
    difference = net(patch)[0, :, 0, 0] - stitched[0, :, row, col]
    worst = max(worst, abs(difference).max())
print(f"{size[0] * size[1]} patches, largest difference {worst:.0e}")
assert worst < 1e-10
assert np.allclose(shift_and_stitch(net, image), stitched, atol=1e-10)

# %% [markdown]
# ## Filters with holes
#
# Sixteen passes over nearly the same image: much must be computed again and
# again. With one pooling alone we saw the short cut: leave its stride out. But
# what of the filter *after* it?
#
# **Predict.** Max-pooling with stride 2, then a filter with weights 1, 10, 100.
# Leave the stride out: the map is now twice as dense. Which filter must follow,
# so that the result is the stitched one? Its old neighbours are now how far
# apart?

# %%
row = rng.integers(0, 10, (2, 13)).astype(float)


def slide(x, weights):
    """A filter along the last axis of x (1, W)"""
    kernel = np.array(weights, float)[None, None, None]  # (1, 1, 1, k)
    return conv2d(x[None, None], kernel)[0, 0]


weights = [1, 10, 100]
goal = np.zeros((1, 8))
for j in (0, 1):
    goal[:, j::2] = slide(pool(row[:, j:]), weights)
dense = pool(row, stride=1)
print("stitched:               ", goal[0])
print("no stride, same filter: ", slide(dense, weights)[0])
print("no stride, with holes:  ", slide(dense, [1, 0, 10, 0, 100])[0])
assert np.array_equal(slide(dense, [1, 0, 10, 0, 100]), goal)
assert not np.array_equal(slide(dense, weights)[:, :8], goal)

# %% [markdown]
# The filter is pulled apart by the stride that was left out, with zeros in the
# holes:
#
# $$v_{i,j} = w_{i/s,\, j/s}$$
#
# where $s$ divides $i$ and $j$, else 0. The paper calls that **filter
# rarefaction**; wavelet people call it **à trous**, French for "with holes";
# today most say **dilated** convolution. Nobody stores the zeros: a convolution
# with `dilation=2` steps over two pixels from weight to weight. After two
# strides of 2 the holes are wider still: the rate is the *product of all
# strides before*.

# %%
kernel = np.arange(1.0, 10).reshape(3, 3)
maps = {"rate 1": kernel}
for rate in (2, 4):
    holes = np.zeros((rate * 2 + 1, rate * 2 + 1))
    holes[::rate, ::rate] = kernel
    maps[f"rate {rate}"] = holes
show(
    draw_maps(maps, cell=32)[0],
    "10_holes",
    "The kernel with the weights 1 to 9: close together, with one zero "
    "between neighbours at rate 2, and with three at rate 4.",
)
x = rng.standard_normal((1, 1, 12, 13))
for rate, holes in zip((1, 2, 4), maps.values()):
    y = conv2d(x, kernel[None, None], dilation=rate)
    print(f"rate {rate}: kernel {holes.shape}, output {y.shape[2:]}")
    assert np.allclose(y, conv2d(x, holes[None, None]))

# %%
if torch := pytorch():
    both = torch.from_numpy(x), torch.from_numpy(kernel[None, None])
    theirs = torch.nn.functional.conv2d(*both, dilation=4)  # y: rate 4, too
    print("PyTorch's dilation is the same:", np.allclose(y, theirs))
    assert np.allclose(y, theirs)

# %% [markdown]
# The whole net this way: every stride becomes 1, and every window, a filter's
# or a pooling's, is pulled apart by the strides before it. Its own stride
# counts only for those after it.


# %%
def with_holes(net, x):
    """The scores at every pixel in one pass, and the map after each layer."""
    rate, maps = 1, []
    for _, layer in net.children():
        if isinstance(layer, Conv2d):
            weight, bias = layer.weight.data, layer.bias.data
            x = conv2d(x, weight, dilation=rate, bias=bias)
        elif isinstance(layer, MaxPool2d):
            x = MaxPool2d(layer.kernel_size, stride=1, dilation=rate)(x)
            rate *= layer.stride[0]
        else:
            x = layer(x)
        maps.append((rate, x))
    return x, maps


dense, maps = with_holes(net, image)
print(f"differ by {abs(dense - stitched).max():.0e}")
assert dense.shape == stitched.shape
assert np.allclose(dense, stitched, rtol=0, atol=1e-10)
assert np.allclose(rarefied(net)(image), stitched, rtol=0, atol=1e-10)

# %% [markdown]
# ## Why they are equal
#
# Along one axis; for two dimensions do it twice. Look at one layer. In the pass
# with shift $i$ its input is a map $x^{(i)}$; in the net with holes it is a map
# $\tilde x$. Suppose that the first is found in the second, every $r$-th
# pixel, from pixel $i$ on:
#
# $$x_o^{(i)} = \tilde x_{ro + i}$$
#
# For the image itself that is true, with $r = 1$: shifting by $i$ means
# beginning at pixel $i$. Now the layer: a function $g$ of the $k$ numbers in
# its window, a sum with weights or a maximum, with stride $s$. In the shifted
# pass
#
# $$y_o^{(i)} = g\left(x_{so}^{(i)},\, x_{so + 1}^{(i)},\, \dots,\,
# x_{so + k - 1}^{(i)}\right)$$
#
# The window's number $t$ is, by what we supposed,
#
# $$x_{so + t}^{(i)} = \tilde x_{r(so + t) + i} = \tilde x_{(rso + i) + rt}$$
#
# So the window's numbers lie $r$ apart in $\tilde x$, from pixel $p = rso + i$
# on. That is what the layer of rate $r$ and stride 1 sees at $p$:
#
# $$\tilde y_p = g\left(\tilde x_p,\, \tilde x_{p + r},\, \dots,\,
# \tilde x_{p + r(k - 1)}\right)$$
#
# Hence
#
# $$y_o^{(i)} = \tilde y_{(rs)o + i}$$
#
# which is the sentence that we began with, for the layer's output, with $rs$ in
# the place of $r$. So it holds after each layer, one after the other, with $r$
# the product of all strides so far. At the end $r = f$: the shifted pass's
# scores are every $f$-th dense score, from $i$ on. To put them there is just
# what stitching does.
#
# **Predict.** Shift by 3 rows and 2 columns. At which rows and columns of the
# dense map after the *first* pooling do you find the shifted pass's map? And
# after the second?

# %%
for i, j in np.ndindex(f, f):
    x = image[:, :, i:, j:]
    for (rate, dense_map), (_, layer) in zip(maps, net.children()):
        x = layer(x)
        found = dense_map[:, :, i::rate, j::rate]
        assert found.shape == x.shape and np.allclose(found, x, atol=1e-10)
        if (i, j) == (3, 2):
            kind = type(layer).__name__
            print(f"{kind:10} rows {i}::{rate}, columns {j}::{rate}: equal")

# %% [markdown]
# That was all 16 shifts, after all 7 layers.
#
# ## The gradients
#
# A convolution with rate $r$ is
# $\tilde y_p = \sum_t w_t \, \tilde x_{p + rt}$. Weight $t$ is multiplied
# with pixel $p + rt$ and added to $p$; so, as in lesson 2,
#
# $$\frac{\partial L}{\partial w_t} =
# \sum_p \frac{\partial L}{\partial \tilde y_p} \, \tilde x_{p + rt}$$
#
# $$\frac{\partial L}{\partial \tilde x_q} =
# \sum_t \frac{\partial L}{\partial \tilde y_{q - rt}} \, w_t$$
#
# **Predict.** Do the holes get gradients?


# %%
class Dilated(Layer):
    """A convolution with holes, one channel in, one channel out."""

    def __init__(self, kernel, rate):
        self.weight, self.rate = Parameter(kernel), rate

    def parts(self, x):
        """(entry, the pixels that this weight meets), for each weight"""
        kh, kw = self.weight.data.shape
        h = x.shape[2] - self.rate * (kh - 1)
        w = x.shape[3] - self.rate * (kw - 1)
        for i, j in np.ndindex(kh, kw):
            top, left = i * self.rate, j * self.rate
            yield (i, j), x[:, :, top : top + h, left : left + w]

    def forward(self, x):
        self.keep(x)
        return sum(self.weight.data[t] * part for t, part in self.parts(x))

    def backward(self, dy):
        (x,) = self.kept()
        dx, dweight = np.zeros_like(x), np.zeros_like(self.weight.data)
        for t, part in self.parts(x):
            dweight[t] = (dy * part).sum()
        for t, part in self.parts(dx):
            part += dy * self.weight.data[t]  # a view: it adds to dx
        self.weight.add_grad(dweight)
        return dx


mine = Dilated(rng.standard_normal((3, 2)), rate=2)
report = check_gradients(mine, rng.standard_normal((2, 1, 6, 7)))
print(report)
assert report.ok(1e-6)

# %% [markdown]
# There is no weight in a hole, so there is nothing to learn. The count of
# parameters stays.
#
# And the net? Both roads compute the same function of the same weights. So the
# gradients are the same, too: the stitched net's is the sum over its 16 passes.
# Say the stitched scores have the gradient `dy`; then pass $(i, j)$ has
# `dy[i::f, j::f]`.

# %%
dy, dx = rng.standard_normal(stitched.shape), np.zeros_like(image)
net.zero_grad()
for i, j in np.ndindex(f, f):
    net(image[:, :, i:, j:])
    dx[:, :, i:, j:] += net.backward(dy[:, :, i::f, j::f])
summed = [parameter.grad.copy() for parameter in net.parameters()]

net.zero_grad()
dense_net = rarefied(net)  # it has net's own Parameters, not copies
dense_net(image)
assert np.allclose(dense_net.backward(dy), dx, atol=1e-10)
for one, other in zip(summed, net.parameters()):
    print(one.shape, f"differ by {abs(one - other.grad).max():.0e}")
    assert np.allclose(one, other.grad, rtol=1e-10, atol=1e-10)
assert check_gradients(dense_net, image, samples=20).ok(1e-6)

# %% [markdown]
# ## What does each cost?
#
# **Predict.** Count the products in the net's three convolutions.
# Shift-and-stitch takes $f^2 = 16$ times those of one pass. And the net with
# holes: in which convolution does it save most against that, and in which
# nothing at all?


# %%
def work(net, size):
    """[multiply-adds of each convolution], for an image of `size` (H, W)"""
    counts = []
    for _, layer in net.children():
        if not isinstance(layer, ReLU):
            size = [w.output_size(n) for w, n in zip(layer.windows, size)]
        if isinstance(layer, Conv2d):
            counts.append(size[0] * size[1] * layer.weight.data.size)
    return np.array(counts)


size = 141, 141
shifts = [work(net, (size[0] - i, size[1] - j)) for i, j in np.ndindex(f, f)]
works = {"one pass": work(net, size), "stitched": sum(shifts)}
works["with holes"] = work(rarefied(net), size)
for name, counts in works.items():
    millions = counts / 1e6
    print(f"{name:10} {millions.round(2)} M, sum {millions.sum():.1f} M")
ratios = works["stitched"] / works["with holes"]
print("stitched / with holes:", ratios.round(2))
assert tuple(counts.sum() for counts in works.values()) == cost(net, size)
assert np.allclose(ratios, [16, 4, 1], rtol=0.1)

# %%
figure = new_figure(720, 360)
axes = figure.subplots()
colours = {"stitched": VERMILLION, "with holes": BLUE, "one pass": BLACK}
for shift, (name, colour) in zip((-0.27, 0, 0.27), colours.items()):
    places = np.arange(3) + shift
    bars = axes.bar(places, works[name] / 1e6, 0.25, color=colour, label=name)
    axes.bar_label(bars, fmt="%.1f", size=9)
axes.set_xticks(range(3), ["1st: rate 1", "2nd: rate 2", "3rd: rate 4"])
axes.set(ylabel="million multiply-adds", ylim=(0, 73))
axes.set_title("the three convolutions of the net, 141x141 pixels", size=11)
axes.legend(frameon=False)
show(
    figure,
    "10_cost",
    "Million multiply-adds of the three convolutions. Stitched: 65.3, 40.8, "
    "2.6; with holes: 4.2, 10.3, 2.6; one pass: 4.2, 2.6, 0.2.",
)

# %% [markdown]
# Behind strides of product $r$, the $f^2$ shifted passes hold $f^2/r^2$ copies
# of each dense pixel's number. So the first convolution is computed 16 times
# over, the second 4 times, the last not once too often. Stitching repeats the
# *early* layers. Their time, on your machine (best of three):

# %%
large = rng.standard_normal((1, 3, *size))
roads = {"one pass": net, "with holes": rarefied(net)}
roads["stitched"] = lambda x: shift_and_stitch(net, x)
for name, road in roads.items():
    taken = []
    for _ in range(3):
        begin = time.perf_counter()
        scores = road(large)
        taken.append(time.perf_counter() - begin)
    print(f"{name:10} {1e3 * min(taken):6.1f} ms, scores {scores.shape[2:]}")
assert scores.shape[2:] == (128, 128)

# %% [markdown]
# ## Dense is not fine
#
# With holes, then, we have all scores, and the receptive field that the net
# had. What is missing?
#
# **Predict.** Strides need not be a pooling's: AlexNet's first convolution has
# one of 4. Behind a convolution whose stride of 2 was left out stands an edge
# filter, weights 1 and -1. The dense map is 0 1 0 1 0 1 0 1: stripes, one pixel
# wide. What does the filter say of it without holes? And with holes of rate 2?

# %%
stripes = np.array([[0.0, 1] * 4])
print("no holes:", slide(stripes, [1, -1])[0])
print("rate 2:  ", slide(stripes, [1, 0, -1])[0])
assert abs(slide(stripes, [1, -1])).min() == 1
assert not slide(stripes, [1, 0, -1]).any()

# %% [markdown]
# Blind to the stripes. A filter with holes sees every second pixel, from here
# or from there: just what it saw before. It answers at more places, but not
# about finer things.
#
# Here are the scores of one class on a picture, by our net with its random
# weights: as one pass gives them; led up by bilinear stamps (lesson 9), so
# *guessed* between; and computed at every pixel.

# %%
device, reason = resolve_device()
print(reason)
row, col = np.indices((93, 93)) - 46
picture = abs(np.hypot(row, col) - 24) < 4  # a ring,
picture |= (abs(row - col) < 3) & (abs(row) < 40)  # and a stroke through it
picture = to_device(np.stack([picture] * 3)[None].astype("float32"), device)
net32 = net.astype("float32").to(device)
computed = to_host(shift_and_stitch(net32, picture))[:, :1]
same = to_host(rarefied(net32)(picture))[:, :1]
coarse = computed[:, :, ::f, ::f]
stamp = bilinear_weight(1, 2 * f - 1, dtype="float32")  # 1 in its middle
guessed = conv_transpose2d(coarse, stamp, (77, 77), f, padding=f - 1)
computed = computed[:, :, :77, :77]
assert np.allclose(computed, same[:, :, :77, :77], atol=1e-4)
assert np.allclose(guessed[:, :, ::f, ::f], coarse, atol=1e-5)
between = abs(guessed - computed).mean() / computed.std()
print(f"between, the guess is off by {between:.2f} standard deviations")
figure = new_figure(1000, 265)
parts = {"picture": to_host(picture)[0, 0], "one pass, 20x20": coarse[0, 0]}
parts |= {"led up, guessed": guessed[0, 0], "computed": computed[0, 0]}
for axes, (title, part) in zip(figure.subplots(1, 4), parts.items()):
    axes.imshow(part, cmap="cividis")
    axes.set_title(title, size=11)
    axes.set_axis_off()
show(
    figure,
    "10_dense",
    "A ring with a stroke through it; its scores in 20x20 blocks; those led "
    "up, blurred; and the scores computed at every pixel, with fine lines "
    "along ring and stroke.",
)

# %% [markdown]
# What is computed follows the ring where the guess blurs it. That is worth
# something: between the coarse scores the guess knows nothing. But each 16th
# part of the computed map is a map like the coarse one, from the same filters,
# begun at another pixel.
#
# ## Why the paper took neither
#
# The slides ask whether the two are "equivalent or not", and say that neither
# was used. They are equivalent, as you have shown. The paper weighs three ways
# against each other (sections 3.2 and 3.3):
#
# | way | scores | filters see | receptive field |
# |---|---|---|---|
# | strides left out (lesson 9) | dense | finer things | smaller |
# | shift-and-stitch = holes | dense | no finer things | the same |
# | one pass, led up (lesson 7) | dense | no finer things | the same |
#
# The first two cost far more work than the third. Let us count that for VGG16,
# with lesson 9's numbers.
#
# **Predict.** By which factor is FCN-VGG16's one pass cheaper than holes, on
# 500x500 pixels, and what part of it is the layer that leads up?

# %%
one_pass = 108e9  # multiply-adds, lesson 9's table
stitched = 32**2 * one_pass
holes = 134.3e6 * 500**2  # every weight at every pixel
up = 21 * 64**2 * 16**2  # 21 classes, a stamp of 64x64 for 16x16 scores
for name, products in (("shift-and-stitch", stitched), ("holes", holes)):
    print(f"{name:16} {products / one_pass:6.0f} times one pass")
print(f"leading up       {up / one_pass:8.4f} of one pass")
assert 300 < holes / one_pass < 320 and up / one_pass < 1e-3

# %% [markdown]
# For the price of one image with holes, 300 can be led up. And the fine things,
# which neither holes nor stamps see, come from elsewhere: the maps *before* the
# late poolings saw them. The paper adds those in, by skips (lesson 13), and
# found going up with skips both better and cheaper than the dense scores.
#
# The road itself was no dead end. Others left out only the *last* two strides,
# which costs far less, and put holes into what follows: DeepLab (Chen and
# others, 2015) and "dilated convolutions" (Yu and Koltun, 2016).

# %% [markdown]
# ## What was left out, and where the real thing stands
#
# - Shift-and-stitch with strides that differ along rows and columns, and images
#   where a shift leaves no room: `minifcn/alternatives/shift_and_stitch.py`.
# - A net with holes as a `Sequential` that shares its weights, with padding,
#   too, and the count of both: `minifcn/alternatives/rarefaction.py`. Why
#   shifts and padding do not go together: `minifcn/alternatives/nets.py`.
# - One pass over an image against patch by patch, as in our check:
#   `minifcn/alternatives/dense.py` (lesson 6).
# - Dilated convolutions, and poolings, without zeros:
#   `minifcn/convolution/textbook.py` and `minifcn/layers/pool.py`.

# %% [markdown]
# ## Exercises
#
# `python -m lessons test 10` puts them into `lessons/answers/`, for you to
# write there, and tells you what is right, and what is wrong if not.
#
# 1. `interlace`: the results of all shifts, laid into each other.
# 2. `pull_apart`: a kernel with holes, for any rate.
# 3. `rarefy`: of a list of layers, kernel and stride, the list of the net with
#    holes.
