"""The transposed convolution phase by phase: equal to the loops, on any number of threads, in little memory."""

import itertools
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from conv_cases import CASES, conv2d_grad_input_loops, conv2d_grad_weight_loops, conv2d_loops, drawn
from threadpoolctl import threadpool_limits

from minifcn.convolution import conv2d, conv2d_grad_input, conv2d_grad_weight
from minifcn.convolution.fast import phases
from minifcn.convolution.geometry import How
from minifcn.errors import InputError
from minifcn.gradcheck import check_gradients
from minifcn.layers import ConvTranspose2d

STRIDED = [
    *(case for case in CASES if phases.applies(How.of(*case[1:]))),
    ((4, 4), (2, 2), (0, 0), (1, 1), 1),  # as FCNs have them: two strides, no padding
    ((3, 5), (2, 4), (1, 2), (1, 1), 2),  # kernels that end within a stride
    ((5, 4), (2, 3), (3, 1), (1, 1), 4),
    ((2, 2), (2, 2), (2, 1), (1, 1), 1),  # cells that lie wholly in the padding
    ((1, 2), (1, 5), (0, 0), (1, 1), 1),  # a stride along one axis, columns that no window sees
    ((2, 1), (5, 1), (0, 0), (1, 1), 1),  # rows that none sees
    ((6, 5), (9, 9), (0, 0), (1, 1), 1),  # one window
]
LAYOUTS = [np.asfortranarray, lambda a: np.repeat(a, 2, axis=3)[..., ::2], lambda a: a[::-1, ..., ::-1]]


@pytest.fixture(params=["one band", "a row a band", "parts of a band"])
def bands(request, monkeypatch):
    if request.param == "a row a band":
        monkeypatch.setattr(phases, "BAND_BYTES", 1)
        monkeypatch.setattr(phases, "BAND_PIXELS", 1)
    if request.param == "parts of a band":
        monkeypatch.setattr(phases, "WORTH_PARTS", 1)


@pytest.mark.usefixtures("bands")
@pytest.mark.parametrize("images", [0, 1, 3])
@pytest.mark.parametrize("case", STRIDED)
def test_all_three_are_the_loops(case, images):
    kernel, *how = case
    x, weight, dy = drawn(case, images)
    before = x.copy(), weight.copy(), dy.copy()
    bias, how_of = np.arange(8.0), How.of(*how)
    np.testing.assert_array_equal(phases.conv2d(x, weight, how_of, bias), conv2d_loops(x, weight, *how, bias=bias))
    dx = phases.conv2d_grad_input(dy, weight, (6, 5), how_of)
    np.testing.assert_array_equal(dx, conv2d_grad_input_loops(dy, weight, (6, 5), *how))
    dw = phases.conv2d_grad_weight(dy, x, kernel, how_of)
    np.testing.assert_array_equal(dw, conv2d_grad_weight_loops(dy, x, kernel, *how))
    for array, copy in zip((x, weight, dy), before):
        np.testing.assert_array_equal(array, copy)


def test_bands_of_one_narrow_image_take_turns(monkeypatch, turns_of):
    """Of as many rows as the map has columns of cells: they overlap all the same."""
    monkeypatch.setattr(phases, "BAND_BYTES", 1)
    monkeypatch.setattr(phases, "BAND_PIXELS", 1)
    turns = turns_of(phases)
    phases.conv2d(np.ones((1, 1, 12, 4)), np.ones((1, 1, 4, 2)), How.of((2, 2)))
    added = [turn for turn in turns if isinstance(turn[0][-1], slice)]
    assert len(added) == 2
    for turn in added:
        for (_, here), (_, there) in itertools.pairwise(turn):
            assert there.start > here.stop


def test_several_windows_reach_over_a_cell():
    """Kernels of three strides and more, of which each cell sees several, in bands that overlap by more than a row."""
    rng = np.random.default_rng(0)
    x, weight = rng.integers(-4, 5, (2, 3, 20, 19)).astype(float), rng.integers(-4, 5, (2, 3, 7, 8)).astype(float)
    dy = rng.integers(-4, 5, (2, 2, 8, 7)).astype(float)
    how = How.of(2, 1)
    np.testing.assert_array_equal(phases.conv2d(x, weight, how), conv2d_loops(x, weight, 2, 1))
    dx = phases.conv2d_grad_input(dy, weight, (20, 19), how)
    np.testing.assert_array_equal(dx, conv2d_grad_input_loops(dy, weight, (20, 19), 2, 1))
    dw = phases.conv2d_grad_weight(dy, x, (7, 8), how)
    np.testing.assert_array_equal(dw, conv2d_grad_weight_loops(dy, x, (7, 8), 2, 1))


@pytest.mark.parametrize("turn", LAYOUTS)
def test_arrays_in_any_memory_layout(turn):
    kernel, *how = case = (3, 5), (2, 4), (1, 2), (1, 1), 2
    x, weight, dy = map(turn, drawn(case))
    np.testing.assert_array_equal(phases.conv2d(x, weight, How.of(*how)), conv2d_loops(x, weight, *how))
    dx = phases.conv2d_grad_input(dy, weight, (6, 5), How.of(*how))
    np.testing.assert_array_equal(dx, conv2d_grad_input_loops(dy, weight, (6, 5), *how))
    dw = phases.conv2d_grad_weight(dy, x, kernel, How.of(*how))
    np.testing.assert_array_equal(dw, conv2d_grad_weight_loops(dy, x, kernel, *how))


