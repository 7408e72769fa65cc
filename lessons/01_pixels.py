# %% [markdown]
# # 1. What is in each pixel, and how good is an answer?
#
# **Time:** 45 minutes
#
# **Know before:** arrays in NumPy, nothing about networks.
#
# A computer can say of a photo: a cat. It can draw a box around the cat. It can
# say of *each pixel* whether it belongs to a cat, to grass, or to the sky. This
# last task, **semantic segmentation**, is what these lessons are about. First
# you look at what an answer is, next to the answers of the neighbouring tasks;
# then you learn to say by a number how good one is, and which numbers deceive.
#
# Two things are spoken of in all lessons. **The paper** is J. Long, E.
# Shelhamer and T. Darrell, *Fully Convolutional Networks for Semantic
# Segmentation* (2015, arXiv 1411.4038). **The slides** are those of a lecture
# on it, in Korean, whose order the lessons follow. You need neither of them:
# the slides are no part of this project, and a lesson that takes something from
# them says what they show.

# %%
import numpy as np
from matplotlib.patches import Patch

from lessontools import frame, new_figure, show
from minifcn.data import VOID, Scenes
from minifcn.metrics import ConfusionMatrix
from minifcn.pictures.colours import VERMILLION

rng = np.random.default_rng(0)

# %% [markdown]
# ## An image, and what is in it
#
# minifcn draws its own photos: **scenes** of simple objects, told apart by
# their form alone. An image is an array: rows, columns, and three numbers for
# each pixel, how red, green and blue it is. With it comes a **label map**: one
# number for each pixel, its **class**. Class 0 is the background, 1 a disc, and
# so on.
#
# **Predict.** The image below has 96x96 pixels. What is the shape of its array,
# and of its label map? There are seven classes: which numbers may stand in the
# label map?

# %%
scenes = Scenes("val", size=96)
image, label = scenes[16]
print("image", image.shape, image.dtype, " label map", label.shape, label.dtype)
for number in np.unique(label):
    name = "void" if number == VOID else scenes.classes[number]
    print(f"{number:4} {name:10} {(label == number).sum():5} pixels")
assert image.shape == (96, 96, 3) and label.shape == (96, 96)
assert set(np.unique(label)) <= {*range(len(scenes.classes)), 255}

# %%
COLOURS = np.zeros((256, 3), dtype=np.uint8)  # of each number; 255 is black
COLOURS[:7] = [
    (255, 255, 255),  # background
    (86, 180, 233),  # disc
    (0, 114, 178),  # square
    (0, 158, 115),  # triangle
    (240, 228, 66),  # ring
    (204, 121, 167),  # star
    (213, 94, 0),  # ladder
]


def draw(axes, labels, title):
    """A label map or an image in its colours; small maps with numbers."""
    labels = np.asarray(labels)
    axes.imshow(labels if labels.ndim == 3 else COLOURS[labels])
    axes.set_title(title, size=11)
    axes.set(xticks=[], yticks=[])
    if labels.size <= 100:
        for (row, col), value in np.ndenumerate(labels):
            ink = "white" if value in (2, VOID) else "black"
            axes.text(col, row, value, color=ink, ha="center", va="center")


figure = new_figure(720, 300)
axes = figure.subplots(1, 2)
draw(axes[0], image, "image")
draw(axes[1], label, "label map")
names = {0: "background", 1: "disc", 6: "ladder", 255: "void"}
patches = [
    Patch(facecolor=COLOURS[n] / 255, edgecolor="0.5", label=f"{n} {name}")
    for n, name in names.items()
]
figure.legend(handles=patches, loc="outside right center", frameon=False)
show(
    figure,
    "01_scene",
    "A large brown ladder, and a small purple one before a green disc; beside "
    "them their label map, with a black border of void around each form.",
)

