"""Cautions: said when they arise, once, with advice that fits what was used."""

import warnings

import numpy as np
import pytest

from minifcn.errors import Caution
from minifcn.metrics import ConfusionMatrix
from minifcn.training.cautions import Cautions, lower_lr, usual_lr
from minifcn.training.settings import PretrainSettings, Settings

CLASSES = ("background", "leaf", "stem")
ONLY_BACKGROUND = [[90, 0, 0], [8, 0, 0], [2, 0, 0]]
NO_STEM = [[90, 0, 0], [3, 5, 0], [2, 0, 0]]
ALL = [[90, 0, 0], [3, 5, 0], [1, 0, 1]]


def said(counts, settings=None, losses=None, val_losses=None, figures=None, steps_per_epoch=100, classes=CLASSES):
    """What is said after each epoch, with these counts in each (or in all of them)."""
    settings = settings or Settings(epochs=30)
    epochs = len(losses or val_losses or figures or counts)
    cautions = Cautions("FCN-8s", settings, tuple(classes), steps_per_epoch, 1000)
    losses, val_losses, figures = losses or [1.0] * epochs, val_losses or [1.0] * epochs, figures or [0.5] * epochs
    history, lines = [], []
    for number in range(epochs):
        confusion = ConfusionMatrix(len(classes))
        confusion.counts = np.array(counts[number] if np.ndim(counts) == 3 else counts)
        history.append({"loss": losses[number], "val_loss": val_losses[number], "mean_iu": figures[number]})
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", Caution)
            cautions.look(confusion, history, "mean_iu")
        assert all("\n" not in str(warning.message) for warning in caught)
        lines.append([str(warning.message) for warning in caught])
    return lines


def only(lines):
    """The one line among them, and the number of the epoch after which it was said, from 1."""
    [(number, [line])] = [(number, line) for number, line in enumerate(lines, 1) if line]
    return number, line


def test_one_class_for_three_epochs_is_said_after_the_third_and_once():
    number, line = only(said([ALL, *[ONLY_BACKGROUND] * 8]))
    assert number == 4
    assert line.startswith("FCN-8s: only 'background' is predicted, 3 epochs in a row: the network has learned nothing")
    assert only(said([ONLY_BACKGROUND] * 2 + [ALL] + [ONLY_BACKGROUND] * 3))[0] == 6  # in a row


def test_one_class_at_the_end_of_a_short_run_is_said_there_and_then():
    assert only(said([ONLY_BACKGROUND], Settings(epochs=1)))[1].startswith("FCN-8s: only 'background' is predicted:")
    _, line = only(said([ONLY_BACKGROUND] * 2, Settings(epochs=2)))
    assert line.startswith("FCN-8s: only 'background' is predicted, 2 epochs in a row: ")
    assert said([ALL], Settings(epochs=1)) == [[]]
    assert said([[[90, 0, 0], [0, 0, 0], [0, 0, 0]]] * 4) == [[]] * 4  # the truth has no other


EVEN = [[35, 0, 0], [33, 0, 0], [32, 0, 0]]


@pytest.mark.parametrize(
    "settings, steps_per_epoch, there, not_there",
    [
        ({}, 100, ["--init", "--class-balance"], ["--lr", "few"]),
        ({"init": "w.npz"}, 100, ["--class-balance"], ["--init", "--lr"]),
        ({"init": "w.npz", "freeze": ["conv*"]}, 100, ["--freeze"], ["--init"]),
        ({"class_balance": True}, 100, ["--init"], ["--class-balance"]),
        ({}, 4, ["train longer (120 steps in all are few: --recipe small or --epochs 250)"], []),
        ({"lr": 1.0}, 100, ["a lower --lr: 0.02, the default"], []),
        ({"lr": 1e-5}, 100, ["a higher --lr (0.02 is usual)"], []),
        ({"lr": 1e-5, "init": "w.npz"}, 100, [], ["--lr"]),  # as in fine-tuning
        ({"init": "w.npz", "class_balance": True}, 100, ["train longer"], ["--init", "--class-balance", "--lr"]),
    ],
)
def test_advice_fits_what_was_used(settings, steps_per_epoch, there, not_there):
    _, line = only(said([ONLY_BACKGROUND] * 3, Settings(epochs=30, **settings), steps_per_epoch=steps_per_epoch))
    assert all(words in line for words in there) and not any(words in line for words in not_there), line


def test_rare_classes_are_not_the_reason_where_none_is_rare():
    assert "--class-balance" not in only(said([EVEN] * 3))[1]


