# %% [markdown]
# # 14. How does the network learn, and with which settings?
#
# **Time:** 75 minutes
#
# **Know before:** gradients (lesson 2), the loss of each pixel and dropout
# (lesson 4), surgery on a classifier (lesson 12), skips (lesson 13).
#
# Each layer can say how the loss changes with its weights. What is left is to
# move the weights: by how much, from where on, and which of them. The paper
# answers in its section 4.3, with numbers such as $10^{-4}$, 0.9 and 20, and
# its authors' later nets with a startling $10^{-10}$. In this lesson you write
# the rule, see what each number does, and try the choices out on a small
# network that learns in a second or two.

# %%
import inspect
from textwrap import dedent

import numpy as np

from lessontools import new_figure, pytorch, show
from minifcn.backend import resolve_device, to_device
from minifcn.data import (
    Augmented,
    Preprocessing,
    Scenes,
    class_weights,
    jitter,
    mirror,
)
from minifcn.layers import (
    Conv2d,
    MaxPool2d,
    Parameter,
    ReLU,
    SoftmaxCrossEntropy,
    bilinear_weight,
)
from minifcn.metrics import ConfusionMatrix
from minifcn.models import FCN32s
from minifcn.models.classifier import FullyConnectedClassifier
from minifcn.models.transplant import transplant
from minifcn.optim import SGD, fixed
from minifcn.pictures.colours import BLUE, GREEN, VERMILLION
from minifcn.pictures.runs import colorize
from minifcn.training.fit import fit
from minifcn.training.freezing import freeze
from minifcn.training.recipes import per_pixel
from minifcn.training.settings import Settings

rng = np.random.default_rng(0)

# %% [markdown]
# ## A step downhill
#
# Think of the loss as a landscape over the weights. The gradient $g$ points
# uphill, so **gradient descent** takes a step the other way,
#
# $$w \leftarrow w - \eta \, g$$
#
# where $\eta$, the **learning rate**, sets how long the step is. Our landscape
# is a long valley: gentle along $w_1$, steep along $w_2$,
#
# $$L = \frac{1}{2} \left( w_1^2 + 400 \, w_2^2 \right)$$
#
# Its gradient is $(w_1, 400 \, w_2)$, so a step turns $w_2$ into
# $(1 - 400 \, \eta) \, w_2$.
#
# **Predict.** For which $\eta$ does $w_2$ shrink, from which on does it grow
# with each step? And with the largest rate that does no harm, by how much does
# $w_1$ shrink in a step?

# %%
STEEP = np.array([1.0, 400.0])


def gradient(w):
    """The valley's slope at w (2,)."""
    return STEEP * w


for lr in (0.004, 0.0051):
    w = np.array([1.0, 0.05])
    for _ in range(100):
        w = w - lr * gradient(w)
    print(f"lr {lr}: after 100 steps w = {w[0]:.2f}, {w[1]:.2g}")
    assert (abs(w[1]) < 0.05) == (lr < 2 / 400)

# %% [markdown]
# The steep direction sets the limit, $\eta < 2/400$, and the gentle one pays
# for it: even there $w_1$ shrinks by no more than half a percent in a step, and
# with 0.004 it has come a third of the way after 100. A loss over millions of
# weights is full of such valleys.
#
# ## Momentum
#
# Let the weight roll instead of walk. It has a **velocity** $v$, which keeps a
# share $\mu$ of itself, the **momentum**, and gets the gradient on top:
#
# $$v \leftarrow \mu \, v + g, \qquad w \leftarrow w - \eta \, v$$
#
# Where the gradient turns round with each step, as on the valley's walls, its
# shares cancel. Where it stays the same, they add up.
#
# **Predict.** The gradient is 1, at each step. What does $v$ come to in the
# long run, for $\mu = 0.9$? And for 0.99? (Add up $1 + \mu + \mu^2 + ...$)


# %%
def descend(w, lr, momentum, steps):
    """The places (steps + 1, 2) that a weight comes to in the valley."""
    v, places = np.zeros_like(w), [w]
    for _ in range(steps):
        v = momentum * v + gradient(w)
        w = w - lr * v
        places.append(w)
    return np.array(places)


for momentum in (0.9, 0.99):
    v = 0.0
    for _ in range(2000):
        v = momentum * v + 1
    print(f"momentum {momentum}: v = {v:.3f}")
    assert np.isclose(v, 1 / (1 - momentum))

start = np.array([1.0, 0.05])
paths = {m: descend(start, 0.004, m, 1500) for m in (0.0, 0.9)}
losses = {m: (STEEP * path**2).sum(axis=1) / 2 for m, path in paths.items()}
needed = {m: int((loss > 1e-4).sum()) for m, loss in losses.items()}
print("steps until the loss is below 1e-4:", needed)
assert needed[0.9] < needed[0.0] / 5

