"""Training: what a step does, what a run leaves behind, and how it stops when it cannot go on."""

import csv
import itertools
import json
import signal
from types import SimpleNamespace

import numpy as np
import pytest
import tiny

from minifcn.backend import to_device
from minifcn.data import VOID, Dataset, Preprocessing, Scenes
from minifcn.errors import InputError
from minifcn.layers import Dropout, SoftmaxCrossEntropy
from minifcn.models import FCN16s, FCN32s
from minifcn.training import trainer as training
from minifcn.training.stopping import Stopped
from minifcn.weights.loading import load_model
from minifcn.weights.npz import load_arrays, save_arrays

PLAIN = {"momentum": 0.0, "weight_decay": 0.0, "dropout": 0.0, "mirror": False, "schedule": "fixed", "lr": 0.1}


class Pairs(Dataset):
    """A data set of the pairs that it is given, with the classes of scenes."""

    name = "pairs"
    classes, palette, mean, std = Scenes.classes, Scenes.palette, Scenes.mean, Scenes.std

    def __init__(self, pairs):
        self.pairs = pairs

    def __len__(self):
        return len(self.pairs)

    def load(self, index):
        return self.pairs[index]


def pairs(count, void=()):
    """The first tiny scenes, with growing void borders so that no two count alike; those in `void` all void."""
    found = []
    for number in range(count):
        image, label = tiny.scenes(count)[0][number]
        label[: 8 * number] = VOID
        if number in void:
            label[:] = VOID
        found.append((image, label))
    return Pairs(found)


def weights(trainer):
    return trainer.model.state_dict()


def test_each_step_drops_other_channels(tmp_path, monkeypatch):
    masks, forward = [], Dropout.forward

    def note(layer, x):
        y = forward(layer, x)
        if layer.training:
            masks.append(layer.kept()[0].tobytes())
        return y

    monkeypatch.setattr(Dropout, "forward", note)
    tiny.trainer(tmp_path, dropout=0.5, epochs=2, datasets=tiny.scenes(4), fc_channels=32).run(tiny.Silent())
    assert len(masks) == len(set(masks)) == 4 * 2  # of 4 steps, behind fc6 and fc7


def test_it_learns_and_leaves_everything_behind(tmp_path):
    run = tiny.trainer(tmp_path / "run", model="fcn8s", epochs=8, lr=0.05, dropout=0.0, datasets=tiny.scenes(8))
    watch = tiny.Silent()
    run.run(watch)
    losses = [row["loss"] for row in watch.rows]
    assert losses[-1] < 0.8 * losses[0] < 0.8 * 1.01 * np.log(7)  # zero scores at first: log of 7 classes

    files = tiny.listing(tmp_path / "run")
    assert files.keys() == {"config.json", "history.csv", "last.npz", "best.npz"}
    config = json.loads(files["config.json"])
    assert config["model"] == "fcn8s" and config["epochs"] == 8 and config["lr"] == 0.05 and config["crop"] is None
    with open(tmp_path / "run" / "history.csv", newline="") as file:
        history = list(csv.DictReader(file))
    assert [float(row["loss"]) for row in history] == losses
    assert [row["epoch"] for row in history] == [str(n) for n in range(1, 9)]
    assert history[0].keys() == {
        *("epoch", "loss", "val_loss", "pixel_accuracy", "mean_accuracy", "mean_iu", "frequency_weighted_iu"),
        *("lr", "images_per_second"),
    }
    _, about = load_model(tmp_path / "run" / "best.npz")
    assert about["classes"] == list(Scenes.classes) and about["palette"] == Scenes.palette.tolist()
    assert about["data"] == "scenes"
    assert about["preprocessing"] == {"mean": list(Scenes.mean), "std": list(Scenes.std), "channels": "RGB"}


