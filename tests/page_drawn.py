"""Waiting until a page of the browser has drawn what was last asked of it."""

FRAMES = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


def drawn(page):
    """Return when it is drawn: the page takes in a new size or address in one frame, and draws in the next."""
    page.evaluate(FRAMES)
    return page
