"""Settings: what is refused, and layers that are frozen."""

import numpy as np
import pytest
import tiny

from minifcn.errors import InputError
from minifcn.models import FCN8s, FCN32s
from minifcn.training.freezing import freeze
from minifcn.training.settings import PretrainSettings, Settings, shown, typed

SIZES = ("crop", "jitter", "fc_channels", "image_size", "padding")
CONVOLUTIONS = [f"conv{b}_{i}" for b, n in enumerate((2, 2, 3, 3, 3), start=1) for i in range(1, n + 1)]


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch):
    tiny.draw_nothing(monkeypatch)


def learning(model):
    return {name for name, parameter in model.named_parameters() if parameter.trainable}


@pytest.mark.parametrize(
    "settings, message",
    [
        (Settings(epochs=0), "--epochs is 0; expected 1 to 1000000"),
        (Settings(batch_size=-1), "--batch-size is -1; expected 1 to 1000000"),
        (Settings(accumulate=0), "--accumulate is 0; expected 1 to 1000000"),
        (Settings(epochs=10**20), f"--epochs is {10**20}; expected 1 to 1000000"),
        (Settings(width=1001), "--width is 1001; expected at most 1000, 1 for the published channels"),
        (Settings(width=float("nan")), "--width is nan; expected at most 1000"),
        (
            Settings(epoch_steps=10**6, batch_size=4, accumulate=3),
            "--epoch-steps 1000000, of --batch-size 4 x --accumulate 3 images: expected at most 10000000 images",
        ),
        (Settings(seed=-1), "--seed is -1; expected 0 or more"),
        (Settings(sample=0), "--sample is 0; expected a probability above 0, 1 for every pixel"),
        (Settings(sample=1.5), "--sample is 1.5; expected a probability above 0, 1 for every pixel"),
        (Settings(sample=float("nan")), "--sample is nan; expected a probability above 0, 1 for every pixel"),
        (Settings(epochs="ten"), "--epochs is 'ten'; expected int"),
        (Settings(epochs=True), "--epochs is True; expected int"),
        (Settings(lr="fast"), "--lr is 'fast'; expected int | float"),
        (Settings(crop=1.5), "--crop is 1.5; expected int | None"),
        (Settings(model="vgg16"), "--model 'vgg16' is none of fcn32s, fcn16s, fcn8s, fcn-vgg16, "),
        (Settings(loss="max"), "--loss 'max' is none of mean, sum"),
        (Settings(backbone="fcn8s"), "--backbone 'fcn8s' is none of vgg11, "),
        (PretrainSettings(model="fcn8s"), "--model 'fcn8s' is none of vgg11, "),
        *[
            (Settings(**{name: 10**20}), f"{said} is {10**20}; expected at most 1000000")
            for name, said in zip(SIZES, ("--crop", "--jitter", "--fc-channels", "--image-size", "--padding"))
        ],
        (PretrainSettings(crop=0), "--crop is 0; expected 1 to 1000000"),
        (PretrainSettings(crop=10**20), f"--crop is {10**20}; expected 1 to 1000000"),
        (PretrainSettings(crop=None), "--crop is None; expected int"),
        (PretrainSettings(auxiliary=True), "--auxiliary: vgg16 has no auxiliary classifiers, only googlenet has"),
    ],
)
def test_what_is_no_setting(settings, message):
    with pytest.raises(InputError) as error:
        settings.check()
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("mirror", False, "--no-mirror"),
        ("at_once", True, "--at-once"),
        ("crop", 320, "--crop 320"),
        ("lr", 1e-10, "--lr 1e-10"),
        ("freeze", ["conv*", "fc7"], "--freeze 'conv*' fc7"),
        ("root", "my data", "--root 'my data'"),
    ],
)
def test_a_setting_as_it_is_typed(name, value, text):
    assert typed(name, value) == text


def test_settings_that_are_in_order():
    for settings in (Settings(), Settings(lr=1, width=2, crop=8, backbone="vgg11"), PretrainSettings()):
        settings.check()


