"""Ctrl-C at random moments, and whether BLAS has its threads again: python benchmarks/faults/interrupts.py

An alarm raises KeyboardInterrupt in the main thread, as Ctrl-C does, some microseconds into a run of short calls.
Counted is how often BLAS is still held to one thread when the exception has arrived. Exit code 1 where it ever is.
"""

import argparse
import random
import signal
import sys
from pathlib import Path

import numpy as np
from threadpoolctl import ThreadpoolController, threadpool_limits

sys.path.insert(0, str(Path(__file__).parents[2]))

from minifcn.backend.parallel import run_all
from minifcn.layers import Conv2d, ReLU, Sequential

LONGEST = 1e-3  # seconds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--trials", type=int, default=5000, help="interrupts of each kind of call (5000)")
    options = parser.parse_args()
    net, x = Sequential(Conv2d(2, 3, 3), ReLU()).eval(), np.ones((1, 2, 6, 6), np.float32)
    calls = {
        "one piece": lambda: run_all(abs, [(1,)], np),
        "two pieces": lambda: run_all(abs, [(1,), (2,)], np),
        "a network": lambda: net(x),
    }
    left = {name: interrupted(call, options.trials) for name, call in calls.items()}
    print(f"BLAS still held, of {options.trials} each:", ", ".join(f"{name} {n}" for name, n in left.items()))
    return 1 if any(left.values()) else 0


def interrupted(call, trials):
    """After how many of so many interrupts BLAS is held still."""
    libraries, rng, left = ThreadpoolController().select(user_api="blas").lib_controllers, random.Random(0), 0
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    with threadpool_limits(3, user_api="blas"):
        for _ in range(trials):
            try:
                signal.setitimer(signal.ITIMER_REAL, rng.uniform(1e-5, LONGEST))
                while True:
                    call()
            except KeyboardInterrupt:
                left += any(library.num_threads != 3 for library in libraries)
            call()  # which ends a hold that was left
    return left


if __name__ == "__main__":
    sys.exit(main())
