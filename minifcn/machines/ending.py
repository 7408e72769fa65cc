"""How several processes end together, and tell an error once."""

import contextlib
import sys
import time
import traceback
from collections.abc import Iterator

from minifcn.errors import InputError
from minifcn.machines.group import Group
from minifcn.text import one_line

HEARD = 0.5  # seconds in which rank 0 has said its word: the first process that ends takes all others with it


@contextlib.contextmanager
def ends_together(group: Group) -> Iterator[None]:
    """What raises in all processes alike is raised by rank 0 alone; in the others it becomes a silent exit.

    An error in some of them is told in one line, with the rank and its host, and ends all processes at once, which
    else would wait for those for good. A Ctrl-C, which launchers send to all, may find each somewhere else: all end,
    and rank 0 says so. Exit codes: 2 for bad input, 130 for Ctrl-C, else 1.
    """
    try:
        yield
        group.leave()
    except BaseException as error:
        code = exit_code(error)
        if not group.alike(f"{type(error).__name__}: {error}"):
            _tell(group, error, code)
            group.abort(code)
        group.leave()
        if group.rank:
            raise SystemExit(code) from error
        raise


def _tell(group, error, code):
    """Say what ends this process, and so all."""
    if isinstance(error, KeyboardInterrupt):
        if group.rank:
            time.sleep(HEARD)
        else:
            print("minifcn: stopped", file=sys.stderr, flush=True)
        return
    if code == 1:
        traceback.print_exception(error)
    what = str(error) or type(error).__name__
    print(one_line(f"minifcn: error: rank {group.rank} on {group.host}: {what}"), file=sys.stderr, flush=True)


def exit_code(error: BaseException) -> int:
    """What the command line ends with after this error."""
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else int(error.code is not None)
    if isinstance(error, KeyboardInterrupt):
        return 130
    return 2 if isinstance(error, (InputError, OSError)) else 1