def test_what_a_network_takes():
    shared = {"width": 0.25, "fc_channels": 256, "dropout": 0.1}
    of_fcns = {"padding": "same", "upsampling": "fixed", "upsampling_kernels": "full", "at_once": False}
    assert Settings().network() == shared | of_fcns
    given = {"backbone": "vgg11", "image_size": 96}
    assert Settings(**given).network() == shared | of_fcns | given
    assert PretrainSettings(crop=64).network() == shared | {"image_size": 64}
    googlenet = PretrainSettings(model="googlenet", auxiliary=True, crop=64).network()
    assert googlenet == {"width": 0.25, "dropout": 0.1, "image_size": 64, "auxiliary": True}


@pytest.mark.parametrize(
    "patterns, frozen",
    [
        (["conv*"], CONVOLUTIONS),
        (["fc6"], ["fc6"]),
        (["conv*", "fc*"], [*CONVOLUTIONS, "fc6", "fc7"]),
        (["conv?_1"], [f"conv{b}_1" for b in range(1, 6)]),
        (None, []),
        ([], []),
    ],
)
def test_layers_by_their_names(patterns, frozen):
    model = FCN8s(3, **tiny.NETWORK, upsampling="learned")
    freeze(model, patterns)
    layers = [*CONVOLUTIONS, "fc6", "fc7", "score_fr", "score_pool4", "score_pool3"]
    expected = {f"{layer}.{kind}" for layer in layers if layer not in frozen for kind in ("weight", "bias")}
    assert learning(model) == expected | {f"{up}.weight" for up in ("upscore2", "upscore_pool4", "upscore8")}


def test_parameters_by_their_names():
    model = FCN32s(3, **tiny.NETWORK)
    freeze(model, ["*.bias"])
    assert learning(model) == {f"{layer}.weight" for layer in [*CONVOLUTIONS, "fc6", "fc7", "score_fr"]}


def test_patterns_that_cannot_be():
    with pytest.raises(InputError, match=r"--freeze 'conf\*' fits no layer: they are conv1_1, conv1_2, "):
        freeze(FCN32s(3, **tiny.NETWORK), ["conv*", "conf*"])
    with pytest.raises(InputError, match="--freeze 'conv1' fits no layer"):  # a pattern is for the whole name
        freeze(FCN32s(3, **tiny.NETWORK), ["conv1"])
    with pytest.raises(InputError, match=r"--freeze \*: nothing is left to learn"):
        freeze(FCN32s(3, **tiny.NETWORK), ["*"])


def test_a_fixed_network_learns_its_scores_alone_and_computes_no_other_gradient(tmp_path):
    run = tiny.trainer(tmp_path / "run", freeze=["conv*", "fc*"], dropout=0.5)
    assert run.title() == "FCN-32s-fixed"
    before = run.model.state_dict()
    run.run(tiny.Silent())
    for name, array in run.model.state_dict().items():
        assert (array != before[name]).any() == name.startswith("score_fr."), name
    for name, parameter in run.model.named_parameters():
        assert (parameter._grad is None) == (not name.startswith("score_fr.")), name


def test_fixed_is_the_name_where_the_score_layer_alone_learns(tmp_path):
    for settings in ({"freeze": ["conv*"]}, {"freeze": ["conv*", "fc*"], "upsampling": "learned"}, {}):
        assert tiny.trainer(tmp_path / "run", **settings).title() == "FCN-32s"
    assert tiny.trainer(tmp_path / "run", freeze=["conv*", "fc*"], model="fcn16s").title() == "FCN-16s"


def test_no_gradient_is_computed_of_frozen_layers_between_those_that_learn(tmp_path):
    run = tiny.trainer(tmp_path / "run", freeze=["conv3*", "fc7", "score_fr.bias"])
    run.run(tiny.Silent())
    names = [name for name, parameter in run.model.named_parameters() if parameter._grad is None]
    frozen = [f"{layer}.{kind}" for layer in ("conv3_1", "conv3_2", "conv3_3", "fc7") for kind in ("weight", "bias")]
    assert names == [*frozen, "score_fr.bias", "upscore.weight"]


