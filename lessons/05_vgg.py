# %% [markdown]
# # 5. Why does VGG use nothing but small kernels?
#
# **Time:** 50 minutes
#
# **Know before:** the convolution, its padding and its stride (lesson 2);
# pooling and ReLU (lesson 4).
#
# The network that the paper builds upon is VGG: 3x3 kernels, layer upon layer,
# and little else. In this lesson you find out how much of the image a score
# sees, first by pushing pixels, then by a formula; what small kernels save; and
# where a network's 138 million numbers are. Then you set AlexNet and GoogLeNet
# beside it, and end with the paper's own table of the three, every number of it
# counted.

# %%
from typing import NamedTuple

import numpy as np

from lessontools import draw_maps, new_figure, pytorch, show
from minifcn.convolution import conv2d
from minifcn.gradcheck import check_gradients
from minifcn.layers import Conv2d, Layer, LocalResponseNorm, MaxPool2d
from minifcn.models.alexnet import AlexNet
from minifcn.models.googlenet import MODULES
from minifcn.models.vgg import CHANNELS, CONFIGURATIONS
from minifcn.pictures.colours import BLUE, GREEN, VERMILLION

rng = np.random.default_rng(0)

# %% [markdown]
# ## Networks that recognise, and what became of them
#
# **Recognition** means: an image comes in, one answer goes out, such as "tabby
# cat". The measure was ILSVRC, a yearly contest with a thousand classes and
# over a million photographs from the collection ImageNet. **AlexNet** won it in
# 2012, by far, with a convolutional network; in 2014 **GoogLeNet** won, and
# **VGG** came second. (In *localization*, where a box around the object is
# asked for too, VGG came first.)
#
# Lesson 1 told what became of them: what such a network had learned served to
# find boxes, then key points, then, patch by patch or region by region, a class
# for each pixel, always with steps before and after the network that did not
# learn with it. The paper's question is whether the network alone can do that.
# So we look at the network first, and ask of each score (a number that it says
# for a class): *which pixels does it see?*
#
# ## Two small kernels in a row
#
# Take one 3x3 convolution after another. With all weights 1 and an image of
# ones, any pixel that takes part in a score moves it when you push it up by 1.
# By how much it moves is the number of *paths* that lead from the pixel to the
# score.
#
# **Predict.** Which pixels does a score see after two 3x3 convolutions? After
# three? By which pixel is it moved the most?


# %%
def paths(kernels, size):
    """Push each pixel of (size, size): how far does the one score move?"""
    moves = np.zeros((size, size))
    for pixel in np.ndindex(size, size):
        x = np.ones((1, 1, size, size))
        x[0, 0][pixel] += 1
        for k in kernels:
            x = conv2d(x, np.ones((1, 1, k, k)))
        moves[pixel] = x.item()  # one number is left
    return moves - np.prod(np.square(kernels))


two, three = paths([3, 3], 5), paths([3, 3, 3], 7)
maps = {"one 5x5": paths([5], 5), "two 3x3": two}
maps |= {"one 7x7": paths([7], 7), "three 3x3": three}
figure, _ = draw_maps(maps, cell=38)
show(
    figure,
    "05_paths",
    "How far each pixel moves the score: 1 everywhere for one 5x5 and one 7x7 "
    "kernel; for two 3x3 kernels 9 in the middle, falling to 1 in the "
    "corners; for three 49 in the middle.",
)
assert (two > 0).all() and (three > 0).all()  # 5x5 and 7x7 are seen
assert two[2, 2] == 9 and three[3, 3] == 49

# %% [markdown]
# The pixels that a number depends on are its **receptive field**. Two 3x3
# kernels see what one 5x5 sees, three see what one 7x7 sees. But their view is
# no even one: many paths lead from the middle, one from each corner.
#
# ## What they cost
#
# A layer of $k \times k$ kernels from $C$ channels to $C$ channels has
# $k^2 C^2$ weights, besides the biases.
#
# **Predict.** How many weights has one 5x5 layer for each weight of two 3x3
# layers? One 7x7 layer for each weight of three 3x3 layers?

