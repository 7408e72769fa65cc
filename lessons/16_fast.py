# %% [markdown]
# # 16. Why is it fast?
#
# **Time:** 85 minutes
#
# **Know before:** im2col, columns and one product (lesson 2), and what layers
# VGG16 has (lesson 5).
#
# All of minifcn is NumPy, and yet its full FCN-8s took half of PyTorch's time
# on the two CPU cores where both were measured. Nothing in it is magic. In this
# lesson you meet the two limits of every computer, arithmetic and memory, and
# then the six means against them: a good order, small bands, fewer copies,
# fewer products, several threads, and at last a different machine, with threads
# by the thousand. Times are printed, and yours will differ; what is *asserted*
# are counts and equalities, which are the same everywhere.

# %%
import time
import tracemalloc
from collections import OrderedDict
from fractions import Fraction
from functools import partial

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from lessontools import new_figure, show
from minifcn.backend import array_module, resolve_device, to_device, to_host
from minifcn.backend.kernels import with_kernels
from minifcn.backend.parallel import run_all, thread_count
from minifcn.convolution import col2im, conv2d, im2col
from minifcn.convolution.algorithms import fastest
from minifcn.convolution.fast.bands import BAND_BYTES
from minifcn.convolution.geometry import How
from minifcn.kernels import TWINS, bias_relu
from minifcn.layers import Conv2d, MaxPool2d, ReLU, Sequential
from minifcn.pictures.colours import BLACK, BLUE, VERMILLION

rng = np.random.default_rng(0)

# %% [markdown]
# ## Two limits
#
# To multiply two numbers, a processor must first fetch them. Both have a top
# speed: so many multiplications and additions each second (**FLOP/s**, floating
# point operations a second; G means $10^9$), and so many bytes each second. A
# large matrix product shows the first: $n^3$ multiplications, as many
# additions, on only $3 n^2$ numbers. A copy of a large array shows the second:
# it computes nothing.
#
# **Predict.** How many operations can your machine do in the time in which it
# moves one number of 4 bytes: about 1, 10, or 100?


# %%
def seconds(function, tries=5):
    """The fastest of several tries: whatever disturbs, only slows."""
    taken = []
    for _ in range(tries):
        begin = time.perf_counter()
        function()
        taken.append(time.perf_counter() - begin)
    return min(taken)


n = 1024
a = rng.standard_normal((n, n), dtype=np.float32)
peak = 2 * n**3 / seconds(lambda: a @ a)
source = np.ones(1 << 24, np.float32)  # 64 MiB, more than caches hold
target = np.empty_like(source)
bandwidth = 2 * source.nbytes / seconds(lambda: np.copyto(target, source))
print(f"peak:      {peak / 1e9:6.1f} GFLOP/s, {thread_count()} threads")
print(f"bandwidth: {bandwidth / 1e9:6.1f} GB/s, one thread, read and written")
print(f"operations for each number moved: {4 * peak / bandwidth:.0f}")
assert 2 * n**3 / (3 * n * n) > 600  # operations for each of its numbers

# %% [markdown]
# On most machines ten to a hundred. So a program that uses each number once,
# such as `x + y`, leaves the arithmetic idle nearly all the time. To be fast
# means: **fetch a number once, and use it often while it is near.**
#
# ## Near and far: caches and order
#
# Between memory and arithmetic lie **caches**: small, fast memories that keep
# what was used last. They take not single numbers but **lines** of neighbours,
# 64 bytes mostly, 16 floats. Who uses all 16 before the line has to leave pays
# for one fetch; who uses one and comes back for the next later pays 16.
#
# Here is a toy cache: it holds 32 lines of 8 numbers, throws out the line that
# was not used for longest, and counts the lines that it had to fetch.


# %%
class Cache:
    """Counts fetches: 32 lines of 8 numbers each."""

    def __init__(self):
        self.lines, self.fetched = OrderedDict(), 0

    def use(self, array, address):
        line = array, address // 8
        if line not in self.lines:
            self.fetched += 1
            if len(self.lines) == 32:
                self.lines.popitem(last=False)
        self.lines[line] = True
        self.lines.move_to_end(line)


def tiles(size, tile):
    """(row, col) of a square, tile by tile."""
    for top in range(0, size, tile):
        for left in range(0, size, tile):
            for row in range(top, min(top + tile, size)):
                for col in range(left, min(left + tile, size)):
                    yield row, col


def fetches(order, size=64):
    """Lines fetched to transpose a matrix, out[row, col] = x[col, row]."""
    cache = Cache()
    for row, col in order:
        cache.use("x", col * size + row)
        cache.use("out", row * size + col)
    return cache.fetched


# %% [markdown]
# To **transpose** a matrix, 64x64, is a bad case: written row by row, it is
# read column by column, and each number of a column lies in another line.
#
# **Predict.** The matrix has 512 lines, so has the result: 1024 fetches at
# least. How many does the order row by row need? And how many if we go through
# it in tiles of 8x8, one tile after the other?

