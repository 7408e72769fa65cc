"""The three networks' geometry at every size: where their maps lie, and where they are cropped."""

from fractions import Fraction

import numpy as np
import pytest
from networks import SKIPS, UPSCORES, filled, tiny

from minifcn.convolution.geometry import Place
from minifcn.errors import InputError
from minifcn.layers import MaxPool2d
from minifcn.models import BACKBONES, FCN8s, FCN16s, FCN32s
from minifcn.models.fcn import aligning_kernel

CROPS = {  # the first pixel of the last upsampling that lies on the image
    100: {FCN32s: 19, FCN16s: 27, FCN8s: 31},
    "same": {FCN32s: 16, FCN16s: 8, FCN8s: 4},
}


def test_the_papers_crops():
    crops = tiny(FCN8s).crops((500, 375))
    assert crops["pool4"] == ((..., slice(0, 34), slice(0, 26)), (..., slice(5, 39), slice(5, 31)))
    assert crops["pool3"] == ((..., slice(0, 70), slice(0, 54)), (..., slice(9, 79), slice(9, 63)))
    assert crops["image"] == (..., slice(31, 531), slice(31, 406))
    crops = tiny(FCN16s).crops((500, 375))
    assert crops["pool4"] == ((..., slice(0, 34), slice(0, 26)), (..., slice(5, 39), slice(5, 31)))
    assert crops["image"] == (..., slice(27, 527), slice(27, 402))
    assert tiny(FCN32s).crops((500, 375)) == {"image": (..., slice(19, 519), slice(19, 394))}


def rows_of(used):
    """Along rows, of an index of a map (..., rows, columns), or of two."""
    return used[1] if used[0] is ... else tuple(rows for _, rows, _ in used)


def test_the_output_has_the_images_size(net, padding):
    """For sizes of every remainder by 32, small ones and large ones."""
    model = tiny(net, padding)
    for size in [*range(1, 129), *range(993, 1025)]:
        places = model.places_along(0, size)
        crops = {name: rows_of(used) for name, used in model.crops((size, size)).items()}
        # the sizes once more, in whole numbers
        pools = [size + 198 if padding == 100 else size]
        for _ in range(5):
            pools.append(-(-pools[-1] // 2))
        x = pools[5] - (6 if padding == 100 else 0)
        assert [places[f"pool{i}"].size for i in (1, 2, 3, 4, 5)] == pools[1:]
        assert places["fc6"].size == x
        for skip, up in zip(SKIPS[net], UPSCORES[net]):
            pool = skip.removeprefix("score_")
            x = (x - 1) * 2 + 4
            assert places[up].size == x
            if padding == 100:  # the pool's map is larger on both sides, by five of its pixels, then nine
                first, whole = {"pool4": 5, "pool3": 9}[pool], pools[int(pool[-1])]
                assert crops[pool] == (slice(0, x), slice(first, first + x))
                assert first + x <= whole
            else:  # the upsampled map is larger, by one pixel
                whole, x = x, pools[int(pool[-1])]
                assert crops[pool] == (slice(1, 1 + x), slice(0, x))
                assert 1 + x <= whole
        stride = {FCN32s: 32, FCN16s: 16, FCN8s: 8}[net]
        x = (x - 1) * stride + 2 * stride
        first = CROPS[padding][net]
        assert crops["image"] == slice(first, first + size)
        assert places[UPSCORES[net][-1]].size == x >= first + size


def test_pooling_that_rounds_down_would_leave_372_of_1024_sizes_without_their_last_pixels():
    model = tiny(FCN32s)
    for layer in model.layers():
        if isinstance(layer, MaxPool2d):
            layer.ceil_mode = False
    refused = {"crop": [], "kernel": []}
    for size in range(1, 1025):
        try:
            model.places_along(0, size)
        except InputError as error:
            refused["crop" if "crop of" in str(error) else "kernel"].append(size)
    assert len(refused["crop"]) == 372
    assert {375, 500} <= set(refused["crop"])
    assert refused["kernel"] == list(range(1, 26))  # not even fc6 fits: 5 poolings leave 6 of 223 pixels


@pytest.mark.parametrize("size", [(1, 1), (7, 34)])
def test_forward_gives_scores_of_the_images_size_and_backward_its_gradient(net, padding, size):
    model = filled(tiny(net, padding))
    images = np.random.default_rng(1).standard_normal((2, 3, *size))
    before = images.copy()
    scores = model(images)
    assert scores.shape == (2, 2, *size) and scores.dtype == "float64"
    dscores = np.random.default_rng(2).standard_normal(scores.shape)
    given = dscores.copy()
    dimages = model.backward(dscores)
    assert dimages.shape == images.shape and dimages.any()
    np.testing.assert_array_equal(images, before)
    np.testing.assert_array_equal(dscores, given)


def test_the_receptive_field_is_404_pixels_32_apart(padding):
    place = tiny(FCN32s, padding).places_along(1, 500)["fc6"]
    assert (place.receptive_field, place.pitch) == (404, 32)


def test_rows_and_columns_follow_their_own_windows():
    backbone = BACKBONES["vgg16"](2, 1 / 64, 3)
    backbone.named["conv1_1"].kernel_size = (3, 5)
    model = FCN32s(2, backbone=backbone)
    assert model.places_along(0, 10)["conv1_1"].size == 208
    assert model.places_along(1, 10)["conv1_1"].size == 206
    _, rows, columns = model.crops((10, 10))["image"]  # of a kernel with two taps more the first pixel lies one further
    assert (rows.start, columns.start) == (19, 18)


@pytest.mark.parametrize("padding, size", [(100, (26, 58)), ("same", (32, 64))])
def test_a_mirrored_image_gives_the_mirrored_scores(net, padding, size):
    """True where every map lies in the middle of the next: sizes that all poolings divide, symmetrical kernels."""
    model = filled(tiny(net, padding))
    for parameter in model.parameters():
        if parameter.data.ndim == 4:
            parameter.data += parameter.data[:, :, :, ::-1].copy()
            parameter.data += parameter.data[:, :, ::-1].copy()
    image = np.random.default_rng(3).standard_normal((1, 3, *size))
    scores = model(image)
    assert (scores != model(image[..., ::-1])).any() and (scores != model(0 * image)).any()
    for flip in ((..., slice(None, None, -1)), (..., slice(None, None, -1), slice(None))):
        np.testing.assert_allclose(model(image[flip]), scores[flip], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("stride", [2, 3, 4, 5])
def test_the_kernel_that_lays_one_map_over_the_other(stride):
    """An odd one where a coarse pixel's centre is that of a fine one, an even one where it is between two."""
    kernel = 2 * stride - 1
    pitch = Fraction(stride)
    assert aligning_kernel(Place(9, pitch), Place(99)) == (kernel, stride)
    between = Place(9, pitch, Fraction(1, 2))
    if stride % 2 == 0:
        assert aligning_kernel(between, Place(99)) == (2 * stride, stride)
    else:
        with pytest.raises(InputError, match="do not align"):
            aligning_kernel(between, Place(99))