# %%
for big, count in ((5, 2), (7, 3)):
    one, stack = big**2, count * 3**2  # times C^2, both
    print(
        f"one {big}x{big}: {one} C^2   {count} of 3x3: {stack} C^2   "
        f"{100 * (one - stack) / stack:.0f} % more in the large one"
    )
    assert one > stack
assert round(100 * (49 - 27) / 27) == 81  # the VGG paper's figure

# %% [markdown]
# Multiplications are as many as weights, for each pixel: they shrink alike.
#
# ## Is anything lost? Anything won?
#
# Two convolutions in a row, with nothing in between, are one convolution: each
# weight of the second puts a copy of the first's kernel down. Such a 5x5 kernel
# is made of 9 + 9 numbers, so it cannot be every 5x5 kernel, which has 25.
#
# **Predict.** VGG puts a ReLU after *each* convolution. Is the pair still one
# convolution?

# %%
a, b = rng.standard_normal((2, 3, 3))
merged = np.zeros((5, 5))
for i, j in np.ndindex(3, 3):
    merged[i : i + 3, j : j + 3] += b[i, j] * a


def apply(x, *kernels, between=lambda x: x):
    first, *others = kernels
    x = conv2d(x[None, None], first[None, None])[0, 0]
    return apply(between(x), *others, between=between) if others else x


def relu(x):
    return np.maximum(x, 0)


x = rng.standard_normal((9, 9))
plain, bent = apply(x, a, b), apply(x, a, b, between=relu)
print("without ReLU, as one 5x5:", np.allclose(plain, apply(x, merged)))
print("with ReLU, as one 5x5:   ", np.allclose(bent, apply(x, merged)))
assert np.allclose(plain, apply(x, merged))
turned = apply(-x, a, b, between=relu)
assert not np.allclose(turned, -bent)  # what is linear would turn its sign

# %% [markdown]
# So the trade is: a little freedom given up, for fewer weights and for two or
# three **nonlinearities** in the place of one. A ReLU can cut off what the
# first layer found too little of, before the second adds it up; one linear
# layer cannot. (For the same reason configuration C, below, has 1x1
# convolutions: they see no more of the image, but each brings a ReLU.)
#
# ## How far a score sees: the formula
#
# Write $r$ for the receptive field and $j$ for the **stride of the map**: how
# many image pixels lie between two neighbours of it. The image itself has
# $r = 1$ and $j = 1$. A window of $k$ pixels adds $k - 1$ neighbours to the one
# in the middle, each $j$ image pixels further; and its own stride $s$ makes the
# map $s$ times coarser:
#
# $$r' = r + (k - 1) \, j$$
#
# $$j' = j \, s$$
#
# Kernels grow the field by a sum, strides by a product: after five poolings
# $j = 32$, and each 3x3 kernel would add 64 pixels.
#
# Here is VGG16, its 13 convolutions and 5 poolings taken from minifcn's own
# table. Three **fully connected** layers follow: the first sees all of the 7x7
# pixels that are left of 224x224, so we write it as a 7x7 kernel. (Lesson 6
# makes that exact.)


# %%
class Part(NamedTuple):
    """One layer: its window, and its channels. Poolings have no weights."""

    name: str
    kernel: int
    stride: int = 1
    inputs: int = 0
    outputs: int = 0
    groups: int = 1

    def weights(self):
        kernels = self.outputs * self.inputs // self.groups
        return kernels * self.kernel**2

    def parameters(self):
        return self.weights() + self.outputs  # with a bias for each output


def vgg(configuration, n_class=1000):
    """The Parts of one of the CONFIGURATIONS."""
    parts, inputs, blocks = [], 3, CONFIGURATIONS[configuration]
    for number, (outputs, kernels) in enumerate(zip(CHANNELS, blocks), 1):
        for i, kernel in enumerate(kernels, 1):
            name = f"conv{number}_{i}"
            parts.append(Part(name, kernel, 1, inputs, outputs))
            inputs = outputs
        parts.append(Part(f"pool{number}", 2, 2))
    return parts + fully_connected(7, inputs, n_class)