# %%
sizes = [1, 2, 4, 8, 16, 32, 64]
counts = {tile: fetches(tiles(64, tile)) for tile in sizes}
for tile, count in counts.items():
    print(f"tiles of {tile:2}x{tile:<2} {count:5} fetches")
assert counts[64] == 512 + 64 * 64  # row by row: each reading is a fetch
assert counts[8] == 512 + 512

# %% [markdown]
# Row by row (one tile of 64) the whole column, 64 lines, should stay until the
# next column needs the same lines; 32 is all there is room for. A tile of 8x8
# needs 16 lines, and they stay until all their numbers are used. This is
# **tiling**, and much of the secret of a fast matrix product, too.
#
# Now a real cache. NumPy transposes a matrix of 16 MB, in tiles, and whole at
# last. The same copies, the same result.

# %%
matrix = rng.standard_normal((2048, 2048), dtype=np.float32)
out = np.empty_like(matrix)


def transpose(tile):
    for top in range(0, 2048, tile):
        for left in range(0, 2048, tile):
            rows, cols = slice(top, top + tile), slice(left, left + tile)
            out[rows, cols] = matrix[cols, rows].T


real_tiles = [16, 32, 64, 128, 256, 512, 2048]
measured = {}
for tile in real_tiles:
    out[:] = 0
    measured[tile] = 1e3 * seconds(lambda tile=tile: transpose(tile), 3)
    assert np.array_equal(out, matrix.T)
    print(f"tiles of {tile:4}: {measured[tile]:6.1f} ms")

# %%
figure = new_figure(860, 340)
axes = figure.subplots(1, 2)
panels = {"toy cache: lines fetched": counts, "this machine: ms": measured}
for ax, (title, values) in zip(axes, panels.items()):
    places = range(len(values))
    ax.plot(places, list(values.values()), "o-", color=BLUE)
    ax.set_xticks(places, [str(tile) for tile in values])
    ax.set(title=title, xlabel="rows of a tile (last: all at once)")
    ax.set_ylim(0)
    ax.grid(color="0.9")
show(
    figure,
    "16_tiles",
    "Cost against the size of a tile. In the toy cache tiles of 8 and 16 "
    "fetch the fewest lines, smaller and larger ones several times as many; "
    "beside it the times on this machine.",
)

# %% [markdown]
# Too small is bad too: tiles of 1 are the plain order once more, and in Python
# each tile costs a call. Remember both sides of that valley.
#
# ## Bands instead of all columns
#
# im2col (lesson 2) makes of a convolution one matrix product, which runs at the
# peak. Its price is memory.
#
# **Predict.** conv1_2 of FCN-8s has 64 channels, 3x3 kernels, and, for an image
# of 500x500 with its padding of 100, a map of 698x698. How many megabytes are
# its input and its columns, in float32?

# %%
entries = 64 * 698 * 698
print(f"input:   {4 * entries / 1e6:7,.0f} MB")
print(f"columns: {4 * 9 * entries / 1e6:7,.0f} MB, of all windows")
print(f"a band:  {BAND_BYTES / 1e6:7.2f} MB, minifcn's")
assert 4 * 9 * entries > 1.1e9

# %% [markdown]
# A gigabyte, written to memory and read back once. But nobody needs all columns
# at the same time: a **band** of output rows needs those of its own windows
# alone. Make them, multiply, forget, and use the same memory for the next: if a
# band fits the cache, its columns never see the memory.


# %%
def in_bands(x, weight, rows):
    """conv2d of x (1, C, H, W), no padding, so many output rows at a time."""
    o, _, kh, kw = weight.shape
    oh, ow = x.shape[2] - kh + 1, x.shape[3] - kw + 1
    y = np.empty((1, o, oh, ow), x.dtype)
    kernels = weight.reshape(o, -1)
    for top in range(0, oh, rows):
        seen = x[:, :, top : top + rows + kh - 1]  # a band's windows overlap
        columns = im2col(seen, (kh, kw))[0]
        y[0, :, top : top + rows] = (kernels @ columns).reshape(o, -1, ow)
    return y


x = rng.standard_normal((1, 32, 130, 130), dtype=np.float32)
weight = rng.standard_normal((32, 32, 3, 3), dtype=np.float32)
print("rows  columns MB  peak MB     ms")
peaks = {}
for rows in (1, 2, 8, 32, 128):
    tracemalloc.start()
    y = in_bands(x, weight, rows)
    peaks[rows] = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    with threadpool_limits(1):  # one thread in the product: see below
        taken = 1e3 * seconds(lambda rows=rows: in_bands(x, weight, rows), 3)
    columns = 4 * 9 * 32 * rows * 128 / 1e6
    print(f"{rows:4}{columns:12.2f}{peaks[rows]:9.1f}{taken:7.1f}")
    assert np.allclose(y, conv2d(x, weight), atol=1e-3)
