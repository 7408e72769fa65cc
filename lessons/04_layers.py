# %% [markdown]
# # 4. What stands between the convolutions, and what behind the last?
#
# **Time:** 50 minutes
#
# **Know before:** the gradients of a convolution and how to check them (lesson
# 2); label maps and void (lesson 1).
#
# Convolutions alone make a poor network. Between them stand ReLU, pooling and
# dropout; behind the last stands the loss, which says of each pixel how wrong
# it was. None of the four has weights, all have a way back. You derive each on
# paper, write it, and check it with numbers. Two of them have places where no
# derivative exists: you will see what happens there.

# %%
import numpy as np

from lessontools import draw_maps, frame, new_figure, pytorch, show
from minifcn.backend import resolve_device, to_device
from minifcn.convolution import conv2d
from minifcn.data import VOID
from minifcn.gradcheck import check_gradients
from minifcn.layers import (
    Conv2d,
    Dropout,
    Dropout2d,
    Layer,
    MaxPool2d,
    ReLU,
    Sequential,
    SoftmaxCrossEntropy,
)
from minifcn.metrics import ConfusionMatrix
from minifcn.pictures.colours import BLUE, GREEN, VERMILLION

rng = np.random.default_rng(0)

# %% [markdown]
# ## ReLU: why, and its slope
#
# A convolution without bias is **linear**: the output of a sum of images is the
# sum of their outputs. So is one convolution after another: a hundred of them
# can do nothing that one with a larger kernel could not. Something that bends
# has to stand in between. The **ReLU**, "rectified linear unit", bends as
# little as possible:
#
# $$y = \max(x, 0)$$
#
# for each number by itself. Where $x > 0$, $y$ moves with $x$, and the slope is
# 1; where $x < 0$, $y$ stays 0, and so does the slope:
#
# $$\frac{\partial L}{\partial x} = \frac{\partial L}{\partial y} \, [x > 0]$$
#
# (Square brackets around a condition: 1 where it holds, else 0.)
#
# **Predict.** Two convolutions, of the sum of two images, against the sum of
# what each gives: equal? And with a ReLU between them?

# %%
first, second = rng.standard_normal((2, 1, 1, 3, 3))  # two kernels
a, b = rng.standard_normal((2, 1, 1, 8, 8))  # two images


def two(x, between):
    return conv2d(between(conv2d(x, first)), second)


for name, between in {"nothing": lambda x: x, "ReLU": ReLU()}.items():
    miss = abs(two(a + b, between) - two(a, between) - two(b, between)).max()
    print(f"{name:8} between them: off by {miss:.1e}")
    assert (miss < 1e-12) == (name == "nothing")


class Rectify(Layer):
    """ReLU in two lines: forward and backward."""

    def forward(self, x):
        self.keep(x)
        return np.maximum(x, 0)

    def backward(self, dy):
        (x,) = self.kept()
        return dy * (x > 0)


report = check_gradients(Rectify(), rng.standard_normal((2, 3, 4, 5)))
print(report)
assert report.ok(1e-6) and report.kinks == 0

# %% [markdown]
# ## At the kink
#
# At $x = 0$ there is no derivative: to the right the slope is 1, to the left 0.
# Any straight line through that point with a slope between 0 and 1 touches the
# graph from below and never crosses it. Such slopes are called
# **subgradients**. A network needs *some* number there; any of them will do,
# and a rule has to choose.
#
# **Predict.** What does a numerical gradient say at exactly 0? What does our
# `backward`? And PyTorch?

# %%
zero, h = np.zeros(1), 1e-6
right = (np.maximum(zero + h, 0) - np.maximum(zero, 0)) / h
left = (np.maximum(zero, 0) - np.maximum(zero - h, 0)) / h
layer = Rectify()
layer(zero)
ours = layer.backward(np.ones(1))
print("to the right", right, " left", left, " between", (right + left) / 2)
print("backward says", ours)
assert right == 1 and left == 0 and ours == 0
print(check_gradients(Rectify(), zero))
if torch := pytorch():
    x = torch.zeros(1, requires_grad=True)
    torch.relu(x).sum().backward()
    print("PyTorch says ", x.grad.numpy())
    assert x.grad == 0

# %%
figure = new_figure(520, 340)
axes = figure.subplots()
line = np.array([-1.5, 1.5])
for slope in (0.25, 0.5, 0.75):
    axes.plot(line, slope * line, color="0.6", linewidth=1)
axes.plot([-1.5, 0, 1.5], [0, 0, 1.5], color=BLUE, linewidth=3)
axes.text(-1.45, 0.08, "slope 0", color=BLUE)
axes.text(0.45, 1.0, "slope 1", color=BLUE)
axes.text(-1.45, -1.3, "grey: subgradients 0.25, 0.5, 0.75 at the kink")
axes.set(xlabel="x", ylabel="ReLU of x", ylim=(-1.5, 1.6))
axes.grid(color="0.9")
show(
    figure,
    "04_relu",
    "The graph of ReLU, flat up to 0, then rising with slope 1. Three grey "
    "lines through the kink, with slopes between 0 and 1, lie below it "
    "everywhere else.",
)

# %% [markdown]
# The three answers 0, 1/2 and 1 are all subgradients. PyTorch and minifcn take
# the 0. (`check_gradients` saw that left and right differ, left the entry out,
# counted it, and was honest that nothing was tested.) A number that is
# *exactly* 0 in front of a ReLU is rare, so the choice hardly matters. With
# max-pooling it is different.
#
# ## Max-pooling
#
# **Pooling** makes a map smaller: it keeps one number of each window.
# **Max-pooling** keeps the largest. Windows lie `stride` apart; mostly the
# stride is the kernel's size, 2 and 2 in VGG, so that they do not overlap; in
# AlexNet the kernel is 3 and they do. Each channel is pooled by itself.
#
# $$y_{r,q} = \max_{i,j} \, x_{rs-p+i,\,qs-p+j}$$
#
# Say the largest of a window is larger than the others by some gap. Move any
# number by less than half of that: the **winner** stays the winner. So $y$
# moves exactly as the winner does, and not at all with the losers:
#
# $$\frac{\partial L}{\partial x_j} =
# \sum_i \frac{\partial L}{\partial y_i} \, [j \, \mathrm{won \, window} \, i]$$
#
# A sum, for where windows overlap a pixel can win several. Forward has to
# remember who won. (Random floats are all different, so the check below meets
# no kink.)
#
# Two details for later: `padding` fills with $-\infty$, and with `ceil` the
# last window may hang over the edge.


