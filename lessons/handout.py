"""python -m lessons handout: the lessons as a class gets them."""

import re
import shutil
from pathlib import Path

import jupytext

from lessons.lesson import FOLDER, all_lessons
from minifcn.commands.streams import say
from minifcn.errors import InputError

ROOT = FOLDER.parent
WHOLE = ("LICENSE", "pyproject.toml", "requirements.txt")
# Told one by one, so that nothing of a teacher's slips in: no solutions, no
# answers to questions, nothing that lies about.
PARTS = ("*.py", "README.md", "*/__init__.py", "exercises/*.py", "checks/*.py")
PARTS += ("grading/*.py",)
ADDRESS = r'(?m)^(REPOSITORY = )".*"'
FOR_TEACHERS = r"(?ms)^## For a teacher\n.*?(?=^## )"
README = """# minifcn: lessons and exercises

Fully convolutional networks from scratch, on NumPy. Python 3.10 or newer.
In this folder, best in a virtual environment:

    pip install -r requirements.txt
    python -m lessons          # the list
    python -m lessons 7        # go through lesson 7
    python -m lessons test 7   # are the exercises right? if not, what is wrong?

Each lesson is a notebook as well, `lessons/07_transposed.ipynb`, with its
exercises at its end, for VS Code or JupyterLab (`pip install jupyterlab`).
More is told in `lessons/README.md`.

An exercise is yours to write: answers that import minifcn count for nothing.
"""

# What comes into being there, if the class's folder is a repository.
IGNORED = """__pycache__/
*.egg-info/
.ipynb_checkpoints/
lessons/answers/
lessons/figures/
"""


def add_arguments(parser):
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        required=True,
        help="a folder that does not exist yet, or an empty one",
    )


def run(options):
    """Write the lessons for a class: with exercises, without solutions."""
    out = options.out
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(
            f"{out} is there already, and not empty: name another folder"
        )
    try:
        write(out)
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error}") from error
    say(f"wrote {out}: {len(all_lessons())} lessons, without solutions")
    return 0


def write(out):
    """Fill the folder: minifcn, to be installed from there, and the lessons."""
    lessons = out / FOLDER.name
    shutil.copytree(
        ROOT / "minifcn",
        out / "minifcn",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    for name in WHOLE:
        shutil.copyfile(ROOT / name, out / name)
    (out / "README.md").write_text(README, "utf-8")
    (out / ".gitignore").write_text(IGNORED, "utf-8")
    for path in sorted({p for part in PARTS for p in FOLDER.glob(part)}):
        target = lessons / path.relative_to(FOLDER)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    readme = lessons / "README.md"
    text = re.sub(FOR_TEACHERS, "", readme.read_text("utf-8"))
    readme.write_text(text, "utf-8")
    for one in all_lessons():
        notebook = one.notebook_with_exercises()
        for cell in notebook.cells:  # this clone, of which a copy has solutions
            cell.source = re.sub(ADDRESS, r'\1""', cell.source)
        jupytext.write(notebook, lessons / f"{one.path.stem}.ipynb")