def test_images_a_second_are_those_of_the_epoch(tmp_path, monkeypatch):
    clock = itertools.count()
    monkeypatch.setattr(training.time, "monotonic", lambda: next(clock) / 8)
    watch = tiny.Silent()
    tiny.trainer(tmp_path, epochs=1).run(watch)  # 5 images in 3 steps: the clock is read before, after each, at the end
    assert watch.rows[0]["images_per_second"] == 5 / (4 / 8)


def test_pixels_of_a_batch_are_those_of_its_crops_that_count(tmp_path):
    def pixels(**settings):
        return tiny.trainer(tmp_path, batch_size=3, **settings).batch_pixels()

    assert pixels() == 3 * 32 * 32
    assert pixels(crop=16) == 3 * 16 * 16 and pixels(crop=64) == 3 * 32 * 32
    assert pixels(crop=16, sample=0.5) == 3 * 16 * 16 / 2


def test_the_history_is_there_after_each_epoch(tmp_path):
    counts, watch = [], tiny.Silent()
    watch.epoch = lambda *_: counts.append(len((tmp_path / "history.csv").read_text().splitlines()))
    tiny.trainer(tmp_path, epochs=3).run(watch)
    assert counts == [2, 3, 4]  # and the names of its columns


def test_best_holds_the_epoch_with_the_best_mean_iu(tmp_path, monkeypatch):
    figures = iter([0.2, 0.5, 0.3, 0.5])
    seen = []

    def evaluate(model, *_):
        seen.append(model.state_dict())
        values = dict.fromkeys(("pixel_accuracy", "mean_accuracy", "frequency_weighted_iu"), 0.9)
        return SimpleNamespace(mean_iu=next(figures), counts=np.eye(7), **values), 1.0

    monkeypatch.setattr(training, "evaluate", evaluate)
    run = tiny.trainer(tmp_path / "run", epochs=4, lr=0.1)
    run.run(tiny.Silent())
    best, about = load_arrays(run.folder.best)
    assert about["scores"]["epoch"] == 2 and about["scores"]["mean_iu"] == 0.5
    last, _ = load_arrays(run.folder.last)
    for name, array in seen[1].items():
        np.testing.assert_array_equal(best[name], array)
        np.testing.assert_array_equal(last[name], seen[3][name])
    assert (best["score_fr.weight"] != last["score_fr.weight"]).any()


def mean_gradients(run, groups):
    """{name: mean over `groups` (arrays of indices) of the gradient of a batch's mean loss}, in float64."""
    model = type(run.model)(**run.model.settings).astype("float64").train()
    model.load_state_dict(weights(run))
    criterion = SoftmaxCrossEntropy()
    for group in groups:
        images = np.stack([run.preprocessing(run.training[int(i)][0]) for i in group]).astype("float64")
        labels = np.stack([run.training[int(i)][1] for i in group])
        criterion(model(images), labels)
        model.backward(criterion.backward())
    return {name: parameter.grad / len(groups) for name, parameter in model.named_parameters()}


def assert_one_step(run, before, expected):
    """The weights have moved by -0.1 x gradient, biases by twice that, the upsampling not at all."""
    assert any(gradient.any() for gradient in expected.values())
    for name, array in weights(run).items():
        rate = 0.0 if name.startswith("upscore") else 0.2 if name.endswith("bias") else 0.1
        moved = array.astype("float64") - before[name]
        wanted = -rate * expected[name]
        np.testing.assert_allclose(moved, wanted, rtol=1e-3, atol=1e-4 * abs(wanted).max() + 1e-7, err_msg=name)


def test_accumulated_batches_make_one_step_on_the_mean_of_their_gradients(tmp_path):
    run = tiny.trainer(tmp_path / "run", datasets=(pairs(4), pairs(1)), accumulate=2, **PLAIN)
    tiny.filled(run.model)
    order = [indices for _, _, indices in run.batches.epoch(0)]
    assert [len(group) for group in order] == [2, 2]
    before, expected = weights(run), mean_gradients(run, order)
    run.run(tiny.Silent())
    assert run.progress.step == 1
    assert_one_step(run, before, expected)


