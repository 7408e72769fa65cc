"""Work spread over threads: in order, BLAS's limits put back, errors come through, nothing cut is lost."""

import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from threadpoolctl import ThreadpoolController, threadpool_limits

from minifcn.backend import parallel
from minifcn.backend.parallel import bands, blocks, chunks, cut, room, run_all, scratch


def blas_limits():
    """Of NumPy's BLAS; SciPy, which other tests load, brings one of its own."""
    libraries = ThreadpoolController().select(user_api="blas").info()
    return [library["num_threads"] for library in libraries if "scipy.libs" not in library["filepath"]]


def numbers(count):
    return [(i,) for i in range(count)]


@pytest.fixture(autouse=True)
def three_threads():
    """As many threads as BLAS may use, so here three, whatever the machine."""
    with threadpool_limits(3, user_api="blas"):
        yield


class TestRunAll:
    def test_results_come_in_the_order_of_the_pieces(self):
        def slow_first(i, j):
            time.sleep(0.02 * (3 - i))
            return i, j

        assert run_all(slow_first, ((i, 10 * i) for i in range(4)), np) == [(0, 0), (1, 10), (2, 20), (3, 30)]

    def test_pieces_run_at_the_same_time(self):
        barrier = threading.Barrier(3)
        run_all(lambda i: barrier.wait(timeout=10), numbers(3), np)  # broken if any waits for another

    def test_every_piece_runs_once(self):
        seen = []
        run_all(seen.append, numbers(500), np)
        assert sorted(seen) == list(range(500))

    def test_as_many_threads_as_blas_may_use(self):
        with threadpool_limits(1, user_api="blas"):
            idents = run_all(lambda i: threading.get_ident(), numbers(3), np)
        assert idents == [threading.get_ident()] * 3

    def test_blas_is_held_to_one_thread_meanwhile_and_put_back(self):
        before = blas_limits()
        assert before and all(limit == 3 for limit in before)
        for pieces in (1, 3):
            assert run_all(lambda i: blas_limits(), numbers(pieces), np) == [[1] * len(before)] * pieces
            assert blas_limits() == before

    def test_an_error_comes_through_and_blas_is_put_back(self):
        def fail_on_two(i):
            if i == 2:
                raise KeyError("piece two")
            return i

        with pytest.raises(KeyError, match="piece two"):
            run_all(fail_on_two, numbers(5), np)
        assert all(limit == 3 for limit in blas_limits())
        assert run_all(fail_on_two, numbers(2), np) == [0, 1]

    @pytest.mark.parametrize("who", ["the caller", "a helper"])
    def test_an_error_ends_the_work_and_nobody_works_on(self, who):
        caller, working, failed, begun = threading.get_ident(), [], threading.Event(), 0

        def fail(i):
            nonlocal begun
            if (threading.get_ident() == caller) == (who == "the caller"):
                failed.set()
                raise KeyError
            assert failed.wait(timeout=10)  # the others are in the midst of a piece
            working.append(i)
            begun += 1
            time.sleep(0.02)
            working.remove(i)

        with pytest.raises(KeyError):
            run_all(fail, numbers(1000), np)
        assert not working and begun < 100
        assert all(limit == 3 for limit in blas_limits())

    @pytest.mark.parametrize("pieces", [1, 2])
    def test_a_ctrl_c_wherever_python_sees_it_leaves_nothing_held(self, pieces):
        """Wherever Python looks for signals in turn: as a function begins, and as one that is written in C returns."""
        before, told, at = blas_limits(), numbers(pieces), 0
        files = parallel.__file__, sys.modules["threadpoolctl"].__file__

        def interrupt(frame, event, _):
            nonlocal seen
            if event in ("call", "c_return") and frame.f_code.co_filename in files:
                seen += 1
                if seen == at:
                    raise KeyboardInterrupt

        broken = True
        while broken:
            at, seen, broken = at + 1, 0, False
            sys.setprofile(interrupt)
            try:
                run_all(abs, told, np)
            except KeyboardInterrupt:
                broken = True
            finally:
                sys.setprofile(None)
            assert blas_limits() == before and not parallel._blas.holders and not hasattr(parallel._here, "threads"), at
        assert at > 40

    def test_a_hold_that_an_interrupt_left_is_repaired_by_the_next_call(self):
        parallel._blas.hold(threading.get_ident())
        run_all(lambda i: i, numbers(2), np)
        assert all(limit == 3 for limit in blas_limits()) and not parallel._blas.holders

    def test_the_pieces_of_a_single_piece_are_spread(self):
        barrier = threading.Barrier(3)

        def outer(i):
            run_all(lambda j: barrier.wait(timeout=10), numbers(3), np)

        run_all(outer, numbers(1), np)

    def test_the_pieces_of_one_of_several_run_in_turn(self):
        def outer(i):
            return threading.get_ident(), run_all(lambda j: threading.get_ident(), numbers(3), np)

        for ident, inner in run_all(outer, numbers(3), np):
            assert inner == [ident] * 3

    def test_two_callers_at_a_time_leave_blas_as_it_was(self):
        barrier = threading.Barrier(2)

        def caller(first):
            def piece(i):
                barrier.wait(timeout=10)  # both are inside
                time.sleep(0 if first else 0.05)  # the first leaves first

            run_all(piece, numbers(1), np)

        callers = [threading.Thread(target=caller, args=(first,)) for first in (True, False)]
        for thread in callers:
            thread.start()
        for thread in callers:
            thread.join()
        assert all(limit == 3 for limit in blas_limits())

    def test_another_kind_of_array_has_its_pieces_run_in_turn(self):
        idents = run_all(lambda i: threading.get_ident(), numbers(3), object())
        assert idents == [threading.get_ident()] * 3

    def test_no_pieces_give_no_results(self):
        assert run_all(lambda i: i, [], np) == []

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
    @pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
    def test_a_fork_has_threads_of_its_own(self):
        run_all(lambda i: i, numbers(3), np)  # so that there are threads, which a fork does not take along
        child = os.fork()
        if child == 0:
            barrier = threading.Barrier(3)
            run_all(lambda i: barrier.wait(timeout=10), numbers(3), np)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0