def test_bands_that_are_added_at_the_same_time_are_far_enough_apart(monkeypatch):
    """Every other band at a time: a row of cells is added to the `taps` rows of y before it."""
    monkeypatch.setattr(phases, "BAND_BYTES", 1)
    monkeypatch.setattr(phases, "BAND_PIXELS", 1)
    for rows in range(1, 40):
        for taps in range(1, 7):
            pieces = phases.Cells((rows + taps - 1, 5), (taps, 1), (2, 2), (0, 0), 1).bands(2, 3, 1, 8)
            for (images, here), (others, there) in zip(pieces, pieces[2:]):
                assert images != others or there.start - here.stop >= taps - 1


@pytest.mark.parametrize("dtype, rounding", [("float64", 1e-13), ("float32", 1e-5)])
def test_precision(dtype, rounding):
    """As exact as a sum of products can be, with the kernels of FCN-8s: beside the loops in float64."""
    rng = np.random.default_rng(1)
    x, weight, dy = (rng.standard_normal(s) for s in ((1, 4, 16, 24), (5, 4, 16, 16), (1, 5, 1, 2)))
    x, weight, dy = (array.astype(dtype) for array in (x, weight, dy))
    wide = [array.astype("float64") for array in (x, weight, dy)]
    pairs = (
        (phases.conv2d(x, weight, How.of(8)), conv2d_loops(*wide[:2], 8)),
        (phases.conv2d_grad_input(dy, weight, (16, 24), How.of(8)), conv2d_grad_input_loops(*wide[:0:-1], (16, 24), 8)),
        (phases.conv2d_grad_weight(dy, x, (16, 16), How.of(8)), conv2d_grad_weight_loops(wide[2], wide[0], 16, 8)),
    )
    for ours, exact in pairs:
        assert ours.dtype == dtype
        assert abs(ours - exact).max() < rounding * abs(exact).max()


@pytest.mark.parametrize("settings", [{}, {"groups": 3}, {"padding": 1, "output_padding": (1, 2)}])
def test_its_gradients_are_numerical_ones(settings):
    layer = ConvTranspose2d(3, 6, (4, 6), (2, 3), algorithm="phases", **settings)
    assert check_gradients(layer, np.random.default_rng(2).standard_normal((2, 3, 4, 3))).ok(1e-7)


def test_nothing_of_an_earlier_call_is_left_around_the_maps():
    """Scratch memory is used again: what a larger map left there must not leak into a smaller one's border."""
    how = How.of(2, 1)
    phases.conv2d_grad_input(np.full((1, 2, 30, 30), 1e9), np.ones((2, 2, 3, 3)), (60, 60), how)
    phases.conv2d(np.full((1, 2, 60, 60), 1e9), np.ones((2, 2, 3, 3)), how)
    x, weight, dy = drawn(((3, 3), (2, 2), (1, 1), (1, 1), 1))
    np.testing.assert_array_equal(
        phases.conv2d_grad_input(dy, weight, (6, 5), how), conv2d_grad_input_loops(dy, weight, (6, 5), 2, 1)
    )
    np.testing.assert_array_equal(phases.conv2d(x, weight, how), conv2d_loops(x, weight, 2, 1))


@pytest.mark.parametrize("band_bytes", [4096, 1 << 30], ids=["many bands", "one band"])
def test_results_do_not_depend_on_the_number_of_threads(band_bytes, monkeypatch):
    """Bit for bit, with numbers whose sums do depend on their order."""
    rng = np.random.default_rng(3)
    shapes = (5, 6, 28, 24), (16, 6, 4, 4), (5, 16, 13, 11)
    x, weight, dy = (rng.standard_normal(shape, "float32") for shape in shapes)
    monkeypatch.setattr(phases, "BAND_BYTES", band_bytes)

    def results():
        yield phases.conv2d(x, weight, How.of(2))
        yield phases.conv2d_grad_input(dy, weight, (28, 24), How.of(2))
        yield phases.conv2d_grad_weight(dy, x, (4, 4), How.of(2))

    with threadpool_limits(3, user_api="blas"):  # as many threads of ours, too
        threaded = list(results())
    with threadpool_limits(1, user_api="blas"):
        for one, three in zip(results(), threaded, strict=True):
            np.testing.assert_array_equal(one, three)


def test_the_cells_of_a_map_are_never_there_all_at_once(monkeypatch):
    monkeypatch.setattr(phases, "BAND_BYTES", 1 << 15)
    monkeypatch.setattr(phases, "BAND_PIXELS", 1)
    large, small, weight = (np.ones(s, np.float32) for s in ((1, 16, 130, 130), (1, 4, 64, 64), (4, 16, 4, 4)))
    for run, result in (
        (lambda: phases.conv2d(large, weight, How.of(2)), small),
        (lambda: phases.conv2d_grad_weight(small, large, (4, 4), How.of(2)), weight),
        (lambda: phases.conv2d_grad_input(small, weight, (130, 130), How.of(2)), large),
    ):
        # In a thread of its own, which has no scratch memory yet.
        with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(1) as thread:
            tracemalloc.start()
            thread.submit(run).result()
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert peak < result.nbytes + (1 << 17)  # some bands, and the matrix of the weights


@pytest.mark.parametrize(
    "how, given", [({}, r"given stride \(1, 1\), dilation \(1, 1\)"), ({"stride": 2, "dilation": (1, 2)}, r"\(1, 2\)")]
)
def test_where_it_does_not_apply(how, given):
    x, weight = np.zeros((1, 4, 20, 20)), np.zeros((4, 4, 3, 3))
    y = conv2d(x, weight, **how)
    for run in (
        lambda: conv2d(x, weight, **how, algorithm="phases"),
        lambda: conv2d_grad_input(y, weight, (20, 20), **how, algorithm="phases"),
        lambda: conv2d_grad_weight(y, x, 3, **how, algorithm="phases"),
    ):
        with pytest.raises(InputError, match=f"algorithm phases is for strides above 1 and no dilation; .*{given}"):
            run()
