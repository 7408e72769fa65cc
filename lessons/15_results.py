# %% [markdown]
# # 15. How good are the networks, and where do they fail?
#
# **Time:** 50 minutes
#
# **Know before:** the four metrics (lesson 1), FCN-32s (lesson 12), skips
# (lesson 13), training (lesson 14).
#
# The paper sums up its networks in a table of four rows and four numbers each.
# You learn to read it, make the same table for networks of your own, and then
# look behind the numbers: at borders, at small and large objects, and at what
# happens when there are few images. Each failure is found by code first and
# looked at afterwards.

# %%
import os
from pathlib import Path

import numpy as np

from lessontools import HERE, new_figure, show
from minifcn.backend import resolve_device, to_device, to_host
from minifcn.data import Augmented, Preprocessing, Scenes
from minifcn.layers import Conv2d, MaxPool2d, ReLU
from minifcn.metrics import ConfusionMatrix
from minifcn.models import FCN8s, FCN16s, FCN32s
from minifcn.models.classifier import FullyConnectedClassifier
from minifcn.models.transplant import transplant
from minifcn.optim import SGD, polynomial
from minifcn.pictures.colours import BLUE, GREEN, VERMILLION
from minifcn.pictures.runs import colorize
from minifcn.training.evaluation import compare
from minifcn.training.fit import fit
from minifcn.training.freezing import freeze
from minifcn.weights.loading import load_model
from minifcn.weights.npz import load_arrays

rng = np.random.default_rng(0)

# %% [markdown]
# ## The paper's table
#
# Count the pixels by true class $i$ and predicted class $j$ in $n_{ij}$. Class
# $i$ has $t_i = \sum_j n_{ij}$ pixels, and there are $n_{cl}$ classes. Then
#
# $$\mathrm{pixel\ accuracy} = \sum_i n_{ii} / \sum_i t_i$$
#
# $$\mathrm{mean\ accuracy} = (1/n_{cl}) \sum_i n_{ii} / t_i$$
#
# $$\mathrm{IU}(i) = n_{ii} / (t_i + \sum_j n_{ji} - n_{ii})$$
#
# **Mean IU** is the mean of $\mathrm{IU}(i)$ over the classes, and the
# **frequency-weighted IU** gives each class the weight $t_i$. Before you trust
# such a number, ask what a net gets for knowing nothing.
#
# **Predict.** PASCAL VOC has 20 kinds of objects and background, on three
# pixels of four. A "net" says background, always. What are its four numbers?

# %%
NAMES = "pixel acc.", "mean acc.", "mean IU", "f.w. IU"
PAPER = {
    "FCN-32s-fixed": (83.0, 59.7, 45.4, 72.0),
    "FCN-32s": (89.1, 73.3, 59.4, 81.4),
    "FCN-16s": (90.0, 75.7, 62.4, 83.0),
    "FCN-8s": (90.3, 75.9, 62.7, 83.2),
}


def four(counts):
    """counts (C, C), by true and predicted class -> the table's numbers"""
    right, true = np.diag(counts), counts.sum(axis=1)
    iu = right / (true + counts.sum(axis=0) - right)
    accuracy = right.sum() / true.sum(), (right / true).mean()
    weighted = (true * iu).sum() / true.sum()
    return 100 * np.array([*accuracy, iu.mean(), weighted])


def print_table(table):
    print(" " * 14 + "".join(f"{name:>12}" for name in NAMES))
    for title, row in table.items():
        print(f"{title:14}" + "".join(f"{value:12.1f}" for value in row))


counts = np.zeros((21, 21))
counts[:, 0] = [750] + 20 * [12.5]  # the truth in the rows, all said to be 0
print_table({"always 0": four(counts)} | PAPER)
found = ConfusionMatrix(21)
found.counts = counts
assert np.isclose(100 * found.mean_iu, four(counts)[2])
assert four(counts)[0] == 75 and four(counts)[2] < 4

