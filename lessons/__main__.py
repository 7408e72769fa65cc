"""python -m lessons in the clone's folder, python CLONE/lessons anywhere."""

import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

# Until `main` heeds it, Ctrl-C ends the process at once: as an exception it may
# be lost in an import.
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

try:
    from lessons.cli import main
except ModuleNotFoundError as error:
    missing = f"{error.name} is not installed"
    hint = 'pip install -e ".[lessons]" in the clone\'s folder'
    print(f"lessons: error: {missing}: {hint}", file=sys.stderr)
    sys.exit(2)

sys.exit(main())