# %%
def pooled_size(size, kernel, stride, padding=0, ceil=False):
    """How many windows there are along one axis."""
    room = size + 2 * padding - kernel
    if not ceil:
        return room // stride + 1
    count = -(-room // stride) + 1  # rounded up
    last = (count - 1) * stride - padding  # where the last window starts
    return count if last < size else count - 1


class MaxPool(Layer):
    def __init__(self, kernel, stride, padding=0, ceil=False):
        self.settings = kernel, stride, padding, ceil

    def forward(self, x):
        k, s, p, _ = self.settings
        sides = (0, 0), (0, 0), (p, p + k), (p, p + k)  # k: room to hang over
        padded = np.pad(x, sides, constant_values=-np.inf)
        size = [pooled_size(n, *self.settings) for n in x.shape[2:]]
        y, winners = np.zeros((*x.shape[:2], *size)), {}
        for place in np.ndindex(y.shape):
            n, c, top, left = place[0], place[1], place[2] * s, place[3] * s
            window = padded[n, c, top : top + k, left : left + k]
            row, col = divmod(window.argmax(), k)  # of equals the first
            y[place] = window[row, col]
            winners[place] = n, c, top + row - p, left + col - p
        self.keep(winners, x.shape)
        return y

    def backward(self, dy):
        winners, shape = self.kept()
        dx = np.zeros(shape)
        for place, winner in winners.items():
            dx[winner] += dy[place]
        return dx


# %% [markdown]
# **Predict.** 3x3 windows with stride 1 on the map `x` of 4x4 pixels: what are
# the four outputs? With this `dy`, how much gradient does the pixel that holds
# 9 get?
#
# ```text
# x              dy
# 1  0  9  3     1  2
# 4  5  2  1     3  4
# 0  7  1  2
# 8  6  0  4
# ```

# %%
x = np.array([[1.0, 0, 9, 3], [4, 5, 2, 1], [0, 7, 1, 2], [8, 6, 0, 4]])
dy = np.array([[1.0, 2], [3, 4]])
pool = MaxPool(3, stride=1)
y = pool(x[None, None])[0, 0]
dx = pool.backward(dy[None, None])[0, 0]
figure, axes = draw_maps({"x": x, "y": y, "dy": dy, "dx": dx})
for panel in axes[0], axes[3]:
    frame(panel, 0, 0, 3, 3, BLUE)
    frame(panel, 1, 1, 3, 3, VERMILLION)
frame(axes[1], 0, 0, 1, 1, BLUE)
frame(axes[1], 1, 1, 1, 1, VERMILLION)
show(
    figure,
    "04_pool",
    "Four maps with two windows framed. The 9 of x wins two windows, so dx "
    "has 3 there, the sum of 1 and 2; where the 8 and the 7 stand dx has 3 "
    "and 4, everywhere else 0.",
)
print("y:", y, "dx:", dx, sep="\n")
assert y.tolist() == [[9, 9], [8, 7]] and dx[0, 2] == 1 + 2
report = check_gradients(pool, rng.standard_normal((2, 2, 5, 4)))
print(report)
assert report.ok(1e-6) and report.kinks == 0

# %% [markdown]
# ## Ties
#
# Now a window of four equal numbers. Nobody is larger, and the smallest move
# upwards makes a winner: a kink again.
#
# Two rules suggest themselves. *The first wins* and gets all of `dy`. Or *all
# equals* get `dy`: the mask `x == y` times `dy`, one line, no memory.
#
# **Predict.** What does the numerical gradient of each of the four say? What is
# their sum? By how much does $y$ rise if all four rise together by $h$, and
# which of the two rules agrees with that?

# %%
flat = np.full((1, 1, 2, 2), 5.0)
pool, one = MaxPool(2, stride=2), np.ones((1, 1, 1, 1))
numerical = np.zeros(4)
for j in range(4):
    push = np.zeros(4)
    push[j] = h
    push = push.reshape(flat.shape)
    numerical[j] = (pool(flat + push) - pool(flat - push)).item() / (2 * h)
together = (pool(flat + h) - pool(flat - h)).item() / (2 * h)
pool(flat)
first_wins = pool.backward(one)
all_equals = (flat == flat.max()) * one
print("numerical: ", numerical.round(3), " sum", numerical.sum().round(3))
print("all four together:", round(together, 3))
print("first wins:", first_wins.ravel(), " sum", first_wins.sum())
print("all equals:", all_equals.ravel(), " sum", all_equals.sum())
assert np.allclose(numerical, 1 / 2) and np.isclose(together, 1)
assert first_wins.sum() == 1 and all_equals.sum() == 4
print(check_gradients(pool, flat))

# %% [markdown]
# All four together move $y$ by $h$, so the gradients have to add up to `dy`.
# The mask gives four times that: it is *wrong*, not another choice. (Divided by
# the number of equals it would be a subgradient, 1/4 each; so is "the first
# wins".) The numerical gradient is no subgradient either; its halves add up to
# 2.
#
# Are ties rare? Not behind a ReLU, which makes half of the numbers 0.
#
# **Predict.** Random numbers, a ReLU, then 2x2 windows: how many of the windows
# hold nothing but zeros? What becomes of the gradient that "the first" of the
# zeros gets?

# %%
x = rng.standard_normal((1, 4, 40, 40))
rectify = Rectify()
r = rectify(x)
y = pool(r)
ties = (y == 0).mean()
to_zeros = pool.backward(np.ones_like(y)) * (r == 0)
print(f"windows of zeros: {ties:.3f}, expected (1/2)^4 = {1 / 16:.3f}")
print("gradient given to zeros:", to_zeros.sum())
print("of it, behind the ReLU: ", rectify.backward(to_zeros).sum())
assert abs(ties - 1 / 16) < 0.02 and to_zeros.sum() > 0
assert not rectify.backward(to_zeros).any()
report = check_gradients(Sequential(ReLU(), MaxPool2d(2)), x[:, :, :6, :6])
print(report)
assert report.ok(1e-6)

# %% [markdown]
# The ReLU in front takes away what the tie gave. These ties do no harm. Where
# there is no ReLU in front, on a uniform piece of an image for one, the rule
# shows, and everybody's should be the same:

# %%
ties = rng.integers(0, 3, (2, 3, 6, 6)).astype(float)  # full of ties
dy = rng.standard_normal((2, 3, 3, 3))
mine, theirs = MaxPool(3, 2, padding=1), MaxPool2d(3, 2, padding=1)
assert np.array_equal(mine(ties), theirs(ties))
dx = mine.backward(dy)
assert np.allclose(dx, theirs.backward(dy))
print("minifcn gives the same gradients")
if torch:
    x = torch.tensor(ties, requires_grad=True)
    y = torch.nn.functional.max_pool2d(x, 3, 2, padding=1)
    y.backward(torch.tensor(dy))
    print("PyTorch, too:", np.allclose(x.grad.numpy(), dx))
    assert np.allclose(x.grad.numpy(), dx)

# %% [markdown]
# ## The edge: $-\infty$, and windows that hang over
#
# A convolution pads with zeros. In a maximum, a zero takes part.
#
# **Predict.** A map of negative numbers, a 3x3 window, stride 2, padding 1.
# What comes out if the padding is 0? And which pixels get a gradient?

# %%
x = -1 - np.arange(25.0).reshape(1, 1, 5, 5)
with_zeros = MaxPool(3, 2)(np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1))))
pool = MaxPool(3, 2, padding=1)
print("zeros around it:", with_zeros[0, 0], sep="\n")
print("-inf around it:", pool(x)[0, 0], sep="\n")
assert (with_zeros == 0).sum() == 8  # only the middle window sees the truth
assert np.array_equal(pool(x)[0, 0, 0], [-1, -2, -4])