assert peaks[8] < peaks[128] / 4

# %% [markdown]
# The same numbers in a fraction of the memory. What the time does depends on
# the machine and the layer. Bands of one row are many calls; and the columns of
# a whole layer are trips to memory, once no cache holds them (here they are 19
# MB, conv1_2's a gigabyte). minifcn takes about 1 MB, what a core's own cache
# (L2) holds, and asks for that memory once.

# %% [markdown]
# ## A third of the copies
#
# A band spares the memory, not the work of copying: im2col writes each pixel
# nine times for a 3x3 kernel. Where channels are few, the product has little to
# do with those copies, and making them takes the longer.
#
# Look at which pixels the kernel's *second* row sees: those that its first row
# sees when the window stands one row further down. They are copied already. So
# shift the image along its **width** alone, three copies instead of nine,
#
# $$f_{j,c}[r, q] = x_c[r, q + j]$$
#
# and read each copy row after row as one long line. In it, a row further down
# is `ow` numbers further on, all of them.
#
# **Predict.** The image has 32 channels and 130x130 pixels, the output 128x128.
# Which shape has $f$ as a matrix, and which part of it are the columns of the
# kernel's row $i$?

# %%
o, c, kh, kw = weight.shape
height, oh, ow = 130, 128, 128
x = rng.standard_normal((c, height, 130), dtype=np.float32)
f = np.stack([x[:, :, j : j + ow] for j in range(kw)])  # (kw, C, height, ow)
f = f.reshape(kw * c, height * ow)
parts = [f[:, i * ow : (i + oh) * ow] for i in range(kh)]
columns = im2col(x[None], (kh, kw))[0]
print("f:      ", f.shape, f"{f.nbytes / 1e6:5.2f} MB copied")
print("columns:", columns.shape, f"{columns.nbytes / 1e6:5.2f} MB copied")
assert all(np.shares_memory(part, f) for part in parts)  # views, no copies
assert parts[2].shape == (96, 128 * 128)

# %% [markdown]
# Three **views** of one matrix, each two rows of the image longer than what it
# shows, and BLAS multiplies a view as it is. The price: in place of one product
# there are three, one for each row of the kernel, and their sum,
#
# $$y = \sum_i W_i \, f[:, \; i \cdot ow : (i + oh) \cdot ow]$$
#
# where $W_i$, ($O$, $kw \cdot C$), is row $i$ of all kernels. The same views
# give the weights' gradient: $dW_i$ is $dy$ times the view, transposed.


# %%
def by_width(x, weight):
    """conv2d of x (C, H, W), no padding: columns along the width alone."""
    o, c, kh, kw = weight.shape
    oh, ow = x.shape[1] - kh + 1, x.shape[2] - kw + 1
    f = np.stack([x[:, :, j : j + ow] for j in range(kw)])
    f = f.reshape(kw * c, -1)
    rows = weight.transpose(2, 0, 3, 1).reshape(kh, o, kw * c)
    views = (f[:, i * ow : (i + oh) * ow] for i in range(kh))
    y = sum(row @ view for row, view in zip(rows, views))
    return y.reshape(o, oh, ow)


def by_columns(x, weight):
    """The same of all columns."""
    columns = im2col(x[None], weight.shape[2:])[0]
    return weight.reshape(len(weight), -1) @ columns


assert np.allclose(by_width(x, weight), conv2d(x[None], weight)[0], atol=1e-3)
print("channels  all columns ms  along the width ms")
for size in (4, 16, 64):
    given = (
        rng.standard_normal((size, 98, 98), dtype=np.float32),
        rng.standard_normal((size, size, 3, 3), dtype=np.float32),
    )
    with threadpool_limits(1):
        all_columns = 1e3 * seconds(partial(by_columns, *given))
        along_width = 1e3 * seconds(partial(by_width, *given))
    print(f"{size:8}{all_columns:16.2f}{along_width:20.2f}")

# %% [markdown]
# The method is called MEC (Cho and Brand 2017), for *memory-efficient
# convolution*; minifcn takes it, in bands, where channels are few.
#
# **Think.** With a stride of 2 down the rows it does not work like this. Which
# numbers of $f$ would a view have to leave out?

