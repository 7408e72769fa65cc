"""A run of several ranks: rank 0 alone has the folder, all stop and fail together, any number goes on."""

import shutil

import numpy as np
import pytest
import tiny
from machines.threads import run_ranks

from minifcn.errors import InputError
from minifcn.machines import ALONE, Group
from minifcn.training.alike import check_alike
from minifcn.training.evaluation import compare
from minifcn.training.pretraining import Pretrainer
from minifcn.training.run_folder import RunFolder
from minifcn.training.settings import PretrainSettings, Settings
from minifcn.training.stopping import Stopped
from minifcn.training.trainer import Trainer
from minifcn.weights.npz import load_arrays

SMALL = {"width": 1 / 16, "fc_channels": 8, "batch_size": 3, "accumulate": 2, "epochs": 2}
RANDOM = {"dropout": 0.4, "jitter": 3, "sample": 0.7, "class_balance": True}


def make(group, folder, resume=False, datasets=None, kind=Trainer, **settings):
    """A Trainer on 7 scenes (3 steps of 6, 1 image an epoch); other ranks than 0 see no folder where the run is."""
    own = folder if group.rank == 0 else folder / "unseen" / str(group.rank)
    own = own / "run"
    kind_of = {Trainer: Settings, Pretrainer: PretrainSettings}[kind]
    settings = kind_of(**SMALL | settings)
    return kind(settings, own, resume=resume, datasets=datasets or tiny.scenes(7, 3), group=group)


def run(group, folder, stop=None, **how):
    """Train; `stop` is (rank, step), where that rank is asked to stop. Returns (weights, progress)."""
    trainer, note = make(group, folder, **how), Trainer._note

    def noted(step):
        note(trainer, step)
        if (group.rank, step.number + 1) == stop:
            trainer.stop()

    trainer._note = noted
    if stop:
        with pytest.raises(Stopped, match=r"^stopped and saved; go on with: python -m minifcn train --out "):
            trainer.run()
    else:
        trainer.run()
    return trainer.model.state_dict(), trainer.progress


def assert_same(ranks, weights, rtol=0.0):
    """All ranks have these weights: the same bits, or almost."""
    for own, _ in ranks:
        for name, array in own.items():
            np.testing.assert_allclose(array, weights[name], rtol=rtol, atol=rtol, err_msg=name)


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """What a run of one process leaves: (weights, progress)."""
    return run(ALONE, tmp_path_factory.mktemp("alone"), **RANDOM)


def test_only_the_first_rank_writes_and_all_end_as_one_process_does(tmp_path, alone):
    ranks = run_ranks(3, lambda group: run(group, tmp_path, **RANDOM))
    assert_same(ranks, ranks[0][0])
    assert_same(ranks, alone[0], 1e-5)
    assert set(tiny.listing(tmp_path)) == {"run"} | {
        f"run/{name}" for name in ("config.json", "history.csv", "last.npz", "best.npz")
    }
    for _, progress in ranks:
        assert progress.step == alone[1].step == 4
        for row, expected in zip(progress.history, alone[1].history, strict=True):
            for column in ("loss", "val_loss", "pixel_accuracy", "mean_iu"):
                assert row[column] == pytest.approx(expected[column], rel=1e-3), column


@pytest.mark.parametrize("stop", [(1, 1), (0, 2), (2, 3)])
def test_any_rank_stops_all_and_any_number_goes_on(tmp_path, alone, stop):
    """The last step of an epoch, too: what is validated then is the resumed run's."""
    whole = run_ranks(3, lambda group: run(group, tmp_path / "whole", **RANDOM))
    ranks = run_ranks(3, lambda group: run(group, tmp_path / "halves", stop=stop, **RANDOM))
    assert [progress.step for _, progress in ranks] == [stop[1]] * 3
    assert load_arrays(tmp_path / "halves/run/last.npz")[1]["progress"]["step"] == stop[1]
    for size in (1, 2, 3):
        folder = tmp_path / str(size)
        shutil.copytree(tmp_path / "halves", folder)
        again = run_ranks(size, lambda group: run(group, folder, resume=True, **RANDOM))  # noqa: B023
        assert_same(again, whole[0][0], 0 if size == 3 else 1e-5)
        assert not (folder / "unseen").exists()


def test_pretraining_too(tmp_path):
    how = {"kind": Pretrainer, "model": "vgg11", "crop": 16, "dropout": 0.4, "datasets": tiny.scenes(7, 3)}
    weights, progress = run(ALONE, tmp_path / "alone", **how)
    ranks = run_ranks(2, lambda group: run(group, tmp_path / "ranks", **how))
    assert_same(ranks, weights, 1e-5)
    assert ranks[1][1].history[0]["accuracy"] == progress.history[0]["accuracy"]


