"""What one rank does, or fails at, is told to all."""

import pytest

from machines.threads import run_ranks
from minifcn.errors import InputError
from minifcn.machines import ALONE
from minifcn.machines.together import in_all, in_first, in_turn


def refusing(rank):
    """What work in each rank gives or raises, in a group where one refuses."""

    def run(group):
        def work():
            if group.rank == rank:
                raise InputError(f"picture {group.rank} is broken")
            return group.rank

        with pytest.raises(InputError) as told:
            in_all(group, work)
        return str(told.value), group.host

    return run


def test_an_error_in_one_rank_is_raised_in_all_and_names_it():
    for rank in range(3):
        for told, host in run_ranks(3, refusing(rank)):
            assert told == f"rank {rank} on {host}: picture {rank} is broken"


def test_alone_an_error_stays_what_it_is():
    class Own(InputError):
        pass

    def fail():
        raise Own("as it is")

    for ask in (in_all, in_first):
        with pytest.raises(Own, match=r"^as it is$"):
            ask(ALONE, fail)


def test_all_have_what_each_one_gives():
    assert run_ranks(3, lambda group: in_all(group, lambda: 10 + group.rank)) == [[10, 11, 12]] * 3


def test_the_first_rank_alone_does_it_and_all_have_what_it_gives_or_raises():
    done = []

    def run(group):
        given = in_first(group, lambda: done.append(group.rank) or {"from": group.rank})
        with pytest.raises(InputError, match=r"^no such file$"):
            in_first(group, fail)
        return given

    def fail():
        raise InputError("no such file")

    assert run_ranks(3, run) == [{"from": 0}] * 3 and done == [0]


@pytest.mark.parametrize("count", [0, 1, 3, 7])
def test_items_are_done_in_turn_and_come_to_the_first_rank_in_their_order(count):
    def run(group):
        done = []
        found = list(in_turn(group, range(count), lambda item: done.append(item) or item**2))
        return done, found

    for size in (1, 2, 3):
        ranks = run_ranks(size, run)
        assert [done for done, _ in ranks] == [list(range(rank, count, size)) for rank in range(size)]
        assert [found for _, found in ranks] == [[(item, item**2) for item in range(count)], *[[]] * (size - 1)]
