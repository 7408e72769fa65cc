"""The three networks: names, settings, weights taken over, and what they refuse."""

import numpy as np
import pytest
from networks import SKIPS, TRUNK, UPSCORES, filled, tiny

from minifcn.errors import InputError
from minifcn.layers import Linear, Sequential
from minifcn.models import BACKBONES, MODELS, FCN8s, FCN16s, FCN32s


@pytest.mark.parametrize("padding, least", [("same", 1), (100, 1), (99, 1), (96, 3), (92, 11), (84, 27)])
def test_the_least_size_leaves_fc6_a_window(net, padding, least):
    """7 rows, 32 pixels apart, as the five poolings round up: 193 of conv1_1's size + 2 * padding - 2 rows at least."""
    model = tiny(net, padding)
    assert model.least_size() == least
    image = np.zeros((1, 3, least, least), "float32")
    assert model.eval()(image).shape[2:] == (least, least)
    if least > 1:
        with pytest.raises(InputError, match=f"each side needs at least {least}"):
            model(image[..., 1:])


def test_the_scores_are_of_what_dropout_left(net, monkeypatch):
    model, seen = tiny(net, "same", dropout=0.5).train(), {}
    for name in ("drop7", "score_fr"):
        layer = model.named[name]
        monkeypatch.setattr(
            layer, "forward", lambda x, name=name, forward=layer.forward: seen.setdefault(name, forward(x))
        )
    model(np.ones((1, 3, 32, 32), "float32"))
    np.testing.assert_array_equal(model.named["score_fr"].kept()[0], seen["drop7"])


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
        others = "upsampling_kernels='full', backbone='vgg16', at_once=False, image_size=224"
        assert repr(model) == f"{net.__name__}({settings}{others})"
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

    @pytest.mark.parametrize("images", [None, [[1.0]], "images"])
    def test_images_that_are_no_array(self, images):
        for model in (tiny(FCN32s, "same"), BACKBONES["vgg11"](2, 1 / 64, 3), Linear(2, 3), Sequential(Linear(2, 3))):
            message = rf"(FCN32s|VGG11|Linear): input is a {type(images).__name__}, expected an array \(N, "
            with pytest.raises(InputError, match=message):
                model(images)

    @pytest.mark.parametrize("shape", [(3, 8, 8), (1, 1, 3, 8, 8)])
    def test_images_of_another_rank(self, shape):
        with pytest.raises(InputError, match="shape"):
            tiny(FCN32s, "same")(np.zeros(shape, np.float32))
