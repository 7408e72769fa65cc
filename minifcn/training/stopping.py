"""Ctrl-C asks a training to stop where nothing is lost."""

import contextlib
import signal
from collections.abc import Callable, Iterator


class Stopped(KeyboardInterrupt):
    """A training was asked to stop; it is saved, and the message says how to go on."""


@contextlib.contextmanager
def on_ctrl_c(ask: Callable[[], None]) -> Iterator[None]:
    """Within the block a first Ctrl-C calls `ask`; a second one interrupts at once.

    Python lets nothing but its main thread handle signals. In another one Ctrl-C stays what it is there.
    """

    def first(*_):
        ask()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    with contextlib.ExitStack() as afterwards:
        with contextlib.suppress(ValueError):  # not the main thread
            before = signal.signal(signal.SIGINT, first)
            afterwards.callback(signal.signal, signal.SIGINT, before)
        yield
