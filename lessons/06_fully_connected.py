# %% [markdown]
# # 6. How does a classifier answer for every place at once?
#
# **Time:** 50 minutes
#
# **Know before:** the convolution and its gradients (lesson 2), receptive
# fields, strides and VGG's fully connected layers (lesson 5).
#
# A classifier says *what* is in an image, not *where*, and takes images of one
# size only. In this lesson you train a small one, find out which layer is to
# blame for both, and turn that layer into a convolution: the same weights, in
# another shape. From then on the network takes any image and answers with a
# map. At the end you solve a question that the lecture's slides (lesson 1)
# leave open: how do 500x500 pixels become a grid of 10x10?

# %%
import time

import numpy as np

from lessontools import new_figure, pytorch, show
from minifcn.alternatives import dense, multiply_adds, patch_by_patch
from minifcn.backend import resolve_device, to_device, to_host
from minifcn.data.sets import forms
from minifcn.data.sets.textures import COLOURS, GROUNDS, colour
from minifcn.errors import InputError
from minifcn.layers import (
    Conv2d,
    Flatten,
    Linear,
    MaxPool2d,
    ReLU,
    Sequential,
    SoftmaxCrossEntropy,
)
from minifcn.models import FCN32s
from minifcn.models.alexnet import AlexNet
from minifcn.models.classifier import Classifier, convolutionize
from minifcn.optim import SGD

rng = np.random.default_rng(0)

# %% [markdown]
# ## A classifier of small images
#
# First something to recognise: discs, triangles and stars, in any colour, on a
# pale ground. A *patch* of 32x32 pixels shows one of them, up to 7 pixels off
# its middle; or "nothing", where the middle is empty and at most a part of an
# object sticks in from the side.

# %%
CLASSES = "nothing", "disc", "triangle", "star"
FORMS = forms.disc, forms.triangle, forms.star


def draw(height, width, objects):
    """objects [(class, row, column)] -> image (3, height, width)"""
    image = np.zeros((height, width, 3)) + colour(rng, GROUNDS)
    y, x = np.ogrid[:height, :width]
    for number, row, col in objects:
        u, v = (x - col) * forms.UNIT, (y - row) * forms.UNIT
        inside = FORMS[number - 1](u, v, 12 * forms.UNIT)
        image[inside] = colour(rng, COLOURS)
    image += rng.normal(0, 6, image.shape)
    return image.transpose(2, 0, 1).astype("float32") / 255 - 0.5


def examples(count):
    """Patches (count, 3, 32, 32) and their labels (count,)."""
    patches, labels = [], []
    for n in range(count):
        label, off = int(rng.integers(1, 4)), rng.integers(-7, 8, size=2)
        if n % 2:  # an object far from the middle: nothing
            angle, away = rng.uniform(0, 2 * np.pi), rng.uniform(13, 27)
            off = away * np.array([np.sin(angle), np.cos(angle)])
        patches.append(draw(32, 32, [(label, *(16 + off).astype(int))]))
        labels.append(0 if n % 2 else label)
    return np.stack(patches), np.array(labels)


# %% [markdown]
# Now the classifier, a small sister of VGG: two convolutions with pooling, then
# two fully connected layers. A **fully connected layer**, `Linear`, takes all
# numbers of the map in one row (`Flatten` lays them out: channel after channel,
# row after row) and makes each output a sum over all of them. It trains for
# some seconds, by small steps against the gradient (lesson 14).


# %%
class Small(Classifier):
    title = "our classifier"

    def __init__(self):
        features = {
            "conv1": Conv2d(3, 8, 5, rng=rng),  # 32 -> 28
            "relu1": ReLU(),
            "pool1": MaxPool2d(2),  # 14
            "conv2": Conv2d(8, 16, 5, rng=rng),  # 10
            "relu2": ReLU(),
            "pool2": MaxPool2d(2),  # 5
        }
        head = {
            "flatten": Flatten(),
            "fc3": Linear(16 * 5 * 5, 32, rng=rng),
            "relu3": ReLU(),
            "fc4": Linear(32, len(CLASSES), rng=rng),
        }
        super().__init__(features, head, image_size=32)