# %% [markdown]
# ## Fewer products: Winograd
#
# So far the same products in a better order. Can there be fewer? Take one
# dimension: a kernel $g_0, g_1, g_2$ slides over four pixels $d_0 \ldots d_3$
# and gives two outputs,
#
# $$y_0 = d_0 g_0 + d_1 g_1 + d_2 g_2$$
#
# $$y_1 = d_1 g_0 + d_2 g_1 + d_3 g_2$$
#
# Six products. But $d_1$ and $d_2$ occur in both lines, and that can be used.
# Put half the sum and half the alternating sum of the kernel aside:
#
# $$s = (g_0 + g_1 + g_2) / 2$$
#
# $$t = (g_0 - g_1 + g_2) / 2$$
#
# so that $s - t = g_1$ and $s + t = g_0 + g_2$. Then multiply twice:
# $m_2 = (d_1 + d_2) s$ and $m_3 = (d_2 - d_1) t$. Their sum and difference are
#
# $$m_2 + m_3 = d_1 (s - t) + d_2 (s + t) = d_1 g_1 + d_2 g_0 + d_2 g_2$$
#
# $$m_2 - m_3 = d_1 (s + t) + d_2 (s - t) = d_1 g_0 + d_1 g_2 + d_2 g_1$$
#
# Nearly $y_0$ and $y_1$. In the first, $d_2 g_0$ is too much and $d_0 g_0$ is
# missing; in the second $d_1 g_2$ is too much and $d_3 g_2$ is missing. Each is
# put right by *one* product: $m_1 = (d_0 - d_2) g_0$ and
# $m_4 = (d_1 - d_3) g_2$.
#
# $$y_0 = m_1 + m_2 + m_3$$
#
# $$y_1 = m_2 - m_3 - m_4$$
#
# **Four products instead of six**: $F(2, 3)$, two outputs of a kernel of three
# (Winograd 1980; for networks Lavin and Gray 2015). As matrices, with $\odot$
# for products entry by entry, $y = A^\top ((G g) \odot (B^\top d))$.
#
# **Predict.** $B^\top$ makes of $d$ the four left factors, $G$ makes of $g$ the
# four right ones. Write both down before you read on.

# %%
B_T = [[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]]
half = Fraction(1, 2)
G = [[1, 0, 0], [half, half, half], [half, -half, half], [0, 0, 1]]
A_T = [[1, 1, 1, 0], [0, 1, -1, -1]]
B_T, G, A_T = (np.array(m, dtype=object) for m in (B_T, G, A_T))

d = rng.integers(-9, 10, 4) * Fraction(1)
g = rng.integers(-9, 10, 3) * Fraction(1)
y = A_T @ ((G @ g) * (B_T @ d))  # exact, in fractions
print("d:", *d, "  g:", *g, "  y:", *y)
assert list(y) == [d[:3] @ g, d[1:] @ g] and len(G @ g) == 4

# %% [markdown]
# Equal, with no rounding to hide behind. And it is cheaper than it looks:
# $B^\top$ only adds, and $G g$ is made once for a kernel that meets thousands
# of tiles.
#
# In **two dimensions** do it along rows, and with the results along columns: a
# 4x4 tile $d$ and a 3x3 kernel $g$ give 2x2 outputs,
#
# $$Y = A^\top \left( (G g G^\top) \odot (B^\top d B) \right) A$$
#
# **Predict.** How many products are that for a tile, and how many would there
# be directly? What about $F(4, 3)$, with 6x6 tiles and 4x4 outputs?

# %%
d = rng.integers(-9, 10, (4, 4)) * Fraction(1)
g = rng.integers(-9, 10, (3, 3)) * Fraction(1)
products = (G @ g @ G.T) * (B_T @ d @ B_T.T)
windows = np.lib.stride_tricks.sliding_window_view(d, (3, 3))
direct = (windows * g).sum(axis=(2, 3))
assert np.array_equal(A_T @ products @ A_T.T, direct) and products.size == 16
for m in (2, 4):
    without, fewer = m * m * 9, (m + 2) ** 2
    print(f"F({m}x{m}): {without} -> {fewer}, {without / fewer:.2f} times less")

# %% [markdown]
# With channels, the products of a tile are summed over the input channels,
# before the way back. So for each of the 16 entries, all tiles and channels
# together are *one matrix product* $U_e V_e$: ($O$, $C$) times ($C$, tiles). It
# is im2col's trade again: arithmetic into large products.


# %%
def winograd(x, weight):
    """F(2x2, 3x3): x (C, H, W), even; weight (O, C, 3, 3) -> (O, H-2, W-2)"""
    b_t, g, a_t = (m.astype(float).astype(x.dtype) for m in (B_T, G, A_T))
    tiles = np.lib.stride_tricks.sliding_window_view(x, (4, 4), axis=(1, 2))
    tiles = tiles[:, ::2, ::2]  # every second: (C, down, across, 4, 4)
    c, down, across = tiles.shape[:3]
    v = b_t @ tiles @ b_t.T
    u = g @ weight @ g.T  # (O, C, 4, 4)
    v = v.reshape(c, down * across, 16).transpose(2, 0, 1)  # (16, C, tiles)
    u = u.reshape(-1, c, 16).transpose(2, 0, 1)  # (16, O, C)
    m = (u @ v).transpose(1, 2, 0)  # sixteen products: (O, tiles, 16)
    y = a_t @ m.reshape(-1, down, across, 4, 4) @ a_t.T
    return y.transpose(0, 1, 3, 2, 4).reshape(-1, 2 * down, 2 * across)


