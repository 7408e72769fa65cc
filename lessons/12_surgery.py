# %% [markdown]
# # 12. How does a classifier become FCN-32s?
#
# **Time:** 60 minutes
#
# **Know before:** VGG and receptive fields (lesson 5), fully connected layers
# as convolutions (lesson 6), and the transposed convolution (lesson 7).
#
# The paper's abstract makes four claims: a net that labels every pixel can be
# trained **end to end**; it can be made of classifiers that exist already,
# AlexNet, VGG and GoogLeNet; it needs two ideas, layers that are all
# convolutions, and skips; and it takes images of any size and was the best of
# its day. In this lesson you take a VGG16 apart and build the paper's first
# net, FCN-32s, from its parts. (Skips are lesson 13.) You also find out what
# the number 100 does in it, and where 19 comes from: the two that everybody
# stumbles over who reads its code.

# %%
import numpy as np

from lessontools import new_figure, pytorch, show
from minifcn.backend import resolve_device, to_device, to_host
from minifcn.layers import (
    Conv2d,
    ConvTranspose2d,
    Layer,
    Sequential,
    SoftmaxCrossEntropy,
    bilinear_weight,
)
from minifcn.models import FCN32s
from minifcn.models.classifier import convolutionize
from minifcn.models.transplant import transplant
from minifcn.models.vgg import VGG16
from minifcn.optim import SGD
from minifcn.pictures.colours import BLUE, VERMILLION

rng = np.random.default_rng(0)

# %% [markdown]
# ## End to end
#
# Earlier systems were chains: cut the image into regions, compute features of
# each, classify them, then clean up the edges with another method. Each link
# was trained alone, or not at all. **End to end** means: one function from the
# image's pixels to the pixels' scores, one loss at its end, and one backward
# pass that trains all of it. Forward is *inference*, backward is *learning*,
# and there is no step before or after.
#
# The loss is that of lesson 4, one softmax for each pixel ("per-pixel
# multinomial logistic loss"), where pixels that even people could not label are
# void and do not count; the measure is the mean IU of lesson 1.
#
# Five cuts make the net of the classifier:
#
# 1. throw away its last layer, fc8, whose 1000 scores are of other classes;
# 2. turn the fully connected fc6 and fc7 into convolutions (lesson 6);
# 3. add a 1x1 convolution that makes scores of *our* classes;
# 4. add a transposed convolution that upsamples them by 32 (lesson 7);
# 5. **crop**: cut out the part that lies over the image.
#
# ## The classifier
#
# Real VGG16 has 138 million weights. Ours has the same layers with a sixteenth
# of the channels, and takes images of 64x64. Its weights are random: what we
# ask here are shapes, places and equalities, and those do not depend on them.

# %%
classifier = VGG16(10, width=1 / 16, fc_channels=32, image_size=64, seed=1)
for name, layer in classifier.head.children():
    print(f"{name:8} {layer}")
image = rng.standard_normal((1, 3, 64, 64)).astype("float32")
answer = classifier(image)
print("answer:", answer.shape)
assert answer.shape == (1, 10)

# %% [markdown]
# ## Cuts 1 and 2: no fc8, and kernels for matrices
#
# Five poolings make 2x2 pixels of 64x64, with 32 channels: `flatten` lays them
# out as 128 numbers, channel by channel, each row by row. Output $o$ of fc6 is
# a sum over all of them,
#
# $$y_o = b_o + \sum_{c,i,j} W_{o,\,4c + 2i + j} \, x_{c,i,j}$$
#
# which is a convolution with a 2x2 kernel at its only place (lesson 6). So the
# kernel is the same numbers, reshaped.
#
# **Predict.** In real VGG16 the maps before fc6 have 512 channels and 7x7
# pixels, and fc6 has 4096 outputs. What shape has its matrix? Its kernel? What
# shape has fc7's kernel?


# %%
def kernel_of(linear, channels, size):
    """Linear (O, C*size*size) -> Conv2d (O, C, size, size)"""
    conv = Conv2d(channels, linear.out_features, size)
    shape = linear.out_features, channels, size, size
    conv.weight.data = linear.weight.data.reshape(shape)
    conv.bias.data = linear.bias.data
    return conv