# %% [markdown]
# There is an eighth number, 255. It marks **void**: pixels for which nobody
# wants an answer. Along the edge of an object a pixel is half this, half that,
# and two people would draw the edge in different places. So the PASCAL VOC data
# set, on which the paper was tested, puts a narrow border of 255 around each
# object, and on objects that are too unclear to judge. Void is no class: the
# network has no output for it, it learns nothing there (lesson 4), and an
# answer there counts neither as right nor as wrong. (In the paper's words
# training "ignores pixels that are masked out (as ambiguous or difficult) in
# the ground truth".)
#
# Whoever forgets this gets an error in the good case (there is no class 255)
# and, in the bad case, trains a network that draws borders.
#
# ## Four tasks
#
# | task | answer | here |
# |---|---|---|
# | classification | one class | a ladder |
# | and localisation | and one box | there |
# | object detection | for each object: class, box | ladder, ladder, disc |
# | instance segmentation | for each: class, **mask** | the same, exactly |
# | semantic segmentation | for each pixel: class | the label map |
#
# A **box** is the smallest rectangle around an object, four numbers. A mask is
# a map of true and false: which pixels belong to the object. The first two know
# a single object, the next two many; the last knows *no objects at all, just
# pixels*: grass, cat, tree and sky are all the same to it.
#
# Which answers can be computed from which? Classification first: take the class
# with the most pixels, except for the background.
#
# **Predict.** Given a mask, how do you get the box? (`np.nonzero(mask)` gives
# the rows and the columns of its pixels.)


# %%
def box_of(mask):
    """mask (H, W) -> top, left, height, width of the box around it"""
    rows, cols = np.nonzero(mask)
    top, left = rows.min(), cols.min()
    return top, left, rows.max() - top + 1, cols.max() - left + 1


pixels = [(label == number).sum() for number in range(1, 7)]
main = 1 + np.argmax(pixels)
main_box = box_of(label == main)
print("classification:", scenes.classes[main], " box", *main_box)
assert scenes.classes[main] == "ladder" and main_box == (8, 7, 75, 75)

# %% [markdown]
# The class is right. The box is too large: it holds *both* ladders. To tell
# objects apart, let us try this: pixels of one class that touch, side by side
# or one above the other, are one object. Such a set is called a **connected
# region**. To find one, start at any pixel and spread to all neighbours of the
# same class, until nothing is left.
#
# **Predict.** Look at the figure, closely, where a ladder stands before the
# disc. How many ladders will this find? How many discs?


# %%
def regions(mask):
    """mask (H, W) -> a mask for each connected region, the largest first"""
    left, found = mask.copy(), []
    while left.any():
        region = np.zeros_like(mask)
        waiting = [np.argwhere(left)[0]]
        while waiting:
            row, col = waiting.pop()
            inside = 0 <= row < mask.shape[0] and 0 <= col < mask.shape[1]
            if inside and left[row, col]:
                left[row, col], region[row, col] = False, True
                waiting += [(row + 1, col), (row - 1, col)]
                waiting += [(row, col + 1), (row, col - 1)]
        found.append(region)
    return sorted(found, key=np.sum, reverse=True)


ladders, discs = regions(label == 6), regions(label == 1)
print("ladders, of so many pixels:", *[region.sum() for region in ladders])
print("discs,   of so many pixels:", *[region.sum() for region in discs])
assert len(ladders) == 2 and len(discs) == 2

# %% [markdown]
# Two ladders: right. Two discs: wrong. A bit of the disc shines through between
# two rungs, and is a region of its own. The opposite happens as well: two discs
# side by side, without a line of void between them, are one region.
#
# So the label map says *what* is where, but not *how many*, nor which pixels
# belong together. No rule on the label map alone gets that right every time.
# The other way round is easy. Let a human say which regions are one object;
# then masks give everything else:
#
# **Predict.** From the three masks: how do you get the boxes, the classes in
# the image, and the label map?

# %%
objects = [(6, ladders[0]), (6, ladders[1]), (1, discs[0] | discs[1])]
boxes = [(number, box_of(mask)) for number, mask in objects]  # detection
classes = {number for number, _ in boxes}  # classification
semantic = np.where(label == VOID, VOID, 0)
for number, mask in objects:
    semantic[mask] = number
for number, box in boxes:
    print(f"{scenes.classes[number]:8} box", *box)
print("the label map is the same:", np.array_equal(semantic, label))
assert np.array_equal(semantic, label) and classes == {1, 6}

# %%
figure = new_figure(760, 560)
panels = figure.subplots(2, 3).ravel()
one = np.zeros_like(label)
for number, (_, mask) in enumerate(objects):
    one[mask] = (6, 5, 1)[number]  # a colour for each object