x64 = rng.standard_normal((64, 34, 34))
weight64 = rng.standard_normal((64, 64, 3, 3))
exact = conv2d(x64[None], weight64)[0]
ours = winograd(x64, weight64)
print(exact.shape, "largest difference:", abs(ours - exact).max())
assert np.allclose(ours, exact, atol=1e-10)

# %% [markdown]
# ## What it costs: a digit
#
# The same numbers, up to rounding; but rounding of what? Winograd takes sums of
# pixels, multiplies, and subtracts large parts again. Each step rounds, and
# where large parts cancel, their rounding stays.
#
# **Predict.** In float32 (about seven digits), against the exact result: which
# is best, plain products, F(2x2), or F(4x4) with its factors up to 8?

# %%
x32, weight32 = x64.astype("float32"), weight64.astype("float32")
exact = conv2d(x32.astype(float)[None], weight32.astype(float))
results = {
    "products (im2col)": conv2d(x32[None], weight32),
    "Winograd F(2x2)": winograd(x32, weight32)[None],
    "Winograd F(4x4)": conv2d(x32[None], weight32, algorithm="winograd"),
}
errors = {}
for name, y in results.items():
    errors[name] = float(abs(y - exact).max() / abs(exact).max())
    print(f"{name:18} error {errors[name]:.1e}")
plain, small, large = errors.values()
assert plain < large < 2e-5 and small < large

# %% [markdown]
# F(2x2) costs nothing that one sees here, F(4x4) about a digit; five are left.
# Half precision has three to begin with and none to give away, so minifcn does
# not use it there. The transforms cost time, too: those of the image are shared
# by all output channels, those of the kernels by all tiles, so it takes many of
# both.
#
# **Predict.** Which way does minifcn take for conv1_1 (3 channels), for conv3_1
# (128 to 256), and for 16 to 16 channels on one map of 6x6?

# %%
cases = {
    "conv1_1, 3 -> 64, 250x250": (3, 64, 250),
    "conv3_1, 128 -> 256, 62x62": (128, 256, 62),
    "16 -> 16 channels, 6x6": (16, 16, 6),
}
for name, (c, o, size) in cases.items():
    x = np.empty((1, c, size, size), np.float32)
    way = fastest(x, (size, size), (o, c, 3, 3), How())  # stride 1
    print(f"{name:27} {way}")
    assert way == ("winograd" if name.startswith("conv3") else "im2col")

# %% [markdown]
# ## Several hands: threads
#
# NumPy copies and adds on one core, whatever your machine has. Only the matrix
# product is spread over all cores, by the library behind it, **BLAS**. Two
# things follow. The work between the products should be spread as well: bands
# are independent, so each **thread** takes the next band that is waiting. And
# then BLAS must not spread its own: its threads go on spinning after each
# product, in case another comes, and take the cores from the copying in
# between. So in `run_all` each thread of ours has a BLAS of one thread.
#
# **Predict.** Does the number of threads change the results? Adding in another
# order changes the last digits, as you know.

# %%
held = []


def look(piece):
    libraries = threadpool_info()
    held.extend(
        library["num_threads"]
        for library in libraries
        if library["user_api"] == "blas"
    )


run_all(look, [(piece,) for piece in range(4)], np)
print("threads:", thread_count(), " BLAS's, seen from each piece:", held)
assert all(count == 1 for count in held)

layer = Conv2d(64, 64, 3, padding=1, rng=rng).eval()
x = rng.standard_normal((1, 64, 120, 120), dtype=np.float32)
many = layer(x)
time_many = 1e3 * seconds(lambda: layer(x))
with threadpool_limits(1):
    alone = layer(x)
    time_alone = 1e3 * seconds(lambda: layer(x))
print(f"one thread: {time_alone:.1f} ms, {thread_count()}: {time_many:.1f} ms")
assert np.array_equal(many, alone)

# %% [markdown]
# Bit by bit the same: the bands are cut by the layer's size alone, not by the
# number of threads, and no two write to the same place. So a training can be
# repeated on a machine with more cores. (Where bands overlap, in gradients,
# neighbours take turns.)
#
# ## The roofline
#
# Both limits in one picture. Count for a layer its operations and the bytes
# that must go in and out at least; their ratio is its **intensity** $I$. In a
# second it can do no more than
#
# $$\min(\mathrm{peak}, \, I \cdot \mathrm{bandwidth})$$
#
# On a logarithmic scale that is a slope and a roof. Below the slope lie layers
# that wait for memory, and no cleverness in their arithmetic helps; below the
# roof those that compute.
#
# **Predict.** Where do these lie: a ReLU, a 2x2 pooling, conv1_1, a convolution
# with 64 channels?