# %%
figure = new_figure(900, 380)
valley, curves = figure.subplots(1, 2)
a, b = np.meshgrid(np.linspace(-0.9, 1.1, 80), np.linspace(-0.065, 0.065, 80))
valley.contour(a, b, (a**2 + 400 * b**2) / 2, 12, colors="0.85")
for m, colour, name in ((0.0, VERMILLION, "none"), (0.9, BLUE, "0.9")):
    valley.plot(*paths[m][:60].T, ".-", color=colour, lw=1)
    curves.semilogy(losses[m], color=colour)
    curves.text(700, (6e-3, 1e-6)[m > 0], f"momentum: {name}", color=colour)
valley.set_xticks([-0.5, 0, 0.5, 1])
valley.set(title="60 steps in the valley", xlabel="$w_1$", ylabel="$w_2$")
curves.set(title="all steps", xlabel="step", ylabel="loss", ylim=(1e-9, 2))
curves.grid(color="0.9")
show(
    figure,
    "14_valley",
    "The weight's way in the valley and its loss. Without momentum it creeps "
    "along the valley's floor; with 0.9 it swings from wall to wall, "
    "shrinking, and comes much nearer to the lowest point, its loss falling "
    "far faster.",
)

# %% [markdown]
# $v$ is $1/(1 - \mu)$ times the gradient in the long run: 10 for the paper's
# 0.9, 100 for 0.99. Momentum does not only smooth the way, it makes steps
# *longer*. (The picture is stretched upwards: the valley is twenty times as
# long as it is wide.) Keep that in mind when you compare learning rates.
#
# ## Weight decay, and biases
#
# Large weights are suspicious: the net may have learned its few images by
# heart. So a **penalty** is added to the loss, $\frac{\lambda}{2} w^2$ for each
# weight, whose gradient is $\lambda w$: $d = g + \lambda w$ takes the place of
# $g$. With no gradient from the data, each step without momentum then shrinks
# the weight to $1 - \eta \lambda$ of itself: hence **weight decay**. The
# paper's $\lambda$ is $5 \cdot 10^{-4}$ or $2 \cdot 10^{-4}$. (The paper
# writes $5^{-4}$, $2^{-4}$, and $5^{-5}$ for a learning rate: short for
# $5 \cdot 10^{-4}$ and so on.)
#
# A **bias** is one number added to a whole map. The paper lets biases learn at
# twice the rate; the authors' nets let none decay.
#
# **Predict.** $\eta = 0.1$, $\lambda = 5 \cdot 10^{-4}$, no gradient: what is
# left of a weight 1 after 1000 steps? Of a bias?


# %%
def step(w, v, g, lr, momentum, decay):
    """SGD's rule: the new weight and the new velocity."""
    d = g + decay * w
    v = momentum * v + d
    return w - lr * v, v


w = b = np.ones(1)
for _ in range(1000):
    w, _ = step(w, 0, 0, 0.1, 0, 5e-4)
    b, _ = step(b, 0, 0, 2 * 0.1, 0, 0)  # twice the rate, no decay
print(f"weight {w[0]:.3f}, bias {b[0]:.3f}")
assert np.allclose(w, (1 - 5e-5) ** 1000) and b == 1

# %% [markdown]
# minifcn writes the two factors onto each parameter, `lr_mult` and
# `decay_mult`. Twenty steps with gradients drawn at random, ours beside
# minifcn's and PyTorch's:

# %%
gradients = rng.standard_normal((20, 2, 3))  # of a weight and of a bias
kernel, bias = rng.standard_normal((2, 3))
theirs = [Parameter(kernel.copy()), Parameter(bias.copy(), True, 2, 0)]
sgd = SGD(theirs, lr=0.1, momentum=0.9, weight_decay=5e-4)
w, b, v, vb = kernel, bias, np.zeros(3), np.zeros(3)
for g in gradients:
    w, v = step(w, v, g[0], 0.1, 0.9, 5e-4)
    b, vb = step(b, vb, g[1], 0.2, 0.9, 0)
    theirs[0].grad, theirs[1].grad = g
    sgd.step()
assert np.allclose(w, theirs[0].data) and np.allclose(b, theirs[1].data)
print("the same as minifcn.optim.SGD")
if torch := pytorch():
    tensors = [torch.tensor(kernel), torch.tensor(bias)]
    groups = [{"params": tensors[:1], "weight_decay": 5e-4}]
    groups += [{"params": tensors[1:], "lr": 0.2}]
    optimizer = torch.optim.SGD(groups, lr=0.1, momentum=0.9)
    for g in gradients:
        for tensor, part in zip(tensors, g):
            tensor.grad = torch.tensor(part)
        optimizer.step()
    print("largest difference from PyTorch:", abs(w - tensors[0].numpy()).max())
    assert np.allclose(w, tensors[0]) and np.allclose(b, tensors[1])