# %% [markdown]
# With zeros the edge's outputs are a number that is nowhere in the map, and
# their gradient goes to the padding, and is lost. $-\infty$ never wins.
#
# The other question: 5 pixels, windows of 2, stride 2. Two windows fit, and the
# last pixel is seen by none. **Ceil mode** rounds the number of windows up
# instead of down:
#
# $$o = \left\lceil \frac{i + 2p - k}{s} \right\rceil + 1$$
#
# The last window hangs over the edge, and what it misses counts as $-\infty$.
# With one exception: a window that would *start* beyond the last pixel sees
# nothing, and is left out. Caffe, the authors' framework, rounds up; so an FCN
# in PyTorch, such as the one that the lecture's slides (lesson 1) print, has
# `ceil_mode=True` at all five poolings.
#
# **Predict.** 500 pixels, halved five times: which sizes come out, rounded down
# and rounded up?

# %%
for ceil in (False, True):
    sizes = [500]
    for _ in range(5):
        sizes.append(pooled_size(sizes[-1], 2, 2, ceil=ceil))
    print("up:  " if ceil else "down:", *sizes)
assert sizes == [500, 250, 125, 63, 32, 16]
print("3 pixels, windows of 2, stride 3:", pooled_size(3, 2, 3, ceil=True))
assert pooled_size(3, 2, 3, ceil=True) == 1  # a second would start outside
x = rng.standard_normal((1, 2, 5, 7))
for settings in ((2, 2, 0, True), (3, 2, 1, True), (3, 2, 1, False)):
    mine = MaxPool(*settings)
    theirs = MaxPool2d(*settings[:3], ceil_mode=settings[3])
    assert np.array_equal(mine(x), theirs(x))
    assert check_gradients(mine, x).ok(1e-6)

# %% [markdown]
# ## Dropout
#
# **Dropout** sets random numbers of a map to 0 while the network learns, each
# with probability $p$. It makes the network rely on no single number, and less
# prone to learn its training images by heart. Let $m$ be the **mask**, 1 for
# what stays and 0 for the rest. Then
#
# $$y = \frac{x \, m}{1 - p}$$
#
# Why the division? The layer behind gets sums of such numbers. On average a
# number stays in $1 - p$ of the cases, so the average of $x m$ is $(1 - p) x$,
# and that of $y$ is $x$ again. When the network is used, not trained, nothing
# is dropped, and nothing has to be scaled: the layer behind finds the sums it
# is used to.
#
# For one mask $y$ is $x$ times a fixed number. So the gradient goes through the
# same mask, with the same scale:
#
# $$\frac{\partial L}{\partial x} =
# \frac{m}{1 - p} \, \frac{\partial L}{\partial y}$$
#
# The mask comes out of a random generator, and that out of its **seed**: the
# same seed, the same mask.
#
# **Predict.** $p = 1/4$ and an $x$ of ones: which numbers occur in $y$? What is
# the mean of many?


