# %% [markdown]
# # 11. Do we train on patches or on whole images?
#
# **Time:** 45 minutes
#
# **Know before:** the loss of each pixel and void (lesson 4), receptive fields
# (lesson 5), and that a net without fully connected layers takes images of any
# size (lesson 6).
#
# Before the paper, most nets that labelled pixels were trained on patches:
# small squares, cut out at random. The paper trains on whole images, and says
# in a heading (section 3.4) that the one is a case of the other: *patchwise
# training is loss sampling*. In this lesson you show that the two gradients are
# the same number for number, use void to sample, and look at each advantage
# that patches are said to have.

# %%
import numpy as np

from lessontools import frame, new_figure, pytorch, show
from minifcn.alternatives import (
    converge,
    multiply_adds,
    patch_gradients,
    sample_pixels,
    sampled_gradients,
    smoothed,
)
from minifcn.backend import resolve_device, to_device, to_host
from minifcn.data import Scenes, class_weights
from minifcn.layers import (
    Conv2d,
    MaxPool2d,
    ReLU,
    Sequential,
    SoftmaxCrossEntropy,
    bilinear_upsampling,
)
from minifcn.pictures.colours import BLUE, VERMILLION
from minifcn.pictures.runs import save_convergence

rng = np.random.default_rng(0)

# %% [markdown]
# ## What is patchwise training?
#
# Take a classifier of small images and ask it about the pixel in the middle:
# "what is *this*?" For each training step cut some **patches** out of the
# images, at random places. The label of a patch is the class of its middle
# pixel. To the net that is plain classification.
#
# Here is such a net. It has no padding; that will matter. A score sees
# $R \times R$ pixels of the image, its receptive field (lesson 5): that is the
# size of the patch.
#
# **Predict.** How large is $R$ for these five layers? How many scores does the
# net give for a whole image of 34x34 pixels, and how far apart do they lie?


# %%
def make_net(rng, padding=0):
    """Without padding: 18x18 pixels -> one score for each of 7 classes."""
    return Sequential(
        Conv2d(3, 8, 3, padding=padding, rng=rng),
        ReLU(),
        MaxPool2d(2),
        Conv2d(8, 8, 3, padding=padding, rng=rng),
        ReLU(),
        MaxPool2d(2),
        Conv2d(8, 7, 3, padding=padding, rng=rng),
    ).astype("float64")


net = make_net(rng)
picture, label = Scenes("train", size=34)[13]
image = picture.transpose(2, 0, 1)[None] / 128 - 1  # (1, 3, 34, 34)
R, stride = 18, 4
print("a patch: ", net(image[:, :, :R, :R]).shape)
print("an image:", net(image).shape)
assert net(image[:, :, :R, :R]).shape == (1, 7, 1, 1)
assert net(image).shape == (1, 7, 5, 5)

# %% [markdown]
# From the last layer to the first: it sees 3 pixels of its map; the pooling
# before it doubles them to 6; a convolution adds a pixel on either side, 8;
# then 16, and 18. The scores lie 4 pixels apart, as there are two poolings:
# $(34 - 18) / 4 + 1 = 5$. Score $(i, j)$ is the net's answer to the patch that
# begins at pixel $(4i, 4j)$. There are 25 patches in this image, and they
# overlap a lot:

# %%
sees = np.zeros((34, 34))  # how many of the 25 patches see a pixel
for i, j in np.ndindex(5, 5):
    sees[4 * i :, 4 * j :][:R, :R] += 1
figure = new_figure(700, 345)
axes = figure.subplots(1, 2)
axes[0].imshow(picture)
for at, colour in ((0, BLUE), (8, VERMILLION), (16, "black")):
    frame(axes[0], at, at, R, R, colour)
axes[0].set_title("three of the 25 patches", size=11)
drawn = axes[1].imshow(sees, cmap="Greys", vmin=0)
axes[1].set_title("patches that see a pixel", size=11)
figure.colorbar(drawn, ax=axes[1], shrink=0.8)
for ax in axes:
    ax.set_axis_off()