# %% [markdown]
# ## Images to learn from, twenty at a time
#
# Now the network. Its images are minifcn's scenes, each with one object on
# 64x64 pixels. To learn in seconds it only has to tell *solid* objects (disc,
# square, triangle, star) from *pierced* ones (ring, ladder) and from the
# background.
#
# The S in **SGD** is for *stochastic*: a step looks at a few images drawn at
# random, a **minibatch**, and takes their mean gradient for that of all images.
# The paper takes 20. (Where images differ in size, one after the other goes
# through the net, and the step comes after the twentieth: the mean is the
# same.)
#
# How good a guess is it? The net starts with scores of 0, as you will see,
# which means a probability of 1/3 for each class. The loss's derivative by a
# score is probability minus 1 for the true class, minus 0 for others (lesson
# 4). So the gradient of a class's bias is 1/3 less the class's share of the
# pixels: we can read it off the label maps.
#
# **Predict.** How far off is the mean of 20 images, compared with that of one
# image? 20 times less?

# %%
FORMS = ("background", "solid", "pierced")
KIND = np.full(256, 255, np.uint8)  # void stays void
KIND[:7] = 0, 1, 1, 1, 2, 1, 2  # disc, square, triangle, ring, star, ladder
PALETTE = np.array([[0, 0, 0], [0, 114, 178], [213, 94, 0]], np.uint8)


def merge(image, label, rng):
    """A scene with the three classes above."""
    return image, KIND[label]


def scenes(split, count):
    data = Augmented(Scenes(split, 64, count), merge)
    data.classes, data.palette = FORMS, PALETTE
    return data


def by_class(numbers):
    return ", ".join(f"{name} {n:.2f}" for name, n in zip(FORMS, numbers))


def arrays(data):
    """images (N, 3, 64, 64) as the net takes them, labels (N, 64, 64)"""
    prepare = Preprocessing(data.mean, data.std)
    images, labels = zip(*data)
    return np.stack([prepare(image) for image in images]), np.stack(labels)


data, others = scenes("train", 300), scenes("val", 48)
images, labels = arrays(data)
counts = np.stack([(labels == c).sum(axis=(1, 2)) for c in range(3)], axis=1)
shares = counts / counts.sum(axis=1, keepdims=True)  # (300, 3)
print("share of the pixels:", by_class(shares.mean(axis=0)))
draws = rng.integers(300, size=(5000, 20))
by_one, by_twenty = (1 / 3 - shares)[:, 1], (1 / 3 - shares)[draws, 1].mean(1)
print(f"scatter: one {by_one.std():.3f}, twenty {by_twenty.std():.3f}")
assert np.isclose(by_one.std() / by_twenty.std(), np.sqrt(20), rtol=0.1)

# %% [markdown]
# $\sqrt{20}$, some 4.5 times less: twenty times the work buys that much. Where
# the budget is fixed, small batches and many steps often do better, and the
# authors' later nets take *one* image a step. Its high momentum, 0.99, averages
# over the last hundred or so.
#
# ## Why on earth 1e-10?
#
# The loss of an image is that of its pixels, and there are two ways to make one
# number of them: the **mean**, or the **sum**. With $P$ pixels the sum is $P$
# times the mean, and so is each gradient. To make the same step with it, the
# rate has to be $P$ times smaller:
#
# $$\eta_{mean} = P \, \eta_{sum}$$
#
# The later nets add up the losses, with $\eta = 10^{-10}$ and $\mu = 0.99$. The
# CVPR paper's FCN-VGG16 has $\eta = 10^{-4}$ and $\mu = 0.9$.
#
# **Predict.** An image has 500x375 pixels. Which learning rate on the mean is
# $10^{-10}$ on the sum? And in the long run, with the momentum? Compare with
# the paper's.

# %%
pixels = 500 * 375
later, paper = 1e-10 * pixels, 1e-4
print(f"1e-10 on the sum is {later:.2g} on the mean of {pixels} pixels")
print(f"in the long run: {later / (1 - 0.99):.2g}, the paper {paper / 0.1:.2g}")
assert np.isclose(later / (1 - 0.99), 1.9e-3, rtol=0.02)
heavy = Settings(lr=1e-10, momentum=0.99, loss="sum", batch_size=1)
assert np.allclose(per_pixel(heavy), (1e-10, later, later / 0.01))
print(f"the summed loss starts at P log 21 = {pixels * np.log(21):,.0f},")
print(f"which is {np.log(21):.2f} for each pixel")

# %% [markdown]
# So there is no magic in it: $1.9 \cdot 10^{-3}$ and $10^{-3}$ are of one size.
# But with the sum a large image makes a larger step than a small one, and
# nobody sees from a loss of 570,848 how well it goes: print the loss for each
# pixel. `python -m minifcn train --recipe heavy --explain` does this arithmetic
# for you, without training.
#
# ## Where to begin: the trunk
#
# Each weight needs a value to start from. Too small, and a signal fades layer
# by layer; too large, and it explodes. Take a layer with $n$ inputs $x_i$ and
# weights with mean 0 and variance $\sigma^2$. The variance of the sum $y$ is
#
# $$\mathrm{Var}(y) = n \, \sigma^2 \, \mathrm{E}[x^2]$$
#
# where $\mathrm{E}[x^2]$ is the mean of $x^2$. A ReLU sets half of the numbers
# to 0, so behind it $\mathrm{E}[x^2] = \frac{1}{2} \mathrm{Var}(y_{before})$,
# and the variance stays the same from layer to layer if
#
# $$\sigma^2 = \frac{2}{n}$$
#
# That is **He initialisation** (2015), and minifcn's `Conv2d` does it. A 3x3
# kernel on 32 channels has $n = 288$.
#
# **Predict.** VGG16 has 13 convolutions. What is left of a signal of size 1
# behind the 13th, with $\sigma = 0.01$? With twice He's?

