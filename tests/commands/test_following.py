"""Following a training: what is said of the classes and of the best epoch."""

from types import SimpleNamespace

import numpy as np
import pytest
import tiny

from minifcn.commands.following import ClassLines, describe
from minifcn.errors import Caution
from minifcn.metrics import ConfusionMatrix


@pytest.mark.parametrize("every, after", [(False, [0, 0, 3]), (True, [3, 3, 3])])
@pytest.mark.parametrize("figures, best", [((0.1, 0.4, 0.3), 2), ((0.1, 0.3, 0.3), 2), ((0.1, 0.2, 0.3), 3)])
def test_a_line_a_class_in_the_end_or_after_each_epoch_and_which_was_the_best(capsys, every, after, figures, best):
    confusion = ConfusionMatrix(2)
    confusion.counts = np.array([[3, 1], [0, 4]])
    history = []
    run = SimpleNamespace(best_figure="mean_iu", progress=SimpleNamespace(history=history), confusion=confusion)
    run.training = SimpleNamespace(classes=("ground", "leaf"))
    lines = ClassLines(run, every)
    for number, lines_then in enumerate(after, 1):
        history.append({"epoch": number, "mean_iu": figures[number - 1]})
        lines.epoch(history[-1], 3)
        said = capsys.readouterr().out.splitlines()
        classes = [
            "     IU  truth  found  (shares in %)",
            "  0.750   50.0   37.5  ground",
            "  0.800   50.0   62.5  leaf",
        ]
        assert said[:3] == classes[:lines_then]
        if number < 3 or best == 3:
            assert len(said) == lines_then
        else:
            words = f"best.npz has the weights of epoch 2, mean IU {figures[1]:.3f}"
            assert said[3:] == [f"{words}; these lines and the pictures are of epoch 3"]


def test_processes_that_would_have_nothing_to_do_are_told(tmp_path, recwarn):
    run = tiny.trainer(tmp_path, batch_size=2)
    describe(run)
    assert not recwarn.list
    run.group = SimpleNamespace(rank=0, size=3)
    with pytest.warns(Caution, match="2 images a step for 3 processes: some have nothing to do; give a larger --batch"):
        describe(run)