# %% [markdown]
# Knowing nothing is worth a pixel accuracy of 75, and a mean IU of 3.6. So
# 83.0, in the first row, is not far from nothing; 45.4 is. That is why mean IU
# is the number that people quote.
#
# ## The same table for nets of our own
#
# If you have run `python -m minifcn demo`, its four networks are taken here; if
# not, four small ones are trained now, in some ten seconds. Those are *small*:
# maps shrink by 16, 8 and 4 in the places of 32, 16 and 8; one weight for some
# four thousand of VGG16's; three classes, background, *solid* objects and
# *pierced* ones (rings, ladders). What is *fixed*, as in the paper: all but the
# score layer, the trunk left as it was for telling whole images. The order is
# the paper's, too: a classifier, FCN-32s from it, 16s from that, 8s from that.


# %%
class Small(FullyConnectedClassifier):
    """The classifier of lesson 14, for 64x64 pixels."""

    name = title = "Small"

    def make_features(self, width, rng):
        first = Conv2d(3, 8, 4, stride=2, padding=1, rng=rng)
        layers, channels = {"conv2": first, "relu2": ReLU()}, 8
        for number, more in ((3, 16), (4, 32), (5, 32)):
            conv = Conv2d(channels, more, 3, padding=1, rng=rng)
            layers |= {f"conv{number}": conv, f"relu{number}": ReLU()}
            layers[f"pool{number}"], channels = MaxPool2d(2), more
        return layers, channels


def small():
    return Small(3, fc_channels=32, dropout=0.1, image_size=64)


def small_fcn(kind, weights, frozen=()):
    net = kind(3, padding="same", backbone=small())
    transplant(net, weights)
    freeze(net, frozen)
    return net.train_only()


# %%
def windows(images, labels, steps, whole):
    """Eight random windows of 64x64 pixels a step, half of them mirrored."""
    draw = np.random.default_rng(0)
    for _ in range(steps):
        some = draw.integers(len(images), size=8)
        y, x = draw.integers(33, size=2)
        window = np.s_[..., y : y + 64, x : x + 64 or None]
        view, truth = images[some][window], labels[some][window]
        if draw.integers(2):
            view, truth = view[..., ::-1].copy(), truth[..., ::-1]
        yield view, main_class(truth) if whole else truth


def train(net, images, labels, steps, lr=0.05, whole=False):
    """The loop of lesson 14, to its end."""
    optimizer = SGD(net.to(device).parameters(), lr, 0.9, weight_decay=5e-4)
    batches = windows(images, labels, steps, whole)
    lr_at = polynomial(lr, steps)
    for _ in fit(net, batches, optimizer, lr_at, device=device, seed=2):
        pass
    return net


def main_class(labels):
    """The object with the most pixels, of each window; 0 for hardly any."""
    pixels = np.stack([(labels == c).sum(axis=(1, 2)) for c in (1, 2)])
    return np.where(pixels.max(axis=0) > 40, 1 + pixels.argmax(axis=0), 0)


# %%
def small_scenes(split, count):
    """Scenes of 96x96 pixels, their six forms taken together as two."""
    kind = np.full(256, 255, np.uint8)
    kind[:7] = 0, 1, 1, 1, 2, 1, 2  # disc, square, triangle, ring, star, ladder
    scenes = Scenes(split, 96, count)
    scenes = Augmented(scenes, lambda image, label, rng: (image, kind[label]))
    scenes.classes = "background", "solid", "pierced"
    scenes.palette = np.array([[0, 0, 0], [0, 114, 178], [230, 159, 0]])
    return scenes


def arrays(scenes, prepare):
    """images (N, 3, H, W) as a net takes them, labels (N, H, W)"""
    images, labels = zip(*scenes)
    return np.stack([prepare(image) for image in images]), np.stack(labels)


def train_small():
    """{title: net} of the four, each from the one before."""
    start = train(small(), *known, 60, lr=0.01, whole=True).state_dict()
    fixed = small_fcn(FCN32s, start, frozen=["conv*", "fc*"])
    nets = {"FCN-32s-fixed": train(fixed, *known, 30)}
    steps = {FCN32s: 70, FCN16s: 30, FCN8s: 40}
    for kind, number in steps.items():
        net = train(small_fcn(kind, start), *known, number)
        nets[kind.title], start = net, net.state_dict()
    return nets