def test_what_is_left_over_at_the_end_of_an_epoch_is_a_step_of_its_own(tmp_path):
    run = tiny.trainer(tmp_path / "run", datasets=(pairs(3), pairs(1)), accumulate=2, batch_size=1, **PLAIN)
    tiny.filled(run.model)
    order = [indices for _, _, indices in run.batches.epoch(0)]
    befores, expected = [], []

    def look(step):
        if step == 1:
            befores.append(weights(run))
            expected.append(mean_gradients(run, order[2:]))

    run.run(tiny.Silent(look))
    assert run.progress.step == 2
    assert_one_step(run, befores[0], expected[0])


@pytest.mark.parametrize(
    "epoch_steps, accumulate, passes, steps",
    [(1, 1, 1, 3), (3, 1, 1, 3), (4, 1, 2, 5), (5, 1, 2, 5), (6, 1, 3, 8), (3, 2, 2, 3)],
)
def test_few_images_are_shown_as_often_as_an_epoch_has_steps(tmp_path, epoch_steps, accumulate, passes, steps):
    """Five images, two a batch: 5, 10 and 15 images make 3, 5 and 8 batches."""
    run = tiny.trainer(tmp_path / "run", epoch_steps=epoch_steps, accumulate=accumulate, epochs=2)
    rates = [run.lr_at(step) for step in (0, 2 * steps - 1, 2 * steps)]
    assert rates[0] > rates[1] > rates[2] == 0  # the schedule knows of them
    tiny.stop_after(steps + 1, run)  # in the second epoch
    assert (run.progress.epoch, run.progress.step) == (1, steps + 1)
    assert run.batches.passes == passes


def test_a_run_stopped_while_images_are_shown_again_goes_on_as_if_it_had_never_stopped(tmp_path):
    settings = {"epoch_steps": 4, "epochs": 2, "jitter": 3}
    whole = tiny.trainer(tmp_path / "whole", **settings)
    whole.run()
    tiny.stop_after(9, tiny.trainer(tmp_path / "halves", **settings))  # in the second epoch's second pass
    again = tiny.trainer(tmp_path / "halves", resume=True, **settings)
    again.run()
    assert again.progress.step == 10
    for name, array in weights(whole).items():
        np.testing.assert_array_equal(array, weights(again)[name], err_msg=name)


def test_a_batch_that_is_all_void_is_left_out_of_the_mean(tmp_path):
    data = pairs(2, void=[1])
    run = tiny.trainer(tmp_path / "run", datasets=(data, pairs(1)), accumulate=2, batch_size=1, **PLAIN)
    tiny.filled(run.model)
    before, expected = weights(run), mean_gradients(run, [[0]])
    run.run(tiny.Silent())
    assert_one_step(run, before, expected)


@pytest.fixture
def unlooked(monkeypatch):
    """No look at the data before: what crops may make void, for instance, shows in a step alone."""
    monkeypatch.setattr(training, "check_learnable", lambda *_: None)


@pytest.mark.parametrize("void", [([0, 1], []), ([], [0])])
def test_all_void_labels_are_an_error_before_anything_begins(tmp_path, void):
    with pytest.raises(InputError, match=r"void \(255\): there is nothing to (learn|count)"):
        tiny.trainer(tmp_path / "run", datasets=(pairs(2, void=void[0]), pairs(1, void=void[1])))
    assert not (tmp_path / "run").exists()


def test_a_step_whose_labels_are_all_void_changes_nothing(tmp_path, unlooked):
    run = tiny.trainer(tmp_path / "run", datasets=(pairs(2, void=[0, 1]), pairs(1)))
    before = weights(run)
    with pytest.raises(InputError, match="all labels of pairs are void"):
        run.run(tiny.Silent())
    for name, array in weights(run).items():
        np.testing.assert_array_equal(array, before[name])


