"""The three networks: geometry at every size, the fusion of scores, names, weights taken over, and bad settings.

What the layers compute is tested with the layers; here they are tiny and it is how they are put together that counts.
"""

import numpy as np
import pytest

from minifcn.errors import InputError
from minifcn.layers import MaxPool2d
from minifcn.models import MODELS, FCN8s, FCN16s, FCN32s

NETS = [FCN32s, FCN16s, FCN8s]
CROPS = {  # the first pixel of the last upsampling that lies on the image
    100: {FCN32s: 19, FCN16s: 27, FCN8s: 31},
    "same": {FCN32s: 16, FCN16s: 8, FCN8s: 4},
}
TRUNK = [
    *["conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1", "conv3_2", "conv3_3"],
    *["conv4_1", "conv4_2", "conv4_3", "conv5_1", "conv5_2", "conv5_3", "fc6", "fc7", "score_fr"],
]
SKIPS = {FCN32s: [], FCN16s: ["score_pool4"], FCN8s: ["score_pool4", "score_pool3"]}
UPSCORES = {
    FCN32s: ["upscore"],
    FCN16s: ["upscore2", "upscore16"],
    FCN8s: ["upscore2", "upscore_pool4", "upscore8"],
}


def tiny(net, padding=100, **settings):
    return net(**{"n_class": 2, "width": 1 / 64, "fc_channels": 3, "padding": padding, "dropout": 0.0} | settings)


def filled(model, seed=0):
    """Random weights everywhere, score layers too, in float64; with biases that keep the few channels alive."""
    rng = np.random.default_rng(seed)
    for name, parameter in model.astype("float64").named_parameters():
        if name.endswith("bias"):
            parameter.data[...] = rng.uniform(0.5, 1, parameter.data.shape)
        elif not name.startswith("upscore"):
            parameter.data[...] = rng.standard_normal(parameter.data.shape) / np.sqrt(parameter.data[0].size)
    return model


def bias_only(model, **biases):
    """Scores that are the same at every pixel of their map: {score layer: number}."""
    for name, layer in model.astype("float64").children():
        if name.startswith("score"):
            layer.weight.data[...] = 0
            layer.bias.data[...] = biases.get(name, 0)
    return model


@pytest.fixture(params=NETS, ids=lambda net: net.__name__)
def net(request):
    return request.param


@pytest.fixture(params=[100, "same"])
def padding(request):
    return request.param


class TestGeometry:
    def test_the_papers_crops(self):
        crops = tiny(FCN8s).crops((500, 375))
        assert crops["pool4"] == ((..., slice(0, 34), slice(0, 26)), (..., slice(5, 39), slice(5, 31)))
        assert crops["pool3"] == ((..., slice(0, 70), slice(0, 54)), (..., slice(9, 79), slice(9, 63)))
        assert crops["image"] == (..., slice(31, 531), slice(31, 406))
        crops = tiny(FCN16s).crops((500, 375))
        assert crops["pool4"] == ((..., slice(0, 34), slice(0, 26)), (..., slice(5, 39), slice(5, 31)))
        assert crops["image"] == (..., slice(27, 527), slice(27, 402))
        assert tiny(FCN32s).crops((500, 375)) == {"image": (..., slice(19, 519), slice(19, 394))}

    def test_the_output_has_the_images_size_for_every_size(self, net, padding):
        model = tiny(net, padding)
        for size in range(1, 1025):
            places, crops = model._walk(0, size)
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

    def test_pooling_that_rounds_down_would_leave_372_of_1024_sizes_without_their_last_pixels(self):
        model = tiny(FCN32s)
        for layer in model.layers():
            if isinstance(layer, MaxPool2d):
                layer.ceil_mode = False
        refused = {"crop": [], "kernel": []}
        for size in range(1, 1025):
            try:
                model._walk(0, size)
            except InputError as error:
                refused["crop" if "crop of" in str(error) else "kernel"].append(size)
        assert len(refused["crop"]) == 372
        assert {375, 500} <= set(refused["crop"])
        assert refused["kernel"] == list(range(1, 26))  # not even fc6 fits: 5 poolings leave 6 of 223 pixels

    @pytest.mark.parametrize("size", [(1, 1), (7, 34)])
    def test_forward_gives_scores_of_the_images_size_and_backward_its_gradient(self, net, padding, size):
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

    def test_the_receptive_field_is_404_pixels_32_apart(self, padding):
        place = tiny(FCN32s, padding).places_along(1, 500)["fc6"]
        assert (place.receptive_field, place.pitch) == (404, 32)

    def test_rows_and_columns_follow_their_own_windows(self):
        model = tiny(FCN32s)
        model.sections["pool1"].named["conv1_1"].kernel_size = (3, 5)
        assert model.places_along(0, 10)["conv1_1"].size == 208
        assert model.places_along(1, 10)["conv1_1"].size == 206

    @pytest.mark.parametrize("padding, size", [(100, (26, 58)), ("same", (32, 64))])
    def test_a_mirrored_image_gives_the_mirrored_scores(self, net, padding, size):
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