# %%
size, he = {}, np.sqrt(2 / 288)
for name, sigma in {"0.01": 0.01, "He": he, "twice He": 2 * he}.items():
    x, size[name] = rng.standard_normal((200, 288)), []
    for _ in range(13):
        y = x @ (sigma * rng.standard_normal((288, 288)))
        size[name].append(y.std())
        x = np.maximum(y, 0)
    print(f"{name:9} layer 1: {size[name][0]:7.2g}, 13: {size[name][-1]:8.2g}")
assert size["0.01"][-1] < 1e-8 and size["twice He"][-1] > 1e3
assert 0.3 < size["He"][-1] / size["He"][0] < 3

# %%
figure = new_figure(640, 360)
axes = figure.subplots()
colours, markers = (VERMILLION, BLUE, GREEN), "os^"
for (name, values), colour, marker in zip(size.items(), colours, markers):
    axes.semilogy(range(1, 14), values, marker + "-", color=colour)
    axes.text(13.3, values[-1], name, color=colour, va="center")
axes.set(xlabel="layer", ylabel="size of the signal", xlim=(0.5, 15.5))
axes.set_title("what 13 layers make of a signal", size=11)
axes.grid(color="0.9")
show(
    figure,
    "14_he",
    "The size of a signal behind 13 layers, logarithmic: level with He's "
    "start, falling to about 1e-12 with 0.01, rising to some 1e4 with twice "
    "He's.",
)

# %% [markdown]
# In the paper the trunk need not begin at random: it is **pretrained**, a
# classifier of a million images. We do the same in small. Here is our net, a
# VGG in miniature whose maps shrink by 16 where VGG's shrink by 32:


# %%
class Small(FullyConnectedClassifier):
    """Four convolutions, three poolings, then fc6, fc7 and fc8."""

    name = title = "Small"

    def make_features(self, width, rng):
        first = Conv2d(3, 8, 4, stride=2, padding=1, rng=rng)
        layers, channels = {"conv2": first, "relu2": ReLU()}, 8
        for number, more in ((3, 16), (4, 32), (5, 32)):
            conv = Conv2d(channels, more, 3, padding=1, rng=rng)
            layers |= {f"conv{number}": conv, f"relu{number}": ReLU()}
            layers[f"pool{number}"], channels = MaxPool2d(2), more
        return layers, channels


def small(seed=0):
    return Small(3, fc_channels=32, dropout=0.1, image_size=64, seed=seed)


# %% [markdown]
# And here is everything said so far as one loop: draw images, clear the
# gradients, forward, loss, backward, step. The classifier learns one answer an
# image, whether its object is solid or pierced.


# %%
def train(net, labels, steps, lr=0.05, weights=None):
    """SGD, eight images a step; returns the loss of every step."""
    criterion = SoftmaxCrossEntropy(class_weights=weights)
    optimizer = SGD(net.to(device).parameters(), lr, 0.9, weight_decay=5e-4)
    draw, losses = np.random.default_rng(0), []
    net.train()
    for number in range(steps):
        some = draw.integers(len(images), size=8)
        net.reseed([1, number])  # the channels that dropout drops
        net.zero_grad()
        scores = net(to_device(images[some], device))
        losses.append(criterion(scores, to_device(labels[some], device)))
        net.backward(criterion.backward())
        optimizer.step()
    return np.array(losses)


device, reason = resolve_device()
print(reason)
classifier = small()
kinds = np.where(labels == 255, 0, labels).max(axis=(1, 2))  # of whole images
losses = train(classifier, kinds, 70, lr=0.01)
print(f"loss {losses[:5].mean():.2f} -> {losses[-5:].mean():.2f}")
pretrained = classifier.state_dict()
assert losses[-20:].mean() < 0.7  # log 2 would be a coin's

# %% [markdown]
# minifcn has this loop once, and whatever it trains goes through it: `fit`. Our
# draws are its `batches`, and it says `yield` after each step: whoever goes
# through the steps with `for` can print, save, measure, or leave. Here it is
# without its first lines, which say what it is given. Find our seven lines.

# %%
_, _, loop = inspect.getsource(fit).split('"""')
print(dedent(loop).strip())

# %% [markdown]
# What it can besides: make one step of several batches, for images that do not
# fit into memory at once or differ in size (`accumulate`); pass over batches
# that are all void; count a share of the pixels (`sample`, lesson 11); stop
# where the loss is no number any more; take part in a step of several machines
# (`exchange`), of whose batches this one has some rows: its pieces. The end of
# this lesson says how that works.
#
# **Predict.** We train a classifier in both ways, on the same draws and without
# dropout, whose masks would differ. How far apart are the losses?


