"""A process that runs what somebody handed in, and how it is asked."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

from lessons.grading import wire
from lessons.hints import Wrong

MEMORY = 1 << 30  # bytes
REPLY = 1 << 26  # bytes of a reply at most
PROGRAM = Path(__file__).with_name("answering.py")
# No tokens and passwords, and no threads: they take memory.
KEPT = ("PATH", "HOME", "SYSTEMROOT", "APPDATA", "LD_LIBRARY_PATH")
LIBRARIES = ("OMP", "OPENBLAS", "MKL")
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in LIBRARIES}
LEFT = (
    f"its process ends: it leaves Python, or takes {MEMORY >> 30} GiB or more"
)
NONSENSE = "what it sends is no answer"


class Process:
    """answering.py at work. Whatever goes wrong with it is raised as Wrong."""

    def __init__(self):
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        self.objects, self.at_rest = [], True
        self.program = subprocess.Popen(
            [sys.executable, str(PROGRAM), str(MEMORY)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=Path(sys.executable).anchor,
            env=kept | ONE_THREAD,
            start_new_session=True,
        )
        self._receive()  # it is ready: its own start takes nobody's time

    def ask(self, **message):
        """The reply. Meanwhile it may ask for what stayed here to be done.

        Where an exception ends this, `at_rest` stays False: end the process.
        """
        self.objects, self.at_rest = [], False
        self._send(message)
        while "do" in (reply := self._receive()):
            known = any(reply["do"] is one for one in self.objects)
            if not known or reply["operator"] not in wire.OPERATORS:
                raise Wrong(NONSENSE)
            do = getattr(reply["do"], reply["operator"])
            self._send({"result": do(*reply["given"])})
        if "stopped" in reply:
            raise Wrong(str(reply["stopped"]))
        self.at_rest = True
        return reply

    def end(self):
        """End it, and all that it may have started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.name == "posix":
                os.killpg(self.program.pid, signal.SIGKILL)
            else:
                self.program.kill()
        self.program.wait()
        with contextlib.suppress(OSError):
            self.program.stdin.close()
        self.program.stdout.close()

    def _send(self, message):
        line = wire.to_line(message, self._refer)
        try:
            self.program.stdin.write(line)
            self.program.stdin.flush()
        except OSError:
            raise Wrong(LEFT) from None

    def _receive(self):
        line = self.program.stdout.readline(REPLY)
        try:
            return wire.from_line(line, self.objects.__getitem__)
        except ValueError:
            raise Wrong(NONSENSE if line else LEFT) from None

    def _refer(self, value):
        self.objects.append(value)
        return len(self.objects) - 1