def test_systems_that_know_no_affinity_count_their_cores(monkeypatch):
    monkeypatch.delattr(parallel.os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(parallel.os, "cpu_count", lambda: 6)
    assert parallel._cores() == 6


def test_the_first_calls_of_several_threads_leave_blas_as_it_was():
    """In processes of their own, as only the first call in each can show it."""
    program = """
import threading, numpy
from threadpoolctl import ThreadpoolController, threadpool_limits
from minifcn.backend.parallel import run_all
threadpool_limits(3, user_api="blas")
start = threading.Barrier(4)
def call():
    start.wait()
    run_all(lambda i: i, [(0,), (1,)], numpy)
threads = [threading.Thread(target=call) for _ in range(4)]
[t.start() for t in threads], [t.join() for t in threads]
print([library["num_threads"] for library in ThreadpoolController().select(user_api="blas").info()])
"""
    for _ in range(3):
        out = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
        assert set(out) <= set("[3, ]\n"), out


class TestCutting:
    @pytest.mark.parametrize("count, each, most", [(0, 1, 5), (1, 9, 5), (7, 1, 100), (64, 41, 1024), (9, 2, 4)])
    def test_chunks_are_all_there_once_and_fit(self, count, each, most):
        parts = chunks(count, each, most)
        assert [i for part in parts for i in range(part.start, part.stop)] == list(range(count))
        assert all((part.stop - part.start) * each <= max(most, each) for part in parts)

    def test_chunks_are_half_full_at_least(self):
        """The transposed convolution relies on it: bands of twice the rows that neighbours share part those beyond."""
        for count in range(1, 80):
            for fit in range(1, 30):
                for part in chunks(count, 10, 10 * fit)[:-1]:
                    assert 2 * (part.stop - part.start) >= fit

    def test_chunks_by_hand(self):
        assert chunks(10, 1, 10) == [slice(0, 10)]
        assert chunks(10, 1, 9) == [slice(0, 5), slice(5, 10)]
        # three would do, but keep two cores as long as four
        assert chunks(12, 1, 5) == [slice(i, i + 3) for i in (0, 3, 6, 9)]

    @pytest.mark.parametrize("images, rows, size, most", [(1, 7, 300, 1000), (9, 5, 10, 1000), (2, 4, 900, 500)])
    def test_bands_cover_every_row_once_and_fit(self, images, rows, size, most):
        seen = np.zeros((images, rows), int)
        for some_images, some_rows in bands(images, rows, size, most):
            seen[some_images, some_rows] += 1
            assert seen[some_images, some_rows].size * size <= max(most, size)
        assert (seen == 1).all()

    def test_cut_by_hand(self):
        assert cut(8, 4) == [(slice(i, i + 2),) for i in (0, 2, 4, 6)]
        assert cut(3, 4) == [(slice(i, i + 1),) for i in (0, 1, 2)]
        assert cut(5, 1) == [(slice(0, 5),)]
        assert cut(7, 4) == [(slice(0, 2),), (slice(2, 4),), (slice(4, 6),), (slice(6, 7),)]
        assert cut(0, 4) == []

    def test_bands_by_hand(self):
        # 3 of 7 rows fit: four bands, as equal as can be
        assert bands(1, 7, 300, 1000) == [(slice(0, 1), slice(r, min(r + 2, 7))) for r in (0, 2, 4, 6)]
        # all rows of 4 images fit
        assert bands(8, 5, 10, 200) == [(slice(0, 4), slice(0, 5)), (slice(4, 8), slice(0, 5))]
        # two, where each can have so much
        assert bands(8, 5, 10, 1000, 200) == [(slice(0, 4), slice(0, 5)), (slice(4, 8), slice(0, 5))]
        assert bands(3, 5, 10, 1000, 75) == [(slice(0, 2), slice(0, 5)), (slice(2, 3), slice(0, 5))]
        assert bands(1, 7, 10, 1000, 35) == [(slice(0, 1), slice(0, 4)), (slice(0, 1), slice(4, 7))]
        assert bands(1, 7, 10, 1000, 36) == [(slice(0, 1), slice(0, 7))]
        # a row that does not fit goes alone
        assert bands(1, 2, 5000, 1000) == [(slice(0, 1), slice(0, 1)), (slice(0, 1), slice(1, 2))]

    @pytest.mark.parametrize("shape", [(), (3,), (10,), (2, 3, 4), (5, 7, 1, 2), (0, 4), (3, 0)])
    @pytest.mark.parametrize("axes", [None, 0, 1, 2])
    def test_blocks_cover_every_entry_once(self, shape, axes, monkeypatch):
        monkeypatch.setattr(parallel, "BLOCK", 4)
        seen = np.zeros(shape, int)
        for block in blocks(shape, np, axes):
            seen[block] += 1
            assert axes is None or seen[block].shape[axes:] == shape[axes:]  # only the first axes are cut
            if axes is None:
                assert seen[block].size <= 4
        assert (seen == 1).all()

    def test_a_gpu_takes_more_at_a_time(self, monkeypatch):
        monkeypatch.setattr(parallel, "BLOCK", 4)
        assert room(10, object()) > room(10, np) == 10
        assert len(blocks((40,), object())) < len(blocks((40,), np))


class TestScratch:
    def test_the_same_memory_again_and_more_where_it_is_too_small(self):
        first = scratch("test", (2, 3), np.float32, np)
        assert first.shape == (2, 3) and first.dtype == np.float32
        assert np.shares_memory(first, scratch("test", (3,), np.float64, np))
        assert not np.shares_memory(first, scratch("another", (2, 3), np.float32, np))
        assert scratch("test", (100,), np.float64, np).shape == (100,)

    def test_each_thread_has_its_own(self):
        barrier = threading.Barrier(3)

        def own(i):
            barrier.wait(timeout=10)
            return scratch("test", (4,), np.float32, np)

        one, two, three = run_all(own, numbers(3), np)
        assert not (np.shares_memory(one, two) or np.shares_memory(two, three) or np.shares_memory(one, three))