draw(panels[0], image, "the image")
draw(panels[1], image, "classification: ladder")
draw(panels[2], image, "and localisation: ladder")
draw(panels[3], image, "detection:\nladder, ladder, disc")
draw(panels[4], one, "instance segmentation:\nladder, ladder, disc")
draw(panels[5], label, "semantic segmentation:\nbackground, disc, ladder")
for number, (_, box) in enumerate(boxes):
    colour = COLOURS[(6, 5, 1)[number]] / 255
    if number == 0:
        frame(panels[2], *box, colour)
    frame(panels[3], *box, colour)
show(
    figure,
    "01_tasks",
    "The same scene six times: as it is, with a word, with a box around the "
    "large ladder, with a box around each of three objects, with a colour for "
    "each object, and with a colour for each class.",
)

# %% [markdown]
# Keep apart what this order says, and what it does not: a mask tells more than
# a box. It does not follow that one should *compute* masks first. Semantic
# segmentation asks for less than instance segmentation (no objects), and so can
# be done by something simpler: one network that goes from pixels to pixels.
#
# ## What was done before
#
# In 2012 **AlexNet** won the ImageNet competition, classification, by a wide
# margin; **VGG** and **GoogLeNet** went further in 2014. All three are
# convolutional networks (lessons 2 to 5): image in, one word out. What they had
# learned was then put to use elsewhere, step by step towards the pixel:
#
# - *Boxes.* **R-CNN** ("regions with CNN features") has another algorithm
#   propose some 2000 boxes in an image, cuts each out, stretches it to the size
#   that the network wants, computes its features by the network, and gives them
#   to a classifier trained apart. (A CNN is a convolutional network; its
#   **features** are the numbers inside it, from which it makes its answer.)
# - *Key points.* The network's inner maps tell where an eye or a wing tip is,
#   with more precision than their coarse grid makes one expect.
# - *Pixels, by patches.* Cut a **patch**, a small square, out around each
#   pixel, and let a network say the class of its middle: so Ciresan and others
#   (2012). Ning and others (2005) taught their network on patches, too.
# - *Pixels, by a pyramid.* Farabet and others (2013) ran one network over the
#   whole image at three sizes, and smoothed the answer with **superpixels**
#   (groups of neighbouring pixels of like colour).
# - *Pixels, by regions.* Gupta and others (2014) propose regions in images with
#   depth, and classify each, in the manner of R-CNN.
#
# Each has work before the network (**preprocessing**: proposals, cutting,
# stretching) or after it (**postprocessing**: superpixels, voting). These steps
# are made by hand or trained for themselves; a mistake that the first makes,
# the last cannot tell it. And they repeat work:
#
# **Predict.** A patch of 32x32 around each pixel of a 96x96 image: how many
# patches? How many of them look at the pixel in the very middle of the image?

# %%
size, half = 96, 16
looks = np.zeros((size, size), dtype=int)  # how many patches see each pixel
for row, col in np.ndindex(size, size):
    top, left = max(row - half, 0), max(col - half, 0)
    looks[top : row + half, left : col + half] += 1
print("patches:", size * size, " looks at the middle pixel:", looks[48, 48])
assert looks[48, 48] == 32 * 32

# %% [markdown]
# Neighbouring patches are nearly the same, and all that a network computed for
# one is computed again for the next. (How one pass does it for all of them is
# lesson 6.)
#
# The paper's title is its answer, *fully convolutional networks*. What it
# claims in its abstract, and what the lessons unfold, is:
#
# 1. Segmentation **end-to-end**: one function from the image to the label map,
#    all of it learned together from the error of its answer, without steps
#    before and after (lessons 4, 12 and 14).
# 2. It starts from the networks that classify, from AlexNet on (lessons 5 and
#    12).
# 3. It makes them fully convolutional, and combines deep with shallow layers by
#    *skips* (lessons 6, 7 and 13).
# 4. It takes images of any size, is fast, and was better than all others at its
#    time (lessons 6, 15 and 16).
#
# ## How good is an answer? By hand
#
# "Better" needs a number. Here are a truth of 4x4 pixels with three classes,
# one of its pixels void, and a prediction.
#
# ```text
# truth          prediction
# 0  0  0   0    0  0  0  0
# 0  1  1 255    0  1  1  1
# 0  1  1   2    0  1  2  2
# 0  0  2   2    0  0  0  2
# ```
#
# Let $n_{ij}$ be how many pixels *of class i* were *predicted as j*. These
# counts are the **confusion matrix**. Right answers lie on its diagonal.
#
# **Predict.** With a pencil: what are the nine numbers? Their sum?

