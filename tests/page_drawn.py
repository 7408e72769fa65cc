"""What a page of the browser shows, once it has drawn what was last asked of it."""

FRAMES = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
GROUNDS = """selector => [...document.querySelectorAll(selector)].map(one => {
  const { backgroundColor, backgroundImage } = getComputedStyle(one);
  return backgroundColor + backgroundImage;
})"""


def drawn(page):
    """Return when it is drawn: the page takes in a new size or address in one frame, and draws in the next."""
    page.evaluate(FRAMES)
    return page


def grounds(page, selector):
    """What lies behind each of these elements: colours and pictures."""
    return page.evaluate(GROUNDS, selector)
