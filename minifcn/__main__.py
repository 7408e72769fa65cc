import signal
import sys

# Until `main` heeds it, Ctrl-C ends the process at once: nothing is begun. As an exception it may be lost in an import,
# and is not seen while MPI waits for processes that Ctrl-C has already ended. A shell's `&` has it ignored.
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from minifcn.commands.main import main

sys.exit(main())