def demo_weights():
    """The demo's four files, of the newest run that came to something."""
    stages = "fcn32s-fixed", "fcn32s", "fcn16s", "fcn8s"
    for folder in sorted(HERE.parent.glob("runs/demo*"), reverse=True):
        files = [folder / stage / "best.npz" for stage in stages]
        if not all(file.exists() for file in files):
            continue
        if load_arrays(files[-1])[1]["scores"]["mean_iu"] > 0.4:
            return files
    return []


# %% [markdown]
# **Predict.** Which step of the paper's table brings most mean IU: letting the
# whole net learn, the first skip, or the second? And in a table of scenes whose
# objects are full of thin parts?

# %%
device, reason = resolve_device()
print(reason)
files, prepare = demo_weights(), Preprocessing(Scenes.mean, Scenes.std)
train_scenes, scenes = small_scenes("train", 240), small_scenes("val", 80)
known = arrays(train_scenes, prepare)
if files:
    print("the demo's networks, of", files[0].parent.parent)
    scenes = Scenes("val", 96, 80)
    nets = dict(zip(PAPER, (load_model(file)[0].to(device) for file in files)))
else:
    print("no demo has been run: four small networks, trained here")
    nets = train_small()
images, truth = arrays(scenes, prepare)


def predict(net, images):
    """The class of every pixel, (N, H, W)."""
    net.eval()
    parts = [net(to_device(part, device)) for part in np.split(images, 4)]
    return np.concatenate([to_host(part.argmax(axis=1)) for part in parts])


def count(predicted, truth, n_class=scenes.n_class):
    found = ConfusionMatrix(n_class)
    found.update(predicted, truth)
    return found.counts


predicted = {title: predict(net, images) for title, net in nets.items()}
table = {title: four(count(p, truth)) for title, p in predicted.items()}
print("scenes:")
print_table(table)
print("the paper, PASCAL VOC:")
print_table(PAPER)
mean_iu = {title: row[2] for title, row in table.items()}
assert mean_iu["FCN-32s-fixed"] < mean_iu["FCN-32s"] < mean_iu["FCN-8s"]

# %% [markdown]
# The same order, other distances. In the paper the whole net's learning brings
# 14 points, the first skip 3, the second 0.3; here the skips bring far more.
# Thin parts are what skips are for, and the scenes are full of them, while
# VOC's objects are large. A table tells you about nets *and* about its images.
#
# Now look at the images. Four of them, spread over the 80, not picked. (Void is
# white; with the small nets solid objects are blue, pierced ones orange.)

# %%
palette = scenes.palette
figure = new_figure(980, 680)
grid = figure.subplots(4, 6)
for row, number in zip(grid, (10, 30, 50, 70)):
    row[0].imshow(scenes[number][0])
    maps = [truth[number], *(p[number] for p in predicted.values())]
    for axes, labels in zip(row[1:], maps):
        axes.imshow(colorize(labels, palette), interpolation="nearest")
for axes, title in zip(grid[0], ("image", "truth", *predicted)):
    axes.set_title(title, size=10)
for axes in grid.flat:
    axes.set_axis_off()
show(
    figure,
    "15_predictions",
    "Four scenes, their truth, and the answers of four nets: FCN-32s-fixed "
    "and FCN-32s paint blots, FCN-16s begins to have corners, FCN-8s is the "
    "nearest to the outlines.",
)

# %% [markdown]
# ## Borders
#
# "It does not get fine outlines", say the lecture's slides (lesson 1) of what
# is wrong with FCN. So measure it. Give each pixel its **distance to the
# border**: the number of steps, up, down or sideways, to the nearest pixel of
# another label. One step: the pixel touches another label. A pixel whose
# neighbour has distance $d$ has at most $d + 1$; so the distances grow inwards,
# a pixel with each round.


# %%
def neighbours(maps, outside):
    """The four maps (N, H, W) moved by a pixel; `outside` comes in."""
    padded = np.pad(maps, ((0, 0), (1, 1), (1, 1)), constant_values=outside)
    yield from (padded[:, :-2, 1:-1], padded[:, 2:, 1:-1])
    yield from (padded[:, 1:-1, :-2], padded[:, 1:-1, 2:])


