"""The explorer's arithmetic, in Node, against minifcn's."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import explorer_oracle
import pytest

EXPLORER = Path(__file__).parents[2] / "book" / "explorer"
INSTALLED = shutil.which("npm") and (EXPLORER / "node_modules").is_dir()


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    path = tmp_path_factory.mktemp("explorer") / "answers.json"
    path.write_text(json.dumps(explorer_oracle.answers(550, 50)))
    return path


@pytest.mark.skipif(not INSTALLED, reason="needs Node and `npm ci` in book/explorer")
def test_arithmetic_in_node(answers):
    run = subprocess.run(
        ["npm", "test"], cwd=EXPLORER, env=os.environ | {"ORACLE": str(answers)}, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "minifcn answers the same" in run.stdout and "skipped 0" in run.stdout