show(
    figure,
    "11_patches",
    "A small scene with three framed patches that overlap; beside it, in "
    "grey, how many of the 25 patches see each pixel: one in the corners, all "
    "in the middle.",
)
print(f"a pixel is seen by {sees.min():.0f} to {sees.max():.0f} patches")
assert sees.max() == 25 and sees.sum() == 25 * R * R

# %% [markdown]
# ## The gradient of a sum is the sum of gradients
#
# Write $\ell_{ij}$ for the loss of score $(i, j)$, and $\theta$ for all
# weights. Patchwise training on a batch $B$ of patches adds up their gradients:
#
# $$g_B = \sum_{(i,j) \in B} \frac{\partial \ell_{ij}}{\partial \theta}$$
#
# Whole-image training has one loss, the sum over all scores, and takes its
# gradient:
#
# $$L = \sum_{i,j} \ell_{ij}$$
#
# $$\frac{\partial L}{\partial \theta} =
# \sum_{i,j} \frac{\partial \ell_{ij}}{\partial \theta}$$
#
# The derivative of a sum is the sum of the derivatives. So if $B$ holds all
# patches of the image, it is the same gradient. That is the whole proof; it
# needs only that score $(i, j)$ is the same function of the same pixels both
# times. Without padding it is.
#
# **Predict.** We run the net on 25 patches, one by one, and once on the image.
# By how much do the gradients differ?


# %%
def gradients(net, images, labels):
    """The loss, summed over pixels, and {name: its gradient}."""
    criterion = SoftmaxCrossEntropy(255, reduction="sum")
    net.zero_grad()
    loss = criterion(net(images), labels)
    net.backward(criterion.backward())
    return loss, {n: p.grad.copy() for n, p in net.named_parameters()}


def by_patches(net, images, labels):
    """The same, by a patch for each label that counts."""
    total, summed = 0.0, 0.0
    for n, i, j in np.argwhere(labels != 255):
        patch = images[n : n + 1, :, 4 * i : 4 * i + R, 4 * j : 4 * j + R]
        loss, grads = gradients(net, patch, labels[n, i, j].reshape(1, 1, 1))
        total += loss
        vector = np.concatenate([g.ravel() for g in grads.values()])
        summed = summed + vector  # all gradients in one long vector
    return total, summed


