"""What somebody handed in, as functions that the checks can call."""

import builtins
from functools import partial

import numpy as np

from lessons.grading.process import NONSENSE, Process
from lessons.hints import Wrong
from lessons.limit import Endless, within_limit
from lessons.testing import Verdict, verdict


class Answers:
    """The functions that cells of Python define, in a process of their own.

    The process ends with the `with` block, or where it does what it must not;
    the next exercise then gets a new one.
    """

    def __init__(self, cells):
        self.cells = cells
        self.process, self.functions, self.error = None, (), None

    def __enter__(self):
        self._begin()
        return self

    def __exit__(self, *_):
        self.process.end()

    def verdict(self, name, check):
        """The Verdict of a check on the function of that name."""
        if name not in self.functions:
            hint = self.error or f"there is no function {name}"
            return Verdict(name, "wrong", hint)
        found = verdict(name, check, partial(self.call, name))
        if not self.process.at_rest:
            self.process.end()
            self._begin()
        return found

    def _begin(self):
        self.process, self.functions = Process(), ()
        try:
            within_limit(self._run_cells)
        except (Wrong, Endless) as error:
            self.error = str(error)
        except Exception:  # whatever was sent in the place of a reply
            self.error = NONSENSE

    def _run_cells(self):
        reply = self.process.ask(cells=self.cells)
        if "error" in reply:
            error = _exception(reply)
            self.error = f"it does not run: {type(error).__name__}: {error}"
        self.functions = [n for n in reply["functions"] if isinstance(n, str)]

    def call(self, name, *arguments):
        """What the function returns; it changes its arguments here, too.

        Raises what it raised, or Wrong where the process had to be ended.
        """
        reply = self.process.ask(call=name, arguments=arguments)
        if "error" in reply:
            raise _exception(reply)
        _refresh(arguments, reply["arguments"])
        return reply["result"]


def _exception(reply):
    """The exception that a reply tells of, of its builtin kind."""
    line = f"(line {reply['line']})" if reply["line"] else ""
    text = f"{reply['text']} {line}".strip()
    kind = getattr(builtins, reply["error"])
    if not issubclass(kind, Exception):  # SystemExit and its like
        return Wrong(f"it ends Python: {kind.__name__}")
    try:
        return kind(text)
    except TypeError:  # of Unicode, which takes more
        return ValueError(text)


def _refresh(given, after):
    """Put into arrays, and into lists and dicts of them, what they became."""
    if isinstance(given, np.ndarray) and np.shape(after) == given.shape:
        np.copyto(given, after, casting="unsafe")
    elif isinstance(given, dict) and isinstance(after, dict):
        for name in given.keys() & after.keys():
            _refresh(given[name], after[name])
    elif isinstance(given, (list, tuple)) and isinstance(after, (list, tuple)):
        for one, other in zip(given, after):
            _refresh(one, other)
