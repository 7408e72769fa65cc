# %% [markdown]
# # 13. How do what and where come together?
#
# **Time:** 60 minutes
#
# **Know before:** the gradients of a convolution (lesson 2), the transposed
# convolution (lesson 7), and FCN-32s, the net that it makes of a classifier
# (lesson 12).
#
# FCN-32s knows *what* is in an image, but paints it with a brush of 32 pixels.
# Earlier layers know *where* things end, but not what they are. The paper adds
# the two: a **skip** leads from an early layer past all others to the output.
# In this lesson you measure what each layer knows, write a skip with its
# backward pass, see why it begins as zero, and find out where the strange
# numbers 5, 9, 27 and 31 in everybody's code come from.

# %%
import copy
from fractions import Fraction

import numpy as np

from lessontools import new_figure, pytorch, show
from minifcn.backend import resolve_device, to_device, to_host
from minifcn.gradcheck import check_gradients
from minifcn.layers import (
    Conv2d,
    Layer,
    MaxPool2d,
    ReLU,
    Sequential,
    SoftmaxCrossEntropy,
    bilinear_upsampling,
)
from minifcn.metrics import ConfusionMatrix
from minifcn.models import FCN8s, FCN16s, FCN32s
from minifcn.models.summary import summarize
from minifcn.models.transplant import transplant
from minifcn.optim import SGD
from minifcn.pictures.colours import BLACK, BLUE, VERMILLION

rng = np.random.default_rng(0)

# %% [markdown]
# ## Low layers and high layers
#
# Recall two numbers from lesson 5. A map's **receptive field** is the part of
# the image that one of its pixels looks at; its **stride** is how many image
# pixels lie between two of its pixels. VGG16's layers make shapes out of lines,
# and things out of shapes: low layers find lines, curves, colours (**local**
# features), high layers whole objects (**global** features).
#
# **Predict.** VGG16 has five blocks, each with a pooling that halves the map.
# What is the stride of pool3, pool4, pool5? Does the receptive field grow
# faster or more slowly than the stride?

# %%
# The geometry is that of the full net; thin layers save time.
thin = {"width": 1 / 16, "fc_channels": 16, "n_class": 5}
rows = {row.name: row for row in summarize(FCN8s(**thin), (500, 500))}
names = ["conv1_1", "pool1", "pool2", "pool3", "pool4", "pool5", "fc6"]
print("layer    receptive field  stride")
for name in names:
    print(f"{name:7}  {rows[name].receptive_field:15}  {rows[name].stride}")
assert [rows[f"pool{n}"].stride for n in (3, 4, 5)] == [8, 16, 32]
assert [rows[n].receptive_field for n in ("pool3", "fc6")] == [44, 404]

# %% [markdown]
# A pixel of fc6 sees 404 pixels, most of an image: enough to know a cow from a
# horse. But the next one lies 32 pixels further, and an ear is smaller than
# that. pool3 places what it sees to 8 pixels, but sees only 44. No layer has
# both.
#
# ## A small world
#
# To see that with your own eyes in seconds, here is a world of two forms:
# **crosses** (class 1) and **frames** (class 2) on noise (class 0). Both are
# made of the same bars, brighter or darker than the ground. Who looks at a
# piece of bar cannot tell which it is.


