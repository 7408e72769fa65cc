"""What `import minifcn` gives, and what it does not import for that."""

import ast
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import tiny

import minifcn

HEAVY = ("matplotlib", "PIL", "rich", "torch", "safetensors", "cupy")
LOADED = f"print([name for name in {HEAVY} if name in sys.modules])"


def test_names_are_those_of_their_modules():
    for name in minifcn.__all__:
        assert getattr(minifcn, name).__name__ == name
    assert minifcn.layers.Conv2d is minifcn.Conv2d and minifcn.backend.to_host is minifcn.to_host
    assert {*minifcn.__all__, "layers", "models", "__version__"} <= set(dir(minifcn))
    with pytest.raises(AttributeError, match="module 'minifcn' has no attribute 'FCN4s'"):
        minifcn.FCN4s  # noqa: B018


BUILD = "import sys; from setuptools.build_meta import build_editable as build; build(sys.argv[1])"


def test_beside_its_clone_it_is_not_taken_for_the_clone(tmp_path):
    """What `pip install -e` would put into site-packages, on Python's path behind the folder in which the clone is."""
    pytest.importorskip("setuptools", minversion="77", reason="builds what `pip install -e` installs")
    clone, site = tmp_path / "minifcn", tmp_path / "site"
    (clone / "minifcn").mkdir(parents=True)
    for name in "pyproject.toml", "README.md", "LICENSE", "minifcn/__init__.py":
        shutil.copyfile(Path(minifcn.__file__).parents[1] / name, clone / name)
    subprocess.run([sys.executable, "-c", BUILD, site], cwd=clone, check=True, capture_output=True)
    (wheel,) = site.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(site)
    imports = f"import site; site.addsitedir({str(site)!r}); import minifcn; print(minifcn.__file__)"
    command = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {imports}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert Path(done.stdout.strip()) == clone / "minifcn" / "__init__.py"


def test_a_type_checker_sees_every_name():
    tree = ast.parse(Path(minifcn.__file__).read_text())
    (block,) = (node for node in tree.body if isinstance(node, ast.If) and isinstance(node.test, ast.Name))
    seen = {alias.name: line.module for line in block.body for alias in line.names}
    assert sorted(seen) == sorted(minifcn.__all__)
    for name, module in seen.items():
        assert getattr(minifcn, name) is getattr(minifcn, module.removeprefix("minifcn.")).__dict__[name]


HELP = """
from minifcn.commands.main import main
for words in [], ["--help"], ["--version"], ["fly"]:
    try:
        main(words)
    except SystemExit:
        pass
"""


@pytest.mark.parametrize(
    "code",
    ["import minifcn", "import minifcn; minifcn.FCN8s, minifcn.check_gradients", "from minifcn import *", HELP],
    ids=["minifcn", "names", "all", "help"],
)
def test_nothing_heavy_is_imported(code):
    status, out, err = tiny.run(code=f"import sys\n{code}\n{LOADED}")
    assert status == 0, err
    assert out.splitlines()[-1] == "[]"
