"""Who keeps the others waiting is named, by one of them."""

import re
import socket
import time

import numpy as np
import pytest

from minifcn.machines import messages

from .threads import run_ranks

HOSTS = ["a", "b", "c", "d"]


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(messages, "BEAT", 0.05)
    monkeypatch.setattr(messages, "PATIENCE", 0.4)


def said(capsys):
    """The lines on standard error, without their seconds."""
    return [re.sub(r" [\d.]+ s ", " S ", line) for line in capsys.readouterr().err.splitlines()]


def on_hosts(function):
    def run(group):
        group.messages.hosts = HOSTS[: group.size]
        return function(group)

    return run


@pytest.mark.parametrize(
    "late, line",
    [
        ([2], "minifcn: rank 0 on a has waited S for rank 2 on c"),
        ([0], "minifcn: rank 1 on b has waited S for rank 0 on a"),
        ([0, 2], "minifcn: rank 1 on b has waited S for rank 0 on a, rank 2 on c"),
    ],
)
def test_the_missing_are_named_once(capsys, late, line):
    def meet(group):
        if group.rank in late:
            time.sleep(0.8)
        return group.gather(group.rank)

    assert run_ranks(4, on_hosts(meet)) == [[0, 1, 2, 3]] * 4
    assert said(capsys) == [line]


def test_who_waits_itself_is_not_named(capsys):
    """Rank 0 waits for 1 and 2, but rank 1 for 2 too."""

    def pass_on(group):
        swap = group.messages.swap
        if group.rank == 0:
            swap({}, {1: np.empty(1), 2: np.empty(1)})
        elif group.rank == 1:
            swap({}, {2: np.empty(1)})
            swap({0: np.ones(1)}, {})
        else:
            time.sleep(0.8)
            swap({0: np.ones(1), 1: np.ones(1)}, {})

    run_ranks(3, on_hosts(pass_on))
    assert said(capsys) == ["minifcn: rank 0 on a has waited S for rank 2 on c"]


def test_a_wait_as_long_as_one_before_is_no_news(capsys):
    def meet(group):
        for _ in range(2):
            if group.rank == 1:
                time.sleep(0.6)
            group.gather(None)

    run_ranks(2, on_hosts(meet))
    assert said(capsys) == ["minifcn: rank 0 on a has waited S for rank 1 on b"]


def test_nobody_is_named_who_is_in_time(capsys):
    run_ranks(3, lambda group: [group.gather(i) for i in range(20)])
    assert said(capsys) == []


def test_nothing_is_left_on_its_way_when_all_have_left():
    """MPI minds messages that nobody receives."""

    def meet(group):
        if group.rank == 1:
            time.sleep(0.3)  # the others say meanwhile that they wait
        group.gather(None)
        group.leave()
        return group.comm.network

    network = run_ranks(3, meet)[0]
    assert not any(network.waiting.values())


def test_processes_know_each_others_hosts():
    assert run_ranks(2, lambda group: group.messages.name(1)) == [f"rank 1 on {socket.gethostname()}"] * 2
