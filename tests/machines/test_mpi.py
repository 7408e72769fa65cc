"""Jobs of real MPI processes on this machine."""

import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("mpi4py", reason="mpi4py is not installed")
MPIEXEC = shutil.which("mpiexec", path=Path(sys.executable).parent)
pytestmark = [
    pytest.mark.skipif(MPIEXEC is None, reason="no mpiexec beside this Python: pip install mpich"),
    pytest.mark.xdist_group("mpi"),
]
HOST = re.escape(socket.gethostname())


def run_job(ranks, what):
    """The exit code, and what all processes wrote on standard output and standard error."""
    job = [MPIEXEC, "-n", str(ranks), sys.executable, str(Path(__file__).parent / "job.py"), what]
    done = subprocess.run(job, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_processes_exchange_what_threads_do(ranks):
    assert run_job(ranks, "everything") == (0, f"{ranks} did all of it\n", "")


def test_bad_input_is_told_once():
    assert run_job(3, "bad_input") == (2, "told: no such option\n", "")


def test_an_error_of_one_names_it_and_ends_all():
    code, _, error = run_job(3, "bad_picture")
    assert code == 2
    assert re.search(f"^minifcn: error: rank 1 on {HOST}: a picture is damaged$", error, re.MULTILINE)


def test_a_killed_process_ends_all_at_once():
    start = time.monotonic()
    code, *_ = run_job(3, "killed")
    assert code != 0
    assert time.monotonic() - start < 20


def test_who_stalls_is_named_and_the_job_goes_on():
    code, _, error = run_job(3, "stall")
    assert code == 0
    assert re.fullmatch(rf"minifcn: rank 0 on {HOST} has waited \d+ s for rank 1 on {HOST}\n", error)
