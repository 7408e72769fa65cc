"""How processes end together: an error of all is told once, an error of one ends all."""

import pytest

from minifcn.errors import InputError
from minifcn.machines import Group, ending, mpi
from minifcn.machines.ending import ends_together

from .threads import Aborted, ThreadComm, ended


def told(capsys):
    """The lines about errors; those of threads that MPI would have killed are left out."""
    lines = capsys.readouterr().err.splitlines()
    return sorted(line for line in lines if line.startswith("minifcn:") and not line.endswith("Broken"))


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(mpi, "GRACE", 0.3)
    monkeypatch.setattr(ending, "HEARD", 0)
    monkeypatch.setattr(mpi.os, "_exit", ThreadComm(0, None).Abort)


def ends(size, work):
    """The error, or None, with which each rank leaves `ends_together`."""

    def run(group):
        group.host = "abcd"[group.rank]
        with ends_together(group):
            work(group)

    return [future.exception() for future in ended(size, run)]


def test_all_end_when_all_are_done(capsys):
    assert ends(3, lambda group: group.gather(None)) == [None] * 3
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "error, code", [(InputError("no such file"), 2), (KeyboardInterrupt(), 130), (SystemExit(3), 3)]
)
def test_what_all_raise_is_raised_by_rank_0_alone(capsys, error, code):
    def work(group):
        group.gather(None)
        raise error

    first, *others = ends(3, work)
    assert first is error
    assert [(type(end), end.code) for end in others] == [(SystemExit, code)] * 2
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("error", [InputError("a picture"), OSError("a disk")])
def test_what_one_raises_is_told_with_its_rank_and_host_and_ends_all(capsys, error):
    def work(group):
        if group.rank == 1:
            raise error
        group.gather(None)

    stop = ends(3, work)[1]
    assert (type(stop), stop.args) == (Aborted, (2,))
    assert told(capsys) == [f"minifcn: error: rank 1 on b: {error}"]


def test_a_ctrl_c_that_finds_each_somewhere_else_is_told_by_rank_0(capsys):
    def work(group):
        raise KeyboardInterrupt(f"at line {group.rank}")

    assert [(type(end), end.args) for end in ends(3, work)] == [(Aborted, (130,))] * 3
    assert told(capsys) == ["minifcn: stopped"]


def test_a_mistake_in_the_code_shows_where_it_was_made(capsys):
    def work(group):
        group.gather({}[group.rank] if group.rank == 2 else None)

    assert ends(3, work)[2].args == (1,)
    lines = capsys.readouterr().err.splitlines()
    assert "minifcn: error: rank 2 on c: 2" in lines
    assert lines.index("KeyError: 2") < lines.index("minifcn: error: rank 2 on c: 2")


def test_other_words_are_another_error(capsys):
    def work(group):
        raise InputError(f"file {group.rank} is damaged")

    assert {type(end) for end in ends(2, work)} <= {Aborted}
    assert told(capsys) == [f"minifcn: error: rank {i} on {'ab'[i]}: file {i} is damaged" for i in range(2)]


def test_who_fails_while_the_others_wait_to_leave_ends_them(capsys):
    def work(group):
        if group.rank == 1:
            raise InputError("late")

    waiting, late = ends(2, work)
    assert waiting is not None  # it had not ended when the error came
    assert late.args == (2,)
    assert told(capsys) == ["minifcn: error: rank 1 on b: late"]


@pytest.mark.parametrize("ranks", [[0], [0, 1]])
def test_nobody_waits_for_a_message_that_was_broken_off(ranks):
    """All are interrupted, some within a message: what is on its way would be taken for something else."""

    def work(group):
        if group.rank in ranks:
            group.messages.whole = False
        raise KeyboardInterrupt

    assert [end.args for end in ends(2, work)] == [(130,)] * 2


def test_one_process_alone_raises_what_it_raises():
    with pytest.raises(InputError, match="mine"), ends_together(Group()):
        raise InputError("mine")