def fully_connected(size, inputs, n_class):
    shapes = (size, inputs, 4096), (1, 4096, 4096), (1, 4096, n_class)
    return [Part(f"fc{n}", k, 1, i, o) for n, (k, i, o) in enumerate(shapes, 6)]


# %% [markdown]
# **Predict.** With pencil and paper: $r$ and $j$ after conv1_1, conv1_2, pool1
# and conv2_1. Then guess $r$ at the end.


# %%
def fields(parts):
    """[(r, j)] after each part."""
    r, j, found = 1, 1, []
    for part in parts:
        r, j = r + (part.kernel - 1) * j, j * part.stride
        found.append((r, j))
    return found


for part, (r, j) in zip(vgg("D"), fields(vgg("D"))):
    print(f"{part.name:8} {part.kernel}x{part.kernel}   r = {r:3}   j = {j}")
assert [r for r, _ in fields(vgg("D"))[:4]] == [3, 5, 6, 10]
assert fields(vgg("D"))[-1] == (404, 32)

# %% [markdown]
# 404 pixels, and the images are of 224! A score in the middle sees all of the
# image, and the padding around it. The paper's table says 404, and 32 for the
# largest stride.
#
# ## How far a score sees: the experiment
#
# A formula wants to be tried. We push each pixel again, but of a row only:
# along columns the same happens. Image number $i$ is all ones, but for a push
# at pixel $i$; all 1000 images go through the network at once. The weights are
# ones, and nothing pads.
#
# **Predict.** How many of the 1000 images change the first score? Which is the
# first image that changes the *second* score?


# %%
def push(parts, size):
    """-> (size, scores): whether pushing a pixel moves a score"""
    x = np.ones((size + 1, 1, 1, size))  # the last one is not pushed
    x[range(size), 0, 0, range(size)] += 1
    for part in parts:
        kernel, stride = (1, part.kernel), (1, part.stride)
        if part.name.startswith("pool"):
            layer = MaxPool2d(kernel, stride).eval()
        else:
            layer = Conv2d(1, 1, kernel, stride).astype("float64").eval()
            layer.weight.data[...] = 1
        x = layer(x)
    return x[:-1, 0, 0] != x[-1, 0, 0]


seen = push(vgg("D"), 1000)
first = np.flatnonzero(seen[:, 0])
second = np.flatnonzero(seen[:, 1])
print(f"score 0 sees pixels {first[0]} to {first[-1]}: {len(first)}")
print(f"score 1 sees pixels {second[0]} to {second[-1]}: {len(second)}")
assert len(first) == len(second) == 404 and second[0] == 32

# %% [markdown]
# ## Configurations A to E
#
# The VGG paper tried six networks, from 11 to 19 **weight layers**:
# convolutions and fully connected layers. A **configuration** says how many
# convolutions each of the five blocks has; after each block a pooling halves
# the map. The blocks have 64, 128, 256, 512 and 512 channels.
#
# **Predict.** E has 8 convolutions more than A. How many times as many
# parameters has it: 1.1, 1.7 or 3 times?

# %%
print("       layers  parameters  receptive field  kernels of the blocks")
millions, kinds = {}, {}
for name, blocks in CONFIGURATIONS.items():
    parts = vgg(name)
    kinds[name] = sum(part.outputs > 0 for part in parts)
    millions[name] = sum(part.parameters() for part in parts) / 1e6
    text = " ".join("".join(map(str, kernels)) for kernels in blocks)
    r = fields(parts)[-1][0]
    print(f"{name:7}{kinds[name]:5}{millions[name]:11.1f}M{r:13}      {text}")
assert list(kinds.values()) == [11, 11, 13, 16, 16, 19]
assert [round(m) for m in millions.values()] == [133, 133, 133, 134, 138, 144]

# %% [markdown]
# Hardly more! The convolutions are not where the parameters are. Count both,
# parameters and **multiply-adds** (one product, added to a sum), in each part
# of VGG16; M is a million, G a billion. A convolution uses its weights once for
# every pixel of its output map, a fully connected layer uses each just once.
#
# **Predict.** Which layer has the most parameters? Which block computes the
# most?