# %%
def draws(steps):
    """The images and answers that `train` draws."""
    draw = np.random.default_rng(0)
    for _ in range(steps):
        some = draw.integers(len(images), size=8)
        yield images[some], kinds[some]


ours = train(Small(3, 1.0, 32, 0.0, image_size=64), kinds, 20, lr=0.01)
net = Small(3, 1.0, 32, 0.0, image_size=64).to(device)
optimizer = SGD(net.parameters(), 0.01, 0.9, weight_decay=5e-4)
steps = fit(net, draws(20), optimizer, fixed(0.01), device=device)
theirs = np.array([step.loss for step in steps])
print("largest difference of two losses:", abs(theirs - ours).max())
assert np.allclose(theirs, ours, rtol=1e-3)

# %% [markdown]
# ## Where to begin: the score layer and the upsampling
#
# Surgery (lesson 12) makes an FCN of the classifier. Its trunk has weights. Its
# last layer, `score_fr`, is new: the paper starts it at **zero**. The
# upsampling starts as **bilinear interpolation** (lesson 7), and stays so here:
# what is 0 or learned in the score layer is handed on to the pixels from the
# first step on.
#
# Zero is a daring choice. In the score layer $s = W f$, with features $f$ from
# the trunk:
#
# $$\frac{\partial L}{\partial W} = \frac{\partial L}{\partial s} \, f^\top$$
#
# $$\frac{\partial L}{\partial f} = W^\top \, \frac{\partial L}{\partial s}$$
#
# **Predict.** $W = 0$: which layers get a gradient in the first step? In the
# second? What if the *trunk* was zero, too? And what is the loss before the
# first step, with three classes?


# %%
def fcn(weights, frozen=()):
    """An FCN without skips upon our trunk; its score layer is zero."""
    net = FCN32s(3, padding="same", backbone=small())
    transplant(net, weights)
    freeze(net, frozen)
    return net.train_only()


def first_gradients(net, steps):
    """The largest in conv2, in score_fr and in its bias, after some steps."""
    train(net, labels, steps)
    conv, score = (net.named[name] for name in ("conv2", "score_fr"))
    parameters = conv.weight, score.weight, score.bias
    return [float(abs(parameter.grad).max()) for parameter in parameters]


zero = {name: 0 * array for name, array in pretrained.items()}
print("largest gradient in         conv2  score_fr  its bias")
for name, start in {"pretrained": pretrained, "all zero": zero}.items():
    for steps in (1, 2):
        conv, score, bias = first_gradients(fcn(start), steps)
        label = f"{name}, step {steps}:"
        print(f"{label:22} {conv:9.1e} {score:9.1e} {bias:9.1e}")
        assert (conv > 0) == (name == "pretrained" and steps == 2)
        assert (score > 0) == (name == "pretrained") and bias > 0
upscore = fcn(pretrained).named["upscore"]
assert np.array_equal(upscore.weight.data, bilinear_weight(3, 32))

# %% [markdown]
# One zero layer is no trouble: it gets its own gradient at once, and the trunk
# its own a step later. The weights of two in a row are dead for ever: each
# waits for the other. (What does move is the last bias, which no weight stands
# behind. It learns how frequent the classes are, and with it the loss falls:
# whoever puts zeros everywhere sees a net learn, and gets the same class
# everywhere.)
#
# The lecture's slides (lesson 1) say that zero beats random. What the paper
# says is more careful: random values brought *neither better results nor faster
# learning*. Let us see, with two draws of He's random values.
#
# **Predict.** Before the first step, is the loss of a random score layer above
# that of a zero one, or below?

# %%
runs, figures = {}, {}
test_images, test_labels = arrays(others)


def measure(net):
    """Three of the paper's four figures, in percent, on scenes not seen."""
    scores = net.eval()(to_device(test_images, device))
    found = ConfusionMatrix(3)
    found.update(scores.argmax(axis=1), test_labels)
    names = "pixel_accuracy", "mean_accuracy", "mean_iu"
    return {name: 100 * getattr(found, name) for name in names}


def run(name, net, lr=0.05):
    """Train 30 steps, measure, print."""
    runs[name], figures[name] = train(net, labels, 30, lr), measure(net)
    first, last = runs[name][0], runs[name][-8:].mean()
    mean_iu = figures[name]["mean_iu"]
    print(f"{name:10} loss {first:.3f} -> {last:.3f}, mean IU {mean_iu:.1f}")


whole = fcn(pretrained)
run("zero", whole)
for seed in range(2):
    net, random = fcn(pretrained), np.random.default_rng(seed)
    score = dict(net.children())["score_fr"].weight
    he = np.sqrt(2 / 32)  # of a 1x1 kernel on 32 channels
    score.data[...] = he * random.standard_normal(score.data.shape)
    run(f"random {seed}", net)
assert np.isclose(runs["zero"][0], np.log(3))
assert np.ptp([runs[f"random {seed}"][0] for seed in range(2)]) > 0.05

