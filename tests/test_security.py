"""What files of strangers cannot make minifcn do: SECURITY.md says it, and names the tests."""

import ast
import base64
import os
import re
from pathlib import Path

import pytest
import tiny
from PIL import EpsImagePlugin, Image

from minifcn.backend.files import write_whole
from minifcn.data.reading.photos import read_photo, upright_mask
from minifcn.data.reading.shapes import draw, read_shape
from minifcn.errors import InputError
from minifcn.training.run_folder import RunFolder

ROOT = Path(__file__).parents[1]
# Modules that connect to other machines, start programs or run what is in a file; and functions that do.
MODULES = {"code", "ctypes", "ftplib", "http", "marshal", "multiprocessing", "pickle", "requests", "runpy", "shelve"}
MODULES |= {"smtplib", "socket", "ssl", "subprocess", "telnetlib", "urllib", "webbrowser", "xmlrpc"}
FUNCTIONS = {"eval", "exec", "compile", "__import__", "system", "popen", "execv", "execve", "execvp", "posix_spawn"}
POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n"


def used(path):
    """The modules and functions above that a file of Python uses, and what it takes from them."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] in MODULES)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in MODULES:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            owner = node.value.id
            if owner in MODULES or (owner in ("os", "builtins") and node.attr in FUNCTIONS):
                yield f"{owner}.{node.attr}"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS:
            yield node.func.id


def test_nothing_connects_starts_a_program_or_runs_what_it_reads():
    for path in sorted((ROOT / "minifcn").rglob("*.py")):
        names = {*used(path)} - {"socket", "socket.gethostname"}
        if "commands/bench" in path.as_posix():  # measures in processes of its own
            names = {name for name in names if not name.startswith("subprocess")}
        if path.name == "mpi.py":  # between the processes of one job
            names = {name for name in names if not name.startswith("pickle")}
        assert not names, path


def test_what_the_search_above_finds(tmp_path):
    (tmp_path / "a.py").write_text("import urllib.request, os\nfrom subprocess import run\nos.system('x')\neval('1')\n")
    assert set(used(tmp_path / "a.py")) == {"urllib.request", "subprocess.run", "os.system", "eval"}


@pytest.fixture
def no_ghostscript(monkeypatch):
    """Pillow has it draw PostScript: here it fails the test instead."""
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *_, **__: pytest.fail("the program was run"))


@pytest.mark.parametrize("read", [read_photo, upright_mask])
@pytest.mark.parametrize(
    "beginning", [b"", b"\xc5\xd0\xd3\xc6" + (30).to_bytes(4, "little") + bytes(22)], ids=["", "dos"]
)
def test_a_picture_that_is_a_program_is_not_run(tmp_path, no_ghostscript, read, beginning):
    (tmp_path / "a.png").write_bytes(beginning + POSTSCRIPT)
    with pytest.raises(InputError, match=r"a\.png cannot be read as an image: it is PostScript, a program, .* not run"):
        read(tmp_path / "a.png")


def test_a_picture_inside_a_json_that_is_a_program_is_not_run(no_ghostscript):
    with pytest.raises(InputError, match="cannot be read as an image"):
        read_photo("a.json", POSTSCRIPT)
    mask = base64.b64encode(POSTSCRIPT).decode()
    told = {"label": "leaf", "shape_type": "mask", "points": [[0, 0], [9, 9]], "mask": mask}
    with pytest.raises(InputError, match="is a mask whose picture is none"):
        draw([read_shape(told, "a.json: shape 1")], {"leaf": 1}, (20, 20), 0)


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(tmp_path, monkeypatch):
    Image.new("L", (100, 100)).save(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 4000)
    with pytest.raises(InputError, match=r"a\.png cannot be read as an image"):
        read_photo(tmp_path / "a.png")


@pytest.mark.parametrize("name", [".a.unfinished", ".a.{}.unfinished", "a"])
def test_a_link_in_the_way_of_a_file_is_replaced_and_what_it_leads_to_stays(tmp_path, name):
    name = name.format(os.getpid())
    (tmp_path / "mine").write_bytes(b"mine")
    (tmp_path / name).symlink_to(tmp_path / "mine")
    write_whole(tmp_path / "a", lambda file: file.write(b"new"))
    assert (tmp_path / "mine").read_bytes() == b"mine"
    assert (tmp_path / "a").read_bytes() == b"new" and not (tmp_path / "a").is_symlink()


def test_a_run_whose_files_are_links_writes_nothing_where_they_lead(tmp_path, monkeypatch):
    tiny.draw_nothing(monkeypatch)
    there, elsewhere = RunFolder(tmp_path / "run"), tmp_path / "elsewhere"
    tiny.trainer(there.path).run(tiny.Silent())
    elsewhere.mkdir()
    for path in (there.config, there.last, there.best, there.history):
        path.rename(elsewhere / path.name)
        path.symlink_to(elsewhere / path.name)
    before = tiny.listing(elsewhere)
    tiny.trainer(there.path, resume=True, epochs=2).run(tiny.Silent())
    tiny.trainer(there.path, overwrite=True).run(tiny.Silent())
    assert tiny.listing(elsewhere) == before
    assert not any(path.is_symlink() for path in there.path.iterdir())


def test_a_data_folder_stays_as_it_was(tmp_path, monkeypatch, capsys):
    tiny.draw_nothing(monkeypatch)
    root, before = tiny.camvid_folder(tmp_path / "data"), tiny.listing(tmp_path / "data")
    data = "--data", "camvid", "--root", root
    assert tiny.command("data", *data, "--out", tmp_path / "sheet.png") == 0
    tiny.save_network(tmp_path / "w.npz", dataset=tiny.open_dataset("camvid", root=root))
    assert tiny.command("evaluate", *data, "--weights", tmp_path / "w.npz") == 0
    assert tiny.command("predict", root / "val", "--weights", tmp_path / "w.npz", "--out", tmp_path / "out") == 0
    assert tiny.command("train", *data, "--epochs", 1, "--out", tmp_path / "run", *tiny.FLAGS) == 0
    assert tiny.listing(root) == before


def test_security_md_names_tests_that_are_there():
    names = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", (ROOT / "SECURITY.md").read_text("utf-8"))
    assert len(names) > 10
    for path, name in names:
        assert f"def {name}" in (ROOT / path).read_text("utf-8"), f"{path}::{name}"