# %%
def work(parts, size):
    """[multiply-adds of each part]; convolutions keep the map's size"""
    found = []
    for part in parts:
        size //= part.stride
        if part.name.startswith("fc"):
            size = 1
        found.append(part.weights() * size**2)
    return found


groups = {f"block {n}": f"conv{n}" for n in range(1, 6)}
groups |= {f"fc{n}": f"fc{n}" for n in (6, 7, 8)}
parts, adds = vgg("D"), work(vgg("D"), 224)
shares = {}
for title, prefix in groups.items():
    chosen = [n for n, p in enumerate(parts) if p.name.startswith(prefix)]
    parameters = sum(parts[n].parameters() for n in chosen) / 1e6
    shares[title] = parameters, sum(adds[n] for n in chosen) / 1e9
    count, work_done = shares[title]
    print(f"{title:8}{count:7.1f}M parameters {work_done:6.2f}G multiply-adds")
billions = sum(adds) / 1e9
print(f"together{millions['D']:7.1f}M parameters {billions:6.2f}G")
assert shares["fc6"][0] > 0.7 * millions["D"]
assert shares["fc6"][1] < 0.01 * sum(adds) / 1e9

# %%
figure = new_figure(760, 320)
both = ("parameters (millions)", BLUE), ("multiply-adds (billions)", VERMILLION)
for n, (axes, (title, colour)) in enumerate(zip(figure.subplots(1, 2), both)):
    values = [share[n] for share in shares.values()]
    bars = axes.barh(list(shares), values, color=colour)
    axes.bar_label(bars, fmt="%.1f", padding=3, fontsize=9)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.2 * max(values))
    axes.set_title(f"VGG16: {title}", size=11)
    axes.spines[["top", "right"]].set_visible(False)
show(
    figure,
    "05_shares",
    "Bar charts of VGG16's parts. fc6 has 102.8 of its 138 million "
    "parameters; of the multiply-adds blocks 3 and 4 have 4.6 billion each, "
    "fc6 to fc8 next to none.",
)

# %% [markdown]
# One layer, fc6, has three quarters of all parameters, and next to none of the
# work. Remember both for lesson 6, where fc6 meets large images.
#
# The lecture's slides (lesson 1) make five points of VGG. With what we know
# now:
#
# - *Use VGG16 or VGG19; VGG19 is only slightly better, and takes more memory.*
#   In the VGG paper their first guess was wrong for 25.6 and 25.5 of 100
#   validation images. The paper takes VGG16.
# - *Training is similar to AlexNet's*: the same optimizer, batches of 256,
#   dropout after fc6 and fc7. A's weights start the deeper networks.
# - *Use ensembles for best results*: several networks' answers, averaged.
# - *The features of fc7 generalize well*: the 4096 numbers before the last
#   layer serve other tasks, too. The paper rests on that.
# - *No local response normalisation.* That comes next.

# %% [markdown]
# ## A-LRN: neighbours damp each other
#
# AlexNet had **local response normalisation**: a channel that is loud at some
# pixel damps the channels beside it, there. With five neighbours, itself in the
# middle, at one pixel:
#
# $$s_c = 2 + \alpha \sum_{j=c-2}^{c+2} x_j^2$$
#
# $$y_c = x_c \, s_c^{-\beta}$$
#
# with $\alpha = 10^{-4}$ and $\beta = 0.75$. Beyond the first and the last
# channel there are zeros.
#
# **Predict.** Eight channels, all 20, but for a 200 in the third. Which
# channels does it damp? What becomes of a channel far from it?


# %%
ALPHA, BETA = 1e-4, 0.75


def neighbours(values):
    """(..., C) -> the sum of each and of two on either side"""
    padded = np.pad(values, [(0, 0)] * (values.ndim - 1) + [(2, 2)])
    return sum(padded[..., i : i + values.shape[-1]] for i in range(5))


def normalise(x):
    return x * (2 + ALPHA * neighbours(x**2)) ** -BETA