# %% [markdown]
# From zero the first loss is $\log 3$ exactly: the net says "I do not know". A
# random layer says something at once, by luck a little right, or wrong. Draws
# differ, in the first loss and 30 steps later, and no seed tells you beforehand
# which one you have; our few runs prove no more than that. Zero leaves luck out
# and costs nothing: a good reason to take it.
#
# ## Which layers, and how fast
#
# Now for **fine-tuning**, learning on from weights that another task has found.
# Does the whole net have to learn, or would the new layer do? minifcn's
# `freeze` holds the rest by patterns of names.
#
# **Predict.** The paper's FCN-32s came to a mean IU of 59.4. Where only its
# last layer learned: more, less, and by how much? And what if the whole of our
# net learns, ten times more slowly?

# %%
run("last layer", fcn(pretrained, frozen=["conv*", "fc*"]))
run("slow", fcn(pretrained), lr=0.005)
share = figures["last layer"]["mean_iu"] / figures["zero"]["mean_iu"]
print(f"the last layer alone reaches {share:.0%} of the whole net's mean IU")
assert share < 0.95 and runs["zero"][-8:].mean() < runs["slow"][-8:].mean()

# %%
figure = new_figure(760, 400)
axes = figure.subplots()
styles = {"zero": (BLUE, "-", "the whole net")}
styles["slow"] = GREEN, "--", "the whole net, a tenth of the rate"
styles["last layer"] = VERMILLION, ":", "the last layer alone"
for name, (colour, style, text) in styles.items():
    curve = np.convolve(runs[name], np.ones(5) / 5, mode="valid")
    axes.plot(range(3, 29), curve, style, color=colour, lw=2, label=text)
axes.set(xlabel="step", ylabel="loss, mean of 5 steps", ylim=(0, 1.1))
axes.set_title("fine-tuning a small FCN", size=11)
axes.legend(frameon=False)
axes.grid(color="0.9")
show(
    figure,
    "14_fine_tuning",
    "The loss over 30 steps: it falls most where the whole net learns, less "
    "where the last layer alone does, or the whole net at a tenth of the "
    "rate.",
)

# %% [markdown]
# In the paper the last layer alone came to 45.4: three quarters of 59.4. (For
# its first nets the text says 70 %.) What tells whole images apart is not all
# that it takes to tell pixels apart.
#
# The rate matters more than anything else here, and the right one depends on
# net, loss and momentum. The paper searched for it: $10^{-3}$, $10^{-4}$,
# $5 \cdot 10^{-5}$ for FCN-AlexNet, FCN-VGG16 and FCN-GoogLeNet, fixed from the
# first step to the last; and a hundred times less when a skip is added to a net
# that is trained already, as its new score layer starts at zero and the rest
# should not be upset.
#
# **Dropout** (lesson 4) stands where the classifier had it, behind fc6 and fc7,
# with probability 0.5. **Whole images** are the rule: drawing patches from them
# changes nothing but the time (lesson 11). **Dense prediction** by
# shift-and-stitch, or filter rarefaction, was tried and not used (lesson 10).
#
# ## Rare classes
#
# Two of our three classes are rare. A loss can make up for that: the pixels of
# class $c$ weigh $a_c$, with the mean taken over the weights. With
# $p = \mathrm{softmax}(s)$ of a pixel, and its class $t$:
#
# $$L = \frac{\sum_i a_{t_i} \left( -\log p_{i,t_i} \right)}{\sum_i a_{t_i}}$$
#
# The weights are constants, so the gradient of lesson 4 only gets a factor;
# $[c = t]$ is 1 for the true class, else 0:
#
# $$\frac{\partial L}{\partial s_{i,c}} =
# \frac{a_{t_i}}{\sum_j a_{t_j}} \left( p_{i,c} - [c = t_i] \right)$$
#
# **Predict.** Does it matter whether all weights are 1, or all 7?


# %%
def weighted_loss(scores, labels, a):
    """scores (N, C), labels (N,), a (C,) -> the loss, and its gradient"""
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    weight = a[labels] / a[labels].sum()  # (N,)
    loss = -(weight * np.log(p[range(len(p)), labels])).sum()
    return loss, weight[:, None] * (p - np.eye(len(a))[labels])


scores, classes = rng.standard_normal((5, 3)), np.array([0, 0, 1, 0, 2])
a, h = np.array([0.2, 1, 3]), 1e-6
loss, dscores = weighted_loss(scores, classes, a)
numerical = np.zeros_like(scores)
for entry in np.ndindex(scores.shape):
    push = np.zeros_like(scores)
    push[entry] = h
    above = weighted_loss(scores + push, classes, a)[0]
    below = weighted_loss(scores - push, classes, a)[0]
    numerical[entry] = (above - below) / (2 * h)
print("differs from the numerical one by", abs(dscores - numerical).max())
assert np.allclose(dscores, numerical, atol=1e-8)
assert np.isclose(loss, SoftmaxCrossEntropy(255, a)(scores, classes))
same = [weighted_loss(scores, classes, np.full(3, k))[0] for k in (1.0, 7.0)]
assert np.isclose(*same)