# %%
first = Conv2d(3, 64, 3, padding=1, rng=rng)
layers = {  # layer, input's shape, operations for each output number
    "ReLU": (ReLU(), (1, 64, 160, 160), 1),
    "pooling": (MaxPool2d(2), (1, 64, 160, 160), 3),  # 3 comparisons of 4
    "conv 3x3, 3 -> 64": (first, (1, 3, 160, 160), 2 * 27),
    "conv 1x1, 64": (Conv2d(64, 64, 1, rng=rng), (1, 64, 160, 160), 2 * 64),
    "conv 3x3, 64": (layer, (1, 64, 120, 120), 2 * 9 * 64),
}
peak = max(peak, 2 * n**3 / seconds(lambda: a @ a))  # nobody disturbed it?
points = {}
print("                    FLOP/byte   GFLOP/s  may reach")
for name, (one, shape, each) in layers.items():
    x = rng.standard_normal(shape, dtype=np.float32)
    y = one.eval()(x)
    weights = sum(parameter.data.nbytes for parameter in one.parameters())
    intensity = each * y.size / (x.nbytes + y.nbytes + weights)
    rate = each * y.size / seconds(lambda one=one, x=x: one(x))
    points[name] = intensity, rate
    reach = min(peak, intensity * bandwidth) / 1e9
    print(f"{name:18}{intensity:11.2f}{rate / 1e9:10.1f}{reach:11.1f}")
intensities = [intensity for intensity, _ in points.values()]
assert intensities[0] == 1 / 8 and intensities == sorted(intensities)

# %%
figure = new_figure(760, 420)
axes = figure.subplots()
ends = [0.12, peak / bandwidth, 600]
roof = [min(peak, bandwidth * end) / 1e9 for end in ends]
axes.loglog(ends, roof, color=BLACK)
beside = [(-9, -4, "right"), (9, -4, "left"), (0, -19, "center")]
beside += [(9, -4, "left"), (9, -4, "left")]
for (name, (intensity, rate)), (x, y, side) in zip(points.items(), beside):
    style = {"color": BLUE if intensity > peak / bandwidth else VERMILLION}
    axes.plot(intensity, rate / 1e9, "o", zorder=4, **style)
    style |= {"textcoords": "offset points", "ha": side, "zorder": 3}
    style["bbox"] = {"color": "white", "pad": 1}
    axes.annotate(name, (intensity, rate / 1e9), (x, y), **style)
rates = [rate / 1e9 for _, rate in points.values()]
axes.set_xlim(0.04, 900)
axes.set_ylim(min(*rates, *roof) / 3, max(*rates, *roof) * 2)
axes.set(xlabel="operations for each byte in and out", ylabel="GFLOP/s")
axes.set_title("the roofline of this machine, now", size=11)
axes.grid(color="0.92")
show(
    figure,
    "16_roofline",
    "Speed against operations for each byte, both logarithmic, with the limit "
    "as a slope and a flat roof: ReLU and pooling on the left, where memory "
    "limits, the convolutions on the right, below the roof or above it.",
)

# %% [markdown]
# Orange points wait for memory, blue ones compute. (The maps are small and
# partly stay in the cache, and the slope was measured with one thread: some
# points may lie above it. A point above the *roof* is no mistake either: the
# operations are counted as the definition needs them, and Winograd does a
# quarter of the products.) A ReLU does an eighth of an operation for each byte:
# it is as fast as memory, whatever you do. What helps such layers is to be done
# while the numbers are still in the cache: minifcn adds a bias to a band that
# has just been made, and lets ReLU work in place. The convolutions lie right,
# where arithmetic counts, and they are most of a network.
#
# ## Another machine: the same code on a GPU
#
# A **GPU** has thousands of small arithmetic units and a memory of its own,
# many times faster than a CPU's. CuPy has NumPy's functions for arrays that lie
# there. So the layers are not written twice: a function asks its array which
# module it belongs to, and goes on with that.


# %%
def standardize(x):
    """Mean 0 and variance 1, on whichever side x is."""
    xp = array_module(x)
    return (x - x.mean()) / xp.sqrt(x.var())


device, reason = resolve_device()
print(reason)
x = rng.standard_normal((1, 64, 20, 20), dtype=np.float32)
on_device = to_device(x, device)
print("an array of the device:", type(standardize(on_device)))
y = to_host(layer.to(device)(on_device))
layer.to("cpu")
assert np.allclose(y, layer(x), atol=1e-3)

# %% [markdown]
# What is slow is the way between **host** (the CPU and its memory) and
# **device** (the GPU and its own): a cable much narrower than either memory. So
# weights go over once, and then as little as possible.
#
# **Predict.** A training step of the full FCN-8s on one image of 500x500: which
# arrays have to cross, and how many megabytes? And how many if no more than
# conv1_1's output came back?

# %%
once = 4 * 134e6  # weights, float32
image = np.zeros((1, 3, 500, 500), np.float32)
labels = np.zeros((1, 500, 500), np.int64)
step = image.nbytes + labels.nbytes
print(f"once, the weights:             {once / 1e6:6.1f} MB")
print(f"each step, image and labels:   {step / 1e6:6.1f} MB")
print("each step back, the loss:           4 bytes")
conv1_1 = 4 * 64 * 698 * 698
print(f"conv1_1's output, which stays: {conv1_1 / 1e6:6.1f} MB")
assert step == 5_000_000 and conv1_1 > 20 * step