def test_weights_to_start_from_need_lie_where_the_first_rank_is_alone(tmp_path):
    net = tiny.save_network(tmp_path / "w.npz")
    for rank, trainer in enumerate(
        run_ranks(2, lambda g: make(g, tmp_path, init=str(tmp_path / f"{'wx'[g.rank]}.npz")))
    ):
        assert trainer.group.rank == rank and len(trainer.transplant.copied) == len(net.state_dict())
        for name, array in trainer.model.state_dict().items():
            np.testing.assert_array_equal(array, net.state_dict()[name])


@pytest.mark.parametrize("part", ["training", "validation"])
def test_a_picture_that_breaks_costs_nothing_that_was_trained(tmp_path, part):
    def train(group):
        trainer = make(group, tmp_path)
        order = [int(i) for _, _, indices in trainer.batches.epoch(0) for i in indices]
        broken = {"training": group.gather(order)[1][-1], "validation": 2}[part]  # rank 1's, of the second step
        dataset = getattr(trainer, part)
        load = dataset.load

        def fail(index):
            if index == broken:
                raise InputError(f"{index}.png is no picture")
            return load(index)

        dataset.load = fail
        with pytest.raises(InputError) as told:
            trainer.run()
        return str(told.value), trainer.progress.step

    (told, step), (other, others) = run_ranks(2, train)
    assert told == other and step == others == (1 if part == "training" else 2)
    assert told.startswith("rank 1 on ") and ".png is no picture; what is trained is saved: mend this, and" in told
    assert load_arrays(tmp_path / "run/last.npz")[1]["progress"]["step"] == step


def test_a_run_that_diverges_says_the_same_in_all_ranks(tmp_path):
    def train(group):
        trainer = make(group, tmp_path, lr=1e30, schedule="fixed")
        trainer.folder = RunFolder(tmp_path / "run")  # by the same name everywhere
        with np.errstate(all="ignore"), pytest.raises(InputError) as told:
            trainer.run()
        return str(told.value)

    first, second = run_ranks(2, train)
    assert first == second and "training diverged, learning rate 1e+30 is too high" in first


def test_another_run_s_folder_is_refused_in_all_ranks(tmp_path):
    run_ranks(2, lambda group: run(group, tmp_path, epochs=1))

    def again(group):
        with pytest.raises(InputError, match="holds another run"):
            make(group, tmp_path)
        return True

    assert run_ranks(2, again) == [True] * 2


@pytest.mark.parametrize(
    "other, differs",
    [
        ({"seed": 4}, r"seed 4, rank 0 on .* 0"),
        ({"datasets": tiny.scenes(6, 3)}, r"training images 6 \(.*\), rank 0 on .* 7 \("),
        ({"datasets": tiny.scenes(7, 2)}, r"validation images 2 \("),
    ],
)
def test_ranks_that_are_not_alike_are_refused(tmp_path, other, differs):
    def start(group):
        with pytest.raises(
            InputError, match=f"^rank 1 on .* has {differs}.*: give all processes the same program, opt"
        ):
            make(group, tmp_path, **other if group.rank == 1 else {})
        return True

    assert run_ranks(3, start) == [True] * 3


def test_another_version_is_refused():
    class Other(Group):
        def gather(self, value):
            return [value, ("elsewhere", value[1] | {"version": "0.0.1"})]

    with pytest.raises(InputError, match=r"^rank 1 on elsewhere has version 0\.0\.1, rank 0 on "):
        check_alike(Other(), Settings(), *tiny.scenes(1, 1))


def test_the_first_rank_alone_may_validate(tmp_path):
    """As it does for the pictures of a run that was finished before."""

    def validate(group):
        trainer = make(group, tmp_path)
        return trainer.validate(group=group), trainer.validate() if group.rank == 0 else None

    (first, alone), (second, _) = run_ranks(2, validate)
    assert first == second == pytest.approx(alone, rel=1e-6)


def test_several_ranks_compare_as_one_process_does(tmp_path):
    validation = tiny.scenes(1, 5)[1]
    for name in ("fcn32s", "fcn8s"):
        tiny.save_network(tmp_path / f"{name}.npz", name)
    paths = [tmp_path / f"{name}.npz" for name in ("fcn32s", "fcn8s")]
    expected, rows = compare(paths, validation)
    for rank, (results, own) in enumerate(run_ranks(3, lambda group: compare(paths, validation, group=group))):
        assert [name for name, _ in results] == ["FCN-32s", "FCN-8s"]
        for (_, confusion), (_, wanted) in zip(results, expected, strict=True):
            np.testing.assert_array_equal(confusion.counts, wanted.counts)
        assert len(own) == (len(rows) if rank == 0 else 0)
