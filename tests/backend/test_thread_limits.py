"""BLAS's limit from any thread: threadpoolctl from 3.8 on listens to one thread alone, and ignores others silently.

Each test is a process of its own, since who calls first in it decides whom threadpoolctl listens to.
"""

import subprocess
import sys

import pytest

START = """
import threading
import numpy as np
from threadpoolctl import ThreadpoolController, threadpool_limits
from minifcn.backend.parallel import hold, run_all, thread_count

controller = ThreadpoolController().select(user_api="blas")
assert controller.lib_controllers
for library in controller.lib_controllers:  # past threadpoolctl's guard: nobody is the controlling thread yet
    getattr(library, "_real_set_num_threads", library.set_num_threads)(3)

def limits():
    return {library.num_threads for library in controller.lib_controllers}

def there(function):
    results = []
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()
    thread.join()
    return results[0]

def here(function):
    return function()

def held():
    with hold():
        return limits()
"""


def run(program):
    result = subprocess.run([sys.executable, "-c", START + program], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


BOTH_WAYS = pytest.mark.parametrize("first, second", [("here", "there"), ("there", "here")])


@BOTH_WAYS
def test_blas_is_held_in_every_thread_and_put_back(first, second):
    run(f"""
for where in ({first}, {second}, {first}, there, there):
    assert where(held) == {{1}}, where
    assert limits() == {{3}}, where
    assert where(thread_count) == 3, where
""")


@BOTH_WAYS
def test_overlapping_holds_end_with_the_last_whoever_it_is(first, second):
    run(f"""
{first}(held)
inside, leave = threading.Event(), threading.Event()

def until_told():
    with hold():
        inside.set()
        assert leave.wait(10)

other = threading.Thread(target=until_told)
if {first} is here:
    with hold():
        other.start()
        assert inside.wait(10)
    assert limits() == {{1}}  # the other thread's still
    leave.set()
    other.join()
else:
    other.start()
    assert inside.wait(10)
    with hold():
        leave.set()
        other.join()
        assert limits() == {{1}}
assert limits() == {{3}}
assert here(thread_count) == there(thread_count) == 3
""")


@BOTH_WAYS
def test_a_users_own_limit_is_obeyed_in_any_thread_before_and_after(first, second):
    run(f"""
def own(limit):
    with threadpool_limits(limit, user_api="blas"):
        return limits(), thread_count(), limits()

for where in ({second}, {first}, {second}):
    assert where(lambda: own(2)) == ({{2}}, 2, {{2}}), where
    assert {first}(held) == {{1}}
    assert where(lambda: own(1)) == ({{1}}, 1, {{1}}), where
    assert limits() == {{3}}, where
""")


def test_blas_is_held_in_a_thread_while_another_has_set_a_limit():
    run("""
with threadpool_limits(2, user_api="blas"):  # this thread is the one that threadpoolctl listens to now
    assert there(held) == {1} and limits() == {2}
    assert there(thread_count) == 2
assert limits() == {3} and there(held) == {1}
""")


@BOTH_WAYS
def test_results_are_the_same_bit_for_bit_from_any_thread(first, second):
    run(f"""
from minifcn.layers import Conv2d

for channels, out, size in ((16, 32, 33), (37, 53, 31)):  # where products on several threads round otherwise
    layer = Conv2d(channels, out, 3, algorithm="im2col", rng=np.random.default_rng(0))
    x = np.random.default_rng(1).standard_normal((3, channels, size, size), "float32")
    dy = np.random.default_rng(2).standard_normal((3, out, size - 2, size - 2), "float32")

    def passes():
        layer.zero_grad()
        return layer(x), layer.backward(dy), layer.weight.grad

    expected = {first}(passes)
    for where in ({second}, {first}, {second}):
        for one, other in zip(where(passes), expected):
            assert np.array_equal(one, other), where
""")


def test_a_hold_inside_a_hold_leaves_the_limits_alone():
    run("""
import minifcn.backend.parallel as parallel
calls = []
with hold():
    parallel._blas._limit = calls.append
    with hold():
        run_all(lambda i: i, [(0,), (1,)], np)
        assert thread_count() == 3
    assert limits() == {1} and not calls
    del parallel._blas._limit
assert limits() == {3}
""")


@pytest.mark.parametrize("again", [False, True])
def test_a_users_limit_that_ends_within_another_threads_hold_leaves_nothing_behind(again):
    run(f"""
inside, leave = threading.Event(), threading.Event()

def until_told():
    with hold():
        inside.set()
        assert leave.wait(10)

other = threading.Thread(target=until_told)
with threadpool_limits(1, user_api="blas"):
    other.start()
    assert inside.wait(10)
assert limits() == {{3}}
if {again}:
    assert held() == {{1}} and thread_count() == 3
leave.set()
other.join()
assert limits() == {{3}} and thread_count() == 3
""")


def test_a_hold_that_another_thread_ends_is_over():
    run("""
def generator():
    with hold():
        yield

steps = generator()
next(steps)
assert limits() == {1}
there(steps.close)
assert limits() == {3} and held() == {1} and limits() == {3}
""")