fc6 = kernel_of(classifier.head.named["fc6"], 32, 2)
fc7 = kernel_of(classifier.head.named["fc7"], 32, 1)
print("fc6", fc6.weight.data.shape, " fc7", fc7.weight.data.shape)
print("VGG16's: (4096, 25088) -> (4096, 512, 7, 7)")
assert 512 * 7 * 7 == 25088

features = classifier.features(image)  # (1, 32, 2, 2)
as_matrix = classifier.head.named["fc6"](features.reshape(1, -1))
as_kernel = fc6(features)
print("the same numbers:", np.allclose(as_matrix, as_kernel[:, :, 0, 0]))
assert np.allclose(as_matrix, as_kernel[:, :, 0, 0], atol=1e-5)

# %% [markdown]
# minifcn's `convolutionize` does this for any of its classifiers. All ten
# scores come out as before, and a larger image gives a map of them:

# %%
dense = Sequential(convolutionize(classifier)).eval()
larger = rng.standard_normal((1, 3, 160, 224)).astype("float32")
print(dense(image).shape, " ", dense(larger).shape)
assert np.allclose(dense(image)[:, :, 0, 0], classifier.eval()(image))
assert dense(larger).shape == (1, 10, 4, 6)

# %% [markdown]
# ## Everybody's code, layer by layer
#
# The lecture's slides (lesson 1) print an FCN-32s in PyTorch, from code that
# many have copied. Here are its layers, with the published settings. Three
# things are new: conv1_1 pads by **100** pixels; the poolings round *up*
# (`ceil_mode`); fc6 has no padding.

# %%
CHANNELS = {1: (3, 64, 64), 2: (64, 128, 128), 3: (128, 256, 256, 256)}
CHANNELS |= {4: (256, 512, 512, 512), 5: (512, 512, 512, 512)}


def fcn32(padding=100, fc6_padding=0):
    """[(name, in, out, kernel, stride, padding)]; a pooling has no in."""
    layers = []
    for block, c in CHANNELS.items():
        for n in range(1, len(c)):
            p = padding if (block, n) == (1, 1) else 1
            layers.append((f"conv{block}_{n}", c[n - 1], c[n], 3, 1, p))
        layers.append((f"pool{block}", None, c[-1], 2, 2, 0))
    layers.append(("fc6", 512, 4096, 7, 1, fc6_padding))
    layers.append(("fc7", 4096, 4096, 1, 1, 0))
    layers.append(("score_fr", 4096, 21, 1, 1, 0))
    return layers