# %%
class Drop(Layer):
    def __init__(self, p, seed=0):
        self.p, self.rng = p, np.random.default_rng(seed)

    def forward(self, x):
        if not self.training:
            return x
        scale = (self.rng.random(x.shape) >= self.p) / (1 - self.p)
        self.keep(scale)
        return x * scale

    def backward(self, dy):
        (scale,) = self.kept()
        return dy * scale


ones = np.ones((100, 100))
drop = Drop(p=1 / 4)
y = drop(ones)
print("numbers in y:", np.unique(y), " mean:", y.mean().round(3))
assert np.allclose(np.unique(y), [0, 4 / 3]) and abs(y.mean() - 1) < 0.03
assert np.array_equal(Drop(1 / 4, seed=3)(ones), Drop(1 / 4, seed=3)(ones))
assert not np.array_equal(drop(ones), y)  # the next mask is another one
assert drop.eval()(ones) is ones

# %% [markdown]
# That last but one line is a trap for the gradient check, which runs forward
# again and again.
#
# **Predict.** What does a numerical gradient say if each of its forward passes
# draws a new mask?

# %%
x, dy = rng.standard_normal((2, 3, 4))
drop.train()
drop(x)
right = drop.backward(dy)
push = np.zeros_like(x)
push[0, 1] = h
moved = (dy * (drop(x + push) - drop(x - push))).sum() / (2 * h)
print(f"backward: {right[0, 1]:.3f}, numerical, two masks: {moved:.0f}")
assert abs(moved) > 1e3
report = check_gradients(drop, x)  # seeds the generator before every pass
print(report)
assert report.ok(1e-6)

# %% [markdown]
# Two masks differ by numbers as large as $x$ itself, divided by $2h$. A check
# of a random layer has to hold the randomness still. (From the same seed
# PyTorch draws other masks. Between two frameworks only the rule can be
# compared, not the numbers.)
#
# Neighbouring pixels of a map are nearly alike: where one is dropped, the
# others still tell what it was. `Dropout2d`, which that FCN has behind fc6 and
# fc7, drops whole channels:

# %%
ones = np.ones((1, 6, 2, 3))
for layer in Dropout(0.5, rng), Dropout2d(0.5, rng):
    layer.reseed(1)
    print(layer, "keeps", layer(ones).sum(axis=(2, 3))[0] / 2, "of 6")
assert set(layer(ones).sum(axis=(2, 3)).ravel() / 2) == {0, 6}

# %% [markdown]
# ## The loss of one pixel
#
# The network's last convolution gives each pixel a number for each class, its
# **scores** $z_0, z_1, \ldots$, of any size. **Softmax** makes probabilities of
# them, positive and with the sum 1:
#
# $$p_c = \frac{e^{z_c}}{\sum_k e^{z_k}}$$
#
# With $t$ the true class, the loss is small if $p_t$ is near 1. It is called
# **cross-entropy**; in the paper, per-pixel multinomial logistic loss:
#
# $$L = -\log \, p_t = \log \, \sum_k e^{z_k} - z_t$$
#
# Derive by one score. The first term gives, by the chain rule, $e^{z_c}$ over
# the sum, which is $p_c$ again. The second gives $-1$ for $c = t$, and else 0.
# Write $\mathrm{onehot}$ for the vector with 1 at $t$ and 0 elsewhere:
#
# $$\frac{\partial L}{\partial z_c} = p_c - \mathrm{onehot}_c$$
#
# What was said less what is true: hardly a gradient is simpler.
#
# **Predict.** Scores 2, 1, 0, true class 1. Which scores does a step against
# the gradient raise, which does it lower? What is the gradient's sum?

# %%
z, true_class = np.array([2.0, 1, 0]), 1
p = np.exp(z) / np.exp(z).sum()
gradient = p - np.eye(3)[true_class]
print("p       ", p.round(3), " loss", -np.log(p[true_class]).round(3))
print("gradient", gradient.round(3), " sum", abs(gradient.sum().round(12)))
for c in range(3):
    up, down = z.copy(), z.copy()
    up[c], down[c] = z[c] + h, z[c] - h
    high, low = (np.log(np.exp(s).sum()) - s[true_class] for s in (up, down))
    assert np.isclose((high - low) / (2 * h), gradient[c])
assert gradient[1] < 0 < gradient[2] and np.isclose(gradient.sum(), 0)