# %%
truth = np.array([[0, 0, 0, 0], [0, 1, 1, 255], [0, 1, 1, 2], [0, 0, 2, 2]])
guess = np.array([[0, 0, 0, 0], [0, 1, 1, 1], [0, 1, 2, 2], [0, 0, 0, 2]])
n = np.zeros((3, 3), dtype=int)
for actual, predicted in zip(truth.flat, guess.flat):
    if actual != VOID:
        n[actual, predicted] += 1
print("confusion matrix:", n, sep="\n")
assert n.tolist() == [[8, 0, 0], [0, 3, 1], [1, 0, 2]] and n.sum() == 15

# %% [markdown]
# A row holds what became of a class; its sum $t_i = \sum_j n_{ij}$ is the
# number of pixels that the class really has: 8, 4, 3. A column $j$ holds all
# that was called $j$. The paper reports four numbers, with $n_{cl}$ classes.
# **Pixel accuracy**, the part of all pixels that is right:
#
# $$\frac{\sum_i n_{ii}}{\sum_i t_i}$$
#
# **Mean accuracy**: the same for each class by itself, then the mean:
#
# $$\frac{1}{n_{cl}} \sum_i \frac{n_{ii}}{t_i}$$
#
# **Mean IU**, "intersection over union". Lay the class's true pixels and the
# predicted ones over each other. The intersection, pixels in both, is $n_{ii}$.
# The union, pixels in either, is the row plus the column, less the
# intersection, which both contain:
#
# $$\mathrm{IU}(i) = \frac{n_{ii}}{t_i + \sum_j n_{ji} - n_{ii}}$$
#
# and the mean is over the classes again:
#
# $$\frac{1}{n_{cl}} \sum_i \mathrm{IU}(i)$$
#
# **Frequency-weighted IU**: a mean as well, but a class weighs as much as it
# has pixels:
#
# $$\frac{1}{\sum_k t_k} \sum_i t_i \, \mathrm{IU}(i)$$
#
# **Predict.** Compute all four, as fractions.

# %%
figure = new_figure(760, 330)
panels = figure.subplots(1, 3)
draw(panels[0], truth, "truth")
draw(panels[1], guess, "prediction")
draw(panels[2], truth, "class 2: IU = 2 / 4")
for row, col in np.argwhere(((truth == 2) | (guess == 2)) & (truth != VOID)):
    both = truth[row, col] == guess[row, col] == 2
    colour = "black" if both else VERMILLION
    frame(panels[2], row + 0.05, col + 0.05, 0.9, 0.9, colour)
panels[2].set_xlabel("framed: the union;\nin black: the intersection")
show(
    figure,
    "01_by_hand",
    "Truth and prediction of 4x4 pixels. The four pixels that either calls "
    "class 2 are framed, in black the two that both do.",
)

hits, t, called = np.diag(n), n.sum(axis=1), n.sum(axis=0)
iu = hits / (t + called - hits)
pixel_accuracy, mean_accuracy = hits.sum() / t.sum(), (hits / t).mean()
mean_iu, weighted_iu = iu.mean(), (t * iu).sum() / t.sum()
print(f"pixel accuracy {pixel_accuracy:.3f}  mean accuracy {mean_accuracy:.3f}")
print(f"mean IU {mean_iu:.3f}  frequency-weighted IU {weighted_iu:.3f}")
assert np.isclose(pixel_accuracy, 13 / 15)
assert np.isclose(mean_accuracy, (8 / 8 + 3 / 4 + 2 / 3) / 3)
assert np.isclose(mean_iu, (8 / 9 + 3 / 4 + 2 / 4) / 3)
assert np.isclose(weighted_iu, (8 * 8 / 9 + 4 * 3 / 4 + 3 * 2 / 4) / 15)