# %%
def scene(rng, size=40):
    """An image (1, size, size) and its labels (size, size): 0, 1, 2."""
    y, x = np.mgrid[:size, :size]
    image = rng.normal(0, 0.3, (size, size))
    label = np.zeros((size, size), int)
    for form, side in zip(rng.permutation(2) + 1, (0, size // 2)):
        half = rng.integers(6, 10)
        cy = rng.integers(half, size - half)
        cx = rng.integers(half, 14) + side
        near = np.minimum(abs(y - cy), abs(x - cx))
        far = np.maximum(abs(y - cy), abs(x - cx))
        bars = (far <= half) & ((near <= 2) if form == 1 else (far > half - 4))
        image[far <= half] = rng.normal(0, 0.3, (far <= half).sum())
        image[bars] += rng.choice([-1, 1]) * rng.uniform(0.8, 1.5)
        label[far <= half] = 0
        label[bars] = form
    return image[None].astype("float32"), label


def scenes(count):
    """Images (count, 1, 40, 40) and labels (count, 40, 40)."""
    images, labels = zip(*(scene(rng) for _ in range(count)))
    return np.stack(images), np.stack(labels)


train, test = scenes(200), scenes(60)
print("to learn from:", train[0].shape, " to test on:", test[0].shape)

# %% [markdown]
# The net is FCN-32s in the small: three blocks, each with a pooling, one more
# layer that looks around, a score for each class, and back up by 8 with the
# bilinear stamps of lesson 7. As the paper names nets by the stride that they
# come from, this is our **8s**.


# %%
def conv_relu(before, after, kernel):
    conv = Conv2d(before, after, kernel, padding=kernel // 2, rng=rng)
    return [conv, ReLU(inplace=True)]


def up_by(factor):
    up = bilinear_upsampling(3, factor)  # 3 classes
    up.weight.trainable = False
    return up


block1 = Sequential(*conv_relu(1, 8, 5), MaxPool2d(2))
block2 = Sequential(*conv_relu(8, 16, 3), MaxPool2d(2))
block3 = Sequential(*conv_relu(16, 32, 3), MaxPool2d(2))
block1.named["0"].input_gradient = False  # nobody asks how to change images
look = Sequential(*conv_relu(32, 32, 3))
score = Conv2d(32, 3, 1, rng=rng)
net8s = Sequential(block1, block2, block3, look, score, up_by(8))


def fit(net, steps, lr, data=train, seed=1):
    """Steps of SGD with momentum on 8 images each."""
    net.train()
    loss, draw = SoftmaxCrossEntropy(), np.random.default_rng(seed)
    optimizer = SGD(net.parameters(), lr, momentum=0.9, weight_decay=5e-4)
    for _ in range(steps):
        some = draw.choice(len(data[0]), 8, replace=False)
        net.zero_grad()
        loss(net(data[0][some]), data[1][some])
        net.backward(loss.backward())
        optimizer.step()


fit(net8s, 150, lr=0.1)


# %%
def scores_of(net, images):
    """(N, 3, 40, 40)"""
    return net.eval()(images)


def figures_of(net):
    """Pixel accuracy and mean IU (lesson 1) on the test scenes."""
    matrix = ConfusionMatrix(3)
    matrix.update(scores_of(net, test[0]).argmax(1), test[1])
    return matrix.pixel_accuracy, matrix.mean_iu


results = {"8s": figures_of(net8s)}
print("8s: pixel accuracy {:.3f}, mean IU {:.3f}".format(*results["8s"]))

# %% [markdown]
# **Predict.** Which maps of this net will you be able to read as the image,
# which not? What does its answer look like where a frame has its hole?

# %%
image, truth = test[0][7:8], test[1][7]
low = scores_of(block1, image)[0]
high = scores_of(Sequential(block1, block2, block3, look, score), image)[0]
print("low maps", low.shape, " scores of the last maps", high.shape)
figure = new_figure(1000, 440)
axes = figure.subplots(2, 5)
for ax in axes.flat:
    ax.set_axis_off()
pictures = {(0, 0): (image[0, 0], "image"), (1, 0): (truth, "truth")}
pictures[1, 4] = scores_of(net8s, image)[0].argmax(0), "the net's answer"
for place, channel in enumerate(low.std(axis=(1, 2)).argsort()[:-4:-1]):
    pictures[0, place + 1] = low[channel], f"pool1, channel {channel}"
for place, form in enumerate(("ground", "cross", "frame")):
    pictures[1, place + 1] = high[place], f'scores of "{form}"'
for place, (picture, title) in pictures.items():
    axes[place].imshow(picture, cmap="gray" if place == (0, 0) else "cividis")
    axes[place].set_title(title, size=11)
show(
    figure,
    "13_maps",
    "An image of a cross and a frame, and three channels of pool1 that show "
    "bars or ground sharply; the truth, the scores of ground, cross and frame "
    "in 5x5 blocks each, and the net's answer, blots where the two forms are.",
)
assert low.shape == (8, 20, 20) and high.shape == (3, 5, 5)

# %% [markdown]
# pool1's channels are the image again, here its bars, there the ground between
# them: sharp, and without any idea of crosses. The scores that the net makes of
# its last map are 5x5 blocks for each class (bright is high): "ground" where
# nothing stands; "cross" and "frame" highest where the one and the other
# stands, and not low enough elsewhere. The answer, a mixture of such blocks,
# has both forms in about the right places, as blots: no bar has its outline,
# and the frame has no hole.
#
# ## Ask each layer by itself
#
# Let us measure it. We take a map as it is, train nothing but a score layer on
# it (1x1: it looks at one pixel of the map alone), and go up to the image's
# size. Two questions:
#
# - **Where?** Of the pixels within 2 of an outline: how many are rightly told
#   to be bar or ground?
# - **What?** Of a bar's pixels: how often does the right form score higher than
#   the wrong one? Who guesses is right in half of the cases.
#
# **Predict.** Which of pool1 and the last map wins which question?


# %%
def reader_of(maps, factor):
    """A score layer on (blocks of) maps, trained alone, and the way up."""
    features = [scores_of(maps, part[0]) for part in (train, test)]
    channels = features[0].shape[1]
    reader = Sequential(Conv2d(channels, 3, 1, rng=rng), up_by(factor))
    fit(reader, 100, lr=0.1, data=(features[0], train[1]))
    return scores_of(reader, features[1])


bar = test[1] > 0
edge = np.zeros_like(bar)
for axis in (1, 2):
    for by in (-2, -1, 1, 2):
        edge |= bar != np.roll(bar, by, axis)


def where(scores):
    return ((scores.argmax(1) > 0) == bar)[edge].mean()


def what(scores):
    return ((scores[:, 2] > scores[:, 1]) == (test[1] == 2))[bar].mean()


fine = reader_of(Sequential(block1), 2)
coarse = scores_of(net8s, test[0])
print("           where  what")
print(f"pool1      {where(fine):.2f}   {what(fine):.2f}")
print(f"last map   {where(coarse):.2f}   {what(coarse):.2f}")
assert where(fine) > where(coarse) + 0.05
assert what(coarse) > what(fine) + 0.1

# %% [markdown]
# pool1 sees 6x6 pixels, enough for an outline, and on the question of the form
# it almost guesses. The last map knows the form, and misses outlines. So both
# are needed: the *combination* of **what and where** (the title of the paper's
# section 4.2).
#
# ## The skip: a sum
#
# Nothing could be simpler. Call the map that forks $p$ (a pool). One road goes
# on through all deeper layers to coarse scores, and up by 2: now they have
# $p$'s size. The other, the skip, is a score layer right on $p$. Add:
#
# $$s = \mathrm{up}(\mathrm{deep}(p)) + \mathrm{score}(p)$$
#
# Both terms are scores, one number for each class and pixel, so the sum is too:
# the deep term says "frame, hereabouts", the other "ground, just here".
#
# ## Backward through a sum and a fork
#
# The sum first. If $s = a + b$, a little more of $a$ is as much more of $s$, so
# $\frac{\partial L}{\partial a} = \frac{\partial L}{\partial s}$, and the same
# for $b$: **a sum hands its gradient to both of its terms**, whole.
#
# The fork: $p$ goes two ways, and the loss feels a change of $p$ through both.
# Each way has its own derivative, and the chain rule adds them. With both ways
# written as matrices of derivatives, $J$ for up and deep, $K$ for the score
# layer:
#
# $$\frac{\partial L}{\partial p} =
# J^\top \, \frac{\partial L}{\partial s} +
# K^\top \, \frac{\partial L}{\partial s}$$
#
# Forward a fork copies and a sum adds; backward it is the sum that copies and
# **the fork that adds**.


# %%
class Skip(Layer):
    """up(deep(pool)) + score(pool). pool (N, C, H, W), scores (N, 3, H, W)"""

    def __init__(self, deep, channels):
        self.deep, self.up = deep, up_by(2)
        self.score = Conv2d(channels, 3, 1)
        self.score.weight.data[...] = 0  # why, comes below

    def forward(self, pool):
        return self.up(self.deep(pool)) + self.score(pool)

    def backward(self, dy):
        by_deep = self.deep.backward(self.up.backward(dy))
        return by_deep + self.score.backward(dy)


# %% [markdown]
# **Predict.** What does a numerical check say of a backward pass that forgets
# one of the branches: is the gradient of the input wrong, or those of the
# weights, too?


# %%
class Forgetful(Skip):
    def backward(self, dy):
        self.score.backward(dy)
        return self.deep.backward(self.up.backward(dy))


for kind in (Skip, Forgetful):
    small = Sequential(*conv_relu(2, 3, 3), MaxPool2d(2), Conv2d(3, 3, 1))
    skip = kind(small, channels=2)
    skip.score.weight.data[...] = rng.standard_normal((3, 2, 1, 1))
    report = check_gradients(skip, rng.standard_normal((1, 2, 4, 6)))
    print(kind.__name__, report, sep="\n")
    assert (report["input"] < 1e-6) == (kind is Skip)
    assert report["score.weight"] < 1e-6 and report["deep.0.weight"] < 1e-6

# %%
if torch := pytorch():
    functional, draw = torch.nn.functional, np.random.default_rng(1)
    skip = Skip(Sequential(MaxPool2d(2), Conv2d(2, 3, 1, rng=draw)), 2)
    skip.score.weight.data[...] = draw.standard_normal((3, 2, 1, 1))
    skip.astype("float64")
    pool = draw.standard_normal((1, 2, 4, 6))
    dy = draw.standard_normal((1, 3, 4, 6))
    scores = skip(pool)
    p = torch.tensor(pool, requires_grad=True)
    w = {n: torch.tensor(v.data) for n, v in skip.named_parameters()}
    deep = functional.max_pool2d(p, 2)
    deep = functional.conv2d(deep, w["deep.1.weight"], w["deep.1.bias"])
    how = {"stride": 2, "padding": 1, "groups": 3}  # a stamp for each class
    up = functional.conv_transpose2d(deep, w["up.weight"], **how)
    theirs = up + functional.conv2d(p, w["score.weight"], w["score.bias"])
    theirs.backward(torch.tensor(dy))
    assert np.allclose(theirs.detach(), scores)
    assert np.allclose(p.grad, skip.backward(dy))
    print("PyTorch's scores and gradient are the same")

# %% [markdown]
# Only the input's gradient is wrong: the weights *inside* both branches learn
# as they should. The error sits in the layers before the fork, which learn for
# one branch alone; a network would still get better, only less so. That is why
# one checks.
#
# ## Begin as the coarser net
#
# Now the trained 8s becomes a **4s**: the same blocks, cut open behind block 2.
# Its new score layer starts as **zero**, weights and bias.
#
# **Predict.** (1) What does the 4s answer before any training? (2) Which
# gradients are zero at the first step: that of the new layer's weights, that
# which it hands down to the pool, both, or none?

# %%
skip2 = Skip(Sequential(block3, look, score), channels=16)
net4s = Sequential(block1, block2, skip2, up_by(4))
pool = Sequential(block1, block2).train()(train[0][:8])
by_2 = skip2.train()(pool)
assert np.array_equal(by_2, skip2.up(skip2.deep(pool)))
handed_down = skip2.score.backward(rng.standard_normal(by_2.shape, "float32"))
gradient = skip2.score.weight.grad
print("largest gradient handed down:", abs(handed_down).max())
print("largest gradient of a weight:", abs(gradient).max())
assert not handed_down.any() and gradient.any()

# %% [markdown]
# It begins as the net it was: the skip adds exact zeros, and disturbs nobody
# below, for what it hands down is multiplied with its zero weights. But its own
# weights' gradient is made of $p$ and $\frac{\partial L}{\partial s}$, no
# zeros, so it learns from the first step on. (One layer of zeros can; the
# weights of two in a row could not, as each needs the other's for its
# gradient.) Random weights instead would shout random classes into scores that
# were good.
#
# Then 4s is trained, and becomes a **2s** with one more skip, from pool1. A
# skip is a layer, so it nests: the deep branch of the new one has the old one
# inside. It is the paper's way in the small: FCN-32s, then 16s from it, then
# 8s.
#
# **Predict.** Training goes on for 60 steps at each stage. To be fair, the 8s
# without a skip gets as many more steps, too. Who gains?

# %%
control = copy.deepcopy(net8s)  # the nets below share their layers with 8s
shown = [7, 14, 28]
answers = {"8s": scores_of(net8s, test[0][shown]).argmax(1)}
fit(control, 120, lr=0.05)
results["8s, +120 steps"] = figures_of(control)

fit(net4s, 60, lr=0.05)
results["4s, +60 steps"] = figures_of(net4s)
answers["4s"] = scores_of(net4s, test[0][shown]).argmax(1)

skip1 = Skip(Sequential(block2, skip2), channels=8)
net2s = Sequential(block1, skip1, up_by(2))
fit(net2s, 60, lr=0.05)
results["2s, +60 more"] = figures_of(net2s)
answers["2s"] = scores_of(net2s, test[0][shown]).argmax(1)

print("                pixel acc.  mean IU")
for name, (accuracy, mean_iu) in results.items():
    print(f"{name:15} {accuracy:10.3f}  {mean_iu:7.3f}")
ious = [mean_iu for _, mean_iu in results.values()]
assert ious[2] > ious[1] + 0.03 and ious[3] > ious[2]

# %%
figure = new_figure(900, 560)
axes = figure.subplots(3, 5)
for row, number in enumerate(shown):
    columns = {"image": test[0][number, 0], "truth": test[1][number]}
    columns |= {name: some[row] for name, some in answers.items()}
    for ax, (title, picture) in zip(axes[row], columns.items()):
        what_range = {} if title == "image" else {"vmin": 0, "vmax": 2}
        ax.imshow(
            picture, cmap="cividis" if what_range else "gray", **what_range
        )
        ax.set_axis_off()
        if row == 0:
            ax.set_title(title, size=11)
show(
    figure,
    "13_nets",
    "Three scenes, their truth, and the answers of three nets: the 8s' are "
    "shapeless blots, the 4s' have outlines and holes, the 2s' follow bars "
    "and holes more closely.",
)

# %% [markdown]
# As many more steps bring the 8s little: it lacks the fine pixels, not the
# steps. The skips bring them, and the classes stay right for the most part, for
# the deep branch tells those.
#
# ## The paper's nets
#
# Here is what the paper built on VGG16, and what came of it on PASCAL VOC.
# **32s-fixed** is a 32s whose score layer alone was trained; the other three
# are trained whole: 32s from the classifier, 16s from 32s, 8s from 16s.
#
#     FCN-32s   score_fr ------------------------------------> up by 32
#     FCN-16s   score_fr -> up by 2 + pool4's scores --------> up by 16
#     FCN-8s    the same -> up by 2 + pool3's scores --------> up by 8
#
# **Predict.** Which step brings most: to train all layers instead of the last,
# the first skip, or the second?

# %%
paper = {  # pixel accuracy, mean accuracy, mean IU, frequency weighted IU
    "FCN-32s-fixed": (83.0, 59.7, 45.4, 72.0),
    "FCN-32s": (89.1, 73.3, 59.4, 81.4),
    "FCN-16s": (90.0, 75.7, 62.4, 83.0),
    "FCN-8s": (90.3, 75.9, 62.7, 83.2),
}
print("              pixel acc.  mean acc.  mean IU  f.w. IU   gain (IU)")
last = None
for name, four in paper.items():
    gain = "" if last is None else f"{four[2] - last:+.1f}"
    last = four[2]
    numbers = f"{four[0]:10.1f}  {four[1]:9.1f}  {four[2]:7.1f}  {four[3]:7.1f}"
    print(f"{name:13} {numbers}  {gain:>10}")
assert all(np.diff(list(paper.values()), axis=0).ravel() > 0)

# %% [markdown]
# Training all layers brings most, 14 points. The first skip brings 3, the
# second 0.3: each is better in all four figures, but a further one, from pool2,
# would hardly have paid, and the paper stops there. (The pictures gain more
# than the figures say: outlines are few of an image's pixels.) In our world the
# second skip brought much more. Its bars are 4 or 5 pixels wide, and little
# else is in an image. What the skips do in photographs of streets is shown by
# the book's page
# [What a network sees](../explorer/network.html#net=fcn8s&without=score_pool4):
# there pool4's scores are left out. Put them back, and leave out pool3's.
#
# ## The famous code
#
# This is FCN-16s' forward pass as the lecture's slides (lesson 1) show it, from
# an implementation that many have copied:
#
#     h = self.score_fr(h)
#     h = self.upscore2(h)
#     upscore2 = h  # 1/16
#     h = self.score_pool4(pool4)
#     h = h[:, :, 5:5 + upscore2.size()[2], 5:5 + upscore2.size()[3]]
#     score_pool4c = h  # 1/16
#     h = upscore2 + score_pool4c
#     h = self.upscore16(h)
#
# A skip as ours, but for that crop: pool4's map is larger than what comes back
# up, and of all places it is cut at 5. We run it with minifcn's layers, and
# minifcn's net beside it.
#
# **Predict.** An image has 96x128 pixels, and the first convolution pads it by
# 100 on each side. How large, about, is pool4's map (1/16)?

# %%
device, reason = resolve_device()
print(reason)
model = FCN16s(**thin).eval()
for name in ("score_fr", "score_pool4"):  # zeros would hide mistakes
    weight = dict(model.named_parameters())[f"{name}.weight"].data
    weight[...] = rng.standard_normal(weight.shape)
image = rng.standard_normal((1, 3, 96, 128)).astype("float32")

model.to(device)
x, layers = to_device(image, device), dict(model.children())
h = x
for name in list(layers)[: list(layers).index("score_fr") + 1]:
    h = layers[name](h)
    if name == "pool4":
        pool4 = h
print("score_fr   ", h.shape)
upscore2 = layers["upscore2"](h)
h = layers["score_pool4"](pool4)
print("score_pool4", h.shape)
rows, cols = upscore2.shape[2:]
h = upscore2 + h[:, :, 5 : 5 + rows, 5 : 5 + cols]
print("their sum  ", h.shape)
h = layers["upscore16"](h)
print("upscore16  ", h.shape, "cropped at 27:", end=" ")
h = h[:, :, 27 : 27 + 96, 27 : 27 + 128]
print(h.shape)
assert np.allclose(to_host(h), to_host(model(x)), atol=1e-4)

# %% [markdown]
# ## Where do 5, 9, 27 and 31 come from?
#
# Two maps may only be added where they lie over each other. So let us track one
# point, the centre of the image's first pixel, and ask of each map: **at which
# of its pixels does that point lie?** Call that $b$. In the image itself
# $b = 0$. Now layer by layer, along one axis:
#
# - A **convolution** with kernel $k$, stride $s$, padding $p$: the window of
#   output pixel $i$ begins at input pixel $si - p$ and is centred $(k-1)/2$
#   further. It lies on the point when $si - p + (k-1)/2 = b$, so
#
# $$b \to \frac{b + p - (k-1)/2}{s}$$
#
# - That makes +99 for conv1_1 ($k = 3$, $p = 100$), nothing for all others of
#   VGG16 ($k = 3$, $p = 1$), and $-3$ for fc6 ($k = 7$, no padding).
# - A **pooling** is a window, too ($k = s = 2$): $b \to (b - 1/2)/2$. The half:
#   a pooled pixel lies *between* two pixels.
# - A **transposed convolution** stamps input pixel $i$ onto output pixels from
#   $si$ on, centred at $si + (k-1)/2$:
#
# $$b \to s b + (k-1)/2$$
#
# - A **crop** from pixel $c$ on renumbers: $b \to b - c$.
#
# **Predict.** Take a pencil: $b$ after conv1_1 is 99. After pool1? After pool4?
# (Fractions are fine.)


# %%
def window(b, kernel, stride=1, padding=0):
    return (b + padding - Fraction(kernel - 1, 2)) / stride


def stamp(b, kernel, stride):
    return b * stride + Fraction(kernel - 1, 2)


b = {"image": Fraction(0)}
b["conv1_1"] = at = window(b["image"], 3, padding=100)
for number in range(1, 6):
    at = window(window(at, 3, padding=1), 2, stride=2)
    b[f"pool{number}"] = at
b["score_fr"] = window(at, 7)  # fc6; fc7 and score_fr are 1x1
b["upscore2"] = stamp(b["score_fr"], 4, 2)
b["upscore_pool4"] = stamp(b["upscore2"], 4, 2)
for name, at in b.items():
    print(f"{name:14}{at!s:>8} = {float(at):.6f}")
assert b["pool1"] == Fraction(197, 4) and b["pool4"] == 5 + b["upscore2"]

# %% [markdown]
# From pool1 on no map has the point on a whole pixel. But look at the last
# lines: in pool4's scores the point lies at 5.71875, in the map upsampled to
# the same stride at 0.71875. **The fractions are equal, and the difference is
# 5.** So pool4's pixel 5 lies exactly over the other map's pixel 0, and the
# crop is at 5. Had the fraction differed, no crop at all could have laid them
# over each other. The rest is the same sum:

# %%
crop_pool4 = b["pool4"] - b["upscore2"]
crop_pool3 = b["pool3"] - b["upscore_pool4"]
crop_32s = stamp(b["score_fr"], 64, 32)
crop_16s = stamp(b["upscore2"], 32, 16)
crop_8s = stamp(b["upscore_pool4"], 16, 8)
print("skips:", crop_pool4, crop_pool3, " output:", crop_32s, crop_16s, crop_8s)
crops = FCN8s(**thin).crops((500, 375))
pools = [crops[pool][1][-1].start for pool in ("pool4", "pool3")]
assert pools == [crop_pool4, crop_pool3] == [5, 9]
outputs = [
    net(**thin).crops((500, 375))["image"][-1].start
    for net in (FCN32s, FCN16s, FCN8s)
]
assert outputs == [crop_32s, crop_16s, crop_8s] == [19, 27, 31]

# %%
places = FCN16s(**thin).places_along(0, 96)
figure = new_figure(900, 260)
axes = figure.subplots()
axes.plot([0, 95], [0, 0], color=BLACK, linewidth=8, solid_capstyle="butt")
for height, name, colour in ((1, "upscore2", BLUE), (2, "pool4", VERMILLION)):
    place = places[name]
    centres = [float(place.start + i * place.pitch) for i in range(place.size)]
    axes.plot(centres, [height] * len(centres), "o", color=colour)
    for number, centre in enumerate(centres):
        style = {"ha": "center", "color": colour, "size": 9}
        style["bbox"] = {"color": "white", "pad": 0.5}
        axes.text(centre, height + 0.2, number, **style)
axes.axvline(float(places["upscore2"].start), color="0.6", linestyle="--")
axes.set_yticks([0, 1, 2], ["image, 96 px", "upscore2", "score_pool4"])
axes.set(ylim=(-0.4, 2.6), xlabel="pixels of the image")
axes.set_title("where each map's pixels have their centres", size=11)
show(
    figure,
    "13_centres",
    "Where pixels have their centres on the image: pool4's pixel 5 lies "
    "exactly above the upsampled map's pixel 0, left of the image; both maps "
    "go on in steps of 16.",
)

# %% [markdown]
# pool4's map covers the padding too, 100 pixels on either side; in the other
# branch fc6, without padding, has taken most of that away again.
#
# **Predict.** Do the crops depend on the image's size? And what becomes of 5 if
# conv1_1 pads by 1 and fc6 by 3, minifcn's padding "same"?

# %%
for size in (96, 97, 333, 500):
    crops = FCN8s(**thin).crops((size, size))
    skips = [crops[pool][1][-1].start for pool in ("pool4", "pool3")]
    print(f"{size}x{size}:", skips, crops["image"][-1].start)
    assert skips == [5, 9] and crops["image"][-1].start == 31

at = Fraction(0)  # conv1_1 with padding 1 leaves it there
for _ in range(4):
    at = window(at, 2, stride=2)
up = stamp(window(window(at, 2, stride=2), 7, padding=3), 4, 2)
print('padding "same":', at, "-", up, "=", at - up)
upsampled, of_pool = FCN8s(**thin, padding="same").crops((96, 96))["pool4"]
assert at - up == -1 == of_pool[-1].start - upsampled[-1].start

# %% [markdown]
# No size occurs in the rules, so none in the crops. With "same" the offset is
# $-1$: now the upsampled map begins earlier, and *it* is cropped, by 1. Whoever
# changes a padding and keeps the 5 is out of place by whole pixels of pool4, 16
# of the image's each; and as long as pool4's map is large enough for the slice,
# no error tells. So minifcn computes the crops, by your rules.
#
# ## What exactly is equal at the start
#
# "The 16s begins as the 32s" is what everybody says. Let us be exact. We give
# an FCN-16s the weights of an FCN-32s: all but the upsampling's have the same
# names.
#
# **Predict.** Are the scores of both nets the same, bit by bit? The 32s goes up
# by 32 at once, the 16s by 2 and then by 16, both with bilinear stamps.

# %%
net32s, net16s = FCN32s(**thin).eval(), FCN16s(**thin).eval()
weight = dict(net32s.named_parameters())["score_fr.weight"].data
weight[...] = rng.standard_normal(weight.shape)
moved = transplant(net16s, net32s.state_dict())
print("copied:", len(moved.copied), " not used:", moved.unused)
print("left as they were:", *moved.left, sep="\n  ")
by_32, by_16 = net32s(image), net16s(image)
difference = abs(by_32 - by_16)
print("largest score:     ", abs(by_32).max())
print("largest difference:", difference.max())
same_class = (by_32.argmax(1) == by_16.argmax(1)).mean()
print(f"same class: {100 * same_class:.1f} % of the pixels")
assert difference.max() > 1e-3 * abs(by_32).max()

# %% [markdown]
# Nearly. What is exactly equal is the coarse scores, and the sum at 1/16, where
# the skip adds zeros. Then the 32s draws straight lines from coarse pixel to
# coarse pixel. The 16s first puts points on these lines, at a quarter and at
# three quarters between two coarse pixels, and then draws lines from point to
# point. Between the quarters that is the *same* line. Around a coarse pixel
# $c_0$ it cuts the corner: at the pixel itself, halfway between the points left
# and right of it, there is
#
# $$\frac{3}{4} c_0 + \frac{1}{8} (c_{-1} + c_1) =
# c_0 + \frac{1}{8} (c_{-1} - 2 c_0 + c_1)$$
#
# and nowhere is the difference larger than such an eighth along rows plus one
# along columns.
#
# **Predict.** In what share of an image's pixels are the scores equal then (up
# to rounding)?


# %%
def between_quarters(axis, size):
    """Which pixels lie from 1/4 to 3/4 between two coarse ones."""
    place = net32s.places_along(axis, size)["score_fr"]
    part = (np.arange(size) - float(place.start)) / float(place.pitch) % 1
    return (part > 0.25) & (part < 0.75)


equal = between_quarters(0, 96)[:, None] & between_quarters(1, 128)
rounding = 1e-5 * abs(by_32).max()
print("equal by the rule:", equal.mean())
print("largest difference there:", difference[..., equal].max())
assert equal.mean() == 0.25 and difference[..., equal].max() < rounding

*trunk, upscore, crop = net32s.children()
coarse = Sequential(dict(trunk)).eval()(image)
coarse = np.pad(coarse, ((0, 0), (0, 0), (1, 1), (1, 1)))  # zeros beyond it
eighths = [abs(np.diff(coarse, 2, axis)).max() / 8 for axis in (2, 3)]
print("largest difference", difference.max(), "<", sum(eighths))
assert difference.max() < sum(eighths)

# %%
figure = new_figure(760, 330)
axes = figure.subplots(1, 2)
axes[0].imshow(by_32[0, 0], cmap="PuOr_r")
axes[0].set_title("FCN-32s, scores of class 0", size=11)
picture = axes[1].imshow(difference[0, 0], cmap="cividis")
axes[1].set_title("difference of FCN-16s' at its start", size=11)
figure.colorbar(picture, ax=axes[1], shrink=0.7)
show(
    figure,
    "13_begin",
    "Left, scores that go over from coarse pixel to coarse pixel; right, by "
    "how much a 16s' differ at its start: nothing over large areas, most in "
    "bands along the coarse pixels' rows and columns.",
)

# %% [markdown]
# A quarter of the pixels is equal to the last digit, near the coarse pixels
# corners are rounded off. That is why the mean IU of a 16s before training is
# not quite the 32s's.
#
# ## All at once
#
# Three trainings one after the other take long. The authors' later nets train
# all skips **at once**, with a trick: pool4 is multiplied by $a = 0.01$ before
# its score layer, pool3 by 0.0001. What does that do? The skip's scores are
# $W (a p)$. Its weights' gradient has a factor $a$, for $a p$ is what they are
# multiplied with. After a step of learning rate $\eta$ the scores have changed
# by
#
# $$\Delta s = -\eta \, \frac{\partial L}{\partial W} \, (a p) = -\eta \, a^2 \,
# \frac{\partial L}{\partial s} \, p^\top p$$
#
# **Predict.** The scores of a skip scaled by 0.01 learn how much more slowly?


# %%
def change(a):
    """By how much one step changes the scores of a skip, from zero on."""
    layer = Conv2d(16, 5, 1).astype("float64")
    layer.weight.data[...] = 0
    layer.bias.trainable = False
    p, ds = np.ones((1, 16, 4, 4)), np.ones((1, 5, 4, 4))
    layer(a * p)
    layer.backward(ds)
    SGD(layer.parameters(), lr=0.1, momentum=0, weight_decay=0).step()
    return layer(a * p).mean()


for a in (1, 0.01, 0.0001):
    print(f"a = {a}: the scores change by {change(a):.1e}")
assert np.isclose(change(0.01) / change(1), 1e-4)
scaled = FCN8s(**thin, at_once=True).named
assert scaled["scale_pool4"].factor == 0.01
assert scaled["scale_pool3"].factor == 0.0001

# %% [markdown]
# $a^2$: ten thousand times, and pool3's a hundred million times. (And what the
# skip hands down to the pool has a factor $a$.) So the coarse scores come
# first, and the finer ones grow in slowly. In stages one does that by hand: the
# authors' learning rates (for a loss that is summed over all pixels, hence so
# small) are $10^{-10}$ for 32s, $10^{-12}$ for 16s, $10^{-14}$ for 8s, and at
# once $10^{-10}$ again. At once their net reached a mean IU of 65.4, in stages
# 65.5.

# %% [markdown]
# ## What was left out, and where the real thing stands
#
# - Any number of skips: `minifcn/models/fcn.py` tells the nodes of the net
#   once, and `minifcn/layers/graph.py` goes through them forwards and
#   backwards. What you derived by hand follows there by itself: a map that two
#   nodes took gets the sum of their gradients, a crop gives zeros around. Your
#   rules for $b$, which there also tell strides and receptive fields:
#   `minifcn/convolution/geometry.py`.
# - Weights that are taken over by name: `minifcn/models/transplant.py`. The
#   demo trains 32s-fixed, 32s, 16s and 8s one from the other:
#   `minifcn/commands/demo.py`.
# - 19 and the padding of 100: lesson 12. What the nets look like on
#   photographs, and what even FCN-8s misses: lesson 15.

# %% [markdown]
# ## Exercises
#
# `python -m lessons test 13` puts them into `lessons/answers/`, for you to
# write there, and tells you what is right, and what is wrong if not.
#
# 1. `track`: the first pixel's place after any list of layers, with strides and
#    paddings that differ.
# 2. `fuse`: score a pool, crop it, add it to the coarse scores.
# 3. `fuse_backward`: its three gradients. Where was the pool not used, and what
#    is its gradient there?