# %% [markdown]
# The sum is 0, as adding the same number to all scores changes no probability.
# That is of use: $e^{1000}$ is more than a float can hold, while $e^0$ is
# harmless. So **subtract the largest score from all** before taking
# exponentials. And take the logarithm of the sum, never of a probability: a
# very small $p_t$ is rounded to 0, and its logarithm is $-\infty$.
#
# **Predict.** Scores 1000, 0, 0 and true class 1: what is the loss, about? What
# does the first formula above give, as it stands?

# %%
large = np.array([1000.0, 0, 0])
with np.errstate(all="ignore"):  # do not warn, we want to see it
    p = np.exp(large) / np.exp(large).sum()
    shifted = large - large.max()
    half_way = -np.log(np.exp(shifted) / np.exp(shifted).sum())[true_class]
stable = np.log(np.exp(shifted).sum()) - shifted[true_class]
print("as it stands, p:", p)
print("largest subtracted, logarithm of p_t:", half_way)
print("largest subtracted, logarithm of the sum:", stable)
assert np.isnan(p[0]) and half_way == np.inf and stable == 1000

# %% [markdown]
# ## The loss of a map, with void
#
# Each pixel has a loss of its own. To get one number, take the **mean over the
# counted pixels**. Let $w$ be 1 for a pixel that counts and 0 for void, and
# $n = \sum w$ how many count. Then pixel $i$ has the gradient
#
# $$\frac{\partial L}{\partial z_{c,i}} =
# \frac{w_i}{n} \, (p_{c,i} - \mathrm{onehot}_{c,i})$$
#
# One thing to see to: 255 is no class. It must not be used as an index, not
# even where the result is multiplied by 0. (And a map of nothing but void has
# no mean: $n = 0$. minifcn says so; `nan` would spoil every weight.)


# %%
class PixelLoss(Layer):
    """Of scores (N, C, H, W): the mean loss, as an array of one number."""

    def __init__(self, labels):
        self.labels = labels  # (N, H, W)

    def forward(self, scores):
        counted = self.labels != VOID
        target = np.where(counted, self.labels, 0)[:, None]  # (N, 1, H, W)
        z = scores - scores.max(axis=1, keepdims=True)
        log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        chosen = np.take_along_axis(log_p, target, axis=1)[:, 0]
        self.keep(np.exp(log_p), target, counted)
        return np.array([-(chosen * counted).sum() / counted.sum()])

    def backward(self, dloss):
        p, target, counted = self.kept()
        classes = np.arange(p.shape[1]).reshape(1, -1, 1, 1)
        onehot = classes == target
        return dloss * (p - onehot) * counted[:, None] / counted.sum()


# %% [markdown]
# **Predict.** The 4x4 label map of lesson 1, with one void pixel, and scores
# for three classes: how many of the 48 numbers of the gradient are 0?

# %%
labels = np.array([[0, 0, 0, 0], [0, 1, 1, VOID], [0, 1, 1, 2], [0, 0, 2, 2]])
labels = labels[None]
scores = rng.standard_normal((1, 3, 4, 4))
loss = PixelLoss(labels)
value = loss(scores)
gradient = loss.backward(np.ones(1))
p = loss.kept()[0]
print("loss", value, " zeros in the gradient:", (gradient == 0).sum())
assert (gradient == 0).sum() == 3 and not gradient[0, :, 1, 3].any()
report = check_gradients(PixelLoss(labels), scores)
print(report)
assert report.ok(1e-6)
ours = SoftmaxCrossEntropy()  # minifcn's
assert np.isclose(ours(scores, labels), value.item())
assert np.allclose(ours.backward(), gradient)
if torch:
    z = torch.tensor(scores, requires_grad=True)
    true = torch.from_numpy(labels)
    theirs = torch.nn.functional.cross_entropy(z, true, ignore_index=VOID)
    theirs.backward()
    print("PyTorch's loss:", theirs.item(), "and its gradient is the same")
    assert np.isclose(theirs.item(), value.item())
    assert np.allclose(z.grad.numpy(), gradient)

# %%
onehot = (labels[0] == 1).astype(float)
maps = {"p of class 1": p[0, 1], "onehot of class 1": onehot}
maps["gradient, times 15"] = 15 * gradient[0, 1]
figure, axes = draw_maps(maps, form=".2f")
for panel in axes:
    frame(panel, 1, 3, 1, 1, GREEN)  # void
show(
    figure,
    "04_loss",
    "Three maps of 4x4 pixels: the probability of class 1; a 1 where it is "
    "the truth; and the gradient, below 0 for those four pixels, 0 for the "
    "void one, above 0 for the others.",
)