loud = np.array([20.0, 20, 200, 20, 20, 20, 20, 20])
print("before:", loud)
print("after: ", normalise(loud).round(1))
after = normalise(loud)
assert (after[[0, 1, 3, 4]] < 0.6 * after[5:].min()).all()
theirs = LocalResponseNorm(5, alpha=5 * ALPHA, beta=BETA, k=2.0)
assert np.allclose(after, theirs(loud.reshape(1, 8, 1, 1)).ravel())

# %% [markdown]
# (minifcn, like PyTorch, divides its `alpha` by the 5.) It has a way back, too.
# An input $x_c$ stands in $y_c$ itself, and in the $s_i$ of each neighbour $i$,
# its own among them:
#
# $$\frac{\partial L}{\partial x_c} = \frac{\partial L}{\partial y_c} \,
# s_c^{-\beta} - 2 \alpha \beta \, x_c \sum_{i=c-2}^{c+2}
# \frac{\partial L}{\partial y_i} \, \frac{y_i}{s_i}$$
#
# **Predict.** Is the gradient of a loud channel's input larger or smaller than
# `dy`?


# %%
class Normalisation(Layer):
    """x (N, C) -> y (N, C)"""

    def forward(self, x):
        s = 2 + ALPHA * neighbours(x**2)
        y = x * s**-BETA
        self.keep(x, y, s)
        return y

    def backward(self, dy):
        x, y, s = self.kept()
        shared = neighbours(dy * y / s)
        return dy * s**-BETA - 2 * ALPHA * BETA * x * shared


layer = Normalisation()
report = check_gradients(layer, 100 * rng.standard_normal((2, 8)))
print(report)
assert report.ok(1e-6)
layer(loud[None])
dx = layer.backward(np.eye(8)[[2]])  # dy is 1 for the loud channel, else 0
print("dx of the loud channel:", dx[0, 2].round(3))
print("the first term alone:  ", (after[2] / loud[2]).round(3))
assert abs(dx[0, 2]) < 0.1 * after[2] / loud[2]
if torch := pytorch():
    x = torch.tensor(loud[None, :, None], requires_grad=True)  # (1, 8, 1)
    how = {"alpha": 5 * ALPHA, "beta": BETA, "k": 2.0}
    torch.nn.functional.local_response_norm(x, 5, **how)[0, 2, 0].backward()
    print("PyTorch's dx is the same:", np.allclose(x.grad[0, :, 0], dx[0]))
    assert np.allclose(x.grad[0, :, 0], dx[0])

# %% [markdown]
# Next to nothing is left: were the loud channel louder, it would damp itself
# the more.
#
# Did it help? A-LRN is A with such a layer after its first convolution. In the
# VGG paper A was wrong for 29.6 of 100 images, A-LRN for 29.7, with more memory
# and time. So B to E have none. (What took its place years later is batch
# normalisation, which is another story.)
#
# ## AlexNet beside it: groups
#
# AlexNet is shallow and starts large: 11x11 kernels with stride 4. It was
# trained on two GPUs with 3 GB each; to keep them from talking to each other,
# half of the channels lay on either. Such halves are called **groups**: in
# conv2, conv4 and conv5 a kernel sees only the channels of its own group.
#
# **Predict.** conv2 has 5x5 kernels, 96 channels in and 256 out. How many
# weights has it with two groups, against one?


# %%
def alexnet(n_class=1000):
    parts, inputs = [], 3
    for number, stage in enumerate(AlexNet.stages, 1):
        shape = stage.kernel, stage.stride, inputs, stage.channels
        parts.append(Part(f"conv{number}", *shape, stage.groups))
        if stage.pool:
            parts.append(Part(f"pool{number}", 3, 2))
        inputs = stage.channels
    return parts + fully_connected(6, inputs, n_class)


