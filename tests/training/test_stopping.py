"""However a training is asked to stop, and in whichever thread it runs, it goes on to the same bits."""

import shutil
import signal
import threading

import numpy as np
import pytest
import tiny

from minifcn import optim
from minifcn.errors import InputError
from minifcn.training.stopping import Stopped
from minifcn.weights.npz import load_arrays

SETTINGS = {"epochs": 2, "accumulate": 2, "dropout": 0.4, "jitter": 3}  # 3 batches an epoch: 2 steps


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    """The weights of a run that was never stopped."""
    run = tiny.trainer(tmp_path_factory.mktemp("unbroken"), **SETTINGS)
    run.run()
    return run.model.state_dict()


def assert_same(run, expected):
    for name, array in run.model.state_dict().items():
        np.testing.assert_array_equal(array, expected[name], err_msg=name)


def in_a_thread(function):
    """What `function` raised in a thread of its own, or None."""
    raised = []

    def catch():
        try:
            function()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=catch)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    return raised[0] if raised else None


def test_it_trains_in_any_thread(tmp_path, unbroken):
    before = signal.getsignal(signal.SIGINT)
    run, handlers = tiny.trainer(tmp_path, **SETTINGS), []
    watch = tiny.Silent(lambda _: handlers.append(signal.getsignal(signal.SIGINT)))
    assert in_a_thread(lambda: run.run(watch)) is None
    assert handlers == [before] * 4  # which is the main thread's own affair
    assert_same(run, unbroken)


def test_two_train_at_once(tmp_path, unbroken):
    runs = [tiny.trainer(tmp_path / name, **SETTINGS) for name in ("one", "other")]
    threads = [threading.Thread(target=run.run) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for run in runs:
        assert run.progress.epoch == 2
        assert_same(run, unbroken)


def test_another_thread_asks_it_to_stop(tmp_path, unbroken):
    run = tiny.trainer(tmp_path, **SETTINGS)
    reached, asked = threading.Event(), threading.Event()

    def wait(step):
        if step == 3:
            reached.set()
            assert asked.wait(60)

    def ask():
        assert reached.wait(60)
        run.stop()
        asked.set()

    asking = threading.Thread(target=ask)
    asking.start()
    stopped = in_a_thread(lambda: run.run(tiny.Silent(wait)))
    asking.join(60)
    assert isinstance(stopped, Stopped) and f"train --out {tmp_path} --resume" in str(stopped)
    assert load_arrays(run.folder.last)[1]["progress"]["step"] == 3
    again = tiny.trainer(tmp_path, resume=True, **SETTINGS)
    again.run()
    assert_same(again, unbroken)


def test_what_was_stopped_goes_on_where_it_is(tmp_path, unbroken):
    """As in a notebook, where the trainer is still there."""
    run = tiny.trainer(tmp_path, **SETTINGS)
    for step in (1, 2):
        tiny.stop_after(step, run)
    assert run.progress.step == 3
    run.run()
    assert_same(run, unbroken)


def interrupted_by(monkeypatch, run, owner, name, call):
    """Run until the nth call of this method, in which a KeyboardInterrupt comes; returns what `run` raised."""
    calls, method = [], getattr(owner, name)

    def interrupt(*arguments, **options):
        calls.append(name)
        if len(calls) == call:
            method(*arguments, **options)
            raise KeyboardInterrupt
        return method(*arguments, **options)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt) as interrupted:
        patch.setattr(owner, name, interrupt)
        run.run()
    return interrupted.value


@pytest.mark.parametrize(
    "name, call, step",  # an epoch is 2 + 1 batches and the validation
    [("forward", 3, 1), ("backward", 2, 0), ("backward", 4, 2), ("forward", 4, 2), ("eval", 1, 2)],
)
def test_an_interrupt_that_no_handler_turns_into_a_question_is_saved_too(
    tmp_path, monkeypatch, unbroken, name, call, step
):
    """Before the weights have moved the step under way is dropped; in a notebook the run goes on from there."""
    run = tiny.trainer(tmp_path, **SETTINGS)
    stopped = interrupted_by(monkeypatch, run, run.model, name, call)
    assert run.progress.step == step
    if step == 0:  # the folder was not yet taken
        assert not isinstance(stopped, Stopped) and not run.folder.config.exists()
        run.run()
        return assert_same(run, unbroken)
    assert isinstance(stopped, Stopped) and load_arrays(run.folder.last)[1]["progress"]["step"] == step
    shutil.copytree(tmp_path, tmp_path / "copy")
    again = tiny.trainer(tmp_path / "copy", resume=True, **SETTINGS)
    again.run()
    assert_same(again, unbroken)
    run.run()
    return assert_same(run, unbroken)


def test_what_another_one_has_trained_meanwhile_is_not_gone_back_on(tmp_path, unbroken):
    run = tiny.trainer(tmp_path, **SETTINGS)
    tiny.stop_after(1, run)
    again = tiny.trainer(tmp_path, resume=True, **SETTINGS)
    again.run()
    before = tiny.times(tmp_path)
    with pytest.raises(InputError, match="another training has saved there meanwhile; --resume goes on"):
        run.run()
    assert tiny.times(tmp_path) == before
    assert_same(again, unbroken)


def test_an_interrupt_while_the_weights_move_saves_no_half_step(tmp_path, monkeypatch, unbroken):
    run = tiny.trainer(tmp_path, **SETTINGS)
    parameters = sum(p.trainable for p in run.model.parameters())
    in_third_step = 2 * parameters + 5  # the second epoch's first
    stopped = interrupted_by(monkeypatch, run, optim, "sgd_update", in_third_step)
    assert not isinstance(stopped, Stopped) and run.optimizer.steps == 3
    assert load_arrays(run.folder.last)[1]["progress"]["step"] == 2
    again = tiny.trainer(tmp_path, resume=True, **SETTINGS)
    again.run()
    assert_same(again, unbroken)