# %% [markdown]
# minifcn counts in a `ConfusionMatrix`, which takes images one after the other
# and adds up.
#
# **Predict.** At the void pixel our prediction said 1. What changes in the four
# numbers if it says 0, or 2? And what if somebody takes void for background and
# writes 0 into the truth there?


# %%
def measure(pairs, n_class):
    """pairs of (prediction, truth) -> their ConfusionMatrix"""
    matrix = ConfusionMatrix(n_class)
    for predicted, actual in pairs:
        matrix.update(predicted, actual)
    return matrix


def table(matrices):
    """Print the four numbers of {name: ConfusionMatrix}."""
    print(f"{'':22}pixel acc.  mean acc.  mean IU  f.w. IU")
    for name, m in matrices.items():
        accuracies = f"{m.pixel_accuracy:10.3f}  {m.mean_accuracy:9.3f}"
        ius = f"{m.mean_iu:7.3f}  {m.frequency_weighted_iu:7.3f}"
        print(f"{name:22}{accuracies}  {ius}")


ours = measure([(guess, truth)], 3)
other = measure([(np.where(truth == VOID, 2, guess), truth)], 3)
as_background = measure([(guess, np.where(truth == VOID, 0, truth))], 3)
rows = {"as it is": ours, "void predicted as 2": other}
table(rows | {"void taken for class 0": as_background})
assert np.array_equal(ours.counts, n) and np.isclose(ours.mean_iu, mean_iu)
assert np.array_equal(other.counts, n)
assert as_background.mean_iu < ours.mean_iu

# %% [markdown]
# ## Why pixel accuracy deceives
#
# Here is the laziest answer there is: *all background*, whatever the image.
#
# **Predict.** In 200 scenes about four of five pixels are background. What are
# the four numbers of the lazy answer? (Seven classes, six of which it never
# names.)

# %%
pairs = [(np.zeros_like(truth), truth) for _, truth in scenes]
lazy = measure(pairs, scenes.n_class)
table({"all background": lazy})
share = lazy.counts[0].sum() / lazy.counts.sum()
print(f"background: {share:.3f} of all pixels")
assert np.isclose(lazy.pixel_accuracy, share) and share > 0.75
assert np.isclose(lazy.mean_accuracy, 1 / 7)
assert np.isclose(lazy.mean_iu, share / 7)  # one class's, and six times 0

# %% [markdown]
# A pixel accuracy that sounds good, for nothing. The frequency-weighted IU is
# taken in as well: the background weighs most. The two *means* see through it,
# as six classes of seven get 0.
#
# But the mean accuracy can be cheated, too. For one class call the hits $h$,
# the misses $m$ (its pixels, called something else) and the false alarms $f$
# (other pixels, called by its name). Then the two measures of the class are
#
# $$\mathrm{accuracy} = \frac{h}{h + m} \, , \quad
# \mathrm{IU} = \frac{h}{h + m + f}$$
#
# Accuracy does not see the false alarms *of that class*: they are another
# class's misses, and if that is the large background, they cost it little. So
# it pays to draw everything too fat. The IU counts both.
#
# Five answers for our scene, made from the truth: all background; objects 2
# pixels too fat; each tenth pixel a random class; and that answer, cleaned by a
# postprocessing step: each pixel takes the class that most of the pixels around
# it have, in a window of 5x5 or of 11x11.
#
# **Predict.** Which answer has the lowest mean IU? Which of the two windows is
# better? Think of the ladders and their narrow rungs.