def border_distance(labels, most=12):
    """(N, H, W) labels -> steps to another label, at most `most`"""
    distance = np.full(labels.shape, most)
    for other in neighbours(labels.astype(int), -1):
        distance[(other != labels) & (other >= 0)] = 1
    for _ in range(most):
        for near in neighbours(distance, most):
            distance = np.minimum(distance, near + 1)
    return distance


toy = np.array([[[0, 0, 0, 0, 7, 7]]])
print(toy[0], "->", border_distance(toy)[0])
assert border_distance(toy).tolist() == [[[4, 3, 2, 1, 1, 2]]]

# %% [markdown]
# **Predict.** Which share of the pixels is wrong 1, 2, 4, 8 steps from the
# border: for FCN-32s, for FCN-8s? And where does the curve fall: after how many
# pixels, compared with the stride of 32 (16 in the small net)?

# %%
distance, counted = border_distance(truth), truth != 255
errors = {}
for title, p in predicted.items():
    wrong = (p != truth) & counted
    at = [counted & (distance == d) for d in range(2, 13)]
    errors[title] = np.array([100 * wrong[here].mean() for here in at])
    print(f"{title:14} " + " ".join(f"{e:4.1f}" for e in errors[title]))
    assert errors[title][0] > errors[title][-1]
assert errors["FCN-8s"][0] < errors["FCN-32s"][0]

# %%
figure = new_figure(700, 400)
axes = figure.subplots()
styles = zip(errors, ("0.5", VERMILLION, GREEN, BLUE), "^so.")
for title, colour, marker in styles:
    line = marker + "-"
    axes.plot(range(2, 13), errors[title], line, color=colour, label=title)
axes.set(xlabel="steps to the border (void is 1)", ylim=(0, None))
axes.set_ylabel("wrong pixels, %")
axes.set_title("errors live at the border", size=11)
axes.legend(frameon=False)
axes.grid(color="0.9")
show(
    figure,
    "15_borders",
    "The share of wrong pixels against the distance to the border: all four "
    "curves fall with it, FCN-8s' lowest, then FCN-16s', FCN-32s' and "
    "FCN-32s-fixed's.",
)

# %% [markdown]
# (Distance 1 is left out: next to a border the scenes are void.) The skips move
# the curve down and to the left; no net brings it to 0 at the border. Bilinear
# scores from pixels 8 apart (4 in the small net) cannot draw what is thinner
# than that.
#
# ## Small objects and large ones
#
# A border is a larger part of a small object. And a large one? Collect the
# objects first: a **connected region** is a set of pixels of one class, each a
# neighbour of the next. Give every pixel a number of its own, and let each take
# the largest among its neighbours of the same class, again and again: in the
# end a region has one number.


# %%
def regions(labels):
    """(N, H, W) labels -> a number for each connected object, -1 elsewhere"""
    thing = (labels > 0) & (labels < 255)
    ids = np.arange(labels.size, dtype=np.int32).reshape(labels.shape)
    ids = np.where(thing, ids, -1)
    classes = np.where(thing, labels.astype(int), -1)
    alike = [other == classes for other in neighbours(classes, -2)]
    while True:
        before = ids
        for other, same in zip(neighbours(ids, -1), alike):
            ids = np.where(same, np.maximum(ids, other), ids)
        if np.array_equal(ids, before):
            return ids


toy = np.array([[[1, 1, 0, 2], [0, 1, 0, 2], [1, 0, 0, 1]]])
print(regions(toy)[0])
assert len(np.unique(regions(toy))) == 1 + 4


# %% [markdown]
# For each object: how many pixels has it, and which share of them is found?
# Crumbs of less than 20 pixels, left of an object behind another, do not count.
#
# **Predict.** The others have up to 2000 pixels. Which quarter of them is found
# better, the smallest or the largest, by FCN-32s and by FCN-8s?

# %%
ids = regions(truth)
names, place, sizes = np.unique(ids, return_inverse=True, return_counts=True)
place = place.reshape(ids.shape)


def share_found(predicted):
    """Of each object, the share of its pixels with the right class."""
    right = np.bincount(place.ravel(), (predicted == truth).ravel())
    return (right / sizes)[objects]