middle = slice(R // 2, R // 2 + 17, stride)  # rows of the patches' middles
labels = label[None, middle, middle]  # (1, 5, 5)
print(labels[0])
loss, grads = gradients(net, image, labels)
at_once = np.concatenate([g.ravel() for g in grads.values()])
total, summed = by_patches(net, image, labels)
print(f"loss: {loss:.12f} at once\n      {total:.12f} by patches")
print(f"{at_once.size} gradients differ by {abs(at_once - summed).max():.0e}")
assert abs(at_once - summed).max() < 1e-10 and abs(loss - total) < 1e-10

# %% [markdown]
# Only rounding. It is not *like* training on patches; it *is* training on
# patches, on all of them at once.
#
# ## What the whole image saves
#
# **Predict.** How many multiplications do 25 patches take, compared with the
# one image? Look at the grey map again.

# %%
once = multiply_adds(net, (34, 34))
each = multiply_adds(net, (R, R))
print(f"the image:  {once:9,} multiply-adds")
print(f"25 patches: {25 * each:9,}, {25 * each / once:.1f} times as many")
assert 4 < 25 * each / once < 25

# %% [markdown]
# Where patches overlap, they compute the same convolutions again. For the
# paper's net, with patches of 404 pixels and scores 32 apart, a pixel lies in
# some $(404/32)^2$, that is 160 patches.
#
# ## Void is the tool for sampling
#
# But patchwise training picks patches at random, a few of each image. No
# problem: let only some scores count. Give each a factor $m_{ij}$, 1 or 0, the
# **mask**:
#
# $$L = \sum_{i,j} m_{ij} \, \ell_{ij}$$
#
# $$\frac{\partial L}{\partial s_{c,i,j}} = m_{ij} \, (p_{c,i,j} - y_{c,i,j})$$
#
# with the scores $s$, their softmax $p$ (lesson 4), and $y$, which is 1 for the
# right class and else 0. Where $m$ is 0 nothing flows back; no gradient comes
# from that patch. And we have a tool for it already: the loss passes over
# pixels whose label is void, 255. So **loss sampling** means: set some labels
# to void.
#
# **Predict.** Each of the 25 labels stays with probability 0.25. Is the
# gradient of the sampled image still that of the patches whose labels stayed?

# %%
sampled = sample_pixels(labels, 0.25, rng)
print(sampled[0])
loss, grads = gradients(net, image, sampled)
at_once = np.concatenate([g.ravel() for g in grads.values()])
total, summed = by_patches(net, image, sampled)
print(f"{(sampled != 255).sum()} patches; the gradients differ by", end=" ")
print(f"{abs(at_once - summed).max():.0e}")
assert abs(at_once - summed).max() < 1e-10

# %% [markdown]
# minifcn has both roads, `patch_gradients` and `sampled_gradients`; its tests
# hold them against each other for a hundred random nets. Here on the device
# that you have, in float32 now:

# %%
device, reason = resolve_device()
print(reason)
there = make_net(np.random.default_rng(0)).astype("float32").to(device)
x = to_device(image.astype("float32"), device)
y = to_device(sampled, device)
_, whole = sampled_gradients(there, x, y)
_, cut = patch_gradients(there, x, y)
for name in whole:
    differ = abs(to_host(whole[name] - cut[name])).max()
    print(f"{name:8} differs by {differ:.0e}")
    assert differ < 1e-3

# %% [markdown]
# The mask's formula, checked with numbers of our own, as in lesson 2: push each
# score up and down and see what the loss does. We write it for any factors $m$,
# also such as 0.3, as we shall need that soon.


# %%
def masked_loss(scores, labels, m):
    """scores (C, h, w), labels and m (h, w) -> loss, dL/dscores"""
    e = np.exp(scores - scores.max(axis=0))
    p = e / e.sum(axis=0)
    rows, cols = np.indices(labels.shape)
    loss = -(m * np.log(p[labels, rows, cols])).sum()
    p[labels, rows, cols] -= 1  # softmax - one-hot
    return loss, m * p


scores, m = net(image)[0], rng.random((5, 5)) * (rng.random((5, 5)) < 0.5)
_, dscores = masked_loss(scores, labels[0], m)
h, numerical = 1e-6, np.zeros_like(scores)
for at in np.ndindex(scores.shape):
    push = np.zeros_like(scores)
    push[at] = h
    up, down = (masked_loss(scores + d, labels[0], m)[0] for d in (push, -push))
    numerical[at] = (up - down) / (2 * h)
print(f"differs from the numerical: {abs(dscores - numerical).max():.0e}")
assert np.allclose(dscores, numerical, atol=1e-7)

# %%
if torch := pytorch():
    s = torch.tensor(scores[None], requires_grad=True)
    target = torch.tensor(sampled.astype("int64"))
    theirs = torch.nn.CrossEntropyLoss(ignore_index=255, reduction="sum")
    theirs(s, target).backward()
    ours = masked_loss(scores, labels[0], sampled[0] != 255)[1]
    print("PyTorch's is the same:", np.allclose(s.grad[0], ours))
    assert np.allclose(s.grad[0], ours)

# %% [markdown]
# ## The fine print: padding
#
# **Predict.** Now the same net with padding 1 in its convolutions. A patch gets
# a border of zeros. What has the whole image at the same place? Are the scores
# still the same?

# %%
padded = make_net(np.random.default_rng(0), padding=1)
wide = padded(image)[0]
alone = padded(image[:, :, 8 : 8 + R, 8 : 8 + R])[0]
print("a whole image's scores", wide.shape, " a patch's", alone.shape)
inside = wide[:, 2 : 2 + alone.shape[1], 2 : 2 + alone.shape[2]]
print(f"at the same places they differ by {abs(inside - alone).max():.2f}")
assert abs(inside - alone).max() > 1e-3

# %% [markdown]
# Other pixels, so other scores: with padding, patches and whole images are
# alike but not equal. The paper's nets do pad; for them its heading holds but
# for what padding does at the patches' borders.

# %% [markdown]
# ## Five promises, looked at one by one
#
# Patches are said to be better than whole images, for five reasons. As loss
# sampling *is* patchwise training, we can ask of each: is it true, what does it
# cost, and does it need patches?
#
# **1. Redundancy: leave the background out.** Most pixels are background, and
# one meadow is like another. **2. Balance: draw all classes equally often.**
# Both mean: sample by class. Keep a pixel of class $c$ with probability $q_c$.
# On average over the draws the gradient is then
#
# $$E \left[ \sum_{i,j} m_{ij} \,
# \frac{\partial \ell_{ij}}{\partial \theta} \right] =
# \sum_{i,j} q_{c(i,j)} \, \frac{\partial \ell_{ij}}{\partial \theta}$$
#
# where $E$ is that average and $c(i,j)$ the pixel's class: $m_{ij}$ is 1 with
# probability $q$, so $q$ on average. The right-hand side is a loss of *all*
# pixels in which class $c$ **weighs** $q_c$. Sampling by class and weighting by
# class are one on average; the weights have no luck of the draw in them.
#
# **Predict.** We keep all pixels of the star and a quarter of the background's,
# 20000 times anew. How far is the mean from the weighted gradient?

# %%
here = labels[0]
q = np.where(here == 0, 0.25, 1.0)  # of each pixel
weighted = masked_loss(scores, here, q)[1]
kept = rng.random((20000, 5, 5)) < q
unweighted = masked_loss(scores, here, 1.0 + 0 * q)[1]  # m = 1
mean = (kept[:, None] * unweighted).mean(axis=0)
print(f"largest gradient {abs(weighted).max():.2f}, ", end="")
print(f"mean of the draws within {abs(mean - weighted).max():.3f}")
assert np.allclose(mean, weighted, atol=0.02)

# %% [markdown]
# But is it wanted? A class weighed up is a class guessed more often. Say that
# of the pixels that look like *this* 60 of 100 are background and 40 a star.
# The loss is least where the net says so: 0.6 and 0.4. With a quarter of the
# background there are 15 and 40.
#
# **Predict.** What does the net say of this pixel now, and which class does it
# choose? How many of the 100 are wrong then?

# %%
background, star = 60, 40
p_before = star / (background + star)
p_after = star / (0.25 * background + star)
print(f"star: {p_before:.0%} with all pixels, {p_after:.0%} with the sample")
print(f"wrong of 100: {star} before, {background} after")
assert p_before < 0.5 < p_after

# %% [markdown]
# So it finds more stars and calls more background a star: rare classes'
# accuracy rises, pixel accuracy falls (lesson 1's four metrics disagree on it).
# Balance is a choice of what to be good at, not a gain for nothing. And leaving
# background out saves *nothing* on whole images: the net runs over all pixels
# anyway.
#
# **3. Neighbours say the same.** The pixels of one image are correlated: where
# one is sky, its neighbour is, too. 9216 pixels of one image teach less than
# 9216 from many. We can see how much less. Take a net whose scores are all 0,
# as they are at first (lesson 12): the gradient for the bias of class $c$ is
# then $1/7$ minus the class's share of the pixels. How much does it vary from
# step to step?
#
# **Predict.** Which varies least: (a) all pixels of 1 image, (b) a quarter of
# the pixels of 1 image, (c) a quarter of the pixels of 4 images?

# %%
scenes = [Scenes("train", count=200)[i][1] for i in range(200)]


def spread(images, probability):
    """How much the background's gradient varies, over many steps."""
    steps = []
    for first in range(0, 200, images):
        group = np.stack(scenes[first : first + images])
        counted = sample_pixels(group, probability, rng)
        counted = counted[counted != 255]
        steps.append(1 / 7 - (counted == 0).mean())
    return np.std(steps)


a, b = spread(1, 1.0), spread(1, 0.25)
c, d = spread(4, 0.25), spread(4, 1.0)
independent = np.sqrt(0.8 * 0.2 / 9216)  # if pixels were drawn one by one
print(f"(a) all pixels of 1 image:          {a:.4f}")
print(f"(b) a quarter of those of 1 image:  {b:.4f}")
print(f"(c) a quarter of those of 4 images: {c:.4f}")
print(f"    all pixels of 4 images:         {d:.4f}")
print(f"9216 pixels without correlation:    {independent:.4f}")
assert c < 0.7 * a and independent < 0.1 * c
assert abs(a - b) < 0.1 * a and abs(c - d) < 0.1 * c

# %% [markdown]
# The promise is true: (c) has as many pixels as (a), and half the spread. But
# look at (b): three of four pixels thrown away, and nothing lost, for their
# neighbours say the same. The gain comes from *four images*, not from sampling:
# all pixels of those four do as well. And (c) ran the net over four images, and
# paid for four.
#
# **4. Training data distributed like the data tested on.** By sampling one
# could make the training patches' mix of classes like the validation's. Whole
# images, drawn at random from the same source, have that mix by themselves:

# %%
names = Scenes.classes
shares = {}
for split in ("train", "val"):
    data = Scenes(split, count=100)
    counted = np.concatenate([data[i][1].ravel() for i in range(100)])
    counted = counted[counted != 255]
    shares[split] = np.bincount(counted, minlength=7) / counted.size
print("share of the pixels  " + " ".join(f"{n[:6]:>6}" for n in names))
for split, share in shares.items():
    print(f"{split:20} " + " ".join(f"{s:6.1%}" for s in share))
print(f"{'patches, balanced':20} " + " ".join(f"{1 / 7:6.1%}" for n in names))
away = abs(shares["train"] - shares["val"]).max()
assert away < 0.05 < abs(1 / 7 - shares["val"]).max()

# %% [markdown]
# It is the balanced patches that are unlike what is tested. (Where training and
# test images do come from different sources, weights or sampling can help; then
# measure.)
#
# **5. Faster convergence.** The sum of the other four, and the one that can
# simply be timed. The paper did (section 4.3, figure 5): count each pixel with
# probability $p$ and take $1/p$ times as many images a step, so that as many
# pixels count. Here with a small net on small scenes, upsampled by 4 (lesson
# 7):
#
# **Predict.** With $p$ = 100 %, 50 % and 25 %: which loss falls fastest by the
# step? And by the clock?


# %%
def small_net():
    rng = np.random.default_rng(0)
    return Sequential(
        Conv2d(3, 16, 3, padding=1, rng=rng),
        ReLU(inplace=True),
        MaxPool2d(2),
        Conv2d(16, 16, 3, padding=1, rng=rng),
        ReLU(inplace=True),
        MaxPool2d(2),
        Conv2d(16, 7, 1, rng=rng),
        bilinear_upsampling(7, 4),
    )


data, curves = Scenes(size=32, count=320), {}
for _ in data:  # draw the scenes now, lest it slows the first training
    pass
for p in (1, 0.5, 0.25):
    curve = smoothed(converge(small_net(), data, p, 60, 8, lr=0.05), 20)
    curves[f"{p:.0%} of the pixels, {8 / p:.0f} images"] = curve
    print(f"{p:4.0%}: loss {curve[-1].loss:.3f}", end=" after 60 steps, ")
    print(f"{curve[-1].seconds:.1f} s")
last = [curve[-1].loss for curve in curves.values()]
assert max(last) < 1.3 * min(last)  # alike by the step

# %%
show(
    lambda path: save_convergence(path, curves),
    "11_convergence",
    "The loss of the three trainings. Drawn by the step the curves lie on "
    "each other; drawn by the clock those with more images and fewer pixels "
    "of each lag behind.",
)

# %% [markdown]
# By the step the three are much alike. By the clock a step of the sampled ones
# costs more, up to twice and four times as much, for the net runs over all
# pixels of all images. (In a net this small other work hides some of that.) The
# paper saw the same, and trained on whole images, all pixels counted. With few
# images a step, 4 say, the samples from more images can get further by the
# step: promise 3. It is the clock that speaks against them.
#
# ## Class imbalance, by weights
#
# Where rare classes must count, weights are the cheap way, as promise 2 showed:
# one pass, no pixel thrown away. Which weights? **Median frequency balancing**:
# the **frequency** $f_c$ of a class is its share of the pixels *of those images
# that show it*, void left out, and its weight
#
# $$w_c = \frac{\mathrm{median}(f)}{f_c}$$
#
# so that a class of middling frequency weighs 1. Three tiny images with two
# columns, by hand: class 0 has 3 of 4 pixels in the first and 2 of 3 in the
# second, where one is void, and all 4 in the third; class 1 has 1 of 4, class 2
# has 1 of 3.
#
# **Predict.** $f_0 = 9/11$, $f_1 = 1/4$, $f_2 = 1/3$. What are the three
# weights?


# %%
class Three(Scenes):
    """Three labels of 2x2 pixels, as a data set."""

    classes = ("ground", "pole", "sign")
    tiny = np.array([[[0, 0], [0, 1]], [[0, 2], [255, 0]], [[0, 0], [0, 0]]])

    def load(self, index):
        return None, self.tiny[index]


f = np.array([9 / 11, 1 / 4, 1 / 3])
by_hand = np.median(f) / f
print("by hand:      ", by_hand.round(3))
print("class_weights:", class_weights(Three(count=3)).round(3))
assert np.allclose(class_weights(Three(count=3)), by_hand)

# %% [markdown]
# And of the scenes, where a ladder is thin and the background wide:

# %%
weights = class_weights(Scenes("train", count=100))
for name, weight in zip(names, weights):
    print(f"{name:10} {weight:.2f}")
assert weights[0] == weights.min() and weights[0] < 0.3

# %% [markdown]
# The loss takes them: `SoftmaxCrossEntropy(255, class_weights=weights)`. In
# training they are `python -m minifcn train --class-balance`, sampling is
# `--sample 0.25`. The paper needed neither: about three quarters of its pixels
# are background, and balancing brought nothing.

# %% [markdown]
# ## What was left out, and where the real thing stands
#
# - Both roads for any net without padding: `minifcn/alternatives/patchwise.py`.
#   Sampling: `minifcn/data/sampling.py`.
# - Training for the curves: `minifcn/alternatives/convergence.py`; `python
#   benchmarks/convergence.py --out FILE` does it with FCN-32s.
# - The loss with void, weights and mean or sum: `minifcn/layers/loss.py`. A
#   *mean* divides by the pixels that count, so that on average sampling leaves
#   its gradient as large as it was, and the learning rate need not change.
# - The weights: `minifcn/data/balance.py`. The training that takes them:
#   `minifcn/training/fit.py`, lesson 14.

# %% [markdown]
# ## Exercises
#
# `python -m lessons test 11` puts them into `lessons/answers/`, for you to
# write there, and tells you what is right, and what is wrong if not.
#
# 1. `cut_patches`: the batch of patches that a whole image with its labels
#    stands for.
# 2. `sampled_gradient`: the gradient of the summed loss by the scores, where
#    void pixels do not count and classes have weights.
# 3. `class_weights`: median frequency balancing of a list of label maps.