# %%
def around(labels, size):
    """labels (H, W) -> the window around each pixel, (H, W, size, size)"""
    padded = np.pad(labels, size // 2, mode="edge")
    return np.lib.stride_tricks.sliding_window_view(padded, (size, size))


def vote(labels, size):
    """Each pixel gets the most frequent class around it; void has no vote."""
    windows = around(labels, size)
    votes = [(windows == number).sum(axis=(2, 3)) for number in range(7)]
    return np.argmax(votes, axis=0)


sharp = np.where(label == VOID, vote(label, 3), label)  # void filled
fat = np.where(sharp == 0, around(sharp, 5).max(axis=(2, 3)), sharp)
noise = rng.random(label.shape) < 0.1
noisy = np.where(noise, rng.integers(7, size=label.shape), sharp)
answers = {"all background": 0 * sharp, "2 pixels too fat": fat, "noise": noisy}
answers |= {"noise, vote of 5x5": vote(noisy, 5)}
answers |= {"noise, vote of 11x11": vote(noisy, 11)}
results = {name: measure([(a, label)], 7) for name, a in answers.items()}
table(results)
lazy, too_fat, rough, fine, coarse = results.values()
assert too_fat.mean_accuracy > 0.95 and too_fat.mean_iu < 0.8
assert rough.pixel_accuracy > 0.9 and rough.mean_iu < 0.4
assert fine.mean_iu > 0.95 and coarse.mean_iu < 0.75

# %%
figure = new_figure(1000, 260)
for panel, (name, answer) in zip(figure.subplots(1, 5), answers.items()):
    draw(panel, answer, name)
    iu = results[name].iu_per_class
    panel.set_xlabel(f"mean IU {results[name].mean_iu:.2f}\nladder {iu[6]:.2f}")
show(
    figure,
    "01_answers",
    "Five answers for the scene: empty; ladders so fat that their gaps close; "
    "coloured dots everywhere; clean ladders after a vote of 5x5; lumps "
    "without rungs after one of 11x11.",
)
for name, result in results.items():
    print(f"{name:22}", result.iu_per_class.round(2))
assert coarse.iu_per_class[6] < coarse.iu_per_class[1]  # thin against round

# %% [markdown]
# Three things to see here:
#
# - The noise is wrong in one pixel of ten, but has nearly the lowest mean IU.
#   It names four classes that are not in the image; each has false alarms, no
#   hits, an IU of 0, and counts in the mean as much as the background. A class
#   in neither truth nor prediction is 0/0, `nan`, "not a number", and is left
#   out.
# - A small window cleans, a large one rubs out the rungs. Whoever writes a
#   postprocessing step has to choose, and the network before it never learns of
#   it. That is the case for *end-to-end*.
# - The frequency-weighted IU prefers the noise to the large window, the mean IU
#   does not. No number is the truth; the paper compares networks by the mean
#   IU, and so do we. Whoever reports a single number should say which.
#
# ## One matrix for all images
#
# One more way to get another number from the same answers: compute the mean IU
# of each image, and take the mean of those. VOC and the paper add up *one*
# confusion matrix over all images, and compute from that.
#
# **Predict.** Two images of the same size. The first has 8 pixels of class 1,
# all found. The second has 2, and one is found. No false alarms. What is the IU
# of class 1 over both? What is the mean of the two images' IUs?

# %%
first, second = np.zeros((2, 4, 4), dtype=int)
first[:2], second[0, :2] = 1, 1
found = np.where(np.arange(16).reshape(4, 4) == 0, 1, 0)  # one of the two
pairs = [(first, first), (found, second)]
together = measure(pairs, 2).iu_per_class[1]
apart = np.mean([measure([pair], 2).iu_per_class[1] for pair in pairs])
print(f"one matrix: {together:.2f}  mean over images: {apart:.2f}")
assert np.isclose(together, 9 / 10) and np.isclose(apart, (1 + 1 / 2) / 2)

# %% [markdown]
# ## What was left out, and where the real thing stands
#
# - The confusion matrix, counted without a loop over pixels:
#   `minifcn/metrics.py`. Over a whole data set:
#   `minifcn/training/evaluation.py`.
# - How scenes are drawn: `minifcn/data/sets/scenes.py`. Real photos in the
#   layouts of VOC and CamVid: `minifcn/data/sets/voc.py` and
#   `minifcn/data/sets/camvid.py`. VOC stores a label map as a PNG with a
#   **palette**, a table from number to
#   colour, as our `COLOURS` is one.
# - What the numbers are for trained networks: lesson 15.

# %% [markdown]
# ## Exercises
#
# `python -m lessons test 1` puts them into `lessons/answers/`, for you to write
# there, and tells you what is right, and what is wrong if not.
#
# 1. `box_iu`: detection has an IU as well, of two boxes. It decides whether a
#    box that was found counts as right.
# 2. `confusion`: the confusion matrix of two label maps, with void, and without
#    a loop over pixels.
# 3. `four_metrics`: all four numbers from a confusion matrix, also where a
#    class does not occur.