conv2 = next(part for part in alexnet() if part.name == "conv2")
whole = conv2._replace(groups=1)
print("conv2:", conv2.weights(), "weights; in one group", whole.weights())
assert whole.weights() == 2 * conv2.weights()
x = rng.standard_normal((1, 4, 5, 5))
weight = rng.standard_normal((6, 2, 3, 3))  # 6 kernels, each sees 2 channels
halves = [conv2d(x[:, :2], weight[:3]), conv2d(x[:, 2:], weight[3:])]
assert np.allclose(conv2d(x, weight, groups=2), np.concatenate(halves, axis=1))

# %% [markdown]
# ## GoogLeNet beside it: look at several scales at once
#
# GoogLeNet is built of nine **inception modules**. Each looks at the same map
# in four ways, side by side, and joins the results along the channels: 1x1, 3x3
# and 5x5 kernels, and a 3x3 pooling with stride 1. The trick is what stands
# *before* the large kernels and after the pooling: 1x1 convolutions that
# **reduce** the channels. Module 3a has 28x28 pixels with 192 channels:
#
# | way | reduced to | comes out |
# |---|---|---|
# | 1x1 | | 64 |
# | 3x3 | 96 | 128 |
# | 5x5 | 16 | 32 |
# | pooling | | 192, reduced to 32 |
#
# **Predict.** How many times the multiply-adds would 3a need without its
# reductions? And how many channels would come out, where all 192 go through the
# pooling?


# %%
def inception(inputs, sizes):
    """The Parts of a module; sizes are those of minifcn's MODULES."""
    one, reduce3, three, reduce5, five, project = sizes
    return [
        Part("1x1", 1, 1, inputs, one),
        Part("3x3_reduce", 1, 1, inputs, reduce3),
        Part("3x3", 3, 1, reduce3, three),
        Part("5x5_reduce", 1, 1, inputs, reduce5),
        Part("5x5", 5, 1, reduce5, five),
        Part("pool_proj", 1, 1, inputs, project),
    ]


assert MODULES["3a"] == (64, 96, 128, 16, 32, 32)  # as in the table
one, _, three, _, five, project = MODULES["3a"]
plain = [Part("1x1", 1, 1, 192, one)]
plain += [Part("3x3", 3, 1, 192, three), Part("5x5", 5, 1, 192, five)]
reduced = sum(work(inception(192, MODULES["3a"]), 28)) / 1e6
unreduced = sum(work(plain, 28)) / 1e6
print(f"with reduction: {reduced:.0f}M, {one + three + five + project} out")
print(f"without:        {unreduced:.0f}M, {one + three + five + 192} out")
assert unreduced > 2.3 * reduced and one + three + five + 192 == 416

# %% [markdown]
# And the next module would begin with 416 channels instead of 256: without
# reduction they can only grow. (1x1 kernels sum over channels at one pixel;
# lesson 6 says more of them.)
#
# After the last module GoogLeNet takes the **average** of each channel over its
# whole 7x7 map, and has one small fully connected layer of 1024 inputs, in the
# place of VGG's 124 million weights. (While it trains, it has two further
# classifiers on the way, for the gradient's sake. The paper leaves them out,
# and so do we.)


# %%
def googlenet(n_class=1000):
    """(parts on the path that sees most, all parameters)"""
    seen = [Part("conv1", 7, 2, 3, 64), Part("pool1", 3, 2)]
    seen += [Part("conv2_reduce", 1, 1, 64, 64), Part("conv2", 3, 1, 64, 192)]
    total, inputs = sum(part.parameters() for part in seen if part.outputs), 192
    seen.append(Part("pool2", 3, 2))
    for name, sizes in MODULES.items():
        parts = inception(inputs, sizes)
        total += sum(part.parameters() for part in parts)
        seen += [part for part in parts if part.name.startswith("5x5")]
        if name in ("3b", "4e"):
            seen.append(Part("pool", 3, 2))
        inputs = sizes[0] + sizes[2] + sizes[4] + sizes[5]
    last = Part("classifier", 1, 1, inputs, n_class)
    return [*seen, Part("pool5", 7), last], total + last.parameters()


# %% [markdown]
# ## The paper's table, counted
#
# Section 4.1 of the paper has a table of the three networks, with 21 classes.
# "Conv. layers" counts all layers with weights, one after the other: a module's
# reduction and its kernel are two.
#
# **Predict.** Which of the three sees farthest? (Count strides before you count
# kernels.)