class TestFusion:
    @staticmethod
    def upsample(line, stride):
        """Bilinear, along one axis: every number lays a tent 2 strides wide."""
        tent = 1 - np.abs(np.arange(2 * stride) - (stride - 0.5)) / stride
        out = np.zeros((len(line) + 1) * stride)
        for i, value in enumerate(line):
            out[i * stride : (i + 2) * stride] += value * tent
        return out

    def test_scores_add_up_and_fade_where_the_coarse_map_ends(self):
        """At 5x40 pixels, padding 100: each constant map upsampled and cropped by hand, along rows and columns."""
        model = bias_only(tiny(FCN8s), score_fr=1000, score_pool4=-30, score_pool3=7)
        expected = 0
        for weight, steps, sizes in (
            (1000, [(2, 0), (2, 0), (8, 31)], (1, 2)),  # 5 + 198 pixels: 7 after pool5, fc6 leaves 1; 40 + 198: 8, 2
            (-30, [(2, 0), (8, 31)], (4, 6)),
            (7, [(8, 31)], (10, 14)),
        ):
            lines = []
            for size, pixels in zip(sizes, (5, 40)):
                line = np.ones(size)
                for stride, first in steps:
                    line = self.upsample(line, stride)[first:]
                lines.append(line[:pixels])
            expected = expected + weight * np.outer(*lines)
        scores = model(np.random.default_rng(0).standard_normal((1, 3, 5, 40)))
        np.testing.assert_allclose(scores[0], np.stack([expected] * 2), rtol=1e-12)

    def test_zero_initialised_score_layers_give_zero_scores(self, net):
        model = tiny(net, "same")
        images = np.random.default_rng(0).standard_normal((1, 3, 40, 33)).astype("float32")
        scores = model(images)
        assert scores.dtype == "float32" and not scores.any()
        model.backward(np.random.default_rng(1).standard_normal(scores.shape).astype("float32"))
        grads = {name: parameter.grad.any() for name, parameter in model.named_parameters()}
        for name in ["score_fr", *SKIPS[net]]:
            assert grads[f"{name}.weight"] and grads[f"{name}.bias"]

    def test_gradients_follow_both_ways_at_every_fork(self, net, padding):
        """Along a random direction of all inputs and parameters, against central differences."""
        model = filled(tiny(net, padding, upsampling="learned"))
        rng = np.random.default_rng(4)
        images = rng.standard_normal((1, 3, 5, 9))
        dscores = rng.standard_normal((1, 2, 5, 9))
        arrays = [images, *(parameter.data for parameter in model.parameters())]
        steps = [rng.standard_normal(array.shape) * 1e-6 for array in arrays]

        def moved(by):
            for array, step in zip(arrays, steps):
                array += by * step
            return (model(images) * dscores).sum()

        expected = (moved(1) - moved(-2)) / 2
        moved(1)
        gradients = [model.backward(dscores), *(parameter.grad for parameter in model.parameters())]
        assert all(gradient.any() for gradient in gradients)
        slope = sum((gradient * step).sum() for gradient, step in zip(gradients, steps, strict=True))
        assert slope == pytest.approx(expected, rel=1e-5)

    def test_a_second_backward_adds(self):
        model = filled(tiny(FCN8s, "same"))
        model(np.random.default_rng(5).standard_normal((1, 3, 9, 6)))
        dscores = np.random.default_rng(6).standard_normal((1, 2, 9, 6))
        dimages = model.backward(dscores)
        once = [parameter.grad.copy() for parameter in model.parameters()]
        np.testing.assert_array_equal(model.backward(dscores), dimages)
        for parameter, grad in zip(model.parameters(), once, strict=True):
            np.testing.assert_array_equal(parameter.grad, 2 * grad)

    def test_evaluation_keeps_nothing_anywhere(self, net):
        model = filled(tiny(net, "same"))
        image = np.ones((1, 3, 4, 4))
        model(image)
        model.eval()(image)
        assert all(layer._kept is None for layer in model.layers())
        with pytest.raises(RuntimeError, match=f"{net.__name__}: backward needs a forward pass"):
            model.backward(np.ones((1, 2, 4, 4)))

    def test_dropout_works_after_fc6_and_fc7_while_training_only(self):
        model = filled(tiny(FCN32s, "same", dropout=0.5, fc_channels=16))
        image = np.ones((1, 3, 4, 4))
        model.reseed(1)
        first, second = model(image), model(image)
        assert (first != second).any()
        model.reseed(1)
        np.testing.assert_array_equal(model(image), first)
        model.eval()
        np.testing.assert_array_equal(model(image), model(image))
        order = " ".join(name for name, _ in model.children())
        assert order.endswith(" pool5 fc6 relu6 drop6 fc7 relu7 drop7 score_fr upscore")
        assert [layer.p for name, layer in model.children() if name.startswith("drop")] == [0.5, 0.5]


