"""The explorer's arithmetic, in Node, against minifcn's; and how large the page is."""

import json
import os
import subprocess

import pytest

pytestmark = pytest.mark.xdist_group("explorer")  # it is built once


def test_arithmetic_in_node(explorer, answers, tmp_path):
    path = tmp_path / "answers.json"
    path.write_text(json.dumps(answers))
    run = subprocess.run(
        ["npm", "test"], cwd=explorer, env=os.environ | {"ORACLE": str(path)}, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "minifcn answers the same" in run.stdout and "skipped 0" in run.stdout


def test_the_page_is_small_and_alone(built):
    assert (built / "explorer.js").stat().st_size <= 60_000
    page = (built / "index.html").read_text()
    assert " src=" not in page.split("<script>")[0] and '<link rel="stylesheet' not in page
    assert "//" not in (built / "explorer.css").read_text()  # no address
