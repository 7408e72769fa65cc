"""Whether a launcher started this process as one of several; and how these share the cores of their hosts."""

import contextlib
import os
import re
import signal
import socket
import sys
from collections.abc import Iterator
from typing import NamedTuple

from threadpoolctl import threadpool_limits

from minifcn.backend.parallel import thread_count
from minifcn.errors import InputError
from minifcn.machines import mpi
from minifcn.machines.group import Group

LAUNCHERS = {  # environment variables: how many processes a launcher started, and which of them this one is
    "OMPI_COMM_WORLD_SIZE": "OMPI_COMM_WORLD_RANK",  # Open MPI's mpiexec
    "PMI_SIZE": "PMI_RANK",  # MPICH's and Intel MPI's
    "SLURM_STEP_NUM_TASKS": "SLURM_PROCID",  # srun; what a script of sbatch runs without srun is not several
}
PLACES = ("MPI_LOCALRANKID", "OMPI_COMM_WORLD_LOCAL_RANK", "SLURM_LOCALID")  # which of its host's processes it is


class Started(NamedTuple):
    """What a launcher says: this process's rank, how many there are, and the variable that says how many."""

    rank: int = 0
    size: int = 1
    variable: str = ""


def started() -> Started:
    """How this process was started, as the environment tells, and no MPI library, which may be missing."""
    for size, rank in LAUNCHERS.items():
        if size in os.environ and rank in os.environ:
            return Started(int(os.environ[rank]), int(os.environ[size]), size)
    return Started()


def join() -> Group:
    """The group of the processes that were started together; this one alone where it was started alone.

    Raises InputError where they cannot reach each other: each would do the whole work, into the same folder.
    """
    rank, size, variable = started()
    if size == 1:
        return Group()
    try:
        return _join(size, variable)
    except InputError as error:
        if rank and "0" in map(os.environ.get, PLACES):  # on another host than rank 0, which may have what is missing
            print(f"minifcn: error: rank {rank} on {socket.gethostname()}: {error}", file=sys.stderr, flush=True)
            os.kill(os.getpid(), signal.SIGTERM)  # MPICH would leave the others waiting after an exit code
        raise


def _join(size, variable):
    several = f"{size} processes were started ({variable})"
    try:
        library = " ".join(re.findall(r"[\w.]+", mpi.load().Get_library_version())[:3])
    except InputError as error:
        raise InputError(f"{several}, but {error}; or start one process") from error
    # As it starts under Open MPI's launcher, MPICH's library ends the process, without a word that helps.
    foreign = variable.startswith("OMPI") and not library.startswith("Open MPI")
    group = Group() if foreign else mpi.join()
    if group.size != size:
        ways = f"use the mpiexec that came with that, or unset {variable} for one process"
        raise InputError(f"{several}, but not by the launcher of mpi4py's MPI library, {library}: {ways}")
    return group


@contextlib.contextmanager
def sharing_cores(group: Group) -> Iterator[str]:
    """Within the block each process keeps to its part of its host's cores; gives a line that says who they are.

    Those that may use the same cores get as many each. A launcher may have bound each to cores of its own.
    """
    mine = group.host, cores()
    everyone = group.gather(mine)
    threads = min(thread_count(), max(1, len(mine[1]) // everyone.count(mine)))
    with threadpool_limits(threads):
        yield in_words([host for host, _ in everyone], group.gather(threads))


def in_words(hosts: list[str], threads: list[int]) -> str:
    """The hosts and threads of all processes in a line: "4 processes on 2 hosts, 1 to 2 threads each"."""
    count, fewest, most = len(set(hosts)), min(threads), max(threads)
    each = f"{fewest} to {most}" if fewest < most else f"{most}"
    return f"{len(hosts)} processes on {count} host{'s' * (count > 1)}, {each} thread{'s' * (most > 1)} each"


def cores() -> list[int]:
    """The numbers of the cores that this process may use."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))