# %% [markdown]
# Two more differences. A call on a GPU returns before its work is done; whoever
# wants to time it must wait for the end (*synchronise*), and every number that
# Python looks at, an `if loss > 1`, waits, too. And each call has a fixed cost,
# so there are no bands for caches: minifcn takes far more at a time there, of a
# convolution's columns as much as the card's memory has room for.
#
# ## Kernels: a thread for each pixel
#
# What runs on a GPU is a **kernel**, a short function that thousands of
# **threads** run at the same time. All have the same lines. What differs is the
# number of the thread, and its first line makes of that *which pixel is mine*.
#
# CuPy has a kernel for each of NumPy's functions. So a bias and the ReLU after
# it, `y += b` and `maximum(y, 0)`, are two, and each fetches all of `y` from
# memory and writes it back. Both can be done while the number is near. This is
# minifcn's kernel for it, in CUDA's C: `REAL` is a float, `INDEX` an int, and a
# *plane* is one channel of one image. Threads start in **blocks**, here of 256:
# `blockIdx` is a block's number, `blockDim` its size, and `threadIdx` a
# thread's number in its block. `yn`, `yc`, `yh` and `yw` say how far it is in
# memory to the next image, channel, row and column. Read it line by line.
#
# **Predict.** A plane has 698 * 698 pixels. How many blocks is that, and what
# do the threads do that are left over?