def test_all_void_validation_labels_are_an_error(tmp_path, unlooked):
    run = tiny.trainer(tmp_path / "run", datasets=(pairs(2), pairs(1, void=[0])))
    with pytest.raises(InputError, match="all labels of pairs are void"):
        run.run(tiny.Silent())


@pytest.mark.parametrize(
    "schedule, expected",  # 2 epochs of 3 batches, 2 batches a step: 4 steps
    [
        ("fixed", [0.1, 0.1, 0.1, 0.1]),
        ("polynomial", [0.1, 0.1 * 0.75**0.9, 0.1 * 0.5**0.9, 0.1 * 0.25**0.9]),
        ("step", [0.1, 0.1, 0.01, 0.01]),
        ("cosine", [0.1, 0.1 * (2 + 2**0.5) / 4, 0.05, 0.1 * (2 - 2**0.5) / 4]),
    ],
)
def test_each_step_has_its_learning_rate(tmp_path, schedule, expected):
    run = tiny.trainer(tmp_path / "run", epochs=2, lr=0.1, accumulate=2, schedule=schedule)
    rates = []
    watch = tiny.Silent(lambda _: rates.append(run.optimizer.lr))
    run.run(watch)
    np.testing.assert_allclose(rates, expected, rtol=1e-12)
    np.testing.assert_allclose([row["lr"] for row in watch.rows], expected[1::2], rtol=1e-12)


@pytest.mark.parametrize("upsampling", ["fixed", "learned"])
def test_upsampling_moves_only_if_it_is_to_be_learned(tmp_path, upsampling):
    run = tiny.trainer(tmp_path / "run", model="fcn8s", epochs=2, lr=0.1, upsampling=upsampling)
    before = weights(run)
    run.run(tiny.Silent())
    for name, array in weights(run).items():
        frozen = name.startswith("up") and upsampling == "fixed"
        assert (array == before[name]).all() == frozen, name


def test_crop_makes_all_images_of_one_size(tmp_path):
    run = tiny.trainer(tmp_path / "run", crop=20, jitter=2)
    images, labels, _ = next(iter(run.batches.epoch(0)))
    assert images.shape == (2, 3, 20, 20) and labels.shape == (2, 20, 20)


def test_recomputing_trains_the_same_network(tmp_path):
    runs = [tiny.trainer(tmp_path / str(again), model="fcn8s", recompute=again, dropout=0.5) for again in (False, True)]
    for run in runs:
        run.run(tiny.Silent())
    assert runs[1].model.recompute == ("pool1", "pool2", "pool3", "pool4", "pool5", "score_fr")
    for one, other in zip(*(weights(run).values() for run in runs), strict=True):
        np.testing.assert_array_equal(one, other)


def test_mirror_can_be_left_out(tmp_path):
    images = {}
    for mirror in (True, False):
        run = tiny.trainer(tmp_path / str(mirror), mirror=mirror, batch_size=5)
        [(images[mirror], _, order)] = run.batches.epoch(0)
    plain = np.stack([run.preprocessing(run.training[int(i)][0]) for i in order])
    np.testing.assert_array_equal(images[False], plain)
    mirrored = (images[True] == plain[..., ::-1]).all(axis=(1, 2, 3))
    assert 0 < mirrored.sum() < 5
    np.testing.assert_array_equal(images[True][~mirrored], plain[~mirrored])


