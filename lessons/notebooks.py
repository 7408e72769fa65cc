"""A lesson's notebook with its exercises, for JupyterLab, VS Code and Colab."""

import ast
import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from nbformat.v4 import new_code_cell

WHAT_TO_DO = (
    "Write each function in its cell below, and run it; `check({number})` "
    "tells you what is right, and what is wrong if not."
)
# Plain Python rather than IPython's commands, so that it can be tested.
SETUP = """\
# Where the lesson's clone is not at hand, as in Colab, this fetches it.
REPOSITORY = "{address}"  # such as https://github.com/NAME/minifcn

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)


if find_spec("lessontools") is None:
    clone = Path("minifcn").resolve()
    if not clone.exists():
        if not REPOSITORY:
            raise ValueError("write the address of the repository above")
        run("git", "clone", "--depth", "1", REPOSITORY, str(clone))
    install = f"{{clone}}[lessons]"
    run(sys.executable, "-m", "pip", "install", "-e", install)
    sys.path.insert(0, str(clone / "lessons"))
"""


def with_exercises(notebook, number, skeletons, what_to_do=WHAT_TO_DO):
    """A lesson's notebook, changed so that its exercises can be done in it.

    Before all else comes a cell that makes it run in a fresh runtime (the tag
    "remove-cell" keeps it off a book's page), behind all else each exercise in
    a cell of its own, and `check`.
    number      the lesson's
    skeletons   the text of its file in exercises/
    what_to_do  stands before them
    """
    setup = SETUP.format(address=_address()).rstrip()
    hidden = {"tags": ["remove-cell"]}
    notebook.cells.insert(1, new_code_cell(setup, metadata=hidden))
    last = notebook.cells[-1]
    what_to_do = what_to_do.format(number=number)
    heading = r"(?<=\A## Exercises\n\n).*?(?=\n\n|\Z)"
    last.source = re.sub(heading, what_to_do, last.source, flags=re.DOTALL)
    texts = [*_parts(skeletons), f"check({number})"]
    notebook.cells += map(new_code_cell, texts)
    notebook.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    return notebook


def _parts(skeletons):
    """What an exercises' file imports, with `check`, and then each function."""
    lines, nodes = skeletons.splitlines(), ast.parse(skeletons).body
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef)]
    imports = [node for node in nodes if isinstance(node, ast.Import)]
    texts = [
        "\n".join(lines[node.lineno - 1 : node.end_lineno])
        for node in (*imports, *functions)
    ]
    first = "\n".join(texts[: len(imports)])
    check = "from lessontools import check"
    return [f"{first}\n\n{check}".strip(), *texts[len(imports) :]]


def _address():
    """Where this clone comes from, as anybody can read it; "" if unknown."""
    ask = ["git", "-C", Path(__file__).parent, "remote", "get-url", "origin"]
    try:
        told = subprocess.run(ask, capture_output=True, text=True).stdout
    except OSError:  # git is not installed
        return ""
    told = re.sub(r"^(?:ssh://)?git@([^:/]+)[:/]", r"https://\1/", told.strip())
    parts = urlsplit(told)
    if parts.scheme not in ("http", "https"):
        return ""
    host = parts.netloc.rpartition("@")[2]  # without anybody's password
    return f"{parts.scheme}://{host}{parts.path}"