objects = (names >= 0) & (sizes >= 20)
pixels = sizes[objects]
edges = np.quantile(pixels, (0, 0.25, 0.5, 0.75, 1))
quarter = np.searchsorted(edges[1:-1], pixels, side="right")
print(f"{len(pixels)} objects; quarters from", edges.astype(int), "pixels")
by_size = {}
for title, p in predicted.items():
    shares = 100 * share_found(p)
    by_size[title] = [shares[quarter == q].mean() for q in range(4)]
    text = " ".join(f"{share:6.1f}" for share in by_size[title])
    print(f"{title:14} found, by quarter: {text}")
assert by_size["FCN-8s"][0] > by_size["FCN-32s"][0]
assert by_size["FCN-32s"][0] < by_size["FCN-32s"][3]

# %% [markdown]
# Small objects suffer most where the maps are coarse. To see large ones suffer,
# take the same scenes at other sizes: shrunk to a half, and enlarged two and
# three times. An FCN takes them all (lesson 6), and for a person nothing
# changes.
#
# **Predict.** Which way does the mean IU go, at a half and at three times the
# size? And what do you see *inside* of a very large object?


# %%
def rescaled(maps, factor):
    """Each pixel repeated, or every second one taken."""
    if factor < 1:
        return maps[..., ::2, ::2]
    return maps.repeat(factor, axis=-2).repeat(factor, axis=-1)


eight, scales = nets["FCN-8s"], {}
for factor in (0.5, 1, 2, 3):
    some, its_truth = (
        rescaled(images[:24], factor),
        rescaled(truth[:24], factor),
    )
    large = predict(eight, np.ascontiguousarray(some))
    objects = (its_truth > 0) & (its_truth < 255)
    found = 100 * (large == its_truth)[objects].mean()
    other = 100 * ((large != its_truth) & (large > 0))[objects].mean()
    scales[factor] = four(count(large, its_truth))[2], found, other
    print(f"size x {factor}: mean IU {scales[factor][0]:4.1f};", end=" ")
    print(
        f"of objects' pixels {found:.1f} % found, {other:.1f} % another object"
    )
assert scales[1][0] > scales[0.5][0] and scales[1][0] > scales[3][0]

# %% [markdown]
# The net knows objects of the sizes it has learned from, and both ways out are
# bad. Enlarged, nothing is where it was in training: the hole, which tells a
# ring from a disc, is three times as far away, and may lie outside of the
# receptive field (lesson 5). What is left to see, a wide strip of one colour,
# looks like a part of something solid. There the net guesses, each pixel for
# itself, and another object may appear *within* an object, or take the whole of
# it. The slides list just this. Which of the enlarged scenes has most of it?
# Look for it:

# %%
mixed = (large != its_truth) & (large > 0) & objects
worst = mixed.sum(axis=(1, 2)).argsort()[::-1][:2]
figure = new_figure(760, 540)
for row, number in zip(figure.subplots(2, 3), worst):
    row[0].imshow(scenes[int(number)][0].repeat(3, axis=0).repeat(3, axis=1))
    row[1].imshow(colorize(its_truth[number], palette))
    row[2].imshow(colorize(large[number], palette))
    for axes, title in zip(row, ("image, x 3", "truth", "FCN-8s")):
        axes.set_title(title, size=11)
        axes.set_axis_off()
show(
    figure,
    "15_mixed",
    "Two scenes at three times their size, their truth, and FCN-8s' answers, "
    "in which large parts of objects have the colour of another class.",
)
print("pixels taken for another object:", mixed.sum(axis=(1, 2))[worst])
assert mixed.any()

# %% [markdown]
# ## Too few images
#
# The last disadvantage on the list: with little data the net does not learn
# well. Train a small FCN-8s, skips and all, on 4 scenes instead of 240.
#
# **Predict.** How well does it do on the 4 scenes that it saw again and again,
# and how well on new ones?