def test_a_finer_network_starts_from_a_coarser_one_by_name(tmp_path):
    coarse = tiny.save_network(tmp_path / "32s.npz", "fcn32s", channels="BGR", mean=(1, 2, 3), std=(4, 5, 6))
    run = tiny.trainer(tmp_path / "run", model="fcn16s", init=str(tmp_path / "32s.npz"))
    shared = [name for name in coarse.state_dict() if name != "upscore.weight"]
    assert run.transplant.copied == shared and len(shared) == 32
    assert run.transplant.left == ["score_pool4.weight", "score_pool4.bias", "upscore2.weight", "upscore16.weight"]
    assert run.transplant.unused == ["upscore.weight"] and run.transplant.reshaped == []
    for name in shared:
        np.testing.assert_array_equal(weights(run)[name], coarse.state_dict()[name])
    assert not weights(run)["score_pool4.weight"].any()
    assert run.preprocessing == Preprocessing((1, 2, 3), (4, 5, 6), "BGR")
    assert run.about["preprocessing"] == {"mean": [1, 2, 3], "std": [4, 5, 6], "channels": "BGR"}
    images, _, order = next(iter(run.batches.epoch(0)))
    image = run.training[int(order[0])][0]
    plain = ((image - np.float32([1, 2, 3])) / np.float32([4, 5, 6]))[..., ::-1].transpose(2, 0, 1)
    assert (images[0] == plain).all() or (images[0] == plain[..., ::-1]).all()  # mirrored, perhaps


def test_weights_to_start_from_must_fit(tmp_path):
    tiny.save_network(tmp_path / "wide.npz", width=1 / 8)
    with pytest.raises(InputError, match=r"wide\.npz: conv1_1\.weight .*\(8, 3, 3, 3\).*\(4, 3, 3, 3\)"):
        tiny.trainer(tmp_path / "run", init=str(tmp_path / "wide.npz"))
    _, about = load_arrays(tmp_path / "wide.npz")
    save_arrays(tmp_path / "none.npz", {"features.0.weight": np.zeros(3)}, about)
    with pytest.raises(InputError, match=r"none\.npz: none of the weights is one of FCN32s's"):
        tiny.trainer(tmp_path / "run", init=str(tmp_path / "none.npz"))
    assert not (tmp_path / "run").exists()


def test_the_settings_make_the_network(tmp_path):
    settings = {"padding": 100, "dropout": 0.25, "upsampling": "learned", "width": 1 / 32, "fc_channels": 5}
    settings["upsampling_kernels"] = "per-class"
    run = tiny.trainer(tmp_path / "run", model="fcn16s", seed=7, momentum=0.5, weight_decay=0.25, **settings)
    assert isinstance(run.model, FCN16s) and run.model.settings == {
        "n_class": 7,
        "backbone": "vgg16",
        "at_once": False,
        "image_size": 224,
        **settings,
    }
    other = FCN16s(7, seed=7, **settings)
    np.testing.assert_array_equal(run.model.state_dict()["conv3_2.weight"], other.state_dict()["conv3_2.weight"])
    assert (run.optimizer.momentum, run.optimizer.weight_decay) == (0.5, 0.25)


def test_another_run_is_replaced_only_if_asked(tmp_path):
    tiny.trainer(tmp_path / "run").run(tiny.Silent())
    before = tiny.listing(tmp_path)
    with pytest.raises(InputError, match="holds another run"):
        tiny.trainer(tmp_path / "run", lr=0.5)
    assert tiny.listing(tmp_path) == before
    tiny.trainer(tmp_path / "run", lr=0.5, overwrite=True).run(tiny.Silent())
    assert json.loads((tmp_path / "run" / "config.json").read_text())["lr"] == 0.5
    assert tiny.listing(tmp_path).keys() == before.keys()


@pytest.mark.parametrize("wrong", [{"padding": 0}, {"padding": 82, "crop": 8}])
def test_images_that_are_too_small_are_refused_before_anything_is_replaced(tmp_path, wrong):
    tiny.trainer(tmp_path / "old").run(tiny.Silent())
    before = tiny.listing(tmp_path)
    for out in ("old", "new"):
        with pytest.raises(InputError, match=f"padding {wrong['padding']}"):
            tiny.trainer(tmp_path / out, overwrite=True, **wrong).run(tiny.Silent())
        assert tiny.listing(tmp_path) == before