class TestParameters:
    def test_published_names_in_order(self, net):
        names = [f"{layer}.{kind}" for layer in TRUNK + SKIPS[net] for kind in ("weight", "bias")]
        names += [f"{up}.weight" for up in UPSCORES[net]]
        model = tiny(net)
        assert [name for name, _ in model.named_parameters()] == list(model.state_dict()) == names

    def test_width_scales_the_trunk_only(self):
        shapes = {k: v.shape for k, v in tiny(FCN8s, n_class=5, width=0.25, fc_channels=7).state_dict().items()}
        channels = [shapes[f"{name}.weight"][0] for name in TRUNK]
        assert channels == [16, 16, 32, 32, 64, 64, 64, 128, 128, 128, 128, 128, 128, 7, 7, 5]
        assert shapes["fc6.weight"] == (7, 128, 7, 7)
        assert shapes["fc7.weight"] == (7, 7, 1, 1)
        assert shapes["score_pool4.weight"] == (5, 128, 1, 1)
        assert shapes["score_pool3.weight"] == (5, 64, 1, 1)
        assert [shapes[f"{up}.weight"] for up in UPSCORES[FCN8s]] == [(5, 5, 4, 4), (5, 5, 4, 4), (5, 5, 16, 16)]
        assert tiny(FCN32s, width=1e-9).state_dict()["conv5_3.weight"].shape[:2] == (1, 1)

    def test_biases_learn_at_twice_the_rate_and_do_not_decay(self, net):
        for name, parameter in tiny(net).named_parameters():
            assert (parameter.lr_mult, parameter.decay_mult) == ((2, 0) if name.endswith("bias") else (1, 1)), name

    @pytest.mark.parametrize("upsampling, learned", [("fixed", False), ("learned", True)])
    def test_upsampling_starts_bilinear_and_learns_only_if_told(self, net, upsampling, learned):
        for name, parameter in tiny(net, upsampling=upsampling).named_parameters():
            assert parameter.trainable is (learned or not name.startswith("upscore")), name
            if name.startswith("upscore"):
                stride = parameter.data.shape[-1] // 2
                tent = (np.minimum(np.arange(2 * stride), np.arange(2 * stride)[::-1]) + 0.5) / stride
                np.testing.assert_allclose(parameter.data[1, 1], np.outer(tent, tent), rtol=1e-6)
                assert not parameter.data[0, 1].any() and not parameter.data[1, 0].any()

    def test_one_upsampling_kernel_a_class(self, net):
        """The same scores and gradients as with full kernels that are zero between classes; n_class times fewer."""
        full = filled(tiny(net, "same", upsampling="learned", n_class=3))
        lean = tiny(net, "same", upsampling="learned", upsampling_kernels="per-class", n_class=3).astype("float64")
        state = full.state_dict()
        for name in [name for name in state if name.startswith("upscore")]:
            state[name] = np.stack([state[name][c, c] for c in range(3)])[:, None]
        lean.load_state_dict(state)
        rng = np.random.default_rng(0)
        x = rng.standard_normal((2, 3, 40, 33))
        scores = full(x)
        np.testing.assert_allclose(lean(x), scores, rtol=1e-12, atol=1e-12)
        dscores = rng.standard_normal(scores.shape)
        np.testing.assert_allclose(lean.backward(dscores), full.backward(dscores), rtol=1e-9, atol=1e-12)
        theirs = dict(full.named_parameters())
        for name, parameter in lean.named_parameters():
            expected = theirs[name].grad
            if name.startswith("upscore"):
                expected = np.stack([expected[c, c] for c in range(3)])[:, None]
                assert parameter.data.shape[:2] == (3, 1)
            np.testing.assert_allclose(parameter.grad, expected, rtol=1e-9, atol=1e-9, err_msg=name)

    def test_score_layers_start_at_zero_and_all_others_as_he_drew(self, net):
        for name, array in tiny(net, width=0.25, fc_channels=64).state_dict().items():
            if name.startswith("score") or name.endswith("bias"):
                assert not array.any(), name
            elif not name.startswith("upscore"):
                assert array.std() == pytest.approx(np.sqrt(2 / array[0].size), rel=0.2), name

    def test_the_seed_gives_the_weights(self):
        first, same, other = (tiny(FCN8s, seed=seed).state_dict() for seed in (0, 0, 1))
        for name, array in first.items():
            np.testing.assert_array_equal(array, same[name])
        assert all((first[f"{name}.weight"] != other[f"{name}.weight"]).any() for name in TRUNK[:-1])

    def test_settings_build_the_same_network_again(self, net):
        model = tiny(net, "same", upsampling="learned")
        again = net(**model.settings)
        assert repr(again) == repr(model)
        settings = "n_class=2, width=0.015625, fc_channels=3, padding='same', dropout=0.0, upsampling='learned', "
        assert repr(model) == f"{net.__name__}({settings}upsampling_kernels='full', backbone='vgg16', at_once=False)"
        again.load_state_dict(model.state_dict())

    def test_models_by_the_command_lines_names(self):
        titles = {name: build(n_class=2, width=1 / 64, fc_channels=3).title for name, build in MODELS.items()}
        assert titles == {
            "fcn32s": "FCN-32s",
            "fcn16s": "FCN-16s",
            "fcn8s": "FCN-8s",
            "fcn-vgg16": "FCN-32s",
            "fcn-alexnet": "FCN-AlexNet",
            "fcn-googlenet": "FCN-GoogLeNet",
        }