def sizes(n, layers, round_up=True):
    """{layer: pixels along an axis}, of an image of n pixels."""
    found = {}
    for name, c_in, _, k, s, p in layers:
        steps = n + 2 * p - k
        up = round_up and c_in is None  # a pooling
        n = (-(-steps // s) if up else steps // s) + 1
        found[name] = n
    return found


# %% [markdown]
# **Predict.** An image of 500x500 pixels: how large are the maps after the five
# poolings, and after fc6? How large after upsampling with kernel 64 and stride
# 32, where $o' = 32 (h - 1) + 64$?

# %%
found, field, step = sizes(500, fcn32()), 1, 1
print("layer     channels  pixels  weights     sees  every")
for name, c_in, c_out, k, s, _ in fcn32():
    field, step = field + (k - 1) * step, step * s  # lesson 5
    weights = c_out * (c_in * k * k + 1) if c_in else 0
    row = f"{found[name]:5}   {weights:11,} {field:5} {step:5}"
    print(f"{name:9} {c_out:7}  {row}")
scores = found["score_fr"]
print("upscore        21 ", 32 * (scores - 1) + 64)
assert (found["pool5"], scores, 32 * (scores - 1) + 64) == (22, 16, 544)
assert (field, step) == (404, 32)

# %% [markdown]
# 544 pixels, of which the image's 500 are cut out. After each convolution but
# the last (`score_fr`) stands a ReLU, and behind fc6 and fc7 dropout, as the
# classifier had. Here is the paper's table of its three nets. What follows from
# the layers we count: VGG16's convolutions and weights, and the receptive
# fields.

# %%
rows = [layer for layer in fcn32() if layer[1]]
weights = sum(o * (c * k * k + 1) for _, c, o, k, _, _ in rows)
print(f"VGG16: {len(rows)} convolutions, {weights / 1e6:.0f} million weights")
assert len(rows) == 16 and round(weights / 1e6) == 134
nets = [FCN32s(21, 1 / 16, 16, backbone=b) for b in ("alexnet", "googlenet")]
fields = [n.places_along(0, 500)["score_fr"].receptive_field for n in nets]
table = {"": ("AlexNet", "VGG16", "GoogLeNet"), "mean IU": (39.8, 56.0, 42.5)}
table |= {"forward, in 2014": ("50 ms", "210 ms", "59 ms")}
table |= {"convolutions": (8, 16, 22), "weights": ("57 M", "134 M", "6 M")}
table |= {"receptive field": (fields[0], 404, fields[1] + 6 * 32)}
table |= {"largest stride": (32, 32, 32)}
for name, values in table.items():
    print(f"{name:17}" + "".join(f"{value:>10}" for value in values))
assert fields[0] == 355 and fields[1] + 6 * 32 == 907

# %% [markdown]
# VGG16 is far better, at the price of time; VGG19 was not much better than
# VGG16. (These mean IUs are of the paper's first trainings. With more labelled
# images the second net came to 59.4, which you will meet below.) GoogLeNet's
# last average pooling is thrown away, and its two extra losses. (The table's
# 907 pixels still count that pooling, 7x7 at stride 32. Hence the 6 * 32
# above.)
#
# ## Why 100?
#
# **Predict.** With padding 1, as in the classifier, an image of 128x128 has 4x4
# pixels after pool5. What can fc6's kernel of 7x7 do with them? How large must
# an image be at least to get a score at all?

# %%
plain = sizes(128, fcn32(padding=1))
print("padding 1:  ", plain["pool5"], "->", plain["fc6"], "scores?!")
least = next(n for n in range(1, 999) if sizes(n, fcn32(1))["fc6"] > 0)
print("least image with a score:", least)
small = sizes(1, fcn32())
print("padding 100, an image of 1 pixel:", small["fc6"], "score")
enough = next(p for p in range(200) if sizes(1, fcn32(p))["fc6"] > 0)
print("least padding for an image of 1 pixel:", enough)
assert enough == 97 and plain["fc6"] < 1 and least == 193 and small["fc6"] == 1

# %% [markdown]
# Without padding a small image has no score at all, and of a larger one the
# border has none: fc6 eats three pixels of its map on each side, 96 of the
# image. So the authors put zeros around the image. 97 pixels would do for any
# image; 100 is the next round number. It is a trick, not a deep idea; its cost
# we see below.
#
# ## Where does 19 come from?
#
# The upsampled map is larger than the image: which part of it lies over the
# image? The code says: from pixel **19** on. To find it yourself follow *one*
# point, the centre of the image's pixel 0, and ask at each layer: at which
# position $b$ does it lie in this map? (0 is the centre of the map's pixel 0;
# between pixels there are fractions.)
#
# A window of kernel $k$, stride $s$ and padding $p$ looks with output $r$ at
# inputs $sr - p$ to $sr - p + k - 1$; their middle is $sr - p + (k - 1)/2$.
# Solve for $r$: the point $b$ of the input lies in the output at
#
# $$b' = \frac{b + p - (k - 1)/2}{s}$$
#
# and for a transposed convolution, which goes the other way,
#
# $$b' = s \, b + (k - 1)/2 - p$$
#
# **Predict.** conv1_1 with padding 100: at which position of its map lies the
# image's pixel 0? Then: what does a pooling of 2x2 do to $b$? And fc6?


# %%
def crop_offset(layers, upscale=32):
    """Where the image's pixel 0 lies in the upsampled map."""
    b = 0.0
    for name, _, _, k, s, p in layers:
        b = (b + p - (k - 1) / 2) / s
        if name in ("conv1_1", "fc6") or name.startswith("pool"):
            print(f"{name:8} {b:12.6f}")
    b = upscale * b + (2 * upscale - 1) / 2
    print(f"upscore  {b:12.6f}")
    return b


nineteen = crop_offset(fcn32())
assert nineteen == 19
ours = FCN32s(21, width=1 / 16, fc_channels=16)  # crops by this arithmetic
print("minifcn crops rows", ours.crops((500, 375))["image"][1])
assert ours.crops((500, 375))["image"] == (..., slice(19, 519), slice(19, 394))

# %% [markdown]
# $99$, then five times $(b - 0.5) / 2$, then $-3$, then $32 b + 31.5$: the
# code's 19, exactly. It is whole since 31.5, the middle of a kernel with an
# even number of taps, makes up for what the poolings shift. And each pixel of
# padding more moves the crop by one: $19 = 100 - 81$.
#
# Do not believe the arithmetic; watch it. Let each pixel carry *its own column
# number* through a net that does nothing but pass numbers on: convolutions that
# copy their middle, poolings that take the mean of two, and an upsampling that
# interpolates.
#
# **Predict.** What should stand in column $x$ of the output, if 19 is right?
# And if we had cropped at 16?

# %%
columns = np.arange(-100.0, 600)  # an image of 500 columns, padded by 100
columns = columns[1:-1]  # conv1_1 has one column less on each side
for _ in range(5):
    if len(columns) % 2:  # rounding up: the last window has one column
        columns = np.append(columns, columns[-1])
    columns = columns.reshape(-1, 2).mean(axis=1)
columns = columns[3:-3]  # fc6, 7 wide
print("the 16 scores carry", columns[:3], "to", columns[-1])
up = ConvTranspose2d(1, 1, (1, 64), (1, 32), bias=False).astype("float64")
up.weight.data[...] = 1 - abs(np.arange(64) - 31.5) / 32  # a tent, lesson 7
wide = up(columns[None, None, None])[0, 0, 0]  # (544,)
cropped = wide[19 : 19 + 500]
print("columns 0, 13, 14, 15:", cropped[[0, 13, 14, 15]].round(3))
print("cropped at 16 instead:", wide[[16, 29, 30, 31]].round(3))
assert len(wide) == 544
assert np.allclose(cropped[13:492], np.arange(13, 492))

# %% [markdown]
# Column 13 carries 13, column 14 carries 14. Cropped at 16, every object would
# lie three pixels beside itself. Columns 0 to 12 lie before the first score's
# centre, at 12.5: there is no second score to interpolate with, and the numbers
# fade towards 0. The class that wins there stays the same, for all scores of a
# pixel fade alike.

# %%
figure = new_figure(760, 330)
axes = figure.subplots()
lengths = {"padded image": (-100, 600), "upsampled scores": (-19, 525)}
lengths |= {"image": (0, 500)}
colours = {"padded image": "0.45", "upsampled scores": BLUE}
for height, (name, (begin, end)) in enumerate(lengths.items()):
    colour = colours.get(name, VERMILLION)
    axes.barh(height, end - begin, left=begin, color=colour, height=0.55)
    text = f"{name}: {end - begin}, from {begin} on"
    axes.text(250, height, text, ha="center", va="center", color="white")
axes.axvline(0, color="black", linestyle="--", linewidth=1)
axes.axvline(500, color="black", linestyle="--", linewidth=1)
axes.set(xlabel="column of the image", yticks=[], ylim=(-0.6, 2.6))
axes.spines[["top", "right", "left"]].set_visible(False)
axes.set_title("500 columns: what lies where", loc="left", size=11)
show(
    figure,
    "12_crop",
    "Three bars over the image's columns: the image from 0 to 500, the "
    "upsampled scores from -19 to 525, the padded image from -100 to 600.",
)

# %% [markdown]
# ## Why do the poolings round up?
#
# **Predict.** With rounding down, is the upsampled map always long enough to
# crop $n$ pixels from 19 on? If not, what does NumPy's slice `wide[19 : 19 +
# n]` say?


# %%
def short(round_up):
    """The sizes 1..1024 whose crop runs past the end."""
    found = []
    for n in range(1, 1025):
        h = sizes(n, fcn32(), round_up)["score_fr"]
        if h > 0 and 32 * (h - 1) + 64 < 19 + n:
            found.append(n)
    return found


down = short(round_up=False)
print(f"rounding up: {len(short(True))} sizes too short")
print(f"rounding down: {len(down)}; 375 and 500: {375 in down, 500 in down}")
print("a slice of 10 from 7 on to 12:", np.arange(10)[7:12])
assert short(True) == [] and len(down) == 372
assert 375 in down and 500 in down

# %% [markdown]
# It says nothing: it comes back short. And 500x375 is the most frequent size of
# photographs in PASCAL VOC. So: `ceil_mode=True`.
#
# ## The economical way: "same"
#
# Padding 100 was needed because fc6 has none. Give fc6 a padding of 3 and
# conv1_1 its usual 1: no layer but the poolings changes the size, and each
# image has its $n/32$ scores, rounded up. minifcn calls this `padding="same"`.
#
# **Predict.** What is the crop's offset then? And how much cheaper is an image
# of 128x128?

# %%
sixteen = crop_offset(fcn32(padding=1, fc6_padding=3))
assert sixteen == 16


def multiply_adds(n, layers):
    found = sizes(n, layers)
    rows = [layer for layer in layers if layer[1]]
    return sum(found[r[0]] ** 2 * r[1] * r[2] * r[3] ** 2 for r in rows)


for n in (128, 500):
    paper = multiply_adds(n, fcn32())
    same = multiply_adds(n, fcn32(1, 3))
    print(
        f"{n}x{n}: {paper / 1e9:4.0f} and {same / 1e9:4.0f} billion",
        end="",
    )
    print(f" multiply-adds, {paper / same:.1f} times")
assert multiply_adds(128, fcn32()) > 5 * multiply_adds(128, fcn32(1, 3))

# %% [markdown]
# For small images most of the work went into zeros. What differs is the border:
# fc6 now sees zeros of its own where it saw what the net had made of padding.
# Weights trained the one way should be used that way.
#
# ## Cuts 3 to 5: scores, upsampling, crop
#
# Now the net, of parts that you know. The gradient of a crop: the pixels that
# were cut off have no say in the loss, so zeros stand in their place.


# %%
class OurFCN32s(Layer):
    """Images (N, 3, H, W) -> scores (N, n_class, H, W), padding "same"."""

    def __init__(self, classifier, n_class):
        trunk = convolutionize(classifier)  # cut 2
        del trunk["fc8"]  # cut 1
        fc6, channels = trunk["fc6"], trunk["fc7"].out_channels
        fc6.padding = (fc6.kernel_size[0] // 2,) * 2
        score = Conv2d(channels, n_class, 1)  # cut 3
        score.weight.data[...] = 0
        self.trunk = Sequential(trunk | {"score_fr": score})
        up = ConvTranspose2d(n_class, n_class, 64, 32, bias=False)  # cut 4
        up.weight.data = bilinear_weight(n_class, 64)
        up.weight.trainable = False
        self.upscore = up

    def forward(self, x):
        wide = self.upscore(self.trunk(x))
        self.keep(wide.shape, x.shape)
        return wide[:, :, 16 : 16 + x.shape[2], 16 : 16 + x.shape[3]]  # cut 5

    def backward(self, dy):
        wide, (_, _, h, w) = self.kept()
        dwide = np.zeros(wide, dy.dtype)
        dwide[:, :, 16 : 16 + h, 16 : 16 + w] = dy
        return self.trunk.backward(self.upscore.backward(dwide))


# %% [markdown]
# (With this classifier of 64x64 pixels fc6 is 2x2, which has no middle pixel.
# We take one of 96x96, for which fc6 is 3x3; real VGG16's is 7x7.)

# %%
settings = {"width": 1 / 16, "fc_channels": 32, "dropout": 0.0}
classifier = VGG16(10, image_size=96, seed=1, **settings)
net = OurFCN32s(classifier, 5)
theirs = FCN32s(
    5, padding="same", backbone=VGG16(10, image_size=96, **settings)
)
score = net.trunk.named["score_fr"].weight
score.data += rng.random(score.data.shape, "float32")
ours = net.trunk.state_dict() | {"upscore.weight": net.upscore.weight.data}
theirs.load_state_dict(ours)  # the same weights under the same names
photo = rng.standard_normal((1, 3, 70, 101)).astype("float32")
print(photo.shape, "->", net(photo).shape)
assert np.allclose(net(photo), theirs(photo), atol=1e-5)
assert net(photo).shape == (1, 5, 70, 101)

# %% [markdown]
# Any size goes in, and the same size comes out: the numbers are those of
# minifcn's FCN32s. Is the backward pass right? Pushing each of 68,297 weights
# (lesson 2) would take long. Push all of them *at once*, along a random
# direction $v$. The slope of $L$ along it must be
#
# $$\frac{L(\theta + hv) - L(\theta - hv)}{2h} \approx
# \sum_k \frac{\partial L}{\partial \theta_k} \, v_k$$

# %%
net.astype("float64")
photo64 = photo.astype("float64")
dy = rng.standard_normal((1, 5, 70, 101))  # L = sum of dy * scores
net.zero_grad()
net(photo64)
net.backward(dy)
learning = [p for p in net.parameters() if p.trainable]
directions = [rng.standard_normal(p.data.shape) for p in learning]
slope = sum((p.grad * v).sum() for p, v in zip(learning, directions))


def loss_at(h):
    for p, v in zip(learning, directions):
        p.data = p.data + h * v
    loss = (dy * net(photo64)).sum()
    for p, v in zip(learning, directions):
        p.data = p.data - h * v
    return loss


numerical = (loss_at(1e-7) - loss_at(-1e-7)) / 2e-7
print("weights:", sum(p.data.size for p in learning))
print(f"slope {slope:.6f}, numerical {numerical:.6f}")
assert abs(slope / numerical - 1) < 1e-4

# %% [markdown]
# ## Why are all scores 0 at first?
#
# The score layer starts with zeros. It looks like a mistake.
#
# **Predict.** What does such a net say of each pixel, and how large is the loss
# with 5 classes? Which layers get a gradient in the first step:
# $\partial L / \partial W = \sum \mathrm{d}y \, x$ for the score layer's
# weights, $\mathrm{d}x = W^\top \mathrm{d}y$ for what comes before it?

# %%
device, reason = resolve_device()
print(reason)
net = FCN32s(5, padding="same", image_size=96, seed=1, **settings).to(device)
labels = to_device(rng.integers(0, 5, (1, 70, 101)), device)
photo = to_device(photo, device)
criterion = SoftmaxCrossEntropy()
optimizer = SGD(net.parameters(), lr=0.1)
layer = dict(net.children())
for step in range(3):
    optimizer.zero_grad()
    loss = criterion(net(photo), labels)
    net.backward(criterion.backward())
    names = "score_fr", "fc7", "conv1_1"
    most = [float(abs(layer[n].weight.grad).max()) for n in names]
    print(f"loss {loss:.4f}, largest gradients:", end=" ")
    print(*(f"{n} {g:.0e}" for n, g in zip(names, most)))
    if step == 0:
        assert abs(loss - np.log(5)) < 1e-6 and most[0] > 0
        assert most[1:] == [0, 0]
    optimizer.step()
assert min(most) > 0

# %% [markdown]
# It says "each class alike": the loss is $\log(5)$. In the first step only the
# score layer learns, and from the second on all do. Random scores would begin
# with errors that mean nothing and send them down into a trunk that is good
# already. The paper found that random weights learned neither faster nor
# better. (*All* layers must not be zero. Then one thing moves, the last bias:
# it learns how frequent each class is, and the loss falls, so all seems well.
# But no weight ever does, and each pixel gets the same answer. So if your own
# net says one class everywhere: did it load weights, and was it trained?)
#
# ## Should the upsampling learn?
#
# It starts as bilinear interpolation. The paper keeps the last upsampling
# fixed; the authors' published nets keep all of them fixed. Here it has 64x64
# weights for each pair of classes, most of them 0.
#
# **Predict.** How many weights is that for 21 classes? How many, if each class
# had just its own stamp?

# %%
for kernels in ("full", "per-class"):
    net = FCN32s(21, 1 / 16, 16, upsampling_kernels=kernels)
    stamps = net.named["upscore"].weight
    print(f"{kernels:10} {stamps.data.size:9,}, learning: {stamps.trainable}")
    assert not stamps.trainable
assert stamps.data.size == 21 * 64 * 64  # of the last, per class

# %% [markdown]
# minifcn's `upsampling="learned"` lets them learn; in training, `--upsampling
# learned`. Between two scores interpolation is a sound guess. What is missing
# there is detail, and no kernel can invent it; that comes with skips (lesson
# 13).
#
# ## Pretrained, then fine-tuned
#
# So far all weights were random. The point of the surgery is that they need not
# be: the trunk comes from a classifier that has seen 1.2 million images with
# one label each, while images labelled pixel by pixel are few. Training that
# goes on from such weights, with a low learning rate, is **fine-tuning**.
# minifcn copies weights by name and shape:
#
# **Predict.** From a VGG16 with 10 classes to an FCN-32s with 5: which layers
# fit as they are, which in another shape, which are left as they were in the
# net, and which are not used?

# %%
classifier = VGG16(10, image_size=96, seed=7, **settings)
fcn = FCN32s(5, padding="same", image_size=96, seed=1, **settings)
moved = transplant(fcn, classifier.state_dict())
print(len(moved.copied), "copied:", *moved.copied[:2], "...", moved.copied[-1])
print("reshaped:", *moved.reshaped)
print("left:    ", *moved.left)
print("unused:  ", *moved.unused)
assert moved.reshaped == ["fc6.weight", "fc7.weight"]
assert moved.unused == ["fc8.weight", "fc8.bias"] and not moved.missing

# %% [markdown]
# That is `train --init FILE`. How much should then learn? The paper compared:
# the last layer alone (**FCN-32s-fixed**: the trunk is *frozen*, its weights do
# not move), and everything.

# %%
for name, parameter in fcn.named_parameters():
    parameter.trainable = name.startswith("score_fr")
before = fcn.state_dict()
optimizer = SGD(fcn.parameters(), lr=0.1)
for _ in range(2):
    optimizer.zero_grad()
    loss = criterion(fcn(to_host(photo)), to_host(labels))
    fcn.backward(criterion.backward())
    optimizer.step()
after = fcn.state_dict()
changed = [name for name in after if (after[name] != before[name]).any()]
print("changed:", changed)
assert changed == ["score_fr.weight", "score_fr.bias"]
print("The paper, VOC 2011:   pixel acc.  mean acc.  mean IU  f.w. IU")
print("FCN-32s-fixed                83.0       59.7     45.4     72.0")
print("FCN-32s                      89.1       73.3     59.4     81.4")

# %% [markdown]
# Features made for "what is on this photograph?" give three quarters of the
# mean IU as they are, and the rest is won by fine-tuning all layers.
#
# `python -m minifcn demo` does it in the small, in some minutes: it pretrains a
# narrow VGG16 on generated scenes with one label each, makes FCN-32s-fixed of
# it, and goes on from there to FCN-32s. Do not expect the paper's numbers. When
# this was written the mean IU rose from 27.4 to 35.5: five of seven classes
# gained, discs most (12 to 47), but squares and ladders lost (16 to 10, 20 to
# 12). The demo's gain comes with the skips, to 66.4: its objects are small and
# thin, and a score each 32 pixels is too coarse for them.
#
# And PyTorch's upsampling and crop, beside ours:

# %%
if torch := pytorch():
    coarse = rng.standard_normal((1, 5, 3, 4)).astype("float32")
    layer = torch.nn.ConvTranspose2d(5, 5, 64, stride=32, bias=False)
    layer.weight.data = torch.from_numpy(bilinear_weight(5, 64))
    wanted = layer(torch.from_numpy(coarse)).detach()[:, :, 16:86, 16:117]
    up = ConvTranspose2d(5, 5, 64, 32, bias=False)
    up.weight.data = bilinear_weight(5, 64)
    found = up(coarse)[:, :, 16:86, 16:117]
    print("PyTorch's is the same:", np.allclose(found, wanted, atol=1e-5))
    assert np.allclose(found, wanted, atol=1e-5)

# %% [markdown]
# ## What was left out, and where the real thing stands
#
# - The surgery: `minifcn/models/classifier.py`; weights from one net to
#   another: `minifcn/models/transplant.py`; files of pretrained weights:
#   `minifcn/weights/loading.py`.
# - The three nets, with crops for every padding and backbone from the
#   arithmetic you did here: `minifcn/models/fcn.py`,
#   `minifcn/convolution/geometry.py`. There a net is told once, as nodes; the
#   backward pass, which you wrote by hand, is the way back through them:
#   `minifcn/layers/graph.py`.
# - Training a classifier on labels of whole images:
#   `minifcn/training/pretraining.py`. Freezing by patterns, `train --freeze
#   "conv*" "fc*"`: `minifcn/training/freezing.py`.
# - Learning rates, momentum, and other settings of the training: lesson 14.

# %% [markdown]
# ## Exercises
#
# `python -m lessons test 12` puts them into `lessons/answers/`, for you to
# write there, and tells you what is right, and what is wrong if not.
#
# 1. `to_kernel`: the weights of a fully connected layer as a convolution's.
# 2. `crop_offset`: where the image's pixel 0 lies in the last map, for any
#    chain of layers. (Then try AlexNet: 18.)
# 3. `bilinear_kernel`: the stamp of bilinear upsampling, for even and odd
#    sizes.
