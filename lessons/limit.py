"""A time limit for somebody else's code, in commands and notebooks alike."""

import ctypes
import sys
import threading
import time

SECONDS = 10


class Endless(Exception):
    """Code that did not end in time; `frames` are those it was in, outermost
    first, as (file, line)."""

    def __init__(self, frames):
        super().__init__(f"it did not end within {SECONDS} seconds")
        self.frames = frames


class _Stop(BaseException):
    """Raised inside that code; no Exception, which it might catch itself."""


def within_limit(function):
    """What `function()` returns, or raises. Endless after SECONDS.

    It runs in a thread, which is stopped by an exception raised in it: signals
    know no Windows, another process no notebook's functions, and tracing makes
    all code slow. A single long call into a library goes on until it returns,
    but is not waited for.
    """
    result = {}

    def run():
        try:
            result["value"] = function()
        except BaseException as error:  # it is raised again below
            result["error"] = error

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        thread.join(SECONDS)
        if thread.is_alive():
            frames = _frames(thread)
            _stop(thread)
            raise Endless(frames)
    except KeyboardInterrupt:
        _stop(thread)
        raise
    if "error" in result:
        raise result["error"]
    return result["value"]


def _frames(thread):
    frame, frames = sys._current_frames().get(thread.ident), []
    while frame:
        frames.append((frame.f_code.co_filename, frame.f_lineno))
        frame = frame.f_back
    return frames[::-1]


def _stop(thread):
    """Again and again for a second: `except:` in a loop catches even this."""
    ident, end = ctypes.c_ulong(thread.ident), time.monotonic() + 1
    while thread.is_alive() and time.monotonic() < end:
        stop = ctypes.py_object(_Stop)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ident, stop)
        thread.join(0.05)