def test_a_frozen_run_goes_on_as_if_it_had_never_stopped(tmp_path):
    settings = {"freeze": ["conv1*", "fc7"], "epochs": 2, "model": "fcn16s"}
    whole = tiny.trainer(tmp_path / "whole", **settings)
    whole.run(tiny.Silent())
    tiny.stop_after(2, tiny.trainer(tmp_path / "halves", **settings))
    again = tiny.trainer(tmp_path / "halves", resume=True, **settings)
    again.run(tiny.Silent())
    for name, array in whole.model.state_dict().items():
        np.testing.assert_array_equal(array, again.model.state_dict()[name], err_msg=name)


@pytest.mark.parametrize(
    "wrong", [{"loss": "median"}, {"sample": 0.0}, {"sample": 1.5}, {"sample": -0.5}, {"freeze": "conv*"}], ids=str
)
def test_settings_that_cannot_be(tmp_path, wrong):
    [name] = wrong
    with pytest.raises(InputError, match=f"--{name}"):
        tiny.trainer(tmp_path / "run", **wrong)
    assert not (tmp_path / "run").exists()


PLAIN = {"momentum": 0.0, "weight_decay": 0.0, "dropout": 0.0, "mirror": False, "schedule": "fixed", "batch_size": 5}


def moved(tmp_path, name, **settings):
    """How far one step on all five scenes moves the score layer's bias, and the loss it says."""
    run = tiny.trainer(tmp_path / name, **PLAIN, **settings)
    tiny.filled(run.model)
    before = run.model.state_dict()["score_fr.bias"].astype("float64")
    watch = tiny.Silent()
    run.run(watch)
    return run.model.state_dict()["score_fr.bias"] - before, watch.rows[0]["loss"]


def test_a_summed_loss_moves_as_many_times_as_far_as_there_are_pixels(tmp_path):
    pixels = sum(int((label != 255).sum()) for _, label in tiny.scenes()[0])
    mean, mean_loss = moved(tmp_path, "mean", lr=0.1)
    summed, loss = moved(tmp_path, "sum", lr=0.1 / pixels, loss="sum")
    np.testing.assert_allclose(summed, mean, rtol=1e-3, atol=1e-7)
    assert loss == pytest.approx(mean_loss, rel=1e-5)  # both are told per pixel
    assert abs(mean).max() > 1e-4


def test_sampling_counts_about_so_many_pixels(tmp_path):
    """The summed gradient of half of the pixels is about half of all; with another seed it is another half."""
    whole, _ = moved(tmp_path, "whole", lr=1e-5, loss="sum")
    half, _ = moved(tmp_path, "half", lr=1e-5, loss="sum", sample=0.5)
    np.testing.assert_allclose(half, whole / 2, atol=0.1 * abs(whole).max())
    assert (half != whole / 2).all()


def test_each_step_samples_other_pixels_and_a_resumed_run_the_same_as_one_that_never_stopped(tmp_path, monkeypatch):
    drawn = []

    def note(labels, probability, rng):
        drawn.append(rng.random())
        return labels

    monkeypatch.setattr("minifcn.training.pieces.sample_pixels", note)
    settings = {"sample": 0.5, "epochs": 2}
    tiny.trainer(tmp_path / "whole", **settings).run(tiny.Silent())
    whole, drawn[:] = list(drawn), []
    assert len(set(whole)) == len(whole) == 6  # three batches an epoch
    tiny.stop_after(4, tiny.trainer(tmp_path / "halves", **settings))
    tiny.trainer(tmp_path / "halves", resume=True, **settings).run(tiny.Silent())
    assert drawn == whole


def test_balance_lets_rare_classes_weigh_more(tmp_path):
    plain = tiny.trainer(tmp_path / "plain")
    assert plain.criterion.criterion.class_weights is None
    weights = tiny.trainer(tmp_path / "balanced", class_balance=True).criterion.criterion.class_weights
    counts = sum(np.bincount(label[label != 255], minlength=7) for _, label in tiny.scenes()[0])
    assert weights[0] == weights[counts > 0].min() < 1 < weights.max()  # the background is everywhere


def test_numbers_and_names_are_shown_as_they_are_typed():
    assert (shown([0, 10, 255]), shown(["leaf", "fruit"])) == ("0 10 255", "leaf fruit")