@pytest.mark.parametrize(
    "wrong",
    [
        *({"epochs": 0}, {"epochs": -1}, {"batch_size": 0}, {"accumulate": 0}, {"seed": -1}, {"crop": 0}, {"crop": -8}),
        *({"jitter": -1}, {"lr": 0.0}, {"lr": -0.1}, {"lr": float("nan")}, {"lr": float("inf")}, {"width": 0.0}),
        *({"width": float("inf")}, {"fc_channels": 0}, {"momentum": 1.5}, {"weight_decay": -1.0}, {"dropout": 1.0}),
        *({"weight_decay": float("inf")}, {"model": "fcn4s"}, {"schedule": "triangle"}, {"upsampling": "cubic"}),
        *({"padding": -1}, {"padding": "valid"}),
    ],
    ids=str,
)
def test_settings_that_cannot_be_are_refused_before_anything_is_replaced(tmp_path, wrong):
    (tmp_path / "last.npz").write_text("old")
    before = tiny.listing(tmp_path)
    with pytest.raises(InputError):
        tiny.trainer(tmp_path, overwrite=True, **wrong)
    assert tiny.listing(tmp_path) == before


@pytest.fixture
def handler():
    """A handler of Ctrl-C that was there before the run."""

    def mine(*_):
        pytest.fail("the run is over, or has not begun")

    before = signal.signal(signal.SIGINT, mine)
    yield mine
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_saves_says_how_to_go_on_and_puts_the_signal_back(tmp_path, handler):
    run = tiny.trainer(tmp_path / "run")

    def press(step):
        if step == 2:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(Stopped, match=f"go on with: python -m minifcn train --out {tmp_path / 'run'} --resume"):
        run.run(tiny.Silent(press))
    assert signal.getsignal(signal.SIGINT) is handler
    arrays, about = load_arrays(run.folder.last)
    assert about["progress"]["step"] == 2 and about["progress"]["batch"] == 2
    np.testing.assert_array_equal(arrays["score_fr.weight"], weights(run)["score_fr.weight"])


def test_a_second_ctrl_c_does_not_wait(tmp_path, handler):
    run = tiny.trainer(tmp_path / "run")

    def press_twice(_):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt) as stopped:
        run.run(tiny.Silent(press_twice))
    assert not isinstance(stopped.value, Stopped)
    assert (
        load_arrays(run.folder.last)[1]["progress"]["step"] == 1
    )  # the run's first checkpoint, before they were heard
    assert signal.getsignal(signal.SIGINT) is handler


def test_a_long_epoch_is_saved_on_the_way(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "SAVE_SECONDS", 0)
    run = tiny.trainer(tmp_path / "run")
    steps = []
    watch = tiny.Silent(lambda step: step > 1 and steps.append(load_arrays(run.folder.last)[1]["progress"]["step"]))
    run.run(watch)
    assert steps == [1, 2]  # the step before the one just done


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("lr", [1e8, 1e40])
def test_a_run_that_diverges_stops_and_keeps_the_last_good_checkpoint(tmp_path, lr):
    settings = {"epochs": 3, "schedule": "fixed", "lr": 0.01}
    run = tiny.trainer(tmp_path / "run", **settings)

    run.lr_at = lambda number: lr if number >= 4 else 0.01
    with pytest.raises(InputError) as error:
        run.run()
    message = str(error.value)
    assert "\n" not in message and "diverged" in message and f"learning rate {lr:g}" in message
    assert "step 6" in message and "epoch 2" in message and "lower --lr" in message and str(tmp_path / "run") in message
    arrays, about = load_arrays(run.folder.last)
    assert about["progress"]["epoch"] == 1 and about["progress"]["step"] == 3
    assert all(np.isfinite(array).all() for array in arrays.values())
    load_model(run.folder.best)
    tiny.trainer(tmp_path / "run", resume=True, **settings).run(tiny.Silent())  # and it can go on


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_weights_that_are_not_finite_are_never_saved(tmp_path):
    """Where the last step of an epoch, or the one at which Ctrl-C is pressed, is the one that breaks the weights."""
    for name, stop in (("epoch", None), ("ctrl-c", 5)):
        run = tiny.trainer(tmp_path / name, epochs=3, schedule="fixed", lr=0.01)

        def press(step, run=run, stop=stop):
            if step == stop:
                run.stop()

        run.lr_at = lambda number, last=(4 if stop else 5): 1e40 if number == last else 0.01
        with pytest.raises((InputError, Stopped)) as stopped:
            run.run(tiny.Silent(press))
        assert "diverged" in str(stopped.value)
        arrays, about = load_arrays(run.folder.last)
        assert about["progress"]["step"] == 3
        assert all(np.isfinite(array).all() for array in arrays.values())


