"""The explorer as a reader has it: built once, opened in a browser that reaches nothing but the file itself."""

import shutil
import subprocess
from pathlib import Path

import explorer_oracle
import pytest

EXPLORER = Path(__file__).parents[2] / "book" / "explorer"


@pytest.fixture(scope="session")
def answers():
    return explorer_oracle.answers(550, 50)


@pytest.fixture(scope="session")
def explorer():
    """The npm project's folder, with what it needs."""
    if not shutil.which("npm") or not (EXPLORER / "node_modules").is_dir():
        pytest.skip("needs Node and `npm ci` in book/explorer")
    return EXPLORER


@pytest.fixture(scope="session")
def built(explorer):
    """The folder dist, of these sources."""
    subprocess.run(["npm", "run", "build"], cwd=explorer, check=True, capture_output=True)
    return explorer / "dist"


@pytest.fixture
def open_page(browser, built):
    """A function that opens the page with an address's hash and a context's options; what goes wrong there fails."""
    faults, contexts = [], []

    def open_page(hash="", width=1280, height=900, **options):
        contexts.append(browser.new_context(viewport={"width": width, "height": height}, **options))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.append(message.text))
        page.on("request", lambda request: faults.append(request.url) if "file:" not in request.url else None)
        page.goto((built / "index.html").as_uri() + hash)
        page.wait_for_selector(".explorer .map")  # it has measured the page
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not [fault for fault in faults if not fault.startswith("data:,")]
