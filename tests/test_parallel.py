"""Work spread over threads: in order, with BLAS's limits put back, and errors that come through."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from threadpoolctl import ThreadpoolController, threadpool_limits

from minifcn import parallel
from minifcn.parallel import run_all


def blas_limits():
    return [library["num_threads"] for library in ThreadpoolController().select(user_api="blas").info()]


@pytest.fixture
def three_threads(monkeypatch):
    with ThreadPoolExecutor(3) as threads:
        monkeypatch.setattr(parallel, "_workers", lambda: (threads, 3))
        yield


@pytest.mark.usefixtures("three_threads")
class TestThreads:
    def test_results_come_in_the_order_of_the_pieces(self):
        def slow_first(i, j):
            time.sleep(0.02 * (3 - i))
            return i, j, threading.get_ident()

        results = run_all(slow_first, ((i, 10 * i) for i in range(4)), np)
        assert [result[:2] for result in results] == [(0, 0), (1, 10), (2, 20), (3, 30)]
        assert threading.get_ident() not in {result[2] for result in results}

    def test_pieces_run_at_the_same_time(self):
        barrier = threading.Barrier(3)
        run_all(lambda i: barrier.wait(timeout=10), ((i,) for i in range(3)), np)  # broken if any waits for another

    def test_blas_is_held_to_one_thread_meanwhile_and_put_back(self):
        with threadpool_limits(2, user_api="blas"):
            before = blas_limits()
            assert before and all(limit == 2 for limit in before)
            assert run_all(lambda i: blas_limits(), ((i,) for i in range(3)), np) == [[1] * len(before)] * 3
            assert blas_limits() == before

    def test_an_error_comes_through_and_blas_is_put_back(self):
        def fail_on_two(i):
            if i == 2:
                raise KeyError("piece two")
            return i

        with threadpool_limits(2, user_api="blas"):
            before = blas_limits()
            with pytest.raises(KeyError, match="piece two"):
                run_all(fail_on_two, ((i,) for i in range(5)), np)
            assert blas_limits() == before
        assert run_all(fail_on_two, ((i,) for i in (0, 1)), np) == [0, 1]

    def test_a_single_piece_stays_here_with_all_of_blas(self):
        with threadpool_limits(2, user_api="blas"):
            (result,) = run_all(lambda i: (threading.get_ident(), blas_limits()), [(0,)], np)
            assert result == (threading.get_ident(), blas_limits())

    def test_another_kind_of_array_has_its_pieces_run_in_turn(self):
        idents = run_all(lambda i: threading.get_ident(), [(0,), (1,), (2,)], object())
        assert idents == [threading.get_ident()] * 3

    def test_no_pieces_give_no_results(self):
        assert run_all(lambda i: i, [], np) == []


def test_one_core_runs_the_pieces_in_turn(monkeypatch):
    monkeypatch.setattr(parallel, "_workers", lambda: (None, 1))
    assert run_all(lambda i: (i, threading.get_ident()), [(0,), (1,)], np) == [
        (i, threading.get_ident()) for i in (0, 1)
    ]


def test_there_is_a_thread_for_every_core_we_may_use(monkeypatch):
    monkeypatch.setattr(parallel.os, "sched_getaffinity", lambda pid: {0, 5, 7}, raising=False)
    threads, count = parallel._workers.__wrapped__()
    with threads:
        assert count == 3
        barrier = threading.Barrier(3)
        list(threads.map(lambda i: barrier.wait(timeout=10), range(3)))


def test_systems_that_know_no_affinity_count_their_cores(monkeypatch):
    monkeypatch.delattr(parallel.os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(parallel.os, "cpu_count", lambda: 6)
    threads, count = parallel._workers.__wrapped__()
    with threads:
        assert count == 6