# %% [markdown]
# Only their ratios count. A usual choice is **median frequency balancing**
# (lesson 11): a class's weight is the median of all classes' frequencies, over
# its own.
#
# **Predict.** We let the net from above learn on for 20 steps, with and without
# such weights. What happens to the share of pixels that are right (pixel
# accuracy)? And to the share within a class, averaged over classes (mean
# accuracy)?

# %%
balance = class_weights(data)
print("weights:", by_class(balance))
after = {}
for name, weights in {"plain": None, "balanced": balance}.items():
    net = fcn(whole.state_dict())
    net.copy_from(whole.state_dict())  # its score layer, too
    train(net, labels, 20, 0.02, weights)
    after[name] = measure(net)
    text = ", ".join(f"{k} {v:.1f}" for k, v in after[name].items())
    print(f"{name}: {text}")
plain, balanced = after.values()
assert balanced["mean_accuracy"] > plain["mean_accuracy"]
assert balanced["pixel_accuracy"] < plain["pixel_accuracy"]

# %% [markdown]
# What you ask for is what you get: rare classes are found more often, also
# where they are not. Whether the mean IU gains from it depends on which of the
# two is more. In PASCAL VOC three pixels of four are background; the paper
# found balancing unnecessary, and did without.
#
# ## Augmentation
#
# A mirrored cat is a cat. **Augmentation** shows each image in another guise
# each time: here by **mirroring** it, and by **jitter**, moving it by up to so
# many pixels. (The slides take jitter for a change of noise and saturation; in
# the paper it is a shift, of up to 32 pixels.)
#
# **Predict.** Image and label map are moved 12 pixels down and to the right.
# What belongs into the label map's 12 new rows and columns?

# %%
image, label = others[3]
versions = {"as it is": (image, label)}
versions["mirrored"] = image[:, ::-1], label[:, ::-1]
versions["moved"] = jitter(16)(image, label, np.random.default_rng(11))
figure = new_figure(640, 440)
for axes, (title, pair) in zip(figure.subplots(2, 3).T, versions.items()):
    axes[0].imshow(pair[0])
    axes[1].imshow(colorize(pair[1], PALETTE))
    axes[0].set_title(title, size=11)
    for one in axes:
        one.set_axis_off()
show(
    figure,
    "14_augmentation",
    "An image of one disc with its label map: as it is, mirrored, and moved "
    "down and to the right; where nothing was to be moved in, the image "
    "repeats its edge and the label map is light grey, void.",
)
moved = versions["moved"][1]
assert (moved[:12] == 255).all() and (moved[:, :12] == 255).all()
assert np.array_equal(moved[12:, 12:], label[:-12, :-12])
draws = [mirror(image, label, rng)[1] for _ in range(20)]
turned = sum(np.array_equal(drawn, label[:, ::-1]) for drawn in draws)
print("mirrored", turned, "times out of 20")
assert 0 < turned < 20

# %% [markdown]
# **Void**, label 255 (light grey): nobody knows what was there, so it counts
# nowhere. In the paper neither mirroring nor jitter brought a noticeable
# improvement. Why, it does not say. (A guess: the trunk had seen a million
# images and as many objects in other places before. Then whoever starts from
# less may need them more; minifcn mirrors unless you tell it not to.)
#
# The paper's recipe in one line: SGD, 20 images, momentum 0.9, weight decay
# $5 \cdot 10^{-4}$, a fixed small rate, biases twice that, from a pretrained
# trunk and a zero score layer, all layers, whole images, no balancing, no
# augmentation.

# %% [markdown]
# ## One batch on several machines
#
# A step of 20 images takes one machine long. Let several have the same weights
# and some of the images each. What must they tell each other to make the step
# that one alone would have made? The loss of a batch is a mean over its $P$
# labelled pixels. Group its images by the machine $m$ that has them:
#
# $$L = \frac{1}{P} \sum_i \ell_i, \qquad \frac{\partial L}{\partial w} =
# \sum_m \left( \sum_{i \in m} \frac{1}{P} \frac{\partial \ell_i}{\partial w}
# \right)$$
#
# So the gradient is a **sum over the machines**, if each divides by the $P$ of
# the *whole* batch. They tell each other their counts before the forward pass
# and their gradients behind the backward pass, and all make the same step:
# **synchronous data-parallel** training.
#
# It is tempting to spare the counts: each machine takes the mean over its own
# pixels, as if it was alone, and the mean of these gradients is taken.
#
# **Predict.** Two machines have four images each; in the second one's, three
# pixels of four are void. Is the mean of the two means right? And with no void
# at all?


# %%
def weight_gradient(images, labels, pixels):
    """The gradient of a convolution's weight: losses summed, over `pixels`."""
    conv = Conv2d(3, 3, 3, padding=1, rng=np.random.default_rng(3))
    criterion = SoftmaxCrossEntropy(reduction="sum")
    criterion(conv.astype("float64")(images), labels)
    conv.backward(criterion.backward() / pixels)
    return conv.weight.grad