# %% [markdown]
# (Framed: the void pixel.) Does the loss do what it should? Forget the network
# for a moment and let the *scores themselves* learn: from 0 on, go step by step
# against the gradient.
#
# **Predict.** What is the loss at the start, with three equal scores? What
# becomes of the void pixel's scores?

# %%
learned = np.zeros((1, 3, 4, 4))
for step in range(41):
    value = loss(learned).item()
    if step % 10 == 0:
        print(f"step {step:2}: loss {value:.3f}")
    if step == 0:
        assert np.isclose(value, np.log(3))
    learned -= 10 * loss.backward(1.0)
print("void pixel's scores:", learned[0, :, 1, 3])
matrix = ConfusionMatrix(3)
matrix.update(learned.argmax(axis=1), labels)
print("mean IU:", matrix.mean_iu)
assert value < 0.05 and matrix.mean_iu == 1
assert not learned[0, :, 1, 3].any()

# %% [markdown]
# ## Mean or sum
#
# The paper's authors later trained with the **sum** over all pixels. Then loss
# and gradient are larger by the number of counted pixels, $n$, and a step with
# learning rate $\eta$ (what we multiply the gradient with, 10 above) is $n$
# times as long. So the two go together: sum with rate $\eta$ is mean with rate
# $n \eta$.
#
# **Predict.** An image of 500x375 pixels, 21 classes as in VOC, all scores 0:
# what is the mean loss, what the sum? Their rate was $10^{-10}$: which rate for
# the mean is that?

# %%
device, reason = resolve_device()
print(reason)
scores = to_device(np.zeros((1, 21, 375, 500), dtype="float32"), device)
labels = to_device(rng.integers(0, 21, (1, 375, 500)), device)
results = {}
for reduction in ("mean", "sum"):
    criterion = SoftmaxCrossEntropy(reduction=reduction)
    results[reduction] = criterion(scores, labels)
    largest = float(abs(criterion.backward()).max())
    print(f"{reduction:4} {results[reduction]:10.3f}  gradient {largest:.1e}")
print(f"log 21 = {np.log(21):.3f}, 1e-10 becomes {1e-10 * 375 * 500:.1e}")
assert np.isclose(results["mean"], np.log(21), rtol=1e-5)
assert np.isclose(results["sum"], 375 * 500 * np.log(21), rtol=1e-5)

# %% [markdown]
# A loss of half a million and a rate of $10^{-10}$ have frightened many; per
# pixel they are ordinary. (Their momentum of 0.99 makes the steps about a
# hundred times longer still: lesson 14.) With the mean, an image of half the
# size takes equally long steps; with the sum, shorter ones, and still shorter
# ones where much is void. Whoever changes from one to the other has to change
# the rate.
#
# Last, all of it in a row, with minifcn's layers:

# %%
net = Sequential(
    Conv2d(3, 4, 3, padding=1, rng=rng),
    ReLU(),
    MaxPool2d(3, 2, padding=1, ceil_mode=True),
    Dropout(0.25, rng),
    Conv2d(4, 3, 1, rng=rng),
).to(device)
x = to_device(rng.standard_normal((2, 3, 6, 7)), device)
report = check_gradients(net, x)
print(report)
assert report.ok(1e-6)

# %% [markdown]
# ## What was left out, and where the real thing stands
#
# - Max-pooling without a loop over windows, with dilation, and **average
#   pooling**, the mean of a window, which sends `dy` back in equal shares and
#   has no kinks (GoogLeNet ends with one): `minifcn/layers/pool.py`. Winners
#   that are used again, to *unpool*: lesson 9.
# - ReLU in place, to save memory, and dropout: `minifcn/layers/elementwise.py`.
# - The loss with weights for the classes, and each pixel's by itself:
#   `minifcn/layers/loss.py`. Loss on a *sample* of pixels: lesson 11.
# - How kinks are found from the forward pass alone: `minifcn/gradcheck.py`.

# %% [markdown]
# ## Exercises
#
# `python -m lessons test 4` puts them into `lessons/answers/`, for you to write
# there, and tells you what is right, and what is wrong if not.
#
# 1. `max_pool`: of one map, with padding and ceil mode.
# 2. `max_pool_backward`: its way back, with ties and windows that overlap.
# 3. `pixel_loss`: the mean loss and its gradient, with void, for scores of any
#    size.