@pytest.mark.parametrize("bad", [None, np.nan, np.inf, -np.inf])
def test_one_transfer_tells_whether_all_is_finite(bad, device):
    arrays = [np.ones((2, 3), np.float32), np.zeros(4), np.full((1, 2, 2), 1e38, np.float32)]
    if bad is not None:
        arrays[1][3] = bad
    arrays = [to_device(array, "gpu") for array in arrays]
    device.forget()
    assert training.all_finite(arrays) == (bad is None)
    device.assert_copies(waits={"bool()": 1})


def test_the_learned_network_is_in_evaluation_mode_for_pictures_and_training_mode_for_steps(tmp_path):
    modes = []
    run = tiny.trainer(tmp_path / "run", epochs=2)
    run.run(tiny.Silent(lambda _: modes.append(run.model.training)))
    assert modes == [True] * 6 and not run.model.training
    assert isinstance(run.model, FCN32s)


def test_on_the_device(tmp_path, device):
    """It trains, validates, saves and goes on there with the numbers of the CPU."""
    settings = {
        "model": "fcn8s",
        "epochs": 2,
        "accumulate": 2,
        "dropout": 0.4,
        "sample": 0.8,
        "loss": "sum",
        "lr": 1e-4,
    }
    here, there = (tiny.trainer(tmp_path / where, device=where, **settings) for where in ("cpu", "gpu"))
    here.run()
    tiny.stop_after(1, there)
    there = tiny.trainer(tmp_path / "gpu", device="gpu", resume=True, **settings)
    there.run()
    for name, parameter in there.model.named_parameters():
        device.assert_same(parameter.data, weights(here)[name])
    for mine, theirs in zip(there.progress.history, here.progress.history, strict=True):
        assert mine["loss"] == pytest.approx(theirs["loss"], rel=1e-4)
        assert mine["val_loss"] == pytest.approx(theirs["val_loss"], rel=1e-4)


def test_a_training_draws_nothing():
    """Pictures watch from outside: a server without matplotlib's fonts and caches trains as well."""
    loaded = "import sys, minifcn.training.pretraining; sys.exit('matplotlib' in sys.modules)"
    code, _, err = tiny.run(code=loaded)
    assert code == 0, err


def test_it_does_no_more_than_training_needs(tmp_path):
    run = tiny.trainer(tmp_path)
    scores = run.model.train()(np.zeros((1, 3, 32, 32), "float32"))
    assert run.model.backward(np.ones_like(scores)) is None  # nobody asks for the gradient of the images


@pytest.mark.parametrize(
    "settings, datasets, words",
    [
        (None, None, "settings is None, expected Settings"),
        (training.Settings(), 3, r"datasets is 3, expected \(training, validation\)"),
        (training.Settings(), (Scenes("val"),), "datasets is .*, expected .training, validation"),
    ],
)
def test_what_is_no_run(tmp_path, settings, datasets, words):
    with pytest.raises(InputError, match=f"^Trainer: {words}"):
        training.Trainer(settings, tmp_path, datasets=datasets)