classifier, criterion = Small(), SoftmaxCrossEntropy()
optimizer = SGD(classifier.parameters(), lr=0.02, momentum=0.9)
patches, labels = examples(800)
for _ in range(4):  # epochs: each sees all patches once
    for some in rng.permutation(800).reshape(-1, 20):
        classifier.zero_grad()
        loss = criterion(classifier(patches[some]), labels[some])
        classifier.backward(criterion.backward())
        optimizer.step()
classifier.eval()
tests, truth = examples(300)
right = (classifier(tests).argmax(axis=1) == truth).mean()
print(f"right for {100 * right:.0f} of 100 new patches")
assert right > 0.8

# %% [markdown]
# ## One size only
#
# **Predict.** We give it an image of 48x48 pixels. Which layer is the first
# that cannot work, and why?

# %%
maps = classifier.features(np.zeros((1, 3, 48, 48), "float32"))
print("the features of 48x48:", maps.shape)
numbers = Flatten()(maps)
try:
    classifier.head.named["fc3"](numbers)
except InputError as error:
    print(error)
    refused = True
assert maps.shape == (1, 16, 9, 9) and refused

# %% [markdown]
# Convolutions and poolings do not mind: their kernels slide over whatever there
# is. It is the fully connected layer, which has a weight for each number of a
# 16x5x5 map and none for any more. The slides put it into two lines of PyTorch:
#
#     nn.Conv2d(input_channel, output_channel, 1, 1)
#     nn.Linear(input_channel * height * width, output_size)
#
# In the first no height and no width occurs, in the second both do. (The two
# ones are a kernel of 1x1, and a stride of 1.)
#
# **Predict.** A map of 512 channels and 32x32 pixels, 1000 outputs: how many
# weights has the one, how many the other? And for 64x64 pixels?

# %%
for side in (32, 64):
    conv_weights = 512 * 1000
    linear_weights = 512 * side * side * 1000
    print(f"{side}x{side}: Conv2d {conv_weights:,}  Linear {linear_weights:,}")
assert linear_weights == 64 * 64 * conv_weights

# %% [markdown]
# ## A 1x1 convolution is a fully connected layer at each pixel
#
# In the convolution's sum a kernel of 1x1 leaves only the sum over channels:
#
# $$y_{o,r,q} = b_o + \sum_c W_{o,c} \, x_{c,r,q}$$
#
# That is a fully connected layer on the $C$ numbers of pixel $r, q$, and the
# same one for every pixel. So what comes out keeps its place: nothing is mixed
# across pixels.
#
# **Predict.** Move the map by two columns to the right. What happens to the
# output of a 1x1 convolution? What to that of a `Linear` on all its numbers?

# %%
x = rng.standard_normal((1, 6, 4, 5)).astype("float32")
conv, per_pixel = Conv2d(6, 3, 1, rng=rng), Linear(6, 3)
per_pixel.weight.data = conv.weight.data.reshape(3, 6)
pixels = x.transpose(0, 2, 3, 1).reshape(-1, 6)  # a row for each pixel
by_linear = per_pixel(pixels).reshape(1, 4, 5, 3).transpose(0, 3, 1, 2)
assert np.allclose(conv(x), by_linear, atol=1e-5)

moved = np.roll(x, 2, axis=3)
assert np.allclose(conv(moved), np.roll(conv(x), 2, axis=3), atol=1e-5)
mixing = Linear(6 * 4 * 5, 3, rng=rng)
print("Linear, before:", mixing(x.reshape(1, -1))[0].round(2))
print("Linear, moved: ", mixing(moved.reshape(1, -1))[0].round(2))
assert not np.allclose(mixing(x.reshape(1, -1)), mixing(moved.reshape(1, -1)))

# %% [markdown]
# The convolution's output moves along. The three numbers of `Linear` change,
# and where it was that something moved they cannot say: they have no rows and
# no columns.
#
# ## A fully connected layer is a convolution with a large kernel
#
# But fc3 does see 5x5 pixels, and we want to keep what it has learned. Write
# its sum down. The number of channel $c$, row $i$, column $j$ lies at place
# $(5c + i) \cdot 5 + j$ of the row that `Flatten` makes:
#
# $$y_o = b_o + \sum_{c,i,j} W_{o,\,(5c + i) \cdot 5 + j} \, x_{c,i,j}$$
#
# and give the weight the name $K_{o,c,i,j}$:
#
# $$y_o = b_o + \sum_{c,i,j} K_{o,c,i,j} \, x_{c,i,j}$$
#
# That is lesson 2's convolution at $r = q = 0$, with a kernel as large as its
# input. No weight changes; `reshape` gives the new name to each. Where the
# input *is* 5x5, the kernel has only one place to lie. On a larger map it has
# more.
#
# **Predict.** The convolution made of fc3, on the 9x9 map of the 48x48 image:
# what shape comes out?