class TestTakingOver:
    @pytest.mark.parametrize("coarse, fine", [(FCN32s, FCN16s), (FCN16s, FCN8s)])
    def test_the_finer_network_starts_from_the_coarser_one(self, coarse, fine):
        weights = filled(tiny(coarse)).astype("float32").state_dict()
        model = tiny(fine)
        taken = model.copy_from(weights)
        assert set(weights) - set(taken) == {f"{UPSCORES[coarse][-1]}.weight"}  # its last upsampling goes further
        state = model.state_dict()
        for name in taken:
            np.testing.assert_array_equal(state[name], weights[name])
        fresh = set(state) - set(taken)
        assert {f"{SKIPS[fine][-1]}.weight", f"{SKIPS[fine][-1]}.bias"} < fresh
        assert not state[f"{SKIPS[fine][-1]}.weight"].any()  # the new skip starts at zero
        assert all(name.startswith(("upscore", SKIPS[fine][-1])) for name in fresh)

    def test_loading_a_whole_state_wants_every_name(self):
        with pytest.raises(
            InputError, match=r"weights lack score_pool4\.weight, score_pool4\.bias, upscore2\.weight and"
        ):
            tiny(FCN16s).load_state_dict(tiny(FCN32s).state_dict())

    def test_another_width_is_refused_with_the_key_and_both_shapes(self):
        model = tiny(FCN16s)
        message = r"conv1_1\.weight has shape \(2, 3, 3, 3\) in the weights, \(1, 3, 3, 3\) in this FCN16s"
        with pytest.raises(InputError, match=message):
            model.copy_from(tiny(FCN32s, width=1 / 32).state_dict())