def test_a_classifier_is_not_advised_what_its_command_has_not():
    assert "--class-balance" not in only(said([ONLY_BACKGROUND] * 3, PretrainSettings(epochs=30)))[1]


def test_classes_never_found_are_named_at_the_end():
    number, line = only(said([NO_STEM] * 4, Settings(epochs=4), steps_per_epoch=1000))
    assert number == 4
    assert line == (
        "FCN-8s: never found, though the truth has it: 'stem' (2 %); "
        "let rare classes weigh more (--class-balance) or more images of it"
    )
    lines = said([ONLY_BACKGROUND] * 3, Settings(epochs=3), steps_per_epoch=1000)
    assert [len(line) for line in lines] == [0, 0, 1]  # not the same in other words, too
    lines = said([ONLY_BACKGROUND] * 4, Settings(epochs=4, class_balance=True), steps_per_epoch=1000)
    assert [len(line) for line in lines] == [0, 0, 1, 1]
    assert lines[3][0].endswith("has them: 'leaf' (8 %), 'stem' (2 %); more images of them")


def test_of_many_classes_never_found_five_are_named():
    counts = np.zeros((8, 8), int)
    counts[:, 0], counts[1, 1] = 10, 10  # classes 2 to 7 are taken for the first
    line = only(said(counts, Settings(epochs=1), classes="abcdefgh", steps_per_epoch=1000))[1]
    assert "'c' (11 %), 'd' (11 %), 'e' (11 %), 'f' (11 %), 'g' (11 %) and 1 more;" in line
    line = only(said(counts[:7, :7], Settings(epochs=1), classes="abcdefg", steps_per_epoch=1000))[1]
    assert "'g' (12 %);" in line and "more;" not in line


def test_a_loss_that_rises_is_told_with_a_lower_learning_rate():
    rising = [1.0, 0.8, 0.9, 1.0, 1.1, 1.2]
    number, line = only(said(ALL, losses=rising))
    assert number == 5 and "risen for 3 epochs, from 0.8 to 1.1; a lower --lr, 0.002 say" in line
    for losses in ([1.0, 0.8, 0.9, 0.85, 0.9, 1.0], [1.0, 1.01, 1.02, 1.03], [0.9, 0.8, 0.7, 0.6]):
        assert not any(said(ALL, losses=losses))


def test_overfitting_is_told_once_neither_loss_nor_figure_has_got_better_for_five_epochs():
    losses, figures = [1 / n for n in range(1, 10)], [0.4, 0.5, 0.6, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]
    growing = [1.0, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2]
    number, line = only(said(ALL, losses=losses, val_losses=growing, figures=figures))
    assert number == 8 and "since epoch 2 the validation loss has grown from 0.5 to 1.1" in line
    assert "best.npz keeps the weights of epoch 3" in line and "--jitter" in line and "--mirror" not in line
    assert not any(said(ALL, losses=losses, val_losses=growing, figures=[*figures[:6], 0.7, 0.7, 0.7]))  # better still
    assert not any(said(ALL, losses=losses, val_losses=[0.5] * 9, figures=figures))  # it stays as it is
    assert not any(said(ALL, losses=[1.0] * 9, val_losses=growing, figures=figures))  # training got no better either


@pytest.mark.parametrize(
    "settings, advice",
    [
        ({"lr": 1e6}, "a lower --lr: 0.02, the default"),
        ({"lr": 0.3}, "a lower --lr: 0.02, the default"),
        ({"lr": 0.2}, "a lower --lr: 0.02, the default"),
        ({"lr": 0.1}, "a lower --lr, 0.01 say"),
        ({"lr": 0.02}, "a lower --lr, 0.002 say"),
        ({"lr": 1e-4}, "a lower --lr, 1e-05 say"),
        # a mean over 1000 pixels moves the weights 1000 times less than their sum
        ({"lr": 0.02, "loss": "sum"}, "a lower --lr: 2e-05, the default 0.02 brought to a sum over 1,000 pixels"),
        ({"lr": 1e-10, "loss": "sum"}, "a lower --lr, 1e-11 say"),
        # momentum 0.99 goes ten times as far as 0.9 in the long run
        ({"lr": 0.2, "momentum": 0.99}, "a lower --lr: 0.002, the default 0.02 brought to momentum 0.99"),
    ],
)
def test_a_lower_learning_rate_is_never_one_that_is_plainly_too_high(settings, advice):
    assert lower_lr(Settings(**settings), 1000) == advice


def test_each_command_has_its_own_usual_learning_rate():
    assert usual_lr(Settings(momentum=0.0), 1000) == 0.02 and usual_lr(PretrainSettings(), 1000) == 0.006