# %%
table = {}
for name, parts in {"AlexNet": alexnet(21), "VGG16": vgg("D", 21)}.items():
    table[name] = parts, sum(part.parameters() for part in parts)
table["GoogLeNet"] = googlenet(21)
print("           layers  parameters  receptive field  stride")
for name, (parts, parameters) in table.items():
    layers = sum(part.outputs > 0 for part in parts)
    r, j = fields(parts)[-1]
    print(f"{name:11}{layers:6}{parameters / 1e6:11.1f}M{r:17}{j:8}")
    table[name] = layers, round(parameters / 1e6), r, j
assert table["AlexNet"] == (8, 57, 355, 32)
assert table["VGG16"] == (16, 134, 404, 32)
assert table["GoogLeNet"] == (22, 6, 907, 32)

# %%
networks = {"AlexNet": alexnet(), "VGG16": vgg("D")}
networks["GoogLeNet"] = googlenet()[0]
for parts in networks.values():  # pushed pixels say the same
    seen = push(parts, 1000)
    assert seen[:, 0].sum() == fields(parts)[-1][0]
    assert np.flatnonzero(seen[:, 1])[0] == 32
print("Pushing the pixels of all three gives the same fields and strides.")
figure = new_figure(700, 380)
axes = figure.subplots()
looks = (BLUE, "s"), (VERMILLION, "o"), (GREEN, "^")
for (name, parts), (colour, marker) in zip(networks.items(), looks):
    grown = [r for r, _ in fields(parts)]
    x = range(1, len(grown) + 1)
    axes.plot(x, grown, color=colour, marker=marker, markersize=4)
    label = f" {name} {grown[-1]}"
    axes.text(len(grown) + 0.3, grown[-1], label, color=colour, va="center")
axes.set(xlabel="layer, poolings counted", ylabel="receptive field, pixels")
axes.set(xlim=(0, 36), ylim=(0, 960))
axes.spines[["top", "right"]].set_visible(False)
show(
    figure,
    "05_fields",
    "Receptive fields grow with the layers, slowly at first, then steeply: "
    "AlexNet's to 355 pixels, VGG16's to 404, GoogLeNet's to 907.",
)

# %% [markdown]
# The lines rise slowly at first and steeply later: each stride makes every
# kernel after it reach farther. All three end at stride 32, by five poolings or
# by strided convolutions and fewer poolings. Two remarks on GoogLeNet's 907. It
# counts the 7x7 average, which alone adds $6 \cdot 32 = 192$ pixels; the FCN
# made of it drops that layer, and its scores see 715. And a score that *can*
# see 907 pixels does not see all of them equally, as the very first figure told
# you.

# %% [markdown]
# ## What was left out, and where the real thing stands
#
# - The networks themselves, with weights and gradients:
#   `minifcn/models/vgg.py`, `minifcn/models/alexnet.py`,
#   `minifcn/models/googlenet.py`, and what they share,
#   `minifcn/models/classifier.py`. Padding shifts receptive fields and does not
#   enlarge them; where a map's pixels lie on the image:
#   `minifcn/convolution/geometry.py`.
# - `python -m minifcn summary fcn-vgg16` prints such a table of any FCN here,
#   layer by layer: `minifcn/models/summary.py`.
# - The layers that run groups, branches and normalisation:
#   `minifcn/layers/conv.py`, `minifcn/layers/sequential.py`,
#   `minifcn/layers/norm.py`.
# - Published weights, which take the contest's million photographs to learn:
#   lesson 12.

# %% [markdown]
# ## Exercises
#
# `python -m lessons test 5` puts them into `lessons/answers/`, for you to write
# there, and tells you what is right, and what is wrong if not.
#
# 1. `receptive_field`: $r$ and $j$ of any pile of layers, with dilation too.
# 2. `parameters`: all of a VGG's, for any configuration, from its kernels.
# 3. `inception_work`: the multiply-adds of an inception module.
