"""Standard output and error as commands write to them: no letter, and nobody who stops reading, ends a command."""

import contextlib
import io
import os
import sys
from collections.abc import Iterator

from minifcn.text import one_line


def say(*words: object, error: bool = False) -> None:
    """Print one line, on standard error if so: whatever names are in it, control characters are shown escaped."""
    print(*map(one_line, words), file=sys.stderr if error else sys.stdout)


@contextlib.contextmanager
def any_letter() -> Iterator[None]:
    r"""Meanwhile a letter that a terminal's encoding lacks is written as its number, Hangul in ASCII as "\uc78e"."""
    streams = [stream for stream in (sys.stdout, sys.stderr) if isinstance(stream, io.TextIOWrapper)]
    before = [stream.errors for stream in streams]
    for stream in streams:
        stream.reconfigure(errors="backslashreplace")
    try:
        yield
    finally:
        for stream, errors in zip(streams, before):
            with contextlib.suppress(ValueError, OSError):  # it is closed, or nobody reads it
                stream.reconfigure(errors=errors)


@contextlib.contextmanager
def one_voice(rank: int, size: int) -> Iterator[None]:
    """Meanwhile the first of several processes alone prints, and that line by line, though its launcher is no terminal.

    Standard error is everybody's.
    """
    with contextlib.ExitStack() as afterwards:
        if rank:
            nowhere = afterwards.enter_context(open(os.devnull, "w"))
            afterwards.enter_context(contextlib.redirect_stdout(nowhere))
        elif size > 1 and isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(line_buffering=True)
        yield


def errors_in_terminal() -> bool:
    """Whether what goes to standard error is seen in a terminal: a bar may stand below that, not swallow it."""
    return sys.stderr is not None and sys.stderr.isatty()


def flush() -> None:
    """Write what is still on its way, now that it can be told if that fails: OSError."""
    try:
        if sys.stdout is not None:  # as in a process without any terminal
            sys.stdout.flush()
    except OSError:
        with contextlib.suppress(OSError, ValueError):  # to nowhere: Python tries again as it ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise
