"""What an answer may not do while it is graded: limits, and a fence.

The fence is Python's own report of what a program does (audit events). It
stops files, processes and networks; it is no wall against somebody who knows
how to break Python itself. Strangers' work is graded in a container.
"""

import os
import sys

import numpy as np

FORBIDDEN = (
    *("os.", "subprocess.", "socket.", "ctypes.", "shutil.", "tempfile."),
    *("mmap.", "pty.", "fcntl.", "gc.", "resource.", "signal.", "sqlite3."),
    *("urllib.", "webbrowser.", "winreg.", "_winapi."),
)
UNKNOWN = ("minifcn", "lessons", "_posixsubprocess")  # modules
NAME = "<answers>"  # of what is run: Python looks for a file of that name
LOOKS = ("os.listdir", "os.scandir")  # import looks into Python's folders


def limit(memory):
    """Allow so many bytes of memory, and no file or process, where that can be.

    Windows has no such limits, macOS none of the memory.
    """
    try:
        import resource
    except ImportError:
        return
    limits = {"RLIMIT_AS": memory, "RLIMIT_FSIZE": 0, "RLIMIT_NPROC": 0}
    for name, most in limits.items():
        try:
            resource.setrlimit(getattr(resource, name), (most, most))
        except (ValueError, OSError):
            continue


def close(stop):
    """From now on whatever is forbidden calls stop(what it was), for ever.

    Files are read below Python's own folders alone, for `import`, and none of
    minifcn: whoever writes a convolution may not call the one that is there.
    """
    roots = {sys.prefix, sys.base_prefix, sys.exec_prefix}
    roots.add(os.path.dirname(os.path.dirname(np.__file__)))
    roots |= {os.path.realpath(root) for root in roots}
    roots = tuple(root.rstrip(os.sep) + os.sep for root in roots)
    sys.path[:] = [p for p in sys.path if (p + os.sep).startswith(roots)]
    sys.modules.pop("_posixsubprocess", None)
    writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
    separator = os.sep

    def outside(path):
        if type(path) is not str:
            return type(path) is not int  # a number: it is open already
        if path == NAME:
            return False
        for root in roots:
            if (path + separator).startswith(root):
                rest = separator + path[len(root) :]
                return ".." in rest or separator + "minifcn" in rest
        return True

    def hook(event, arguments):
        if event == "open":
            if arguments[2] & writing or outside(arguments[0]):
                stop(f"it opens a file, {arguments[0]!r:.80}")
        elif event == "import":
            if arguments[0].partition(".")[0] in UNKNOWN:
                stop(f"it imports {arguments[0]:.40}, which is not allowed")
        elif event in LOOKS:
            if outside(arguments[0]):
                stop(f"it looks into a folder, {arguments[0]!r:.80}")
        elif event.startswith(FORBIDDEN):
            stop(f"it does what no exercise needs: {event}")

    sys.addaudithook(hook)
