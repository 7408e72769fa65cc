"""What one process does or fails at, told to all: none waits for another that has given up."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from minifcn.errors import InputError
from minifcn.machines.group import Group

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_all(group: Group, work: Callable[[], Result]) -> list[Result]:
    """[what `work()` gives in each process], in the order of the ranks, for all of them: small Python objects.

    An InputError in any is raised in all, and names the first rank that had one, and its host.
    """
    told: tuple[str, str | None, Any]
    try:
        told = group.host, None, work()
    except InputError as error:
        if group.size == 1:
            raise
        told = group.host, str(error), None
    everyone = group.gather(told)
    for rank, (host, wrong, _) in enumerate(everyone):
        if wrong is not None:
            raise InputError(f"rank {rank} on {host}: {wrong}")
    return [result for *_, result in everyone]


def in_first(group: Group, work: Callable[[], Result]) -> Result:
    """What `work()` gives in rank 0, which alone does it, for all. An InputError there is raised in all."""
    told: tuple[Any, InputError | None] = None, None
    if group.rank == 0:
        try:
            told = work(), None
        except InputError as error:
            told = None, error
    result, wrong = group.broadcast(told)
    if wrong is not None:
        raise wrong
    return result


def in_turn(group: Group, items: Sequence[Item], work: Callable[[Item], Result]) -> Iterator[tuple[Item, Result]]:
    """(item, what `work(item)` gives) of all items, in their order, for rank 0; the others get nothing.

    Each process does every `group.size`-th item. All of them go through the iterator to its end.
    """
    for start in range(0, len(items), group.size):
        some, own = items[start : start + group.size], items[start + group.rank : start + group.rank + 1]
        results: list[Result] = []
        in_all(group, lambda: results.extend(map(work, own)))  # noqa: B023
        collected = group.collect(results)
        yield from zip(some, itertools.chain.from_iterable(collected))