class TestBadInput:
    @pytest.mark.parametrize(
        "settings, message",
        [
            ({"n_class": 0}, "FCN32s: n_class is 0; expected at least 1"),
            ({"width": 0}, "width is 0; expected a number above 0"),
            ({"width": float("nan")}, "width is nan"),
            ({"width": float("inf")}, "width is inf"),
            ({"fc_channels": -1}, "fc_channels is -1; expected at least 1"),
            ({"padding": -1}, "padding is -1; expected 100"),
            ({"padding": 1.5}, "padding is 1.5; expected 100"),
            ({"padding": "valid"}, "padding is 'valid'; expected 100"),
            ({"upsampling": "cubic"}, "upsampling 'cubic' is none of fixed, learned"),
            ({"upsampling_kernels": "one"}, "upsampling_kernels 'one' is none of full, per-class"),
            ({"dropout": 1.0}, "p is 1.0; expected 0 <= p < 1"),
        ],
    )
    def test_settings(self, settings, message):
        with pytest.raises(InputError, match=message):
            tiny(FCN32s, **settings)

    def test_a_padding_of_50_never_covers_the_image(self):
        with pytest.raises(InputError, match=r'FCN32s: .*padding 50.*never cover the image: use 100, or "same"'):
            tiny(FCN32s, 50)(np.zeros((1, 3, 300, 200), np.float32))

    def test_an_image_too_small_is_told_what_would_do(self, net):
        # With padding 84 fc6's 7x7 windows need 6 * 32 + 1 pixels, of which the padding and conv1_1 leave 166.
        model = tiny(net, 84)
        with pytest.raises(InputError, match=r"26x40 pixels is too small for padding 84; each side needs at least 27"):
            model(np.zeros((1, 3, 40, 26), np.float32))
        assert model(np.zeros((1, 3, 40, 27), np.float32)).shape == (1, 2, 40, 27)

    def test_images_of_other_channels_or_dtypes(self, net):
        model = tiny(net, "same")
        with pytest.raises(InputError, match="Conv2d: input has 4 channels, this layer takes 3"):
            model(np.zeros((1, 4, 8, 8), np.float32))
        with pytest.raises(InputError, match="input is uint8, expected floats"):
            model(np.zeros((1, 3, 8, 8), np.uint8))

    @pytest.mark.parametrize("shape", [(3, 8, 8), (1, 1, 3, 8, 8)])
    def test_images_of_another_rank(self, shape):
        with pytest.raises(InputError, match="shape"):
            tiny(FCN32s, "same")(np.zeros(shape, np.float32))


def test_training_alone_needs_no_gradient_of_the_images_and_backward_but_once():
    """The parameters' gradients are the same."""
    images = np.random.default_rng(0).standard_normal((1, 3, 20, 30))
    whole, alone = filled(tiny(FCN8s, "same")), filled(tiny(FCN8s, "same")).train_only()
    dscores = np.random.default_rng(1).standard_normal(whole(images).shape)
    alone(images)
    assert whole.backward(dscores).shape == images.shape
    assert alone.backward(dscores) is None
    for one, other in zip(whole.parameters(), alone.parameters()):
        np.testing.assert_array_equal(one.grad, other.grad)
    trunk = [layer for section in alone.sections.values() for layer in section.layers()]
    assert all(layer._kept is None for layer in trunk)
    with pytest.raises(RuntimeError, match="backward needs a forward pass in training mode first"):
        alone.backward(dscores)


def test_recomputing_the_maps_gives_the_same_gradients():
    images = np.random.default_rng(0).standard_normal((1, 3, 20, 30))
    models = filled(tiny(FCN8s, "same", dropout=0.5)), filled(tiny(FCN8s, "same", dropout=0.5)).recompute_maps()
    dscores = np.random.default_rng(1).standard_normal((1, 2, 20, 30))
    for model in models:
        model.reseed(1)
    np.testing.assert_array_equal(*(model(images) for model in models))
    np.testing.assert_array_equal(*(model.backward(dscores) for model in models))
    for one, other in zip(*(model.parameters() for model in models), strict=True):
        np.testing.assert_array_equal(one.grad, other.grad)