# %%
print(bias_relu.SOURCE)
blocks = -(-(698 * 698) // 256)
print("blocks:", blocks, " threads left over:", 256 * blocks - 698 * 698)
assert blocks == 1904

# %% [markdown]
# The threads left over have no pixel, and return at once. (The loop over planes
# is there because a GPU takes no more than 65535 of them at once; mostly each
# thread has one.)
#
# **Predict.** conv1_1's output once more: how many megabytes cross between
# memory and arithmetic for the two kernels of CuPy's, how many for this one?

# %%
print(f"y += b, then maximum(y, 0): {4 * conv1_1 / 1e6:6.1f} MB")
print(f"both in one:                {2 * conv1_1 / 1e6:6.1f} MB")
assert conv1_1 == 124_724_224

# %% [markdown]
# Half, and for what only waits for memory that is half the time at best.
#
# ## Gather, do not scatter
#
# Threads that run at the same time have one rule: **none writes what another
# reads or writes.** To add to a number is three steps, fetch it, add, write it
# back, and all threads take each step together.
#
# **Predict.** Two threads add 1 to the same number 0. What is it then? And what
# comes of a col2im with a thread for each entry of the columns, which adds it
# where it belongs? Take windows of three taps over a row of six pixels, and
# columns full of ones.


# %%
def at_once(x, places, values):
    """What threads do that add at the same moment."""
    fetched = x[places]
    x[places] = fetched + values


def scattered(columns, size, stride):
    """A thread for each entry of columns (taps, windows)."""
    taps, windows = columns.shape
    x = np.zeros(size)
    at_once(x, stride * np.arange(windows) + np.arange(taps)[:, None], columns)
    return x


x = np.zeros(3)
at_once(x, np.array([1, 1]), np.array([1.0, 1.0]))
print("0 + 1 + 1, at once:", x[1])
ones = np.ones((3, 4))
print("what col2im gives: ", col2im(ones[None], (1, 6), (1, 3))[0, 0, 0])
print("scattered:         ", scattered(ones, 6, 1))
assert x[1] == 1 and list(scattered(ones, 6, 1)) == [1] * 6

# %% [markdown]
# Additions are lost without a word. A GPU can make threads queue (**atomics**);
# then nothing is lost, but their order is another every time, and with it the
# last digits. It is better to turn the question round: not *where does this
# entry go?* but *what comes to this pixel?* A thread for each **pixel** fetches
# what comes to it, one after the other, and adds it up by itself.
#
# Tap $i$ of the window that begins at $t$ lies on pixel $p = t + i$. So pixel
# $p$ asks each tap: does a window begin at $p - i$?
#
# **Predict.** When does none begin there? There are three reasons.


# %%
def gathered(columns, size, stride):
    """A thread for each pixel; nobody says in which order they run."""
    taps, windows = columns.shape
    x = np.zeros(size)
    for p in rng.permutation(size):
        for i in range(taps):
            begin = p - i
            if begin < 0 or begin % stride or begin // stride >= windows:
                continue
            x[p] += columns[i, begin // stride]
    return x


print("gathered:          ", gathered(ones, 6, 1))
for stride in (1, 2, 3):
    columns = rng.standard_normal((3, 4))
    size = 3 * stride + 3
    expected = col2im(columns[None], (1, size), (1, 3), stride)[0, 0, 0]
    assert np.array_equal(gathered(columns, size, stride), expected)

# %% [markdown]
# Before the image's first pixel, between two windows (the stride), behind the
# last window. It is equal to the last bit, in whichever order the threads run:
# each adds in the order of the taps. In two dimensions that is
# `minifcn/kernels/col2im.py`, and the gradient of max-pooling in `pool.py`
# beside it works in the same way.
#
# ## Side by side
#
# One thing more decides how fast a kernel is. 32 threads with neighbouring
# numbers, a **warp**, go in step: they fetch at the same moment, and memory
# hands out lines, here of 32 floats. If the 32 want neighbours, it is one line:
# the reads are **coalesced**. If each wants something from elsewhere, it is 32.
#
# **Predict.** The softmax of a pixel takes the scores of its 21 classes, which
# lie a whole map apart, in (21, H, W). Is a thread for each pixel a bad idea?
# How many lines does a warp fetch for one class, and how many if the scores lay
# as (H, W, 21)? And how many if each thread went along a row of its own?

# %%
width, c = 512, 7  # a map of 512x512, at class 7
warp = range(32)
wanted = {
    "(21, H, W), a thread a pixel": [c * width**2 + t for t in warp],
    "(H, W, 21), a thread a pixel": [t * 21 + c for t in warp],
    "(21, H, W), a thread a row": [c * width**2 + t * width for t in warp],
}
fetched = {}
for name, places in wanted.items():
    fetched[name] = len({place // 32 for place in places})
    print(f"{name:29} {fetched[name]:3} lines")
assert list(fetched.values()) == [1, 21, 32]

# %% [markdown]
# The classes of *one* pixel lie far apart, but nobody fetches those together:
# what counts is what the 32 want at the same moment, and that is one class of
# 32 neighbours. (What else the 21 lines hold is wanted later, if a cache keeps
# them until then.) On a CPU it is the other way round: there one thread wants
# its own numbers side by side.
#
# minifcn's plain functions stay as they are. On a GPU one asks, before it
# begins, whether a kernel of its name takes over
# (`minifcn/backend/kernels.py`), and only where `MINIFCN_KERNELS=1`, or
# `with_kernels()`, asks for it.
#
# **Predict.** What does `with_kernels()` change on a CPU?

# %%
print("kernels:", ", ".join(TWINS))
parts = Conv2d(3, 8, 3, padding=1, rng=rng), ReLU(inplace=True), MaxPool2d(2)
net = Sequential(*parts).to(device).eval()
x = rng.standard_normal((2, 3, 24, 20), dtype=np.float32)
plain = to_host(net(to_device(x, device)))
with with_kernels():
    by_hand = to_host(net(to_device(x, device)))
print(f"on the {device}, largest difference: {abs(by_hand - plain).max():.1e}")
assert np.allclose(by_hand, plain, atol=1e-5)

# %% [markdown]
# Nothing: NumPy's arrays never go to a kernel.
#
# You find no figures of a GPU here or in `docs/speed.md`: none has been
# measured. The kernels have been compiled for three GPUs and run as loops on a
# CPU, as you did here; on a GPU they have not run yet. That is why they have to
# be asked for. Whoever has one can find out: `python -m minifcn bench --device
# gpu --prove --out proof` checks everything there and times it. On a CPU,
# `python -m minifcn bench` shows each layer of VGG16 beside PyTorch and beside
# lesson 2's one product for all windows.

# %% [markdown]
# ## What was left out, and where the real thing stands
#
# - Bands, whole or with their channels cut, and both gradients:
#   `minifcn/convolution/fast/bands.py`. Winograd's F(4x4) and F(6x6) with both
#   gradients: `minifcn/convolution/fast/winograd.py`; who takes which:
#   `minifcn/convolution/fast/crossovers.py`. What they make fast:
#   `minifcn/convolution/textbook.py`.
# - Threads, and memory that is used again (fresh memory costs, too):
#   `minifcn/backend/parallel.py`.
# - Kernels for columns, pooling, the loss and SGD, each with the line of NumPy
#   that it does: `minifcn/kernels/im2col.py` and the files beside it; how they
#   are launched: `minifcn/kernels/launch.py`.
# - The sides, host and device: `minifcn/backend/arrays.py`. Honest timing,
#   samples in turn and medians of ratios: `minifcn/commands/bench/timing.py`;
#   the limits: `minifcn/commands/bench/machine.py`.
# - All that was tried, what each idea gave, and what was not reached:
#   `docs/speed.md`.

# %% [markdown]
# ## Exercises
#
# `python -m lessons test 16` puts them into `lessons/answers/`, for you to
# write there, and tells you what is right, and what is wrong if not.
#
# 1. `attainable`: the roofline as a function of operations and bytes.
# 2. `f23`: two outputs in four products. They are counted.
# 3. `in_bands`: a convolution by bands of rows, of one image and one kernel,
#    with padding. No band may look at more than it needs.
# 4. `gather`: what one thread of a col2im does, in two dimensions.