# %%
def as_convolution(linear, channels, size):
    """A Linear on channels x size x size numbers -> a Conv2d."""
    conv = Conv2d(channels, linear.out_features, size)
    conv.weight.data = linear.weight.data.reshape(-1, channels, size, size)
    conv.bias.data = linear.bias.data
    return conv


fc3, fc4 = (classifier.head.named[name] for name in ("fc3", "fc4"))
conv3, conv4 = as_convolution(fc3, 16, 5), as_convolution(fc4, 32, 1)
small = rng.standard_normal((2, 16, 5, 5)).astype("float32")
large = rng.standard_normal((2, 16, 9, 9)).astype("float32")
print(f"5x5: {conv3(small).shape}, 9x9: {conv3(large).shape}")
assert np.allclose(conv3(small)[:, :, 0, 0], fc3(Flatten()(small)), atol=1e-4)
window = np.ascontiguousarray(large[:, :, 3:8, 1:6])
at_one_place = fc3(window.reshape(2, -1))
assert np.allclose(conv3(large)[:, :, 3, 1], at_one_place, atol=1e-4)

# %% [markdown]
# Each output pixel is what fc3 says of its window. The layers after it have
# only one pixel left to see, so they become 1x1 convolutions. So it is in
# VGG16: fc6 becomes 7x7, fc7 and fc8 become 1x1. (The slides say "change the
# fully connected layer into a 1x1 convolution"; for the first one take that
# with a grain of salt.)

# %%
if torch := pytorch():
    theirs = torch.nn.Linear(16 * 5 * 5, 32)
    kernel = theirs.weight.view(32, 16, 5, 5)
    x = torch.from_numpy(large)
    as_map = torch.nn.functional.conv2d(x, kernel, theirs.bias)
    alone = theirs(x[:, :, 3:8, 1:6].flatten(1))
    same = torch.allclose(as_map[:, :, 3, 1], alone, atol=1e-5)
    print("PyTorch agrees:", same)
    assert same

# %% [markdown]
# ## It learns the same
#
# The gradient of the convolution's kernel, from lesson 2, with stride 1 and no
# padding:
#
# $$\frac{\partial L}{\partial K_{o,c,i,j}} = \sum_{n,r,q}
# \frac{\partial L}{\partial y_{n,o,r,q}} \, x_{n,c,\,r+i,\,q+j}$$
#
# With one place only, $r = q = 0$, the sum runs over images, and that is the
# gradient of `Linear`. With more places it adds theirs up: the layer learns
# from all of them at once.
#
# **Predict.** We run fc3 on each of the 25 windows of the 9x9 map, and let the
# gradients add up. How do they compare to the convolution's?

# %%
dy = rng.standard_normal((2, 32, 5, 5)).astype("float32")
for layer in (conv3, fc3):
    layer.train().zero_grad()
conv3(large)
conv3.backward(dy)
for r, q in np.ndindex(5, 5):
    fc3(large[:, :, r : r + 5, q : q + 5].reshape(2, -1))
    fc3.backward(np.ascontiguousarray(dy[:, :, r, q]))
classifier.eval()
dkernel = conv3.weight.grad.reshape(fc3.weight.data.shape)
difference = abs(dkernel - fc3.weight.grad).max()
print(f"the largest difference {difference:.0e}, of {abs(dkernel).max():.0f}")
assert difference < 1e-4 * abs(dkernel).max()

# %% [markdown]
# ## The whole classifier, convolutional
#
# Now replace both layers, and leave `Flatten` out. minifcn's `convolutionize`
# does the same with any of its classifiers.
#
# **Predict.** Our classifier has two poolings, so the stride of its scores is
# 4, and it sees 32 pixels. How many scores come of 32x32 pixels? Of 112x176?

