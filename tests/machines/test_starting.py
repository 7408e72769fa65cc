"""How a process finds out that it is one of several, and which part of the cores is its own."""

import contextlib
import os
from types import SimpleNamespace

import pytest
from threadpoolctl import threadpool_limits

from minifcn.backend.parallel import thread_count
from minifcn.errors import InputError
from minifcn.machines import Group, mpi, starting
from minifcn.machines.starting import in_words, join, sharing_cores, started


@pytest.fixture
def environment(monkeypatch):
    """environment(NAME="value"): of all that launchers set, only this."""
    for name in (*starting.LAUNCHERS, *starting.LAUNCHERS.values(), "SLURM_NTASKS"):
        monkeypatch.delenv(name, raising=False)

    def set_to(**variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return set_to


def test_alone(environment):
    assert started() == (0, 1, "")
    group = join()
    assert (group.rank, group.size) == (0, 1)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"PMI_SIZE": "4", "PMI_RANK": "3"}, (3, 4, "PMI_SIZE")),
        ({"OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_RANK": "1"}, (1, 2, "OMPI_COMM_WORLD_SIZE")),
        ({"SLURM_STEP_NUM_TASKS": "8", "SLURM_PROCID": "5", "SLURM_NTASKS": "8"}, (5, 8, "SLURM_STEP_NUM_TASKS")),
        # A script of sbatch, without srun: one process, whatever the job has room for.
        ({"SLURM_NTASKS": "8", "SLURM_PROCID": "0"}, (0, 1, "")),
        # mpiexec within a job of Slurm: one step of srun a host, several processes in it.
        ({"PMI_SIZE": "6", "PMI_RANK": "4", "SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": "1"}, (4, 6, "PMI_SIZE")),
        ({"PMI_SIZE": "1", "PMI_RANK": "0"}, (0, 1, "PMI_SIZE")),
    ],
)
def test_what_launchers_tell(environment, variables, expected):
    environment(**variables)
    assert started() == expected


@pytest.mark.parametrize(
    ("names", "version", "library"),
    [
        (("PMI_SIZE", "PMI_RANK"), "Open MPI v4.1.4, package: Debian", "Open MPI v4.1.4"),
        (("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"), "MPICH Version:      5.0.2\nMPICH", "MPICH Version 5.0.2"),
    ],
)
def test_another_library_than_the_launchers_is_refused(environment, monkeypatch, names, version, library):
    """Each process would be alone in its world; MPICH's library does not even start."""
    environment(**dict(zip(names, ("3", "0"))))
    monkeypatch.setattr(mpi, "load", lambda: SimpleNamespace(Get_library_version=lambda: version))
    monkeypatch.setattr(mpi, "join", Group if names[0] == "PMI_SIZE" else None)
    with pytest.raises(InputError, match=f"^3 processes were started .{names[0]}., but not by .* {library}: use the"):
        join()


@pytest.mark.parametrize(
    ("hosts", "threads", "line"),
    [
        (["a", "a", "b", "b"], [2, 2, 2, 2], "4 processes on 2 hosts, 2 threads each"),
        (["a", "a"], [1, 1], "2 processes on 1 host, 1 thread each"),
        (["a", "b", "c"], [4, 1, 8], "3 processes on 3 hosts, 1 to 8 threads each"),
    ],
)
def test_the_line_about_them(hosts, threads, line):
    assert in_words(hosts, threads) == line


class Told(Group):
    """A group whose other processes have these hosts and cores."""

    def __init__(self, everyone, rank):
        self.everyone, self.rank, self.size = everyone, rank, len(everyone)
        self.host = everyone[rank][0]

    def gather(self, value):
        return self.everyone if isinstance(value, tuple) else [value] * self.size


@pytest.mark.parametrize(
    ("everyone", "threads"),
    [
        ([("a", [0, 1, 2, 3, 4, 5, 6, 7])] * 2 + [("b", [0, 1, 2, 3, 4])], [4, 4, 5]),
        ([("a", [0, 1])] * 3, [1, 1, 1]),  # never none
        ([("a", [0, 1]), ("a", [2, 3]), ("b", [0, 1])], [2, 2, 2]),  # bound to cores of their own
        ([("a", list(range(64)))], [12]),  # no more than BLAS was allowed before
    ],
)
def test_each_process_has_its_part_of_the_cores(monkeypatch, everyone, threads):
    monkeypatch.setattr(starting, "thread_count", lambda: 12)
    limits = []
    monkeypatch.setattr(starting, "threadpool_limits", lambda n: contextlib.nullcontext(limits.append(n)))
    for rank, (_, cores) in enumerate(everyone):
        monkeypatch.setattr(starting, "cores", lambda cores=cores: cores)
        with sharing_cores(Told(everyone, rank)):
            pass
    assert limits == threads


def test_work_is_spread_over_that_part(monkeypatch):
    monkeypatch.setattr(starting, "cores", lambda: [0, 1, 2, 3, 4, 5])
    with threadpool_limits(4), sharing_cores(Told([("a", [0, 1, 2, 3, 4, 5])] * 3, 1)) as line:
        assert thread_count() == 2
        assert line == "3 processes on 1 host, 2 threads each"


def test_cores_are_those_that_this_process_may_use():
    assert starting.cores() and len(starting.cores()) <= os.cpu_count()