eight = images[:8].astype("float64")
truth = np.where(labels[:8] == 255, 0, labels[:8])
halves = slice(0, 4), slice(4, 8)
off = {}
for void in ("no void", "void"):
    if void == "void":
        truth[4:, 32:] = truth[4:, :, 32:] = 255
    pixels = [(truth[half] != 255).sum() for half in halves]
    whole = weight_gradient(eight, truth, sum(pixels))
    parts = [weight_gradient(eight[h], truth[h], sum(pixels)) for h in halves]
    means = [sum(pixels) / p * part for p, part in zip(pixels, parts)]
    for way, found in {"sum": sum(parts), "mean": sum(means) / 2}.items():
        off[void, way] = abs(found - whole).max() / abs(whole).max()
        print(f"{void}, {way} of the two: off by {off[void, way]:.1e}")
assert off["no void", "mean"] < 1e-12 < 0.1 < off["void", "mean"]
assert max(off["no void", "sum"], off["void", "sum"]) < 1e-12

# %% [markdown]
# The mean of means lets a pixel of the second machine count four times as much
# as one of the first. Nothing tells you so: the loss falls all the same, toward
# weights that one machine would not have found. A machine whose pixels are all
# void has no mean at all; here it sends zeros.
#
# ## How the sums come about
#
# Each of $n$ machines holds a gradient of $B$ bytes and is to have the sum. If
# all send theirs to one, that one gets $(n - 1) B$ bytes and sends as many. If
# instead each **owns a part** of the weights, it gets that part from all
# others, adds, and sends the sum of its part back to all.
#
# **Predict.** How many bytes does each machine send then, for 2, 4 and 100 of
# them? And does it matter in which order the owner adds?


# %%
def summed(gradients):
    """(what each of n machines has in the end, floats that one sends)."""
    n, sums = len(gradients), []
    parts = [np.array_split(gradient, n) for gradient in gradients]
    for owner in range(n):
        total = np.zeros_like(parts[0][owner])
        for machine in range(n):  # in the order of their numbers
            total += parts[machine][owner]
        sums.append(total)
    sent = (n - 1) * (parts[0][0].size + sums[0].size)  # a part, a sum to each
    return [np.concatenate(sums) for _ in range(n)], sent


for n in (2, 4, 100):
    gradients = rng.standard_normal((n, 12_000)).astype("float32")
    everywhere, sent = summed(gradients)
    assert all(np.array_equal(one, everywhere[0]) for one in everywhere)
    assert np.allclose(everywhere[0], gradients.sum(axis=0), atol=1e-4)
    assert sent == 2 * (n - 1) / n * 12_000
    backwards = summed(gradients[::-1])[0][0]
    differing = (everywhere[0] != backwards).mean()
    print(
        f"{n:3} machines: {sent / 12_000:.2f} B each; "
        f"{differing:.0%} of the sums differ in another order"
    )

# %% [markdown]
# Twice the gradient at most, however many machines there are:
# $2 (n - 1) / n \cdot B$. The full FCN-8s has 134 million weights, so about a
# gigabyte a step, eight seconds and a half at 1 Gbit/s; with a quarter of the
# channels it is 2.6 million, a sixth of a second. Some of it can be hidden: the
# last layers' gradients are ready first, and travel while earlier layers still
# compute.
#
# The order matters in the last bits, with three machines and more, since
# rounding comes after each addition. If two machines added in different orders,
# their weights would drift apart for ever. So all take the sum that one made,
# and that one adds by the machines' numbers: the same run twice gives the same
# bits.

# %% [markdown]
# ## What was left out, and where the real thing stands
#
# - The optimizer, and rates that fall during the run (the paper's stay fixed):
#   `minifcn/optim.py`. `python -m minifcn train --help` shows all settings of
#   this lesson; what they are made of: `minifcn/training/settings.py`.
# - The paper's recipes with their sources, and the arithmetic of $10^{-10}$:
#   `minifcn/training/recipes.py`.
# - The loop: `minifcn/training/fit.py`. Around it batches read ahead,
#   validation and checkpoints, so that a run survives being stopped:
#   `minifcn/training/trainer.py`. Pretraining on whole images:
#   `minifcn/training/pretraining.py`.
# - Several machines: the sums, and which of them travel while the backward pass
#   goes on, in `minifcn/machines/exchange.py`; how to start it, and what it
#   costs, in `docs/machines.md`.
# - Balancing and augmentation: `minifcn/data/balance.py`,
#   `minifcn/data/transforms.py`.
# - Adam, batch normalisation, warm-up: they came after the paper, or it did
#   without. With batch normalisation a VGG learns from scratch; here
#   pretraining does that job.

# %% [markdown]
# ## Exercises
#
# `python -m lessons test 14` puts them into `lessons/answers/`, for you to
# write there, and tells you what is right, and what is wrong if not.
#
# 1. `sgd_step`: a step of a whole net, its parameters in a dict; biases at
#    twice the rate, and without decay.
# 2. `equal_rate`: which learning rate on a mean loss, with another momentum,
#    moves a weight as far in the long run as one on a summed loss?
# 3. `shift`: move an image and its label map, as jitter does.
# 4. `whole_gradient`: machines have divided by their own pixels. Mend it.