# %%
layers = classifier.features.named | {
    "fc3": conv3,
    "relu3": ReLU(),
    "fc4": conv4,
}
net = Sequential(layers).eval()
by_minifcn = Sequential(convolutionize(classifier)).eval()
objects = [(3, 30, 40), (1, 34, 100), (2, 80, 68), (3, 76, 136), (2, 32, 150)]
image = draw(112, 176, objects)[None]
scores = net(image)
print("one patch:", net(tests[:1]).shape, " the large image:", scores.shape)
assert scores.shape[2:] == ((112 - 32) // 4 + 1, (176 - 32) // 4 + 1)
assert np.allclose(net(tests)[:, :, 0, 0], classifier(tests), atol=1e-4)
assert np.allclose(scores, by_minifcn(image), atol=1e-4)

# %% [markdown]
# ## A heatmap
#
# A channel of the scores belongs to a class. As softmax probabilities, and
# drawn as an image, it is a **heatmap**: the paper's figure 2 shows one of the
# class "tabby cat". Ours show where the network sees a star. It was trained on
# single patches with one label for each, and has never seen an image of this
# size.
#
# **Predict.** The image has two stars, two triangles, a disc. How will the
# heatmap of "star" look: two points, two blobs, two stars?

# %%
probability = np.exp(scores[0] - scores[0].max(axis=0))
probability /= probability.sum(axis=0)  # (4, 21, 37)
figure = new_figure(980, 620)
axes = figure.subplots(2, 2).ravel()
axes[0].imshow((image[0].transpose(1, 2, 0) + 0.5).clip(0, 1))
axes[0].set_title("the image, 112x176", size=11)
for number in (1, 2, 3):  # score 0 is about pixels 0..31: middle 15.5
    rows, cols = probability.shape[1:]
    place = 13.5, 13.5 + 4 * cols, 13.5 + 4 * rows, 13.5
    heat = axes[number].imshow(
        probability[number], extent=place, vmin=0, vmax=1, cmap="cividis"
    )
    axes[number].set(xlim=(-0.5, 175.5), ylim=(111.5, -0.5), facecolor="0.85")
    axes[number].set_title(f"{CLASSES[number]}: {rows}x{cols} scores", size=11)
bar = figure.colorbar(heat, ax=axes, shrink=0.6)
bar.set_label("probability")
show(
    figure,
    "06_heatmap",
    "An image of two stars, two triangles and a disc, and a heatmap for each "
    "class: bright blobs where its objects are, and fainter spots at the rims "
    "of others.",
)

# %%
rows, cols = 15.5 + 4 * np.mgrid[:21, :37]  # the scores' middles, in pixels
for number, row, col in objects:
    near = np.hypot(rows - row, cols - col) < 6
    there = probability[:, near].mean(axis=1)
    found = CLASSES[there.argmax()]
    print(f"{CLASSES[number]:9} at {row:3}, {col:3}: {found} {there.max():.2f}")
    assert there.argmax() == number
for number in (1, 2, 3):
    spots = [place[1:] for place in objects if place[0] == number]
    away = [np.hypot(rows - row, cols - col) > 14 for row, col in spots]
    far = probability[number][np.all(away, axis=0)].mean()
    print(f"{CLASSES[number]:9} where there is none: {far:.2f}")
    assert far < 0.2
assert probability[0].mean() > 0.5  # most of it is "nothing"

# %% [markdown]
# (Averages, over the scores less than 6 pixels from an object's middle and over
# those more than 14 from all middles of its class.) Blobs: the classifier was
# taught to say "star" wherever one lies within 7 pixels of the middle. Where,
# roughly; not yet which pixels. And look for what is wrong: at the rim of an
# object, between the 7 pixels of "something" and the 13 of "nothing", it has
# never been told what to say, and some rims glow in the map of a class that is
# not there.
#
# ## Any input size
#
# The paper's networks bring the coarse map back to the image's size (lesson 7
# shows how). So whatever goes in, a map of its own size comes out; the slides'
# examples are 512x512 and 256x256. Here FCN-32s, with very few channels and
# untrained: only the sizes matter.
#
# **Predict.** Does the network need to be built anew for the second size?

# %%
fcn = FCN32s(width=1 / 32, fc_channels=16, padding="same").eval()
for size in ((512, 512), (256, 256), (200, 333)):
    output = fcn(np.zeros((1, 3, *size), "float32"))
    print(f"image {size} -> scores {output.shape}")
    assert output.shape == (1, 21, *size)

# %% [markdown]
# ## What crops cost
#
# One could have had the heatmap without all this: cut a patch out around each
# place and ask the classifier, 777 times. The scores are the same. But
# neighbouring patches share most of their pixels, and what they share is
# computed again for each.
#
# **Predict.** By how many times is one pass cheaper, counted in multiply-adds:
# 3, 10, 50? Hint: of a patch's 32x32 pixels only 4x4 are new; but what is
# computed of them?

# %%
device, reason = resolve_device()
print(reason)
net, image = net.to(device), to_device(image, device)
places = scores.shape[2] * scores.shape[3]
of_crops = places * multiply_adds(net, (32, 32))
of_one_pass = multiply_adds(net, (112, 176))
print(f"{places} crops: {of_crops / 1e6:.0f}M multiply-adds")
less = of_crops / of_one_pass
print(f"one pass:  {of_one_pass / 1e6:.0f}M, {less:.1f} times less")
begin = time.perf_counter()
cropped = to_host(patch_by_patch(net, image, batch=100))
middle = time.perf_counter()
whole = to_host(dense(net, image))
end = time.perf_counter()
print(f"timed: {1e3 * (middle - begin):.0f} ms against", end=" ")
print(f"{1e3 * (end - middle):.0f} ms")
assert abs(cropped - whole).max() < 1e-3 and less > 9

# %% [markdown]
# (Times vary from run to run and machine to machine, hence no assert.) It is
# less than 64 times, since not all work is shared: fc3 and fc4 are computed
# once for each place, either way.
#
# The paper's example is AlexNet on 500x500 pixels, which gives 10x10 scores. On
# a GPU of 2014 one patch took 1.2 ms, in large batches, and the whole image 22
# ms: 120 ms against 22, "more than 5 times faster". Backwards too: training on
# whole images saves as much. Which leaves the question...
#
# ## How do 500x500 pixels become 10x10?
#
# ...that the slides' appendix asks. Go through AlexNet step by step with lesson
# 2's formula. Two things differ from what you know. The image is *not* padded.
# And Caffe, the authors' software, rounds **up** after pooling (its **ceil
# mode**): a last window that hangs over the end is taken, and sees the pixels
# that are there.
#
# **Predict.** With pencil and paper, from 500 on: conv1 (11x11, stride 4),
# pool1 (3x3, stride 2), conv2 (5x5, padding 2), pool2 (3x3, stride 2), conv3,
# conv4, conv5 (3x3, padding 1), pool5 (3x3, stride 2), fc6 as a 6x6
# convolution.

# %%
CHAIN = [("conv1", 11, 4, 0), ("pool1", 3, 2, 0), ("conv2", 5, 1, 2)]
CHAIN += [("pool2", 3, 2, 0), ("conv3", 3, 1, 1), ("conv4", 3, 1, 1)]
CHAIN += [("conv5", 3, 1, 1), ("pool5", 3, 2, 0), ("fc6", 6, 1, 0)]


def sizes(size, ceil=True):
    """The map's side after each layer of CHAIN."""
    found = []
    for name, kernel, stride, padding in CHAIN:
        room = size + 2 * padding - kernel
        up = ceil and name.startswith("pool")
        size = (-(-room // stride) if up else room // stride) + 1
        found.append(size)
    return found


print("      " + " ".join(f"{name:>5}" for name, *_ in CHAIN))
for size in (500, 227):
    print(f"{size:5} " + " ".join(f"{n:5}" for n in sizes(size)))
print("  500 " + " ".join(f"{n:5}" for n in sizes(500, ceil=False)), "(down)")
assert sizes(500) == [123, 61, 61, 30, 30, 30, 30, 15, 10]
assert sizes(227)[-1] == 1 and sizes(500, ceil=False)[-1] == 9

# %% [markdown]
# There it is. For 500 pixels only one rounding matters, that of pool5:
# $(30 - 3)/2 = 13.5$, up to 14, plus 1. Rounded down there would be 14, and a
# grid of 9x9.
#
# Seen from the image: 227 pixels give one score, and scores lie 32 pixels
# apart. So each of the ten has its crop of 227.
#
# **Predict.** Which pixels does the last of the ten crops cover? Then we let a
# real AlexNet, with very few channels, confirm the sizes.

# %%
start = 9 * 32
print(f"the tenth crop: pixels {start} to {start + 226}, of 0 to 499")
assert start + 227 - 500 == 15  # that is what hangs over the end
narrow = AlexNet(n_class=21, width=1 / 48, fc_channels=8).eval()
convolutional = Sequential(convolutionize(narrow)).eval()
for size in (227, 500):
    x = rng.standard_normal((1, 3, size, size)).astype("float32")
    y = convolutional(x)
    print(f"{size}x{size} -> {y.shape[2]}x{y.shape[3]}")
    assert y.shape[2:] == (sizes(size)[-1],) * 2
    if size == 227:
        assert np.allclose(y[:, :, 0, 0], narrow(x), atol=1e-4)

# %% [markdown]
# So the tenth row and column of scores look 15 pixels over the image's end.
#
# But did lesson 5 not say that AlexNet's scores see 355 pixels? They do. conv2
# pads by 2 pixels of a map with stride 8, conv3 to conv5 by 1 of stride 16:
# $2 \cdot 8 + 3 \cdot 16 = 64$ image pixels on either side, and
# $227 + 2 \cdot 64 = 355$. In a crop zeros lie there; in the whole image,
# pixels. So for AlexNet the scores of one pass and those of crops are only
# *nearly* the same. For our classifier, which pads nowhere, they are the same.
#
# Last, count AlexNet: is "5 times" what the multiply-adds say?
#
# **Predict.** In one pass, which part of the work is *not* saved at all?

# %%
channels = [(s.channels, s.groups) for s in AlexNet.stages]
weights, inputs = {"fc6": 256 * 36 * 4096}, 3
for number, (outputs, groups) in enumerate(channels, 1):
    kernel = AlexNet.stages[number - 1].kernel
    weights[f"conv{number}"] = kernel**2 * inputs // groups * outputs
    inputs = outputs


def alexnet_work(size):
    """(of the convolutions, of fc6 to fc8), multiply-adds"""
    areas = {name: n * n for (name, *_), n in zip(CHAIN, sizes(size))}
    heads = weights["fc6"] + 4096 * 4096 + 4096 * 1000
    convs = [n for n in weights if n.startswith("conv")]
    return sum(weights[n] * areas[n] for n in convs), areas["fc6"] * heads


crop, whole = alexnet_work(227), alexnet_work(500)
for part, n in (("convolutions", 0), ("fc6 to fc8", 1)):
    crops, one = 100 * crop[n] / 1e9, whole[n] / 1e9
    print(f"{part:13}{crops:5.1f}G {one:4.1f}G  {crops / one:4.1f} times less")
times = 100 * sum(crop) / sum(whole)
print(f"together: {times:.1f} times less; the paper's clock: {120 / 22:.1f}")
assert 100 * crop[1] == whole[1] and 5 < times < 10

# %% [markdown]
# The fully connected layers save nothing: they make 100 outputs either way, and
# no two share a product. All is saved in the convolutions before them. That is
# why VGG's fc6, which was next to no work in lesson 5, weighs in on large
# images.
#
# The three reasons of the slides, then: any image size; the place is kept; and
# it is cheaper.

# %% [markdown]
# ## What was left out, and where the real thing stands
#
# - `convolutionize` also turns dropout of numbers into dropout of channels, and
#   the trunk of an FCN drops the last layer: `minifcn/models/classifier.py`.
# - Both roads, with any net that does not pad: `minifcn/alternatives/dense.py`;
#   the counting: `minifcn/alternatives/nets.py`.
# - Ceil mode, and where each score lies on the image:
#   `minifcn/convolution/geometry.py`. How to pad an image so that the scores
#   cover all of it: lesson 12.
# - How the coarse map becomes large again: lesson 7. Scores for *every* pixel
#   by the same classifier: lesson 10.
# - Training such a net on large generated scenes, a class for each pixel:
#   `minifcn/data/sets/scenes.py`, lesson 14.

# %% [markdown]
# ## Exercises
#
# `python -m lessons test 6` puts them into `lessons/answers/`, for you to write
# there, and tells you what is right, and what is wrong if not.
#
# 1. `slide_linear`: a fully connected layer, led over a map larger than its
#    own.
# 2. `sizes`: a map's side after each of any layers, ceil mode included.
# 3. `crops_against_one_pass`: the multiply-adds of both roads.