# %%
few = [part[:4] for part in known]
start = train(small(), *few, 20, lr=0.01, whole=True).state_dict()
few_net = train(small_fcn(FCN8s, start), *few, 50)
new = arrays(small_scenes("val", 80), prepare)
gap = {}
for name, (view, labels) in {"its 4 scenes": few, "new scenes": new}.items():
    gap[name] = four(count(predict(few_net, view), labels, 3))[2]
    print(f"trained on 4 scenes; mean IU on {name}: {gap[name]:.1f}")
assert gap["its 4 scenes"] > gap["new scenes"] + 5

# %% [markdown]
# It has learned its scenes by heart, as far as it could: **overfitting**. A
# pretrained trunk is the paper's answer to VOC's one or two thousand labelled
# images: what a million images of ImageNet teach need not be learned again.
#
# ## Photographs
#
# If CamVid and networks trained on it are at hand (the README's section
# "Training on photographs"), name its folder in the environment variable
# `CAMVID`, and run this lesson again:

# %%
camvid = os.environ.get("CAMVID")
trained = sorted(HERE.parent.glob("runs/camvid-*/best.npz"))
if camvid and trained:
    from minifcn.data import CamVid

    results, _ = compare(trained, CamVid(Path(camvid), "val"), device)
    print_table({title: four(c.counts) for title, c in results})
else:
    print("CamVid is not at hand: the README's numbers are of 101 photographs")
    photographs = {"FCN-32s": (83.1, 51.4, 40.7, 72.0)}
    photographs["FCN-16s"] = 84.4, 51.0, 41.9, 73.5
    photographs["FCN-8s"] = 86.4, 54.3, 45.0, 76.6
    print_table(photographs)

# %% [markdown]
# The order holds for photographs, too. Poles and signs, a pixel or two wide,
# were not found by any of them.
#
# ## The verdict
#
# What speaks for FCN:
#
# 1. It is **end to end**: an image goes in, a class for each pixel comes out,
#    and all between learns together. What came before it had stages before and
#    after, superpixels and proposals. And it is fast (lesson 16).
# 2. It takes a **pretrained** classifier as it is, by surgery on the last
#    layers (lesson 12), and fine-tunes it (lesson 14).
# 3. **Skips** join maps of several resolutions: what and where (lesson 13).
# 4. The choices were tried out, one by one (lessons 9 to 11, 14), and the nets
#    on several data sets: VOC, NYUDv2 and SIFT Flow.
#
# What speaks against it, as you have measured: it needs data; outlines are
# coarse; small objects are lost, and large ones fall apart, because a receptive
# field has one size; and other objects get mixed into large ones, because each
# pixel decides *for itself*, without asking its neighbours what they think.
# (And, the slides complain, the paper's figures are hard to read.)
#
# What came after takes up these points one by one: a **conditional random
# field** (CRF) behind the net lets pixels ask their neighbours, and sharpens
# outlines; **dilated convolutions** (lesson 10's filter rarefaction, trained as
# such) keep maps large and receptive fields, too; **DeepLab** has both, and
# looks at several scales. **U-Net** and SegNet go up as gradually as they came
# down.

# %% [markdown]
# ## What was left out, and where the real thing stands
#
# - The four numbers, for classes that never occur as well:
#   `minifcn/metrics.py`. Images of different sizes, nets with their own
#   preprocessing: `minifcn/training/evaluation.py`.
# - The demo that trains the four networks, in minutes:
#   `minifcn/commands/demo.py`. Its scenes: `minifcn/data/sets/scenes.py`.
# - The paper's networks with their published weights:
#   `minifcn/weights/loading.py`; the README says which files. Without them
#   nobody gets 62.7 on VOC.
# - CRF, dilated nets, U-Net: not in minifcn.
# - Seeds: one run of each net is one draw. Differences of a point or two
#   between our small nets mean nothing.

# %% [markdown]
# ## Exercises
#
# `python -m lessons test 15` puts them into `lessons/answers/`, for you to
# write there, and tells you what is right, and what is wrong if not.
#
# 1. `band`: which pixels lie within so many steps of a border? (A band around
#    the borders is called a **trimap**.)
# 2. `band_accuracy`: the share of right pixels within that band; void counts
#    nowhere.
# 3. `found`: of each object, its pixels and the share that was found.
